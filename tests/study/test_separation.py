"""What is said of a pair, against the parts it is made of; and a planted text against a seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conformance import QUICK

from semcomp.core.evidence import Evidence
from semcomp.core.inputs import Inputs
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import split
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.conditional import conditional_information
from semcomp.evidence.complementarity.diagnostics import diagnose
from semcomp.planted import World
from semcomp.study.separation import (
    STATISTICS,
    gains_apart,
    gains_over_seeds,
    separating_statistics,
)
from semcomp.views import CombSum, LightGCN
from semcomp.views.joint import ensemble

K = 10
WORLD = World(users=300, items=200, dim=4, shared=0.3, semantic_private=1.5, activity=24.0)


@pytest.fixture(scope="module")
def parts():
    return split(WORLD.dataset(), seed=7)


@pytest.fixture(scope="module")
def seeds(parts) -> list[View]:
    model = LightGCN(8, training=replace(QUICK, epochs=4))
    return [model.fit(parts, seed=seed) for seed in range(5)]


@pytest.fixture(scope="module")
def private() -> View:
    """The part of taste that the text alone shows, free of noise."""
    truth = WORLD.truth()
    return View("private", truth.user_p, truth.p)


@pytest.fixture(scope="module")
def text(parts, seeds, private) -> Evidence:
    return separating_statistics(
        seeds[0], private, parts, null=seeds[3], ensemble=seeds[:3], k=K, resamples=200
    )


@pytest.fixture(scope="module")
def seed(parts, seeds) -> Evidence:
    return separating_statistics(
        seeds[0], seeds[4], parts, null=seeds[3], ensemble=seeds[:3], k=K, resamples=200
    )


def test_every_statistic_has_its_null(text):
    assert tuple(text.values) == STATISTICS
    for value in text.values.values():
        assert None not in (value.null, value.low, value.excess_low)
    assert Evidence.from_json(text.to_json()).values == text.values


def test_the_statistics_are_those_of_their_parts(parts, seeds, private, text):
    lists = diagnose(*(rank(view, parts, 2 * K) for view in (seeds[0], private)), parts, k=K, resamples=0)
    assert text["union_gain"].value == lists["oracle.gain"].value
    assert text["jaccard"].value == lists["jaccard"].value
    base = ensemble(seeds[:3])
    for prefix, first in (("", seeds[0]), ("ensemble.", base)):
        fused, own, other = (
            per_user(rank(view, parts, K), parts.test, K)["ndcg"].mean()
            for view in (CombSum().fit(Inputs(parts, views=(first, private))), first, private)
        )
        assert text[f"{prefix}fusion.ndcg"].value == pytest.approx(fused)
        assert text[f"{prefix}fusion.gain"].value == pytest.approx(fused - max(own, other))
        information = conditional_information(first, private, parts, resamples=0)
        assert text[f"{prefix}information.gain"].value == pytest.approx(information["gain"].value)
    for side in ("value", "null"):
        over = [getattr(text[f"{prefix}information.gain"], side) for prefix in ("ensemble.", "")]
        assert getattr(text["retained.gain"], side) == pytest.approx(over[0] / over[1])


def test_a_planted_private_part_is_claimed_and_a_seed_is_not(text, seed):
    for name in ("ensemble.information.gain", "ensemble.information.gain_beyond_popularity"):
        assert text[name].excess_low > 0
        assert seed[name].excess_low < 0 < seed[name].excess_high
        assert text[name].excess > 5 * abs(seed[name].excess)


def test_a_seeds_gain_is_not_retained_and_what_adds_nothing_has_nothing_to_retain(parts, seeds, text, seed):
    assert text["retained.gain"].value > 0.6
    assert text["retained.gain"].excess_low > 0
    assert seed["retained.gain"].value < 0.5
    rng = np.random.default_rng(0)
    noise = View("noise", rng.standard_normal((300, 4)), rng.standard_normal((200, 4)))
    found = separating_statistics(seeds[0], noise, parts, null=seeds[3], ensemble=seeds[:3], k=K, resamples=0)
    assert "retained.gain" not in found.values


def test_the_null_in_bs_place_exceeds_itself_by_nothing(parts, seeds):
    twin = View("twin", seeds[3].users, seeds[3].items)
    found = separating_statistics(seeds[0], twin, parts, null=seeds[3], ensemble=seeds[:2], k=K, resamples=20)
    for value in found.values.values():
        assert value.excess == pytest.approx(0, abs=1e-12)


def test_the_null_must_be_another_view(parts, seeds):
    with pytest.raises(SemcompError, match="the null 'LightGCN' is one of the views compared"):
        separating_statistics(seeds[0], seeds[1], parts, null=seeds[2], ensemble=seeds[:3], k=K)
    with pytest.raises(SemcompError, match="an ensemble of no views"):
        separating_statistics(seeds[0], seeds[1], parts, null=seeds[2], ensemble=[], k=K, resamples=0)


@pytest.fixture(scope="module")
def over_seeds(parts, seeds, private) -> Evidence:
    return gains_over_seeds(seeds[:3], private, parts, resamples=100)


def test_every_seed_is_the_null_once(parts, seeds, private, over_seeds):
    """Each seed's gains are those of its own call, the values those of all; intervals know of seeds."""
    found = over_seeds
    left_out = [
        conditional_information(
            ensemble([one for one in seeds[:3] if one is not null]), private, parts, null=null, resamples=0
        )
        for null in seeds[:3]
    ]
    value = found["ensemble.information.gain"]
    assert value.value == pytest.approx(np.mean([one["gain"].value for one in left_out]))
    assert value.null == pytest.approx(np.mean([one["gain"].null for one in left_out]))
    np.testing.assert_allclose(found.table["several.gain.1"], left_out[1].table["gain"])
    one = conditional_information(seeds[1], private, parts, resamples=0)["gain"].value
    assert found.table["gain.0"].sum() / parts.test.nnz == pytest.approx(one)
    assert (value.seeds, value.n) == (3, parts.test.nnz)
    assert value.excess_low > 0
    assert value.excess_of_seeds is not None
    assert set(found.values) == {name for name in STATISTICS if "information" in name or "retained" in name}
    assert Evidence.from_json(found.to_json()).values == found.values


def test_a_seed_of_its_own_exceeds_no_seed_and_partners_are_paired(parts, seeds, private):
    text, other = (gains_over_seeds(seeds[:3], view, parts, resamples=100) for view in (private, seeds[4]))
    assert other["ensemble.information.gain"].excess_low < 0 < other["ensemble.information.gain"].excess_high
    apart = gains_apart(text, other, resamples=100)
    assert apart.value == pytest.approx(text["ensemble.information.gain"].value)
    assert apart.null == pytest.approx(other["ensemble.information.gain"].value)
    assert apart.excess_low > 0
    itself = gains_apart(text, text, "gain_beyond_popularity", resamples=100)
    assert (itself.excess, itself.excess_low, itself.excess_high) == (0, 0, 0)
    with pytest.raises(SemcompError, match="are over different users or seeds"):
        gains_apart(text, replace(other, table=other.table.iloc[1:]))


def test_seeds_that_cannot_be_each_others_nulls_are_refused(parts, seeds, private):
    with pytest.raises(SemcompError, match="1 seed given; one is the null of the others"):
        gains_over_seeds(seeds[:1], private, parts)
    with pytest.raises(SemcompError, match="2 partners for 3 seeds"):
        gains_over_seeds(seeds[:3], [private, private], parts)
    with pytest.raises(SemcompError, match="a view is compared with itself"):
        gains_over_seeds(seeds[:3], seeds[0], parts)
    with pytest.raises(SemcompError, match="a view is compared with itself"):
        gains_over_seeds([seeds[0], seeds[0]], private, parts)
