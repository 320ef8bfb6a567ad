"""Item tables: the strongest weights by hand, a file of them, and what shortening costs."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import semcomp as sc
from semcomp.serve import ItemTable, item_table, truncation_cost
from semcomp.views.item_weights import ItemWeights

IDS = np.array(["a", "b", "c"])
WEIGHTS = np.array([[0, 2, -3], [1, 0, 1], [-1, 0, 0]], np.float32)


def scorer_of(weights: np.ndarray | sp.csr_array, users: int = 2) -> ItemWeights:
    history = sp.csr_array(np.ones((users, weights.shape[0]), np.float32))
    return ItemWeights("toy", history, weights, {"seed": 0})


@pytest.mark.parametrize("form", [np.asarray, sp.csr_array])
@pytest.mark.parametrize(
    ("by", "kept"),
    [
        ("magnitude", [[0, 0, -3], [1, 0, 0], [-1, 0, 0]]),  # equal ones: the lower item
        ("value", [[0, 2, 0], [1, 0, 0], [-1, 0, 0]]),
    ],
)
def test_the_strongest_weights_by_hand(form, by, kept):
    table = ItemTable.of(scorer_of(form(WEIGHTS)), IDS, 1, by=by)
    assert table.weights.toarray().tolist() == kept
    assert table.weights.has_sorted_indices
    assert table.provenance == {"seed": 0, "table": {"n": 1, "by": by}}
    assert not sp.csr_array(ItemTable.of(scorer_of(form(WEIGHTS)), IDS, 9, by=by).weights - WEIGHTS).nnz


small = arrays(np.float32, (6, 6), elements=st.sampled_from([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]))


@settings(max_examples=40, deadline=None)
@given(small, st.integers(1, 6), st.sampled_from(["magnitude", "value"]))
def test_no_weight_that_was_dropped_is_stronger(weights, n, by):
    table = ItemTable.of(scorer_of(weights), np.arange(6).astype(str), n, by=by, memory=64 * 6 * 2)
    kept = table.weights.toarray() != 0
    strength = np.abs(weights) if by == "magnitude" else weights
    assert np.array_equal(table.weights.toarray()[kept], weights[kept])
    assert np.array_equal(kept.sum(axis=1), np.minimum(n, (weights != 0).sum(axis=1)))
    for row, mine in zip(strength, kept, strict=True):
        left = ~mine & (row != 0)
        assert not mine.any() or not left.any() or row[left].max() <= row[mine].min()


@pytest.mark.parametrize("block", [1, 4, 2**18])
def test_a_table_comes_back_to_the_bit(tmp_path, monkeypatch, block):
    monkeypatch.setattr(item_table, "BLOCK", block)
    weights = sp.csr_array(WEIGHTS * np.float32(1 / 3))
    table = ItemTable("toy", np.array(["ä", "b", "none"]), weights, {"a": 1})
    path = table.save(tmp_path / "t.parquet")
    back = ItemTable.load(path)
    assert (back.name, back.provenance, back.item_ids.tolist()) == ("toy", {"a": 1}, ["ä", "b", "none"])
    for part in ("data", "indices", "indptr"):
        assert np.array_equal(getattr(back.weights, part), getattr(weights, part))
    read = pl.read_parquet(path)
    assert read.rows()[1][:2] == ("ä", "none")
    assert (read.columns, read["weight"].dtype) == (["item", "other", "weight"], pl.Float32)


def test_items_without_weights_and_an_empty_table_come_back(tmp_path):
    table = ItemTable("none", IDS, sp.csr_array((3, 3), dtype=np.float32))
    back = ItemTable.load(table.save(tmp_path / "t.parquet"))
    assert (back.weights.shape, back.weights.nnz) == ((3, 3), 0)


def test_a_table_serves_what_its_weights_score():
    table = ItemTable.of(scorer_of(WEIGHTS), IDS, 3)
    history = sp.csr_array(np.array([[1, 0, 1], [0, 0, 0]], np.float32))
    assert table.scorer(history).scores(np.arange(2)).tolist() == [[-1, 2, -3], [0, 0, 0]]


def test_the_cost_of_all_weights_is_nothing_and_of_few_is_counted(world):
    split, _ = world
    weights = sc.views.EASE().fit(split)
    n = split.n_items - 1
    cost = truncation_cost(weights, split, [1, 20, n])
    assert cost.index.tolist() == [1, 20, n, "all"]
    assert cost.loc[n].tolist() == cost.loc["all"].tolist()
    assert cost.loc["all", "kept"] == 1.0
    active = np.diff(split.train.T.tocsr().indptr) > 0  # others have no weights
    assert cost["weights"].tolist()[:2] == [active.sum(), 20 * active.sum()]
    assert cost["kept"].is_monotonic_increasing
    # the same, counted user by user
    short = ItemTable.of(weights, split.item_ids, 20).scorer(split.train)
    lists = [sc.rank(one, split, 20, mask="train").ids for one in (short, weights)]
    share = [len(set(a) & set(b)) / 20 for a, b in zip(*lists, strict=True)]
    active = np.diff(split.train.indptr) > 0
    assert cost.loc[20, "kept"] == pytest.approx(np.mean(np.array(share)[active]))


def test_refusals(tmp_path):
    scorer = scorer_of(WEIGHTS)
    view = sc.View("v", np.ones((2, 2)), np.ones((3, 2)))
    for says, call in (
        ("n = 0", lambda: ItemTable.of(scorer, IDS, 0)),
        ("did you mean 'value'", lambda: ItemTable.of(scorer, IDS, by="valu")),
        ("one id per row", lambda: ItemTable.of(scorer, IDS[:2])),
        ("must be", lambda: ItemTable.of(view, IDS)),
        ("one row and one column", lambda: ItemTable("x", IDS[:2], sp.csr_array(WEIGHTS))),
        ("change the suffix", lambda: ItemTable("x", IDS, sp.csr_array(WEIGHTS)).save(tmp_path / "t.csv")),
        ("there is no file", lambda: ItemTable.load(tmp_path / "t.parquet")),
    ):
        with pytest.raises(sc.SemcompError, match=says):
            call()
    assert list(tmp_path.iterdir()) == []
