"""Work in processes of their own: in the order given, one thread each; what fails is told."""

from __future__ import annotations

import signal

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
