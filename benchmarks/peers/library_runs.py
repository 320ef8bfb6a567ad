"""One run of implicit, FAISS or ranx, for `benchmarks/bench.py`; runs in an environment of their own.

    python library_runs.py JOB.json

The job names a side (a key of `SIDES`), the file of its input, its arguments, and two files to write: a
report with seconds, bytes above what was held before, and versions, and what was found. Each library is used
as it is published, on one thread.
"""

from __future__ import annotations

import json
import platform
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from memory import begin, peak

FEW = 64  # users of the call that comes before, which loads and compiles
PACKAGES = ("implicit", "faiss-cpu", "ranx", "numba", "torch", "numpy", "scipy", "recbole")


def first_unseen(ids, indptr, indices, k):
    """The first k of each row of ids (U, m) that are not in the history (CSR), -1 where none is left.

    Args:
        ids: by rank; m at least k and the longest history together, or as many as there are items. Below 0:
            no item.
    """
    users = len(ids)
    items = int(max(ids.max(initial=0), indices.max(initial=0))) + 1
    row = np.arange(users, dtype=np.int64)
    seen = np.sort(np.repeat(row, np.diff(indptr[: users + 1])) * items + indices[: indptr[users]])
    wanted = row[:, None] * items + ids
    at = np.minimum(np.searchsorted(seen, wanted), max(len(seen) - 1, 0))
    free = (ids >= 0) & ((seen[at] != wanted) if len(seen) else True)
    order = np.argsort(~free, axis=1, kind="stable")[:, :k]  # those that are free come first, in their order
    taken = np.take_along_axis(ids, order, axis=1)
    return np.where(np.take_along_axis(free, order, axis=1), taken, -1)


def with_implicit(arrays, k):
    from implicit.cpu.topk import topk

    users, items = arrays["a_users"], arrays["a_items"]
    history = sp.csr_matrix(
        (
            np.ones(len(arrays["history_indices"]), np.float32),
            arrays["history_indices"],
            arrays["history_indptr"],
        ),
        shape=tuple(arrays["shape"]),
    )
    few = history[:FEW]

    def run(users, history):
        return topk(items, users, k, filter_query_items=history, num_threads=1)

    return lambda: run(users, history), lambda: run(users[:FEW], few), lambda found: {"ids": found[0]}


def with_faiss(arrays, k):
    """IndexFlatIP searched for k and the longest history more; what was seen is taken out afterwards."""
    import faiss

    faiss.omp_set_num_threads(1)
    users, items = arrays["a_users"], arrays["a_items"]
    indptr, indices = arrays["history_indptr"], arrays["history_indices"]
    places = min(k + int(np.diff(indptr).max()), len(items))

    def run(users):
        index = faiss.IndexFlatIP(items.shape[1])
        index.add(items)
        ids = index.search(users, places)[1]
        return first_unseen(ids, indptr, indices, k)

    return lambda: run(users), lambda: run(users[:FEW]), lambda ids: {"ids": ids}


def with_ranx(arrays, k, build):
    """Recall and NDCG of lists that are there; with `build`, from the lists, else from ranx's own objects."""
    import ranx

    lists, indptr, indices = arrays["lists"], arrays["test_indptr"], arrays["test_indices"]
    scores = np.arange(k, 0, -1, dtype=np.float64)
    metrics = [f"recall@{k}", f"ndcg@{k}"]

    def built(n):
        asked = [user for user in range(n) if indptr[user] < indptr[user + 1]]
        truth = {str(u): {str(i): 1 for i in indices[indptr[u] : indptr[u + 1]]} for u in asked}
        ranked = {str(u): {str(i): s for i, s in zip(lists[u], scores, strict=True) if i >= 0} for u in asked}
        return ranx.Qrels(truth), ranx.Run(ranked)

    def evaluate(pair):
        return ranx.evaluate(*pair, metrics)

    users = len(indptr) - 1
    few = built(min(FEW, users))
    evaluate(few)
    if build:
        run = lambda: evaluate(built(users))  # noqa: E731
    else:
        whole = built(users)
        run = lambda: evaluate(whole)  # noqa: E731

    def kept(found):
        return {name.split("@")[0]: np.array(value) for name, value in found.items()}

    return run, lambda: evaluate(few), kept


def with_recbole(arrays, k, **job):
    from recbole_ranks import full_sort

    return full_sort(arrays, k, **job)


SIDES = {"implicit": with_implicit, "faiss": with_faiss, "ranx": with_ranx, "recbole": with_recbole}


def versions():
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue  # each environment has some of them
    return found


def main():
    file = Path(sys.argv[1])
    sys.argv = sys.argv[:1]  # RecBole reads what is left of the command line as configuration
    job = json.loads(file.read_text(encoding="utf8"))
    with np.load(job["input"]) as stored:
        arrays = dict(stored)
    run, warm, kept = SIDES[job["side"]](arrays, **job["arguments"])
    warm()
    floor = begin()
    began = time.perf_counter()
    found = run()
    seconds = time.perf_counter() - began
    report = {"seconds": seconds, "peak_bytes": peak() - floor, "versions": versions()}
    np.savez(job["kept"], **kept(found))
    Path(job["report"]).write_text(json.dumps(report) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
