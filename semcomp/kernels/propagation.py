"""Linear graph propagation over users and items (LightGCN, He et al. 2020)."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor


def normalized_adjacency(train: sp.csr_array) -> Tensor:
    """D^-1/2 A D^-1/2 of the bipartite train graph as torch CSR, (U+I) × (U+I), users first.

    A node without an edge has a zero row: it neither sends nor receives.
    """
    graph = sp.csr_array(sp.block_array([[None, train], [train.T, None]], format="csr"), dtype=np.float64)
    degree = np.asarray(graph.sum(axis=1)).ravel()
    scale = np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    graph.data *= np.repeat(scale, np.diff(graph.indptr)) * scale[graph.indices]
    with warnings.catch_warnings():  # torch announces that its CSR support is in beta
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(
            torch.from_numpy(graph.indptr.astype(np.int64)),
            torch.from_numpy(graph.indices.astype(np.int64)),
            torch.from_numpy(graph.data.astype(np.float32)),
            size=graph.shape,
        )


class _SymmetricProduct(torch.autograd.Function):
    """A @ x for symmetric A: the gradient is A @ g, so no transposed copy is made or kept."""

    @staticmethod
    def forward(ctx: Any, adjacency: Tensor, x: Tensor) -> Tensor:
        ctx.adjacency = adjacency
        return adjacency @ x

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, ctx.adjacency @ gradients[0]


def propagate(adjacency: Tensor, x: Tensor, layers: int) -> Tensor:
    """Mean of x, Âx, …, Â^layers x; (N, d) -> (N, d). `layers=0` returns x."""
    total, current = x, x
    for _ in range(layers):
        current = _SymmetricProduct.apply(adjacency, current)  # type: ignore[no-untyped-call]
        total = total + current
    return total / (layers + 1)
