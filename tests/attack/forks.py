"""A call in a process of its own, forked from this one: bounded in time and memory, its streams captured.

A fork has all modules imported and costs some milliseconds. The parent must not have used the thread pool of
polars, which a fork does not inherit: what needs it is run in a child too.
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SECONDS = 30.0
MEMORY = 3 << 30  # bytes of address space above those of the parent
OVERRIDES = (1, 2, 3)  # capabilities that let root pass over the permissions of files
PIECE = 1 << 16


@dataclass(frozen=True)
class Ended:
    """How a child ended: its exit status (negative: the signal), its streams, and what it took."""

    status: int
    out: str
    err: str
    peak: int
    seconds: float
    timed_out: bool = False


def run(
    act: Callable[[], object],
    *,
    seconds: float = SECONDS,
    memory: int = MEMORY,
    out: str = "pipe",
    encoding: str = "utf8",
    file_size: int | None = None,
) -> Ended:
    """`act` in a child, which ends as an interpreter would: an exception is a traceback and status 1.

    Args:
        out: where its standard output goes: "pipe" (captured), "full" (a device without room), "closed" (a
            pipe that nobody reads), "none" (no open file).
        file_size: bytes that it may write to a file, as if the disk was full behind them.
    """
    return _finish(_start(act, memory, out, encoding, file_size), seconds)


def together(acts: Sequence[Callable[[], object]], seconds: float = SECONDS) -> list[Ended]:
    """All of them at the same time, each in a child of its own."""
    wait, go = os.pipe()

    def behind(act: Callable[[], object]) -> Callable[[], object]:
        def started() -> object:
            os.close(go)
            os.read(wait, 1)  # until the parent has closed its end
            return act()

        return started

    started = [_start(behind(act), MEMORY, "pipe", "utf8", None) for act in acts]
    os.close(go)
    os.close(wait)
    return [_finish(one, seconds) for one in started]


@dataclass(frozen=True)
class _Started:
    pid: int
    ends: dict[str, int]
    before: int
    begun: float


def _start(
    act: Callable[[], object], memory: int, out: str, encoding: str, file_size: int | None
) -> _Started:
    streams = {"out": os.pipe(), "err": os.pipe()}
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    before, begun = _resident(), time.monotonic()
    pid = os.fork()
    if pid == 0:
        _child(act, streams, memory, out, encoding, file_size)
    for _, end in streams.values():
        os.close(end)
    if out == "closed":
        os.close(streams["out"][0])
    ends = {name: pipe[0] for name, pipe in streams.items() if name != "out" or out != "closed"}
    return _Started(pid, ends, before, begun)


def _finish(child: _Started, seconds: float) -> Ended:
    told, timed_out = _listen(child.ends, child.pid, child.begun + seconds)
    _, waited, usage = os.wait4(child.pid, 0)
    return Ended(
        os.waitstatus_to_exitcode(waited),
        told.get("out", ""),
        told.get("err", ""),
        max(0, usage.ru_maxrss * 1024 - child.before),
        time.monotonic() - child.begun,
        timed_out,
    )


def _listen(ends: dict[str, int], pid: int, until: float) -> tuple[dict[str, str], bool]:
    """What comes through the pipes until the child is gone; it is killed when its time is up."""
    said = {name: bytearray() for name in ends}
    gone = os.pidfd_open(pid)
    open_ends, timed_out = {end: name for name, end in ends.items()}, False
    while True:
        left = until - time.monotonic()
        ready, _, _ = select.select([*open_ends, gone], [], [], max(0.0, left))
        for end in [end for end in ready if end in open_ends]:
            piece = os.read(end, PIECE)
            said[open_ends[end]] += piece
            if not piece:
                del open_ends[end]
        if not ready:
            timed_out = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        if (gone in ready and not any(end in ready for end in open_ends)) or timed_out:
            break
    for end in (*ends.values(), gone):
        os.close(end)
    return {name: bytes(text).decode("utf8", "replace") for name, text in said.items()}, timed_out


def _child(
    act: Callable[[], object],
    streams: dict[str, tuple[int, int]],
    memory: int,
    out: str,
    encoding: str,
    file_size: int | None,
) -> None:
    status = 1
    try:
        os.setpgid(0, 0)
        for read, _ in streams.values():
            os.close(read)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(os.open("/dev/full", os.O_WRONLY) if out == "full" else streams["out"][1], 1)
        os.dup2(streams["err"][1], 2)
        sys.stdin = os.fdopen(0, closefd=False)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), encoding=encoding)
        sys.stderr = io.TextIOWrapper(
            os.fdopen(2, "wb", buffering=0, closefd=False),
            encoding=encoding,
            errors="backslashreplace",
            write_through=True,
        )
        if out == "none":
            os.close(1)
            sys.stdout = None  # type: ignore[assignment]
        respect_permissions()
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if memory:
            most = _address_space() + memory
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        if file_size is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
        status = _interpreted(act)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _interpreted(act: Callable[[], object]) -> int:
    """The exit status of an interpreter that ran `act`, with what it prints when it shuts down."""
    try:
        act()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except BaseException:
        traceback.print_exc()
        status = 1
    try:
        if sys.stdout is not None and not sys.stdout.closed:
            sys.stdout.flush()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"Exception ignored in: {sys.stdout!r}\n{type(error).__name__}: {error}\n")
        status = 120
    return status


class TooLong(BaseException):
    """The time of a block is up. Nothing catches it by accident."""


@contextlib.contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooLong in a block that takes this much processor time, or five times that by the clock."""

    def late(*_: object) -> None:
        raise TooLong

    timers = {
        signal.ITIMER_PROF: (signal.SIGPROF, seconds),
        signal.ITIMER_REAL: (signal.SIGALRM, 5 * seconds),
    }
    for timer, (number, limit) in timers.items():
        signal.signal(number, late)
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)


def respect_permissions() -> None:
    """Take root's right to pass over the permissions of files from this process, where it has it."""
    if os.geteuid() != 0:
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    sets = (ctypes.c_uint32 * 6)()
    libc.capget(header, sets)
    for place in (0, 1):  # effective, permitted
        for capability in OVERRIDES:
            sets[place] &= ~(1 << capability)
    sets[2] = 0
    libc.capset(header, sets)
    for capability in OVERRIDES:
        libc.prctl(24, capability, 0, 0, 0)  # of programs that are started, too


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _address_space() -> int:
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


@contextlib.contextmanager
def environment(**variables: str | None) -> Iterator[None]:
    """Variables set (None: unset) for a block."""
    kept = {name: os.environ.get(name) for name in variables}
    try:
        for name, value in variables.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
        yield
    finally:
        for name, value in kept.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value
