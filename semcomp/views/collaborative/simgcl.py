"""SimGCL and XSimGCL: LightGCN whose nodes are to be recognised under noise, no graph being changed.

Yu et al., "Are Graph Augmentations Necessary? Simple Graph Contrastive Learning for Recommendation", SIGIR
2022; Yu et al., "XSimGCL: Towards Extremely Simple Graph Contrastive Learning for Recommendation", TKDE 2024.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.augmentation import noisy_layers, on_device
from semcomp.kernels.propagation import layers_of, propagate, smooth
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.collaborative.lightgcn import GraphTables, check_size
from semcomp.views.collaborative.pooled_contrast import contrast_within
from semcomp.views.training import Batch, Term, Training, train_view


class SkippingTables(GraphTables):
    """Mean of layers 1 … L, or of 0 … L with `input_layer`; noise is drawn from `draw` in each epoch."""

    def __init__(self, split: Split, model: SimGCL | XSimGCL, seed: int) -> None:
        super().__init__(split, model.dim, model.layers, seed)
        self.model, self.first = model, 0 if model.input_layer else 1

    def begin(self, seed: int, epoch: int) -> None:
        self.draw = on_device(generator(seed, "simgcl.noise", epoch), self.table.device)
        self.draw_others = generator(seed, "simgcl.negatives", epoch)

    def smoothed(self) -> Tensor:
        below = propagate(self.adjacency, self.table, self.layers - self.first)
        self.clean = smooth(self.adjacency, below) if self.first else below  # (U+I, d)
        return self.clean

    def noisy(self, rows: Tensor) -> Tensor:
        """(L + 1, n, d): these rows in all layers of a pass with noise, a new one each time."""
        return noisy_layers(
            self.adjacency, self.table.detach(), self.layers, self.model.epsilon, rows, self.draw
        )

    def nodes_of(self, batch: Batch) -> tuple[Tensor, list[int]]:
        """(n,) rows of the batch's users, then of its items, each once; the number of either."""
        users, items = batch.users.unique(), batch.items.unique() + self.n_users
        return torch.cat([users, items]), [len(users), len(items)]

    def contrast(self, one: Tensor, other: Tensor, sizes: list[int]) -> Tensor:
        """λ [ InfoNCE of users among users + InfoNCE of items among items ]: (n, d) twice, users first."""
        model = self.model
        users, items = (
            contrast_within(*views, model.temperature, model.negatives, self.draw_others)
            for views in zip(one.split(sizes), other.split(sizes), strict=True)
        )
        return model.weight * (users + items)


def with_value(clean: Tensor, value: Tensor) -> Tensor:
    """The value, with the gradient of the clean pass: noise is a constant, and propagation is linear."""
    return clean + (value - clean).detach()


class NoiseContrast(Term):
    """The batch's nodes in one pass with noise, to be found in another."""

    def __init__(self, encoder: SkippingTables) -> None:
        super().__init__()
        self.encoder = (encoder,)  # in a tuple: its parameters are not this term's

    def forward(self, batch: Batch) -> Tensor:
        (encoder,) = self.encoder
        rows, sizes = encoder.nodes_of(batch)
        clean = F.embedding(rows, encoder.clean)  # (n, d)
        one, other = (with_value(clean, encoder.noisy(rows)[encoder.first :].mean(dim=0)) for _ in range(2))
        return encoder.contrast(one, other, sizes)


class NoisyTables(SkippingTables):
    """In training the pass that the loss sees has the noise; the same pass is kept for the contrast."""

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        if not self.training or users is None or items is None:
            return super().forward(users, items)
        wanted = torch.cat([users, items + self.n_users])
        self.seen, places = wanted.unique(return_inverse=True)  # a node that repeats has the same noise
        self.passed = self.noisy(self.seen)  # (L + 1, n, d)
        clean = F.embedding(self.seen, self.smoothed())
        self.final = with_value(clean, self.passed[self.first :].mean(dim=0))  # (n, d)
        both = F.embedding(places, self.final)
        return both[: len(users)], both[len(users) :]


class LayerContrast(Term):
    """The batch's nodes in the mean over the layers, to be found in one layer of the same pass."""

    def __init__(self, encoder: NoisyTables, layer: int) -> None:
        super().__init__()
        self.encoder, self.layer = (encoder,), layer

    def forward(self, batch: Batch) -> Tensor:
        (encoder,) = self.encoder
        rows, sizes = encoder.nodes_of(batch)
        places = torch.searchsorted(encoder.seen, rows)
        clean = F.embedding(rows, layers_of(encoder.adjacency, encoder.table, self.layer)[-1])
        layer = with_value(clean, encoder.passed[self.layer, places])
        final = F.embedding(places, encoder.final)
        return encoder.contrast(final, layer, sizes)


@checked
@dataclass(frozen=True)
class SimGCL:
    """Collaborative view: LightGCN without layer 0, + `weight` · InfoNCE between two passes with noise.

        e_l = Â e_{l-1} + ε sign(Â e_{l-1}) ⊙ r/‖r‖,  r uniform on [0, 1)^d,  l = 1 … L

    in a noisy pass, other noise for each node, layer, pass and batch. A user of the batch is to find itself
    among the batch's users in the other pass, an item among its items; each node counts once. The
    recommendation loss, and the ranking, see the clean pass. All three are means over layers 1 … L.

    Noise is a constant, and propagation linear: the noisy passes have the clean one's gradient, so they are
    computed without one, and the last layer's noise for the batch's nodes only. The values are the same.

    Differs from the authors' code (github.com/Coder-Yu/SELFRec):

    - The default loss is the sampled softmax over cosines that all our trained views share, not BPR; theirs
      is `Training(loss=BPR(), lr=1e-3)` with `weight=0.5`, `epsilon=0.1`, `temperature=0.2` on Yelp2018.
    - `weight` is smaller by default: the softmax already separates nodes, and on the validation part of
      MovieLens-100K a larger weight cost NDCG.
    - Their penalty is on the propagated rows, `Training.penalty` on the free ones.
    - The batch's other nodes are estimated from `negatives` of them, drawn for each batch and scaled up, for
      cost. With as many as the batch has nodes of a kind it is theirs.
    - RLMRec's SimGCL keeps layer 0 (`input_layer=True`), sums layers, and contrasts with all nodes;
      RecBole-GNN's sums the contrast over the batch, where this is a mean.

    Attributes:
        dim: width of the vectors. layers: propagation steps, from 1 unless `input_layer`.
        epsilon: ε, length of the noise. weight: λ of the contrast. temperature: of the contrast.
        negatives: the batch's users, and items, that represent all of its users and items.
        input_layer: the means count layer 0 as well. With it, `weight=0` is LightGCN, to the byte.
    """

    dim: int = 64
    layers: int = 2
    epsilon: float = 0.1
    weight: float = 0.02
    temperature: float = 0.2
    negatives: int = 512
    input_layer: bool = False
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_noisy(self)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. A user without an edge has a row of zeros."""
        split = Inputs.of(inputs).split
        encoder = SkippingTables(split, self, seed)
        terms = [NoiseContrast(encoder)] if self.weight > 0 else []
        return train_view("SimGCL", self, encoder, split, seed, terms=terms, checkpoint=checkpoint)


@checked
@dataclass(frozen=True)
class XSimGCL:
    """Collaborative view: `SimGCL` in one pass: the noisy one is trained, and contrasted with its own layer.

    The recommendation loss sees the mean over the layers of a pass with noise; the contrast is between that
    mean and layer l* of the same pass. The ranking sees a clean pass.

    Differs from the authors' code (github.com/Coder-Yu/SELFRec) as `SimGCL` does; theirs on Yelp2018 is
    `Training(loss=BPR(), lr=1e-3)` with `weight=0.2`, `epsilon=0.2`, `temperature=0.15`, `layer=1`. Items
    drawn as negatives get the noise too, as there; only the batch's own items are contrasted, as there.

    Attributes:
        dim, layers, epsilon, weight, temperature, negatives, input_layer: as in `SimGCL`. With `epsilon=0`,
            `weight=0` and `input_layer` it is LightGCN, to the byte.
        layer: l*, 0 (the free vectors) to `layers`.
    """

    dim: int = 64
    layers: int = 2
    epsilon: float = 0.1
    weight: float = 0.02
    temperature: float = 0.2
    layer: int = 1
    negatives: int = 512
    input_layer: bool = False
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_noisy(self)
        if type(self.layer) is not int or not 0 <= self.layer <= self.layers:
            raise SemcompError(f"XSimGCL option layer = {self.layer!r}; it must be one of 0 to {self.layers}")

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. A user without an edge has a row of zeros."""
        split = Inputs.of(inputs).split
        if self.epsilon == 0 and self.weight == 0:
            return train_view(
                "XSimGCL", self, SkippingTables(split, self, seed), split, seed, checkpoint=checkpoint
            )
        encoder = NoisyTables(split, self, seed)
        terms = [LayerContrast(encoder, self.layer)] if self.weight > 0 else []
        return train_view("XSimGCL", self, encoder, split, seed, terms=terms, checkpoint=checkpoint)


def check_noisy(model: SimGCL | XSimGCL) -> None:
    """Raise unless the options that the two share make sense."""
    check_size(model, model.dim, model.layers)
    label = f"{type(model).__name__} option"
    check_options(
        model,
        label,
        whole=("negatives",),
        positive=("temperature",),
        not_negative=("epsilon", "weight"),
    )
    if model.layers == 0 and not model.input_layer:
        raise SemcompError(f"{label} layers = 0 leaves nothing to take the mean of; set input_layer=True")
