"""Perturbed graphs and perturbed vectors: two views of the same nodes, to be distinguished from the others.

Graphs by leaving edges out (SGL, Wu et al., SIGIR 2021), vectors by small noise (SimGCL, Yu et al., SIGIR
2022).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from semcomp.kernels.propagation import normalized_adjacency, product, smooth


def drop_edges(train: sp.csr_array, drop: float, draw: torch.Generator) -> sp.csr_array:
    """The train matrix with ⌊(1 - drop) · nnz⌋ of its pairs, drawn without replacement."""
    keep = torch.randperm(train.nnz, generator=draw)[: int(train.nnz * (1 - drop))].numpy()
    kept = np.zeros(train.nnz, bool)
    kept[keep] = True
    return _only(train, kept)


def drop_nodes(train: sp.csr_array, drop: float, draw: torch.Generator) -> sp.csr_array:
    """The train matrix without the pairs of ⌊drop · U⌋ users and of ⌊drop · I⌋ items."""
    users, items = (torch.randperm(size, generator=draw).numpy() >= int(size * drop) for size in train.shape)
    return _only(train, np.repeat(users, np.diff(train.indptr)) & items[train.indices])


def _only(train: sp.csr_array, kept: NDArray[np.bool_]) -> sp.csr_array:
    offsets = np.concatenate([[0], np.cumsum(kept)])[train.indptr]
    return sp.csr_array((train.data[kept], train.indices[kept], offsets), shape=train.shape)


Drop = Callable[[sp.csr_array, float, torch.Generator], sp.csr_array]

#: What is dropped, and whether every layer has a graph of its own.
AUGMENTATIONS: dict[str, tuple[Drop, bool]] = {
    "edge": (drop_edges, False),
    "node": (drop_nodes, False),
    "walk": (drop_edges, True),
}


def dropped_graphs(
    train: sp.csr_array, augmentation: str, drop: float, layers: int, draw: torch.Generator
) -> list[Tensor]:
    """An adjacency for each layer, (U+I, U+I), normalised again by the degrees that are left.

    Args:
        augmentation: a name of `AUGMENTATIONS`: "edge" (the same edges left out in all layers), "node" (the
            same nodes), "walk" (edges, others in each layer). drop: share of edges or nodes, 0 to 1.
    """
    leave_out, per_layer = AUGMENTATIONS[augmentation]
    graphs = [normalized_adjacency(leave_out(train, drop, draw)) for _ in range(layers if per_layer else 1)]
    return graphs if per_layer else graphs * layers


def propagate_over(graphs: Sequence[Tensor], x: Tensor) -> Tensor:
    """Mean of x, G₁x, G₂G₁x, …: `propagate` with a symmetric graph for each layer; (N, d) -> (N, d)."""
    total = step = x
    for graph in graphs:
        step = smooth(graph, step)
        total = total + step
    return total / (len(graphs) + 1)


def sign_noise(x: Tensor, epsilon: float, draw: torch.Generator) -> Tensor:
    """ε sign(x) ⊙ r/‖r‖, r uniform on [0, 1)^d: a step of length ε that stays in the orthant of each row.

    (N, d) -> (N, d), with a generator on the device of x; shorter where a row has zeros, none where it is 0.
    """
    noise = torch.rand(x.shape, generator=draw, device=x.device, dtype=x.dtype)
    return F.normalize(noise).mul_(torch.sign(x)).mul_(epsilon)


@torch.no_grad()
def noisy_layers(
    adjacency: Tensor, x: Tensor, layers: int, epsilon: float, rows: Tensor, draw: torch.Generator
) -> Tensor:
    """Rows of x_0 = x, x_l = Â x_{l-1} + `sign_noise`, for l = 0 … layers: (N, d) -> (layers + 1, n, d).

    Without a gradient: noise is a constant, so the noisy pass has the gradient of the clean one. Noise of the
    last layer reaches no other row, and is drawn for the wanted rows only, which are distinct.
    """
    seen = [x[rows]]
    for _ in range(layers - 1):
        x = product(adjacency, x)
        x = x + sign_noise(x, epsilon, draw)
        seen.append(x[rows])
    if layers > 0:
        last = product(adjacency, x)[rows]
        seen.append(last + sign_noise(last, epsilon, draw))
    return torch.stack(seen)


def on_device(draw: torch.Generator, device: torch.device) -> torch.Generator:
    """The stream itself on a CPU; elsewhere one of that device with the same seed, hence other numbers."""
    if device.type == "cpu":
        return draw
    return torch.Generator(device).manual_seed(draw.initial_seed())
