"""The example in the README is executed as it stands there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import semcomp

README = Path(__file__).parents[1] / "README.md"


def example() -> str:
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text("utf8"), re.DOTALL)
    return code


def test_the_example_is_about_fifteen_lines():
    assert len([line for line in example().splitlines() if line.strip()]) <= 15


@pytest.mark.slow
def test_the_example_runs_and_prints_what_it_says(monkeypatch, capsys):
    small = semcomp.planted.World(users=300, items=200, dim=3)
    monkeypatch.setitem(semcomp.planted.WORLDS, "planted", small)
    exec(compile(example(), str(README), "exec"), {})
    printed = capsys.readouterr().out
    assert printed.startswith("diagnose(LightGCN, projection)")
    assert re.search(r"more unique hits than two seeds have: (holds|does not hold|undecided)", printed)
