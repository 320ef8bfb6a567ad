"""Propagation with weights of one's own on the edges, with gradients to the weights as well.

Two operations over the entries of a sparse pattern, each the other's derivative: inner products of the two
ends of every edge, and weighted means of the neighbours. Memory is that of the edges and of the vectors;
neither a dense graph nor vectors for each edge are ever made.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn

from semcomp.kernels.propagation import product


class Edges(nn.Module):
    """The entries (r, c) of a square matrix whose pattern is symmetric, in row order; values play no part.

    A module, so that it follows the one that holds it from device to device; it has no state to store.

    Args:
        matrix: (N, N) torch CSR with sorted indices, (c, r) stored wherever (r, c) is.
    """

    pattern: Tensor
    rows: Tensor
    reverse: Tensor

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        offsets, columns = matrix.crow_indices(), matrix.col_indices()
        order = (np.arange(len(columns)), columns.numpy(), offsets.numpy())
        turned = sp.csr_array(order, shape=matrix.shape).tocsc()  # a counting sort by column, then row
        fixed = {
            "pattern": torch.sparse_csr_tensor(offsets, columns, torch.zeros(len(columns)), matrix.shape),
            "rows": torch.repeat_interleave(offsets.diff()),  # (E,)
            "reverse": torch.from_numpy(turned.data),  # (E,) where the opposite of each edge stands
        }
        for name, values in fixed.items():
            self.register_buffer(name, values, persistent=False)

    def matrix(self, values: Tensor) -> Tensor:
        """(E,) values as torch CSR, (N, N)."""
        pattern = self.pattern
        return torch.sparse_csr_tensor(
            pattern.crow_indices(), pattern.col_indices(), values, pattern.shape, check_invariants=False
        )

    def reversed(self, values: Tensor) -> Tensor:
        """(E,) the value of each edge's opposite: the transposed matrix."""
        return values.index_select(0, self.reverse)  # several times faster on a CPU than values[...]


def edge_products(edges: Edges, a: Tensor, b: Tensor) -> Tensor:
    """⟨a_r, b_c⟩ for every edge (r, c), with gradients: (N, d), (N, d) -> (E,)."""
    apply: Callable[..., Tensor] = _EdgeProducts.apply
    return apply(edges, a, b)


def weighted_mean(edges: Edges, weights: Tensor, x: Tensor) -> Tensor:
    """Σ_c w_rc x_c / Σ_c w_rc over the edges of r, with gradients to weights and vectors.

    (E,), (N, d) -> (N, d). Weights are at least 0 and not made symmetric by anything here; a row without
    edges, or whose weights sum to 0, is a row of zeros and passes no gradient.
    """
    apply: Callable[..., Tensor] = _WeightedMean.apply
    return apply(edges, weights, x)


class _EdgeProducts(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, edges: Edges, a: Tensor, b: Tensor) -> Tensor:
        ctx.edges, ctx.same = edges, a is b
        ctx.save_for_backward(a, b)
        return _products(edges, a, b)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor | None]:
        edges, (a, b), on_edges = ctx.edges, ctx.saved_tensors, gradients[0].contiguous()
        if ctx.same:  # its two gradients are sums over the same edges: one pass for both
            return None, product(edges.matrix(on_edges + edges.reversed(on_edges)), a), None
        to_a = product(edges.matrix(on_edges), b)
        return None, to_a, product(edges.matrix(edges.reversed(on_edges)), a)


class _WeightedMean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, edges: Edges, weights: Tensor, x: Tensor) -> Tensor:
        matrix = edges.matrix(weights)
        total = product(matrix, x.new_ones(len(x), 1))  # (N, 1)
        share = torch.where(total > 0, 1 / total, 0.0)
        mean = product(matrix, x) * share
        ctx.edges = edges
        ctx.save_for_backward(weights, x, mean, share)
        return mean

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        edges, (weights, x, mean, share) = ctx.edges, ctx.saved_tensors
        back = gradients[0] * share  # (N, d)
        # d mean_r / d w_rc = (x_c - mean_r) / total_r
        to_weights = _products(edges, back, x) - (back * mean).sum(dim=1).index_select(0, edges.rows)
        return None, to_weights, product(edges.matrix(edges.reversed(weights)), back)


def _products(edges: Edges, a: Tensor, b: Tensor) -> Tensor:
    """⟨a_r, b_c⟩ of every edge without a gradient, by torch's sampled product: nothing of size E × d."""
    values: Tensor = torch.sparse.sampled_addmm(edges.pattern.to(a.dtype), a, b.T, beta=0.0).values()
    return values
