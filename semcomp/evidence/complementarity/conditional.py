"""What one view still says about the next item once the other is known: conditional information, in nats."""

from __future__ import annotations

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
from semcomp.evidence.complementarity.conditional_logit import Choices, Floats, fit, log_likelihoods
from semcomp.evidence.statistics.bootstrap import estimate, mean_of, share_of
from semcomp.evidence.statistics.measured import Measured, statistics_of
from semcomp.evidence.statistics.verdicts import Statement, by_itself, over_null, with_headline

MEMORY = 256 * 2**20  # bytes for the blocks of scores
KNOTS = (-1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.5)  # in standard deviations of a user's open items
Shape = Literal["linear", "spline"]
SHAPES: dict[str, tuple[float, ...]] = {"linear": (), "spline": KNOTS}
GIVEN, ADDED, POPULAR, NULL = range(4)
#: Which scores each model may use; "P" is popularity.
MODELS: dict[str, tuple[int, ...]] = {
    "A": (GIVEN,),
    "B": (ADDED,),
    "AB": (GIVEN, ADDED),
    "P": (POPULAR,),
    "AP": (GIVEN, POPULAR),
    "ABP": (GIVEN, ADDED, POPULAR),
}
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
    given: Scorer,
    added: Scorer,
    split: Split,
    *,
    null: Scorer | None = None,
    max_users: int | None = None,
    resamples: int = 1000,
    seed: int = 0,
    memory: int = MEMORY,
    shape: Shape = "linear",
) -> Evidence:
    """Held-out nats per test item that B's scores add to A's (A is `given`, B is `added`).

    The model is a conditional logit over all items open to a user, p(i | u) ∝ exp(α z_A + β z_B), with z the
    scores standardised over the user's open items (see `conditional_logit`). α alone, and (α, β), are fitted
    to the validation items with train items closed, and items that are known in test only (see
    `Split.known_from`), and judged on the test items with train and validation items closed. Values:

    - `gain`: mean over test items of log p_AB − log p_A, in nats; negative where B's weight was a mistake;
    - `gain_macro`: the same as the mean over users of their items' mean;
    - `gain_beyond_popularity`, `gain_beyond_popularity_macro`: with ln(1 + train count) of the item as one
      more score on both sides, since a view that only knows what is popular says nothing new;
    - `information.given|added|both|popularity`: mean over test items of log p − log(1 / open items), what the
      scores say beyond a draw at random; `redundancy`: given + added − both, negative for synergy.

    Each log p is that of a model linear in the scores, so `information.*` bounds from below what the scores
    carry (as H(Y) − CE does). The gain is the difference of two such bounds: it is what a calibrated linear
    fusion can use. It is below the conditional information where the right fusion is not linear, and above it
    where B only corrects the shape of A's own scores (B = A³, say) or that of popularity (raw counts). The
    null reveals the first of these, since another seed corrects it as well. With `shape="spline"` every score
    enters through a linear spline with the same knots on both sides, so that a function of A adds nothing to
    A, nor one of popularity to popularity, up to what straight pieces miss and what more weights cost. A view
    that was stopped early on the validation items looks slightly too good. Intervals are over test users, for
    the fitted weights.

    Args:
        given, added: views or other scorers of the split's users and items.
        null: in place of B, e.g. another seed of A's model. Every value in which B takes part gets the null's
            as its null, and the interval of the excess from the same resamples.
        max_users: fit to and judge on at most this many users, drawn by `seed`; None for all. Every pass over
            the blocks scores all their items, so a sample is advisable for a large catalogue.
        resamples: bootstrap resamples of users; 0 for no intervals.
        memory: bytes for blocks of scores; it affects only the last bits.
        shape: "linear", or "spline" with knots at `KNOTS` standard deviations (nine weights per score, and
            about as many times the work).

    Returns:
        Evidence whose table has one row per user with test items, sums over the user's items (the null's
        gains too, as `gain.null` and `gain_beyond_popularity.null`), and whose provenance has the weights by
        model ("coefficients").

    Raises:
        SemcompError: scorers that do not fit the split, no validation items to fit to, no test items,
            `max_users` below 1, an unknown shape.

    >>> sc.conditional_information(cf, sem, split, null=null, resamples=100)["gain"].value > 0
    True
    """
    if shape not in SHAPES:
        raise unknown_name("shape", shape, SHAPES)
    knots = SHAPES[shape]
    popular = _Popular(split.n_users, np.log1p(item_counts(split.train)).astype(np.float32))
    named: dict[str, Scorer] = {"A": given, "B": added, "P": popular}
    if null is not None:
        named["N"] = null
    named = {name: of_split(scorer, split) for name, scorer in named.items()}
    for part, use in (("valid", "fit the weights to"), ("test", "judge them on")):
        if getattr(split, part).nnz == 0:
            raise SemcompError(f"the {part} part is empty: there is no item to {use}; split with one")
    models = MODELS | ({} if null is None else _with_null())
    scorers = list(named.values())
    shown, asked = (_of_some(part, max_users, seed) for part in (split.valid, split.test))
    shelf = split.catalogue("valid")
    weights = fit(Choices(scorers, shown, split.history("train"), memory, knots, shelf), models)
    tested = Choices(scorers, asked, split.history("train+valid"), memory, knots)
    found = log_likelihoods(tested, models, weights)

    items = np.diff(asked.indptr)[tested.users].astype(np.float64)
    columns = _columns(found, items, "B")
    control = None if null is None else _columns(found, items, "N")
    statistics = statistics_of(TABLE, columns)
    values = estimate(columns, statistics, null=control, resamples=resamples, seed=seed)
    letters = tuple(named)
    coefficients = {
        name: {
            letters[f]: float(w[0]) if len(w) == 1 else w.tolist()
            for f, w in zip(which, weights[name].reshape(len(which), -1), strict=True)
        }
        for name, which in models.items()
    }
    provenance = measured(
        split,
        max_users=max_users,
        resamples=resamples,
        seed=seed,
        shape=shape,
        given=given.name,
        added=added.name,
        null=None if null is None else null.name,
        coefficients=coefficients,
    )
    table = pd.DataFrame(columns, index=pd.Index(tested.users, name="user"))
    if control is not None:
        for key in ("gain", "gain_beyond_popularity"):
            table[f"{key}.null"] = control[key]
    known = Evidence(f"conditional_information({added.name} | {given.name})", values, table, provenance)
    says = f"{added.name} adds to what {given.name} says of the next item"
    if null is not None:
        says += f", more than {null.name} does"
    effect = by_itself if null is None else over_null
    return with_headline(known, [Statement(says, "gain", effect, null is not None)], ["gain"])


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


def _with_null() -> dict[str, tuple[int, ...]]:
    """The models in which B takes part, with the null instead."""
    return {
        name.replace("B", "N"): tuple(NULL if one == ADDED else one for one in which)
        for name, which in MODELS.items()
        if "B" in name
    }


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
