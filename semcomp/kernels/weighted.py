"""Propagation with weights of one's own on the edges, with gradients to the weights as well.

Over the entries of a sparse pattern: cosines of the two ends of every edge, weighted means of the neighbours,
and attention, where products of the ends are the weights. Memory is that of the edges and of the vectors;
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

SHORT = 1e-12  # a row of this length has no direction, as for torch's `normalize`


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


def edge_cosines(edges: Edges, x: Tensor) -> Tensor:
    """cos(x_r, x_c) for every edge (r, c), with gradients: (N, d) -> (E,).

    A row shorter than 1e-12 counts as zeros: it has cosine 0 with everything and gets no gradient.
    """
    apply: Callable[..., Tensor] = _EdgeCosines.apply
    return apply(edges, x)


def weighted_mean(edges: Edges, weights: Tensor, x: Tensor) -> Tensor:
    """Σ_c w_rc x_c / Σ_c w_rc over the edges of r, with gradients to weights and vectors.

    (E,), (N, d) -> (N, d). Weights are at least 0 and not made symmetric by anything here; a row without
    edges, or whose weights sum to 0, is a row of zeros and passes no gradient.
    """
    apply: Callable[..., Tensor] = _WeightedMean.apply
    return apply(edges, weights, x)


def attention(edges: Edges, query: Tensor, key: Tensor, value: Tensor, bound: float) -> Tensor:
    """Σ_c w_rc v_c / Σ_c w_rc, w_rc = e^{⟨q_r, k_c⟩}, over the edges of r, with gradients to all three.

    (N, d), (N, d), (N, e) -> (N, e). Inner products are cut to ±`bound`, so that exponentials need no maximum
    taken off; one that is cut passes no gradient. A row without edges is a row of zeros.
    """
    apply: Callable[..., Tensor] = _Attention.apply
    return apply(edges, query, key, value, bound)


class _EdgeCosines(torch.autograd.Function):
    """Lengths are divided out on the edges: unit rows cost a pass over all vectors, and several back."""

    @staticmethod
    def forward(ctx: Any, edges: Edges, x: Tensor) -> Tensor:
        length = torch.linalg.vector_norm(x, dim=1)
        inverse = torch.where(length > SHORT, 1 / length, 0.0)  # (N,), its square a number too
        columns = edges.pattern.col_indices()
        scale = inverse.index_select(0, edges.rows) * inverse.index_select(0, columns)  # (E,)
        cosines = _products(edges, x, x).mul_(scale)
        ctx.edges = edges
        ctx.save_for_backward(x, inverse, scale, cosines)
        return cosines

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        edges, (x, inverse, scale, cosines) = ctx.edges, ctx.saved_tensors
        both = gradients[0] + edges.reversed(gradients[0])  # x_r is an end of (r, c) and of (c, r)
        # d cos_rc / d x_r = x_c / (|x_r| |x_c|) - cos_rc x_r / |x_r|²
        own = product(edges.matrix(both * cosines), x.new_ones(len(x), 1)) * inverse.square()[:, None]
        return None, product(edges.matrix(both.mul_(scale)), x).addcmul_(x, own, value=-1)


class _WeightedMean(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, edges: Edges, weights: Tensor, x: Tensor) -> Tensor:
        mean, share = _mean(edges, weights, x)
        ctx.edges = edges
        ctx.save_for_backward(weights, x, mean, share)
        return mean

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor, Tensor]:
        return None, *_mean_gradients(ctx.edges, gradients[0], *ctx.saved_tensors)


class _Attention(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, edges: Edges, query: Tensor, key: Tensor, value: Tensor, bound: float) -> Tensor:
        logits = _products(edges, query, key)  # (E,)
        cut = logits.abs() > bound
        weights = logits.clamp_(-bound, bound).exp_()
        mean, share = _mean(edges, weights, value)
        ctx.edges = edges
        ctx.save_for_backward(query, key, cut, weights, value, mean, share)
        return mean

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        edges, (query, key, cut, weights, *rest) = ctx.edges, ctx.saved_tensors
        to_weights, to_value = _mean_gradients(edges, gradients[0], weights, *rest)
        to_logits = to_weights.mul_(weights).masked_fill_(cut, 0.0)
        to_query = product(edges.matrix(to_logits), key)
        to_key = product(edges.matrix(edges.reversed(to_logits)), query)
        return None, to_query, to_key, to_value, None


def _mean(edges: Edges, weights: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
    """The weighted mean (N, d), and one over the sum of each row's weights (N, 1), 0 where that is 0."""
    matrix = edges.matrix(weights)
    total = product(matrix, x.new_ones(len(x), 1))
    share = torch.where(total > 0, 1 / total, 0.0)
    return product(matrix, x).mul_(share), share


def _mean_gradients(
    edges: Edges, gradient: Tensor, weights: Tensor, x: Tensor, mean: Tensor, share: Tensor
) -> tuple[Tensor, Tensor]:
    """Of the weighted mean, to the weights and to the vectors."""
    back = gradient * share  # (N, d)
    # d mean_r / d w_rc = (x_c - mean_r) / total_r
    own = torch.einsum("nd,nd->n", back, mean)
    to_weights = _products(edges, back, x).sub_(own.index_select(0, edges.rows))
    return to_weights, product(edges.matrix(edges.reversed(weights)), back)


def _products(edges: Edges, a: Tensor, b: Tensor) -> Tensor:
    """⟨a_r, b_c⟩ of every edge without a gradient, by torch's sampled product: nothing of size E × d."""
    values: Tensor = torch.sparse.sampled_addmm(edges.pattern.to(a.dtype), a, b.T, beta=0.0).values()
    return values
