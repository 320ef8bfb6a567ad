"""Runs killed and resumed, and runs at the same time: the bytes of an undisturbed one, no part files.

A run is killed at the moments at which it touches its files: before the n-th of them.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import semcomp as sc
from semcomp.core.provenance import without_cost
from tests.attack import disk, forks
from tests.attack.bench import Bench
from tests.attack.judge import Outcome
from tests.attack.readers import encoded, model, small

EVENTS = ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "attack.written")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
OTHERS = ("another run", "another process", "other run", "in use")  # who a run is refused for
#: What may differ between two runs that do the same.
TIMES = re.compile(rb'"(seconds|peak_bytes|peak_mb|started|date)": ?[^,}\n]+')


@dataclass(frozen=True)
class Job:
    """A run that leaves files in a folder.

    Attributes:
        act: does the work in the folder given, where an earlier run may have left something.
        results: patterns of the files whose bytes are compared.
    """

    name: str
    act: Callable[[Path], object]
    results: tuple[str, ...]
    slow: bool = False


def _fit(folder: Path) -> None:
    view = model().fit(small()[0], checkpoint=folder / "run.pt")
    _save(view, folder)


def _save(view: sc.View, folder: Path) -> None:
    split, _ = small()
    sc.View("v", view.users, view.items, without_cost(view.provenance), split.user_ids, split.item_ids).save(
        folder / "v.safetensors"
    )


def _chapter(folder: Path) -> None:
    """What a chapter does: views from the cache or trained, a measurement, and its record."""
    from semcomp.study.records import Record, keep

    os.environ["SEMCOMP_CACHE"] = str(folder / "cache")
    Bench(folder / "bench")
    model()  # a checkpoint after every epoch
    study = sc.Study("planted", "smoke", k=10)
    a, b = study.rank("LightGCN"), study.rank("projection")
    found = {
        "diagnosis": sc.diagnose(a, b, study.split, k=10, null=study.rank("LightGCN", 1), resamples=10),
        "geometry": sc.geometry(
            study.text,
            study.view("LightGCN"),
            settings=sc.GeometrySettings(5, groups=2, shuffles=1, permutations=19, resamples=10),
        ),
        "probe": sc.probe(
            study.text, study.view("LightGCN"), study.split, settings=sc.ProbeSettings(k=5, resamples=10)
        ),
    }
    (folder / "page").mkdir(exist_ok=True)
    keep(folder / "page", Record("planted", "smoke", "03_attack", found))


def shell(*words: str) -> Callable[[Path], None]:
    """A command in the folder, in which `{f}` stands for it; a shop lies next to it."""

    def act(folder: Path) -> None:
        from semcomp.cli import main

        model()
        os.environ.update(SEMCOMP_CACHE=str(folder / "cache"), SEMCOMP_OFFLINE="1")
        os.environ.pop("SEMCOMP_DATA", None)
        os.chdir(folder)
        sys.argv = [
            "semcomp",
            *(
                word.replace("{f}", str(folder)).replace("{w}", str(folder.parent / "world"))
                for word in words
            ),
        ]
        main()

    return act


def _embed(folder: Path) -> None:
    rows, _, _ = encoded(folder / "cache")
    np.save(folder / "rows.npy", rows)


TUNE = (
    "tune",
    "{w}/shop",
    "--view",
    "item-kNN",
    "--view",
    "LightGCN",
    "--trials",
    "2",
    "--epochs",
    "2",
    "--out",
    "{f}/settings",
    "--encoder",
    "tfidf",
)
GEOMETRY = (
    "geometry",
    "{w}/a_items.npy",
    "{w}/b_items.npy",
    "--json",
    "{f}/out.json",
    "--k",
    "5",
    "--groups",
    "3",
    "--resamples",
    "10",
)
PREPARE = ("data", "prepare", "{w}/ratings.csv", "{f}/made", "--items", "{w}/items.csv")

JOBS = (
    Job("fit", _fit, ("v.safetensors", "run.pt")),
    Job("tune", shell(*TUNE), ("settings/**/*.json",), slow=True),
    Job("chapter", _chapter, ("page/*.json",), slow=True),
    Job("text vectors", _embed, ("*.npy",)),
    Job("prepare", shell(*PREPARE), ("made/*",)),
    Job("geometry --json", shell(*GEOMETRY), ("out.json",)),
)


def results(job: Job, folder: Path) -> dict[str, bytes]:
    found = sorted(path for pattern in job.results for path in folder.glob(pattern) if path.is_file())
    return {
        str(path.relative_to(folder)): TIMES.sub(b"", path.read_bytes()).replace(str(folder).encode(), b"")
        for path in found
    }


def leftovers(folder: Path) -> list[str]:
    """Part files, which no run may leave when it is done."""
    found = (path for path in folder.rglob("*") if ".part" in path.name or path.name.startswith("tmp"))
    return [str(path.relative_to(folder)) for path in found if path.is_file()]


def _counting(job: Job, folder: Path, kill: tuple[int, int] | None = None) -> None:
    """In a child: the job; a signal to this process before the n-th touch of a file below the folder."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    touched = 0
    mine = os.getpid()

    def audit(event: str, args: tuple[Any, ...]) -> None:
        nonlocal touched
        if event not in EVENTS or os.getpid() != mine:
            return
        if event == "open" and not (isinstance(args[2], int) and args[2] & WRITING):
            return
        if event != "attack.written" and not str(args[0]).startswith(str(folder)):
            return
        touched += 1
        if kill is not None and touched == kill[0]:
            os.kill(mine, kill[1])

    _audited()
    sys.addaudithook(audit)
    try:
        job.act(folder)
    finally:
        print(json.dumps({"touched": touched}))


def _audited() -> None:
    """A writer in another language tells when all of a file is written."""
    import torch

    write = torch.save

    def act(*args: Any, **options: Any) -> None:
        write(*args, **options)
        sys.audit("attack.written", str(args[1]))

    torch.save = act


def kills(job: Job, count: int, folder: Path) -> Iterator[Outcome]:
    """Killed at `count` moments, spread over the run, by SIGKILL and SIGINT in turn; then run again."""
    kind = f"kills of {job.name}"
    right = folder / "right"
    _fresh(right)
    ended = forks.run(partial(_counting, job, right), seconds=120)
    if ended.status:
        yield Outcome(kind, "undisturbed", "wrong", "cannot be set up", ended.err[-500:])
        return
    expected = results(job, right)
    touched = next(
        json.loads(line)["touched"] for line in ended.out.splitlines() if line.startswith('{"touched"')
    )
    moments = sorted({1 + round(n * (touched - 1) / max(1, count - 1)) for n in range(count)})
    for n, moment in enumerate(moments):
        number = (signal.SIGKILL, signal.SIGINT)[n % 2]
        what = f"{number.name} before touch {moment} of {touched}"
        place = folder / "killed"
        _fresh(place)
        first = forks.run(partial(_counting, job, place, (moment, number)), seconds=120)
        cause, detail = "", first.err[-300:]
        if (
            number is signal.SIGINT
            and job.name in ("tune", "prepare", "geometry --json")
            and first.status not in (130, 0)
        ):
            cause = f"SIGINT ends with status {first.status}"
        elif number is signal.SIGINT and leftovers(place):
            cause = "a part file is left after an interrupt"
        if not cause:
            second = forks.run(partial(job.act, place), seconds=120)
            cause, detail = _resumed(job, place, expected, second)
        yield Outcome(kind, what, "wrong" if cause else "right", cause, detail if cause else "")


def _resumed(job: Job, place: Path, expected: dict[str, bytes], ended: forks.Ended) -> tuple[str, str]:
    found = results(job, place)
    if ended.status and not (found == expected and "semcomp: error: " in ended.err):  # it was done already
        return "the same run again fails", ended.err[-300:]
    if found != expected:
        other = [name for name in {*found, *expected} if found.get(name) != expected.get(name)]
        return "other bytes than those of an undisturbed run", _difference(found, expected, other)
    if left := leftovers(place):
        return "a part file is left", " ".join(left)
    return "", ""


def _difference(found: dict[str, bytes], expected: dict[str, bytes], names: list[str]) -> str:
    one, other = (side.get(names[0], b"") for side in (found, expected))
    at = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    around = slice(max(0, at - 40), at + 40)
    return f"{names}: at byte {at} {one[around]!r} where {other[around]!r} was"


def pairs(job: Job, times: int, folder: Path, other: Job | None = None) -> Iterator[Outcome]:
    """The job twice at the same time in one folder, or next to another one."""
    kind = "runs at the same time"
    right = folder / "right"
    _fresh(right)
    alone = forks.run(partial(job.act, right), seconds=120)
    if alone.status:
        yield Outcome(kind, job.name, "wrong", "cannot be set up", alone.err[-500:])
        return
    expected = results(job, right)
    for n in range(times):
        place = folder / "both"
        _fresh(place)
        ended = forks.together([partial(job.act, place), partial((other or job).act, place)], seconds=240)
        cause, detail = "", ""
        for one in ended:
            refused = ("semcomp: error: " in one.err and "Traceback" not in one.err) or (
                "SemcompError" in one.err and any(word in one.err for word in OTHERS)
            )
            if one.timed_out or (one.status and not refused):
                cause, detail = f"ends with status {one.status}", one.err[-400:]
        if not cause and all(one.status for one in ended):
            cause, detail = "both are refused", ended[0].err[-300:]
        if not cause:
            cause, detail = _resumed(job, place, expected, min(ended, key=lambda one: one.status))
        yield Outcome(kind, f"{job.name}, pair {n + 1}", "wrong" if cause else "right", cause, detail)


def _fresh(place: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    if not (place.parent / "world").exists():
        made = forks.run(partial(disk.build, place.parent / "world"), memory=0)
        if made.status:
            raise RuntimeError(made.err)
