"""Work in processes of their own: in the order given, one thread each; what fails is told."""

from __future__ import annotations

import signal
import subprocess
import sys

import torch

from semcomp.study.workers import in_batches, in_processes, run_tasks


def third(number: int) -> tuple[float, int]:
    """And the threads it is worked out with."""
    if number == 0:
        raise ValueError("no third of nothing")
    return number / 3, torch.get_num_threads()


def test_batches_give_what_single_processes_give():
    """Also where the last one is short, and where one of a batch fails: it costs the others nothing."""
    found = dict(in_batches(third, [3, 0, 6, 9, 12], jobs=2, size=2))
    assert set(found) == {0, 3, 6, 9, 12}
    assert {task: result for task, result in found.items() if task} == {n: (n / 3, 1) for n in (3, 6, 9, 12)}
    assert str(found[0]) == "ValueError: no third of nothing"


def test_a_worker_that_is_killed_is_told():
    ((_, lost),) = in_processes(signal.raise_signal, [signal.SIGKILL], jobs=1)
    assert "a worker ended with exit code -9" in str(lost)


def test_with_one_job_tasks_are_done_here_on_one_thread():
    before = torch.get_num_threads()
    threads = list(run_tasks(lambda task: (task, torch.get_num_threads()), ["a", "b"], jobs=1))
    assert threads == [("a", ("a", 1)), ("b", ("b", 1))]
    assert torch.get_num_threads() == before


INTERRUPTED = """
import os, signal, sys, time
from multiprocessing.context import SpawnProcess
from semcomp.study.workers import in_processes
start = SpawnProcess.start
def started(process):
    start(process)
    while "multiarray" not in open(f"/proc/{process.pid}/maps").read():
        time.sleep(0.01)
    os.killpg(0, signal.SIGINT)
SpawnProcess.start = started
try:
    list(in_processes(time.sleep, [60, 60], jobs=2))
except KeyboardInterrupt:
    sys.exit(130)
"""


def test_an_interrupt_is_told_by_no_worker_even_if_it_has_only_begun():
    """A terminal sends it to the whole group, here while the worker still imports."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], start_new_session=True, stderr=subprocess.PIPE, check=False
    )
    assert (done.returncode, done.stderr) == (130, b"")


def test_a_defect_says_where_it_is_if_asked(monkeypatch, capsys):
    for asked in ("", "1"):
        monkeypatch.setenv("SEMCOMP_TRACEBACK", asked)
        ((_, wrong),) = run_tasks(third, [0], jobs=1)
        assert str(wrong) == "ValueError: no third of nothing"
        assert ("in third" in capsys.readouterr().err) is bool(asked)
