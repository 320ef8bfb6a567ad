"""Views, text matrices and lists: what they refuse, and what they keep."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK, contains
from semcomp.core.view import View, as_matrix, unit_rows
from semcomp.data import binary_csr
from semcomp.errors import SemcompError
from semcomp.evidence.geometry.report import GeometrySettings, geometry

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
        ([["a", "b"]], r"m holds <U1 of shape \(1, 2\); real numbers are needed, one row per user or item"),
        ([["1", "2"]], "m holds <U1"),
        ([[1, 2], [3]], "m is not a numeric matrix"),
        (None, r"m holds object of shape \(\); real numbers are needed"),
        ([[1, None]], "m holds object"),
        ([[1 + 2j]], "m holds complex128"),
        ([[True, False]], r"m holds bool .* take .astype\(float\)"),
        (np.zeros((2, 2), "datetime64[s]"), r"m holds datetime64\[s\]"),
        (np.zeros((2, 2), "timedelta64[s]"), r"m holds timedelta64\[s\]"),
        (np.zeros(2, [("a", float)]), r"m holds \[\('a', '<f8'\)\]"),
        (sp.eye_array(3, format="csr"), r"m holds object .* give its .toarray\(\)"),
        (np.ma.masked_array([[1.0, 2]], [[True, False]]), "m has masked values"),
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


@pytest.mark.parametrize(
    ("views", "offender"),
    [
        (View("v", [[1.0]], [[1.0]]), "a View"),
        (None, "None"),
        ("ab", "'ab'"),
        ([View], r"\[<class .*View'>\]"),
    ],
)
def test_inputs_want_a_list_of_views(views, offender, make_split):
    with pytest.raises(SemcompError, match=f"Inputs option views = {offender}; it must be a list"):
        Inputs(make_split((1, 1), [(0, 0)]), views=views)


def test_two_sides_are_joined_by_id():
    """A text and a view of the same items in other orders: compared item by item, not row by row."""
    rng = np.random.default_rng(0)
    ids = np.array([f"i{n:02d}" for n in range(40)])
    text = TextMatrix(ids, rng.normal(size=(40, 3)))
    order = rng.permutation(40)
    users, user_ids = rng.normal(size=(2, 4)), ["a", "b"]
    items = rng.normal(size=(40, 4))
    view = View("v", users, items, {}, user_ids, ids)
    turned = View("v", users, items[order], {}, user_ids, ids[order])
    few = GeometrySettings(groups=0, resamples=0, permutations=1, k=5)
    assert geometry(text, turned, settings=few).values == geometry(text, view, settings=few).values
    foreign = View("v", users, items, {}, user_ids, np.char.add("x", ids))
    with pytest.raises(SemcompError, match=r"b \(v\) lacks 40 items, e.g. 'i00'; give vectors of"):
        geometry(text, foreign, settings=few)
    for side in (view, view.items, items):
        with pytest.raises(SemcompError, match="a and b are the same vectors: compared with itself"):
            geometry(side, side, settings=few)


def test_rows_beyond_a_view_are_named():
    """Negative rows would count from the end."""
    view = View("v", [[1.0], [2.0]], [[1.0]])
    for rows in ([-1], [2], [[0]]):
        with pytest.raises(SemcompError, match=r"view 'v' has no rows? .*give .* rows from 0 to 1"):
            view.scores(np.array(rows))
