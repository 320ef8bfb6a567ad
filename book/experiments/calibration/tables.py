"""How often the ledger's sentences are wrong, and how often they are found, from the rows of `measure`.

**Errors at the edge.** The mean effect of a sentence over the R replicates of one kind, world and budget is
its truth there. An estimate differs from that mean by √(1 − 1/R) of what it differs from the truth, so the
difference is divided by that; the sentence is then judged as if its truth were the smallest effect that
counts, where neither "holds" nor "does not hold" is right and either is likeliest. Nothing has to be
constructed for this, and the spread of estimates and the widths of intervals are those of real trainings.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from book.experiments.calibration.measure import EFFECT, RESULTS, file_of
from book.experiments.calibration.questions import AGAINST_SEEDS, COMPARED, ONE_NULL, QUESTIONS
from book.experiments.results import read
from semcomp.core.evidence import Value
from semcomp.evidence import judge, judge_family
from semcomp.study.budgets import BUDGETS
from semcomp.study.claims import CLAIMS

WORDS = ("holds", "does not hold", "undecided")
PLACE = ["kind", "world", "budget", "replicate"]
NOMINAL, FAMILY = 0.025, 0.05
LEAST = {claim.says: claim.least.amount for claim in CLAIMS}
#: Sentences that are false of seeds alone: what they compare differs in nothing but the trainings.
FALSE_OF_SEEDS = [
    claim.says
    for claim in CLAIMS
    if claim.value in (*AGAINST_SEEDS, "ensemble.information.gain") or claim.evidence in COMPARED
]


@cache
def kept(question: str) -> Any:
    """What `measure` found."""
    return read(file_of(question, RESULTS))


def measured() -> list[str]:
    """The questions that there are results of."""
    return [name for name in QUESTIONS if file_of(name, RESULTS).is_file()]


def waiting() -> list[str]:
    """The sentences that there are no results of yet."""
    known = {says for name in measured() for says in kept(name)["sentences"]}
    return [claim.says for claim in CLAIMS if claim.says not in known]


@cache
def effects() -> pd.DataFrame:
    """One row per question, replicate and sentence: question, `PLACE`, sentence, and `EFFECT`.

    What was not defined in a replicate has no row.
    """
    rows = [
        (*row["world"], name, *effect)
        for question in measured()
        for row in kept(question)["rows"]
        for name, effect in zip(kept(question)["sentences"], row["effects"], strict=True)
        if effect is not None
    ]
    frame = pd.DataFrame(rows, columns=["question", *PLACE, "sentence", *EFFECT])
    return frame.astype(dict.fromkeys(EFFECT[:4], float))


def at_the_edge(frame: pd.DataFrame) -> pd.DataFrame:
    """The effects moved so that the truth of each sentence is the smallest effect that counts."""
    cells = frame.groupby(["question", *PLACE[:3], "sentence"])["estimate"]
    several = cells.transform("size") > 1  # of one replicate nothing is known
    frame, truth, replicates = frame[several], cells.transform("mean"), cells.transform("size")[several]
    apart = (frame["estimate"] - truth[several]) / np.sqrt(1 - 1 / replicates)
    moved = apart + frame["sentence"].map(LEAST) - frame["estimate"]
    return frame.assign(p=np.nan, **{name: frame[name] + moved for name in ("estimate", "low", "high")})


def verdicts(frame: pd.DataFrame) -> pd.DataFrame:
    """The effects with two words more: `alone`, by the interval, and `family`, with p adjusted by Holm.

    A family is what one replicate says of all sentences of the frame. Of a replicate that was not asked all
    questions of its budget there is no `family`, but an empty string.
    """
    families: dict[Any, dict[str, Value]] = {}
    places = dict(zip(frame.index, frame[PLACE].itertuples(index=False, name=None), strict=True))
    for at, effect in zip(frame.index, frame[EFFECT].itertuples(index=False, name=None), strict=True):
        estimate, *bounds, n, seeds, errors = effect
        low, high, p = (None if np.isnan(one) else one for one in bounds)
        value = Value(estimate, low, high, n=n, p=p, seeds=seeds, errors=tuple(errors))
        families.setdefault(places[at], {})[str(at)] = value
    least = {str(at): LEAST[name] for at, name in frame["sentence"].items()}
    said: dict[int, tuple[str, str]] = {}
    for family in families.values():
        for at, together in judge_family(family, least).items():
            said[int(at)] = judge(family[at], least=least[at]).word, together.word
    words = pd.DataFrame.from_dict(said, orient="index", columns=["alone", "family"])
    asked = frame.groupby(PLACE)["question"].transform("nunique")
    whole = asked == asked.groupby(frame["budget"]).transform("max")
    words["family"] = words["family"].where(whole, "")
    return frame.join(words)


@cache
def judged(what: str) -> pd.DataFrame:
    """Verdicts on one of

    - "edge": planted replicates, moved to the edge;
    - "found": planted replicates as they are;
    - "seeds": replicates of seeds alone, on the sentences that are false of them;
    - "one null at the edge", "one null of seeds": the same where one training is the null.
    """
    frame = effects()
    single = frame["question"] == ONE_NULL
    frame = frame[single if what.startswith("one null") else ~single]
    if what in ("edge", "found", "one null at the edge"):
        frame = frame[frame["kind"] == "planted"]
        return verdicts(frame if what == "found" else at_the_edge(frame))
    return verdicts(frame[(frame["kind"] == "seeds alone") & frame["sentence"].isin(FALSE_OF_SEEDS)])


def errors(what: str, word: str) -> pd.DataFrame:
    """How often a word is said by the interval alone: columns sentence, budget, rate, low, high, n.

    Rates are means over the worlds, which have equally many replicates; the intervals are exact binomial ones
    (Clopper and Pearson 1934), for these worlds: between them rates may differ, and pooled counts then spread
    less.

    Args:
        what: of `judged`. word: "holds" or "does not hold".
    """
    rows = [
        (name, budget, *rate(cell["alone"] == word))
        for (name, budget), cell in judged(what).groupby(["sentence", "budget"], sort=False)
    ]
    return _ordered(pd.DataFrame(rows, columns=["sentence", "budget", "rate", "low", "high", "n"]))


def errors_of_families() -> pd.DataFrame:
    """How often any sentence of a family gets a wrong word, after Holm, by `what` and budget: as `errors`.

    At the edge either of two words is wrong, of all sentences; of seeds "holds", of those false of them.
    """
    rows = []
    for what, wrong in {"edge": WORDS[:2], "seeds": WORDS[:1], "one null of seeds": WORDS[:1]}.items():
        frame = judged(what)
        frame = frame[frame["family"] != ""]
        any_of = frame["family"].isin(wrong).groupby([frame[name] for name in PLACE]).any()
        for budget, some in any_of.groupby("budget", sort=False):
            rows.append((what, budget, *rate(some)))
    return _ordered(pd.DataFrame(rows, columns=["what", "budget", "rate", "low", "high", "n"]))


def rate(wrong: pd.Series) -> tuple[float, float, float, int]:
    """A share with its exact binomial interval, and of how many."""
    hits, n = int(wrong.sum()), len(wrong)
    low, high = stats.binomtest(hits, n).proportion_ci()
    return hits / n, float(low), float(high), n


def power() -> pd.DataFrame:
    """What is found, by sentence, world and budget: the columns

    - least, truth: the smallest effect that counts, and the mean estimate;
    - holds, does not hold, undecided: shares of the verdicts, adjusted by Holm;
    - detectable: the effect that would be found four times in five by the interval alone;
    - replicates: of which the verdicts are.
    """
    found, rows = judged("found"), []
    for (name, world, budget), cell in found.groupby(["sentence", "world", "budget"], sort=False):
        truth, least = float(cell["estimate"].mean()), LEAST[str(name)]
        short = truth - cell["low"] + least  # a truth above this would have been found
        together = cell.loc[cell["family"] != "", "family"]
        shares = {word: float((together == word).mean()) for word in WORDS}
        place = {"sentence": name, "world": world, "budget": budget, "least": least, "truth": truth}
        rows.append(place | shares | {"detectable": float(short.quantile(0.8)), "replicates": len(together)})
    return _ordered(pd.DataFrame(rows))


def largest(budget: str) -> pd.DataFrame:
    """Of `power`, each sentence in the world in which its effect is largest at that budget."""
    found = power()
    at = found[found["budget"] == budget]
    places = at.loc[at.groupby("sentence", observed=True)["truth"].idxmax(), ["sentence", "world"]]
    return found.merge(places, on=["sentence", "world"]).reset_index(drop=True)


def _ordered(frame: pd.DataFrame) -> pd.DataFrame:
    """Rows in the order of the ledger and of the budgets."""
    orders = {"sentence": [claim.says for claim in CLAIMS], "budget": list(BUDGETS)}
    for column in orders.keys() & frame.columns:
        frame[column] = pd.Categorical(frame[column], orders[column], ordered=True)
    return frame.sort_values([frame.columns[0], "budget"], kind="stable").reset_index(drop=True)
