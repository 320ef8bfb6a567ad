"""The catalogue of a split: which items are known in which part, and the splits of some items."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from observed_pairs import observed, parts

from semcomp.data import STRATEGIES, split
from semcomp.data.first_seen import first_seen
from semcomp.errors import SemcompError
from semcomp.planted import World

DATA = World(users=40, items=60, dim=2, activity=8.0).dataset()


def test_cold_items_are_known_from_their_part_on():
    pairs = [(u, i) for u in range(3) for i in range(20)]
    s = split(observed(pairs, n_items=30), "cold-items", 4)
    train, valid, test = ({i for _, i in part} for part in parts(s))
    without = set(range(20, 30))  # no interaction, and yet on the shelf
    assert set(s.catalogue("train").tolist()) == train | without
    assert set(s.catalogue("valid").tolist()) == train | valid | without
    assert s.catalogue("test").tolist() == list(range(30))
    assert {i for i in range(30) if s.known_from[i] == 2} == test


def test_a_held_out_category_is_not_known_even_where_nobody_had_an_item_of_it():
    pairs = [(u, i) for u in range(2) for i in range(4)]
    genres = ["a", "b", "c", None, "a", "b", "c"]
    s = split(observed(pairs, genres=genres), "category", held_out=("a",), validation=("b",))
    assert s.known_from.tolist() == [2, 1, 0, 0, 2, 1, 0]
    assert s.known.item_ids.tolist() == ["i02", "i03", "i06"]


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name not in ("cold-items", "category")])
def test_other_strategies_know_all_items_from_the_start(strategy):
    times = np.random.default_rng(0).permutation(DATA.n_interactions)
    data = observed(list(zip(DATA.user.tolist(), DATA.item.tolist(), strict=True)), timestamp=times.tolist())
    s = split(data, strategy)
    assert s.known_from is None
    assert s.known is s
    for part in ("train", "valid", "test"):
        assert s.catalogue(part).tolist() == list(range(s.n_items))


def test_new_items_of_a_temporal_split_can_be_made_unknown():
    """The line in the docstring of `Temporal`: known from the part on in which they were first had."""
    times = np.sort(np.random.default_rng(1).integers(0, 50, DATA.n_interactions))
    pairs = zip(DATA.user.tolist(), DATA.item.tolist(), strict=True)
    data = observed(sorted(pairs, key=lambda pair: pair[1]), timestamp=times.tolist())
    s = split(data, "temporal")
    facts = s.provenance["facts"]
    moments = [facts["valid_from"], facts["test_from"]]
    made = replace(s, known_from=np.digitize(first_seen(data), moments))
    first = [min(n for n, part in enumerate(parts(s)) if i in {j for _, j in part}) for i in set(data.item)]
    assert made.known_from[sorted(set(data.item))].tolist() == first
    assert 0 < len(made.catalogue("train")) < len(made.catalogue("valid")) < s.n_items


def test_what_is_held_out_stays_so_without_its_pairs():
    """Also of some users, and with another test part: the catalogue belongs to the split."""
    s = split(DATA, "cold-items")
    for other in (s.without("valid"), s.without("test").without("valid"), s.of_users(np.arange(9))):
        assert other.known_from.tolist() == s.known_from.tolist()


def test_the_fingerprint_knows_the_catalogue():
    s = split(DATA, "cold-items")
    everything = replace(s, known_from=None)
    assert s.fingerprint != everything.fingerprint
    assert replace(s, known_from=np.zeros(s.n_items, int)).fingerprint == everything.fingerprint
    assert replace(s, known_from=s.known_from.astype(np.int64)).fingerprint == s.fingerprint


def test_a_catalogue_fits_its_parts():
    s = split(DATA, "cold-items")
    for wrong in (np.zeros(3, int), np.full(s.n_items, 3), np.full(s.n_items, 0.5)):
        with pytest.raises(
            SemcompError,
            match=r"known_from needs one number per item|an array of whole",
        ):
            replace(s, known_from=wrong)
    held = int(np.flatnonzero(s.known_from == 1)[0])
    later = s.known_from.copy()
    later[held] = 2
    name = str(s.item_ids[held])
    with pytest.raises(
        SemcompError, match=f"item '{name}' has pairs in valid, but is known from test on; set"
    ):
        replace(s, known_from=later)
    with pytest.raises(SemcompError, match="unknown part 'all'; use train, valid, test"):
        s.catalogue("all")


def test_rows_of_known_items_in_their_places():
    s = split(observed([(u, i) for u in range(3) for i in range(20)]), "cold-items", 4)
    known, held = np.flatnonzero(s.known_from == 0), np.flatnonzero(s.known_from)
    rows = np.arange(40.0).reshape(20, 2)
    np.testing.assert_array_equal(s.placed(rows[known], rows[held]), rows)
    alone = s.placed(rows[known])
    assert not alone[held].any()
    np.testing.assert_array_equal(alone[known], rows[known])


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 59), min_size=5), st.integers(0, 3))
def test_a_split_of_some_items_is_the_split_less_the_others(chosen, seed):
    """Pairs, and the order of what is left of each user's events."""
    rng = np.random.default_rng(seed)
    times = rng.integers(0, 9, DATA.n_interactions).tolist()
    s = split(observed(list(zip(DATA.user.tolist(), DATA.item.tolist(), strict=True)), timestamp=times))
    rows = np.array(sorted(chosen))
    assume(s.train[:, rows].nnz)
    few = s.of_items(rows)
    assert few.item_ids.tolist() == s.item_ids[rows].tolist()
    for part in ("train", "valid", "test"):
        np.testing.assert_array_equal(getattr(few, part).toarray(), getattr(s, part).toarray()[:, rows])
    (starts, items), (few_starts, few_items) = (x.sequences("train+valid+test") for x in (s, few))
    for (a, b), (c, d) in zip(pairwise(starts), pairwise(few_starts), strict=True):
        assert [i for i in items[a:b].tolist() if i in chosen] == rows[few_items[c:d]].tolist()
