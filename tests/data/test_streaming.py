"""Loading in pieces: records, codes, batches, what is kept of a row, places in errors, round trips."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.data import Dataset, Recipe, Source, load_tables, read_folder, write_folder
from semcomp.data.coding import UNKNOWN, Interner
from semcomp.data.spool import Spool
from semcomp.data.tables import Table, Tables
from semcomp.errors import SemcompError
from semcomp.planted import World

PAIR = np.dtype([("a", "<i4"), ("b", "<f8")])


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def tiny_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Polars hands over 3 rows at a time, records are walked through 2 at a time."""
    for module in ("coding", "loading"):
        monkeypatch.setattr(f"semcomp.data.{module}.BLOCK", 2)
    monkeypatch.setattr("semcomp.data.coding.BATCH", 3)


def in_memory(interactions: dict[str, object], items: dict[str, object] | None = None) -> Tables:
    table = None if items is None else Table(pl.LazyFrame(items), "items", ())
    return Tables("by hand", Table(pl.LazyFrame(interactions), "interactions", ()), table)


def load(tables: Tables, recipe: Recipe | None = None, memory: int = 1 << 30) -> Dataset:
    return load_tables("t", tables, recipe or Recipe(), Source(), memory=memory, progress=False)


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(0, 200), st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_a_spool_gives_back_what_it_got(sizes, limit, rows):
    spool = Spool(PAIR, limit)
    parts = [np.array([(i, size / 7) for i in range(size)], dtype=PAIR) for size in sizes]
    for part in parts:
        spool.append(part)
    blocks = list(spool.blocks(rows))
    whole = np.concatenate([np.zeros(0, PAIR), *parts])
    assert spool.rows == len(whole)
    assert all(len(block) == rows for block in blocks[:-1])
    assert np.array_equal(np.concatenate([np.zeros(0, PAIR), *blocks]), whole)
    spool.close()


def test_a_spool_moves_to_disk_only_beyond_its_limit(tmp_path):
    spool = Spool(PAIR, 3 * PAIR.itemsize)
    spool.append(np.zeros(3, PAIR))
    assert not (tmp_path / "cache").exists()
    spool.append(np.ones(1, PAIR))
    assert (tmp_path / "cache" / "loading").is_dir()
    assert list((tmp_path / "cache" / "loading").iterdir()) == []  # the file has no name to leave behind
    assert [block["a"].tolist() for block in spool.blocks(9)] == [[0, 0, 0, 1]]
    spool.close()


def test_a_full_disk_is_one_line(monkeypatch):
    class Full:
        def seek(self, *_: int) -> None: ...

        def write(self, _: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    spool = Spool(PAIR, 0)
    monkeypatch.setattr("semcomp.data.spool.cache_folder", lambda *_: Path("there"))
    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    with pytest.raises(SemcompError, match=r"in there cannot be used \(No space left on device\); free"):
        spool.append(np.zeros(3, PAIR))


def test_codes_go_on_from_batch_to_batch():
    interner = Interner()
    batches = [["b", "a", None], ["", "b"], ["é", "a", "c"]]
    codes = [
        pl.DataFrame({"x": batch}).lazy().select(interner.code("x")).collect()["x"].to_list()
        for batch in batches
    ]
    ids, place = interner.sorted()
    assert ids.to_list() == ["", "a", "b", "c", "é"]
    seen = [None if code == UNKNOWN else ids[int(place[code])] for part in codes for code in part]
    assert seen == [name for batch in batches for name in batch]


@pytest.mark.usefixtures("tiny_batches")
def test_many_batches_and_ranges_give_the_same_bytes():
    rng = np.random.default_rng(1)
    n = 400
    tables = in_memory(
        {
            "user_id": rng.integers(0, 30, n).astype(str),
            "item_id": rng.integers(0, 20, n).astype(str),
            "rating": rng.integers(1, 6, n).astype(str),
            "timestamp": rng.integers(0, 9, n),
            "review": [f"text {i % 7}" for i in range(n)],
        },
        {"item_id": [str(i) for i in range(25)], "title": [f"Title {i}" if i % 9 else "" for i in range(25)]},
    )
    recipe = Recipe(min_rating=2, core=3, keep=("review",))
    one, *others = (load(tables, recipe, memory) for memory in (1 << 30, 1, 3000))
    assert one.n_interactions > 100
    assert one.interactions.columns == ["rating", "timestamp", "review"]
    for other in others:
        assert other.fingerprint == one.fingerprint
        assert (other.notes, other.steps, other.texts) == (one.notes, one.steps, one.texts)
        assert other.items.equals(one.items)
        assert other.interactions.equals(one.interactions)


@pytest.mark.usefixtures("tiny_batches")
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"user_id": ["a"] * 4 + [None, "a", None]}, r"interactions, row 5 .*: column 'user_id' is empty"),
        (
            {"item_id": ["2", "3", "4", "\t", *"567"]},
            r"interactions, row 4 .*: column 'item_id' is empty",
        ),
        (
            {"item_id": ["2\0", *"345678"]},
            r"interactions, row 1 .*: column 'item_id' is '2�', where .* is NUL",
        ),
        ({"rating": [4.0] * 6 + [float("inf")]}, r"interactions, row 7 .*: rating inf is not a number"),
        (
            {"rating": ["1", " 2 ", "3", "", "5", "6", "7"]},
            r"interactions, row 4 .*: rating '' is not a number",
        ),
        ({"timestamp": [*"123456", "x"]}, r"interactions, row 7 .*: timestamp 'x' is not a number"),
        (
            {"position": [4.0] * 6 + [float("inf")]},
            r"interactions, row 7 .*: position inf is not a number",
        ),
    ],
)
def test_the_first_offender_is_named(changes, message):
    good = {"user_id": list("aaaabbb"), "item_id": list("2345678"), "rating": [5.0] * 7}
    items = {"item_id": list("2345678"), "title": list("abcdefg")}
    recipe = Recipe(min_rating=4)
    assert load(in_memory(good, items), recipe).n_interactions == 7
    with pytest.raises(SemcompError, match=message) as error:
        load(in_memory(good | changes, items), recipe)
    assert "\n" not in str(error.value)


def test_times_as_dates():
    times = ["1970-01-02", "1970-01-01T00:01:00Z", " 1970-01-01 00:00:01.5 ", None]
    data = load(in_memory({"user_id": list("aabb"), "item_id": list("1212"), "timestamp": times}, TWO))
    assert data.interactions["timestamp"].to_list() == [86400.0, 60.0, 1.5, None]
    typed = pl.Series([0, 1, 2, None], dtype=pl.Int64).cast(pl.Datetime("ms")) + pl.duration(seconds=1)
    frame = {"user_id": list("aabb"), "item_id": list("1212"), "timestamp": pl.select(typed).to_series()}
    assert load(in_memory(frame, TWO)).interactions["timestamp"].to_list() == [1.0, 1.001, 1.002, None]


TWO = {"item_id": ["1", "2"], "title": ["A", "B"]}


def test_ratings_nobody_asks_for_may_be_anything():
    rows = {"user_id": list("aab"), "item_id": list("121"), "rating": ["5", "good", None]}
    data = load(in_memory(rows, TWO))
    assert data.interactions["rating"].to_list() == [5.0, None, None]
    assert data.notes == (
        "ratings are not looked at: every rated item counts as an interaction",
        "unknown ratings, missing or not numbers: 2",
    )


@given(st.permutations(range(6)))
@settings(max_examples=30, deadline=None)
def test_kept_columns_come_from_the_row_that_stays(order):
    rows = [
        ("a", "1", 1, "early", 7),
        ("a", "1", 2, "late", None),
        ("a", "2", 3, None, 8),
        ("b", "1", 5, "x", 1),
        ("b", "1", 5, "y", 1),
        ("b", "1", 5, "x", 2),
    ]
    names = ("user_id", "item_id", "timestamp", "review", "helpful")

    def table(rows):
        return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))

    recipe = Recipe(keep=("review", "helpful"))
    data = load(in_memory(table(rows), TWO), recipe)
    assert data.interactions["review"].to_list()[:2] == ["late", None]
    assert data.interactions["helpful"].to_list()[:2] == [None, "8"]
    assert data.interactions.row(2)[1:] in [("x", "1"), ("y", "1"), ("x", "2")]  # one row, not a mixture
    other = load(in_memory(table([rows[i] for i in order]), TWO), recipe)
    assert other.interactions.equals(data.interactions)


def test_without_an_item_table():
    rows = {"user_id": list("aab"), "item_id": list("311")}
    with pytest.raises(SemcompError, match="interactions comes without an item table, so no item has a text"):
        load(in_memory(rows))
    with pytest.raises(SemcompError, match=r"template '\{title\}' needs an item table"):
        load(in_memory(rows), Recipe(template="{title}", empty_text="keep"))
    data = load(in_memory(rows), Recipe(empty_text="keep"))
    assert data.item_ids.tolist() == ["1", "3"]
    assert (data.texts, data.template) == (("", ""), "")
    assert data.items.equals(pl.DataFrame({"item_id": ["1", "3"]}))
    assert data.notes == ()


def test_rows_of_a_matrix_belong_to_ids(tmp_path):
    matrix = np.arange(8.0).reshape(4, 2)
    path = tmp_path / "x_item_embeddings.npy"
    np.save(path, matrix)
    tables = replace(in_memory({"user_id": list("aab"), "item_id": ["3", "0", "3"]}), vectors=path)
    data = load(tables)
    assert data.item_ids.tolist() == ["0", "3"]
    assert data.vectors is not None
    assert data.vectors.dtype == np.float32
    assert data.vectors.tolist() == [[0.0, 1.0], [6.0, 7.0]]

    def refuses(message: str, item: str = "3") -> None:
        with pytest.raises(SemcompError, match=message):
            load(replace(in_memory({"user_id": ["a"], "item_id": [item]}), vectors=path))

    refuses("item '4' has no row in .*npy, which holds rows 0 to 3", "4")
    refuses("item '-1' has no row", "-1")
    refuses("item 'B01' has no row", "B01")
    matrix[3, 1] = np.nan
    np.save(path, matrix)
    refuses(r"npy, row 3: the vector is not finite")
    np.save(path, matrix[0])
    refuses(r"holds float64 of shape \(2,\); it must be numbers, one row per item")
    path.write_bytes(b"no matrix")
    refuses(r"cannot be read as a matrix")


def test_unused_items_are_never_an_error():
    items = {"item_id": ["1", "2", "9"], "title": ["A", "B", None]}
    data = load(in_memory({"user_id": ["a"], "item_id": ["1"]}, items), Recipe(empty_text="refuse"))
    assert data.notes == ("dropped 2 items without an interaction",)


def shop() -> Dataset:
    tables = in_memory(
        {
            "user_id": ["b", "a", "a", "b", "b"],
            "item_id": ["2", "10", "2", "10", "10"],
            "rating": ["5", None, "3", "4", "4.5"],
            "timestamp": [3, 1, 2, 9, 4],
            "review": ["ü", None, "", "x\ny", "z"],
        },
        {
            "item_id": ["2", "10", "7"],
            "title": ["Two", "Ten", None],
            "categories": [["A", "B"], [], ["C"]],
            "price": [1.5, None, 3.0],
        },
    )
    source = Source("somebody", "CC0", "Somebody (2020)", {"ratings.csv": "0" * 64})
    return load_tables("shop", tables, Recipe(keep=("review",)), source, progress=False)


def same(one: Dataset, other: Dataset) -> None:
    assert one.fingerprint == other.fingerprint
    for name in ("name", "template", "source", "notes", "steps", "texts"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.items.equals(other.items)
    assert one.items.schema == other.items.schema
    assert one.interactions.equals(other.interactions)


@pytest.mark.parametrize(
    "data",
    [
        shop(),
        World(users=30, items=40, dim=3, activity=5.0).dataset(),
        load(in_memory({"user_id": ["a"], "item_id": ["1"]}), Recipe(empty_text="keep")),
    ],
    ids=["texts by template", "own texts and vectors", "no texts"],
)
def test_a_folder_gives_the_data_set_back(tmp_path, data):
    folder = write_folder(data, tmp_path / "deep" / "copy")
    same(read_folder(folder), data)
    again = write_folder(read_folder(folder), tmp_path / "again")
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".part")] == []
    for file in folder.iterdir():
        assert file.read_bytes() == (again / file.name).read_bytes()


def test_written_in_blocks_and_with_idle_users(tmp_path, monkeypatch):
    monkeypatch.setattr("semcomp.data.writing.BLOCK", 2)
    data = shop()
    idle = replace(data, user_ids=np.array(["a", "aa", "b", "z"]), user=np.array([0, 2], np.int32)[data.user])
    same(read_folder(write_folder(data, tmp_path / "shop")), data)
    same(read_folder(write_folder(idle, tmp_path / "idle")), idle)


def test_a_written_folder_can_be_filtered_further(tmp_path):
    folder = write_folder(shop(), tmp_path / "shop")
    data = read_folder(folder, recipe=Recipe(template="{title}", core=2), name="mine")
    assert (data.name, data.template, data.texts) == ("mine", "{title}", ("Ten", "Two"))
    assert data.notes[: len(shop().notes)] == shop().notes
    assert data.notes[-1].startswith("2-core: dropped 0 users")
    assert data.source.publisher == "somebody"


def test_a_written_world_keeps_its_vectors_under_a_filter(tmp_path):
    world = World(users=30, items=40, dim=3, activity=5.0).dataset()
    data = read_folder(write_folder(world, tmp_path / "world"), recipe=Recipe(core=2, template="{title}"))
    rows = np.searchsorted(world.item_ids, data.item_ids)
    assert 0 < data.n_items < world.n_items
    assert data.vectors is not None
    assert world.vectors is not None
    assert np.array_equal(data.vectors, world.vectors[rows])


def test_writing_is_whole_or_absent(tmp_path, monkeypatch):
    full = tmp_path / "full"
    full.mkdir()
    (full / "note.txt").write_text("mine")
    with pytest.raises(SemcompError, match="exists and is not empty; give a new folder"):
        write_folder(shop(), full)
    (tmp_path / "empty").mkdir()
    same(read_folder(write_folder(shop(), tmp_path / "empty")), shop())

    def broken(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_parquet", broken)
    with pytest.raises(SemcompError, match=r"No space left on device.*; choose another place"):
        write_folder(shop(), tmp_path / "target")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["empty", "full"]


def test_a_description_that_does_not_fit_is_refused(tmp_path):
    def refuses(message: str) -> None:
        with pytest.raises(SemcompError, match=message) as error:
            read_folder(folder)
        assert "\n" not in str(error.value)

    folder = write_folder(shop(), tmp_path / "shop")
    description = folder / "dataset.json"
    good = description.read_text()
    for bad in ("{", "[]", "{}", json.dumps({**json.loads(good), "steps": [{"nome": "x"}]})):
        description.write_text(bad)
        refuses(r"dataset\.json is not a description of a data set .*; write the folder again, or remove")
    description.write_text(good)
    pl.read_parquet(folder / "interactions.parquet").head(3).write_parquet(folder / "interactions.parquet")
    refuses(r"interactions\.parquet is not the file that dataset\.json describes")
    description.unlink()
    assert read_folder(folder).n_interactions == 3
