"""Seconds and memory of loading a ratings file: kept are ratings of at least 4, then a 5-core.

    python benchmarks/loading.py --rows 1e6 1e7 1e8 [--out benchmarks/results/loading-NAME.json]

The file is made once, a chunk at a time, in the folder for temporary files: user_id, item_id, rating and
timestamp, ids of 14 and 10 characters, users and items drawn by a Zipf law each. Loading runs in a process
of its own, so that making the file counts for nothing. Memory is the peak of the resident set (`ru_maxrss`)
and, separately, that of its anonymous part (sampled), to which cached pages of files do not count.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import threading
import time
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl

from semcomp.data import Recipe, read_folder
from semcomp.progress import progress_bar
from semcomp.storage import atomic_write

RECIPE = Recipe(min_rating=4, core=5, empty_text="keep")
CHUNK = 2_000_000
ALPHABET = np.frombuffer(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", dtype="S1")
USER_ZIPF, ITEM_ZIPF, HEAD = 0.7, 0.9, 10  # weights (rank + HEAD) ** -exponent
RATINGS = [0.08, 0.06, 0.10, 0.20, 0.56]  # shares of 1 to 5, about those of Amazon reviews


def make_file(path: Path, rows: int, users: int, items: int) -> None:
    rng = np.random.default_rng(0)
    user_ids, item_ids = ids("A", 14, users), ids("B", 10, items)
    by_user, by_item = ladder(users, USER_ZIPF, rng), ladder(items, ITEM_ZIPF, rng)
    with (
        atomic_write(path) as part,
        part.open("wb") as stream,
        progress_bar(rows, "making the file", "row", unit_scale=True) as bar,
    ):
        for start in range(0, rows, CHUNK):
            n = min(CHUNK, rows - start)
            chunk = pl.DataFrame(
                {
                    "user_id": user_ids.gather(np.searchsorted(by_user, rng.random(n))),
                    "item_id": item_ids.gather(np.searchsorted(by_item, rng.random(n))),
                    "rating": rng.choice(5, n, p=RATINGS) + 1.0,
                    "timestamp": rng.integers(1_000_000_000, 1_500_000_000, n),
                }
            )
            chunk.write_csv(stream, include_header=start == 0)
            bar.update(n)


def ids(prefix: str, length: int, count: int) -> pl.Series:
    """Distinct ids in base 36: the first six digits count, in a scattered order; the others are noise."""
    number = np.arange(count, dtype=np.int64) * 1_500_450_271 % 36**6
    digits = np.random.default_rng(count).integers(0, 36, (count, length - len(prefix)))
    for place in range(6):
        digits[:, place] = number // 36**place % 36
    letters = ALPHABET[digits].view(f"S{length - len(prefix)}").ravel().astype(str)
    return prefix + pl.Series(letters, dtype=pl.String)


def ladder(count: int, exponent: float, rng: np.random.Generator) -> np.ndarray:
    """Cumulated shares of a Zipf law, its ranks shuffled."""
    steps = np.cumsum(rng.permutation((np.arange(count) + HEAD) ** -exponent))
    return steps / steps[-1]


def load(path: Path) -> dict[str, object]:
    """Load here and say what it took."""
    anonymous = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal anonymous
        while not done.wait(0.05):
            status = Path("/proc/self/status").read_text()
            anonymous = max(anonymous, int(status.split("RssAnon:")[1].split()[0]))

    watcher = threading.Thread(target=watch)
    if Path("/proc/self/status").exists():
        watcher.start()
    start = time.perf_counter()
    data = read_folder(path, recipe=RECIPE)
    seconds = time.perf_counter() - start
    done.set()
    unit = 1 if platform.system() == "Darwin" else 1024
    return {
        "seconds": round(seconds, 1),
        "peak MiB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20),
        "peak anonymous MiB": round(anonymous / 1024) or None,
        "users left": data.n_users,
        "items left": data.n_items,
        "interactions left": data.n_interactions,
        "notes": list(data.notes),
    }


def main() -> None:
    def whole(text: str) -> int:
        return int(float(text))

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=whole, nargs="+", default=[1_000_000])
    parser.add_argument("--users", type=whole, help="a 20th of the rows if not given")
    parser.add_argument("--items", type=whole, help="a 200th of the rows if not given")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "semcomp-benchmark")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--remark", help="what else the reader of the results should know")
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)  # the process that is measured
    arguments = parser.parse_args()
    if arguments.load:
        print(json.dumps(load(arguments.load)))
        return
    runs = []
    for rows in arguments.rows:
        users, items = arguments.users or rows // 20, arguments.items or rows // 200
        path = arguments.folder / f"ratings-{rows}-{users}-{items}.csv"
        if not path.exists():
            make_file(path, rows, users, items)
        command = [sys.executable, __file__, "--load", str(path)]
        said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
        size = round(path.stat().st_size / 2**20)
        runs.append({"rows": rows, "users": users, "items": items, "file MiB": size, **json.loads(said)})
        print(json.dumps(runs[-1], indent=1, ensure_ascii=False), flush=True)
    result = {
        "date": date.today().isoformat(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}",
        "python": platform.python_version(),
        "polars": pl.__version__,
        "numpy": np.__version__,
        "filters": "of repeated pairs the last, rating >= 4, then 5-core",
        "remark": arguments.remark,
        "runs": runs,
    }
    if arguments.out:
        arguments.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
