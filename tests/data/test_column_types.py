"""Every type of column where ids, numbers, texts or categories belong: it is read, or named in one line."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

import semcomp as sc
from semcomp.data.categories import category_matrix

DAYS = [dt.date(2020, 1, 1), dt.date(2020, 1, 2)]
STAMPS = [1577836800.0, 1577923200.0]
COLUMNS: dict[str, pl.Series] = {
    "Binary": pl.Series([b"5", b"\xff"]),
    "Duration": pl.Series([dt.timedelta(1), dt.timedelta(2)]),
    "Decimal": pl.Series([Decimal("1.5"), Decimal("2.5")]),
    "Date": pl.Series(DAYS),
    "Datetime": pl.Series(DAYS).cast(pl.Datetime("ns", "UTC")),
    "Time": pl.Series([dt.time(1), dt.time(2)]),
    "Categorical": pl.Series(["5", "4"], dtype=pl.Categorical),
    "Enum": pl.Series(["5", "4"], dtype=pl.Enum(["4", "5"])),
    "Null": pl.Series([None, None]),
    "Boolean": pl.Series([True, False]),
    "UInt64": pl.Series([2**64 - 1, 2**63], dtype=pl.UInt64),
    "Struct": pl.Series([{"a": 1}, {"a": 2}]),
    "List": pl.Series([[1.0], [2.0]]),
    "List(…)": pl.Series([[{"a": 1}], []]),
    "Array": pl.Series([[1, 2], [3, 4]], dtype=pl.Array(pl.Int64, 2)),
}
NO_NUMBERS = {"Binary", "Duration", "Time", "Struct", "List", "List(…)", "Array"}
READ: dict[str, dict[str, list[float | None]]] = {
    "rating": {
        "Decimal": [1.5, 2.5],
        "Categorical": [5, 4],
        "Enum": [5, 4],
        "Null": [None, None],
        "Boolean": [1, 0],
        "UInt64": [2.0**64, 2.0**63],
    },
}
READ["timestamp"] = READ["rating"] | {"Date": STAMPS, "Datetime": STAMPS}
NO_TEXTS = {"Binary", "Duration", "Struct", "List(…)"}
NOT_KEPT = {"Binary", "Duration", "Struct", "List", "List(…)", "Array"}


@pytest.fixture(autouse=True)
def own_cache(cache: Path) -> None:
    pass


def load(folder: Path, where: str, kind: str, **recipe) -> sc.data.Dataset:
    tables = {
        "interactions": pl.DataFrame({"user_id": ["a", "b"], "item_id": ["1", "2"]}),
        "items": pl.DataFrame({"item_id": ["1", "2"], "title": ["A", "B"]}),
    }
    table, column = where.split(".")
    tables[table] = tables[table].with_columns(COLUMNS[kind].alias(column))
    for name, frame in tables.items():
        frame.write_parquet(folder / f"{name}.parquet")
    return sc.load_dataset(folder, recipe=sc.Recipe(**recipe) if recipe else None)


def refused(folder: Path, where: str, kind: str, what: str, **recipe) -> None:
    with pytest.raises(sc.SemcompError, match=what) as error:
        load(folder, where, kind, **recipe)
    assert "\n" not in str(error.value)
    assert where.split(".")[1] in str(error.value)


@pytest.mark.parametrize("kind", COLUMNS)
@pytest.mark.parametrize("column", READ)
def test_numbers(tmp_path, kind, column):
    if kind in READ[column]:
        data = load(tmp_path, f"interactions.{column}", kind)
        assert data.interactions[column].to_list() == READ[column][kind]
    else:
        word = kind.split("(")[0]
        refused(
            tmp_path, f"interactions.{column}", kind, rf"column '{column}' is {word}.*; numbers .*are needed"
        )


@pytest.mark.parametrize("kind", COLUMNS)
def test_ids(tmp_path, kind):
    if kind in ("Categorical", "Enum"):
        assert load(tmp_path, "interactions.user_id", kind).user_ids.tolist() == ["4", "5"]
    elif kind == "UInt64":
        assert load(tmp_path, "interactions.user_id", kind).user_ids.tolist() == [str(2**64 - 1), str(2**63)]
    else:
        refused(tmp_path, "interactions.user_id", kind, r"column 'user_id' (is|holds) ")


@pytest.mark.parametrize("kind", COLUMNS)
def test_texts_and_categories(tmp_path, kind):
    if kind in NO_TEXTS:
        refused(tmp_path, "items.title", kind, r"column 'title' of the items is .*; a template reads text")
    else:
        assert len(load(tmp_path, "items.title", kind, empty_text="keep").texts) == 2
    data = load(tmp_path, "items.shelf", kind)  # in no template: it may be anything
    if kind in ("Binary", "Struct", "List(…)"):
        with pytest.raises(
            sc.SemcompError, match=r"column 'shelf' of .* is .*; categories are text or lists"
        ):
            category_matrix(data, "shelf")


@pytest.mark.parametrize("kind", COLUMNS)
def test_columns_to_keep(tmp_path, kind):
    if kind in NOT_KEPT:
        message = r"column 'note' is .*; only text, numbers and times can be kept"
        refused(tmp_path, "interactions.note", kind, message, keep=("note",))
    else:
        data = load(tmp_path, "interactions.note", kind, keep=("note",))
        assert data.interactions["note"].dtype == pl.String


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2019-10-01T00:00:00+00:00", 1569888000),
        ("2019-10-01 02:00:05+0200", 1569888005),
        ("2019-10-01 02:00:05 +02:00", 1569888005),
        ("2019-09-30T20:30:00.250-03:30", 1569888000.25),
        ("2019-10-01 00:00:00 UTC", 1569888000),
        ("2019-10-01T00:00Z", 1569888000),
        ("2019-10-01 02:00+02", 1569888000),
        ("2019-10-01T00:00:00.123456789Z", 1569888000.123456),
        ("2019-10-01", 1569888000),
        ("1969-12-31T23:59:59-01:00", 3599),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "jsonl"])
def test_iso_times(tmp_path, text, seconds, kind):
    frame = pl.DataFrame({"user_id": ["a", "b"], "item_id": ["1", "1"], "timestamp": [text, None]})
    path = tmp_path / f"x.{kind}"
    path.write_text(frame.write_csv() if kind == "csv" else frame.write_ndjson())
    (tmp_path / "items.csv").write_text("item_id,title\n1,A\n")
    data = sc.load_dataset(path, items=tmp_path / "items.csv")
    assert data.interactions["timestamp"].to_list() == [seconds, None]


def test_a_time_that_is_not_read_is_shown_one_that_is(tmp_path):
    (tmp_path / "x.csv").write_text("user_id,item_id,timestamp\na,1,2019-10-01 at 4\n")
    (tmp_path / "items.csv").write_text("item_id,title\n1,A\n")
    with pytest.raises(
        sc.SemcompError, match=r"line 2: timestamp '2019-10-01 at 4' is not .*T16:30:00\+02:00"
    ):
        sc.load_dataset(tmp_path / "x.csv", items=tmp_path / "items.csv")


@pytest.mark.parametrize("times", [("2019-10-01", "1569888000"), ("1569888000", "2019-10-01T00:00:00Z")])
def test_numbers_among_dates_are_told(tmp_path, times):
    (tmp_path / "x.csv").write_text("user_id,item_id,timestamp\n" + "".join(f"a{t},1,{t}\n" for t in times))
    (tmp_path / "items.csv").write_text("item_id,title\n1,A\n")
    message = (
        rf"line 3: timestamp '{times[1]}' is not written as the first .*; write all as numbers, or all as"
    )
    with pytest.raises(sc.SemcompError, match=message):
        sc.load_dataset(tmp_path / "x.csv", items=tmp_path / "items.csv")
