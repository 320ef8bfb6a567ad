"""The geometry of a pair: every measure with its interval, beside the same pair with its items shuffled."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from semcomp.core.evidence import Evidence, Value
from semcomp.core.provenance import lasting, versions
from semcomp.data.popularity import STRATA, strata
from semcomp.errors import SemcompError
from semcomp.evidence.geometry.items import HasItems, Matrix, item_pair
from semcomp.evidence.geometry.leaving import Cloud, Pairs, cka_number, others, pair_numbers
from semcomp.evidence.geometry.local import Local, agreement, hubs, like_popularity
from semcomp.evidence.geometry.neighbourhoods import Rows, choose_anchors
from semcomp.evidence.geometry.neighbours import MEMORY, check_k, unit_float32
from semcomp.evidence.geometry.rsa import mantel, spearman_of_pairs, unit_float64
from semcomp.evidence.geometry.sums import Sums
from semcomp.evidence.statistics.jackknife import jackknife
from semcomp.storage import digest

ANCHORS = 2000
RSA_ITEMS = 500
PERMUTATIONS = 499
LEAST = 10  # items that a pair, a stratum or a category needs to be measured
CATEGORIES = 10

Numbers = Mapping[str, float]
Masks = dict[str, NDArray[np.bool_]]


def geometry(
    a: ArrayLike | HasItems,
    b: ArrayLike | HasItems,
    *,
    counts: ArrayLike | None = None,
    categories: sp.csr_array | None = None,
    k: int = 20,
    anchors: int | None = ANCHORS,
    rsa_items: int = RSA_ITEMS,
    groups: int = 20,
    shuffles: int = 5,
    permutations: int = PERMUTATIONS,
    resamples: int = 1000,
    seed: int = 0,
    memory: int = MEMORY,
) -> Evidence:
    """How two matrices of the same items lie to each other, and how each fills its space.

    Over all items, with intervals of the delete-a-group jackknife and, as null, the mean over `shuffles` of
    the pair with one side's items shuffled:

    - `cka` (biased), `cka_unbiased`, `procrustes` (a squared distance, in [0, 2]: far is large);
    - `cca`, `svcca`, `pwcca.a|b`, `redundancy.a|b`, `information`: in sample, so read them above the null
      (their intervals do not know of the bias, which outweighs them where columns are many and items few);
    - `a.…`, `b.…`: `mean_cosine`, `isoscore`, `effective_rank`, `participation_ratio`, `top_share` with an
      isotropic Gaussian cloud of the same shape as null, and `partition`, which has none.

    Over anchors, with neighbours by cosine among all items, intervals of the bootstrap over anchors, and as
    null the anchors of b shuffled among themselves and the other items among themselves:

    - `knn.overlap`, `knn.jaccard`, `knn.cknna`; `knn.overlap_chance`, `knn.jaccard_chance`: exact;
    - `a.hub.skewness|never_found|top_hub`, and b's: of the anchors' lists (jackknife over anchors), beside
      lists of random items. `hub.agreement`: Spearman of both sides' k-occurrence over items.

    `rsa`: over `rsa_items` random items, jackknife, a shuffled pair as null; `excess_p` is the Mantel test's.

    With `counts`:

    - `cka_unbiased.cold|mid|hot`: within the stratum's items; `knn.overlap.cold|mid|hot`: over its anchors,
      neighbours among all items;
    - `knn.overlap_like_popularity`: neighbours searched among items of like popularity only, with random
      pools of the same sizes as null: an excess below zero is agreement that popularity made;
    - `a.hub.popularity`, `b.hub.popularity`: Spearman of k-occurrence and count over items.

    With `categories`, the first two of these for the ten largest ones, `cka_unbiased.category.<column>`.

    A row that is zero in either matrix has no direction: it is no anchor and no neighbour, and not in `rsa`
    (`zero_rows.a|b` counts them); all else takes it as it is. A constant column is one more axis to the
    IsoScore, and unless it is zero a shift, which neighbours, `rsa`, mean cosine and partition function see;
    the other values do not change. Duplicates are each other's neighbours, ties go to the lower row. What
    does not exist is left out; no value is NaN.

    Args:
        a, b: (n, p) and (n, q), or views, whose items are taken. Row i is the same item in both.
        counts: (n,) how often each item occurs in the training part.
        categories: (n, C) which item carries which category.
        k: neighbours. anchors: items whose neighbours are searched, at random; None for all.
        groups: of the jackknife; 0 for no intervals.
        shuffles: at least 1. permutations: of the Mantel test. resamples: of anchors; 0 for no intervals.
        memory: bytes that blocks of similarities may take.

    Returns:
        Evidence whose table has one row an anchor.

    Raises:
        SemcompError: matrices that do not fit together, NaN, equal rows only, fewer than 10 items that are
            zero in neither matrix, k not below their number, counts or categories of another length, no
            shuffles, permutations or anchors, fewer than 0 resamples, groups that cannot be made.
    """
    x, y = item_pair(a, b, labels=("a", "b"), least=LEAST)
    n = len(x)
    for label, one in (("a", x), ("b", y)):
        if (one == one[0]).all():
            raise SemcompError(f"all rows of matrix {label} are equal; there is nothing to compare")
    if shuffles < 1:
        raise SemcompError(f"{shuffles} shuffles asked for; the null needs at least 1")
    if resamples < 0:
        raise SemcompError(f"{resamples} resamples asked for; give 1,000 or so, or 0 for no intervals")
    if permutations < 1:
        raise SemcompError(f"{permutations} permutations asked for; the Mantel test needs at least 1")
    if rsa_items < LEAST:
        raise SemcompError(f"{rsa_items} items for RSA; give at least {LEAST}")
    if groups != 0 and not 2 <= groups <= n:
        raise SemcompError(f"{groups} groups of {n} items; use between 2 and {n}, or 0 for no intervals")
    popularity = None if counts is None else _counts(counts, n)
    subsets = _subsets(popularity, categories, n)
    zero = [~one.any(axis=1) for one in (x, y)]
    speaking = np.flatnonzero(~(zero[0] | zero[1]))
    if len(speaking) < LEAST:
        raise SemcompError(f"{len(speaking)} items are zero in neither matrix; at least {LEAST} are needed")
    check_k(k, len(speaking))
    places = choose_anchors(len(speaking), anchors, seed)

    values = _linear(x, y, groups, shuffles, seed)
    for name, inside in subsets.items():
        values |= _cka_within(x[inside], y[inside], name, groups, shuffles, seed)
    compared = speaking[choose_anchors(len(speaking), rsa_items, seed)]
    values |= _rsa(x, y, compared, permutations, groups, seed)
    local = Local.of((unit_float32(x[speaking]), unit_float32(y[speaking])), places, k, seed, memory)
    found, table = agreement(local, {name: one[speaking] for name, one in subsets.items()}, resamples)
    values |= found
    table.index = pd.Index(speaking[places], name="item")
    if popularity is not None:
        values |= like_popularity(local, popularity[speaking], resamples)
        table["stratum"] = np.array(STRATA)[strata(popularity)[speaking[places]]]
        table["log_popularity"] = np.log1p(popularity[speaking[places]])
    values |= hubs(local, None if popularity is None else popularity[speaking], groups)
    for label, rows in zip("ab", zero, strict=True):
        values[f"zero_rows.{label}"] = Value(float(rows.sum()), n=n)
    names = [given.name if isinstance(given, HasItems) else label for given, label in ((a, "a"), (b, "b"))]
    provenance = {
        "items": n,
        "a": _described(a, x, names[0]),
        "b": _described(b, y, names[1]),
        "k": k,
        "anchors": len(places),
        "rsa_items": len(compared),
        "groups": groups,
        "shuffles": shuffles,
        "permutations": permutations,
        "resamples": resamples,
        "seed": seed,
        "subsets": list(subsets),
        "counts": None if popularity is None else digest(popularity),
        "versions": versions(),
    }
    return Evidence(f"geometry({names[0]}, {names[1]})", values, table, provenance)


def _linear(x: Matrix, y: Matrix, groups: int, shuffles: int, seed: int) -> dict[str, Value]:
    """CKA, Procrustes, canonical correlations and both sides' anisotropy."""
    pairs, clouds = Pairs(x, y, shuffles, seed), (Cloud(x), Cloud(y))

    def of(rows: Rows) -> Numbers:
        sums, left_out = pairs.sums(rows), others(rows, len(x))
        numbers = pair_numbers(sums)
        for label, cloud, side in zip("ab", clouds, (sums.a, sums.b), strict=True):
            numbers |= {f"{label}.{name}": v for name, v in cloud.numbers(side, left_out).items()}
        return numbers

    isotropic = {
        f"{label}.{name}": number
        for label, cloud in zip("ab", clouds, strict=True)
        for name, number in cloud.isotropic(seed).items()
    }
    shuffled = _mean_over_shuffles(pairs, pair_numbers, shuffles)
    return jackknife(of, len(x), null=lambda rows: {**shuffled(rows), **isotropic}, groups=groups, seed=seed)


def _cka_within(x: Matrix, y: Matrix, name: str, groups: int, shuffles: int, seed: int) -> dict[str, Value]:
    """The unbiased CKA of the items of a stratum or category."""
    pairs, n = Pairs(x, y, shuffles, seed), len(x)
    found = jackknife(
        lambda rows: cka_number(pairs.sums(rows)),
        n,
        null=_mean_over_shuffles(pairs, cka_number, shuffles),
        groups=min(groups, n),
        seed=seed,
    )
    return {f"{key}.{name}": value for key, value in found.items()}


def _mean_over_shuffles(
    pairs: Pairs, numbers: Callable[[Sums], dict[str, float]], shuffles: int
) -> Callable[[Rows], Numbers]:
    def null(rows: Rows) -> Numbers:
        drawn = [numbers(pairs.sums(rows, which)) for which in range(1, shuffles + 1)]
        return {name: float(np.mean([one[name] for one in drawn])) for name in drawn[0]}

    return null


def _rsa(x: Matrix, y: Matrix, rows: Rows, permutations: int, groups: int, seed: int) -> dict[str, Value]:
    """Spearman of pairs of these items, with the p-value of the Mantel test."""
    a, b = unit_float64(x[rows]), unit_float64(y[rows])
    order = np.random.default_rng([seed, 2]).permutation(len(rows))
    found = jackknife(
        lambda kept: {"rsa": spearman_of_pairs(a[kept], b[kept])},
        len(rows),
        null=lambda kept: {"rsa": spearman_of_pairs(a[kept], b[order[kept]])},
        groups=min(groups, len(rows)),
        seed=seed,
    )
    if "rsa" not in found:
        return {}
    test = mantel(a, b, permutations=permutations, sample=len(rows), seed=seed)
    return {"rsa": replace(found["rsa"], excess_p=test.p)}


def _counts(given: ArrayLike, n: int) -> NDArray[np.int64]:
    counts = np.asarray(given)
    if counts.shape != (n,):
        raise SemcompError(f"counts of shape {counts.shape}; give one number for each of the {n} items")
    if not np.issubdtype(counts.dtype, np.number) or not np.all(
        (counts >= 0) & (counts == np.floor(counts)) & np.isfinite(counts)
    ):
        raise SemcompError("counts are not all whole numbers from 0; count the interactions of each item")
    return counts.astype(np.int64)


def _subsets(counts: NDArray[np.int64] | None, categories: sp.csr_array | None, n: int) -> Masks:
    """The strata and the largest categories that have enough items, by name."""
    found: Masks = {}
    if counts is not None:
        of = strata(counts)
        found |= {name: of == place for place, name in enumerate(STRATA)}
    if categories is not None:
        if categories.shape[0] != n:
            raise SemcompError(f"categories of {categories.shape[0]} items; give a row for each of the {n}")
        columns = sp.csc_array(categories)
        size = np.diff(columns.indptr)
        for column in np.sort(np.argsort(-size, kind="stable")[:CATEGORIES]):
            inside = np.zeros(n, dtype=bool)
            inside[columns.indices[columns.indptr[column] : columns.indptr[column + 1]]] = True
            found[f"category.{column}"] = inside
    return {name: inside for name, inside in found.items() if inside.sum() >= LEAST}


def _described(given: ArrayLike | HasItems, matrix: Matrix, name: str) -> dict[str, Any]:
    made = lasting(getattr(given, "provenance", {}))
    return {"name": name, "shape": list(matrix.shape), "sha256": digest(matrix), "provenance": made}
