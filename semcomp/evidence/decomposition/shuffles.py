r"""The null of a part: its rows shuffled several times, and what their scatter does to interval and p.

Which item a long row falls to is chance, and with popular items it matters: a single shuffle may rank well or
badly, and so may a part that says nothing of the items. The null is therefore the mean over R shuffles, and a
part without effect is taken for one more shuffle. With x the value less that mean, ŝ² the variance between
shuffles beyond what the sampling of users explains, and a the arm of the interval of x over the units (users,
items) alone, the 95 % interval is

    x ± sqrt(a² + t² ŝ² (1 + 1/R)),  t the quantile of Student's t on R − 1 degrees of freedom

(arms are squared and added: Zou and Donner, "Construction of confidence limits about effect measures",
Statistics in Medicine 2008), and p is the level at which that arm is |x|. ŝ² (1 + 1/R), not ŝ²/R: the mean of
the shuffles is known well, where one more of them lies is not. Of several trainings (`over_trainings`) that
scatter is seen between the trainings themselves.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp
from scipy.special import ndtri, stdtrit

from semcomp.core.evidence import Value
from semcomp.evidence.decomposition.additions import Rows, Term
from semcomp.evidence.decomposition.parts import Floats
from semcomp.evidence.statistics.bootstrap import LEVEL

MEMORY = 8 * 2**20  # bytes for the places of a block of users
TINY = 1e-300  # the least p that is told


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


def against_shuffles(value: Value, null: Floats, *, noise: float = 0.0, freedom: float = math.inf) -> Value:
    """The value next to the mean of R shuffles (see the module).

    `excess_of_seeds` is the shuffles' part of the squared standard error: another training would redraw it.

    Args:
        value: with the interval of its excess over the mean of the shuffles as far as units go, or else with
            its own.
        null: (R,) by shuffle; of a single one no interval and no p is known.
        noise: of their variance, what the sampling of units explains.
        freedom: of the interval of the units.
    """
    mean = float(null.mean())
    low, high = value.low, value.high
    arms = None if low is None or high is None else (value.value - low, high - value.value)
    if value.null is not None and value.excess_low is not None and value.excess_high is not None:
        excess = value.value - value.null
        arms = excess - value.excess_low, value.excess_high - excess
    beside = replace(value, null=mean, excess_low=None, excess_high=None, excess_p=None)
    if arms is None or len(null) < 2:
        return beside
    scatter = max(0.0, float(null.var(ddof=1)) - noise) * (1 + 1 / len(null))
    excess = value.value - mean
    low, high, p, part = squared_and_added(excess, arms, math.sqrt(scatter), len(null) - 1, value.n, freedom)
    return replace(beside, excess_low=low, excess_high=high, excess_p=p, excess_of_seeds=part)


def over_trainings(values: Sequence[Value]) -> Value:
    """The mean of a value over S trainings, the same units measured in each.

    Its arms are the mean ones over units, with that of the trainings' mean, by Student's t on S − 1 degrees
    of freedom, squared and added. Since units and shuffles scatter between trainings too, they are partly
    counted twice: the interval is rather too wide.
    """
    if len(values) == 1:
        return values[0]
    first, effects = values[0], np.array([one.value for one in values])
    low, high, p, part = _over(effects, [_arms(one.value, one.low, one.high) for one in values], first.n)
    found = Value(float(effects.mean()), low, high, n=first.n, p=p, seeds=len(values), of_seeds=part)
    nulls = [one.null for one in values if one.null is not None]
    if len(nulls) < len(values):
        return found
    null = float(np.mean(nulls))
    excesses = effects - np.array(nulls)
    arms = [
        _arms(float(excess), one.excess_low, one.excess_high)
        for one, excess in zip(values, excesses, strict=True)
    ]
    low, high, p, part = _over(excesses, arms, first.n)
    return replace(found, null=null, excess_low=low, excess_high=high, excess_p=p, excess_of_seeds=part)


Judged = tuple[float | None, float | None, float | None, float | None]  # low, high, p, of_seeds
Arms = tuple[float, float]


def _arms(value: float, low: float | None, high: float | None) -> Arms | None:
    return None if low is None or high is None else (value - low, high - value)


def _over(effects: Floats, arms: Sequence[Arms | None], n: int) -> Judged:
    known = [one for one in arms if one is not None]
    if len(known) < len(arms):
        return None, None, None, None
    mean = tuple(float(side) for side in np.mean(known, axis=0))
    error = float(effects.std(ddof=1)) / math.sqrt(len(effects))
    return squared_and_added(float(effects.mean()), (mean[0], mean[1]), error, len(effects) - 1, n)


def squared_and_added(
    effect: float, arms: Arms, error: float, freedom: int, n: int, freedom_of_arms: float = math.inf
) -> tuple[float, float, float, float | None]:
    """Interval and two-sided p of an effect with two sources of variance, and the second's part of it.

    Args:
        arms: below and above the effect, of its 95 % interval by the first source alone, which has
            `freedom_of_arms` degrees of freedom. error: the standard error by the second, of `freedom`.
        n: units; p is never below 2^(1 − n).
    """
    below, above = (math.hypot(arm, _quantile(1 - LEVEL, freedom) * error) for arm in arms)
    towards = max(0.0, arms[0] if effect > 0 else arms[1]) / _quantile(1 - LEVEL, freedom_of_arms)
    total = towards**2 + error**2
    part = error**2 / total if total > 0 else None
    least, most = max(2.0 ** (1 - n), TINY), 1.0
    for _ in range(60):
        level = math.sqrt(least * most)  # halves the logarithm
        arm = math.hypot(_quantile(level, freedom_of_arms) * towards, _quantile(level, freedom) * error)
        least, most = (level, most) if arm > abs(effect) else (least, level)
    return effect - below, effect + above, most if effect else 1.0, part


def _quantile(level: float, freedom: float) -> float:
    """Of |t|, exceeded with probability `level`."""
    return float(-ndtri(level / 2) if math.isinf(freedom) else -stdtrit(freedom, level / 2))
