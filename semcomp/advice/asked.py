"""Questions about one fusion and another: the difference over users and draws, in numbers and in a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.evidence import Value
from semcomp.core.metrics import per_user
from semcomp.core.tables import number
from semcomp.core.topk import TopK
from semcomp.evidence import estimate, estimate_over_seeds, judge_family
from semcomp.evidence.decomposition.shuffles import Shuffled, against_shuffles
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic, mean_of, ratio, share_of
from semcomp.evidence.statistics.least import NDCG, RECALL, Least
from semcomp.evidence.statistics.verdicts import Verdict
from semcomp.study.reservations import NOT_JUDGED

Users = NDArray[np.int64]
LEASTS: dict[str, Least] = {"ndcg": NDCG, "recall": RECALL}
CALLED = {"ndcg": "NDCG", "recall": "Recall"}


@dataclass(frozen=True)
class Difference:
    """What one list of fusions has more than another, by a metric, before it is judged.

    Attributes:
        metric: "ndcg" or "recall".
        value: the mean of the one, with that of the other as its null; n users, and the draws of both.
        percent: the same as a share of the other's, in percent; None where the other finds nothing.
        shuffles: whether the other is shuffled text, of whose spread more draws leave as much.
    """

    metric: str
    value: Value
    percent: Value | None
    shuffles: bool = False


@checked
@dataclass(frozen=True)
class Asked:
    """A question with its numbers and its word.

    Attributes:
        name: what is compared, e.g. "over the fusion without text", or for whom.
        metric: "ndcg" or "recall". k: of the lists.
        value: what is reached, with what is compared as its null.
        percent: the difference in percent of the null; None where that is 0.
        verdict: on "there is more than the least that counts", adjusted by Holm over what is asked together.
        judged: whether the word may be given; "not judged" otherwise.

    >>> asked = sc.advise(study).questions[0]
    >>> asked.name, asked.word
    ('over the fusion without text', 'not judged')
    """

    name: str
    metric: str
    k: int
    value: Value
    percent: Value | None
    verdict: Verdict
    judged: bool = True

    @property
    def word(self) -> str:
        """ "holds", "does not hold", "undecided" or "not judged"."""
        return str(self.verdict.word) if self.judged else NOT_JUDGED

    @property
    def said(self) -> str:
        """The word, with how many users or draws would decide what is undecided."""
        return str(self.verdict) if self.judged else NOT_JUDGED

    @property
    def called(self) -> str:
        return f"{CALLED[self.metric]}@{self.k}"

    @property
    def difference(self) -> str:
        """The difference with its interval, as +0.0021 (0.0005 to 0.0037)."""
        low, high = self.value.excess_low, self.value.excess_high
        interval = "" if low is None or high is None else f" ({signed(low)} to {signed(high)})"
        return f"{signed(self.value.excess or 0.0)}{interval}"

    def __str__(self) -> str:
        share = "" if self.percent is None else f", {percent(self.percent.value)} %"
        return f"{self.called} {self.difference}{share}: {self.said}"

    def to_dict(self) -> dict[str, Any]:
        """Plain types.

        >>> sc.advise(study).questions[0].to_dict()["metric"]
        'ndcg'
        """
        record = asdict(self) | {"word": self.word, "verdict": self.verdict.to_dict()}
        record["least"] = asdict(LEASTS[self.metric])
        return record


@checked
@dataclass(frozen=True)
class Group:
    """Some items or users, and whether text helps there.

    Attributes:
        name: of the group.
        gain: the question over the fusion without text.
        beyond: whether that gain is more than shuffled text has; of items near to or far from a history, near
            by the shuffled text, since whoever reads a text lists what is near by it.
    """

    name: str
    gain: Asked
    beyond: Asked

    @property
    def word(self) -> str:
        """The weaker word of the two."""
        return weakest([self.gain.word, self.beyond.word])

    def __str__(self) -> str:
        return f"{self.name} {self.gain.difference}"

    def to_dict(self) -> dict[str, Any]:
        """Plain types.

        >>> sc.advise(study).groups[0].to_dict()["name"]
        'rare items'
        """
        both = {"gain": self.gain.to_dict(), "beyond": self.beyond.to_dict()}
        return {"name": self.name, "word": self.word, **both}


def weakest(words: Sequence[str]) -> str:
    """What holds of several claims together: "holds" where all do, "does not hold" where one does not."""
    return next((word for word in (NOT_JUDGED, "does not hold", "undecided") if word in words), "holds")


def signed(x: float) -> str:
    """Four decimals with a sign, and no sign for what is rounded to 0."""
    return f"+{number(x)}" if number(x).strip("0.,") and x > 0 else number(x)


def percent(x: float) -> str:
    """One decimal with a sign, and no sign for what is rounded to 0."""
    text = f"{x:+.1f}"
    return text if text.strip("+-0.") else "0.0"


def columns(lists: Sequence[TopK], truth: sp.csr_array, k: int, users: Users) -> dict[str, Floats]:
    """By metric, (draws, users): what is found of `truth`, and 0 for a user who has nothing there."""
    found = {metric: np.zeros((len(lists), len(users))) for metric in LEASTS}
    for draw, one in enumerate(lists):
        table = per_user(one, truth, k)
        at = np.searchsorted(users, table.index.to_numpy())
        for metric, rows in found.items():
            rows[draw, at] = table[metric]
    return found


def difference(metric: str, one: Floats, other: Floats, *, resamples: int, seed: int) -> Difference:
    """Of (draws, users), paired, with intervals over both (`estimate_over_seeds`)."""
    options: dict[str, Any] = {"resamples": resamples, "seed": seed}
    value = estimate_over_seeds({metric: one}, {metric: mean_of(metric)}, null={metric: other}, **options)
    both = {"one": one, "other": other}
    share = estimate_over_seeds(both, {"percent": Statistic(_percent)}, **options)
    return Difference(metric, value[metric], share.get("percent"))


def over_shuffles(
    metric: str, one: Floats, others: Floats, has: Floats, of_others: Floats, *, resamples: int, seed: int
) -> Difference:
    """The mean of (draws, users) over users who count, next to the mean of R shuffles (R, users).

    Interval and p are those of `against_shuffles`: without an effect, ours is one more shuffle. The spread
    between shuffles has that of the seeds in it.

    Args:
        has, of_others: (users,) and (R, users) 1 for a user who counts, 0 for one who has nothing there.
    """
    values = estimate(
        {"found": one.mean(axis=0), "has": has},
        {metric: share_of("found", "has")},
        null={"found": others.mean(axis=0), "has": of_others.mean(axis=0)},
        resamples=resamples,
        seed=seed,
    )
    means = others.sum(axis=1) / of_others.sum(axis=1)
    apart = (others - means[:, None] * of_others) / of_others.mean(axis=1, keepdims=True)
    drawn = Shuffled.of(apart + means[:, None])  # a ratio of means, as a mean over users
    value = against_shuffles(values[metric], drawn.means, noise=drawn.noise)
    null = value.null or 0.0
    share = Value(100 * (value.excess or 0.0) / null, n=value.n) if null > 0 else None
    return Difference(metric, value, share, shuffles=True)


def judged(asked: Mapping[tuple[str, str], Difference], k: int, judge: bool = True) -> tuple[Asked, ...]:
    """The questions by (name, metric) with their words, as one family.

    Args:
        judge: whether words may be given.
    """
    keys = {"\n".join(key): one for key, one in asked.items()}
    verdicts = judge_family(
        {key: one.value for key, one in keys.items()},
        {key: LEASTS[one.metric].amount for key, one in keys.items()},
    )
    for key, one in keys.items():
        said = verdicts[key]
        if one.shuffles and said.trainings_needed is not None:
            verdicts[key] = replace(said, trainings_needed=None, users_needed=None)
    return tuple(
        Asked(key.partition("\n")[0], one.metric, k, one.value, one.percent, verdicts[key], judge)
        for key, one in keys.items()
    )


def _percent(means: Means) -> Floats:
    return 100 * ratio(means["one"] - means["other"], means["other"])
