"""A run that is killed, wherever, ends with the bytes it would have had; a file that will not do is named."""

from __future__ import annotations

import itertools
import os
import pickle
import resource
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from conformance import bytes_of, told

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import split as split_of
from semcomp.errors import SemcompError
from semcomp.outputs import PART
from semcomp.planted import World
from semcomp.storage import atomic_write
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.joint.aligned import AlignedLightGCN
from semcomp.views.training import SampledSoftmax, Training, checkpoint, cost, loop

SHORT = Training(
    loss=SampledSoftmax(negatives=16),
    epochs=3,
    batch=512,
    lr=0.02,
    schedule="linear",
    every=1,
    patience=9,
)
MODEL = LightGCN(4, training=SHORT)


class Killed(BaseException):
    """In place of a signal: nothing that the package catches."""


@pytest.fixture(autouse=True)
def every_epoch(monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)


@pytest.fixture
def small(make_split):
    """12 users, 9 items, and a text: an epoch of one step, done in a millisecond."""
    dense = np.random.default_rng(0).integers(0, 5, (12, 9))
    split = make_split((12, 9), *(np.argwhere(dense == n).tolist() for n in (0, 1, 2)))
    return split, TextMatrix(split.item_ids, np.random.default_rng(1).standard_normal((9, 5)))


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "run.pt"


def kill_after(model, split, file, monkeypatch, epoch=2):
    """Train until the state of this epoch is saved."""
    save = checkpoint.Checkpoint.save

    def killed(self, state):
        save(self, state)
        if state.epoch == epoch:
            raise Killed

    monkeypatch.setattr(checkpoint.Checkpoint, "save", killed)
    with pytest.raises(Killed):
        model.fit(split, checkpoint=file)
    monkeypatch.setattr(checkpoint.Checkpoint, "save", save)


# resumed


class Disk:
    """A tracer: before each line that the loop or the checkpoint executes, what a kill there would leave."""

    def __init__(self, folder: Path, copies: Path) -> None:
        self.folder, self.copies = folder, copies
        self.states: dict[tuple[tuple[str, int], ...], Path] = {}
        self.lines: set[tuple[str, int]] = set()

    def __call__(self, frame, event, _):
        if frame.f_code.co_filename not in (loop.__file__, checkpoint.__file__):
            return None
        if event == "line":
            self.lines.add((frame.f_code.co_filename, frame.f_lineno))
            files = sorted(self.folder.iterdir())
            state = tuple((file.name, file.stat().st_mtime_ns) for file in files)
            if state not in self.states:
                self.states[state] = self.copies / f"{len(self.states)}"
                shutil.copytree(self.folder, self.states[state])
        return self


def test_killed_at_any_line_it_ends_with_the_same_bytes(small, tmp_path):
    """With a term and draws of its own. All a resumed run knows is on the disk: from each state of it."""
    model = AlignedLightGCN(2, training=replace(SHORT, epochs=2))
    folder = tmp_path / "run"
    folder.mkdir()
    disk = Disk(folder, tmp_path)
    sys.settrace(disk)
    try:
        whole = model.fit(Inputs(*small), checkpoint=folder / "run.pt")
    finally:
        sys.settrace(None)
    assert len(disk.lines) > 120
    part, kept = "part", "run.pt"
    found = {tuple(part if PART.fullmatch(name) else name for name, _ in state) for state in disk.states}
    assert found == {(), (part,), (kept,), (part, kept)}
    assert len(disk.states) > 5  # two epochs, two files
    for left in disk.states.values():
        resumed = model.fit(Inputs(*small), checkpoint=left / "run.pt")
        assert bytes_of(resumed) == bytes_of(whole), f"from {left}"
        assert told(resumed) == told(whole)
        assert not list(left.iterdir())


SCRIPT = """
import io, sys, time
import torch
from semcomp.core.inputs import Inputs
from semcomp.data import split
from semcomp.outputs import PART
from semcomp.planted import World
from semcomp.storage import atomic_write
from semcomp.views import LightGCN, SampledSoftmax, Training
from semcomp.views.training import checkpoint

written = []

def save(stored, stream):
    whole = io.BytesIO()
    torch_save(stored, whole)
    written.append(whole.getvalue())
    stream.write(written[-1][: None if len(written) < 3 else len(written[-1]) // 2])
    if len(written) == 3:
        stream.flush()
        print("halfway", flush=True)
        time.sleep(600)

checkpoint.EVERY, torch_save, torch.save = 0.0, torch.save, save
training = Training(loss=SampledSoftmax(negatives=16), epochs=4, batch=512, lr=0.02, every=2)
parts = split(World(users=60, items=80, dim=2).dataset(), seed=7)
LightGCN(4, training=training).fit(Inputs(parts), checkpoint=sys.argv[1])
"""


def test_killed_by_the_system_it_ends_with_the_same_bytes(file):
    """In the middle of its third write."""
    run = subprocess.Popen([sys.executable, "-c", SCRIPT, str(file)], stdout=subprocess.PIPE)
    assert run.stdout.readline() == b"halfway\n"
    run.send_signal(signal.SIGKILL)
    assert run.wait() == -signal.SIGKILL
    run.stdout.close()
    part, kept = sorted(path.name for path in file.parent.iterdir())
    assert PART.fullmatch(part)
    assert kept == "run.pt"
    assert torch.load(file, weights_only=True)["state"]["epoch"] == 2
    inputs = Inputs(split_of(World(users=60, items=80, dim=2).dataset(), seed=7))
    training = Training(loss=SampledSoftmax(negatives=16), epochs=4, batch=512, lr=0.02, every=2)
    short = LightGCN(4, training=training)
    resumed, whole = short.fit(inputs, checkpoint=file), short.fit(inputs)
    assert bytes_of(resumed) == bytes_of(whole)
    assert told(resumed) == told(whole)
    assert not list(file.parent.iterdir())


def test_what_was_done_is_not_done_again(small, file, monkeypatch):
    kill_after(MODEL, small[0], file, monkeypatch)
    epochs, epoch = [], loop._Run.epoch
    monkeypatch.setattr(loop._Run, "epoch", lambda self, n: epochs.append(n) or epoch(self, n))
    MODEL.fit(small[0], checkpoint=file)
    assert epochs == [3]


def test_a_run_that_had_stopped_early_stops_again(world, file, monkeypatch):
    """Killed after its last epoch, before the file was removed: nothing is trained any more."""
    model = LightGCN(4, training=replace(SHORT, epochs=50, lr=1e-30, patience=1))
    whole = model.fit(world[0])
    assert [point["epoch"] for point in whole.provenance["training"]["curve"]] == [1]
    kill_after(model, world[0], file, monkeypatch, epoch=1)
    monkeypatch.setattr(loop._Run, "epoch", None)
    assert bytes_of(model.fit(world[0], checkpoint=file)) == bytes_of(whole)


def test_the_cost_is_that_of_all_parts(small, file, monkeypatch):
    kill_after(MODEL, small[0], file, monkeypatch)
    stored = torch.load(file, weights_only=True)
    stored["state"] |= {"seconds": 1000.0, "peak_bytes": 2**50}
    with atomic_write(file, sealed=True) as part:
        torch.save(stored, part)
    ticks = itertools.count()  # a second a look: what is left of a run may round to nothing
    monkeypatch.setattr(cost, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    spent = MODEL.fit(small[0], checkpoint=file).provenance["cost"]
    assert 1000 < spent["seconds"] < 1100
    assert spent["peak_bytes"] == 2**50


def test_writes_keep_their_distance(small, file, monkeypatch):
    """No file for a run that is over before its time."""
    monkeypatch.setattr(checkpoint, "EVERY", 1000.0)
    monkeypatch.setattr(checkpoint.torch, "save", None)
    MODEL.fit(small[0], checkpoint=file)
    assert not file.exists()


def test_a_finished_run_leaves_no_file_and_can_be_run_again(small, file):
    one, other = MODEL.fit(small[0], checkpoint=file), MODEL.fit(small[0], checkpoint=str(file))
    assert bytes_of(one) == bytes_of(other) == bytes_of(MODEL.fit(small[0]))
    assert not list(file.parent.iterdir())


# files that will not do


@pytest.mark.filterwarnings("ignore:Detected pickle protocol")
@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[: len(body) // 2],
        lambda body: body[:999] + bytes([body[999] ^ 4]) + body[1000:],
        lambda body: body[:-1],
        lambda body: body[:10],
        lambda body: b"",
        lambda body: b"user_id\titem_id\n1\t2\n",
        lambda body: pickle.dumps({"run": 1}),
        lambda body: b"PK\x03\x04" + b"\0" * 100,
    ],
    ids=["half", "a bit", "all but a byte", "head", "empty", "a table", "a pickle", "an archive"],
)
def test_a_file_that_cannot_be_read_is_named_and_left_alone(damage, small, file, monkeypatch):
    kill_after(MODEL, small[0], file, monkeypatch)
    body = damage(file.read_bytes())
    file.write_bytes(body)
    with pytest.raises(SemcompError) as caught:
        MODEL.fit(small[0], checkpoint=file)
    assert str(caught.value) == (
        f"checkpoint {file} cannot be read, it is damaged or no checkpoint; remove it or name another file"
    )
    assert file.read_bytes() == body


def test_something_else_saved_by_torch_is_no_checkpoint(small, file):
    for thing in ({"run": "x"}, torch.ones(3), [1]):
        torch.save(thing, file)
        with pytest.raises(SemcompError, match="cannot be read, it is damaged or no checkpoint"):
            MODEL.fit(small[0], checkpoint=file)


def test_a_file_runs_no_code(small, file):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(file.parent / "trapped"),)

    torch.save({"run": Trap(), "state": 1, "best": 1}, file)
    with pytest.raises(SemcompError, match="cannot be read"):
        MODEL.fit(small[0], checkpoint=file)
    assert not (file.parent / "trapped").exists()


@pytest.mark.parametrize(
    "other",
    [
        lambda split: (LightGCN(5, training=SHORT), split, 0),
        lambda split: (LightGCN(4, training=replace(SHORT, lr=0.03)), split, 0),
        lambda split: (MODEL, split, 1),
        lambda split: (MODEL, replace(split, valid=split.history("none")), 0),
    ],
    ids=["width", "training", "seed", "split"],
)
def test_a_file_of_another_run_is_refused_and_left_alone(other, small, file, monkeypatch):
    kill_after(MODEL, small[0], file, monkeypatch)
    body = file.read_bytes()
    model, split, seed = other(small[0])
    with pytest.raises(SemcompError, match=r"run\.pt belongs to another run \(.*\); remove it or name"):
        model.fit(split, seed=seed, checkpoint=file)
    assert file.read_bytes() == body


def test_other_threads_are_another_run(small, file, monkeypatch):
    kill_after(MODEL, small[0], file, monkeypatch)
    monkeypatch.setattr(checkpoint.torch, "get_num_threads", lambda: 77)
    with pytest.raises(SemcompError, match="belongs to another run"):
        MODEL.fit(small[0], checkpoint=file)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "checkpoint names {path}, which is a folder; give the path of a file"),
        ("none/run.pt", "the folder of checkpoint, {path.parent}, does not exist; create it"),
        ("a file/run.pt", "checkpoint {path} cannot be written (Not a directory); choose another place"),
    ],
    ids=["a folder", "no such folder", "a file for a folder"],
)
def test_a_path_that_cannot_be_is_named_before_any_work(name, why, small, tmp_path, monkeypatch):
    (tmp_path / "a file").write_text("")
    monkeypatch.setattr(loop._Run, "vectors", None)
    with pytest.raises(SemcompError) as caught:
        MODEL.fit(small[0], checkpoint=tmp_path / name)
    assert str(caught.value).startswith(why.format(path=tmp_path / name))
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a file"]


def test_a_disk_that_fills_up_gives_one_error_and_keeps_the_last_state(small, file, monkeypatch):
    """The system lets files grow to 2,000 bytes alone, after the second epoch was kept whole."""
    kill_after(MODEL, small[0], file, monkeypatch)
    body = file.read_bytes()
    assert len(body) > 2000
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(SemcompError) as caught:
            MODEL.fit(small[0], checkpoint=file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert str(caught.value) == (
        f"{file} cannot be written (File too large); choose another place or free some space"
    )
    assert "\n" not in str(caught.value)
    assert [path.name for path in file.parent.iterdir()] == ["run.pt"]
    assert file.read_bytes() == body
    assert bytes_of(MODEL.fit(small[0], checkpoint=file)) == bytes_of(MODEL.fit(small[0]))


def test_what_a_killed_write_left_is_overwritten_and_gone(small, file):
    (file.parent / f".part-{'0a' * 16}.pt").write_bytes(b"half")
    MODEL.fit(small[0], checkpoint=file)
    assert not list(file.parent.iterdir())
