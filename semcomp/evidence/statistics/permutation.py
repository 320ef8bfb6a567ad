"""Permutation tests over users: if the two views were exchangeable, how often would they differ this much?

Under the null hypothesis a user's two columns could carry each other's names, so every exchange of them
within users is as likely as the one observed (Efron and Tibshirani 1993, ch. 15; for retrieval, Smucker,
Allan and Carterette, "A Comparison of Statistical Significance Tests for Information Retrieval Evaluation",
CIKM 2007).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from tqdm import tqdm

from semcomp.checks import checked
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic, cut
from semcomp.evidence.statistics.checks import columns_of, null_of, per_user

Alternative = Literal["two-sided", "greater", "less"]
PERMUTATIONS = 9_999
MEMORY = 16 * 2**20  # bytes of a block of exchanges that stays in the processor's cache
# relative: exchanges that tie with the observed difference, up to rounding, count as reaching it
SLACK = 1e-9


@checked
@dataclass(frozen=True)
class Permuted:
    """A difference and how often exchanges reach it.

    Attributes:
        observed: the statistic of the one less that of the other.
        p: share of exchanges that reach it; never 0.
        permutations: how many exchanges were looked at, the one observed among them if `exact`.
        exact: True if these are all there are; False if they are random, and p has the +1 correction.
        alternative: the side or sides on which a difference counts as reaching it.
        n: users. Those whose columns agree count, though an exchange does not change them.
    """

    observed: float
    p: float
    permutations: int
    exact: bool
    alternative: Alternative
    n: int


@checked
def sign_flip(
    differences: ArrayLike,
    *,
    alternative: Alternative = "two-sided",
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    memory: int = MEMORY,
) -> Permuted:
    """Is the mean of paired differences zero? Fisher's test by flipping the users' signs.

    `T* = (1/n) Σ s_u |d_u|` over signs s_u = ±1, against the observed `T = mean(d)`. If no more than
    `permutations` patterns exist for the differences that are not zero, all are looked at, and
    `p = #{T* reaches T} / #patterns` is exact (Fisher, The Design of Experiments, 1935). Else the signs are
    random and `p = (1 + #{T* reaches T}) / (1 + B)`, the observed pattern counted as one of them, which keeps
    the test's level for any B (Phipson and Smyth, "Permutation P-values Should Never Be Zero", SAGMB 2010).
    "Reaches" is `|T*| >= |T|`, `T* >= T` ("greater") or `T* <= T` ("less"). Other than a sign, the test asks
    nothing of the differences: under the null they are symmetric about 0.

    The draws depend on `seed` and on how many differences are not zero. p depends on the differences, not on
    the order of the users, and "greater" is "less" of the differences with their signs turned.

    Args:
        differences: (n,) finite, the one view's number less the other's, one per user.
        permutations: B, at least 1. The least p that B random exchanges can give is 1 / (1 + B).
        memory: bytes for one block of exchanges (at least one is made at a time).

    Returns:
        p = 1 where all differences are zero.

    Raises:
        SemcompError: no users, NaN or infinity, B below 1, an unknown alternative.
    """
    given = per_user(differences, "differences")
    _check(alternative, permutations)
    side: Alternative = "greater" if alternative == "less" else alternative
    turn = -1.0 if alternative == "less" else 1.0
    magnitudes = np.sort(np.abs(given[given != 0]))[:, None]  # (m, 1), sorted: the order must not matter
    total = magnitudes.sum()
    observed = given.sum() * turn
    reached = 0
    for flipped in _exchanged_totals(magnitudes, permutations, seed, memory):
        reached += _reaching(total - 2 * flipped[:, 0], observed, SLACK * total, side)
    mean = given.sum() / len(given)
    return _permuted(mean, reached, len(magnitudes), permutations, alternative, len(given))


@checked
def exchange(
    columns: Mapping[str, Floats],
    statistics: Mapping[str, Statistic],
    null: Mapping[str, Floats],
    *,
    alternative: Alternative = "two-sided",
    permutations: int = PERMUTATIONS,
    seed: int = 0,
    memory: int = MEMORY,
) -> dict[str, Permuted]:
    """Is a statistic of the columns that of the null's columns? Each user's two rows are exchanged or not.

    For a statistic f of column means, `T* = f(x*) − f(y*)`, where x*, y* are the means after the rows of a
    random half of the users have changed sides; p as in `sign_flip`, which this is for f the mean. Ratios of
    totals and other functions of several columns are tested whole: a user's columns move together, and all
    statistics of one call see the same exchanges. An exchange in which a statistic is undefined (a ratio
    over none) counts as reaching the observed difference, so that p is never too small.

    The columns' totals are exchanged, not their means, so that counts stay whole numbers. The draws depend on
    `seed` and on how many users an exchange changes; another order of the users is another random choice.

    Args:
        columns: by name, (n,) or (n, d) finite numbers, one row per user.
        statistics: by name; those in which the null plays no part are omitted.
        null: columns of the same names and users; what is missing there is taken from `columns`.
        permutations, seed, memory: as in `sign_flip`.

    Returns:
        By the names of `statistics`, in their order. An undefined statistic is omitted.

    Raises:
        SemcompError: no users or columns, columns that do not fit together, a column of the null that is not
            among them, NaN or infinity, B below 1, an unknown alternative.
    """
    _check(alternative, permutations)
    effect = columns_of(columns, 1)
    control = {**effect, **null_of(effect, null, 1)}
    parts = list(effect.values())
    ours, theirs = np.column_stack(parts), np.column_stack(list(control.values()))  # (n, M)
    users = len(ours)
    change = theirs - ours
    change = change[np.any(change != 0, axis=1)]  # (m, M)

    def sides(moved: Floats) -> tuple[Means, Means]:
        """Means of effect and null after totals `moved` (b, M) have changed sides."""
        totals = ours.sum(axis=0) + moved, theirs.sum(axis=0) - moved
        one, other = (dict(zip(effect, cut(total / users, parts), strict=True)) for total in totals)
        return one, other

    one, other = sides(np.zeros((1, ours.shape[1])))
    observed: dict[str, tuple[float, float]] = {}  # the difference, and how far rounding may move it
    for name, statistic in statistics.items():
        ends = float(statistic(one, users)[0]), float(statistic(other, users)[0])
        if statistic.against_null and np.isfinite(ends).all():
            observed[name] = ends[0] - ends[1], SLACK * (abs(ends[0]) + abs(ends[1]))
    reached = dict.fromkeys(observed, 0)
    for moved in _exchanged_totals(change, permutations, seed, memory):
        one, other = sides(moved)
        for name, (difference, slack) in observed.items():
            found = statistics[name](one, users) - statistics[name](other, users)
            reached[name] += _reaching(found, difference, slack, alternative)
    return {
        name: _permuted(difference, reached[name], len(change), permutations, alternative, users)
        for name, (difference, _) in observed.items()
    }


def _check(alternative: str, permutations: int) -> None:
    if alternative not in get_args(Alternative):
        raise unknown_name("alternative", alternative, get_args(Alternative))
    if permutations < 1:
        raise SemcompError(f"{permutations} permutations asked for; at least 1 is needed")


def _enumerable(units: int, permutations: int) -> bool:
    return units < 63 and 2**units <= permutations


def _exchanged_totals(rows: Floats, permutations: int, seed: int, memory: int) -> Iterator[Floats]:
    """Totals (b, M) over random halves of the rows (m, M), in blocks; over every subset if there are few.

    A subset is m random bits, one word per 64 rows, so that the draws do not depend on the size of a block.
    """
    units, words = len(rows), -(-len(rows) // 64)
    every = _enumerable(units, permutations)
    count = 2**units if every else permutations
    rng = np.random.default_rng(seed)
    block = int(max(1, min(count, memory // (24 * max(units, 1)))))  # a bit: two words in turn and a float
    for start in tqdm(
        range(0, count, block), desc="permutations", unit="block", delay=3, leave=False, disable=None
    ):
        stop = min(start + block, count)
        bits: NDArray[np.integer[Any]]
        if every:
            bits = np.arange(start, stop)[:, None] >> np.arange(units) & 1
        else:
            drawn = rng.integers(0, 2**64, size=(stop - start, words), dtype=np.uint64)
            bits = np.unpackbits(drawn.view(np.uint8), axis=1, count=units)
        yield np.asarray(bits, dtype=np.float64) @ rows  # (b, m) @ (m, M)


def _reaching(found: Floats, observed: float, slack: float, alternative: Alternative) -> int:
    if alternative == "two-sided":
        short = np.abs(found) < abs(observed) - slack
    elif alternative == "greater":
        short = found < observed - slack
    else:
        short = found > observed + slack
    return int(len(found) - np.count_nonzero(short))  # a NaN falls short of nothing


def _permuted(
    observed: float, reached: int, units: int, permutations: int, alternative: Alternative, n: int
) -> Permuted:
    if _enumerable(units, permutations):
        return Permuted(float(observed), reached / 2**units, 2**units, True, alternative, n)
    return Permuted(float(observed), (1 + reached) / (1 + permutations), permutations, False, alternative, n)
