"""Token overlap: scikit-learn's numbers, and worlds in which the text says all or nothing of behaviour."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import adjusted_mutual_info_score

import semcomp as sc
from semcomp.errors import SemcompError
from semcomp.planted.truth import draw_collaborative_again
from semcomp.tokens import Codes, ResidualKMeans
from semcomp.tokens.mutual import ami


@given(st.integers(2, 60), st.integers(1, 12), st.integers(1, 60), st.integers(0, 1000))
def test_adjusted_mutual_information_is_that_of_scikit_learn(n, few, many, seed):
    rng = np.random.default_rng(seed)
    one = np.unique(rng.integers(0, few, n), return_inverse=True)[1]
    other = np.unique((one + rng.integers(0, many, n)) % many, return_inverse=True)[1]
    assert ami(one, other) == pytest.approx(adjusted_mutual_info_score(one, other), abs=1e-8)


def codes_of(vectors, seed=0):
    return ResidualKMeans(levels=2, size=16).fit(vectors, seed).codes


def sides(**options):
    world = sc.planted.World(users=20, items=1500, dim=8, collaborative_noise=0.2, **options)
    views = world.truth().views()
    return world, views["semantic"], views["collaborative"]


def test_a_text_that_says_all_shares_as_much_as_another_seed():
    world, text, behaviour = sides(shared=1.0, semantic_private=0.0, collaborative_private=0.0)
    again = draw_collaborative_again(world, 1)
    told = sc.tokens.overlap(
        codes_of(text), codes_of(behaviour), null=codes_of(again), again=codes_of(behaviour, 1)
    )
    assert told["1"]["ami"] > 0.4
    assert told["1"]["ami"] > 0.8 * told["1"]["null"]
    assert told["1"]["again"] > told["1"]["null"] > 0.3


def test_a_text_that_says_nothing_shares_what_shuffled_items_do():
    _, text, behaviour = sides(shared=0.0)
    told = sc.tokens.overlap(codes_of(text), codes_of(behaviour), shuffles=40)
    for tokens in ("1", "2"):
        assert abs(told[tokens]["ami"]) < 0.02
        assert abs(told[tokens]["shuffled"]) < 0.01
        assert told[tokens]["low"] < told[tokens]["high"]


def test_more_that_is_shared_is_more_overlap():
    found = [sides(shared=shared)[1:] for shared in (0.0, 0.4, 0.8, 1.0)]
    amis = [sc.tokens.overlap(codes_of(a), codes_of(b), shuffles=0)["1"]["ami"] for a, b in found]
    assert amis == sorted(amis)


def test_items_are_joined_by_id_and_those_without_a_code_are_left_out():
    rng = np.random.default_rng(0)
    rows, ids = rng.integers(0, 4, (60, 2)), np.arange(60).astype(str)
    one = Codes("one", rows, (4, 4), ids)
    turned = rng.permutation(60)
    other = Codes("other", rows[turned], (4, 4), ids[turned])
    assert sc.tokens.overlap(one, other)["1-2"]["ami"] == pytest.approx(1)
    rows = rows.copy()
    rows[:10] = -1
    told = sc.tokens.overlap(Codes("one", rows, (4, 4), ids), other)
    assert (told.n, told["1-2"]["ami"]) == (50, pytest.approx(1))


def test_the_table_has_levels_then_prefixes_of_what_both_have():
    rng = np.random.default_rng(0)
    ids = np.arange(40).astype(str)
    one, other = (Codes("c", rng.integers(0, 3, (40, n)), (3,) * n, ids) for n in (3, 4))
    told = sc.tokens.overlap(one, other, shuffles=0)
    assert told.table["tokens"].tolist() == ["1", "2", "3", "1-2", "1-3"]
    assert np.isnan(told["1"]["null"])
    assert np.isnan(told["1"]["low"])
    assert "1-3" in str(told)
    assert "overlap(c, c)" in told._repr_html_()
    with pytest.raises(SemcompError, match="no tokens '9'"):
        told["9"]


def test_too_few_items_and_other_items_are_told():
    few = Codes("few", np.zeros((5, 1), int), (2,), np.arange(5).astype(str))
    with pytest.raises(SemcompError, match="5 items in common that have a code; at least 8"):
        sc.tokens.overlap(few, few)
    more = Codes("more", np.zeros((9, 1), int), (2,), np.arange(9).astype(str))
    with pytest.raises(SemcompError, match="give codes of the same items"):
        sc.tokens.overlap(more, few)


def test_the_same_seed_gives_the_same_numbers():
    _, text, behaviour = sides(shared=0.5)
    one, two = (sc.tokens.overlap(codes_of(text), codes_of(behaviour), shuffles=3).table for _ in range(2))
    assert one.equals(two)
