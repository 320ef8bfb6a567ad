"""Work in processes of their own, one thread each, so that results do not depend on how many there are."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any, TypeVar

import torch
from threadpoolctl import threadpool_limits

from semcomp.errors import SemcompError, show_traceback

Task = TypeVar("Task")
Result = TypeVar("Result")


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch and the linear algebra below numpy use one thread inside the block, then as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(before)


def run_tasks(
    work: Callable[[Task], Result], tasks: Iterable[Task], jobs: int
) -> Iterator[tuple[Task, Result | Exception]]:
    """As `in_processes`; with one job in this process, also on one thread."""
    if jobs > 1:
        yield from in_processes(work, tasks, jobs)
        return
    for task in tasks:
        yield task, _outcome(work, task)


def in_processes(
    work: Callable[[Task], Result], tasks: Iterable[Task], jobs: int
) -> Iterator[tuple[Task, Result | Exception]]:
    """Each task with its result, or with the exception it ended in, in the order they finish.

    A task has a fresh process to itself: its peak of memory is its own, and if the system kills it the others
    go on. They are started in the order given. When the caller stops, or is killed, they stop too.

    Args:
        work: a function of a module's top level. Tasks and results are pickled.
        jobs: processes at a time, at least 1.
    """
    context = get_context("spawn")
    waiting = deque(tasks)
    running: dict[Connection, tuple[Task, SpawnProcess]] = {}
    try:
        while waiting or running:
            while waiting and len(running) < jobs:
                task = waiting.popleft()
                ours, theirs = context.Pipe(duplex=False)
                process = context.Process(target=_worker, args=(theirs, work, task))
                running[ours] = task, process
                with _uninterrupted():
                    process.start()
                theirs.close()
            for ready in wait(list(running)):
                assert isinstance(ready, Connection)
                task, process = running.pop(ready)
                try:
                    result = ready.recv()
                except EOFError:
                    result = None
                process.join()
                ready.close()
                yield task, _lost(process) if result is None else result[0]
    finally:
        for _, process in running.values():
            if process.is_alive():
                process.terminate()


def in_batches(
    work: Callable[[Task], Result], tasks: Iterable[Task], jobs: int, size: int
) -> Iterator[tuple[Task, Result | Exception]]:
    """As `in_processes`, but `size` tasks to a process: for tasks shorter than the start of a process."""
    waiting = list(tasks)
    batches = [waiting[at : at + size] for at in range(0, len(waiting), size)]
    for batch, results in in_processes(partial(_each, work), batches, jobs):
        for place, task in enumerate(batch):
            yield task, results if isinstance(results, Exception) else results[place]


def _each(work: Callable[[Task], Result], tasks: list[Task]) -> list[Result | Exception]:
    return [_outcome(work, task) for task in tasks]


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ctrl-C waits: a terminal sends it to all processes, and a worker that imports would tell it at length.

    What a process blocks, those that it starts inside block too, from their first line on.
    """
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # its start would end what is blocked
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _worker(answer: Connection, work: Callable[[Any], Any], task: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller is interrupted too, and ends this process
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.stderr = _Lines(os.fdopen(os.dup(2), "wb", 0), write_through=True)
    answer.send((_outcome(work, task),))


def _outcome(work: Callable[[Task], Result], task: Task) -> Result | Exception:
    try:
        with one_thread():
            return work(task)
    except SemcompError as error:
        return error
    except Exception as error:  # a defect in one task is told, and does not cost the others
        show_traceback(error)
        return RuntimeError(f"{type(error).__name__}: {error}")


class _Lines(io.TextIOWrapper):
    """The standard error of a worker: no terminal, since the bars of several would overwrite each other."""

    def isatty(self) -> bool:
        return False


def _end_with_parent() -> None:
    """A caller that is killed cannot end its workers; they would go on for hours with nobody listening."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _lost(process: SpawnProcess) -> SemcompError:
    return SemcompError(
        f"a worker ended with exit code {process.exitcode} and left nothing, as when memory runs out; "
        "run the same command again, with fewer jobs"
    )
