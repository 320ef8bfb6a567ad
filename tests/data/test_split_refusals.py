"""Data that a split strategy cannot use, and interactions that it leaves out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from observed_pairs import observed

from semcomp.data import split
from semcomp.data.splits import Category
from semcomp.data.splits.strategy import Assignment
from semcomp.errors import SemcompError


@dataclass(frozen=True)
class LeavesOutItemZero:
    """A strategy of one's own: item 0 nowhere, the test item chosen by an option."""

    test_item: int = 1

    name, leaks, guards, use, takes_ratios = "own", (), (), "", True

    def assign(self, data, seed, ratios):
        return Assignment(np.where(data.item == 0, -1, np.where(data.item == self.test_item, 2, 0)))

    def broken(self, data, inside, facts):
        return ()


@pytest.mark.parametrize(
    ("data", "strategy", "options", "message"),
    [
        (
            observed([(0, 0), (0, 1)]),
            "temporal",
            {},
            "data set 'd' has no timestamp, which strategy 'temporal' cuts by",
        ),
        (
            observed([(0, 0), (0, 1)], timestamp=[3, 3]),
            "temporal",
            {},
            r"the same timestamp \(1970-01-01 00:00:03",
        ),
        (
            observed([(0, 0), (0, 1)], timestamp=[3, float("nan")]),
            "temporal",
            {},
            "1 interactions have no timestamp, e.g. user 'u00', item 'i01'",
        ),
        (observed([(0, 0), (0, 1)], timestamp=[3, None]), "temporal", {}, "1 interactions have no timestamp"),
        (observed([(0, 0)], timestamp=[3]), "temporal", {}, "the same timestamp"),
        (observed([(0, 0), (0, 1), (0, 2)]), "leave-last-out", {}, "neither timestamp nor position"),
        (
            observed([(0, 0), (0, 1), (0, 2)], timestamp=[1, 1, 1]),
            "leave-last-out",
            {},
            "all interactions have the same timestamp, so none is the last",
        ),
        (
            observed([(0, 0), (0, 1), (1, 0)], timestamp=[1, 2, 3]),
            "leave-last-out",
            {},
            "no user of 'd' has three interactions",
        ),
        (
            observed([(0, 0), (0, 1), (0, 2)], position=[1, 2, 3]),
            "leave-last-out",
            {"ratios": (0.6, 0.2, 0.2)},
            "does not cut by shares",
        ),
        (observed([(u, 0) for u in range(30)]), "random", {}, "no user of 'd' gets a test item"),
        (
            observed([(u, 0) for u in range(30)]),
            "cold-items",
            {},
            "would cut the 1 items that have an interaction",
        ),
        (
            observed([(0, i) for i in range(30)]),
            "cold-users",
            {},
            "would cut the 1 users that have an interaction",
        ),
        (
            observed([(0, i) for i in range(6)]),
            "cold-items",
            {},
            "into 5 train, 0 validation and 1 test items",
        ),
        (observed([(0, i) for i in range(30)]), "popularity-shift", {}, "nothing is left for test"),
        (observed([(0, i) for i in range(30)]), "popularity-shift", {"strength": -1}, "strength = -1"),
        (
            observed([(0, i) for i in range(30)]),
            "popularity-shift",
            {"strength": "high"},
            "strength = 'high'",
        ),
        (observed([(0, 0), (0, 1)]), "category", {}, "none of the columns genres, categories"),
        (
            observed([(0, 0), (0, 1)], genres=["a", "b"]),
            "category",
            {"column": "genre"},
            "unknown column of the item table of 'd', 'genre'; did you mean 'genres'",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["Drama", "b"]),
            "category",
            {"held_out": ("drama",)},
            "unknown category of column 'genres': 'drama'; did you mean 'Drama'",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["a", "b"]),
            "category",
            {"held_out": ("a",), "validation": ("a",)},
            "category 'a' is in both",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["a", "b"]),
            "category",
            {"held_out": ("a", 3)},
            "held_out = .* is not usable",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["a", "b"]),
            "category",
            {},
            "small enough to bring test closer to 10%",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["a", "a|b"]),
            "category",
            {"held_out": ("a",), "ratios": (0.8, 0, 0.2)},
            "no interactions are left for train",
        ),
        (
            observed([(0, 0), (0, 1)], genres=["", None]),
            "category",
            {},
            "column 'genres' of 'd' is empty for every item",
        ),
    ],
)
def test_data_that_a_strategy_cannot_use(data, strategy, options, message):
    with pytest.raises(SemcompError, match=message) as error:
        split(data, strategy, **options)
    assert "\n" not in str(error.value)


def test_what_is_left_out_is_counted():
    s = split(observed([(u, i) for u in range(3) for i in range(4)]), LeavesOutItemZero())
    assert [m.nnz for m in (s.train, s.valid, s.test)] == [6, 0, 3]
    assert s.provenance["counts"]["left out"] == 3
    assert "3 interactions are left out of all parts" in str(s)
    assert s.provenance["options"] == {"test_item": 1}
    with pytest.raises(SemcompError, match="strategy 'own' gives 'd' no test interactions"):
        split(observed([(0, 0), (0, 1)]), LeavesOutItemZero(test_item=5))


def test_a_long_list_of_categories_is_cut_in_the_error():
    data = observed([(0, i) for i in range(90)], genres=[f"g{i:02d}" for i in range(90)])
    with pytest.raises(SemcompError, match="the 40 largest of 90 are listed") as error:
        split(data, Category(held_out=("jazz",)))
    assert len(str(error.value)) < 500
