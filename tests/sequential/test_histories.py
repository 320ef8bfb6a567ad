"""Padded histories: by hand, against a plain loop, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from observed_pairs import observed
from ordered_worlds import cycle

from semcomp.data import split
from semcomp.data.splits.order import Sequences
from semcomp.data.splits.split import assembled
from semcomp.errors import SemcompError
from semcomp.sequential import SASRec, histories
from semcomp.sequential.past import padded


@pytest.fixture
def parts():
    """User 0 had items 2, 4, 0 in train, then 3 (validation) and 1 (test); user 1 none; user 2 has 3, 1."""
    pairs = [(0, 0), (0, 1), (0, 2), (0, 3), (0, 4), (2, 1), (2, 3)]
    return assembled(
        observed(pairs, timestamp=[50, 70, 10, 60, 20, 9, 8]), np.array([0, 2, 0, 1, 0, 0, 0]), {}
    )


def test_histories_by_hand(parts):
    assert histories(parts, 4).tolist() == [[0, 3, 5, 1], [0, 0, 0, 0], [0, 0, 4, 2]]
    assert histories(parts, 2).tolist() == [[5, 1], [0, 0], [4, 2]]
    assert histories(parts, 4, "train+valid").tolist() == [[3, 5, 1, 4], [0, 0, 0, 0], [0, 0, 4, 2]]
    assert histories(parts, 4).dtype == np.int32


@given(st.lists(st.lists(st.integers(0, 9), max_size=8), min_size=1, max_size=6), st.integers(1, 6))
def test_padded_lists_are_their_ends(lists, length):
    flat = Sequences(
        np.cumsum([0, *map(len, lists)]), np.array([i for one in lists for i in one], dtype=np.int32)
    )
    expected = [([0] * length + [i + 1 for i in one])[-length:] for one in lists]
    assert padded(flat, length).tolist() == expected


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((0,), "length = 0"), ((3, "test"), "known = 'test'"), ((3, "valid"), "known = 'valid'")],
)
def test_wrong_arguments_are_refused(parts, arguments, message):
    with pytest.raises(SemcompError, match=message):
        histories(parts, *arguments)


def test_a_split_without_an_order_is_refused_by_name(world):
    """As by every reader of order, before anything is trained."""
    with pytest.raises(SemcompError, match="SASRec reads events in order, which the split does not know"):
        SASRec().fit(world[0])
    with pytest.raises(SemcompError, match="does not know the order of events"):
        histories(world[0], 5)


def test_ties_that_decide_what_is_held_out_are_named_by_the_split():
    data = observed([(u, i) for u in range(3) for i in range(4)], timestamp=[0, 1, 2, 2] * 2 + [0, 1, 2, 3])
    parts = split(data, "leave-last-out", seed=1)
    assert parts.provenance["facts"]["users_with_ties"] == 2
    assert "2 ties" in parts.order_told
    assert histories(parts, 2, "train+valid").shape == (3, 2)


def test_a_cycle_is_one():
    rows = histories(cycle(5, 8, 6), 4)
    known: dict[int, int] = {}
    for before, after in (step for row in rows.tolist() for step in pairwise(row)):
        assert known.setdefault(before, after) == after
