"""Semantic starts: what a backbone's item table is before the first step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from semcomp.align.backbones import Parts
from semcomp.align.method import Method
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.core.whitening import ace, principal_axes
from semcomp.data import Split
from semcomp.errors import SemcompError, unknown_name
from semcomp.kernels.random import xavier
from semcomp.views.checks import check_options
from semcomp.views.semantic.whitening import in_order

KINDS = ("random axes", "pca", "whitened", "ace")


def started(kind: str, split: Split, text: TextMatrix, dim: int, strength: float, seed: int) -> Tensor:
    """(I, dim) rows of the items that training knows, of standard deviation 1; zeros where all are equal.

    "random axes" are unit text rows on `dim` random directions, "pca" their leading principal axes, centred;
    "whitened" and "ace" the first `dim` columns of `semcomp.core.whitening.ace`, not centred, with strength 0
    and `strength`. All are fitted to the items known in train.
    """
    ordered, known = in_order(split, text), split.catalogue("train")
    rows = unit_rows(ordered.matrix)
    if kind in ("whitened", "ace"):
        made = ace(ordered, 0.0 if kind == "whitened" else strength, dim=dim, fitted=known).matrix
    elif kind == "pca":
        filled = np.zeros(len(rows), bool)
        filled[known] = True
        mean = rows[known].mean(axis=0, dtype=np.float64)
        made = (rows - mean) @ principal_axes(rows, filled, mean)[1][:, :dim]
    else:
        made = rows @ xavier(rows.shape[1], dim, seed, "init.axes").numpy()
    made = made[known].astype(np.float64)
    spread = made.std()
    return torch.from_numpy((made / (spread if spread > 0 else 1.0)).astype(np.float32))


@checked
@dataclass(frozen=True)
class SemanticStart(Method):
    """A backbone whose items start at `weight` · σ · text + random start, σ the random start's deviation.

    Text has one standard deviation over all entries, whatever its `kind`, so that kinds differ in shape and
    not in scale. Users start as before; everything is trained as before. Raw vectors on random axes, PCA
    (LLM2X), whitening, ACE (Lee, Kim and Lee, "ACE", SIGIR 2026, arXiv 2605.29322, and whitening is its
    strength 0). As the weight grows the start is text alone, on a larger scale.

    Differs from ACE's code (github.com/DCheol/ACE): it replaces the start and has one scale, .1, where a
    random start has .02, so that scale and shape change together; here the scale is that of the random start
    times `weight`.

    Attributes:
        kind: "random axes", "pca", "whitened" or "ace". strength: λ of ACE in units of the mean σ².
    """

    label: ClassVar[str] = "semantic start"

    kind: str = "ace"
    strength: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "SemanticStart option", not_negative=("strength",))
        if self.kind not in KINDS:
            raise unknown_name("kind of start", self.kind, KINDS)

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        table, first = parts.tables.table.data, parts.tables.n_users
        width, wide = table.shape[1], text.matrix.shape[1]
        if wide < width:
            raise SemcompError(f"a text of {wide} columns is no start for {width}; use dim={wide} at most")
        rows = started(self.kind, split, text, width, self.strength, seed)
        table[first:] += self.weight * table[first:].std() * rows
        return parts
