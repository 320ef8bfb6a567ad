"""The nouns: what they refuse, what they keep, and that evidence survives being written down."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semcomp.core.evidence import Evidence, Value
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK, contains
from semcomp.core.view import View, as_matrix, unit_rows
from semcomp.data import Dataset, Split, binary_csr
from semcomp.errors import SemcompError, unknown_name
from semcomp.storage import atomic_write, cache_folder, digest, file_digest

# View and matrices


def test_a_view_holds_a_copy_that_nobody_can_change():
    users = np.ones((2, 3))
    view = View("v", users, np.ones((4, 3), dtype=np.float32))
    users[0, 0] = 9
    assert view.users[0, 0] == 1
    assert view.users.dtype == view.items.dtype == np.float32
    assert (view.shape, view.dim) == ((2, 4), 3)
    with pytest.raises(ValueError, match="read-only"):
        view.items[0] = 0
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.name = "w"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([[1.0, np.nan], [1, 1]], "m has NaN or infinite values in 1 rows, first in row 0"),
        ([[1.0], [np.inf], [-np.inf]], "m has NaN or infinite values in 2 rows, first in row 1"),
        ([[1e300]], "m has NaN or infinite values in 1 rows"),  # too long for float32
        (np.zeros((2, 3, 4)), r"m has shape \(2, 3, 4\); a matrix with one row"),
        (np.zeros(5), r"m has shape \(5,\)"),
        (np.zeros((0, 3)), r"m is empty, shape \(0, 3\)"),
        (np.zeros((3, 0)), r"m is empty, shape \(3, 0\)"),
        ([["a", "b"]], "m is not a numeric matrix"),
        ([[1, 2], [3]], "m is not a numeric matrix"),
        (None, "m has shape|m is not a numeric matrix"),
    ],
)
def test_what_is_no_matrix(values, message):
    with pytest.raises(SemcompError, match=message):
        as_matrix(values, "m")


def test_the_sides_of_a_view_have_one_width():
    with pytest.raises(SemcompError, match="view 'v': users have 3 columns and items 4"):
        View("v", np.ones((2, 3)), np.ones((2, 4)))


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(1, 6), st.integers(1, 5)), elements=st.floats(-1e6, 1e6, width=32)
    )
)
def test_unit_rows_have_unit_norm_and_zero_rows_stay(matrix):
    unit = unit_rows(matrix)
    norms = np.linalg.norm(matrix.astype(np.float64), axis=1)
    np.testing.assert_allclose(np.linalg.norm(unit.astype(np.float64), axis=1), norms > 0, atol=1e-6)
    np.testing.assert_allclose(unit * norms[:, None], matrix, rtol=1e-5, atol=1e-30)


def test_a_normalized_view_scores_by_cosine():
    view = View("v", [[3, 4], [0, 0]], [[0, 2], [5, 0]], {"model": "m"})
    unit = view.normalized("unit")
    np.testing.assert_allclose(unit.scores(np.array([0, 1])), [[0.8, 0.6], [0, 0]], rtol=1e-6)
    assert unit.name == "unit"
    assert view.normalized().name == "v"
    assert unit.provenance == {"model": "m"}


# TextMatrix


def test_text_rows_are_joined_by_id():
    text = TextMatrix(np.array(["b", "a", "c"]), [[2], [1], [3]])
    np.testing.assert_array_equal(text.rows_for(np.array(["a", "b", "c"])), [[1], [2], [3]])
    np.testing.assert_array_equal(text.rows_for(np.array(["c", "a", "b"])), [[3], [1], [2]])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (["a", "b", "zz"], "text matrix lacks 1 items, e.g. 'zz'"),
        (["0", "a", "b", "c"], "text matrix lacks 1 items, e.g. '0'"),
        (["a", "b"], "text matrix has 1 items that the data does not know, e.g. 'c'"),
    ],
)
def test_text_and_data_must_know_the_same_items(asked, message):
    text = TextMatrix(np.array(["b", "a", "c"]), np.ones((3, 2)))
    with pytest.raises(SemcompError, match=message):
        text.rows_for(np.array(asked))


def test_a_text_matrix_has_one_row_an_item():
    with pytest.raises(SemcompError, match="text matrix has 2 rows for 3 item ids"):
        TextMatrix(np.array(["a", "b", "c"]), np.ones((2, 2)))
    with pytest.raises(SemcompError, match="text matrix has item id 'b' twice"):
        TextMatrix(np.array(["b", "a", "b"]), np.ones((3, 2)))
    with pytest.raises(
        SemcompError, match="text matrix has NaN or infinite values in 1 rows, first in row 1"
    ):
        TextMatrix(np.array(["a", "b"]), [[1], [np.nan]])


# TopK and contains


def test_the_first_places_of_a_list():
    topk = TopK("t", np.array([[3, 1, -1], [0, 2, 1]], np.int32), np.zeros((2, 3)), 4, {"mask": "train"})
    first = topk.top(2)
    np.testing.assert_array_equal(first.ids, [[3, 1], [0, 2]])
    assert (first.name, first.k, first.n_items, first.provenance) == ("t", 2, 4, {"mask": "train"})
    assert first.scores.shape == (2, 2)
    for k in (0, 4):
        with pytest.raises(SemcompError, match=f"k = {k} is not between 1 and the 3 places of ranking 't'"):
            topk.top(k)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_contains_is_membership_in_the_users_set(data):
    users, items, k = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 7)), data.draw(st.integers(1, 6))
    truth = data.draw(st.lists(st.sets(st.integers(0, items - 1)), min_size=users, max_size=users))
    ids = data.draw(hnp.arrays(np.int32, (users, k), elements=st.integers(-1, items - 1)))
    pairs = np.array([(u, i) for u, own in enumerate(truth) for i in own], np.int32).reshape(-1, 2)
    found = contains(binary_csr(pairs[:, 0], pairs[:, 1], (users, items)), ids)
    assert found.dtype == bool
    assert found.tolist() == [[int(i) in truth[u] for i in ids[u]] for u in range(users)]


def test_contains_does_not_overflow_on_large_data():
    """Rows × columns beyond 32 bits."""
    shape = (70_000, 70_000)
    users = np.array([5, 33_000, 40_000, 69_999], np.int32)
    truth = binary_csr(users, np.full(4, 69_999, np.int32), shape)
    ids = np.full((70_000, 1), 69_999, np.int32)
    assert np.flatnonzero(contains(truth, ids)).tolist() == users.tolist()


# Evidence


def evidence() -> Evidence:
    table = pd.DataFrame(
        {
            "recall": [0.1, 1.0, 1 / 3],
            "hits": np.array([0, 2, 1]),
            "group": ["both", "none", 'ünïcode, "quoted"'],
            "hit": [True, False, True],
        },
        index=pd.Index([0, 4, 7], name="user"),
    )
    values = {
        "recall": Value(0.1 + 0.2, 0.1, 1 / 3, 2 / 3, -0.5, 5e-324, 3),
        "hits.common": Value(12.0),
    }
    return Evidence(
        "diagnose(a, b)", values, table, {"seed": 0, "of": {"model": "LightGCN", "dims": [8, 16]}}
    )


def test_evidence_survives_json_exactly():
    first = evidence()
    text = first.to_json()
    back = Evidence.from_json(text)
    assert back.to_json() == text
    assert (back.name, back.values, back.provenance) == (first.name, first.values, first.provenance)
    pd.testing.assert_frame_equal(back.table, first.table)
    assert back.table.index.name == "user"
    assert back.table["hits"].dtype == np.int64
    assert back.table["recall"].dtype == np.float64
    assert back.table["hit"].dtype == bool


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-(2**62), 2**62),
            st.text(st.characters(exclude_categories=["Cs"])),
        ),
        max_size=5,
    ),
    value=st.floats(allow_nan=False, allow_infinity=False),
    unit=st.sampled_from(["user", "item", None]),
    ids=st.booleans(),
)
def test_any_table_survives_json(rows, value, unit, ids):
    index = pd.Index([f"u{n}" if ids else 3 * n for n in range(len(rows))], name=unit)
    table = pd.DataFrame(
        {name: [row[n] for row in rows] for n, name in enumerate(("float", "int", "str"))}, index=index
    )
    first = Evidence("e", {"v": Value(value, n=len(rows))}, table)
    back = Evidence.from_json(first.to_json())
    assert back.to_json() == first.to_json()
    assert back.values == first.values
    assert back.table.index.name == unit
    assert back.table.to_dict("split") == table.to_dict("split")


def test_a_record_without_its_table():
    record = json.loads(evidence().to_json(table=False))
    assert "table" not in record
    back = Evidence.from_dict(record)
    assert back.table.empty
    assert back.values == evidence().values


def test_what_is_no_number_is_not_written():
    for bad in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not JSON compliant"):
            Evidence("e", {"v": Value(bad)}, pd.DataFrame()).to_json()


def test_a_value_is_found_by_name():
    found = evidence()
    assert found["hits.common"].value == 12
    with pytest.raises(SemcompError, match=r"unknown value 'hits\.comon'; did you mean 'hits\.common'"):
        found["hits.comon"]
    with pytest.raises(SemcompError, match="not an evidence record: provenance, values missing"):
        Evidence.from_dict({"name": "e"})


def test_excess_is_what_goes_beyond_the_null():
    assert Value(0.5, null=0.2).excess == pytest.approx(0.3)
    assert Value(0.5, null=0.5).excess == 0
    assert Value(0.5).excess is None


def test_evidence_prints_its_values_aligned():
    lines = str(evidence()).splitlines()
    assert lines[0] == "diagnose(a, b)"
    assert lines[1].split() == ["value", "95", "%", "interval", "null", "n"]
    assert lines[2].split() == ["recall", "0.3000", "0.1000", "–", "0.3333", "0.6667", "3"]
    assert lines[3].split() == ["hits.common", "12"]
    assert lines[2].index("0.3000") + len("0.3000") == lines[3].index("12") + 2
    frame = evidence().frame()
    assert frame.index.tolist() == ["recall", "hits.common"]
    assert frame.columns.tolist()[:7] == ["value", "low", "high", "null", "excess_low", "excess_high", "n"]
    assert frame.columns.tolist()[7:] == ["p", "excess_p"]
    assert frame.loc["hits.common", "value"] == 12


# Dataset and Split


def dataset(**changes) -> Dataset:
    ids = np.array(["a", "b", "c"])
    parts = {
        "name": "d",
        "user_ids": np.array(["u", "v"]),
        "item_ids": ids,
        "user": np.array([0, 0, 1], np.int32),
        "item": np.array([0, 2, 1], np.int32),
        "items": pl.DataFrame({"item_id": ids}),
        "texts": ("A", "B", "C"),
    }
    return Dataset(**(parts | changes))


def test_a_data_set_counts_itself():
    data = dataset(notes=("dropped 1 users",))
    assert (data.n_users, data.n_items, data.n_interactions) == (2, 3, 3)
    assert str(data) == "d: 2 users × 3 items, 3 interactions (density 50.00 %)\n  - dropped 1 users"
    assert data.provenance == {"dataset": "d", "data": data.fingerprint, "licence": "unknown"}


@pytest.mark.parametrize(
    "changes",
    [
        {"user_ids": np.array(["u", "w"])},
        {"item_ids": np.array(["a", "b", "d"])},
        {"user": np.array([0, 1, 1], np.int32)},
        {"item": np.array([0, 1, 1], np.int32)},
        {"texts": ("A", "B", "c")},
        {"vectors": np.zeros((3, 2), np.float32)},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_fingerprint_is_of_the_content(changes):
    assert dataset(**changes).fingerprint != dataset().fingerprint
    assert dataset(name="other", notes=("n",), template="t").fingerprint == dataset().fingerprint


def test_a_data_set_holds_together():
    with pytest.raises(SemcompError, match=r"user rows \(2,\) and item rows \(3,\) must be one list"):
        dataset(user=np.array([0, 1], np.int32))
    with pytest.raises(SemcompError, match="data set 'd' has no interactions left"):
        dataset(user=np.zeros(0, np.int32), item=np.zeros(0, np.int32))
    with pytest.raises(SemcompError, match="data set 'd': 3 items, 3 table rows, 2 texts"):
        dataset(texts=("A", "B"))
    with pytest.raises(SemcompError, match="data set 'd': 3 items, 2 table rows, 3 texts"):
        dataset(items=pl.DataFrame({"item_id": ["a", "b"]}))


def test_histories_of_a_split(make_split):
    split = make_split((2, 4), [(0, 0), (1, 3)], [(0, 1)], [(0, 2)])
    assert split.history("train").toarray().tolist() == [[1, 0, 0, 0], [0, 0, 0, 1]]
    assert split.history("train+valid").toarray().tolist() == [[1, 1, 0, 0], [0, 0, 0, 1]]
    assert split.history("none").nnz == 0
    assert split.history("none").shape == (2, 4)
    with pytest.raises(SemcompError, match="unknown mask 'all'"):
        split.history("all")


def test_the_parts_of_a_split_share_no_pair(make_split):
    with pytest.raises(SemcompError, match="1 user-item pairs stand in both train and valid"):
        make_split((2, 2), [(0, 0), (1, 1)], [(0, 0)])
    with pytest.raises(SemcompError, match="1 user-item pairs stand in both valid and test"):
        make_split((2, 2), [(0, 0)], [(1, 1)], [(1, 1), (1, 0)])
    with pytest.raises(SemcompError, match="the train part is empty"):
        make_split((2, 2), [], [(0, 0)])
    good = make_split((2, 2), [(0, 0)])
    with pytest.raises(SemcompError, match=r"valid is \(3, 2\), but there are 2 users and 2 items"):
        dataclasses.replace(good, valid=sp.csr_array((3, 2), dtype=np.float32))


def test_the_fingerprint_of_a_split_knows_where_each_pair_is(make_split):
    prints = {
        make_split((2, 3), [(0, 0), (1, 1)], *rest).fingerprint
        for rest in ((), ([(0, 1)],), ([], [(0, 1)]), ([(0, 2)],), ([(1, 0)],))
    }
    assert len(prints) == 5
    assert make_split((2, 3), [(1, 1), (0, 0)]).fingerprint in prints
    assert isinstance(make_split((2, 3), [(0, 0)]), Split)


def test_binary_csr_counts_a_repeated_pair_once():
    matrix = binary_csr(np.array([1, 0, 1, 1], np.int32), np.array([2, 1, 2, 0], np.int32), (2, 3))
    assert matrix.toarray().tolist() == [[0, 1, 0], [1, 0, 1]]
    assert matrix.has_sorted_indices
    assert matrix.dtype == np.float32


# errors and storage


def test_unknown_names_come_with_near_ones():
    assert str(unknown_name("mask", "trian", ["train", "none"])) == (
        "unknown mask 'trian'; did you mean 'train'? Known: none, train"
    )
    assert str(unknown_name("mask", "xyz", ["train", "none"])) == "unknown mask 'xyz'; Known: none, train"
    assert "\n" not in str(unknown_name("data set", "two\nlines", ["a"]))
    assert issubclass(SemcompError, ValueError)


def test_a_finished_write_replaces_the_file(tmp_path: Path):
    target = tmp_path / "new" / "file.npz"
    for text in ("one", "two"):
        with atomic_write(target) as part:
            assert part.parent == target.parent
            assert part.suffix == ".npz"
            part.write_text(text)
            assert not target.exists() or target.read_text() == "one"
        assert target.read_text() == text
    assert [path.name for path in target.parent.iterdir()] == ["file.npz"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path, error):
    target = tmp_path / "file.json"
    target.write_text("before")

    def write() -> None:
        with atomic_write(target) as part:
            part.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]
    assert target.read_text() == "before"


def test_the_cache_folder_is_made_where_asked(cache: Path):
    folder = cache_folder("views", "deep")
    assert folder == cache / "views" / "deep"
    assert list(folder.iterdir()) == []


def test_digests_are_the_same_in_every_process():
    content = np.arange(6, dtype=np.int32).reshape(2, 3), b"bytes", {"b": [1, 2.5, None], "a": "ä"}
    known = "4f255b9916a0a29c249f94623df0ee3bcee9f050f1f15e26d9bb558deade94b0"
    assert digest(*content) == known
    assert digest(content[0], content[1], {"a": "ä", "b": [1, 2.5, None]}) == known  # keys are sorted
    assert digest(np.asfortranarray(content[0]), *content[1:]) == known  # the layout in memory is no content


def test_digests_tell_apart_what_differs():
    array = np.arange(6, dtype=np.int32)
    different = [
        (array,),
        (array.astype(np.int64),),
        (array.astype(">i4"),),
        (array.view(np.uint32),),
        (array.reshape(2, 3),),
        (array.reshape(3, 2),),
        (array[::-1],),
        (array.tolist(),),
        (array.tobytes(),),
        (array[:3], array[3:]),
        (array[3:], array[:3]),
        (array, None),
        (1,),
        (1.0,),
        ("1",),
        (True,),
        (b"1",),
        ("ab", "c"),
        ("a", "bc"),
        (["ab", "c"],),
        (),
    ]
    assert len({digest(*parts) for parts in different}) == len(different)


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path):
    (tmp_path / "f").write_bytes(b"abc")
    assert file_digest(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
