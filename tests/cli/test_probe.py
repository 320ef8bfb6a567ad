"""`semcomp probe`: the published numbers from files, and one line for every mistake."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from probing import GOLDEN, published

from semcomp.cli.probe import probe
from semcomp.errors import SemcompError

FILES = [
    *(word for part in ("train", "valid", "test") for word in (f"--{part}", GOLDEN / f"gold.{part}.inter")),
    *("--source", GOLDEN / "gold_item_embeddings-sem.npy"),
    *("--target-users", GOLDEN / "gold_user_embeddings-cf.npy"),
    *("--target-items", GOLDEN / "gold_item_embeddings-cf.npy"),
]


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*words: object) -> Result:
    found = CliRunner().invoke(probe, [*map(str, FILES), "--json", "out.json", *map(str, words)])
    if found.exception is not None and not isinstance(found.exception, SemcompError | SystemExit):
        raise found.exception
    return found


def test_the_published_probe_from_files() -> None:
    found = run("--published", "--resamples", 20)
    assert found.exit_code == 0
    assert found.output.startswith("probe(source -> target, linear-adam)\n")
    record = json.loads(Path("out.json").read_text())
    r2, cosine, *_ = published("analyze_generalization")["linear"]
    assert record["values"]["r2_test"]["value"] == pytest.approx(r2, abs=0.03)
    assert record["values"]["cosine"]["value"] == pytest.approx(cosine, abs=0.03)
    assert record["provenance"]["mask"] == "train"
    assert len(record["table"]["data"]) == 280


def test_options_reach_the_probe() -> None:
    np.save("times.npy", np.arange(1400))
    ceiling = GOLDEN / "gold_item_embeddings-cf.npy"
    options = ["--shift", "temporal", "--first-seen", "times.npy", "--target-as", "normalised", "--k", 5]
    found = run("--kind", "linear", "--ceiling", ceiling, "--resamples", 0, "--mask", "none", *options)
    assert found.exit_code == 0, found.exception
    record = json.loads(Path("out.json").read_text())
    told = record["provenance"]
    keys = ("kind", "shift", "target_as", "k", "mask", "seed")
    assert [told[key] for key in keys] == ["linear", "temporal", "normalised", 5, "none", 2024]
    assert record["table"]["index"] == list(range(1120, 1400))
    assert record["values"]["ceiling.r2_test"]["value"] > 0.95


def test_categories_are_pairs() -> None:
    pairs = "".join(f"{item}\t{item % 20}\n" for item in range(1400))
    Path("categories.tsv").write_text("item\tcategory\n" + pairs)
    found = run("--shift", "category", "--categories", "categories.tsv", "--kind", "linear", "--resamples", 0)
    assert found.exit_code == 0, found.exception
    held = json.loads(Path("out.json").read_text())["table"]["index"]
    assert len(held) == 280
    assert len({item % 20 for item in held}) == 4
    Path("far.tsv").write_text("item\tcategory\n1400\t0\n")
    assert "no such pair [1400, 0]; items go from 0 to 1399" in str(
        run("--shift", "category", "--categories", "far.tsv").exception
    )
    Path("none.tsv").write_text("item\tcategory\n")
    assert "holds no pairs" in str(run("--shift", "category", "--categories", "none.tsv").exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--json", "no/such/out.json"], "the folder of --json, no/such, does not exist"),
        (["--json", "."], "which is a folder"),
        (["--shift", "temporal"], "--shift temporal needs --first-seen"),
        (["--shift", "category"], "--shift category needs --categories"),
        (["--first-seen", "short.npy"], "--first-seen is for --shift temporal, not random"),
        (["--published", "--k", "20"], "--published decides --k itself"),
        (["--published", "--target-as", "raw"], "--published decides --target-as itself"),
        (["--source", "none.npy"], "there is no file none.npy"),
        (["--source", "text.npy"], "text.npy is not a .npy array of numbers"),
        (["--source", "short.npy"], "source has 3 rows, but the split has 1400 items"),
        (["--ceiling", "short.npy"], "ceiling has 3 rows"),
        (["--k", "280"], "k = 280 must lie between 1 and 279"),
    ],
)
def test_a_mistake_is_one_line_and_writes_nothing(words: list[str], message: str) -> None:
    Path("text.npy").write_text("no array")
    np.save("short.npy", np.ones((3, 2)))
    found = run(*words)
    assert isinstance(found.exception, SemcompError)
    assert message in str(found.exception)
    assert not Path("out.json").exists()


def test_an_unknown_name_is_told_by_the_shell() -> None:
    found = run("--kind", "rigde")
    assert found.exit_code == 2
    assert "'rigde' is not one of" in found.output
