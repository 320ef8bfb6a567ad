"""The page on serving: its examples are short and run, and its commands run as printed."""

from __future__ import annotations

from pathlib import Path

import jupytext
import numpy as np
import pytest
from printed_pages import blocks, commands, run_cells
from tiny_chapters import ROOT

import semcomp as sc

PAGE = ROOT / "book" / "17_serving.md"


@pytest.fixture
def small(cache: Path, monkeypatch: pytest.MonkeyPatch) -> sc.planted.World:
    """A small world under the name "planted"."""
    world = sc.planted.World(users=150, items=240, dim=3, sharpness=3.0, activity=16.0)
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)
    monkeypatch.setitem(sc.planted.WORLDS, "planted", world)
    return world


def test_every_example_has_fifteen_lines_at_most() -> None:
    cells = [cell for cell in jupytext.read(PAGE).cells if cell.cell_type == "code"]
    long = [cell.source for cell in cells if len(cell.source.splitlines()) > 15]
    assert len(cells) > 10
    assert long == []


def test_every_example_runs(small, capsys) -> None:

    shown = run_cells(jupytext.read(PAGE), {"dataset": "planted"})
    printed = capsys.readouterr().out.splitlines()
    assert printed.count("True") == 2  # vectors that were read, lists of the index
    assert "card.json items.parquet users.parquet view.safetensors" in printed
    (new,) = [one for one in shown if "recall" in str(one)]
    assert float(new.loc["folded in"].iloc[0]) > float(new.loc["as fitted"].iloc[0])


def test_the_commands_run_as_printed(small, tmp_path, monkeypatch, shell) -> None:
    monkeypatch.chdir(tmp_path)
    split = sc.split(small.dataset())
    for part in ("train", "valid", "test"):
        pairs = np.column_stack(getattr(split, part).nonzero())
        np.savetxt(f"{part}.inter", pairs, "%d", "\t", header="user\titem", comments="")
    for name in ("cf", "text"):
        view = sc.views.Spectral(dim=4 if name == "cf" else 8).fit(split)
        np.save(f"{name}_users.npy", view.users)
        np.save(f"{name}_items.npy", view.items)
    printed = commands(blocks(PAGE, "bash")[0])
    assert len(printed) == 2
    for words in printed:
        status, out, error = shell(*["planted" if word == "ml-100k" else word for word in words[1:]])
        assert (status, error) == (0, ""), words
        assert Path(out.splitlines()[-1], "card.json").is_file()
