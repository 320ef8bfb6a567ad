"""`semcomp decompose` from arrays: the record is the function's, with and without users."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from flat_settings import flat

from semcomp.cli.decompose import decompose as command
from semcomp.data import split
from semcomp.errors import SemcompError
from semcomp.evidence.decomposition import report
from semcomp.evidence.decomposition.settings import DecompositionSettings
from semcomp.planted import World

decompose = flat(report.decompose, DecompositionSettings)

WORLD = World(users=60, items=120, dim=2, seed=3)
QUICK = ("--permutations", "19", "--groups", "4", "--resamples", "20")


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    """Arrays and pairs of a small world, by what they are."""
    folder, truth, parts = tmp_path_factory.mktemp("world"), WORLD.truth(), split(WORLD.dataset(), seed=1)
    out = {}
    for name, array in (
        ("s_users", truth.semantic_users),
        ("s_items", truth.semantic_vectors),
        ("c_users", truth.collaborative_users),
        ("c_items", truth.collaborative_vectors),
    ):
        out[name] = str(folder / f"{name}.npy")
        np.save(out[name], array)
    for name in ("train", "valid", "test"):
        rows = np.column_stack(getattr(parts, name).nonzero())
        out[name] = str(folder / f"{name}.tsv")
        Path(out[name]).write_text("user\titem\n" + "".join(f"{u}\t{i}\n" for u, i in rows))
    return out


def run(*words: str) -> Result:
    return CliRunner().invoke(command, [*words, *QUICK], catch_exceptions=False)


def views(files) -> list[str]:
    return [
        *("--semantic", files["s_users"], files["s_items"]),
        *("--collaborative", files["c_users"], files["c_items"]),
    ]


def test_views_with_a_split(files, tmp_path) -> None:
    pairs = [word for part in ("train", "valid", "test") for word in (f"--{part}", files[part])]
    second = ("--second", files["c_users"], files["c_items"])
    done = run(*views(files), *pairs, *second, "--k", "10", "--json", str(tmp_path / "out.json"))
    record = json.loads((tmp_path / "out.json").read_text())
    views_ = WORLD.truth().views()
    expected = decompose(
        views_["semantic"],
        views_["collaborative"],
        split(WORLD.dataset(), seed=1),
        second=views_["collaborative"],
        k=10,
        permutations=19,
        groups=4,
        resamples=20,
    )
    assert done.exit_code == 0
    assert list(record["values"]) == list(expected.values)
    for name, value in expected.values.items():
        assert record["values"][name]["value"] == pytest.approx(value.value), name
    assert done.output.startswith("decompose(semantic, collaborative)\n")
    assert len(record["readings"]) == 12
    assert record["readings"][0] in done.output
    assert "table" not in record


def test_items_alone(files, tmp_path) -> None:
    done = run(
        "--items", files["s_items"], files["c_items"], "--rank", "1", "--json", str(tmp_path / "o.json")
    )
    record = json.loads((tmp_path / "o.json").read_text())
    assert done.exit_code == 0
    assert record["provenance"]["rank"] == 1
    assert not any(name.startswith("recall") for name in record["values"])
    assert record["values"]["dimension"]["value"] >= 2


def test_views_without_a_split_are_their_items(files, tmp_path) -> None:
    for name, words in (("a", views(files)), ("b", ["--items", files["s_items"], files["c_items"]])):
        run(*words, "--method", "inter-battery", "--json", str(tmp_path / name))
    records = [json.loads((tmp_path / name).read_text()) for name in "ab"]
    assert records[0]["values"] == records[1]["values"]
    assert records[0]["provenance"]["method"] == "inter-battery"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "two views are needed"),
        (["--items", "{s_items}", "{c_items}", "--train", "{train}"], "--items has no users"),
        (["--items", "{s_items}", "none.npy"], "there is no file none.npy"),
        (["--items", "{s_items}", "{train}"], "is not a .npy array"),
        (
            [
                "--semantic",
                "{s_users}",
                "{s_items}",
                "--collaborative",
                "{c_users}",
                "{c_items}",
                "--test",
                "{test}",
            ],
            "--train and --valid missing",
        ),
        (["--items", "{s_items}", "{s_users}"], "semantic has 120 rows and collaborative has 60"),
    ],
)
def test_mistakes(files, tmp_path, words, says) -> None:
    with pytest.raises(SemcompError, match=says):
        run(*(word.format(**files) for word in words), "--json", str(tmp_path / "out.json"))
    assert not (tmp_path / "out.json").exists()


def test_where_the_record_goes(files, tmp_path) -> None:
    for place, says in ((tmp_path / "no" / "out.json", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(SemcompError, match=says):
            run("--items", files["s_items"], files["c_items"], "--json", str(place))
