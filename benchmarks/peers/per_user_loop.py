"""Ranking and diagnosing two views one user at a time: numpy for scores, Python sets for what is counted.

The peer of `sc.rank` and `sc.diagnose` in `benchmarks/bench.py`: the way in which scripts published with
papers are mostly written. Definitions are those of the diagnostics of arXiv 2604.22195, names those of
`diagnose`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DEPTHS = (5, 10, 20)
STRATA = ("cold", "mid", "hot")

Lists = Sequence[Sequence[int]]
Arrays = Mapping[str, NDArray[Any]]


def lists_of(
    users: NDArray[np.float32],
    items: NDArray[np.float32],
    indptr: NDArray[np.integer],
    indices: NDArray[np.integer],
    k: int,
) -> list[list[int]]:
    """Each user's k best items by float32 score, those of the history (CSR) left out; fewer where few remain.

    Args:
        users: (U, d). items: (I, d), I > k.
    """
    found = []
    for user in range(len(users)):
        scores = items @ users[user]
        scores[indices[indptr[user] : indptr[user + 1]]] = -np.inf
        best = np.argpartition(-scores, k)[:k]
        best = best[np.argsort(-scores[best], kind="stable")]
        found.append([int(item) for item in best if scores[item] > -np.inf])
    return found


def measures(a: Lists, b: Lists, known: Arrays, k: int) -> dict[str, float]:
    """Overlap, hits, oracle and strata of two rankings; users without test items are skipped.

    Args:
        a, b: item rows by rank, one list per user.
        known: `test_indptr`, `test_indices` (CSR), `activity` (U,) train items of a user, `popularity` (I,)
            train users of an item, `stratum` (I,) its place in `STRATA`.

    Returns:
        Values by the names of `diagnose`; those over no users are omitted.
    """
    sums: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        sums.setdefault(name, []).append(float(value))

    counts = dict.fromkeys(["users.both", "users.a_only", "users.b_only", "users.none"], 0)
    pool = dict.fromkeys(["hits.common", "hits.a_unique", "hits.b_unique"], 0)
    indptr, indices = known["test_indptr"], known["test_indices"]
    for user in range(len(indptr) - 1):
        truth = {int(item) for item in indices[indptr[user] : indptr[user + 1]]}
        if not truth:
            continue
        for depth in sorted({*(d for d in DEPTHS if d <= k), k}):
            first, second = set(a[user][:depth]), set(b[user][:depth])
            if first | second:
                overlap = len(first & second) / len(first | second)
                if depth in DEPTHS:
                    note(f"jaccard_at.{depth}", overlap)
                if depth == k:
                    note("jaccard", overlap)
        list_a, list_b = a[user][:k], b[user][:k]
        hits_a, hits_b = truth & set(list_a), truth & set(list_b)
        group = ("both" if hits_b else "a_only") if hits_a else ("b_only" if hits_b else "none")
        counts[f"users.{group}"] += 1
        note(f"log_activity.{group}", np.log1p(known["activity"][user]))
        classes = {"common": hits_a & hits_b, "a_unique": hits_a - hits_b, "b_unique": hits_b - hits_a}
        for name, hits in classes.items():
            pool[f"hits.{name}"] += len(hits)
            for item in hits:
                note(f"log_popularity.{name}", np.log1p(known["popularity"][item]))
        for label, ranked, hits in (("a", list_a, hits_a), ("b", list_b, hits_b)):
            note(f"recall.{label}", len(hits) / len(truth))
            note(f"ndcg.{label}", _ndcg(ranked, truth, k))
        note("oracle.union", len(hits_a | hits_b) / len(truth))
        for at, stratum in enumerate(STRATA):
            within = {item for item in truth if known["stratum"][item] == at}
            if within:
                for label, hits in (("a", hits_a), ("b", hits_b), ("union", hits_a | hits_b)):
                    note(f"recall_by_stratum.{label}.{stratum}", len(hits & within) / len(within))
    found = {name: sum(values) / len(values) for name, values in sums.items()}
    found |= {name: float(count) for name, count in (counts | pool).items()}
    total = sum(pool.values())
    if total:
        found["unique_hit_ratio"] = (pool["hits.a_unique"] + pool["hits.b_unique"]) / total
    return found


def _ndcg(ranked: Sequence[int], truth: set[int], k: int) -> float:
    gained = sum(1 / np.log2(rank + 2) for rank, item in enumerate(ranked) if item in truth)
    best = sum(1 / np.log2(rank + 2) for rank in range(min(len(truth), k)))
    return float(gained / best)
