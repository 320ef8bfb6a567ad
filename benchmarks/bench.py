"""How fast this package is compared with others at the same work, on this machine, in one run.

    make bench [ARGS="--smoke"]
    python benchmarks/bench.py [--smoke] [--data NAME] [--train NAME ...] [--only PIECE ...] [--force]

Each side of each piece of work has a process of its own and one thread, and sides take turns; what is
measured is kept in the work folder at once, so that an interrupted run goes on where it stopped. Seconds are
medians of the rounds, ratios are peer over ours, and memory is the peak above what the process held when the
clock was started. Peers get environments of their own: implicit, FAISS and ranx one, RecBole another.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import venv
from datetime import date
from pathlib import Path
from typing import Any

from peers import recbole_side
from speed.pieces import FULL, PEERS, RECBOLE, SMOKE, TRAINING, Piece, pieces
from speed.report import by_piece, growth_of, machine, rows_of, table, versions_of
from speed.running import Places, ensure

from semcomp.api import data_sets
from semcomp.storage import atomic_write

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# what is ranked where it is there, what LightGCN learns besides, and what is always there
LARGE, MIDDLE, SMALL = "games", "books", "ml-100k"
THREADS = 1


def prepare(places: Places, needed: set[str]) -> None:
    """The environments that the pieces need, made where they are not there yet."""
    if PEERS in needed and not places.peers.exists():
        venv.create(places.peers.parent.parent, with_pip=True)
        wanted = HERE / "peers" / "requirements-bench.txt"
        subprocess.run([places.peers, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)
    if {RECBOLE, TRAINING} & needed and not places.recbole.exists():
        recbole_side.prepare(places.recbole)


def run(chosen: list[Piece], places: Places, size: str, *, force: bool = False) -> dict[str, Any]:
    """Measure what is missing; the whole report."""
    found = list(ensure(chosen, places, force=force))
    grouped = by_piece(found)
    return {
        "date": date.today().isoformat(),
        "size": size,
        "machine": machine(THREADS),
        "load": max(report["load"] for _, report in found),
        "versions": versions_of(found),
        "rows": [row for piece in grouped.values() for row in rows_of(piece)],
        "growth": growth_of(grouped),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--smoke", action="store_true", help="small sizes: whether it runs, not how fast")
    parser.add_argument("--data", help=f"to be ranked; by default {LARGE} where it is there, else {SMALL}")
    parser.add_argument(
        "--train", nargs="+", metavar="NAME", help=f"for LightGCN; by default {SMALL}, and {MIDDLE} if there"
    )
    parser.add_argument(
        "--only", nargs="+", metavar="PIECE", help="pieces whose names begin so; no file is written"
    )
    parser.add_argument("--force", action="store_true", help="measure again what was measured")
    parser.add_argument(
        "--work", type=Path, default=ROOT / ".bench", help="environments, inputs, measurements"
    )
    parser.add_argument(
        "--peers", type=Path, help="Python of a ready environment with implicit, FAISS and ranx"
    )
    parser.add_argument("--recbole", type=Path, help="Python of a ready environment with RecBole")
    parser.add_argument("--machine", default=f"{os.cpu_count()}cores", help="its name in the results file")
    parser.add_argument(
        "--out",
        type=Path,
        help="results file; by default benchmarks/results/bench-MACHINE.json, "
        "of a smoke run smoke/bench-MACHINE.json in the work folder",
    )
    given = parser.parse_args()
    sizes = SMOKE if given.smoke else FULL
    work = given.work.absolute()
    there = (SMALL,) if given.smoke else data_sets()
    data = given.data or (LARGE if LARGE in there else SMALL)
    trained = given.train or [name for name in (SMALL, MIDDLE) if name in there]
    places = Places(
        work / sizes.name,
        (given.peers or work / "venv" / "bin" / "python").absolute(),
        (given.recbole or work / "recbole" / "venv" / "bin" / "python").absolute(),
    )
    chosen = [
        piece
        for piece in pieces(sizes, data, trained)
        if not given.only or piece.name.startswith(tuple(given.only))
    ]
    if not chosen:
        parser.error(f"no piece begins with {' or '.join(given.only)}")
    prepare(places, {side.where for piece in chosen for side in piece.sides.values()})
    report = run(chosen, places, sizes.name, force=given.force)
    print(table(report["rows"]))
    if given.only and given.out is None:
        return
    results = places.work if given.smoke else HERE / "results"  # what is committed is of full size
    out = given.out or results / f"bench-{given.machine}.json"
    with atomic_write(out) as part:
        part.write_text(json.dumps(report, indent=1) + "\n", encoding="utf8")
    print(f"\nwritten: {out}", file=sys.stderr)


if __name__ == "__main__":
    main()
