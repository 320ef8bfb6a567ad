"""What is said of a pair, against the parts it is made of; a planted text against a seed; and the summary."""

from __future__ import annotations

import json
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest
from benchmark_scripts import script_named
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
from semcomp.study.separation import LOWER, STATISTICS, separating_statistics
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


# the experiment


@pytest.fixture(scope="module")
def experiment() -> ModuleType:
    return script_named("separation")


def test_auc_and_rates_by_hand(experiment):
    assert experiment.auc(np.array([3.0, 1.0]), np.array([2.0, 0.0])) == 0.75
    assert experiment.auc(np.ones(3), np.ones(2)) == 0.5
    assert experiment.auc(np.ones(3), np.ones(0)) is None
    assert experiment.rate(np.array([1.0, 0.0, np.nan])) == 0.5
    assert experiment.rate(np.array([np.nan])) is None


def test_the_private_view_of_a_text_without_noise_is_the_worlds(experiment):
    truth = WORLD.truth()
    found = experiment.private_view(WORLD, truth)
    every = np.arange(WORLD.users)
    expected = truth.user_p @ truth.p.T * (1 - WORLD.shared) ** 0.5
    np.testing.assert_allclose(found.scores(every), expected, atol=1e-4)
    dull = replace(WORLD, semantic_private=0.0)
    assert not experiment.private_view(dull, dull.truth()).scores(every).any()


def test_no_list_holds_more_of_the_true_probability_than_the_true_one(experiment, parts, seeds):
    truth = WORLD.truth()
    users, items = truth.joint
    best = View(
        "best",
        np.hstack([WORLD.sharpness * users, np.ones((WORLD.users, 1))]),
        np.hstack([items, truth.popularity[:, None]]),
    )
    most = experiment.mass(best, WORLD, truth, parts)
    assert experiment.mass(seeds[0], WORLD, truth, parts) < most < 1


def test_the_summary_counts_claims_and_orders_pairs(experiment, tmp_path):
    def row(pair: str, excess: float) -> dict:
        value = {"value": 1 + excess, "null": 1.0, "excess_low": excess - 0.1, "excess_high": excess + 0.1}
        low = {"value": 1 - excess, "null": 1.0, "excess_low": -excess - 0.1, "excess_high": 0.1 - excess}
        values = {name: low if name in LOWER else value for name in STATISTICS}
        return {
            "pair": pair,
            "mass": {"private": excess, "realised": excess, "ensemble": 10.0},
            "values": values,
        }

    rows = [row("text", 0.5), row("text", 0.3), row("text", 0.05), row("seed", 0.0), row("iALS", 0.2)]
    for one in experiment.summary(rows).values():
        assert one["auc"] == {"seed": 1.0, "iALS": pytest.approx(2 / 3, abs=1e-3)}
        assert one["auc, all"] == pytest.approx(5 / 6, abs=1e-3)
        assert one["claims"] == {"text": pytest.approx(2 / 3, abs=1e-3), "seed": 0.0, "iALS": 1.0}
        assert one["auc, usable"] == 1.0
        assert (one["claims, usable"], one["claims, not usable"]) == (1.0, 0.0)
        assert one["correlation with private"] == one["correlation with realised"] == 1.0
    assert experiment.table(experiment.summary(rows)).count("\n") == 2 * len(STATISTICS) + 3
    experiment.write(tmp_path / "rows.json", rows)
    kept = json.loads((tmp_path / "rows.json").read_text())
    assert kept["rows"] == rows
    assert kept["summary"] == experiment.summary(rows)
