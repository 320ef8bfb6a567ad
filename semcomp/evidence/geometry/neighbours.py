"""Nearest neighbours by cosine, and whether two matrices agree on them: overlap, Jaccard, CKNNA."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from semcomp.checks import checked
from semcomp.core.matrices import BLOCK, Floats, Matrix, paired, same_items
from semcomp.core.view import directions
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.overlap import chance_jaccard, jaccard, shared_places
from semcomp.evidence.statistics.bootstrap import some_of
from semcomp.kernels.topk import exact_topk

Ids = NDArray[np.int32]
Rows = NDArray[np.int64]
Unit = NDArray[np.float32]
MEMORY = 128 * 2**20
PAIRS = 1 << 20  # numbers gathered at a time


@checked
def row_cosines(a: Floats, b: Floats) -> Floats:
    """(n,) cosines of the rows of two (n, d) matrices; 0 where either row is zero.

    Raises SemcompError for other shapes.
    """
    if a.ndim != 2 or a.shape != b.shape:
        raise SemcompError(f"matrices of shapes {a.shape} and {b.shape}; give two of the same shape (n, d)")
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    products = np.einsum("nd,nd->n", a, b)
    return np.asarray(np.where(lengths > 0, products / np.where(lengths > 0, lengths, 1.0), 0.0))


@checked
def nearest(rows: Floats, k: int, memory: int = MEMORY) -> Ids:
    """(n, k) the k nearest other rows of each row by cosine, in ascending order of row, not of nearness.

    A row is never its own neighbour: it is left out by its number, so duplicates and zero rows do no harm (a
    zero row has cosine 0 to all). At equal cosine the lower row is taken. Similarities are made a block of
    rows at a time, within `memory` bytes (at least one row).

    Raises SemcompError unless 1 ≤ k < n.
    """
    n = len(rows)
    check_k(k, n)
    unit = directions(rows)
    found = np.empty((n, k), dtype=np.int32)
    block = max(1, memory // (n * 32))
    for start in range(0, n, block):
        stop = min(start + block, n)
        near = unit[start:stop] @ unit.T
        near[np.arange(stop - start), np.arange(start, stop)] = -np.inf
        edge = np.partition(near, n - k, axis=1)[:, n - k, None]
        above, level = near > edge, near == edge
        free = k - above.sum(axis=1, keepdims=True)
        chosen = above | (level & (np.cumsum(level, axis=1) <= free))
        found[start:stop] = np.nonzero(chosen)[1].reshape(-1, k)
    return found


def nearest_of(unit: Unit, anchors: Rows, k: int, memory: int = MEMORY) -> Ids:
    """(m, k) the k nearest other rows of the rows `anchors` among all n rows, nearest first.

    As `nearest`, for unit rows in float32 (`unit_float32`): exact, at equal cosine the lower row first,
    whatever the memory, since the score of record is one float64 reduction per pair (`kernels.topk`). A zero
    row has cosine 0 to all; as an anchor it ties with every row, which is slow.

    Args:
        unit: (n, d) unit or zero rows.
        anchors: (m,) distinct rows of `unit`, any order.
        memory: bytes that blocks of similarities may take.

    Raises SemcompError unless 1 ≤ k < n.
    """
    check_k(k, len(unit))
    items = torch.from_numpy(unit)
    ids, _ = exact_topk(
        items[torch.from_numpy(anchors)],
        items,
        k,
        indptr=np.arange(len(anchors) + 1),
        indices=anchors,  # what an anchor must not find: itself
        memory=memory,
    )
    return ids


def unit_float32(matrix: Matrix) -> Unit:
    """Rows divided by their Euclidean norm, as float32; a zero row stays zero."""
    unit = np.empty(matrix.shape, dtype=np.float32)
    for start in range(0, len(matrix), BLOCK):
        rows = matrix[start : start + BLOCK].astype(np.float64)
        largest = np.abs(rows).max(axis=1, keepdims=True)
        rows /= np.where(largest > 0, largest, 1.0)  # squares of very large or small numbers do not exist
        norms = np.linalg.norm(rows, axis=1, keepdims=True)
        unit[start : start + BLOCK] = rows / np.where(norms > 0, norms, 1.0)
    return unit


@checked
def neighbour_jaccard(a: Floats, b: Floats, k: int, memory: int = MEMORY) -> Floats:
    """(n,) Jaccard of each row's k cosine neighbours in `a` and in `b`, matrices of the same n rows.

    Raises SemcompError as `nearest`, and for different numbers of rows.
    """
    a, b = paired(a, b, names=("a", "b"))
    return jaccard(nearest(a, k, memory), nearest(b, k, memory))


def check_k(k: int, n: int) -> None:
    """Raise SemcompError unless 1 ≤ k < n."""
    if not 1 <= k < n:
        raise SemcompError(f"k = {k} neighbours cannot be found among {n} rows; use k between 1 and {n - 1}")


def choose_anchors(n: int, anchors: int | None, seed: int) -> Rows:
    """Sorted rows of 0 … n − 1 to search neighbours for: `anchors` at random, all if None or if not fewer.

    Raises SemcompError for fewer than 1.
    """
    if anchors is not None and anchors < 1:
        raise SemcompError(f"{anchors} anchors asked for; give at least 1, or None for all items")
    return some_of(np.arange(n), anchors, seed)


def mutual_knn(
    x: ArrayLike,
    y: ArrayLike,
    k: int = 10,
    *,
    anchors: int | None = None,
    seed: int = 0,
    memory: int = MEMORY,
) -> float:
    """Mean share of an item's k cosine neighbours in x that are its neighbours in y too, in [0, 1].

    mean_i |N_x(i) ∩ N_y(i)| / k over the anchors, neighbours among all items. Chance is exactly k / (n − 1).
    (Huh et al., "The Platonic Representation Hypothesis", ICML 2024, arXiv 2405.07987.) Invariant to
    rotation and to the length of rows; a shift matters. Duplicates are each other's neighbours, ties go to
    the lower row; a zero row has cosine 0 to all.

    Raises:
        SemcompError: not matrices, NaN, different lengths, k not between 1 and n − 1, no anchors.
    """
    return float(overlap(*_lists(x, y, k, anchors, seed, memory)[1]).mean())


def cknna(
    x: ArrayLike,
    y: ArrayLike,
    k: int = 10,
    *,
    anchors: int | None = None,
    seed: int = 0,
    memory: int = MEMORY,
) -> float:
    """CKA restricted to mutual neighbours, in [−1, 1]; 1 for equal matrices.

    With the cosines K and L of x and y, each less the anchor's mean cosine to all items,

        Σ_i Σ_{j ∈ N_x(i) ∩ N_y(i)} K_ij L_ij / sqrt(Σ_i Σ_{j ∈ N_x(i)} K_ij² · Σ_i Σ_{j ∈ N_y(i)} L_ij²),

    i over the anchors (Huh et al., arXiv 2405.07987, appendix; their code has an unbiased HSIC of the masked
    matrices instead, which asks neighbours to be so in both directions). Invariant as `mutual_knn`. NaN where
    no cosine differs from its mean.

    Raises:
        SemcompError: as `mutual_knn`.
    """
    (units, rows), lists = _lists(x, y, k, anchors, seed, memory)
    both, of_x, of_y = (terms.sum() for terms in cknna_terms(*units, rows, *lists))
    return float(both / np.sqrt(of_x * of_y)) if of_x * of_y > 0 else float("nan")


def overlap(a: Ids, b: Ids) -> Floats:
    """(m,) |A ∩ B| / k of the rows of two (m, k) lists, full ones."""
    return np.asarray(shared_places(a, b).mean(axis=1))


def chance(k: int, n: int) -> dict[str, float]:
    """What random neighbours among n items give, exactly: of the overlap k / (n − 1), and of the Jaccard.

    The number of common neighbours is hypergeometric: k of n − 1 drawn, k of them marked.
    """
    size = np.array([k])
    return {"overlap": k / (n - 1), "jaccard": float(chance_jaccard(size, size, np.array([n - 1]))[0])}


def cknna_terms(x: Unit, y: Unit, rows: Rows, near_x: Ids, near_y: Ids) -> tuple[Floats, Floats, Floats]:
    """(m,), thrice: for each anchor Σ K L over its mutual neighbours, Σ K² and Σ L² over its neighbours."""
    own = [centred_cosines(unit, rows, near) for unit, near in ((x, near_x), (y, near_y))]
    mutual = shared_places(near_x, near_y)
    both = np.where(mutual, own[0] * centred_cosines(y, rows, near_x), 0.0).sum(axis=1)
    return np.asarray(both), np.asarray((own[0] ** 2).sum(axis=1)), np.asarray((own[1] ** 2).sum(axis=1))


def centred_cosines(unit: Unit, rows: Rows, near: Ids) -> Floats:
    """(m, k) cosine of each row with its list's items, less its mean cosine to all items."""
    mean = unit.mean(axis=0, dtype=np.float64)
    found = np.empty(near.shape)
    step = max(1, PAIRS // (near.shape[1] * unit.shape[1]))
    for start in range(0, len(rows), step):
        own = unit[rows[start : start + step]].astype(np.float64)
        found[start : start + step] = np.einsum("md,mkd->mk", own, unit[near[start : start + step]])
        found[start : start + step] -= (own @ mean)[:, None]
    return found


def _lists(
    x: ArrayLike, y: ArrayLike, k: int, anchors: int | None, seed: int, memory: int
) -> tuple[tuple[tuple[Unit, Unit], Rows], tuple[Ids, Ids]]:
    """Unit rows of both sides and the anchors, and the anchors' neighbours on both sides."""
    a, b = same_items(x, y)
    check_k(k, len(a))
    rows = choose_anchors(len(a), anchors, seed)
    units = unit_float32(a), unit_float32(b)
    one, other = (nearest_of(unit, rows, k, memory) for unit in units)
    return (units, rows), (one, other)
