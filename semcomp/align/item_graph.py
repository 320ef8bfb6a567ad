"""The frozen item graph: item vectors are smoothed over a graph of similar texts.

Zhou and Shen, "A Tale of Two Graphs: Freezing and Denoising Graph Structures for Multimodal Recommendation"
(FREEDOM), ACM MM 2023.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.align.backbones import Parts
from semcomp.align.method import Method
from semcomp.align.watched import Around
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.data import Split
from semcomp.kernels.neighbours import nearest_by_cosine
from semcomp.kernels.propagation import as_torch, product
from semcomp.views.checks import check_options
from semcomp.views.semantic.text_inputs import known_and_unseen

BLOCKS = 2**26  # bytes that a block of similarities may take


class _Product(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, matrix: Tensor, turned: Tensor, x: Tensor) -> Tensor:
        ctx.turned = turned
        return product(matrix, x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, None, Tensor]:
        return None, None, product(ctx.turned, gradients[0].contiguous())


class SparseMap(nn.Module):
    """x -> M x for a fixed sparse M, (N, M) times (M, d), with a gradient to x: M need not be symmetric."""

    matrix: Tensor
    turned: Tensor

    def __init__(self, matrix: sp.csr_array) -> None:
        super().__init__()
        self.register_buffer("matrix", as_torch(matrix), persistent=False)
        self.register_buffer("turned", as_torch(sp.csr_array(matrix.T)), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        apply: Callable[..., Tensor] = _Product.apply
        return apply(self.matrix, self.turned, x.to(self.matrix.dtype))


def item_graphs(split: Split, text: TextMatrix, neighbours: int) -> tuple[sp.csr_array, sp.csr_array]:
    """D^-1/2 A D^-1/2 of the known items, (K, K), and the mean over the neighbours of the others, (H, K).

    A has a 1 for an item itself and for the `neighbours - 1` known items of largest cosine above zero, D its
    row sums. An item without text has a row and a column of zeros. The others have `neighbours` known ones.
    """
    known, unseen = known_and_unseen(split, unit_rows(text.rows_for(split.item_ids)))
    count, rows = len(known), np.concatenate([known, unseen])
    graph = sp.csr_array((count, count), dtype=np.float32)
    if neighbours > 1:
        graph = nearest_by_cosine(known, neighbours - 1, memory=BLOCKS)
    graph.data[:] = 1
    graph = sp.csr_array(graph + sp.diags_array(known.any(axis=1).astype(np.float32)))
    graph.sort_indices()
    graph.eliminate_zeros()
    size = np.diff(graph.indptr)
    scale = np.divide(1, np.sqrt(size), out=np.zeros(count), where=size > 0)
    graph.data = (np.repeat(scale, size) * scale[graph.indices]).astype(np.float32)
    if not len(unseen):
        return graph, sp.csr_array((0, count), dtype=np.float32)
    near = sp.csr_array(
        nearest_by_cosine(rows, neighbours, memory=BLOCKS, among=np.arange(count))[count:, :count]
    )
    size = np.diff(near.indptr)
    near.data = np.repeat(1 / np.maximum(size, 1), size).astype(np.float32)
    return graph, near


class GraphOfItems(Around):
    """The vectors inside, those of items + weight · S^steps E, E the free rows of the items."""

    def __init__(
        self, parts: Parts, graphs: tuple[sp.csr_array, sp.csr_array], steps: int, weight: float
    ) -> None:
        super().__init__(parts.encoder)
        self.tables, self.steps, self.weight = parts.tables, steps, weight
        self.copies = parts.width // parts.tables.table.shape[1]  # one for each of the layers side by side
        self.graph, self.near = SparseMap(graphs[0]), SparseMap(graphs[1])

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        user, item = super().forward(users, items)
        smooth = self.tables.table[self.tables.n_users :]
        for _ in range(self.steps):
            smooth = self.graph(smooth)
        chosen = smooth if items is None else F.embedding(items, smooth)
        return user, item + self.weight * chosen.repeat(1, self.copies)

    def unseen(self) -> Tensor:
        """The mean of the vectors of the known items of the most similar text; zeros where none is."""
        return product(self.near.matrix, self()[1].contiguous())


@checked
@dataclass(frozen=True)
class ItemGraph(Method):
    """A backbone whose items are v_i + `weight` · (S^steps E)_i, S the normalised graph of item text.

    v are the backbone's vectors, E the free rows of its items; users stay. S = D^-1/2 A D^-1/2, where row i
    of A has a 1 for i itself and for the `neighbours - 1` known items whose texts have the largest cosine
    with its own; D are the row sums of A. S is made once, exactly, and frozen. An item without text has no
    neighbours: it keeps v_i. Where a backbone puts its layers side by side, each of them is added to. An
    item that is not known in train gets the mean vector of the `neighbours` known items of nearest text.

    With `weight=1` the scheme of FREEDOM (Zhou and Shen, "A Tale of Two Graphs", ACM MM 2023).

    Differs from the authors' code (github.com/enoche/MMRec):

    - The degree-sensitive pruning of the interaction graph and the second loss, of users against projected
      text, are left out: they are other ideas, and the second moves the vectors by the text itself.
    - Text alone, frozen; negatives, loss and selection are those of the backbone.
    - Only cosines above zero make neighbours; there every row has exactly `neighbours` entries, so that S is
      a plain mean. A zero text is no NaN.

    Attributes:
        neighbours: entries in a row of A, the item itself among them. steps: how often S is applied.
    """

    label: ClassVar[str] = "item graph"

    weight: float = 1.0
    neighbours: int = 10
    steps: int = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "ItemGraph option", whole=("neighbours", "steps"))

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        graphs = item_graphs(split, text, self.neighbours)
        return parts.within(GraphOfItems(parts, graphs, self.steps, self.weight))
