r"""The null of a part: its rows shuffled several times, and what their scatter does to interval and p.

Which item a long row falls to is chance, and with popular items it matters: a single shuffle may rank well or
badly, and so may a part that says nothing of the items. The null is therefore the mean over R shuffles, and a
part without effect is taken for one more shuffle. With x the value less that mean, ŝ² the variance between
shuffles beyond what the sampling of users explains, and a the arm of the interval of x over the units (users,
items) alone, the 95 % interval is

    x ± sqrt(a² + t² ŝ² (1 + 1/R)),  t the quantile of Student's t on R − 1 degrees of freedom

(arms are squared and added: Zou and Donner, "Construction of confidence limits about effect measures",
Statistics in Medicine 2008), and p has the same parts. ŝ² (1 + 1/R), not ŝ²/R: the mean of the shuffles is
known well, where one more of them lies is not.

Several trainings are shuffled in the same R orders, and the means by shuffle are averaged over them. ŝ² is
then the variance that this average keeps: all of it where the trainings share a view or the lengths of rows,
since then the same items get the long rows in each; 1/S of it where each training draws its own. In the
latter case the spread between trainings has it as well, and the interval is rather too wide.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from semcomp.core.evidence import Value
from semcomp.evidence.decomposition.additions import Rows, Term
from semcomp.evidence.decomposition.parts import Floats
from semcomp.evidence.statistics.over_trainings import Z, arms_of, squared_and_added
from semcomp.evidence.statistics.pvalues import p_of_effect
from semcomp.evidence.statistics.verdicts import without_excess

MEMORY = 8 * 2**20  # bytes for the places of a block of users


@dataclass(frozen=True, eq=False)
class Shuffled:
    """A column of a table over users, measured under R shuffles.

    Attributes:
        mean: (n,) by user, over the shuffles.
        means: (R,) by shuffle, over the users.
        noise: the part of the variance of `means` that is due to the sampling of users.
    """

    mean: Floats
    means: Floats
    noise: float

    @classmethod
    def over(cls, trainings: Sequence[Shuffled]) -> Shuffled:
        """The mean of several trainings of the same users, shuffled in the same orders."""
        mean, means = (
            np.mean([getattr(one, name) for one in trainings], axis=0) for name in ("mean", "means")
        )
        return cls(mean, means, float(np.mean([one.noise for one in trainings])) / len(trainings))

    @classmethod
    def of(cls, found: Floats) -> Shuffled:
        """Of (R, n) numbers."""
        within = found.var(axis=0, ddof=1).mean() if len(found) > 1 else 0.0
        return cls(found.mean(axis=0), found.mean(axis=1), float(within) / found.shape[1])

    def less(self, base: Floats) -> Shuffled:
        """Each user's numbers less one that no shuffle changes."""
        return replace(self, mean=self.mean - base, means=self.means - base.mean())


def shuffles_of(n: int, shuffles: int, seed: Sequence[int]) -> list[Rows]:
    """R permutations of n rows."""
    rng = np.random.default_rng(seed)
    return [rng.permutation(n) for _ in range(shuffles)]


def shuffled_recalls(
    term: Term, orders: Sequence[Rows], history: sp.csr_array, truth: sp.csr_array, k: int
) -> Floats:
    """(R, U) Recall@k by users (U, d) and items (I, d), the items' rows in each of R orders.

    A user's scores are sorted once: a shuffle moves rows, not their places. The place of an item is that of
    its row less the places before it that are taken by the user's history. Equal scores are in the order of
    the rows shuffled.

    Args:
        history, truth: (U, I) CSR, what is not ranked and what is to be found; every user has something.
    """
    users, items = (side.astype(np.float32) for side in term)
    found = np.empty((len(orders), len(users)))
    step = max(1, MEMORY // (8 * len(items)))
    for start in range(0, len(users), step):
        rows = slice(start, start + step)
        order = np.argsort(-(users[rows] @ items.T), axis=1, kind="stable")
        place = np.empty_like(order)
        np.put_along_axis(place, order, np.arange(len(items))[None], axis=1)
        known, wanted = _pairs(history[rows]), _pairs(truth[rows])
        sizes, before = np.diff(truth[rows].indptr), history[rows].indptr
        for at, moved in enumerate(orders):
            taken = np.sort(_keys(place, known, moved))
            sought = _keys(place, wanted, moved)
            passed = np.searchsorted(taken, sought) - before[wanted[0]]
            listed = sought - wanted[0] * len(items) - passed < k
            found[at, rows] = np.bincount(wanted[0], listed, minlength=len(sizes)) / sizes
    return found


def _pairs(matrix: sp.csr_array) -> tuple[Rows, Rows]:
    """Rows and columns of the pairs, by row."""
    return np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr)), matrix.indices


def _keys(place: Rows, pairs: tuple[Rows, Rows], moved: Rows) -> Rows:
    """The places of the pairs' shuffled rows, one user's after the other's."""
    row, item = pairs
    return np.asarray(row * place.shape[1] + place[row, moved[item]])


def against_shuffles(value: Value, null: Floats, *, noise: float = 0.0) -> Value:
    """The value next to the mean of R shuffles (see the module).

    `excess_of_seeds` is the part of trainings and shuffles in the squared standard error: another training
    would redraw it. Of several trainings p is that of the interval, `p_of_effect`.

    Args:
        value: with the interval of its excess over the mean of the shuffles as far as units go, or else with
            its own.
        null: (R,) by shuffle; of a single one no interval and no p is known.
        noise: of their variance, what the sampling of units explains.
    """
    excess, shuffles = value.value - float(null.mean()), len(null)
    arms = arms_of(value.value, value.low, value.high)
    if value.null is not None:
        arms = arms_of(value.value - value.null, value.excess_low, value.excess_high) or arms
    beside = replace(without_excess(value), null=float(null.mean()))
    if arms is None or shuffles < 2:
        return beside
    # p is that of a mean of R with R + 1 times the variance: s² (1 + 1/R)
    drawn, of_units = (1 + shuffles) * float(null.var(ddof=1)), (1 + shuffles) * noise
    scatter = max(0.0, drawn - of_units) / shuffles
    low, high = squared_and_added(excess, arms, math.sqrt(scatter), shuffles - 1)
    errors = (sum(arms) / (2 * Z), math.sqrt(drawn), math.sqrt(of_units), float(shuffles))
    total = errors[0] ** 2 + scatter
    drawn_anew = errors[0] ** 2 * (value.excess_of_seeds or 0.0) + scatter
    found = replace(
        beside,
        excess_low=low,
        excess_high=high,
        excess_of_seeds=drawn_anew / total if total > 0 else None,
        excess_errors=errors if value.seeds == 1 else (),  # they have no room for a third source
    )
    return replace(found, excess_p=p_of_effect(found))
