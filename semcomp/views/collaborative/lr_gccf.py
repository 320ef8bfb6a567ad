"""LR-GCCF: linear propagation, every layer's vectors side by side.

Chen et al., "Revisiting Graph Based Collaborative Filtering: A Linear Residual Graph Convolutional Network
Approach", AAAI 2020.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.kernels.propagation import layers_of, normalized_adjacency
from semcomp.views.collaborative.lightgcn import GraphTables, check_size
from semcomp.views.training import Training, train_view


class ConcatenatedLayers(GraphTables):
    """[E ; ÂE ; … ; Â^L E] by column, Â with self-loops."""

    def __init__(self, split: Split, dim: int, layers: int, seed: int) -> None:
        super().__init__(split, dim, layers, seed)
        self.adjacency = normalized_adjacency(split.known.train, self_loops=True)

    def smoothed(self) -> Tensor:
        return torch.cat(layers_of(self.adjacency, self.table, self.layers), dim=1)  # (U+I, (L+1) d)


@checked
@dataclass(frozen=True)
class LRGCCF:
    """Collaborative view: `[E ; ÂE ; … ; Â^L E]`, Â = D^-1/2 (A + I) D^-1/2, degrees with the loop.

    The inner product of two such rows is `Σ_l ⟨e_u^l, e_i^l⟩`: each layer adds its preference to that of the
    layer below, which the authors call residual. Non-linearities and the weights between layers are left out,
    as in their code (github.com/newlei/LR-GCCF): a linear map of each layer can be taken into the next.

    Differs from it:

    - The default loss is the sampled softmax over cosines that all our trained views share, not BPR; so rows
      leave with unit norm over all layers together. Theirs is `Training(loss=BPR(), lr=5e-3)`.
    - Their penalty, 0.01 Σ ‖·‖², is on the concatenated rows; `Training.penalty` is on the free rows.
    - Xavier-normal start as for all graph views, instead of a standard deviation of 0.01.

    Attributes:
        dim: width of the free vectors; the view is (L + 1) times as wide. layers: propagation steps L.
    """

    dim: int = 64
    layers: int = 2
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. A user without an edge keeps its random start."""
        split = Inputs.of(inputs).split
        encoder = ConcatenatedLayers(split, self.dim, self.layers, seed)
        return train_view("LR-GCCF", self, encoder, split, seed, checkpoint=checkpoint)
