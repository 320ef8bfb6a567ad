"""What one view still says about the next item once the other is known: conditional information, in nats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.core.provenance import measured
from semcomp.core.view import Scorer, of_split
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.complementarity.choices import Choices, Floats
from semcomp.evidence.complementarity.conditional_logit import (
    KNOTS,
    columns_of,
    fit,
    log_likelihoods,
    width_of,
)
from semcomp.evidence.statistics.bootstrap import estimate, mean_of, share_of
from semcomp.evidence.statistics.least import INFORMATION
from semcomp.evidence.statistics.measured import Measured, statistics_of
from semcomp.evidence.statistics.verdicts import Statement, by_itself, over_null, with_headline

MEMORY = 256 * 2**20  # bytes for the blocks of scores
FITTED = (
    8000  # users at most whose validation items the weights are fitted to: a model has a few dozen weights
)
Shape = Literal["spline", "linear"]
SHAPES: dict[str, tuple[float, ...] | None] = {"spline": KNOTS, "linear": None}
#: The parts of each model: A's scores (of one or several scorers), B's, and popularity's.
MODELS = ("A", "B", "AB", "P", "AP", "ABP")
TABLE = (
    Measured("gain", share_of, ("gain", "items")),
    Measured("gain_macro", mean_of),
    Measured("gain_beyond_popularity", share_of, ("gain_beyond_popularity", "items")),
    Measured("gain_beyond_popularity_macro", mean_of),
    Measured("information.given", share_of, ("information.given", "items"), null=None),
    Measured("information.added", share_of, ("information.added", "items")),
    Measured("information.both", share_of, ("information.both", "items")),
    Measured("information.popularity", share_of, ("information.popularity", "items"), null=None),
    Measured("redundancy", share_of, ("redundancy", "items")),
)


@checked
def conditional_information(
    given: Scorer | Sequence[Scorer],
    added: Scorer,
    split: Split,
    *,
    null: Scorer | None = None,
    max_users: int | None = None,
    resamples: int = 1000,
    seed: int = 0,
    memory: int = MEMORY,
    shape: Shape = "spline",
) -> Evidence:
    """Held-out nats per test item that B's scores add to A's (A is `given`, B is `added`).

    The model is a conditional logit over all items open to a user, p(i | u) ∝ exp(s_A + s_B), with s a bent
    line of the scores: linear in the scores, standardised over the user's open items, plus a linear spline of
    their ranks as normal quantiles (see `conditional_logit`). Both sides have the same bends, so that an
    increasing function of A adds nothing to A, nor one of popularity to popularity.

    Weights are fitted to the validation items with train items closed, and items that are known in test only
    (see `Split.known_from`), and judged on the test items with train and validation items closed. No test
    item plays a part in a weight, nor in how smooth the bends are: that is picked on validation as well, by
    what the weights of the other users say of a user's items. Values:

    - `gain`: mean over test items of log p_AB − log p_A, in nats; negative where B's weights were a mistake;
    - `gain_macro`: the same as the mean over users of their items' mean;
    - `gain_beyond_popularity`, `gain_beyond_popularity_macro`: with ln(1 + train count) of the item as one
      more score on both sides, since a view that only knows what is popular says nothing new;
    - `information.given|added|both|popularity`: mean over test items of log p − log(1 / open items), what the
      scores say beyond a draw at random; `redundancy`: given + added − both, negative for synergy.

    Each `information.*` bounds from below what the scores carry (as H(Y) − CE does). The gain is the
    difference of two such bounds: it is what a sum of bent scores can use, and is below the conditional
    information where the right fusion is no such sum. With `shape="linear"`, s is linear: the gain is then
    what a weighted sum of scores can use, and B is credited with what only corrects the shape of A's scores
    (B = A³, say) or that of popularity (raw counts). A view that was stopped early on the validation items
    looks slightly too good. Intervals are over test users, for the fitted weights.

    Args:
        given: a view or another scorer of the split's users and items, or several that are known together.
        added: a view or another scorer.
        null: in place of B, e.g. another seed of A's model. Every value in which B takes part gets the null's
            as its null, and the interval of the excess from the same resamples.
        max_users: judge on at most this many users, drawn by `seed`; None for all. It scores all their items,
            so a sample is advisable for a large catalogue. Weights are fitted to as many, at most 8,000.
        resamples: bootstrap resamples of users; 0 for no intervals.
        seed: of the users, of the items that weights are fitted to in a catalogue of more than 512, and of
            the resamples.
        memory: bytes for blocks of scores; it affects only the last bits.
        shape: "spline" or "linear".

    Returns:
        Evidence whose table has one row per user with test items, sums over the user's items (the null's
        gains too, as `gain.null` and `gain_beyond_popularity.null`), and whose provenance has by model the
        weights ("coefficients") and the stiffness of the bends that was picked.

    Raises:
        SemcompError: scorers that do not fit the split, none given, no validation items to fit to, no test
            items, `max_users` below 1, an unknown shape.

    >>> sc.conditional_information(cf, sem, split, null=null, resamples=100)["gain"].value > 0
    True
    """
    if shape not in SHAPES:
        raise unknown_name("shape", shape, SHAPES)
    several: list[Scorer] = list(given) if isinstance(given, Sequence) else [given]
    if not several:
        raise SemcompError("nothing is given that B could add to; give at least one scorer as A")
    knots = SHAPES[shape]
    popular = _Popular(split.n_users, np.log1p(item_counts(split.train)).astype(np.float32))
    parts: dict[str, list[Scorer]] = {
        "A": several,
        "B": [added],
        "P": [popular],
        "N": [] if null is None else [null],
    }
    scorers = [of_split(scorer, split) for part in parts.values() for scorer in part]
    for part, use in (("valid", "fit the weights to"), ("test", "judge them on")):
        if getattr(split, part).nnz == 0:
            raise SemcompError(f"the {part} part is empty: there is no item to {use}; split with one")
    letters = [letter for letter, part in parts.items() for _ in part]
    controls = [] if null is None else [name.replace("B", "N") for name in MODELS if "B" in name]
    models = {name: [at for at, one in enumerate(letters) if one in name] for name in (*MODELS, *controls)}

    shown = _of_some(split.valid, FITTED if max_users is None else min(max_users, FITTED), seed)
    asked = _of_some(split.test, max_users, seed)
    width, shelf = width_of(knots), split.catalogue("valid")
    fitted = fit(Choices(scorers, shown, split.history("train"), memory, width, shelf), models, knots, seed)
    tested = Choices(scorers, asked, split.history("train+valid"), memory, width)
    found = log_likelihoods(tested, models, fitted.weights, knots)

    items = np.diff(asked.indptr)[tested.users].astype(np.float64)
    columns = _columns(found, items, "B")
    control = None if null is None else _columns(found, items, "N")
    values = estimate(columns, statistics_of(TABLE, columns), null=control, resamples=resamples, seed=seed)
    names = _names(letters)
    coefficients = {
        name: {
            names[at]: _plain(fitted.weights[name][columns_of([place], knots)])
            for place, at in enumerate(which)
        }
        for name, which in models.items()
    }
    provenance = measured(
        split,
        max_users=max_users,
        resamples=resamples,
        seed=seed,
        shape=shape,
        given=[one.name for one in several],
        added=added.name,
        null=None if null is None else null.name,
        coefficients=coefficients,
        stiffness=fitted.stiffness,
    )
    table = pd.DataFrame(columns, index=pd.Index(tested.users, name="user"))
    if control is not None:
        for key in ("gain", "gain_beyond_popularity"):
            table[f"{key}.null"] = control[key]
    known_before = ", ".join(one.name for one in several)
    known = Evidence(f"conditional_information({added.name} | {known_before})", values, table, provenance)
    says = f"{added.name} adds to what {' and '.join(one.name for one in several)} says of the next item"
    if null is not None:
        says += f", more than {null.name} does"
    effect = by_itself if null is None else over_null
    statement = Statement(says, "gain", effect, null is not None, "items", INFORMATION)
    return with_headline(known, [statement], ["gain"])


def _names(letters: Sequence[str]) -> list[str]:
    """What each scorer's weights are called: its letter, numbered where several are given."""
    many = letters.count("A") > 1
    return [f"A{at + 1}" if one == "A" and many else one for at, one in enumerate(letters)]


def _plain(weights: Floats) -> float | list[float]:
    return float(weights[0]) if len(weights) == 1 else weights.tolist()


def _of_some(positives: sp.csr_array, limit: int | None, seed: int) -> sp.csr_array:
    """The rows of at most this many users who have any, drawn by the seed; the other rows empty."""
    if limit is None:
        return positives
    if limit < 1:
        raise SemcompError(f"max_users = {limit}, but at least 1 user is needed")
    users = np.flatnonzero(np.diff(positives.indptr))
    drawn = np.random.default_rng(seed).permutation(users)[:limit]
    kept = np.zeros(positives.shape[0])
    kept[drawn] = 1
    chosen = sp.csr_array(sp.diags_array(kept) @ positives)
    chosen.eliminate_zeros()
    chosen.sort_indices()
    return chosen


@dataclass(frozen=True, eq=False)
class _Popular:
    """ln(1 + train interactions), the same for every user."""

    n_users: int
    row: NDArray[np.float32]
    name: str = "popularity"

    @property
    def shape(self) -> tuple[int, int]:
        return self.n_users, len(self.row)

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.broadcast_to(self.row, (len(users), len(self.row)))


def _columns(found: dict[str, Floats], items: Floats, added: str) -> dict[str, Floats]:
    """Per-user sums over test items, with the view named `added` next to A."""
    over_random = {name: one - found["uniform"] for name, one in found.items()}
    both = over_random[f"A{added}"]
    columns = {
        "items": items,
        "gain": both - over_random["A"],
        "gain_beyond_popularity": over_random[f"A{added}P"] - over_random["AP"],
        "information.given": over_random["A"],
        "information.added": over_random[added],
        "information.both": both,
        "information.popularity": over_random["P"],
        "redundancy": over_random["A"] + over_random[added] - both,
    }
    for key in ("gain", "gain_beyond_popularity"):
        columns[f"{key}_macro"] = columns[key] / items
    return columns
