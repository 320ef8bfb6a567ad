"""Two processes give what one gives: rankings and texts to the byte, training but for last bits."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from typing import Any

import numpy as np
import processes_cases as cases
import pytest

from semcomp.core.rank import rank
from semcomp.errors import SemcompError
from semcomp.kernels import processes
from semcomp.kernels.processes import ALONE, World, first_alone, gather_rows, shard, world

SIZE = 2


@pytest.fixture(scope="module")
def several(tmp_path_factory) -> list[dict[str, Any]]:
    """What each of two processes found, and how it ended."""
    folder = tmp_path_factory.mktemp("processes")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    started = []
    for number in range(SIZE):
        told = {"RANK": number, "LOCAL_RANK": number, "WORLD_SIZE": SIZE, "MASTER_ADDR": "127.0.0.1"}
        told |= {"MASTER_PORT": port, "OMP_NUM_THREADS": 1, "SEMCOMP_CACHE": folder / "cache"}
        told |= {"GLOO_SOCKET_IFNAME": "lo"} if sys.platform == "linux" else {}
        command = [sys.executable, cases.__file__, str(folder / f"{number}.npz")]
        environment = {**os.environ, **{name: str(value) for name, value in told.items()}}
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
    deadline, found = time.monotonic() + 300, []
    try:
        for number, process in enumerate(started):
            said = process.communicate(timeout=deadline - time.monotonic())[1]
            file = folder / f"{number}.npz"
            assert file.exists(), said
            with np.load(file) as stored:
                found.append({**stored, "status": process.returncode, "said": said})
    finally:
        for process in started:
            process.kill()
    return found


@pytest.fixture(scope="module")
def one(tmp_path_factory) -> dict[str, Any]:
    """The same cases in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))
        for name in processes.VARIABLES:
            patch.delenv(name, raising=False)
        for module, name in (
            (cases.sharded, "BLOCK"),
            (cases.text_cache, "CHUNK"),
            (cases.checkpoint, "EVERY"),
        ):
            patch.setattr(module, name, getattr(module, name))
        cases.set_up()
        return {f"{case}/{key}": value for case, run in cases.CASES.items() for key, value in run().items()}


def same_bytes(a: np.ndarray, b: np.ndarray) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


# what is exchanged


def test_rows_come_in_order_with_their_bytes(several):
    rows = np.arange(14, dtype=np.float64).reshape(7, 2)
    for number, found in enumerate(several):
        assert found["exchanged/who"].tolist() == [number, SIZE]
        assert same_bytes(found["exchanged/rows"], rows)
        assert same_bytes(found["exchanged/none of mine"], rows[:3])
        assert same_bytes(found["exchanged/numbers"], np.array([np.nan, -0.0, 5.0]))
        assert same_bytes(found["exchanged/flags"], np.array([True, False, True]))
        assert found["exchanged/nothing"].shape == (0, 3)


def test_sums_and_what_one_process_does_for_all(several):
    for found in several:
        assert found["exchanged/summed"].tolist() == [[3, 3], [3, 3]]
        assert found["exchanged/whole"].tolist() == [2]
        assert found["exchanged/first"].tolist() == [0, 0, 0]
        assert found["exchanged/alone"] == 42


def test_an_error_of_the_first_and_work_that_does_not_fit_are_told_to_all(several):
    for found in several:
        first, *others = found["exchanged/told"].tolist()
        assert first == "process 0 cannot"
        assert len(others) == 2
        for message in others:
            assert message.startswith("the 2 processes do not compute the same thing; all of them must make")


def test_a_process_that_ends_takes_the_others_along_with_a_message(several):
    waiting, ended = several
    assert ended["status"] == waiting["status"] == 1
    assert "RuntimeError: process 1 has had enough" in ended["said"]
    message = str(waiting["left"])
    assert message == (
        "process 0 of 2 waits for another that has ended or does other work; "
        "the message of that process says why"
    )
    assert f"SemcompError: {message}" in waiting["said"]


@pytest.mark.parametrize(("n", "size"), [(0, 3), (1, 3), (7, 3), (9, 3), (10, 4), (5, 1)])
def test_shards_make_up_the_whole(n, size):
    parts = [range(n)[shard(n, World(number, size))] for number in range(size)]
    assert [row for part in parts for row in part] == list(range(n))
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_a_process_that_was_started_alone(monkeypatch):
    for name in processes.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    rows = np.ones((2, 2))
    assert world() == ALONE
    assert gather_rows(rows) is rows
    assert first_alone(lambda: 3) == 3
    for name, value in zip(processes.VARIABLES, ("0", "1", "127.0.0.1", "1"), strict=True):
        monkeypatch.setenv(name, value)
        assert world() == ALONE
    monkeypatch.setenv("WORLD_SIZE", "two")
    with pytest.raises(
        SemcompError, match="WORLD_SIZE = 'two' is not a number; start the processes with torchrun"
    ):
        world()
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(processes, "parent_process", lambda: "a pool")
    monkeypatch.setattr(processes.dist, "init_process_group", None)
    assert world() == ALONE  # a worker has the variables of its parent, whose place it must not take


def test_others_that_never_come_are_told(monkeypatch):
    def never(*_, **__):
        raise RuntimeError("The client socket has timed out\nmore of it")

    for name, value in zip(processes.VARIABLES, ("1", "2", "127.0.0.1", "1"), strict=True):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(processes.dist, "init_process_group", never)
    with pytest.raises(
        SemcompError, match=r"process 1 of 2 cannot reach the others \(The client .* out\); start"
    ):
        world()


# what users call


def test_rankings_are_those_of_one_process_to_the_byte(one, several):
    """Ties, items that repeat across the boundary, users with fewer candidates, more processes than rows."""
    names = [name for name in one if name.startswith("rankings/")]
    assert len(names) == 30
    for name in names:
        for found in several:
            assert same_bytes(found[name], one[name]), name
        by_users = name.replace("/items", "/users").replace("/table", "/users")
        assert np.array_equal(one[name], one[by_users])
    assert (one["rankings/users 29 31 31 ids"][0] >= 0).sum() == 2


def test_texts_are_encoded_as_by_one_process(one, several):
    """Each text once, by turns, in the same chunks; one file is left, and read by all."""
    for n in (1, 2, 11):
        for key in ("rows", "cut", "again"):
            for found in several:
                assert same_bytes(found[f"embedding/{n} {key}"], one[f"embedding/{n} {key}"])
        own = [found[f"embedding/own {n}"].tolist() for found in several]
        assert sorted(own[0] + own[1]) == sorted(one[f"embedding/own {n}"].tolist())
        assert not own[1] or n > 2
    first, second = (len(found["embedding/own 11"]) for found in several)
    assert (first, second) == (6, 5)
    for found in (one, *several):
        assert found["embedding/files"].tolist() == [".npz"] * 3


@pytest.mark.parametrize("sharded", ["pairs", ""])
def test_an_unknown_way_to_shard(sharded):
    view, parts = cases.lopsided(3, 4)
    with pytest.raises(SemcompError, match=f"unknown way to shard '{sharded}'; .*Known: items, users"):
        rank(view, parts, 2, sharded=sharded)


def test_items_of_a_scorer_without_vectors_cannot_be_sharded():
    view, parts = cases.lopsided(3, 4)
    with pytest.raises(
        SemcompError, match="'table' is not a View: its items cannot be sharded, but its users can"
    ):
        rank(cases.Table(view), parts, 2, sharded="items")


@pytest.mark.parametrize("loss", cases.LOSSES)
def test_a_batch_that_is_cut_has_the_loss_and_the_gradients_of_the_whole(loss, one, several):
    for size in (1, 7):
        name = f"gradients/{loss} {size}"
        assert np.abs(one[name]).max() > 0.1 or loss == "DirectAU"
        for found in several:
            np.testing.assert_allclose(found[name], one[name], rtol=1e-5, atol=1e-6, err_msg=name)


def test_what_drifts_apart_is_brought_together(several):
    """Process 1 started from tables of its own; they are those of process 0 before the first step."""
    for found in several:
        assert same_bytes(found["exchanged/users"], found["training/LightGCN: users"])


@pytest.mark.parametrize("model", cases.MODELS)
def test_training_is_that_of_one_process(model, one, several):
    """All processes have the same bytes; one process has them up to the order of addition."""
    for key in ("users", "items", "curve", "best"):
        name = f"training/{model}: {key}"
        assert same_bytes(several[0][name], several[1][name])
        tolerance = {"rtol": 1e-5, "atol": 1e-5}
        np.testing.assert_allclose(several[0][name], one[name], **tolerance, err_msg=name)
    assert one[f"training/{model}: best"] == several[0][f"training/{model}: best"]
    assert one[f"training/{model}: processes"] == 1
    assert several[0][f"training/{model}: processes"] == SIZE  # so that a checkpoint is not another's


def test_an_interrupted_run_ends_with_the_bytes_it_would_have_had(several):
    for found in several:
        for key in ("users", "items", "curve", "best"):
            assert same_bytes(found[f"resumed/{key}"], found[f"training/LightGCN: {key}"])
        assert found["resumed/epochs"].tolist() == [3, 4]
        assert found["resumed/there"].tolist() == [True, False]
        assert "run.pt belongs to another run" in str(found["resumed/other"])
