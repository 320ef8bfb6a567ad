"""Hostile command lines run, each in a process of its own, and judged by what they say and leave behind."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.attack import disk, forks
from tests.attack.judge import Outcome, wrong_message
from tests.attack.lines import Line

PREFIX = "semcomp: error: "
PEAK = 1 << 30  # bytes above those of the interpreter with all modules
NOISE = ("Traceback (most recent call last)", "Warning:", "Exception ignored")


def warm(*more: str) -> None:
    """Import what commands import, and `more`, so that a fork need not. Nothing here starts polars' pool."""
    import importlib
    import pkgutil

    import semcomp

    for module in pkgutil.walk_packages(semcomp.__path__, "semcomp."):
        if not module.name.endswith("fused_triton"):
            importlib.import_module(module.name)
    for name in (
        "sklearn.feature_extraction.text",
        "scipy.stats",
        "safetensors",
        "pyarrow.parquet",
        "optuna",
        "jupytext",
        "nbformat",
        *more,
    ):
        importlib.import_module(name)


def attack(lines: Iterable[Line], folder: Path) -> Iterator[Outcome]:
    """Run each line in a fresh working folder; inputs are made once, and again when one was changed."""
    cache, world, room = folder / "cache", folder / "world", folder / "run"
    checkout = folder / "checkout"
    _ended_well(forks.run(lambda: _make(world, checkout), memory=0))
    untouched = disk.state(world)
    for line in lines:
        shutil.rmtree(room, ignore_errors=True)
        room.mkdir(parents=True)
        prepare(line.prepare, room)
        words = [
            word.replace("{w}", str(world)).replace("{r}", str(room)) if "{title}" not in word else word
            for word in line.words
        ]
        before = disk.state(room)
        at = checkout if line.words[0] == "book" else room
        ended = forks.run(lambda words=words, at=at: _command(words, at, cache), **line.how)  # type: ignore[arg-type]
        after = disk.state(room)
        touched = disk.differences(untouched, disk.state(world))
        left = disk.differences(before, after)
        cause = _judge(line, ended, left, touched, world)
        verdict = "wrong" if cause else "right" if ended.status == 0 else "refused"
        shown = f"{ended.status} {ended.err[-600:]}" if cause else ""
        yield Outcome(line.kind, line.what, verdict, cause, shown.replace(str(folder), ""))
        if touched:
            shutil.rmtree(world)
            _ended_well(forks.run(lambda: disk.build(world), memory=0))
            untouched = disk.state(world)
        _unlock(room)
    _unlock(world)
    shutil.rmtree(room, ignore_errors=True)


def _judge(line: Line, ended: forks.Ended, left: list[str], touched: list[str], world: Path) -> str:
    """What is wrong; the empty string where nothing is."""
    if ended.timed_out:
        return "does not end in time"
    if ended.status < 0:
        return f"killed by signal {-ended.status}"
    if ended.peak > PEAK:
        return "takes more than 1 GB of memory"
    reached = "ReachedWork" in ended.err
    for noise in NOISE:
        if noise in ended.err + ended.out and not reached:
            last = ended.err.strip().rpartition("\n")[2].partition(":")[0]
            return f"{noise.split()[0]} {last[:60]}" if noise.startswith("Traceback") else noise
    if touched:
        return "an input is replaced"
    if any(word.endswith(f" {name}") for name in line.kept for word in left if not word.startswith("new")):
        if line.prepare.startswith(("link to a file",)) and ended.status == 0:
            return "a link is replaced" if "changed target" in left else ""
        return "what was at the place of the output is replaced"
    if ended.status == 0 or reached:
        return "accepted" if line.must == "refuse" else ""
    if line.how.get("out") == "closed" and PREFIX not in ended.err:
        return ""  # a reader that went away needs no message
    errors = [one for one in ended.err.splitlines() if one.startswith(PREFIX)]
    if len(errors) != 1 or not ended.err.rstrip("\n").splitlines()[-1].startswith(PREFIX):
        return "not one line of error at the end"
    whole = line.kind == "streams"  # the result was written before the end of it was to be printed
    resumable = line.kind == "full disks" and line.words[0] == "book"
    if left and not (whole or resumable):
        return "something is left behind by a failure"
    if line.must == "accept":
        return "refused, though it is right"
    message = errors[0].removeprefix(PREFIX)
    return wrong_message(message.replace(str(world.parent), ""), line.named)


class ReachedWork(Exception):
    """A chapter was about to be executed."""


def _command(words: list[str], at: Path, cache: Path) -> None:
    from semcomp.cli import main
    from semcomp.study import notebooks

    def reached(*_: object, **__: object) -> None:
        raise ReachedWork

    notebooks._execute = reached
    os.chdir(at)
    os.environ.update(SEMCOMP_CACHE=str(cache), SEMCOMP_OFFLINE="1", HOME=str(at), OMP_NUM_THREADS="1")
    os.environ.pop("SEMCOMP_DATA", None)
    sys.argv = ["semcomp", *words]
    main()


def _make(world: Path, checkout: Path) -> None:
    from tiny_chapters import write_checkout

    disk.build(world)
    write_checkout(checkout)


def _ended_well(ended: forks.Ended) -> None:
    if ended.status:
        raise RuntimeError(ended.err)


def prepare(what: str, room: Path) -> None:
    """Put something at `room / "target"`."""
    target = room / "target"
    match what:
        case "null device" | "full device":
            if not disk.device(target, 3 if what.startswith("null") else 7):
                os.mkfifo(target)
        case "fifo":
            os.mkfifo(target)
        case "socket":
            here = os.getcwd()
            os.chdir(room)  # the name of a socket is short
            with socket.socket(socket.AF_UNIX) as listening:
                listening.bind("target")
            os.chdir(here)
        case "link loop":
            target.symlink_to("target")
        case "link to a device":
            if not disk.device(room / "device", 3):
                os.mkfifo(room / "device")
            target.symlink_to("device")
        case "read-only file":
            target.write_text("kept")
            target.chmod(0o400)
        case "file":
            target.write_text("kept")
        case "in a read-only folder":
            target.mkdir()
            target.chmod(0o500)
        case "link into a read-only folder":
            (room / "closed").mkdir()
            (room / "closed" / "file").write_text("kept")
            (room / "closed" / "file").chmod(0o400)
            (room / "closed").chmod(0o500)
            target.symlink_to("closed/file")
        case "link to a file":
            (room / "behind").write_text("old")
            target.symlink_to("behind")
        case "dangling link":
            target.symlink_to("behind")


def _unlock(folder: Path) -> None:
    """Give the rights back that were taken, so that the folder can be removed without root's."""
    for root, folders, _ in os.walk(folder):
        for name in folders:
            path = Path(root, name)
            if not path.is_symlink():
                path.chmod(0o700)
