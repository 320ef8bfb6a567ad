"""SGL: LightGCN whose nodes are to be recognised when edges are missing.

Wu et al., "Self-supervised Graph Learning for Recommendation", SIGIR 2021.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import unknown_name
from semcomp.kernels.augmentation import AUGMENTATIONS, dropped_graphs, propagate_over
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.collaborative.lightgcn import GraphTables, check_size
from semcomp.views.collaborative.pooled_contrast import contrast_with_kind
from semcomp.views.training import Batch, Term, Training, train_view


class GraphContrast(Term):
    """λ [ InfoNCE of the batch's users + InfoNCE of its items ] between two graphs with parts dropped."""

    def __init__(self, encoder: GraphTables, split: Split, model: SGL) -> None:
        super().__init__()
        self.encoder = (encoder,)  # in a tuple: its parameters are not this term's
        self.train_part, self.model = split.known.train, model
        n_users, n_nodes = split.n_users, split.n_users + split.known.n_items
        self.kinds = range(n_users), range(n_users, n_nodes)

    def begin(self, seed: int, epoch: int) -> None:
        (encoder,), model = self.encoder, self.model
        draw = generator(seed, "sgl.graphs", epoch)
        self.graphs = [
            [
                graph.to(encoder.table.device)
                for graph in dropped_graphs(
                    self.train_part, model.augmentation, model.drop, model.layers, draw
                )
            ]
            for _ in range(2)
        ]
        self.draw = generator(seed, "sgl.negatives", epoch)

    def forward(self, batch: Batch) -> Tensor:
        (encoder,), model = self.encoder, self.model
        one, other = (propagate_over(graphs, encoder.table) for graphs in self.graphs)  # (U+I, d)
        users, items = (
            contrast_with_kind(one, other, nodes, kind, model.temperature, model.negatives, self.draw)
            for nodes, kind in zip((batch.users, batch.items), self.kinds, strict=True)
        )
        return model.weight * (users + items)


@checked
@dataclass(frozen=True)
class SGL:
    """Collaborative view: LightGCN + `weight` · InfoNCE between two graphs with edges dropped.

    Each epoch two graphs are drawn from the train graph; their degrees are recomputed, and the same free
    vectors are propagated over them as over the whole one. A user of the batch is to find itself among all
    users of the other graph, an item among all items; the mean over the batch's pairs counts. The whole graph
    alone is used to rank. `weight=0` is LightGCN, to the byte.

    Differs from the authors' code (github.com/wujcan/SGL-TensorFlow, SGL-Torch):

    - The default loss is the sampled softmax over cosines that all our trained views share, not BPR; theirs
      is `Training(loss=BPR(), penalty=…, lr=1e-3)`. Sums over the batch are means here, in both losses, so
      `weight` is theirs, unchanged (0.1, temperature 0.2 and 3 layers on Yelp2018).
    - `weight` is smaller by default: the softmax already separates nodes, and on the validation parts of
      MovieLens-100K and Book-Crossing larger weights cost NDCG.
    - All others in the sum are estimated from `negatives` of them, drawn for the batch and scaled up, for
      cost: B × U scores per step cost more than all the rest. With as many as there are nodes it is theirs.
    - RLMRec's SGL contrasts the sampled negative items too, sums layers instead of their mean and draws new
      graphs for every batch; RecBole's is the authors'. Neither is done here.

    Attributes:
        dim: width of the vectors. layers: propagation steps.
        augmentation: "edge" (drop edges), "node" (drop nodes), "walk" (other edges in each layer).
        drop: share of edges or nodes dropped. weight: λ of the contrast. temperature: of the contrast.
        negatives: users, and items, drawn for each batch to represent all.
    """

    dim: int = 64
    layers: int = 2
    augmentation: str = "edge"
    drop: float = 0.1
    weight: float = 0.02
    temperature: float = 0.2
    negatives: int = 512
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)
        if self.augmentation not in AUGMENTATIONS:
            raise unknown_name("augmentation", self.augmentation, AUGMENTATIONS)
        check_options(
            self,
            "SGL option",
            whole=("negatives",),
            positive=("temperature",),
            not_negative=("weight",),
            share=("drop",),
        )

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. The contrast alone moves a user without an edge."""
        split = Inputs.of(inputs).split
        encoder = GraphTables(split, self.dim, self.layers, seed)
        terms = [GraphContrast(encoder, split, self)] if self.weight > 0 else []
        return train_view("SGL", self, encoder, split, seed, terms=terms, checkpoint=checkpoint)
