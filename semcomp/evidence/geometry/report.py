"""The geometry of a pair: every measure with its interval, next to the same pair with its items shuffled."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.items import Items, Source, check_differ, two_sides
from semcomp.core.matrices import Matrix, same_items
from semcomp.core.provenance import versions, without_cost
from semcomp.data.popularity import STRATA, strata
from semcomp.errors import SemcompError
from semcomp.evidence.geometry.linear import linear_values, unbiased_cka_value
from semcomp.evidence.geometry.local import Local, agreement, hubs, popularity_matched
from semcomp.evidence.geometry.neighbours import MEMORY, Rows, check_k, choose_anchors, unit_float32
from semcomp.evidence.geometry.rsa import mantel, spearman_of_pairs, unit_float64
from semcomp.evidence.statistics.jackknife import jackknife
from semcomp.storage import digest

MIN_ITEMS = 10  # that a pair, a stratum or a category needs to be measured
CATEGORIES = 10

Masks = dict[str, NDArray[np.bool_]]


@checked
@dataclass(frozen=True)
class GeometrySettings:
    """How `geometry` measures.

    Attributes:
        k: neighbours.
        anchors: items whose neighbours are searched, at random; None for all.
        rsa_items: items, at random, whose pairs are ordered for `rsa`; at least 10.
        groups: of the jackknife; 0 for no intervals.
        shuffles: of one side's items, whose mean is the null; at least 1.
        permutations: of the Mantel test; at least 1.
        resamples: of anchors; 0 for no intervals.
        seed: of all that is drawn.
        memory: bytes that blocks of similarities may take.

    Raises:
        SemcompError: numbers below these.

    >>> sc.GeometrySettings(k=10).anchors
    2000
    """

    k: int = 20
    anchors: int | None = 2000
    rsa_items: int = 500
    groups: int = 20
    shuffles: int = 5
    permutations: int = 499
    resamples: int = 1000
    seed: int = 0
    memory: int = MEMORY

    def __post_init__(self) -> None:
        if self.shuffles < 1:
            raise SemcompError(f"{self.shuffles} shuffles asked for; the null needs at least 1")
        if self.resamples < 0:
            raise SemcompError(
                f"{self.resamples} resamples asked for; give 1,000 or so, or 0 for no intervals"
            )
        if self.permutations < 1:
            raise SemcompError(
                f"{self.permutations} permutations asked for; the Mantel test needs at least 1"
            )
        if self.rsa_items < MIN_ITEMS:
            raise SemcompError(f"{self.rsa_items} items for RSA; give at least {MIN_ITEMS}")


USUAL = GeometrySettings()


@checked
def geometry(
    a: Source,
    b: Source,
    *,
    counts: ArrayLike | None = None,
    categories: sp.csr_array | None = None,
    settings: GeometrySettings = USUAL,
) -> Evidence:
    """How two matrices of the same items compare, and how each fills its space.

    Over all items, with intervals of the delete-a-group jackknife and, as null, the mean over `shuffles` of
    the pair with one side's items shuffled:

    - `cka` (biased), `cka_unbiased`, `procrustes` (a squared distance, in [0, 2]: far is large);
    - `cca`, `svcca`, `pwcca.a|b`, `redundancy.a|b`, `information`: in sample, so compare them with the null
      (their intervals ignore the bias, which outweighs them where columns are many and items few);
    - `a.…`, `b.…`: `mean_cosine`, `isoscore`, `effective_rank`, `participation_ratio`, `top_share` with an
      isotropic Gaussian cloud of the same shape as null, and `partition`, which has none.

    Over anchors, with neighbours by cosine among all items, intervals of the bootstrap over anchors, and as
    null the anchors of b shuffled among themselves and the other items among themselves:

    - `knn.overlap`, `knn.jaccard`, `knn.cknna`; `knn.overlap_chance`, `knn.jaccard_chance`: exact;
    - `a.hub.skewness|never_found|top_hub`, and b's: of the anchors' lists (jackknife over anchors), next to
      lists of random items. `hub.agreement`: Spearman of both sides' k-occurrence over items.

    `rsa`: over `rsa_items` random items, jackknife, a shuffled pair as null; `excess_p` is the Mantel test's.

    With `counts`:

    - `cka_unbiased.cold|mid|hot`: within the stratum's items; `knn.overlap.cold|mid|hot`: over its anchors,
      neighbours among all items;
    - `knn.overlap_popularity_matched`: neighbours searched among items of matched popularity only, with
      random pools of the same sizes as null: an excess below zero is agreement that popularity made;
    - `a.hub.popularity`, `b.hub.popularity`: Spearman of k-occurrence and count over items.

    With `categories`, the first two of these for the ten largest ones, `cka_unbiased.category.<column>`.

    A row that is zero in either matrix has no direction: it is neither an anchor nor a neighbour, and not in
    `rsa` (`zero_rows.a|b` counts them); everything else uses it unchanged. A constant column is one more axis
    to the IsoScore and, unless it is zero, a shift, which affects neighbours, `rsa`, mean cosine and
    partition function; the other values do not change. Duplicates are each other's neighbours, ties go to the
    lower row. What is undefined is omitted; no value is NaN.

    Args:
        a, b: (n, p) and (n, q), or views or texts, whose items are taken. Row i is the same item in both;
            where both have ids, b's rows are put in the order of a's.
        counts: (n,) how often each item occurs in the training part.
        categories: (n, C) which item carries which category.
        settings: how many neighbours, anchors, shuffles … are taken, and the seed of all that is drawn.

    Returns:
        Evidence whose table has one row per anchor.

    Raises:
        SemcompError: matrices that do not fit together or are the same, NaN, equal rows only, fewer than
            10 items that are zero in neither matrix, k not below their number, counts or categories of
            another length, groups that cannot be made of the items.

    >>> few = sc.GeometrySettings(resamples=100, permutations=19)
    >>> sc.geometry(text, cf, settings=few)["cka"].value < 1
    True
    """
    sides = two_sides(a, b, ("a", "b"))
    x, y = same_items(sides[0].rows, sides[1].rows, names=("a", "b"), min_rows=MIN_ITEMS)
    check_differ(sides, ("a", "b"))
    n, k, groups, seed = len(x), settings.k, settings.groups, settings.seed
    for label, one in (("a", x), ("b", y)):
        if (one == one[0]).all():
            raise SemcompError(f"all rows of matrix {label} are equal; there is nothing to compare")
    if groups != 0 and not 2 <= groups <= n:
        raise SemcompError(f"{groups} groups of {n} items; use between 2 and {n}, or 0 for no intervals")
    popularity = None if counts is None else _counts(counts, n)
    subsets = _subsets(popularity, categories, n)
    zero = [~one.any(axis=1) for one in (x, y)]
    directed = np.flatnonzero(~(zero[0] | zero[1]))  # items that have a direction on both sides
    if len(directed) < MIN_ITEMS:
        raise SemcompError(
            f"{len(directed)} items are zero in neither matrix; at least {MIN_ITEMS} are needed"
        )
    check_k(k, len(directed))
    places = choose_anchors(len(directed), settings.anchors, seed)

    spent = {"groups": groups, "shuffles": settings.shuffles, "seed": seed}
    values = linear_values(x, y, **spent)
    for name, inside in subsets.items():
        for key, value in unbiased_cka_value(x[inside], y[inside], **spent).items():
            values[f"{key}.{name}"] = value
    compared = directed[choose_anchors(len(directed), settings.rsa_items, seed)]
    values |= _rsa(x, y, compared, settings)
    units = unit_float32(x[directed]), unit_float32(y[directed])
    local = Local.of(units, places, k, seed, settings.memory)
    found, table = agreement(
        local, {name: one[directed] for name, one in subsets.items()}, settings.resamples
    )
    values |= found
    table.index = pd.Index(directed[places], name="item")
    if popularity is not None:
        values |= popularity_matched(local, popularity[directed], settings.resamples)
        table["stratum"] = np.array(STRATA)[strata(popularity)[directed[places]]]
        table["log_popularity"] = np.log1p(popularity[directed[places]])
    values |= hubs(local, None if popularity is None else popularity[directed], groups)
    for label, rows in zip("ab", zero, strict=True):
        values[f"zero_rows.{label}"] = Value(float(rows.sum()), n=n)
    spent = asdict(settings) | {"anchors": len(places), "rsa_items": len(compared)}
    del spent["memory"]  # no number depends on it
    provenance = {
        "items": n,
        "a": _described(sides[0]),
        "b": _described(sides[1]),
        **spent,
        "subsets": list(subsets),
        "counts": None if popularity is None else digest(popularity),
        "versions": versions(),
    }
    return Evidence(f"geometry({sides[0].name}, {sides[1].name})", values, table, provenance)


def _rsa(x: Matrix, y: Matrix, rows: Rows, settings: GeometrySettings) -> dict[str, Value]:
    """Spearman of pairs of these items, with the p-value of the Mantel test."""
    seed = settings.seed
    a, b = unit_float64(x[rows]), unit_float64(y[rows])
    order = np.random.default_rng([seed, 2]).permutation(len(rows))
    found = jackknife(
        lambda kept: {"rsa": spearman_of_pairs(a[kept], b[kept])},
        len(rows),
        null=lambda kept: {"rsa": spearman_of_pairs(a[kept], b[order[kept]])},
        groups=min(settings.groups, len(rows)),
        seed=seed,
    )
    if "rsa" not in found:
        return {}
    test = mantel(a, b, permutations=settings.permutations, sample=len(rows), seed=seed)
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
            raise SemcompError(f"categories of {categories.shape[0]} items; give one row for each of the {n}")
        columns = sp.csc_array(categories)
        size = np.diff(columns.indptr)
        for column in np.sort(np.argsort(-size, kind="stable")[:CATEGORIES]):
            inside = np.zeros(n, dtype=bool)
            inside[columns.indices[columns.indptr[column] : columns.indptr[column + 1]]] = True
            found[f"category.{column}"] = inside
    return {name: inside for name, inside in found.items() if inside.sum() >= MIN_ITEMS}


def _described(side: Items) -> dict[str, Any]:
    return {
        "name": side.name,
        "shape": list(side.rows.shape),
        "sha256": digest(side.rows),
        "provenance": without_cost(side.provenance),
    }
