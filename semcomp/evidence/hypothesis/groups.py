"""The groups of items in which one map should do equally well, and how unequally it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from semcomp.data import Split
from semcomp.data.popularity import item_counts, strata
from semcomp.errors import SemcompError
from semcomp.evidence.hypothesis.maps import Labels
from semcomp.evidence.statistics.bootstrap import Floats
from semcomp.kernels.kmeans import kmeans

LEAST = 20  # items of a group; smaller ones are put together


def item_groups(
    source: Floats,
    split: Split,
    given: Mapping[str, Sequence[object] | NDArray[Any]] | None,
    *,
    clusters: int,
    seed: int,
) -> dict[str, Labels]:
    """(I,) codes by grouping: "popularity" (strata of train counts), "clusters" (k-means), and those given.

    One given under a default's name takes its place. Groups of fewer than 20 items are merged into one; a
    default with fewer than two groups after that is dropped.

    Raises:
        SemcompError: labels that are not one per item, a given grouping that has fewer than two groups, or no
            grouping at all.
    """
    n = len(source)
    found = {"popularity": _pooled(strata(item_counts(split.train)).astype(np.int64))}
    wanted = min(clusters, n // (2 * LEAST))
    if wanted > 1:
        draw = torch.Generator().manual_seed(seed)
        labels = kmeans(torch.tensor(source, dtype=torch.float32), wanted, draw)[1]
        found["clusters"] = _pooled(labels.numpy())
    found = {name: codes for name, codes in found.items() if codes.max() > 0}
    for name, labels_given in (given or {}).items():
        listed = np.asarray(labels_given)
        if listed.shape != (n,):
            raise SemcompError(
                f"grouping {name!r} has shape {listed.shape}; give one label for each of {n} items"
            )
        codes = _pooled(np.unique(listed, return_inverse=True)[1])
        if codes.max() == 0:
            raise SemcompError(
                f"grouping {name!r} does not have two groups of {LEAST} items or more; omit it"
            )
        found[name] = codes
    if not found:
        raise SemcompError("the items do not form two groups by popularity or cluster; give groups")
    return found


def _pooled(codes: Labels) -> Labels:
    """Codes 0 … G − 1 in which groups below `LEAST` have become one, the last."""
    sizes = np.bincount(codes)
    small = sizes[codes] < LEAST
    return np.asarray(np.unique(np.where(small, len(sizes), codes), return_inverse=True)[1], dtype=np.int64)


def spread(values: Floats, codes: Labels) -> tuple[float, float]:
    """Variance between groups of the mean of `values`, and what permuted labels give in its place.

    `Σ_g (n_g / n) (x̄_g − x̄)²`; over all permutations of the labels its mean is `(G − 1) s² / n`, with s² the
    sample variance and G the groups that have rows (a random group's mean has variance s² (1/n_g − 1/n)).
    The first less the second is 0 on average where the groups do not matter. Needs two rows.
    """
    sizes = np.bincount(codes)
    means = np.bincount(codes, values) / np.maximum(sizes, 1)
    between = float((sizes / len(values)) @ (means - values.mean()) ** 2)
    return between, float((np.count_nonzero(sizes) - 1) * values.var(ddof=1) / len(values))
