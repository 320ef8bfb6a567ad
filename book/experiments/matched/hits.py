"""Which places of a user's list are hits, kept in a few bytes per user: all metrics up to place 20 follow.

Per user one whole number whose bit r says whether place r, from 0, is a test item. Compressed, 50,000 users
take some 40 KB, so that any two fits can be compared user by user afterwards.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np
from numpy.typing import NDArray

from semcomp.core.metrics import ndcg

K = 20


def packed(marks: NDArray[np.bool_]) -> str:
    """(n, K) hit marks in order of rank, as text.

    >>> unpacked(packed(np.eye(2, 20, dtype=bool)), 2).sum(axis=1).tolist()
    [1, 1]
    """
    bits = (marks.astype(np.uint32) << np.arange(K, dtype=np.uint32)).sum(axis=1, dtype=np.uint32)
    return compressed(bits)


def unpacked(text: str, users: int) -> NDArray[np.bool_]:
    """(users, K) marks; ValueError where the text is of another number of users."""
    bits = numbers(text)
    if len(bits) != users:
        raise ValueError(f"hits of {len(bits)} users, not {users}")
    return (bits[:, None] >> np.arange(K, dtype=np.uint32) & 1).astype(bool)


def compressed(values: NDArray[np.uint32]) -> str:
    return base64.b64encode(zlib.compress(values.astype("<u4").tobytes(), 9)).decode("ascii")


def numbers(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype="<u4").astype(np.uint32)


def metric(name: str, marks: NDArray[np.bool_], n_truth: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) "ndcg" or "recall" at K of users with `n_truth` test items each, see `core.metrics.per_user`."""
    if name == "ndcg":
        return ndcg(marks, n_truth)
    return np.asarray(marks.sum(axis=1) / n_truth)
