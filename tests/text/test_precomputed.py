"""Vectors from files: joined by id in every format, and every mistake named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from tiny_models import dataset

from semcomp.core.text_matrix import TextMatrix
from semcomp.errors import SemcompError
from semcomp.storage import file_digest
from semcomp.text import Precomputed, embed
from semcomp.text.vector_files import read_vectors

IDS = ["007", "b", "c"]
ROWS = np.array([[0.5, 7.0], [1.5, -2.0], [2.5, 3.0]], np.float32)
TURN = [2, 0, 1]  # no file has the order of the data


def write(folder: Path, kind: str, ids=IDS, rows=ROWS, turn=TURN) -> Precomputed:
    ids, rows = [ids[i] for i in turn], rows[list(turn)]
    path = folder / f"v.{kind.split('-')[0]}"
    columns = {"item_id": ids} | {f"d{j}": rows[:, j] for j in range(rows.shape[1])}
    if kind.startswith("npy"):
        np.save(path, rows)
    if kind == "npy-txt":
        (folder / "v_ids.txt").write_text("\n".join(ids) + "\n")
    elif kind == "npy-npy":
        np.save(folder / "v_ids.npy", np.array(ids))
    elif kind == "npy-csv":
        pl.DataFrame({"item_id": ids}).write_csv(folder / "elsewhere.csv")
        return Precomputed(path, ids=folder / "elsewhere.csv")
    elif kind == "npz":
        np.savez(path, ids=np.array(ids), embeddings=rows)
    elif kind == "npz-ours":
        TextMatrix(np.array(ids), rows).save(path)
    elif kind == "parquet":
        pl.DataFrame(columns).write_parquet(path)
    elif kind == "parquet-list":
        pl.DataFrame({"item_id": ids, "name": ["x"] * len(ids), "v": rows.tolist()}).write_parquet(path)
    elif kind == "parquet-array":
        pl.DataFrame({"item_id": ids, "v": rows.tolist()}).with_columns(
            pl.col("v").cast(pl.Array(pl.Float32, rows.shape[1]))
        ).write_parquet(path)
    elif kind == "csv":
        pl.DataFrame(columns).write_csv(path)
    return Precomputed(path)


KINDS = [
    "npy-txt",
    "npy-npy",
    "npy-csv",
    "npz",
    "npz-ours",
    "parquet",
    "parquet-list",
    "parquet-array",
    "csv",
]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_joined_by_id(tmp_path, kind):
    encoder = write(tmp_path, kind)
    text = embed(dataset("xyz", ids=IDS), encoder)
    np.testing.assert_array_equal(text.matrix, ROWS)
    assert text.item_ids.tolist() == IDS
    assert text.provenance["revision"] == file_digest(Path(encoder.path))
    assert text.provenance["model"] == Path(encoder.path).name


def test_a_path_is_enough(tmp_path):
    write(tmp_path, "npy-txt")
    np.testing.assert_array_equal(embed(dataset("xyz", ids=IDS), str(tmp_path / "v.npy")).matrix, ROWS)


@given(st.permutations(range(6)), st.sampled_from(["npy-txt", "npz", "parquet-list", "csv"]))
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_file_does_not_matter(tmp_path_factory, turn, kind):
    rows = np.arange(18, dtype=np.float32).reshape(6, 3) / 8
    encoder = write(tmp_path_factory.mktemp("turn"), kind, list("abcdef"), rows, list(turn))
    np.testing.assert_array_equal(embed(dataset("uvwxyz", ids="abcdef"), encoder).matrix, rows)


def test_integer_ids_are_strings(tmp_path):
    np.savez(tmp_path / "v.npz", item_ids=np.array([10, 9]), matrix=[[1.0], [2.0]])
    assert embed(dataset("xy", ids=["10", "9"]), tmp_path / "v.npz").matrix[:, 0].tolist() == [1, 2]


def test_extra_vectors_are_refused_or_dropped(tmp_path):
    encoder = write(tmp_path, "npz")
    data = dataset("xy", ids=IDS[:2])
    with pytest.raises(SemcompError, match=r"v.npz has vectors of 1 items that 'd' does not have, e.g. 'c';"):
        embed(data, encoder)
    text = embed(data, Precomputed(encoder.path, extra="drop"))
    np.testing.assert_array_equal(text.matrix, ROWS[:2])
    assert text.provenance["note"] == "1 vectors of items that the data set does not have were dropped"


def npy(folder, array, ids="007\nb\nc\n"):
    np.save(folder / "v.npy", array, allow_pickle=True)
    if ids is not None:
        (folder / "v_ids.txt").write_bytes(ids if isinstance(ids, bytes) else ids.encode())
    return Precomputed(folder / "v.npy")


def npz(folder, **arrays):
    np.savez(folder / "v.npz", **arrays)
    return Precomputed(folder / "v.npz")


def parquet(folder, options=None, **columns):
    pl.DataFrame(columns, strict=False).write_parquet(folder / "v.parquet")
    return Precomputed(folder / "v.parquet", **(options or {}))


def raw(folder, name, content):
    (folder / name).write_bytes(content)
    return Precomputed(folder / name)


NAN = ROWS.copy()
NAN[1, 0] = np.nan
MISTAKES = {
    "no file": (lambda f: Precomputed(f / "v.npz"), r"there is no file .*v.npz"),
    "no ids": (lambda f: npy(f, ROWS, None), r"v.npy does not say whose .*put it next to it as v_ids.txt"),
    "ids not there": (
        lambda f: Precomputed(npy(f, ROWS).path, ids=f / "ids.txt"),
        r"there is no file .*ids.txt",
    ),
    "too few ids": (lambda f: npy(f, ROWS, "007\nb\n"), r"v.npy has 3 vectors for 2 ids"),
    "empty id": (lambda f: npy(f, ROWS, "007\n\nc\n"), r"the id of row 1 \(counted from 0\) is empty"),
    "id twice": (lambda f: npy(f, ROWS, "007\nb\nb\n"), r"v.npy has 1 ids more than once, e.g. 'b'"),
    "missing": (lambda f: npy(f, ROWS[:2], "007\nb\n"), r"v.npy lacks 1 of the 3 items of 'd', e.g. 'c'"),
    "ids no text": (lambda f: npy(f, ROWS, b"\xff\xfe\n"), r"v_ids.txt cannot be read as text"),
    "nan": (lambda f: npy(f, NAN), r"missing or not finite numbers for 1 items, e.g. 'b'"),
    "too big": (lambda f: npy(f, ROWS.astype(float) * 1e300), r"not finite numbers for 3 items"),
    "one row": (lambda f: npy(f, ROWS[0]), r"v.npy has shape \(2,\)"),
    "words": (lambda f: npy(f, ROWS.astype(str)), r"v.npy holds <U32 of shape \(3, 2\)"),
    "objects": (lambda f: npy(f, ROWS.astype(object)), r"v.npy holds pickled Python objects"),
    "garbage": (lambda f: raw(f, "v.npz", b"garbage"), r"v.npz cannot be read"),
    "cut off": (lambda f: raw(f, "v.npz", b"PK\x03\x04abc"), r"v.npz cannot be read"),
    "empty file": (lambda f: raw(f, "v.csv", b""), r"v.csv cannot be read"),
    "no parquet": (lambda f: raw(f, "v.parquet", b"item_id,v\n"), r"v.parquet cannot be read"),
    "other arrays": (lambda f: npz(f, a=ROWS), r"v.npz holds a; arrays 'item_ids' and 'matrix' are needed"),
    "float ids": (lambda f: npz(f, ids=np.arange(3.0), matrix=ROWS), r"'ids' is float64 of shape \(3,\)"),
    "no id column": (lambda f: parquet(f, id=IDS, v=[1.0] * 3), r"no column 'item_id' \(it has 'id', 'v'\)"),
    "float id column": (lambda f: parquet(f, item_id=[1.0, 2, 3], v=[1.0] * 3), r"'item_id' is Float64"),
    "null id": (
        lambda f: parquet(f, item_id=["007", None, "c"], v=[1.0] * 3),
        r"the id of row 1 .* is empty",
    ),
    "null": (lambda f: parquet(f, item_id=IDS, v=[1.0, None, 2.0]), r"for 1 items, e.g. 'b'"),
    "wordy column": (lambda f: parquet(f, item_id=IDS, v=list("xyz")), r"column 'v' is not numeric"),
    "no numbers": (lambda f: parquet(f, item_id=IDS), r"there are no numbers"),
    "unequal": (
        lambda f: parquet(f, item_id=IDS, v=[[1.0], [1.0, 2.0], [1.0]]),
        r"has 2 numbers for item 'b'",
    ),
    "null list": (lambda f: parquet(f, item_id=IDS, v=[[1.0], None, [1.0]]), r"has 0 numbers for item 'b'"),
    "null in list": (lambda f: parquet(f, item_id=IDS, v=[[1.0], [None], [1.0]]), r"for 1 items, e.g. 'b'"),
    "lists of words": (lambda f: parquet(f, item_id=IDS, v=[["x"]] * 3), r"lists of numbers are needed"),
    "two lists": (
        lambda f: parquet(f, item_id=IDS, v=[[1.0]] * 3, w=[[1.0]] * 3),
        r"\(v, w\); name vector_col",
    ),
    "unknown list": (
        lambda f: parquet(f, {"vector_column": "w"}, item_id=IDS, v=[[1.0]] * 3),
        r"no column 'w' of lists; such columns are: v",
    ),
    "csv with a word": (
        lambda f: raw(f, "v.csv", b"item_id,a\n007,1\nb,x\nc,2\n"),
        r"v.csv has values .* for 1 items, e.g. 'b'",
    ),
    "csv of nothing": (lambda f: raw(f, "v.csv", b"item_id,a\n"), r"v.csv lacks 3 of the 3 items"),
    "suffix": (lambda f: Precomputed(f / "v.pkl"), r"v.pkl is not a file of vectors; known are .npy"),
    "extra": (lambda f: Precomputed(f / "v.npz", extra="keep"), r"extra = 'keep' is unknown"),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_are_named_in_one_line(tmp_path, mistake):
    make, message = MISTAKES[mistake]
    with pytest.raises(SemcompError, match=message) as error:
        embed(dataset("xyz", ids=IDS), make(tmp_path))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("name", "other"), [("v[1].csv", "v1.csv"), ("v*.parquet", "v1.parquet")])
def test_a_name_is_no_pattern(tmp_path, name, other):
    for path, rows in ((tmp_path / name, ROWS), (tmp_path / other, -ROWS)):
        frame = pl.DataFrame({"item_id": IDS, "a": rows[:, 0], "b": rows[:, 1]})
        frame.write_parquet(path) if path.suffix == ".parquet" else frame.write_csv(path)
    np.testing.assert_array_equal(embed(dataset("xyz", ids=IDS), tmp_path / name).matrix, ROWS)


@pytest.mark.parametrize("name", ["", "Unnamed: 0", "index", "__index_level_0__", "level_0"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_the_numbers_of_rows_are_no_dimension(tmp_path, name, suffix):
    path = tmp_path / f"v{suffix}"
    frame = pl.DataFrame({name: range(3), "item_id": IDS, "a": ROWS[:, 0]})

    def write(frame):
        frame.write_parquet(path) if suffix == ".parquet" else frame.write_csv(
            path, separator="\t" if suffix == ".tsv" else ","
        )

    write(frame)
    with pytest.raises(SemcompError, match=r"looks like numbers of rows, not like a dimension; remove it"):
        embed(dataset("xyz", ids=IDS), path)
    write(frame.drop(name))  # the remedy
    assert embed(dataset("xyz", ids=IDS), path).matrix.tolist() == ROWS[:, :1].tolist()


def test_numbers_of_rows_are_known_by_their_steps(tmp_path):
    ids = [f"i{n}" for n in range(12)]
    frame = pl.DataFrame({"row": range(1, 13), "item_id": ids, "a": np.linspace(0, 1, 12)})
    frame.write_csv(tmp_path / "v.csv")
    with pytest.raises(SemcompError, match=r"v.csv: column 'row' looks like numbers of rows"):
        embed(dataset("x" * 12, ids=ids), tmp_path / "v.csv")


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("name", ["year", "index"])
def test_a_dimension_that_does_not_number_the_rows_is_kept(tmp_path, name, suffix):
    ids = [f"i{n:02d}" for n in range(12)]
    values = list(range(1990, 2002)) if name == "year" else [n / 8 for n in range(12)]
    frame = pl.DataFrame({"item_id": ids, name: values})
    path = tmp_path / f"v{suffix}"
    frame.write_parquet(path) if suffix == ".parquet" else frame.write_csv(path)
    assert embed(dataset("x" * 12, ids=ids), path).matrix[:, 0].tolist() == values


@pytest.mark.parametrize("kind", KINDS)
def test_blanks_around_ids_do_not_count(tmp_path, kind):
    encoder = write(tmp_path, kind, ids=["007  ", " b", "c"])
    np.testing.assert_array_equal(embed(dataset("xyz", ids=IDS), encoder).matrix, ROWS)


def test_ids_that_differ_in_blanks_alone_are_refused(tmp_path):
    with pytest.raises(SemcompError, match=r"v\.csv has 1 ids more than once, e\.g\. 'b'"):
        read_vectors(raw(tmp_path, "v.csv", b"item_id,a\nb,1\nb ,2\n").path, None, "item_id", None)


def test_the_ids_as_an_index_of_pandas_can_be_named(tmp_path):
    frame = pd.DataFrame(ROWS, index=IDS, columns=["a", "b"])
    frame.to_csv(tmp_path / "v.csv")
    encoder = Precomputed(tmp_path / "v.csv", id_column="")
    np.testing.assert_array_equal(embed(dataset("xyz", ids=IDS), encoder).matrix, ROWS)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-sig", "utf-16-be-sig"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("last", ["", "end", "blank lines"])
def test_a_text_of_ids_in_each_encoding(tmp_path, encoding, end, last):
    ids = ["007", "é b", "c\u2028d"]
    np.save(tmp_path / "v.npy", ROWS)
    text = end.join(ids) + {"": "", "end": end, "blank lines": end + end + " " + end}[last]
    mark = "\ufeff" if encoding.startswith("utf-16-") else ""
    (tmp_path / "v_ids.txt").write_bytes(
        (mark + text).encode(encoding.removesuffix("-sig") if mark else encoding)
    )
    np.testing.assert_array_equal(embed(dataset("xyz", ids=ids), tmp_path / "v.npy").matrix, ROWS)


def test_utf16_without_a_mark_is_named(tmp_path):
    np.save(tmp_path / "v.npy", ROWS)
    (tmp_path / "v_ids.txt").write_bytes("007\nb\nc\n".encode("utf-16-le"))
    with pytest.raises(SemcompError, match=r"v_ids.txt has zero bytes in it, as UTF-16 has"):
        embed(dataset("xyz", ids=IDS), tmp_path / "v.npy")


def test_a_column_that_is_there_twice_is_named(tmp_path):
    with pytest.raises(SemcompError, match="several columns named 'a'"):
        embed(dataset("xyz", ids=IDS), raw(tmp_path, "v.csv", b"item_id,a,a\n007,1,2\nb,1,2\nc,1,2\n"))


WORD = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\n\t", exclude_categories=["Cc", "Cs"]), min_size=1
)
NUMBER = st.floats(-(2.0**100), 2.0**100, width=32)
FORMATS = ["csv", "tsv", "parquet", "parquet-list", "npy-txt", "npy-npy", "npz"]


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(FORMATS),
    st.lists(WORD.filter(lambda word: word.strip()), min_size=1, max_size=6, unique_by=str.strip),
    st.integers(1, 3),
    st.data(),
)
def test_every_row_and_cell_comes_back(tmp_path_factory, kind, ids, width, data):
    rows = data.draw(hnp.arrays(np.float32, (len(ids), width), elements=NUMBER))
    folder = tmp_path_factory.mktemp("round")
    if kind == "tsv":
        path = folder / "v.tsv"
        frame = pl.DataFrame({"item_id": ids} | {f"d{j}": rows[:, j] for j in range(width)})
        frame.write_csv(path, separator="\t")
    else:
        path = Path(write(folder, kind, ids, rows, range(len(ids))).path)
    found, matrix = read_vectors(path, None, "item_id", None)
    assert found.tolist() == [word.strip() for word in ids]
    np.testing.assert_array_equal(matrix.astype(np.float32), rows)
