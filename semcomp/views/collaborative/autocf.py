"""AutoCF: parts of the graph are hidden, and an autoencoder has to restore them.

Xia et al., "Automated Self-Supervised Learning for Recommendation", WWW 2023.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.contrastive import full_softmax, pool_collisions, sampled_softmax
from semcomp.kernels.dense import matmul
from semcomp.kernels.node_contrast import sampled_node_contrast
from semcomp.kernels.propagation import as_torch, layers_of, normalized_adjacency, smooth
from semcomp.kernels.random import generator, xavier
from semcomp.kernels.weighted import Edges, attention
from semcomp.views.checks import check_options
from semcomp.views.collaborative.lightgcn import GraphTables, check_size
from semcomp.views.training import Batch, Drawn, Term, Training, train_view

BOUND = 10.0  # on attention logits, as published: exponentials need no maximum taken off


@checked
@dataclass(frozen=True)
class MaskedReconstruction:
    """-⟨u, p⟩ + log Σ_j e^{⟨u, j⟩} over raw inner products, j over all items: what AutoCF minimises.

    With `negatives`, j runs over p and over the drawn items, but for those the user has had in train.

    Attributes:
        negatives: items drawn without replacement for each batch, shared by its rows (all, if fewer). None:
            all items, as published, at B × I scores per step.
    """

    negatives: int | None = None

    def __post_init__(self) -> None:
        if self.negatives is not None:
            check_options(self, "MaskedReconstruction option", whole=("negatives",))

    @property
    def cosine(self) -> bool:
        return False

    def draw(self, train: sp.csr_array, users: NDArray[np.int64], draw: torch.Generator) -> Drawn:
        if self.negatives is None:
            return Drawn(torch.arange(train.shape[1]), shared=True)
        pool = torch.randperm(train.shape[1], generator=draw)[: self.negatives]
        return Drawn(pool, pool_collisions(train, users, pool.numpy()), shared=True)

    def __call__(self, anchors: Tensor, positives: Tensor, others: Tensor, drawn: Drawn) -> Tensor:
        if self.negatives is None:
            return full_softmax(anchors, positives, others, 1.0)
        return sampled_softmax(anchors, positives, others, 1.0, drawn.excluded)


class MaskedAutoencoder(GraphTables):
    """Sum over layers of the tables, GCN steps on a masked graph, attention steps on a resampled one."""

    plain: Tensor

    def __init__(self, split: Split, model: AutoCF, seed: int) -> None:
        super().__init__(split, model.dim, model.layers, seed)
        self.model, train = model, split.known.train
        graph = sp.csr_array(sp.block_array([[None, train], [train.T, None]], format="csr"))
        graph.data = np.ones(graph.nnz, np.float32)
        loops = sp.eye_array(graph.shape[0], dtype=np.float32, format="csr")
        self.graph = sp.csr_array(graph + loops)
        self.register_buffer("plain", as_torch(graph), persistent=False)
        self.register_buffer("adjacency", normalized_adjacency(train, self_loops=True), persistent=False)
        self.edges = Edges(self.adjacency)
        squares = [
            xavier(model.dim, model.dim, seed, f"init.attention.{step}.{kind}")
            for step in range(model.attention)
            for kind in ("query", "key", "value")
        ]
        heads = torch.stack(squares).view(model.attention, 3, model.dim, model.heads, -1)
        by_head = heads.permute(0, 3, 1, 2, 4).contiguous()  # (steps, heads, 3, d, d / heads)
        self.projections = nn.Parameter(by_head)
        self.begin(seed, 0)

    def begin(self, seed: int, epoch: int) -> None:
        self.draw = generator(seed, "masks", epoch)
        self.step = 0

    def smoothed(self) -> Tensor:
        if not self.training:
            return self.encoded(self.adjacency, self.edges)
        self.unrelatedness: Tensor | None = None
        if self.step % self.model.refresh == 0:
            self.redraw()
        self.step += 1
        self.nodes = self.encoded(*self.drawn)  # (U+I, d), for the terms
        return self.nodes

    def encoded(self, adjacency: Tensor, edges: Edges) -> Tensor:
        """(U+I, d): the GCN over `adjacency`, then the attention over `edges`."""
        steps = layers_of(adjacency, self.table, self.layers)
        for projections in self.projections:
            steps.append(self.attended(edges, steps[-1], projections))
        return sum(steps[1:], start=steps[0])  # stacked first, they would be copied

    def attended(self, edges: Edges, x: Tensor, projections: Tensor) -> Tensor:
        """(U+I, d): means of the neighbours' values, each head weighing them by e^{query · key}."""
        together = projections.permute(2, 0, 1, 3).flatten(1)  # (d, 3 d): one product for all heads
        mapped = matmul(x, together).to(x.dtype).view(len(x), *projections.shape[:2], -1)
        heads = mapped.permute(1, 2, 0, 3).contiguous()  # (heads, 3, U+I, d / heads)
        return torch.cat([attention(edges, query, key, value, BOUND) for query, key, value in heads], dim=1)

    def redraw(self) -> None:
        """New masks, around nodes that are like their surroundings, and what it costs to be unlike them."""
        scores = F.logsigmoid(self.relatedness())  # (U+I,)
        self.unrelatedness = -scores.mean()
        uniform = torch.rand(len(scores), generator=self.draw).clamp_min(torch.finfo(torch.float32).tiny)
        gumbel = -torch.log(-torch.log(uniform))
        count = round(self.model.seeds * len(scores))
        seeds = (scores.detach().cpu() + gumbel).topk(count).indices.numpy()
        visible, pool = hide(self.graph, seeds, self.model.hops)
        decoder = resample(visible, pool, self.model.keep, self.graph.nnz, self.draw)
        device = self.table.device
        self.drawn = normalized(visible).to(device), Edges(as_torch(decoder)).to(device)

    def relatedness(self) -> Tensor:
        """(U+I,) cosine of each row of the table and the mean of the rows around it.

        Around: one step away, and two without turning back, each as often as it is reached.
        """
        first = smooth(self.plain, self.table)
        degrees = self.plain.crow_indices().diff()[:, None]
        second = smooth(self.plain, first) - degrees * self.table
        return F.cosine_similarity(first + second, self.table)


def hide(graph: sp.csr_array, seeds: NDArray[np.int64], hops: int) -> tuple[sp.csr_array, NDArray[np.int64]]:
    """The graph without the edges that touch a node fewer than `hops` steps from a seed; those nodes."""
    rows, columns = np.repeat(np.arange(graph.shape[0]), np.diff(graph.indptr)), graph.indices
    near = np.zeros(graph.shape[0], bool)
    near[seeds] = True
    for _ in range(hops - 1):
        near[columns[near[rows]]] = True
    visible = ~(near[rows] | near[columns])
    return _pattern(rows[visible], columns[visible], graph.shape[0]), np.flatnonzero(near)


def resample(
    visible: sp.csr_array, pool: NDArray[np.int64], keep: float, pairs: int, draw: torch.Generator
) -> sp.csr_array:
    """What attention sees: the visible edges, every node itself, and `pairs` random pairs, both ways.

    The pairs are of nodes of the pool and of `keep` · N further ones, drawn with replacement.
    """
    nodes = visible.shape[0]
    more = torch.randint(nodes, (int(keep * nodes),), generator=draw).numpy()
    pool = np.union1d(pool, more)
    ends = torch.randint(max(1, len(pool)), (2, pairs if len(pool) else 0), generator=draw).numpy()
    a, b = pool[ends]
    rows, columns = visible.nonzero()
    loops = np.arange(nodes)
    return _pattern(np.concatenate([rows, loops, a, b]), np.concatenate([columns, loops, b, a]), nodes)


def normalized(graph: sp.csr_array) -> Tensor:
    """D^-1/2 A D^-1/2 of a graph that has its loops already, as torch CSR."""
    degree = np.diff(graph.indptr)
    scale = np.divide(1.0, np.sqrt(degree), out=np.zeros(len(degree)), where=degree > 0)
    values = np.repeat(scale, degree) * scale[graph.indices]
    return as_torch(sp.csr_array((values, graph.indices, graph.indptr), shape=graph.shape))


def _pattern(rows: NDArray[np.int64], columns: NDArray[np.int64], nodes: int) -> sp.csr_array:
    """CSR with a one wherever an entry is named, once or more."""
    graph = sp.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(nodes, nodes))
    graph.sum_duplicates()
    graph.data[:] = 1
    return graph


class Relatedness(Term):
    """-mean log σ(cos(a node, its surroundings)), in the steps that draw new masks."""

    def __init__(self, encoder: MaskedAutoencoder) -> None:
        super().__init__()
        self.encoder = (encoder,)  # in a tuple: its parameters are not this term's

    def forward(self, batch: Batch) -> Tensor:
        missing = self.encoder[0].unrelatedness
        return batch.anchors.new_zeros(()) if missing is None else missing


class Spread(Term):
    """λ [ mean_u log Σ_v e^{⟨u, v⟩/τ} + mean_i log Σ_j e^{⟨i, j⟩/τ} ], u and i of the batch, each once.

    The sums over all users v and all items j are estimated from `negatives` of each, drawn for every step and
    scaled up. Rows have unit norm where the loss compares cosines.
    """

    def __init__(self, encoder: MaskedAutoencoder, model: AutoCF) -> None:
        super().__init__()
        self.encoder = (encoder,)
        self.model = model

    def begin(self, seed: int, epoch: int) -> None:
        self.draw = generator(seed, "spread.negatives", epoch)

    def forward(self, batch: Batch) -> Tensor:
        (encoder,), model = self.encoder, self.model
        n_users, n_nodes = encoder.n_users, len(encoder.nodes)
        terms: list[Tensor] = []
        for rows, before, size in ((batch.users, 0, n_users), (batch.items, n_users, n_nodes - n_users)):
            drawn = torch.randperm(size, generator=self.draw)[: model.negatives].to(rows.device)
            own = torch.full((size,), -1, device=rows.device)
            own[drawn] = torch.arange(len(drawn), device=rows.device)
            once = rows.unique()
            seen = F.embedding(before + torch.cat([once, drawn]), encoder.nodes)
            if model.training.loss.cosine:
                seen = F.normalize(seen)
            anchors, pool = seen.split([len(once), len(drawn)])
            contrast = sampled_node_contrast(anchors, anchors, pool, own[once], size, model.temperature)
            terms.append(contrast + anchors.square().sum(dim=1).mean() / model.temperature)
        return model.weight * (terms[0] + terms[1])


@checked
@dataclass(frozen=True)
class AutoCF:
    """Collaborative view: a masked graph autoencoder, `e + Σ GCN steps + Σ attention steps` of free e.

    - Masks. Node v has s_v = σ(cos(e_v, mean of the nodes one and two steps away)). The nodes of highest
      log s_v + Gumbel noise are seeds; edges within `hops` steps of them are hidden, for `refresh` steps.
    - Encoder: x ← D^-1/2 (A + I) D^-1/2 x over what is left, degrees recomputed.
    - Decoder: multi-head attention, weights e^{query · key} over the visible edges, each node itself, and as
      many random pairs as the whole graph has entries, of hidden neighbourhoods and of `keep` · N nodes.
    - Loss: that of `training`, over all train pairs, hidden or not, -mean log s in steps that draw masks,
      and `weight` times the spread, mean_u log Σ_v e^{⟨u, v⟩/τ} over users, and the same over items.

    Vectors to rank with come from the whole train graph with its loops, in encoder and decoder.

    The published objective is `Training(loss=MaskedReconstruction(), lr=1e-3, batch=4096)` with `weight=1.0`:
    its -⟨u, p⟩ + log Σ_j e^{⟨u, j⟩} is a full softmax over inner products, so another loss can replace it.
    The default is the sampled softmax over cosines that all our trained views share.

    Differs from the authors' code (github.com/HKUDS/AutoCF):

    - `seeds` is a share of the nodes, not 100 to 500 of them: as many hide nearly all of a small and dense
      graph, such as MovieLens-100K, and then the encoder learns nothing.
    - The mean around a node excludes the node itself; theirs subtracts it once too often.
    - The sums of the spread are estimated from `negatives` nodes, for cost; with as many as there are users
      and items it is theirs. With a loss that compares cosines it is the cosines that are spread.
    - Their penalty is on all parameters, in every step; here `Training.penalty` is on the batch's free rows,
      and `Training.weight_decay` reaches all.
    - Log-sums of exponentials are computed stably; theirs overflow for long vectors.

    Attributes:
        dim: width of the vectors. layers: GCN steps. attention: steps of attention, at least 1.
        heads: of each of them; they divide `dim`.
        seeds: share of the nodes around which edges are hidden, rounded to whole nodes; 0 hides none.
        hops: 1 hides the edges of a seed, 2 those of its neighbours too, and so on.
        keep: share of the nodes that random pairs are drawn from, in addition to the hidden neighbourhoods.
        refresh: steps that a mask is trained on; each epoch starts with a new one.
        weight: λ of the spread, 0 for none. temperature: τ of the spread.
        negatives: users, and items, drawn for each batch to represent all in the spread.
    """

    dim: int = 64
    layers: int = 2
    attention: int = 1
    heads: int = 4
    seeds: float = 0.003
    hops: int = 2
    keep: float = 0.2
    refresh: int = 10
    weight: float = 0.1
    temperature: float = 1.0
    negatives: int = 512
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)
        check_options(
            self,
            "AutoCF option",
            whole=("attention", "heads", "hops", "refresh", "negatives"),
            positive=("temperature",),
            not_negative=("weight",),
            share=("seeds", "keep"),
        )
        if self.dim % self.heads:
            raise SemcompError(f"AutoCF option heads = {self.heads}; it must divide dim = {self.dim}")

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. A user without an edge attends to itself alone."""
        split = Inputs.of(inputs).split
        encoder = MaskedAutoencoder(split, self, seed)
        terms: list[Term] = [Relatedness(encoder)]
        if self.weight > 0:
            terms.append(Spread(encoder, self))
        return train_view("AutoCF", self, encoder, split, seed, terms=terms, checkpoint=checkpoint)
