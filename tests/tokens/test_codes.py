"""Codes: what is counted of them, and what cannot be one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from semcomp.errors import SemcompError
from semcomp.tokens import Codes

IDS = np.array(["a", "b", "c", "d"])


def of(rows, sizes=(3, 2)):
    return Codes("toy", np.array(rows), sizes, np.arange(len(rows)).astype(str))


def test_counts_leave_out_items_without_a_code():
    codes = of([[0, 1], [0, 1], [2, 1], [-1, -1]])
    assert codes.used().tolist() == [2, 1]
    assert codes.perplexity() == pytest.approx([np.exp(np.log(3) - 2 / 3 * np.log(2)), 1.0])
    assert codes.collision_rate() == pytest.approx(1 / 3)


def test_even_codes_have_the_perplexity_of_their_number():
    codes = of([[a, b] for a in range(3) for b in range(2)])
    assert codes.perplexity() == pytest.approx([3, 2])
    assert codes.collision_rate() == 0
    assert codes.distinct() is codes


def test_nothing_has_no_perplexity():
    codes = of([[-1, -1]])
    assert (codes.used().tolist(), codes.perplexity().tolist(), codes.collision_rate()) == ([0, 0], [0, 0], 0)


def test_the_level_that_tells_apart_has_the_size_of_the_largest_group():
    told = of([[1, 1], [0, 0], [1, 1], [-1, -1], [1, 1]]).distinct()
    assert told.codes.tolist() == [[1, 1, 0], [0, 0, 0], [1, 1, 1], [-1, -1, -1], [1, 1, 2]]
    assert told.sizes == (3, 2, 3)


@given(arrays.arrays(np.int64, st.tuples(st.integers(1, 40), st.just(2)), elements=st.integers(0, 2)))
def test_distinct_codes_do_not_collide_and_begin_with_the_old(rows):
    told = of(rows, (3, 3)).distinct()
    assert told.collision_rate() == 0
    assert (told.codes[:, :2] == rows).all()


@pytest.mark.parametrize(
    ("rows", "sizes", "ids", "message"),
    [
        ([[0, 2]], (3, 2), ["a"], "row 0: code 2 at level 2 is not one of 0 to 1"),
        ([[0, 0], [-1, 1]], (3, 2), ["a", "b"], "row 1: code -1 at level 1 .* give -1 at all levels"),
        ([[0, 0]], (3,), ["a"], r"shape \(1, 2\) for 1 levels"),
        ([[0, 0]], (3, 0), ["a"], "every level needs at least one code"),
        ([[0, 0], [1, 0]], (3, 2), ["a"], "2 rows for 1 item ids"),
        ([[0, 0], [1, 0]], (3, 2), ["a", "a"], "'a' twice"),
        ([[0.5, 0]], (3, 2), ["a"], "array of whole numbers"),
    ],
)
def test_what_cannot_be_codes_is_told_in_one_line(rows, sizes, ids, message):
    with pytest.raises(SemcompError, match=message):
        Codes("toy", np.array(rows), sizes, np.array(ids))


def test_codes_cannot_be_changed():
    codes = of([[0, 1]])
    with pytest.raises(ValueError, match="read-only"):
        codes.codes[0, 0] = 2


def test_the_card_shows_each_level():
    assert "perplexity" in of([[0, 1], [2, 0]])._repr_html_()
