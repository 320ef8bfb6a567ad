"""How many dimensions two sets of vectors share linearly: held-out canonical correlations above an edge."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from tqdm import tqdm

from semcomp.checks import checked
from semcomp.core.matrices import Floats, paired
from semcomp.core.moments import Moments, leaving_each_out, whitening
from semcomp.errors import SemcompError
from semcomp.evidence.geometry.cca import cca_of, correlation
from semcomp.evidence.statistics.bootstrap import LEVEL
from semcomp.evidence.statistics.checks import check_share

Rows = NDArray[np.int64]


@checked
@dataclass(frozen=True, eq=False)
class SharedDimension:
    """The estimated dimension, and what it rests on.

    Attributes:
        rank: how many held-out correlations lie above `edge`.
        correlations: (r,) in-sample canonical correlations of all rows, descending.
        heldout: (r,) the cross-fitted ones, in the order of the in-sample ones of each fold.
        edge: the quantile of the largest held-out correlation where rows are permuted.
        null: (permutations,) these largest ones.
        wachter: where in-sample correlations of independent Gaussian sides end (`wachter_edge`).
        n: rows.
    """

    rank: int
    correlations: Floats
    heldout: Floats
    edge: float
    null: Floats
    wachter: float
    n: int


@checked
def shared_dimension(
    x: ArrayLike,
    y: ArrayLike,
    *,
    folds: int = 5,
    permutations: int = 99,
    level: float = LEVEL,
    seed: int = 0,
) -> SharedDimension:
    """Count the canonical correlations that hold on rows they were not fitted to.

    Rows are cut into random folds. On each fold the variates fitted on the others are correlated; the k-th
    correlations of all folds are pooled (covariances and variances summed, each about its fold's mean). The
    null permutes y's rows within each fold, which leaves both sides' own covariances as they are, and takes
    the largest pooled correlation. The edge is its order statistic ceil(level · (permutations + 1)), so that
    where x and y are independent the rank is above 0 with probability at most 1 − level, exactly.

    It assumes no distribution, unlike Wachter's edge and Bartlett's test. It detects linear relations only,
    and does not count correlations well below the edge (about sqrt(2 ln r / n) for r pairs of directions).

    Args:
        x: (n, p). y: (n, q). Finite. Constant columns and deficient ranks do no harm; where a side is
            constant the rank is 0.
        folds: between 2 and n / 2.
        permutations: at least level / (1 − level), 19 for a level of 0.95.

    Raises:
        SemcompError: as `fit_cca`, too few folds or permutations, a level not between 0 and 1.
    """
    left, right = paired(x, y)
    n = len(left)
    check_share("level", level)
    place = ceil(round(level * (permutations + 1), 9))
    if place > permutations:
        needed = ceil(round(level / (1 - level), 9))
        raise SemcompError(
            f"{permutations} permutations cannot tell a level of {level}; give at least {needed}"
        )
    crossed = CrossFitted.of(left, right, folds, seed)
    rng = np.random.default_rng([seed, 1])
    null = np.zeros(permutations)
    for at in tqdm(range(permutations), desc="permutations", delay=3, leave=False, disable=None):
        held = crossed.heldout(crossed.shuffled(left, right, rng))
        null[at] = held.max(initial=0.0)
    edge = float(np.sort(null)[place - 1])
    held = crossed.heldout(crossed.cross)
    correlations = cca_of(crossed.whole).correlations
    wachter = wachter_edge(n, left.shape[1], right.shape[1])
    return SharedDimension(int(np.sum(held > edge)), correlations, held, edge, null, wachter, n)


@dataclass(frozen=True, eq=False)
class CrossFitted:
    """Two sides cut into folds; of each fold what canonical correlations on the others and on it need.

    Attributes:
        whole: moments of all rows. folds: rows of each fold. parts: moments of each fold; others: of the rows
            outside it.
        white: for each fold, whitening maps (p, r_x) and (q, r_y) of the other folds' rows.
        cross: (folds, p, q) sums of products x_i y_iᵀ about the origin, of each fold.
    """

    whole: Moments
    folds: tuple[Rows, ...]
    parts: tuple[Moments, ...]
    others: tuple[Moments, ...]
    white: tuple[tuple[Floats, Floats], ...]
    cross: Floats

    @classmethod
    def of(cls, x: Floats, y: Floats, folds: int, seed: int) -> CrossFitted:
        """Raises SemcompError for a number of folds that cannot be made of the rows, two in each."""
        n = len(x)
        if not 2 <= folds <= n // 2:
            raise SemcompError(f"{folds} folds of {n} rows; use at least 2, and 2 rows or more in each")
        cut = np.array_split(np.random.default_rng([seed, 0]).permutation(n), folds)
        origin = np.hstack([x.mean(axis=0), y.mean(axis=0)])
        parts = tuple(Moments.of(x[rows], y[rows], origin) for rows in cut)
        *others, whole = leaving_each_out(parts)
        white = []
        for rest in others:
            xx, _, yy = rest.covariances
            white.append((whitening(xx, rest.n), whitening(yy, rest.n)))
        p = x.shape[1]
        cross = np.stack([part.products[:p, p:] for part in parts])
        return cls(whole, tuple(cut), parts, tuple(others), tuple(white), cross)

    def shuffled(self, x: Floats, y: Floats, rng: np.random.Generator) -> Floats:
        """(folds, p, q) as `cross`, with y's rows permuted within each fold."""
        x_origin, y_origin = np.split(self.whole.origin, [x.shape[1]])
        return np.stack(
            [(x[rows] - x_origin).T @ (y[rng.permutation(rows)] - y_origin) for rows in self.folds]
        )

    def heldout(self, cross: Floats) -> Floats:
        """(r,) correlations on each fold of the variates fitted on the others, pooled over folds."""
        r = min(min(a.shape[1], b.shape[1]) for a, b in self.white)
        pooled = np.zeros((3, r))
        *elsewhere, _ = leaving_each_out(list(cross))
        for part, rest, own, away, (x_white, y_white) in zip(
            self.parts, self.others, cross, elsewhere, self.white, strict=True
        ):
            x_mean, y_mean = np.split(rest.total / rest.n, [rest.p])
            fitted = away / rest.n - np.outer(x_mean, y_mean)
            left, _, right = np.linalg.svd(x_white.T @ fitted @ y_white, full_matrices=False)
            a, b = x_white @ left[:, :r], y_white @ right[:r].T
            xx, _, yy = part.covariances
            x_own, y_own = np.split(part.total / part.n, [part.p])
            xy = own / part.n - np.outer(x_own, y_own)
            for at, (one, cov, other) in enumerate(((a, xy, b), (a, xx, a), (b, yy, b))):
                pooled[at] += part.n * np.sum(one * (cov @ other), axis=0)
        return correlation(*pooled)


def wachter_edge(n: int, p: int, q: int) -> float:
    """Where in-sample canonical correlations of independent Gaussian sides end: sqrt(a(1−b)) + sqrt(b(1−a)).

    a = p / n, b = q / n, for n, p and q that grow together (Wachter, "The Limiting Empirical Measure of
    Multiple Discriminant Ratios", Annals of Statistics 1980). 1 where p + q ≥ n: some correlations are 1
    then whatever the rows. The largest one scatters about the edge by a little, mostly below it.

    Raises:
        SemcompError: fewer than 1 row or column.
    """
    if min(n, p, q) < 1:
        raise SemcompError(f"{n} rows of {p} and {q} columns have no canonical correlations; give at least 1")
    if p + q >= n:
        return 1.0
    a, b = p / n, q / n
    return sqrt(a * (1 - b)) + sqrt(b * (1 - a))


def bartlett(correlations: ArrayLike, n: int, p: int, q: int) -> Floats:
    """(r,) p-values of "no more than k canonical correlations differ from 0", for k = 0 … r − 1.

    −(n − 1 − (p + q + 1) / 2) Σ_{j>k} ln(1 − ρ_j²) is about χ² with (p − k)(q − k) degrees of freedom where
    it holds (Bartlett, "The Statistical Significance of Canonical Correlations", Biometrika 1941). For
    Gaussian rows and n well above p + q; with many rows it counts correlations of no size.

    Args:
        correlations: (r,) in-sample, descending. p, q: the sides' ranks.

    Raises:
        SemcompError: more correlations than min(p, q), some not in [0, 1], or too few rows for p and q.
    """
    rho = np.asarray(correlations, np.float64)
    if rho.ndim != 1 or len(rho) > min(p, q) or not ((rho >= 0) & (rho <= 1)).all():
        raise SemcompError(
            f"Bartlett's test takes at most {min(p, q)} correlations from 0 to 1 of these sides"
        )
    factor = n - 1 - (p + q + 1) / 2
    if factor <= 0:
        raise SemcompError(f"{n} rows are too few for Bartlett's test of {p} and {q} columns; give more")
    with np.errstate(divide="ignore"):
        tail = np.cumsum(-np.log1p(-rho * rho)[::-1])[::-1]
    k = np.arange(len(rho))
    return np.asarray(stats.chi2.sf(factor * tail, (p - k) * (q - k)))


def bartlett_dimension(correlations: ArrayLike, n: int, p: int, q: int, *, level: float = LEVEL) -> int:
    """The first k that Bartlett's test does not reject at 1 − level, tested in turn from 0.

    Raises:
        SemcompError: as `bartlett`, and for a level not between 0 and 1.
    """
    check_share("level", level)
    kept = bartlett(correlations, n, p, q) > 1 - level
    return int(kept.argmax()) if kept.any() else len(kept)
