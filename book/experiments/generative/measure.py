"""Generative retrieval on leave-last-out: what codes bring, how wide a search must be, what kept lists lose.

    python -m book.experiments.generative.measure [--data ml-100k ...] [--seeds 1] [--row NAME ...] [--table]

Rows are those of `rows.ROWS`, one after the other in one thread, seed by seed. Every fit stops on the
validation part; at test time a model reads train and validation, and returns nothing that the user has had.
Of every fit the hits of each user are kept (`matched.hits`): of exact lists and of beams of several widths,
and of lists that were finished before the validation item came. Results are written after each fit; an
interrupted run is resumed, also in the middle of one.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from book.experiments.datasets import options, origin, show
from book.experiments.generative.rows import (
    CODED,
    COLLABORATIVE,
    ROWS,
    SEQUENTIAL,
    SERVED,
    WIDTHS,
    K,
    key,
    model,
)
from book.experiments.matched.hits import packed
from book.experiments.resumed import line_by_line, say, written
from semcomp.core.rank import rank
from semcomp.core.topk import TopK
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.generative import TIGER
from semcomp.serve import lists_for, write_lists
from semcomp.storage import cache_folder
from semcomp.study import Study
from semcomp.views.training.configuration import described

RESULTS = Path(__file__).resolve().parent / "results"
STRATEGY = "leave-last-out"
TIMED = 30  # users, of each of whom a list is served


def measure(study: Study, row: str, seed: int) -> dict[str, Any]:
    """A row's numbers, and every user's hits."""
    split, vectors = study.split, None
    if row in CODED:
        vectors = View.load(vectors_of_ids(study, seed)) if row == COLLABORATIVE else study.text
    one = model(row, vectors, seed)
    began = time.perf_counter()
    name = key(row, seed, split.fingerprint, study.text.provenance["sha256"])
    scorer: Any = one.fit(split, seed, checkpoint=cache_folder("checkpoints") / name)
    seconds = time.perf_counter() - began
    made = scorer.provenance
    if row == SEQUENTIAL:
        scorer.view().save(vectors_of_ids(study, seed))
    fresh = scorer.knowing(split) if hasattr(scorer, "knowing") else scorer
    found: dict[str, Any] = {
        "row": row,
        "seed": seed,
        "key": name,
        "seconds": round(made.get("cost", {}).get("seconds", seconds), 1),
        "peak bytes": made.get("cost", {}).get("peak_bytes"),
        "best epoch": made.get("training", {}).get("best_epoch"),
        "curve": made.get("training", {}).get("curve", []),
        "config": described(one) if row not in CODED else made["config"],
        "hits": {"all": packed(hits(rank(fresh, split, K), split))},
        **origin(),
    }
    if isinstance(one, TIGER):
        codes = one.codes
        found["codes"] = {
            "used": codes.used().tolist(),
            "perplexity": codes.perplexity().round(1).tolist(),
            "collision rate": round(codes.collision_rate(), 4),
        }
        found["beams"] = {}
        for width in WIDTHS:
            began = time.perf_counter()
            lists = fresh.topk(split, K, beams=width)
            found["beams"][str(width)] = round(1000 * (time.perf_counter() - began) / split.n_users, 2)
            found["hits"][str(width)] = packed(hits(lists, split))
        scorer, fresh = scorer.searching(SERVED), fresh.searching(SERVED)
    if row == SEQUENTIAL or row in CODED:
        found["hits"]["kept"] = packed(hits(rank(scorer, split, K, mask="train"), split))
        found["hits"]["kept, filtered"] = packed(hits(rank(scorer, split, K), split))
        found["hits"]["fresh"] = packed(hits(rank(fresh, split, K), split))
        found["milliseconds"] = served(fresh, split)
    return found


def hits(lists: TopK, split: Split) -> NDArray[np.bool_]:
    """Of the users with a test item."""
    found: NDArray[np.bool_] = lists.hits(split.test)[np.diff(split.test.indptr) > 0]
    return found


def served(scorer: Any, split: Split) -> dict[str, float]:
    """Median milliseconds for one user: a list that is kept, looked up by id; one that is made anew."""
    with tempfile.TemporaryDirectory() as folder:
        path = write_lists(scorer, split, Path(folder) / "lists.parquet", K, progress=False)
        users = np.linspace(0, split.n_users - 1, TIMED).astype(np.int64)
        kept = median(lambda user: lists_for(path, str(split.user_ids[user])), users)
    return {"kept": kept, "fresh": median(lambda user: scorer.scores(user[None]), users)}


def median(work: Callable[[Any], object], users: NDArray[np.int64]) -> float:
    work(users[0])
    spent = []
    for user in users:
        began = time.perf_counter()
        work(user)
        spent.append(1000 * (time.perf_counter() - began))
    return round(statistics.median(spent), 2)


def vectors_of_ids(study: Study, seed: int) -> Path:
    """Where the item vectors of the sequential model are kept, which collaborative codes are made of."""
    return cache_folder("generative") / f"{study.split.fingerprint[:16]}-{seed}.safetensors"


def kept(path: Path) -> dict[str, Any]:
    """What is measured already."""
    found: dict[str, Any] = json.loads(path.read_text("utf8")) if path.is_file() else {"rows": []}
    return found


def keep(path: Path, study: Study, found: dict[str, Any]) -> None:
    """Add a row, in the place of an older one with its name and seed."""
    split, others = study.split, kept(path)["rows"]
    others = [one for one in others if (one["row"], one["seed"]) != (found["row"], found["seed"])]
    head = {
        "dataset": study.data.name,
        "strategy": STRATEGY,
        "data": {
            "fingerprint": study.data.fingerprint,
            "users": int((np.diff(split.test.indptr) > 0).sum()),
            "items": split.n_items,
            "train pairs": int(split.train.nnz),
            "encoder": study.text.provenance["encoder"],
        },
        "split": split.fingerprint,
        "order": split.order_told,
    }
    rows = sorted([*others, found], key=lambda one: (one["seed"], list(ROWS).index(one["row"])))
    written(path, line_by_line(head, {"rows": rows}))


def shown(record: dict[str, Any]) -> str:
    from book.experiments.generative.tables import scores

    return f"{record['dataset']}\n{scores(record).to_string()}"


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.set_defaults(data=("ml-100k",))
    parser.add_argument("--row", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME")
    parser.add_argument("--seeds", type=int, default=1)
    given = parser.parse_args()
    for name in () if given.table else given.data:
        study, path = Study(name, strategy=STRATEGY), given.out / f"{name}.json"
        for seed in range(given.seeds):
            for row in given.row:
                wanted = key(row, seed, study.split.fingerprint, study.text.provenance["sha256"])
                if not given.force and wanted in {one["key"] for one in kept(path)["rows"]}:
                    continue
                found = measure(study, row, seed)
                keep(path, study, found)
                say(f"{name}, {row}, seed {seed}: {found['seconds']:.0f} s, best epoch {found['best epoch']}")
    show(given.data, given.out, shown)


if __name__ == "__main__":
    main()
