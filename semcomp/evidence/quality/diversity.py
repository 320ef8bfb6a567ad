"""How different the items of one list are from each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semcomp.errors import SemcompError
from semcomp.evidence.quality.exposure import Ids, check_items
from semcomp.evidence.statistics.bootstrap import MEMORY, Floats


def list_distance(
    ids: Ids, vectors: NDArray[np.floating], *, label: str = "vectors", memory: int = MEMORY
) -> Floats:
    """Mean of 1 - cosine over the pairs of a list: intra-list distance under any item vectors.

    With x_i the unit vectors of the n items of a list, Σ_{i≠j} cos(i, j) = |Σ_i x_i|² - n, so
    distance = 1 - (|Σ_i x_i|² - n) / (n (n - 1)): one sum per list, no pairs. Items whose vector is zero have
    no direction and are omitted from their lists.

    Args:
        ids: (U, k) item rows, -1 for empty places.
        vectors: (I, d) finite numbers, one row per item; their lengths play no part.
        label: what errors call the vectors.
        memory: bytes for a block of users' vectors (at least one user at a time).

    Returns:
        (U,) in [0, n / (n - 1)]: 0 for lists of one direction, 1 for orthogonal items, above 1 where cosines
        are negative on average. NaN for lists with fewer than two items that have a direction.

    Raises:
        SemcompError: vectors that are not one finite row per item.

    Source: Ziegler et al., Improving recommendation lists through topic diversification, WWW 2005 (intra-list
    similarity); as a distance in Vargas and Castells, RecSys 2011.
    """
    weight = _inverse_length(vectors, label, memory)
    check_items(ids, len(vectors))
    distance = np.full(len(ids), np.nan)
    block = int(max(1, memory // max(1, ids.shape[1] * vectors.shape[1] * (vectors.itemsize + 8))))
    for start in range(0, len(ids), block):
        some = ids[start : start + block]
        factor = np.where(some >= 0, weight[some], 0.0)
        total = (vectors[some] * factor[:, :, None]).sum(axis=1)
        n = (factor > 0).sum(axis=1)
        pairs = np.maximum(n * (n - 1), 1)
        mean = 1.0 - ((total**2).sum(axis=1) - n) / pairs
        distance[start : start + block] = np.where(n > 1, np.maximum(mean, 0.0), np.nan)  # -1e-16 is 0
    return distance


def check_vectors(vectors: NDArray[np.floating], n_items: int, label: str) -> None:
    """Raise unless there is one row of numbers for each of the items."""
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        raise SemcompError(f"{label} is not a matrix of numbers; give a dense one, one row per item")
    if len(vectors) != n_items:
        raise SemcompError(
            f"{label} has {len(vectors)} rows, but there are {n_items} items; give one row per item"
        )


def _inverse_length(vectors: NDArray[np.floating], label: str, memory: int) -> Floats:
    """(I,) 1 / |row|, 0 for a zero row."""
    check_vectors(vectors, vectors.shape[0], label)
    length = np.empty(len(vectors))
    block = int(max(1, memory // max(1, vectors.shape[1] * 16)))
    for start in range(0, len(vectors), block):
        rows = vectors[start : start + block].astype(np.float64)
        length[start : start + block] = np.sqrt((rows**2).sum(axis=1))
    if not np.isfinite(length).all():
        raise SemcompError(
            f"{label}, row {int(np.isfinite(length).argmin())}, is not finite; fix it or make it zero"
        )
    return np.asarray(np.where(length > 0, 1.0 / np.where(length > 0, length, 1.0), 0.0))
