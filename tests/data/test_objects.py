"""JSON lines: every key and cell comes back; what is not JSON lines is named with a remedy that works."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from table_files import put, read

import semcomp as sc
from semcomp.data.formats import open_tables

ITEMS = "item_id,title\n1,Alpha\n2,Beta\n"
PAIR = {"user_id": "a", "item_id": "1"}
LONE = '"\\ud83d"'  # half of a pair, as JSON.stringify writes a string that was cut within it


def as_lines(*rows: object) -> str:
    return "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows)


def loaded(folder: Path, items: str, **options) -> sc.data.Dataset:
    pairs = put(folder / "sales.csv", "user_id,item_id\na,1\nb,2\n")
    return sc.load_dataset(pairs, items=put(folder / "items.jsonl", items), **options)


# --- all keys, all cells --------------------------------------------------------------------------------


def test_a_key_may_begin_anywhere(tmp_path):
    late = {**PAIR, "rating": 5, "tags": ["x"], "more": {"a": 1}}
    frame = read(put(tmp_path / "x.jsonl", as_lines(*[{**PAIR, "tags": None}] * 3000, late)))
    assert frame.columns == ["user_id", "item_id", "tags", "rating", "more"]
    assert frame.row(-1) == ("a", "1", ["x"], "5", '{"a": 1}')
    assert frame["rating"].null_count() == 3000


@pytest.mark.parametrize(
    ("values", "cells"),
    [
        ([1, 2.5, "x", True], ["1", "2.5", "x", "true"]),
        ([None, {"b": [1]}], [None, '{"b": [1]}']),
        ([None, ["a", 1, None]], [None, ["a", "1", None]]),
        ([["a"], "a"], ['["a"]', "a"]),
        ([[], {}], ["[]", "{}"]),
        ([["a"], [["a"]]], ['["a"]', '[["a"]]']),
    ],
)
def test_types_may_change_anywhere(tmp_path, values, cells):
    first, *others = ({**PAIR, "x": value} for value in values)
    frame = read(put(tmp_path / "x.jsonl", as_lines(*[first] * 1500, *others)))
    assert frame["x"].to_list() == [cells[0]] * 1500 + cells[1:]


KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=4)
TEXTS = st.text(st.characters(exclude_characters="\0"), max_size=4)  # halves of pairs as well
NUMBERS = st.integers(-(2**100), 2**100) | st.floats(allow_nan=False, allow_infinity=False, width=32)
PLAIN = st.none() | st.booleans() | NUMBERS | TEXTS
INNER = st.text(st.characters(exclude_categories=["Cc"], exclude_characters='"\\\\'), max_size=4)
CELLS = PLAIN | st.lists(INNER, max_size=2) | st.dictionaries(st.sampled_from("ab"), INNER | st.booleans())


def cell(value: object) -> object:
    """A cell as it arrives: text, with U+FFFD for half a pair."""
    if isinstance(value, list):
        return [cell(part) for part in value]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return float(value)
    text = None if value is None else str(value)
    return text and "".join("\ufffd" if "\ud800" <= c <= "\udfff" else c for c in text)


def written(value: object) -> str:
    """What is nested, as the text that looks like it in JSON."""
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    if isinstance(value, dict):
        return "{" + ", ".join(f'"{key}": {written(part)}' for key, part in value.items()) + "}"
    return f'"{cell(value)}"' if isinstance(value, str) else str(cell(value))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(KEYS.map("k".__add__), CELLS, max_size=4), min_size=1, max_size=6), st.data())
def test_every_row_and_cell_comes_back(tmp_path_factory, rows, data):
    packed, ascii_only = data.draw(st.booleans()), data.draw(st.booleans())
    try:
        text = "".join(json.dumps({**PAIR, **row}, ensure_ascii=ascii_only) + "\n\n" for row in rows).encode()
    except UnicodeEncodeError:  # half a pair can only be written as an escape
        text = as_lines(*({**PAIR, **row} for row in rows)).encode()
    path = put(tmp_path_factory.mktemp("t") / "x.jsonl", gzip.compress(text) if packed else text)
    frame = read(path)
    assert frame.height == len(rows)
    for number, row in enumerate(rows):
        for key, value in row.items():
            found = frame[key][number]
            kinds = {type(other[key]) for other in rows if other.get(key) is not None}
            if isinstance(value, dict) or (isinstance(value, list) and kinds != {list}):
                meant: object = written(value)
            else:
                found, meant = found.to_list() if isinstance(found, pl.Series) else found, cell(value)
            if isinstance(meant, float):
                found = float(found)
            assert found == meant


def test_half_a_pair_and_cells_that_are_no_texts(tmp_path):
    """Such a file is read another way than others, which must not show."""
    rows = [{**PAIR, "x": value, "more": {"a": [1]}, "n": 2} for value in ("a", [{"b": True}], 1.5, None)]
    plain = put(tmp_path / "plain.jsonl", as_lines(*rows))
    half = put(tmp_path / "half.jsonl", as_lines(*rows[:2], "", *rows[2:], f'{{"x": {LONE}}}'))
    assert read(half).head(4).equals(read(plain))
    assert read(half)["x"][4] == "\ufffd"
    assert (
        open_tables(half).interactions.frame.filter(pl.col("n") == "2").select("x").head(3).collect().height
        == 3
    )


PARQUET = {
    pl.String(): TEXTS.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)),
    pl.Int64(): st.integers(-(2**63), 2**63 - 1),
    pl.UInt64(): st.integers(0, 2**64 - 1),
    pl.Float64(): st.floats(allow_nan=False),
    pl.Boolean(): st.booleans(),
    pl.Date(): st.dates(),
    pl.List(pl.String()): st.lists(KEYS, max_size=2),
}


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(list(PARQUET)), st.integers(1, 6), st.data())
def test_every_cell_of_a_parquet_file_comes_back(tmp_path_factory, dtype, height, data):
    values = data.draw(st.lists(st.none() | PARQUET[dtype], min_size=height, max_size=height))
    ids = data.draw(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=height, max_size=height))
    frame = pl.DataFrame({"user_id": ids, "item_id": ids, "x": pl.Series(values, dtype=dtype)})
    path = tmp_path_factory.mktemp("t") / "x.parquet"
    frame.write_parquet(path, row_group_size=2)
    assert read(path).equals(frame.with_columns(pl.col("user_id", "item_id").cast(pl.String)))


# --- characters that no text can hold -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ('"Best day \\ud83d"', "Best day \ufffd"),
        ('"\\ude00 x"', "\ufffd x"),
        ('"\\ud83d\\ud83d\\ude00"', "\ufffd\U0001f600"),
        ('"\\\\ud83d \\\\\\ud83d"', "\\ud83d \\\ufffd"),
        ('"a\\u0000b"', "a\ufffdb"),
    ],
)
def test_half_a_pair_in_a_text_is_told(tmp_path, cache, title, text):
    data = loaded(
        tmp_path, f'{{"item_id": "1", "title": {title}}}\n{{"item_id": "2", "title": "\\ud83d\\ude00"}}'
    )
    assert data.texts == (text, "\U0001f600")
    assert (
        "title of 1 item holds U+FFFD in place of NUL, half a surrogate pair or a lost character"
        in data.notes
    )


@pytest.mark.parametrize("bad", ["a\\ud83d", "a\\ude00", "\\u0000a"])
def test_half_a_pair_in_an_id_is_refused(tmp_path, cache, bad):
    items = put(tmp_path / "items.csv", ITEMS)
    pairs = put(tmp_path / "x.jsonl", as_lines(PAIR, "", f'{{"user_id": "{bad}", "item_id": "1"}}'))
    with pytest.raises(sc.SemcompError, match=r"x\.jsonl, line 3: column 'user_id' is '.*\ufffd.*', where"):
        sc.load_dataset(pairs, items=items)
    with pytest.raises(
        sc.SemcompError, match=r"items\.jsonl, line 2: column 'item_id' is '.*\ufffd.*', where"
    ):
        loaded(tmp_path, as_lines({"item_id": "2", "title": "B"}, f'{{"item_id": "{bad}", "title": "A"}}'))


# --- what is not one object per line --------------------------------------------------------------------

ROWS = [{"user_id": "a", "item_id": "1"}, {"user_id": "b", "item_id": "2", "note": None, "sure": True}]
PYTHON = "".join(f"{row!r}\n\n" for row in ROWS)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "array.json",
            json.dumps(ROWS),
            r"array\.json, line 1: a JSON array; write one object per line: cat",
        ),
        ("array.json", json.dumps(ROWS, indent=1), r"line 1: a JSON array; write one object per line: cat"),
        (
            "an array.jsonl.gz",
            gzip.compress(json.dumps(ROWS).encode(), mtime=0),
            r"line 1: a JSON array; .*: gzip -dc",
        ),
        ("array.txt", json.dumps(ROWS), r"line 1: a JSON array; write one object per line: cat"),
        ("reviews.json", PYTHON, r"reviews\.json, line 1: a Python dict, not JSON; write it as JSON: cat"),
        ("reviews.jsonl", PYTHON, r"line 1: a Python dict, not JSON; write it as JSON: cat"),
    ],
)
def test_the_advised_command_makes_a_file_that_is_read(tmp_path, cache, name, content, message):
    items, pairs = put(tmp_path / "items.csv", ITEMS), put(tmp_path / name, content)
    with pytest.raises(sc.SemcompError, match=message) as error:
        sc.load_dataset(pairs, items=items)
    command = str(error.value).split(": ", 2)[2].replace("python -c", f"{sys.executable} -c")
    subprocess.run(command, shell=True, check=True, cwd=tmp_path)
    data = sc.load_dataset(tmp_path / command.split("> ")[-1].strip("'"), items=items)
    assert data.user_ids.tolist() == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (as_lines(PAIR, "{'user_id': 'a'}"), r"line 2: a Python dict, not JSON"),
        (as_lines(PAIR, "[1]"), r"line 2: a JSON list where an object was expected; correct the line"),
        (as_lines(PAIR, '{"a": ' + "[" * 100_000), r"line 2: no complete JSON object \(nested too deeply\)"),
        (as_lines(PAIR, "[" * 100_000), r"line 2: no complete JSON object \(nested too deeply\)"),
        (as_lines('{"a": ' * 100_000), r"line 1: no complete JSON object \(nested too deeply\)"),
        (
            as_lines(*({f"u{n}": 1} for n in range(20_000))),
            r"line 10001: .* more than 10,000 keys; write objects",
        ),
        ("[" + "1, " * 6_000_000, r"line 1: longer than 16 MiB; write one JSON object per line"),
        (
            as_lines(PAIR, '{"user_id": "a", "user_id": "b", "item_id": "1"}'),
            r"key 'user_id' is there twice",
        ),
        (
            as_lines(PAIR, '{"user_id": "a", "item_id": "1", "x\\ud83d": 1}'),
            r"line 2: a key holds half",
        ),
        (json.dumps([["a", 1], ["b", 2]]), r"line 1: a JSON array; write one object per line, in pandas by "),
        (as_lines({**PAIR, "x": 10**40}), r"line 1: no complete JSON object \(the number 10+… is too large"),
    ],
)
def test_one_line_names_the_line(tmp_path, cache, content, message):
    items = put(tmp_path / "items.csv", ITEMS)
    with pytest.raises(sc.SemcompError, match=message) as error:
        sc.load_dataset(
            put(tmp_path / "x.jsonl", content), items=items, recipe=sc.Recipe(keep=("x",) * ("x" in content))
        )
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "table",
    [
        {"user_id": {"0": "a", "1": "b"}, "item_id": {"0": 1, "1": 2}},
        {"user_id": ["a", "b"], "item_id": [1, 2]},
        {"columns": ["user_id", "item_id"], "index": [0, 1], "data": [["a", 1], ["b", 2]]},
        {"0": {"user_id": "a", "item_id": 1}, "1": {"user_id": "b", "item_id": 2}},
    ],
)
def test_one_object_for_a_table_is_told(tmp_path, cache, table):
    items = put(tmp_path / "items.csv", ITEMS)
    pairs = put(tmp_path / "x.json", json.dumps(table))
    with pytest.raises(
        sc.SemcompError, match=r"one object for a whole table .*; write one object per line, in"
    ):
        sc.load_dataset(pairs, items=items)


def test_the_advice_for_a_byte_order_mark_works(tmp_path, cache):
    path = put(tmp_path / "x.jsonl", "\ufeff" + as_lines(PAIR))
    with pytest.raises(sc.SemcompError, match=r"starts with a byte order mark; .*: tail -c \+4\)"):
        read(path)
    done = subprocess.run(["tail", "-c", "+4", path], check=True, capture_output=True)
    assert read(put(path, done.stdout)).rows() == [("a", "1")]
    put(path, gzip.compress(("\ufeff" + as_lines(PAIR)).encode()))
    with pytest.raises(sc.SemcompError, match=r"example: gzip -dc \| tail -c \+4\)"):
        read(path)
    with path.open("rb") as packed:
        done = subprocess.run(
            "gzip -dc | tail -c +4", shell=True, stdin=packed, check=True, capture_output=True
        )
    assert read(put(path, done.stdout)).rows() == [("a", "1")]


def test_the_advice_for_one_object_works(tmp_path, cache):
    import pandas as pd

    frame = pd.DataFrame({"user_id": ["a", "b"], "item_id": [1, 2]})
    items, pairs = put(tmp_path / "items.csv", ITEMS), tmp_path / "x.json"
    frame.to_json(pairs)
    with pytest.raises(sc.SemcompError, match=r"DataFrame\.to_json\(file, orient='records', lines=True\)"):
        sc.load_dataset(pairs, items=items)
    frame.to_json(pairs, orient="records", lines=True)
    assert sc.load_dataset(pairs, items=items).n_interactions == 2
