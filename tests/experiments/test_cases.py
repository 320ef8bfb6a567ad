"""Cases are chosen by their rules, and counted as by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

import semcomp as sc
from book.experiments import cases


@pytest.fixture
def split(make_split):
    """Three users, six items; items 0 … 5 have 3, 2, 2, 1, 0 and 0 train interactions."""
    return make_split(
        (3, 6),
        train=[(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 3), (2, 0), (2, 2)],
        valid=[(0, 3)],
        test=[(0, 4), (0, 5), (1, 2), (2, 5)],
    )


def test_items_by_popularity_and_the_rarest_pairs(split):
    assert cases.at_places(split, (0.0, 0.4, 1.0)).tolist() == [0, 2, 5]
    assert cases.rarest(split, 3) == [(0, 4), (0, 5), (2, 5)]
    assert cases.rarest(split, 9)[-1] == (1, 2)
    assert cases.drawn(split, 2, 0).tolist() == cases.drawn(split, 2, 0).tolist()
    assert cases.drawn(split, 9, 0).tolist() == [0, 1, 2]


def test_neighbours_come_nearest_first_and_never_the_item_itself():
    vectors = np.array([[1.0, 0], [2, 0.1], [1, 1], [0, 1], [2, 0.1], [0, 0]])
    assert cases.nearest_first(vectors, 0, 4).tolist() == [1, 4, 2, 3]
    assert cases.nearest_first(vectors, 1, 1).tolist() == [4]


def test_places_and_hits_are_those_of_the_ranking(split):
    scores = np.array([[9, 8, 7, 6, 1, 3], [1, 2, 3, 4, 5, 6], [0, 5, 0, 5, 5, 5]], np.float32)
    view = sc.View("by hand", np.eye(3, dtype=np.float32), scores.T)
    lists = sc.rank(view, split, 2)
    assert lists.ids.tolist() == [[5, 4], [5, 4], [1, 3]]
    assert [cases.place(view, split, *pair) for pair in ((0, 5), (0, 4), (1, 2), (2, 5))] == [1, 2, 3, 4]
    assert cases.hits(lists, split, 2).tolist() == [True, True, False, False]
    assert cases.hits(lists, split, 1).tolist() == [False, True, False, False]


def test_titles_of_tables_with_years_without_and_with_texts_alone():
    items = pl.DataFrame({"title": ["Fargo", None, "x" * 60], "year": [1996, None, 2000]})
    data = SimpleNamespace(items=items, texts=("a", "b", "c"))
    named = cases.titles(data)
    assert named[:2] == ["Fargo (1996)", "without a title"]
    assert named[2] == "x" * 43 + "… (2000)"
    assert cases.titles(SimpleNamespace(items=items.drop("year"), texts=()))[0] == "Fargo"
    assert cases.titles(SimpleNamespace(items=items.drop("title"), texts=("a", "b" * 50))) == [
        "a",
        "b" * 43 + "…",
    ]
