"""FAISS lists are the lists of `rank`: on random, tied and duplicated data, for any history."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

import semcomp as sc
from semcomp.serve import ItemIndex, index


def same_lists(view: sc.View, split: sc.Split, k: int, mask: str = "train+valid") -> None:
    found = ItemIndex(view).search(view.users, k, split.history(mask))
    wanted = sc.rank(view, split, k, mask=mask)
    assert np.array_equal(found.ids, wanted.ids)
    assert np.array_equal(found.scores, wanted.scores)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**31),
    kind=st.sampled_from(["random", "tied", "duplicated", "constant", "close"]),
    k=st.sampled_from([1, 20, 60]),
    density=st.sampled_from([0.05, 0.4, 0.95]),
    room=st.sampled_from([1, 2**16, 2**26]),
)
def test_the_lists_are_those_of_rank(make_split, seed, kind, k, density, room):
    rng = np.random.default_rng(seed)
    n_users, n_items, dim = 12, 60, 5
    users, items = rng.standard_normal((n_users, dim)), rng.standard_normal((n_items, dim))
    if kind == "tied":
        users, items = (rng.integers(-1, 2, one.shape) for one in (users, items))
    elif kind == "duplicated":
        items = items[rng.integers(0, 3, n_items)]
    elif kind == "constant":
        items = np.ones_like(items)
    elif kind == "close":  # nearer than float32 products are exact: nominees are anybody
        items = rng.standard_normal(dim) * (1 + 2e-7 * items)
    pairs = np.argwhere(rng.random((n_users, n_items)) < density)
    split = make_split((n_users, n_items), [tuple(pair) for pair in pairs] or [(0, 0)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "MEMORY", room)
        same_lists(sc.View("v", users, items), split, k, "train")


def test_near_ties_are_settled_by_the_exact_kernel(make_split):
    """Items so near each other that float32 products order them at random: the nominees lack some."""
    rng = np.random.default_rng(1)
    items = rng.standard_normal(64) * (1 + 2e-7 * rng.standard_normal((3000, 64)))
    view = sc.View("v", rng.standard_normal((12, 64)), items)
    split = make_split((12, 3000), [(0, 0)])
    same_lists(view, split, 20, "none")
    _, nominees = ItemIndex(view)._flat.search(view.users, 20 + index.MARGIN)
    lists = sc.rank(view, split, 20, mask="none").ids
    assert any(set(mine) - set(theirs) for mine, theirs in zip(lists, nominees, strict=True))


def test_the_lists_of_a_fitted_view_are_those_of_rank(world):
    split, text = world
    same_lists(sc.views.IALS(dim=8).fit(split), split, 20)
    same_lists(sc.views.RawText().fit(sc.Inputs(split, text)), split, split.n_items)


def test_most_lists_need_no_second_ranking(world, monkeypatch):
    """The certificate holds where nothing ties; else FAISS would be of no use."""
    split, _ = world
    view = sc.views.IALS(dim=8).fit(split)
    done: list[int] = []
    exact = index.exact_topk
    monkeypatch.setattr(
        index, "exact_topk", lambda users, *a, **b: done.append(len(users)) or exact(users, *a, **b)
    )
    ItemIndex(view).search(view.users, 20, split.train)
    assert done == []


def test_histories_may_be_unsorted_and_repeated():
    view = sc.View("v", [[1.0]], [[3.0], [2.0], [1.0]])
    history = sp.csr_array((np.ones(3), np.array([1, 0, 1]), np.array([0, 3])), shape=(1, 3))
    found = ItemIndex(view).search(view.users, 2, history)
    assert found.ids.tolist() == [[2, -1]]
    assert found.scores.tolist() == [[1.0, -np.inf]]
    assert history.indices.tolist() == [1, 0, 1]  # what was given is left as it was


def test_blocks_have_every_user_once_and_enough_nominees():
    history = np.random.default_rng(0).integers(0, 500, 1000)
    rows = []
    for some, m in index._blocks(history, 20, 400):
        rows.extend(some)
        assert m >= min(400, 20 + history[some].max())
        assert m <= 2 * (20 + index.MARGIN + history[some].min())
    assert sorted(rows) == list(range(1000))


def test_refusals(monkeypatch):
    view = sc.View("v", np.ones((2, 2)), np.ones((3, 2)))
    searched = ItemIndex(view).search
    for says, call in (
        ("must lie between 1 and", lambda: searched(view.users, 4)),
        ("have 3 columns", lambda: searched(np.ones((2, 3)))),
        ("history has shape", lambda: searched(view.users, 1, sp.csr_array((3, 3)))),
        ("NaN", lambda: searched(np.full((1, 2), np.nan))),
        ("rescale", lambda: ItemIndex(sc.View("v", np.ones((1, 1)), [[1e37]])).search([[9.0]], 1)),
    ):
        with pytest.raises(sc.SemcompError, match=says):
            call()
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(sc.SemcompError, match=r"pip install -e '.\[serve\]'"):
        ItemIndex(view)
