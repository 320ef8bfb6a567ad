"""From times to a table: ratios of medians, peaks of memory, whether both sides found the same, growth."""

from __future__ import annotations

import os
import platform
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import torch
from numpy.typing import NDArray
from peers.per_user_loop import measures

import semcomp as sc
from speed import inputs
from speed.pieces import PEERS, Piece, Row
from speed.running import Task
from speed.training import common_level, seconds_to

Found = list[tuple[Task, dict[str, Any]]]
Check = dict[str, float]
VARIED = ("users", "items", "k")
SAME = 1e-9  # how far apart numbers may be that are computed from the same lists


def by_piece(found: Iterable[tuple[Task, dict[str, Any]]]) -> dict[str, Found]:
    pieces: dict[str, Found] = defaultdict(list)
    for task, report in found:
        pieces[task.piece.name].append((task, report))
    return dict(pieces)


def rows_of(found: Found) -> list[dict[str, Any]]:
    """The rows of one piece; empty where it holds nothing against anything."""
    piece = found[0][0].piece
    return [row_of(piece, row, found) for row in piece.rows]


def row_of(piece: Piece, row: Row, found: Found) -> dict[str, Any]:
    """Medians over rounds of both sides, and their ratio; above 1 ours is the faster one.

    Of curves, seconds are those to the level that both reach. `met` is None where there is no target.
    """
    ours, peer = ([report for task, report in found if task.name == name] for name in (row.ours, row.peer))
    if "curve" in ours[0]:
        curves = [side[0]["curve"] for side in (ours, peer)]
        level = common_level(*curves)
        seconds = [[seconds_to(curve, level)] for curve in curves]
        check = {
            f"best validation NDCG@20, {name}": common_level(curve, curve)
            for name, curve in zip((row.ours, row.peer), curves, strict=True)
        }
    else:
        seconds = [[report["seconds"] for report in side] for side in (ours, peer)]
        check = checked(piece, row, found)
    one, other = (statistics.median(side) for side in seconds)
    ratio = other / one
    return {
        "piece": piece.name,
        "what": piece.what,
        "ours": row.ours,
        "peer": row.peer,
        "our_seconds": round(one, 4),
        "peer_seconds": round(other, 4),
        "ratio": round(ratio, 3),
        "spread": [round(max(side) / min(side), 2) for side in seconds],
        "our_peak_bytes": int(statistics.median(report["peak_bytes"] for report in ours)),
        "peer_peak_bytes": int(statistics.median(report["peak_bytes"] for report in peer)),
        "target": row.target,
        "met": None if row.target is None else ratio >= row.target,
        "note": row.note,
        "check": check,
    }


def checked(piece: Piece, row: Row, found: Found) -> Check:
    """How far both sides agree, by what each of them kept.

    - lists of items: the share of users with the same items (float32 products may swap what is nearly equal);
    - metrics: the largest difference;
    - a diagnosis: the largest difference from the loop's numbers, made of the same lists; RuntimeError where
      that is above 1e-9;
    - else what each side says of itself.
    """
    mine, theirs = (
        next(task.kept() for task, _ in found if task.name == name) for name in (row.ours, row.peer)
    )
    if "names" in mine:
        apart = same_numbers(mine, inputs.read(found[0][0].places.given(piece)))
        if apart > SAME:
            raise RuntimeError(f"{piece.what}: the loop's numbers are {apart} away from ours")
        lists = [same_items(mine[name], theirs[name]) for name in "ab"]
        return {"difference from the same lists": apart, "users with the same items": min(lists)}
    if "ids" in mine:
        return {"users with the same items": same_items(mine["ids"], theirs["ids"])} if theirs else {}
    if "ndcg" in mine:
        return {"difference": max(abs(float(mine[name] - theirs[name])) for name in ("ndcg", "recall"))}
    both = [(side, kept) for side, kept in ((row.ours, mine), (row.peer, theirs))]
    return {f"{name.replace('_', ' ')}, {side}": float(kept[name]) for side, kept in both for name in kept}


def same_numbers(mine: Mapping[str, NDArray[Any]], arrays: inputs.Arrays) -> float:
    """The largest difference of `diagnose` from the loop's measures of the same lists."""
    lists = [[[i for i in ids if i >= 0] for ids in mine[name].tolist()] for name in "ab"]
    loop = measures(*lists, arrays, mine["a"].shape[1])
    ours = dict(zip(mine["names"].tolist(), mine["values"].tolist(), strict=True))
    missing = set(loop) - set(ours)
    if missing - {name for name in missing if loop[name] == 0}:
        raise RuntimeError(f"the loop measures {sorted(missing)}, which the diagnosis does not name")
    return max(abs(loop[name] - ours[name]) for name in set(loop) & set(ours))


def same_items(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Share of rows (U, k) that hold the same items, in whatever order."""
    return float((np.sort(one, axis=1) == np.sort(other, axis=1)).all(axis=1).mean())


def growth_of(pieces: Mapping[str, Found]) -> list[dict[str, Any]]:
    """One row per point: what is varied, users, items, k, seconds and peak, medians over rounds.

    A size is varied where the others have the value that most points have, so that the middle point stands
    in each of the three series.
    """
    points = [
        {
            **found[0][0].piece.point,
            "seconds": round(statistics.median(report["seconds"] for _, report in found), 4),
            "peak_bytes": int(statistics.median(report["peak_bytes"] for _, report in found)),
        }
        for found in pieces.values()
        if found[0][0].piece.point is not None
    ]
    middle = {name: statistics.mode(point[name] for point in points) for name in VARIED if points}
    return [
        {"varied": name, **point}
        for name in middle
        for point in sorted(points, key=lambda point: point[name])
        if all(point[other] == middle[other] for other in VARIED if other != name)
    ]


def versions_of(found: Iterable[tuple[Task, dict[str, Any]]]) -> dict[str, dict[str, str]]:
    """Of this package's environment, and of each of the peers'."""
    versions = {
        "semcomp": {
            "python": platform.python_version(),
            "semcomp": sc.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
        }
    }
    for task, report in found:
        if "versions" in report:
            name = "implicit, FAISS and ranx" if task.side.where == PEERS else "RecBole"
            versions.setdefault(name, report["versions"])
    return versions


def machine(threads: int) -> dict[str, Any]:
    """Processor, cores, memory and the threads that each side had."""
    model = platform.processor() or platform.machine()
    file = Path("/proc/cpuinfo")
    if file.exists():
        named = [line for line in file.read_text().splitlines() if line.startswith("model name")]
        model = named[0].partition(":")[2].strip() if named else model
    found = {"processor": model, "cores": os.cpu_count(), "threads": threads, "system": platform.system()}
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        found["memory_bytes"] = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return found


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The rows as lines: what, sides, seconds of both, how many times faster, peaks in MiB, target."""
    lines, piece = [], None
    for row in rows:
        if row["piece"] != piece:
            piece = row["piece"]
            lines.append(f"\n{row['what']}")
        asked = (
            ""
            if row["target"] is None
            else f"  target {row['target']:g}x {'met' if row['met'] else 'MISSED'}"
        )
        lines.append(
            f"  {row['ours']} {row['our_seconds']:.3g} s, {row['peer']} {row['peer_seconds']:.3g} s: "
            f"{row['ratio']:.2f}x; {row['our_peak_bytes'] / 2**20:.0f} and "
            f"{row['peer_peak_bytes'] / 2**20:.0f} MiB{asked}"
        )
    return "\n".join(lines).lstrip("\n")
