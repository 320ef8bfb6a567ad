"""What layer 0 gives without a graph: text as rows of a table, and vectors of items without neighbours."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from semcomp.align.backbones import Parts
from semcomp.align.watched import Around
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.core.whitening import principal_axes
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.collaborative.lightgcn import GraphTables
from semcomp.views.collaborative.lr_gccf import ConcatenatedLayers
from semcomp.views.semantic.text_inputs import known_and_unseen


def reduced_text(split: Split, text: TextMatrix, dim: int) -> tuple[Tensor, Tensor]:
    """(K, dim) unit text of the known items less its mean, on its leading axes, and (H, dim) of the others.

    Mean and axes are those of the known items that have text. An item without text keeps a row of zeros.
    Raises SemcompError for a text of fewer columns than `dim`.
    """
    wide = text.matrix.shape[1]
    if wide < dim:
        raise SemcompError(f"a text of {wide} columns cannot fill {dim}; use dim={wide} at most")
    sides = known_and_unseen(split, unit_rows(text.rows_for(split.item_ids)))
    filled = np.asarray(sides[0].any(axis=1))
    mean = sides[0][filled].mean(axis=0, dtype=np.float64) if filled.any() else 0.0
    axes = principal_axes(sides[0], filled, mean)[1][:, :dim]
    known, unseen = (
        torch.from_numpy((((one - mean) @ axes) * np.asarray(one.any(axis=1))[:, None]).astype(np.float32))
        for one in sides
    )
    return known, unseen


def without_neighbours(tables: GraphTables, rows: Tensor) -> Tensor | None:
    """Vectors that these rows of layer 0, (n, d), have as nodes without an edge.

    x / (L + 1) where layers are averaged, and x in each of L + 1 places where they are side by side, with
    loops. None for encoders that make more of a row than that, or pass over it.
    """
    smoothed = type(tables).smoothed  # a table of another parametrisation makes the class another one
    if smoothed is GraphTables.smoothed:
        return rows / (tables.layers + 1)
    if smoothed is ConcatenatedLayers.smoothed:
        return rows.repeat(1, tables.layers + 1)
    return None


class PlacedByText(Around):
    """The vectors inside; an item that is not known in train has what `rows`, (H, d), give without edges."""

    rows: Tensor

    def __init__(self, parts: Parts, rows: Tensor) -> None:
        super().__init__(parts.encoder)
        self.tables = parts.tables
        self.register_buffer("rows", rows, persistent=False)

    def unseen(self) -> Tensor | None:
        return without_neighbours(self.tables, self.rows)
