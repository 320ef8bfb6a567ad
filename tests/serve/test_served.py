"""A scorer in a folder: vectors, a table or lists, and a card that says which."""

from __future__ import annotations

import json

import polars as pl
import pytest

import semcomp as sc
from semcomp.serve import ItemTable, load_vectors, write_served
from semcomp.storage import file_digest
from semcomp.views.training.selection import validation_ndcg


def test_each_kind_has_its_form(tmp_path, world):
    split, text = world
    view, weights = sc.views.RawText().fit(sc.Inputs(split, text)), sc.views.EASE().fit(split)
    ranks = sc.views.RRF(depth=10).fit(sc.Inputs(split, views=[view, weights]))
    cards = []
    for scorer in (view, weights, ranks):
        folder = write_served(scorer, split, tmp_path / scorer.name, 5, n=7, told={"by": "hand"})
        card = json.loads((folder / "card.json").read_text())
        assert (card["name"], card["by"], card["users"]) == (scorer.name, "hand", split.n_users)
        assert card["files"] == {name: file_digest(folder / name) for name in card["files"]}
        cards.append(card)
    assert [list(card["files"]) for card in cards] == [
        ["view.safetensors", "users.parquet", "items.parquet"],
        ["table.parquet"],
        ["lists.parquet"],
    ]
    assert load_vectors(tmp_path / view.name, split).items.tobytes() == view.items.tobytes()
    table = ItemTable.load(tmp_path / weights.name / "table.parquet")
    assert table.weights.nnz <= 7 * split.n_items
    short, ranked = table.scorer(split.train), tmp_path / ranks.name / "lists.parquet"
    assert cards[1]["valid_ndcg"] == validation_ndcg(short, split)
    assert pl.read_parquet(ranked).height == 5 * split.n_users


def test_views_without_ids_get_those_of_the_split(tmp_path, make_split):
    split = make_split((2, 3), [(0, 0), (1, 1)])
    write_served(sc.View("v", [[1], [2]], [[1], [2], [3]]), split, tmp_path / "out")
    assert load_vectors(tmp_path / "out").item_ids.tolist() == ["i00", "i01", "i02"]


def test_refusals_leave_nothing(tmp_path, make_split):
    split = make_split((2, 3), [(0, 0), (1, 1)])
    view = sc.View("v", [[1], [2]], [[1], [2], [3]])
    for says, call in (
        (
            "both must come from the same data",
            lambda: write_served(sc.View("v", [[1]], [[1]]), split, tmp_path / "a"),
        ),
        ("not plain JSON", lambda: write_served(view, split, tmp_path / "a", told={"x": object()})),
    ):
        with pytest.raises(sc.SemcompError, match=says):
            call()
    assert list(tmp_path.iterdir()) == []
