"""NCL: LightGCN whose nodes are to be recognised among their neighbours, in the graph and by meaning.

Lin et al., "Improving Graph Collaborative Filtering with Neighborhood-enriched Contrastive Learning", WWW
2022.
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
from semcomp.kernels.kmeans import kmeans
from semcomp.kernels.node_contrast import node_contrast
from semcomp.kernels.propagation import layers_of
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.collaborative.lightgcn import GraphTables, check_size
from semcomp.views.collaborative.pooled_contrast import contrast_with_kind
from semcomp.views.training import Batch, Term, Training, train_view


class NeighbourTerm(Term):
    """What the two terms of NCL share: a loss of the users and one of the items, summed over the batch."""

    def __init__(self, encoder: GraphTables, split: Split, model: NCL) -> None:
        super().__init__()
        self.encoder = (encoder,)  # in a tuple: its parameters are not this term's
        self.model = model
        n_users, n_nodes = split.n_users, split.n_users + split.known.n_items
        self.kinds = range(n_users), range(n_users, n_nodes)

    def summed(self, batch: Batch, mean: Tensor) -> Tensor:
        """A mean over the batch as the sum, in units of a full batch: the last one of an epoch is smaller."""
        return mean * len(batch.users) / self.model.training.batch


class StructureContrast(NeighbourTerm):
    """λ_s [ InfoNCE(users) + α InfoNCE(items) ], of layer 2k against layer 0 of all."""

    def begin(self, seed: int, epoch: int) -> None:
        self.draw = generator(seed, "ncl.negatives", epoch)

    def forward(self, batch: Batch) -> Tensor:
        (encoder,), model = self.encoder, self.model
        context = layers_of(encoder.adjacency, encoder.table, 2 * model.hyper_layers)[-1]  # (U+I, d)
        users, items = (
            contrast_with_kind(
                context, encoder.table, nodes, kind, model.temperature, model.negatives, self.draw
            )
            for nodes, kind in zip((batch.users, batch.items), self.kinds, strict=True)
        )
        return model.structure_weight * self.summed(batch, users + model.alpha * items)


class PrototypeContrast(NeighbourTerm):
    """λ_p [ InfoNCE(users) + InfoNCE(items) ], of layer 0 against the centroids of its clusters."""

    def begin(self, seed: int, epoch: int) -> None:
        (encoder,), model = self.encoder, self.model
        self.prototypes: list[tuple[Tensor, Tensor]] = []
        if epoch <= model.warm_up:
            return
        draw = generator(seed, "ncl.kmeans", epoch)
        for kind in self.kinds:
            centroids, nearest = kmeans(encoder.table.detach()[kind.start : kind.stop], model.clusters, draw)
            self.prototypes.append((F.normalize(centroids), nearest))  # (k, d), (n,)

    def forward(self, batch: Batch) -> Tensor:
        (encoder,), model = self.encoder, self.model
        total = torch.zeros((), device=batch.users.device)
        for nodes, kind, (centroids, nearest) in zip(
            (batch.users, batch.items), self.kinds, self.prototypes, strict=False
        ):
            nodes, counts = nodes.unique(return_counts=True)
            own = F.normalize(F.embedding(nodes + kind.start, encoder.table))
            total = total + node_contrast(own, centroids, nearest[nodes], model.temperature, counts)
        return model.prototype_weight * self.summed(batch, total)


@checked
@dataclass(frozen=True)
class NCL:
    """Collaborative view: LightGCN + structural neighbours + semantic neighbours.

        structure    a node's layer 2k is to find its own layer 0, among those of all users (all items)
        prototypes   a node's layer 0 is to find the centroid of its cluster among all centroids

    both by InfoNCE over cosines. Layer 2k mixes the nodes at an even distance, users for users and items for
    items. The centroids come from k-means of layer 0, separately for users and items, before each epoch
    (E-step), once `warm_up` epochs are over; they are constants within the epoch. LightGCN's mean is used to
    rank. `structure_weight=0`, `prototype_weight=0` is LightGCN, to the byte.

    Differs from the authors' code, which is that of RecBole 1.2.1:

    - The default loss is the sampled softmax over cosines that all our trained views share, not BPR.
    - Theirs adds up the contrast over the batch next to a mean of BPR, so that its weights depend on the
      size of the batch. Ours are in units of a full batch: RecBole's `ssl_reg` and `proto_reg`, times
      `training.batch`. Its defaults are `NCL(layers=3, structure_weight=1e-7 * 2048, prototype_weight=8e-8 *
      2048, clusters=1000, negatives=…, training=Training(loss=BPR(), batch=2048, lr=1e-3))`.
    - All others in the structural sum are estimated from `negatives` of them, drawn for the batch and scaled
      up, for cost. With as many as there are users and items it is theirs.
    - k-means is our own, with faiss's number of iterations: 25, from rows drawn at random. Clusters are at
      most as many as there are users, or items.
    - Their penalty is on the norms of the batch's free rows, unsquared; `Training.penalty` on the squares.

    Attributes:
        dim: width of the vectors. layers: propagation steps L of the mean.
        hyper_layers: k; the contrast is with layer 2k, which may lie above L.
        structure_weight: λ_s. prototype_weight: λ_p. alpha: weight of the items' structure, α.
        clusters: of the users, and of the items. temperature: of both contrasts.
        warm_up: epochs without prototypes. negatives: users, and items, drawn to represent all.
    """

    dim: int = 64
    layers: int = 2
    hyper_layers: int = 1
    structure_weight: float = 0.02
    prototype_weight: float = 0.02
    alpha: float = 1.0
    clusters: int = 200
    temperature: float = 0.2
    warm_up: int = 10
    negatives: int = 512
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)
        check_options(
            self,
            "NCL option",
            whole=("hyper_layers", "clusters", "negatives"),
            positive=("temperature",),
            not_negative=("structure_weight", "prototype_weight", "alpha", "warm_up"),
        )

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. Prototypes alone move a user without an edge."""
        split = Inputs.of(inputs).split
        encoder = GraphTables(split, self.dim, self.layers, seed)
        terms: list[Term] = []
        if self.structure_weight > 0:
            terms.append(StructureContrast(encoder, split, self))
        if self.prototype_weight > 0:
            terms.append(PrototypeContrast(encoder, split, self))
        return train_view("NCL", self, encoder, split, seed, terms=terms, checkpoint=checkpoint)
