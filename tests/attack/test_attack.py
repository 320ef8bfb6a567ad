"""A few of every kind of attack; `python -m tests.attack.whole` makes all of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.attack import disk, forks, judge
from tests.attack.judge import Outcome

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("lines", "calls", "damage", "runs", "tables", "vectors")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, str]]:
    """In a process of its own: a fork of this one would lack the thread pools that other tests started."""
    out = tmp_path_factory.mktemp("attack") / "attack.json"
    command = [sys.executable, "-m", "tests.attack.whole", "--quick", "--json", str(out)]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert out.exists(), ran.stderr
    return json.loads(out.read_text("utf8"))["outcomes"]


@pytest.mark.parametrize("part", PARTS)
def test_nothing_goes_wrong(part, found):
    of_part = [one for one in found if one["part"] == part]
    wrong = [one for one in of_part if one["verdict"] == "wrong"]
    assert len(of_part) >= 10
    assert [f"{one['kind']} | {one['what']} | {one['cause']} | {one['detail']}" for one in wrong] == []


@pytest.mark.parametrize(
    ("message", "named", "wrong"),
    [
        ("there is no file x.npy; check the path", ("x.npy",), ""),
        ("there is no file; check the path", ("x.npy",), "offender is not named"),
        ("two\nlines", (), "message has several lines"),
        ("x" * 501, (), "message is too long"),
        ("\x1b[31mred", (), "message has control characters"),
        (" ", (), "message is empty"),
    ],
)
def test_a_message_is_judged(message, named, wrong):
    assert judge.wrong_message(message, named) == wrong


def test_the_table_counts_every_verdict():
    told = judge.table(
        [Outcome("k", "a", "right"), Outcome("k", "b", "refused"), Outcome("k", "c", "wrong", "why")]
    )
    assert [line.split() for line in told.splitlines()] == [
        ["kind", "tried", "right", "refused", "wrong"],
        ["k", "3", "1", "1", "1"],
        ["all", "3", "1", "1", "1"],
        ["1", "k:", "why"],
    ]


def test_a_child_is_bounded_and_told_from_its_end():
    def forever():
        while True:
            pass

    def large():
        return bytearray(8 << 30)

    def refused():
        print("said")
        sys.exit("no")

    assert forks.run(forever, seconds=0.2).timed_out
    assert "MemoryError" in forks.run(large, memory=1 << 30).err
    ended = forks.run(refused)
    assert (ended.status, ended.out, ended.err) == (1, "said\n", "no\n")
    assert forks.run(lambda: print("lost"), out="full").status == 120


def test_a_child_may_not_pass_over_permissions(tmp_path):
    locked = tmp_path / "locked"
    locked.write_text("x")
    locked.chmod(0)
    assert "PermissionError" in forks.run(locked.read_text).err


def test_what_changed_in_a_folder_is_seen(tmp_path):
    (tmp_path / "kept").write_text("a")
    (tmp_path / "gone").write_text("a")
    (tmp_path / "other").write_text("a")
    before = disk.state(tmp_path)
    (tmp_path / "gone").unlink()
    (tmp_path / "other").write_text("longer")
    (tmp_path / "new").mkdir()
    assert disk.differences(before, disk.state(tmp_path)) == ["new new", "gone gone", "changed other"]
