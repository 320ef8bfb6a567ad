"""Data sets and splits as values: what they hold together, and what their fingerprints tell apart."""

from __future__ import annotations

import dataclasses

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp

from semcomp.data import Dataset, Split, binary_csr
from semcomp.errors import SemcompError


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
    with pytest.raises(SemcompError, match="data set 'd' has no interactions"):
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
    with pytest.raises(SemcompError, match="1 user-item pairs are in both train and valid"):
        make_split((2, 2), [(0, 0), (1, 1)], [(0, 0)])
    with pytest.raises(SemcompError, match="1 user-item pairs are in both valid and test"):
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
