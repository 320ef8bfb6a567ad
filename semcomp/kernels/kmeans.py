"""k-means by Lloyd's iterations, the same bytes for the same seed on a CPU."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

ITERATIONS = 25  # at most; as many as faiss does


def kmeans(x: Tensor, clusters: int, draw: torch.Generator) -> tuple[Tensor, Tensor]:
    """Centroids (k, d) and the one nearest to each row (n,), by Euclidean distance; ties to the lower one.

    Lloyd, "Least squares quantization in PCM", 1982. Begins at distinct rows drawn at random; a centroid that
    nothing is nearest to stays where it is. Ends when no row changes, or after `ITERATIONS`.

    Args:
        x: (n, d), n > 0. clusters: k, all rows where there are fewer.
        draw: a CPU generator.
    """
    centroids = x[torch.randperm(len(x), generator=draw)[:clusters].to(x.device)]
    nearest = assign(x, centroids)
    for _ in range(ITERATIONS):
        sizes = torch.bincount(nearest, minlength=len(centroids))
        means = F.embedding_bag(nearest.argsort(stable=True), x, sizes.cumsum(0) - sizes, mode="mean")
        centroids = torch.where(sizes[:, None] > 0, means, centroids)
        before, nearest = nearest, assign(x, centroids)
        if torch.equal(before, nearest):
            break
    return centroids, nearest


def assign(x: Tensor, centroids: Tensor) -> Tensor:
    """(n, d), (k, d) -> (n,) the nearest centroid: largest x·c - ‖c‖²/2, in blocks of rows."""
    offset = -centroids.square().sum(dim=1) / 2
    rows = max(1, 2**22 // len(centroids))
    return torch.cat([torch.addmm(offset, part, centroids.T).argmax(dim=1) for part in x.split(rows)])
