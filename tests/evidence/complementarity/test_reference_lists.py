"""Lists and views that know nothing: the popular as `rank` has it, the random as chance has it, shuffles."""

from __future__ import annotations

from collections import Counter
from itertools import permutations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2

from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.overlap import chance_jaccard, chance_rbo, jaccard, rbo
from semcomp.evidence.complementarity.reference_lists import popularity_list, random_list, shuffled_items

MASKS = ("none", "train", "train+valid")
seeds = st.integers(0, 2**32 - 1)


def split_at(seed: int, users: int = 9, items: int = 11) -> Split:
    """A random split; user 0 has seen everything, user 1 nothing, user 2 all but two items."""
    rng = np.random.default_rng(seed)
    part = rng.choice(4, size=(users, items), p=[0.5, 0.3, 0.1, 0.1])
    part[0], part[1], part[2] = 1, 0, 1
    part[2, rng.choice(items, 2, replace=False)] = 0
    matrices = [sp.csr_array((part == n).astype(np.float32)) for n in (1, 2, 3)]
    names = np.array([f"{n:02d}" for n in range(max(users, items))])
    return Split(names[:users], names[:items], *matrices, {})


def nothing_seen(users: int, items: int) -> Split:
    """Every user may be shown everything under the mask "none"."""
    train = sp.csr_array(([np.float32(1)], ([0], [0])), shape=(users, items))
    empty = sp.csr_array((users, items), dtype=np.float32)
    names = np.array([str(n) for n in range(max(users, items))])
    return Split(names[:users], names[:items], train, empty, empty.copy(), {})


# the popular


@settings(max_examples=40, deadline=None)
@given(seeds, st.sampled_from(MASKS), st.integers(1, 11))
def test_popularity_list_is_the_ranking_by_train_counts(seed: int, mask: str, k: int) -> None:
    split = split_at(seed)
    counts = item_counts(split.train)[:, None]
    view = View("popularity", np.ones((split.n_users, 1)), counts, {"model": "popularity"})
    expected = rank(view, split, k, mask=mask, device="cpu")
    found = popularity_list(split, k, mask)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert (found.ids.dtype, found.scores.dtype) == (expected.ids.dtype, expected.scores.dtype)
    assert (found.name, found.n_items, found.provenance) == ("popularity", 11, expected.provenance)


def test_popularity_list_by_hand(make_split) -> None:
    train = [(0, 2), (1, 2), (2, 2), (0, 1), (1, 3), (2, 0)]
    split = make_split((3, 5), train, valid=[(0, 3)], test=[(1, 0)])
    assert popularity_list(split, 3).ids.tolist() == [[0, 4, -1], [0, 1, 4], [1, 3, 4]]
    assert popularity_list(split, 3, mask="train").ids.tolist() == [[0, 3, 4], [0, 1, 4], [1, 3, 4]]
    assert popularity_list(split, 3, mask="none").ids.tolist() == [[2, 0, 1]] * 3
    assert popularity_list(split, 3).scores[0].tolist() == [1, 0, -np.inf]


# the random


@settings(max_examples=60, deadline=None)
@given(seeds, st.sampled_from(MASKS), st.integers(1, 11))
def test_random_list_draws_without_replacement_from_what_is_left(seed: int, mask: str, k: int) -> None:
    split = split_at(seed)
    found = random_list(split, k, seed, mask)
    history = split.history(mask)
    for user, row in enumerate(found.ids):
        left = set(range(11)) - set(history[[user]].indices.tolist())
        listed = row[: min(k, len(left))].tolist()
        assert set(listed) <= left
        assert len(set(listed)) == len(listed)
        assert (row[len(listed) :] == -1).all()
    assert ((found.ids < 0) == np.isneginf(found.scores)).all()
    filled = found.ids[:, 1:] >= 0
    assert (found.scores[:, 1:] < found.scores[:, :-1])[filled].all()
    assert found.provenance["mask"] == mask
    assert found.provenance["split"] == split.fingerprint
    np.testing.assert_array_equal(random_list(split, k, seed, mask).ids, found.ids)


def test_another_seed_is_another_draw() -> None:
    split = split_at(0, users=40)
    assert (random_list(split, 5, 1).ids != random_list(split, 5, 2).ids).any()


def improbable(observed: np.ndarray) -> bool:
    """Whether counts differ from equal ones more than in one of a million draws."""
    expected = observed.sum() / len(observed)
    return float(((observed - expected) ** 2 / expected).sum()) > chi2.isf(1e-6, len(observed) - 1)


@pytest.mark.parametrize(("items", "k"), [(5, 3), (4, 4), (4, 1)])
def test_every_ordered_draw_is_equally_likely(items: int, k: int) -> None:
    users = 24_000
    found = Counter(map(tuple, random_list(nothing_seen(users, items), k, 7, "none").ids.tolist()))
    assert not improbable(np.array([found[draw] for draw in permutations(range(items), k)]))
    assert sum(found[draw] for draw in permutations(range(items), k)) == users


def test_random_lists_overlap_as_chance_has_it() -> None:
    users, items, k = 4000, 40, 8
    split = nothing_seen(users, items)
    a, b = (random_list(split, k, seed, "none").ids for seed in (1, 2))
    sizes, candidates = np.full(1, k), np.full(1, items)
    for measure, chance in ((jaccard, chance_jaccard), (rbo, chance_rbo)):
        values = measure(a, b)
        assert abs(values.mean() - chance(sizes, sizes, candidates)[0]) < 5 * values.std() / np.sqrt(users)


@pytest.mark.parametrize("k", [0, 12])
def test_places_out_of_range(k: int) -> None:
    split = split_at(0)
    for build in (lambda: popularity_list(split, k), lambda: random_list(split, k, 0)):
        with pytest.raises(SemcompError, match=f"k = {k}, but it must lie between 1 and .* 11"):
            build()
    with pytest.raises(SemcompError, match="unknown mask 'test'"):
        popularity_list(split, 3, mask="test")
    with pytest.raises(SemcompError, match="unknown mask 'test'"):
        random_list(split, 3, 0, mask="test")


# shuffles


def numbered(n_items: int) -> View:
    """A view in which item vector i says i."""
    return View("cf", np.ones((3, 2)), np.arange(n_items * 2).reshape(n_items, 2), {"model": "made"})


def sources(view: View) -> np.ndarray:
    return (view.items[:, 0] // 2).astype(int)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(1, 13))
def test_shuffled_vectors_stay_within_their_bin(seed: int, bins: int) -> None:
    view = numbered(13)
    counts = np.random.default_rng(seed).integers(0, 6, 13)
    shuffled = shuffled_items(view, seed, strata=bins, counts=counts)
    source = sources(shuffled)
    assert sorted(source.tolist()) == list(range(13))
    order = sorted(range(13), key=lambda item: (counts[item], item))
    bin_of = {item: place * bins // 13 for place, item in enumerate(order)}
    assert all(bin_of[item] == bin_of[int(came)] for item, came in enumerate(source))
    sizes = Counter(bin_of.values())
    assert max(sizes.values()) - min(sizes.values()) <= 1
    np.testing.assert_array_equal(shuffled.users, view.users)
    if bins == 13:
        np.testing.assert_array_equal(shuffled.items, view.items)
    if bins == 1:
        np.testing.assert_array_equal(
            np.sort(sources(shuffled_items(view, seed, strata=1, counts=counts))), np.arange(13)
        )


def test_shuffles_by_seed() -> None:
    view = numbered(50)
    once = shuffled_items(view, 3)
    assert sorted(sources(once).tolist()) == list(range(50))
    np.testing.assert_array_equal(once.items, shuffled_items(view, 3).items)
    assert (once.items != shuffled_items(view, 4).items).any()
    assert once.name == "cf, shuffled items"
    assert once.provenance == {"model": "made", "shuffled_items": {"seed": 3, "strata": None}}
    bins = shuffled_items(view, 3, strata=2, counts=np.arange(50))
    assert bins.name == "cf, items shuffled within popularity"
    assert set(sources(bins)[:25].tolist()) == set(range(25))


def test_every_permutation_is_equally_likely() -> None:
    view, counts = numbered(6), np.array([0, 9, 0, 9, 0, 9])
    plain = Counter(tuple(sources(shuffled_items(numbered(3), seed)).tolist()) for seed in range(3000))
    assert not improbable(np.array([plain[one] for one in permutations(range(3))]))
    cold = Counter()
    for seed in range(3000):
        source = sources(shuffled_items(view, seed, strata=2, counts=counts))
        cold[tuple(source[[0, 2, 4]].tolist())] += 1
    assert not improbable(np.array([cold[one] for one in permutations((0, 2, 4))]))


def test_shuffle_refuses_what_it_cannot_use() -> None:
    view = numbered(5)
    with pytest.raises(SemcompError, match="give both strata and counts"):
        shuffled_items(view, 0, strata=2)
    with pytest.raises(SemcompError, match="give both strata and counts"):
        shuffled_items(view, 0, counts=np.arange(5))
    with pytest.raises(SemcompError, match="4 counts for the 5 items of 'cf'"):
        shuffled_items(view, 0, strata=2, counts=np.arange(4))
    for strata in (0, 6):
        with pytest.raises(SemcompError, match=f"{strata} strata asked for; give 1 to .* 5"):
            shuffled_items(view, 0, strata=strata, counts=np.arange(5))
