"""Item tables that keep the text: it is frozen, and what is trained lies beside it, above it, or around it.

An item without text has a free row, as in the plain model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.utils import parametrize

from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.core.whitening import ROUNDING, ace, principal_axes
from semcomp.errors import SemcompError
from semcomp.sequential.network import Network
from semcomp.sequential.starts import check_scale, check_width, needed, principal, with_text
from semcomp.views.checks import check_options

TINY = 1e-12  # in the place of a length of zero; its square is a number in float32


class OfText(nn.Module):
    """Items with text have the rows that `made` gives; padding, mask and the other items are free."""

    there: Tensor

    def __init__(self, text: TextMatrix) -> None:
        super().__init__()
        self.register_buffer("there", torch.from_numpy(with_text(text))[:, None], persistent=False)

    def made(self, free: Tensor) -> Tensor:
        """(n, d) trained rows -> (n, d) rows that are read."""
        raise NotImplementedError

    def forward(self, table: Tensor) -> Tensor:
        first, free, last = table.split([1, len(self.there), len(table) - 1 - len(self.there)])
        return torch.cat([first, torch.where(self.there, self.made(free), free), last])


class Beside(OfText):
    """fixed + free · columns."""

    fixed: Tensor
    columns: Tensor

    def __init__(self, text: TextMatrix, fixed: NDArray[np.float64], free_columns: int) -> None:
        super().__init__(text)
        last = np.arange(fixed.shape[1]) >= fixed.shape[1] - free_columns
        self.register_buffer("fixed", torch.from_numpy(fixed.astype(np.float32)), persistent=False)
        self.register_buffer("columns", torch.from_numpy(last.astype(np.float32)), persistent=False)

    def made(self, free: Tensor) -> Tensor:
        return self.fixed + free * self.columns


class Above(OfText):
    """The sum of one head over several frozen versions of the text."""

    versions: Tensor

    def __init__(self, text: TextMatrix, versions: NDArray[np.float64], dim: int) -> None:
        super().__init__(text)
        self.register_buffer("versions", torch.from_numpy(versions.astype(np.float32)), persistent=False)
        wide = versions.shape[2]
        self.head = nn.Sequential(nn.Linear(wide, dim), nn.ReLU(), nn.Linear(dim, dim))

    def made(self, free: Tensor) -> Tensor:
        rows: Tensor = self.head(self.versions).sum(dim=0)
        return rows


class Around(OfText):
    """content + free · min(1, cap ‖content‖ / ‖free‖)."""

    content: Tensor

    def __init__(self, text: TextMatrix, content: NDArray[np.float64], cap: float) -> None:
        super().__init__(text)
        self.cap = cap
        self.register_buffer("content", torch.from_numpy(content.astype(np.float32)), persistent=False)

    def made(self, free: Tensor) -> Tensor:
        limit = self.cap * self.content.norm(dim=1, keepdim=True)
        share = (limit / free.norm(dim=1, keepdim=True).clamp(min=TINY)).clamp(max=1)
        rows: Tensor = self.content + free * share
        return rows


@checked
@dataclass(frozen=True)
class NullSpaceStart:
    """Text on standardised axes, frozen, and trained ids added to the columns where it varies least.

    Columns are the leading principal axes of the centred unit rows, each with the standard deviation `scale`;
    the last `nullity` of the model's columns have the model's own random rows added, and only these are
    trained. AlphaFuse, arXiv 2504.19218.

    Differs from the authors' code, which trains by cosine and so knows no scale, and may weigh the axes by
    popularity.

    Attributes:
        nullity: trained columns, at most the model's width; None: half of it.
        scale: of each column of the text.

    >>> sc.sequential.NullSpaceStart(nullity=16).scale
    0.1
    """

    reads_text: ClassVar[bool] = True

    nullity: int | None = None
    scale: float = 0.1

    def __post_init__(self) -> None:
        check_scale(self, self.scale)
        if self.nullity is not None:
            check_options(self, "NullSpaceStart option", whole=("nullity",))

    def begin(self, network: Network, text: TextMatrix | None, seed: int) -> None:
        """Make the item table of the frozen text and of the trained columns."""
        text, dim = needed(text), int(network.table.shape[1])
        check_width(text, dim)
        free = dim // 2 if self.nullity is None else self.nullity
        if free > dim:
            raise SemcompError(
                f"NullSpaceStart option nullity = {free} is wider than the model; use {dim} at most"
            )
        rows = ace(text, 0.0, dim=dim, centred=True).matrix.astype(np.float64)
        fixed = rows * self.scale * np.sqrt(max(1, int(with_text(text).sum())))
        parametrize.register_parametrization(network, "table", Beside(text, fixed, free))


@checked
@dataclass(frozen=True)
class WhitenedStart:
    """No free rows: an item is a trained two-layer head over its whitened text; WhitenRec+.

    The head is shared by two versions of the text, whose outputs are summed: all columns whitened together,
    (E - μ) Σ^-½, and each of `groups` runs of columns on its own, which keeps what the runs have in common.
    Zhang et al., "Are ID Embeddings Necessary? Whitening Pre-trained Text Embeddings for Effective Sequential
    Recommendation", ICDE 2024. With `groups=1` both versions are one, WhitenRec.

    Differs from the paper in the head's hidden width, that of the model.

    Attributes:
        groups: runs of columns, at most those of the text.

    >>> sc.sequential.WhitenedStart().groups
    4
    """

    reads_text: ClassVar[bool] = True

    groups: int = 4

    def __post_init__(self) -> None:
        check_options(self, "WhitenedStart option", whole=("groups",))

    def begin(self, network: Network, text: TextMatrix | None, seed: int) -> None:
        """Make the item table of the frozen text and of the head, drawn from torch's global generator."""
        text = needed(text)
        wide = text.matrix.shape[1]
        if self.groups > wide:
            raise SemcompError(
                f"WhitenedStart option groups = {self.groups} are more than the text's {wide} columns"
            )
        rows = unit_rows(text.matrix)
        runs = np.array_split(np.arange(wide), self.groups)
        versions = np.stack([zca(rows), np.hstack([zca(rows[:, run]) for run in runs])])
        above = Above(text, versions, int(network.table.shape[1]))
        parametrize.register_parametrization(network, "table", above)


@checked
@dataclass(frozen=True)
class DeltaStart:
    """An item is c + δ: c its text, frozen, δ trained, at most `cap` as long as c.

    c has the centred unit rows on their leading principal axes, scale · X / std(X); δ starts as the model's
    own random rows, cut to the cap where they are read. Pembek et al., "Let It Go? Not Quite", RecSys 2025.

    Differs from the authors' code as `semcomp.align.ContentDelta` does, which says more.

    Attributes:
        cap: from 0, which freezes the items. scale: of the text; None leaves it as it is.

    >>> sc.sequential.DeltaStart(cap=0.25).scale
    0.1
    """

    reads_text: ClassVar[bool] = True

    cap: float = 0.5
    scale: float | None = 0.1

    def __post_init__(self) -> None:
        check_options(self, "DeltaStart option", not_negative=("cap",))
        check_scale(self, self.scale)

    def begin(self, network: Network, text: TextMatrix | None, seed: int) -> None:
        """Make the item table of the frozen text and of what is added."""
        text, dim = needed(text), int(network.table.shape[1])
        check_width(text, dim)
        rows = principal(text, dim)
        there = with_text(text)
        spread = float(rows[there].std()) if there.any() else 0.0
        if self.scale is not None and spread > 0:
            rows *= self.scale / spread
        parametrize.register_parametrization(network, "table", Around(text, rows, self.cap))


def zca(rows: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, D) (x - μ) Σ^-½ of the rows that are not zero, along axes with a variance; zero rows stay zero."""
    there = np.asarray(rows.any(axis=1))
    mean = rows[there].mean(axis=0, dtype=np.float64) if there.any() else np.zeros(rows.shape[1])
    squares, axes = principal_axes(rows, there, mean)
    kept = squares > ROUNDING * max(squares[0], TINY)
    scale = np.where(kept, np.sqrt(max(1, int(there.sum())) / np.where(kept, squares, 1.0)), 0.0)
    return np.asarray((rows - mean) @ (axes * scale) @ axes.T * there[:, None])
