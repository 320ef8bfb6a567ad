"""Which statistic tells a view from a seed in planted worlds: the truth compared with, and the summary."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from conformance import QUICK

from book.experiments.separation import worlds
from semcomp.core.view import View
from semcomp.data import split
from semcomp.errors import SemcompError
from semcomp.planted import World
from semcomp.study.separation import LOWER, STATISTICS
from semcomp.views import LightGCN

WORLD = World(users=300, items=200, dim=4, shared=0.3, semantic_private=1.5, activity=24.0)


def test_auc_and_rates_by_hand():
    assert worlds.auc(np.array([3.0, 1.0]), np.array([2.0, 0.0])) == 0.75
    assert worlds.auc(np.ones(3), np.ones(2)) == 0.5
    assert worlds.auc(np.ones(3), np.ones(0)) is None
    assert worlds.rate(np.array([1.0, 0.0, np.nan])) == 0.5
    assert worlds.rate(np.array([np.nan])) is None


def test_the_private_view_of_a_text_without_noise_is_the_worlds():
    truth = WORLD.truth()
    found = worlds.private_view(WORLD, truth)
    every = np.arange(WORLD.users)
    expected = truth.user_p @ truth.p.T * (1 - WORLD.shared) ** 0.5
    np.testing.assert_allclose(found.scores(every), expected, atol=1e-4)
    dull = replace(WORLD, semantic_private=0.0)
    assert not worlds.private_view(dull, dull.truth()).scores(every).any()


def test_no_list_holds_more_of_the_true_probability_than_the_true_one():
    parts, truth = split(WORLD.dataset(), seed=7), WORLD.truth()
    users, items = truth.joint
    best = View(
        "best",
        np.hstack([WORLD.sharpness * users, np.ones((WORLD.users, 1))]),
        np.hstack([items, truth.popularity[:, None]]),
    )
    trained = LightGCN(8, training=replace(QUICK, epochs=4)).fit(parts, seed=0)
    most = worlds.mass(best, WORLD, truth, parts)
    assert worlds.mass(trained, WORLD, truth, parts) < most < 1


def test_the_summary_counts_claims_and_orders_pairs(tmp_path):
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
    for one in worlds.summary(rows).values():
        assert one["auc"] == {"seed": 1.0, "iALS": pytest.approx(2 / 3, abs=1e-3)}
        assert one["auc, all"] == pytest.approx(5 / 6, abs=1e-3)
        assert one["claims"] == {"text": pytest.approx(2 / 3, abs=1e-3), "seed": 0.0, "iALS": 1.0}
        assert one["auc, usable"] == 1.0
        assert (one["claims, usable"], one["claims, not usable"]) == (1.0, 0.0)
        assert one["correlation with private"] == one["correlation with realised"] == 1.0
    assert worlds.table(worlds.summary(rows)).count("\n") == 2 * len(STATISTICS) + 3
    worlds.write(tmp_path / "rows.json", rows)
    kept = json.loads((tmp_path / "rows.json").read_text())
    assert kept["rows"] == worlds.resumed(tmp_path / "rows.json") == rows
    assert kept["summary"] == worlds.summary(rows)


def test_rows_by_another_logit_are_not_resumed(tmp_path):
    assert worlds.resumed(tmp_path / "none.json") == []
    (tmp_path / "old.json").write_text('{"rows": []}')
    with pytest.raises(SemcompError, match=r"old\.json has gains by another logit"):
        worlds.resumed(tmp_path / "old.json")
