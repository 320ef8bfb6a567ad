"""`semcomp geometry`: the evidence it writes, and one line where it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from semcomp.cli.geometry import geometry
from semcomp.core.evidence import Evidence
from semcomp.errors import SemcompError
from semcomp.evidence.geometry.report import GeometrySettings
from semcomp.evidence.geometry.report import geometry as measure

FAST = ("--k", "5", "--groups", "5", "--resamples", "50", "--shuffles", "2")


@pytest.fixture
def arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    a = rng.standard_normal((60, 4))
    found = a, a[:, :3] + rng.standard_normal((60, 3)), rng.geometric(0.2, 60)
    for name, array in zip("abc", found, strict=True):
        np.save(f"{name}.npy", array)
    return found


def run(*words: str, json_to: str = "out.json"):
    return CliRunner().invoke(geometry, [*words, "--json", json_to, *FAST])


def test_help() -> None:
    result = CliRunner().invoke(geometry, ["--help"])
    assert result.exit_code == 0
    for word in ("A.npy B.npy", "--json", "--counts", "--k", "--anchors", "--groups", "--shuffles", "--seed"):
        assert word in result.output


def test_writes_what_it_prints(arrays) -> None:
    a, b, counts = arrays
    result = run("a.npy", "b.npy", "--counts", "c.npy", "--anchors", "20", "--seed", "3")
    assert (result.exit_code, result.exception) == (0, None)
    written = Evidence.from_json(Path("out.json").read_text())
    assert result.output == f"{written}\n"
    settings = GeometrySettings(k=5, anchors=20, groups=5, shuffles=2, resamples=50, seed=3)
    expected = measure(a, b, counts=counts, settings=settings)
    assert written.to_dict() == Evidence.from_json(expected.to_json()).to_dict()


def test_all_anchors_and_no_table(arrays) -> None:
    assert run("a.npy", "b.npy", "--anchors", "0", "--no-table").exit_code == 0
    record = json.loads(Path("out.json").read_text())
    assert record["provenance"]["anchors"] == 60
    assert "table" not in record


@pytest.mark.parametrize(
    ("words", "json_to", "says"),
    [
        (("a.npy", "no.npy"), "out.json", "there is no file no.npy"),
        (("a.npy", "text.npy"), "out.json", "text.npy is not a .npy array"),
        (("a.npy", "short.npy"), "out.json", "a has 60 rows and b has 59"),
        (("a.npy", "b.npy", "--counts", "no.npy"), "out.json", "there is no file no.npy"),
        (("a.npy", "b.npy", "--counts", "a.npy"), "out.json", "counts of shape"),
        (("a.npy", "b.npy"), "nowhere/out.json", "the folder of --json"),
        (("a.npy", "b.npy"), "folder", "which is a folder"),
        (("a.npy", "b.npy", "--k", "60"), "out.json", "k = "),
    ],
    ids=str,
)
def test_errors_leave_nothing_behind(arrays, words, json_to, says) -> None:
    Path("text.npy").write_text("1 2 3")
    np.save("short.npy", arrays[1][:-1])
    Path("folder").mkdir()
    before = sorted(Path().rglob("*"))
    result = CliRunner().invoke(geometry, [*FAST, *words, "--json", json_to])
    assert isinstance(result.exception, SemcompError)
    assert says in str(result.exception)
    assert "\n" not in str(result.exception)
    assert sorted(Path().rglob("*")) == before


def test_interrupted_writing_keeps_the_old_file(arrays, monkeypatch) -> None:
    Path("out.json").write_text("old")

    def fails(self: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", fails)
    result = run("a.npy", "b.npy")
    assert isinstance(result.exception, SemcompError)
    assert "No space left" in str(result.exception)
    assert Path("out.json").read_text() == "old"
    assert not list(Path().glob(".part*"))
