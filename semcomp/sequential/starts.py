"""Where the item table of a sequential model starts: at random, on any scale, or from the items' text.

Only the table differs: what is trained, how, and what is drawn for it stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.core.whitening import ace, principal_axes
from semcomp.errors import SemcompError, unknown_name
from semcomp.kernels.random import xavier
from semcomp.sequential.network import Network
from semcomp.views.checks import check_options

KINDS = ("random axes", "pca", "whitened", "ace")


@runtime_checkable
class Start(Protocol):
    """What a model does to its untrained network: `reads_text`, and `begin`."""

    reads_text: ClassVar[bool]

    def begin(self, network: Network, text: TextMatrix | None, seed: int) -> None:
        """Change the network in place; `text` has the rows of its items, in order, None if none are read."""


@checked
@dataclass(frozen=True)
class RandomStart:
    """The model's own random rows r on another scale: scale · r / std(r), one std over all entries.

    Attributes:
        scale: the standard deviation of the table; None leaves it as the model draws it.

    >>> sc.sequential.SASRec(start=sc.sequential.RandomStart(scale=0.1)).start.reads_text
    False
    """

    reads_text: ClassVar[bool] = False

    scale: float | None = None

    def __post_init__(self) -> None:
        check_scale(self, self.scale)

    def begin(self, network: Network, text: TextMatrix | None, seed: int) -> None:
        """Rescale the item table."""
        if self.scale is not None:
            nothing = np.zeros((network.n_items, network.table.shape[1]))
            put(network, nothing, np.zeros(network.n_items, bool), self.scale)


@checked
@dataclass(frozen=True)
class TextStart:
    """Item rows start as scale · X / std(X), X from the items' text; from there all is trained as ever.

    X is, of the unit text rows E (n, D) of the items known in train, with E = U S Vᵀ:

    - "random axes": E on `dim` random directions, the raw text;
    - "pca": the first columns of the centred rows' U S, LLM2X; with `scale=None` its natural scale;
    - "whitened": the first columns of U, not centred;
    - "ace": of U sqrt(S² / (S² + λ)), not centred; Lee, Kim and Lee, "ACE", SIGIR 2026 (arXiv 2605.29322).

    The std is one number over all entries, so that kinds differ in shape and not in scale. Items without text
    keep random rows, on the same scale; those that train does not know have no row, and are not ranked.

    Differs from ACE's code (github.com/DCheol/ACE): λ is in units of the mean σ² of the D axes, unless
    `absolute`, so that a strength means the same for every encoder and number of items; the row of BERT4Rec's
    mask starts at random, not at zero.

    Attributes:
        kind: of the four above. scale: of the table; None leaves X as it is.
        strength: λ of "ace", from 0, which is "whitened". absolute: read it as λ itself.

    >>> sc.sequential.TextStart("ace", strength=0.5).scale
    0.1
    """

    reads_text: ClassVar[bool] = True

    kind: str = "ace"
    scale: float | None = 0.1
    strength: float = 1.0
    absolute: bool = False

    def __post_init__(self) -> None:
        check_options(self, "TextStart option", not_negative=("strength",))
        check_scale(self, self.scale)
        if self.kind not in KINDS:
            raise unknown_name("kind of start", self.kind, KINDS)

    def begin(self, network: Network, text: TextMatrix | None, seed: int) -> None:
        """Put the text's rows into the item table."""
        text, dim = needed(text), int(network.table.shape[1])
        put(network, self.rows(text, dim, seed), with_text(text), self.scale)

    def rows(self, text: TextMatrix, dim: int, seed: int) -> NDArray[np.float64]:
        """(n, dim) X, before it is rescaled; zero rows stay zero."""
        check_width(text, dim)
        if self.kind == "pca":
            return principal(text, dim)
        if self.kind == "random axes":
            axes = xavier(text.matrix.shape[1], dim, seed, "init.axes").numpy()
            return np.asarray(unit_rows(text.matrix) @ axes, np.float64)
        strength = 0.0 if self.kind == "whitened" else self.strength
        return ace(text, strength, dim=dim, absolute=self.absolute).matrix.astype(np.float64)


def principal(text: TextMatrix, dim: int) -> NDArray[np.float64]:
    """(n, dim) the unit rows, centred, on their leading principal axes; zero rows stay zero."""
    rows = unit_rows(text.matrix)
    there = with_text(text)
    mean = rows[there].mean(axis=0, dtype=np.float64) if there.any() else np.zeros(rows.shape[1])
    axes = principal_axes(rows, there, mean)[1][:, :dim]
    return np.asarray((rows - mean) @ axes * there[:, None])


def put(network: Network, rows: NDArray[np.float64], there: NDArray[np.bool_], scale: float | None) -> None:
    """Rows where they are there, else the network's own, all with this std; with None that of the rows."""
    own = network.table.detach()[1 : network.n_items + 1]
    spread = float(rows[there].std()) if there.any() else 0.0
    if scale is None:
        size = spread
    else:
        size, rows = scale, rows * (scale / spread if spread > 0 else 1.0)
    drawn = float(own.std(correction=0))
    if drawn > 0 and size > 0:
        own *= size / drawn
    own[there] = torch.from_numpy(rows[there].astype(np.float32))
    network.table.detach()[0] = 0


def needed(text: TextMatrix | None) -> TextMatrix:
    """The text of a start that reads one."""
    if text is None:
        raise SemcompError("this start reads text and was given none; fit the model to Inputs(split, text)")
    return text


def with_text(text: TextMatrix) -> NDArray[np.bool_]:
    """(n,) whether a row says anything."""
    return np.asarray(text.matrix.any(axis=1))


def check_scale(start: object, scale: float | None) -> None:
    if scale is not None:
        check_options(start, f"{type(start).__name__} option", positive=("scale",))


def check_width(text: TextMatrix, dim: int) -> None:
    """Raise where a text has fewer columns than the model."""
    wide = text.matrix.shape[1]
    if wide < dim:
        raise SemcompError(f"a text of {wide} columns is no start for {dim}; use dim={wide} at most")
