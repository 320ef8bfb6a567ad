"""k-means that spreads its start, and k-means whose clusters have a least and a largest size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from semcomp.kernels.kmeans import ITERATIONS, assign
from semcomp.kernels.random import generator


def kmeans(x: Tensor, clusters: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Centroids (k, d) and the nearest to each row (n,), by Lloyd's iterations from `spread` rows.

    A centroid that nothing is nearest to moves to the row that is farthest from its own, one row each. Of
    fewer distinct rows than clusters the rest of the centroids are copies, which no row is assigned to.

    Args:
        x: (n, d), n > 0. draw: a CPU generator.
    """
    centroids = x[spread(x, clusters, draw)]
    nearest = assign(x, centroids)
    for _ in range(ITERATIONS):
        sizes = torch.bincount(nearest, minlength=clusters)
        means = F.embedding_bag(nearest.argsort(stable=True), x, sizes.cumsum(0) - sizes, mode="mean")
        centroids = torch.where(sizes[:, None] > 0, means, centroids)
        empty = (sizes == 0).nonzero()[:, 0]
        if len(empty):
            apart = (x - centroids[nearest]).square().sum(dim=1)
            far = apart.argsort(descending=True, stable=True)[: len(empty)]
            centroids[empty[: len(far)]] = x[far]
        before, nearest = nearest, assign(x, centroids)
        if torch.equal(before, nearest):
            break
    return centroids, nearest


def residual(x: Tensor, sizes: Sequence[int], seed: int) -> list[tuple[Tensor, Tensor]]:
    """k-means of the rows, then of what is left of them, and so on: centroids and nearest ones by level."""
    found = []
    for level, size in enumerate(sizes):
        found.append(kmeans(x, size, generator(seed, "codebook", level)))
        x = x - found[-1][0][found[-1][1]]
    return found


def spread(x: Tensor, clusters: int, draw: torch.Generator) -> Tensor:
    """(k,) rows, each drawn in proportion to the squared distance from those drawn before: k-means++.

    Arthur and Vassilvitskii, "k-means++: the advantages of careful seeding", SODA 2007. Once every row is
    among them, rows repeat.
    """
    chance = torch.rand(clusters, generator=draw, dtype=torch.float64).to(x.device)
    lengths = x.square().sum(dim=1)
    rows = torch.empty(clusters, dtype=torch.long, device=x.device)
    apart = torch.full_like(lengths, torch.inf)
    for at in range(clusters):
        weights = apart.double().cumsum(0) if at else torch.arange(1.0, len(x) + 1, device=x.device).double()
        rows[at] = torch.searchsorted(weights, chance[at] * weights[-1], right=True).clamp(max=len(x) - 1)
        row = x[rows[at]]
        new = (lengths - 2 * (x @ row) + row.square().sum()).clamp(min=0)
        new[new <= 1e-6 * lengths] = 0  # a copy, but for rounding
        apart = torch.minimum(apart, new)
    return rows


def constrained(
    x: NDArray[np.float64], centroids: NDArray[np.float64], least: int, most: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """k-means whose clusters have from `least` to `most` rows, from these centroids; centroids and labels.

    Each assignment is exact, a transport of rows to places (Bradley, Bennett and Demiriz, "Constrained
    k-means clustering", 2000); made for hundreds of rows, since all pairs of row and place are held.

    Args:
        x: (n, d), with k · least <= n <= k · most.
    """
    k = len(centroids)
    labels = np.full(len(x), -1)
    for _ in range(10):
        cost = ((x[:, None] - centroids) ** 2).sum(axis=2)
        places = np.repeat(cost, most, axis=1)  # each cluster has `most` places in a row
        must = np.tile(np.arange(most) < least, k)
        places[:, must] -= len(x) * (cost.max() + 1)  # so much is saved that none of these stays free
        now = linear_sum_assignment(places)[1] // most
        if np.array_equal(now, labels):
            break
        labels = now
        centroids = np.stack(
            [x[labels == c].mean(0) if (labels == c).any() else centroids[c] for c in range(k)]
        )
    return centroids, labels
