"""The description of a written folder: whole and of its types, or refused in one line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import semcomp as sc
from semcomp.data import read_folder, write_folder


@pytest.fixture
def folder(tmp_path: Path, cache: Path) -> Path:
    (tmp_path / "a.csv").write_text("user_id,item_id\na,1\na,2\nb,1\n")
    (tmp_path / "i.csv").write_text("item_id,title\n1,One\n2,Two\n3,Three\n")
    return write_folder(sc.load_dataset(tmp_path / "a.csv", items=tmp_path / "i.csv"), tmp_path / "shop")


def put(folder: Path, **fields: Any) -> dict[str, Any]:
    file = folder / "dataset.json"
    content = json.loads(file.read_text()) | fields
    file.write_text(json.dumps(content))
    return content


STEP = {"name": "idle items", "rule": "x", "users": 0, "items": 1, "interactions": 0}
WRONG: dict[str, list[Any]] = {
    "version": [None, "1", 2, 1.5],
    "name": [None, 7, ["x"]],
    "template": [None, 7, "{title", "none"],
    "source": [
        None,
        [],
        {},
        {"publisher": "x"},
        {"publisher": 1, "licence": "", "citation": "", "sha256": {}},
    ],
    "notes": [None, "text", [1], {"a": "b"}],
    "steps": [None, {}, [1], [{"name": "idle items"}], [{**STEP, "more": 1}]],
    "idle_users": [None, "abc", [1], [None]],
    "sha256": [None, [], {}, {"interactions.parquet": "x"}, {"../x": "y"}],
}


WRONG["steps"] += [
    [{**STEP, name: value}]
    for name, value in (
        ("name", "x"),
        ("name", []),
        ("users", "1"),
        ("users", -1),
        ("items", True),
        ("rule", 1),
    )
]


@pytest.mark.parametrize("field", WRONG)
def test_a_wrong_field_is_named(folder, field):
    good = (folder / "dataset.json").read_text()
    for value in WRONG[field]:
        put(folder, **{field: value})
        with pytest.raises(
            sc.SemcompError, match=r"dataset\.json is not a description of a data set"
        ) as error:
            read_folder(folder)
        assert field in str(error.value)
        assert "\n" not in str(error.value)
        (folder / "dataset.json").write_text(good)
    content = json.loads(good)
    del content[field]
    (folder / "dataset.json").write_text(json.dumps(content))
    with pytest.raises(sc.SemcompError, match=field):
        sc.load_dataset(folder)
    (folder / "dataset.json").unlink()  # as the message advises
    assert sc.load_dataset(folder).n_interactions == 3


@pytest.mark.parametrize("text", ["", "[" * 100_000, "[]", '"x"', "null", "\xff"])
def test_what_is_no_description_is_refused(folder, text):
    (folder / "dataset.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(sc.SemcompError, match=r"dataset\.json is not a description of a data set") as error:
        read_folder(folder)
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_a_file_that_is_not_described_does_not_count(folder):
    np.save(folder / "vectors.npy", np.ones((2, 2), np.float32))
    assert read_folder(folder).vectors is None


def test_no_path_of_the_origin_is_written(tmp_path, cache):
    for part, text in (("sales", "user_id,item_id\na,1\n"), ("stock", "item_id,title\n1,One\n")):
        (tmp_path / part).mkdir()
        (tmp_path / part / "table.csv").write_text(text)
    data = sc.load_dataset(tmp_path / "sales" / "table.csv", items=tmp_path / "stock" / "table.csv")
    assert list(data.source.sha256) == ["sales/table.csv", "stock/table.csv"]
    written = write_folder(data, tmp_path / "written")
    assert str(tmp_path) not in (written / "dataset.json").read_text()


def with_blanks(users: list[str], items: list[str], pairs: list[tuple[int, int]]) -> sc.Dataset:
    user, item = (np.array(side, dtype=np.int32) for side in zip(*pairs, strict=True))
    frame = pl.DataFrame({"item_id": items})
    vectors = np.arange(1.0, len(items) + 1, dtype=np.float32)[:, None]
    texts = tuple(f"text of {item.strip()}" for item in items)
    return sc.Dataset(
        "d", np.array(users), np.array(items), user, item, frame, texts, vectors=vectors
    )  # fmt: skip


def test_texts_and_vectors_stay_with_ids_that_had_blanks(tmp_path, cache):
    data = with_blanks([" x", "a", "b"], [" m", "a", "z"], [(1, 0), (1, 1), (2, 2)])
    read = read_folder(write_folder(data, tmp_path / "d"))
    assert read.item_ids.tolist() == ["a", "m", "z"]
    assert read.vectors is not None
    assert read.vectors[:, 0].tolist() == [2, 1, 3]
    assert read.texts == ("text of a", "text of m", "text of z")
    assert read.user_ids.tolist() == ["a", "b", "x"]


def test_idle_users_that_differ_in_blanks_alone_are_not_merged(tmp_path, cache):
    folder = write_folder(with_blanks([" a", "a"], ["1"], [(1, 0)]), tmp_path / "d")
    with pytest.raises(sc.SemcompError, match=r"ids of users .* differ in the blanks around them alone"):
        read_folder(folder)
