"""Item text with a flatter spectrum: whitening, and ACE, which flattens it only in part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.errors import SemcompError
from semcomp.kernels.orientation import oriented
from semcomp.storage import digest

BLOCK = 8192  # rows at a time, so that float64 copies stay small
ROUNDING = 1e-12  # an axis with less than this share of the largest σ² is rounding: float32 tells 6e-8 apart


def ace(
    text: TextMatrix,
    strength: float,
    *,
    dim: int | None = None,
    centred: bool = False,
    absolute: bool = False,
    fitted: NDArray[np.int64] | None = None,
) -> TextMatrix:
    """Item text with its singular values σ replaced by g(σ) = sqrt(σ² / (σ² + λ)).

    With E the unit rows of the text, (n, D), and E = U S Vᵀ,

        E_ACE = U g(S) = E V diag(σ² + λ)^−½,     E_ACE Vᵀ = E (EᵀE + λ I)^−½

    in feature space: nothing larger than D × D is decomposed. λ = 0 is whitening (g = 1 on every axis), and
    as λ → ∞ the spectrum is that of E again, up to its length; in between, axes with σ² < λ keep their order
    of magnitude and those above are levelled. Inner products between items are those of the ridge regression
    of each item's vector on all items': anisotropy-controllable embedding; Lee, Kim and Lee, "ACE", SIGIR
    2026 (arXiv 2605.29322).

    Differs from the paper: rows are scaled to unit length first, as all semantic views here read them; λ is
    given relative to the mean σ² of the D axes, so that a strength means the same for every encoder and any
    number of items; and rows may be centred, which takes the common direction out instead of damping it.

    Args:
        strength: λ in units of the mean σ² (0 or more), or λ itself where `absolute`; the paper searches
            λ from 0 to 5000.
        dim: columns to keep, those of largest σ; all D by default, and never more.
        centred: take the mean of the rows that are not zero from them first.
        absolute: read `strength` as λ.
        fitted: the rows whose mean and axes these are, all by default; the others are turned alike.

    Returns:
        (I, min(dim, D)) with the ids of `text`; columns by falling σ, signs settled. Axes whose σ² is
        rounding (rank-deficient or repeated texts) are zero instead of noise blown up; zero rows stay zero.
        The provenance is the text's, with "transform" (what was done, and λ) and the new rows' "sha256".

    Raises:
        SemcompError: a strength that is negative or no number, dim below 1.
    """
    if not 0 <= strength < float("inf"):
        raise SemcompError(f"ACE has strength {strength}; it must be a number from 0")
    if dim is not None and dim < 1:
        raise SemcompError(f"ACE has dim {dim}; keep at least one column, or all with dim=None")
    rows = unit_rows(text.matrix)
    nonzero = np.asarray(rows.any(axis=1))
    counted = nonzero if fitted is None else nonzero & np.isin(np.arange(len(rows)), fitted)
    mean = rows[counted].mean(axis=0, dtype=np.float64) if centred and counted.any() else 0.0
    squares, axes = principal_axes(rows, counted, mean)  # (D,), (D, D)
    ridge = float(strength if absolute else strength * squares.mean())
    kept = squares > ROUNDING * squares[0]
    scale = np.where(kept, 1.0, 0.0) / np.sqrt(np.where(kept, squares + ridge, 1.0))
    turn = (axes * scale)[:, :dim]  # (D, k)
    out = np.zeros((len(rows), turn.shape[1]), np.float32)
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        out[part] = ((rows[part] - mean) @ turn) * nonzero[part, None]
    done = {"name": "ACE", "strength": strength, "lambda": ridge, "centred": centred, "dim": out.shape[1]}
    return TextMatrix(text.item_ids, out, {**text.provenance, "transform": done, "sha256": digest(out)})


def whiten(
    text: TextMatrix,
    *,
    dim: int | None = None,
    centred: bool = True,
    fitted: NDArray[np.int64] | None = None,
) -> TextMatrix:
    """`ace` with strength 0: every axis that the text fills has the same spread, and none is correlated."""
    return ace(text, 0.0, dim=dim, centred=centred, fitted=fitted)


def principal_axes(
    rows: NDArray[np.float32], counted: NDArray[np.bool_], mean: NDArray[np.float64] | float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """σ² (D,), descending, and right singular vectors (D, D) of the counted rows less their mean."""
    gram = np.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, len(rows), BLOCK):
        part = slice(start, start + BLOCK)
        block = rows[part][counted[part]] - np.asarray(mean)  # float64 where there is a mean
        gram += block.T.astype(np.float64) @ block
    squares, axes = np.linalg.eigh(gram)
    return np.maximum(squares[::-1], 0.0), oriented(axes[:, ::-1])
