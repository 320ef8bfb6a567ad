"""DaRec's four losses, on rows that were drawn: (n, d) shared and specific parts of two views of the same."""

from __future__ import annotations

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from semcomp.kernels.uniformity import uniformity


def orthogonality(specific: Tensor, shared: Tensor) -> Tensor:
    """Mean over rows of cos(specific, shared)², in [0, 1]: 0 where the two parts are at right angles."""
    return F.cosine_similarity(specific, shared).square().mean()


def spread(specific: Tensor) -> Tensor:
    """log mean_{a≠b} exp(-2 ‖n(x_a) - n(x_b)‖²) of the unit rows, 0 at most; no row is its own pair."""
    return uniformity(F.normalize(specific))


def global_structure(one: Tensor, other: Tensor) -> Tensor:
    """‖C_1 - C_2‖_F² / n², C the cosines of all rows of a view: the mean over pairs, in [0, 4].

    In products of the width alone, ‖C_1 - C_2‖² = ‖XᵀX‖² - 2 ‖XᵀY‖² + ‖YᵀY‖² of the unit rows X and Y, so
    that no n × n matrix is held.
    """
    x, y = F.normalize(one), F.normalize(other)
    squares = [(a.T @ b).square().sum() for a, b in ((x, x), (x, y), (y, y))]
    return (squares[0] - 2 * squares[1] + squares[2]) / len(x) ** 2


def local_structure(one: Tensor, other: Tensor) -> Tensor:
    """1/K Σ_i (S_ii - 1)² + 1/(K² - K) Σ_{i≠j} S_ij², S_ij the cosine of centres i and j, one of each view.

    Centres are (K, d), matched: row i of one belongs to row i of the other. The second sum is 0 where K = 1,
    and both are where K = 0: the few rows of a small batch may have no centre in common.
    """
    cosines = F.normalize(one) @ F.normalize(other).T  # (K, K)
    own, count = cosines.diagonal(), len(cosines)
    rest = (cosines.square().sum() - own.square().sum()) / max(1, count**2 - count)
    return (own - 1).square().sum() / max(1, count) + rest


def centres(rows: Tensor, cluster: Tensor, clusters: int) -> tuple[Tensor, Tensor]:
    """(K, d) means of the rows of each cluster, with a gradient, and (K,) whether it has any; else zeros."""
    sums = rows.new_zeros(clusters, rows.shape[1]).index_add(0, cluster, rows)
    counts = torch.bincount(cluster, minlength=clusters)
    return sums / counts.clamp_min(1)[:, None], counts > 0


def matched(one: Tensor, other: Tensor, *, greedy: bool) -> Tensor:
    """(K,) the centre of the other view that belongs to each of one, every centre once.

    Greedy, as published: of all pairs left, the one at the least Euclidean distance is taken, until all are
    (ties to the lower rows). Otherwise the sum of the distances is the least possible (Kuhn, "The Hungarian
    method for the assignment problem", 1955).
    """
    distances = torch.cdist(one.detach().double(), other.detach().double()).cpu().numpy()
    if not greedy:
        return torch.from_numpy(linear_sum_assignment(distances)[1]).to(one.device)
    partner = np.empty(len(distances), np.int64)
    for _ in range(len(distances)):
        row, column = np.unravel_index(distances.argmin(), distances.shape)
        partner[row] = column
        distances[row], distances[:, column] = np.inf, np.inf
    return torch.from_numpy(partner).to(one.device)
