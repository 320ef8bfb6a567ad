"""What the page on measures reads: truths against large worlds, summaries and words from made-up rows."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from book.experiments.measures import measure, tables
from book.experiments.measures.cases import Case, cases
from semcomp.evidence.decomposition.inter_battery import inter_battery
from semcomp.evidence.geometry.cka import linear_cka, procrustes
from semcomp.evidence.mapping.regression import fit_ridge
from semcomp.planted import REGIMES, World

WORLDS = {
    "noise on both sides": World(dim=4, shared=0.3, noise=0.4, collaborative_noise=0.8),
    "twisted": World(dim=4, twist=0.7, noise=0.2),
    "popular": World(dim=4, popularity_in_view=0.6, collaborative_noise=0.3),
    "unequal widths": World(shared_dim=2, private_dim=6, shared=0.6, collaborative_noise=0.5),
    "nothing shared": World(dim=4, shared=0.0, collaborative_noise=0.5),
}


@pytest.mark.parametrize("name", list(WORLDS))
def test_truths_are_those_of_many_items(name):
    world = replace(WORLDS[name], users=1, items=20_000)
    truth = world.truth()
    s, c = (one.astype(float) for one in (truth.semantic_vectors, truth.collaborative_vectors))
    assert measure.cka_truth(world) == pytest.approx(linear_cka(s, c), abs=0.01)
    assert measure.procrustes_truth(world) == pytest.approx(procrustes(s, c), abs=0.03)

    rank = world.widths[0] if world.shared > 0 else 0
    private = inter_battery(s, c, rank).private_c
    again = world.collaborative_again(1).items.astype(float)
    left = private - fit_ridge(again, private, [0.0]).predict(again)
    signal, repeated = measure.private_repeated(world)
    assert repeated == pytest.approx(1 - np.sum(left**2) / np.sum(private**2), abs=0.015)
    # what a second seed repeats of signal and equal noise is less than the signal's share
    assert repeated <= signal + 1e-12


def test_no_private_part_repeats_nothing():
    assert np.isnan(measure.private_repeated(World(shared=1.0))).all()
    assert measure.private_repeated(World(shared=1.0, collaborative_noise=0.3)) == (0.0, 0.0)


def test_every_measure_but_three_has_a_truth():
    known = measure.truths(measure.VECTORS["shared 0.5"])
    assert set(measure.MEASURES) - set(known) == {"probe.own", "neighbours", "neighbours.floor"}
    popular = measure.truths(measure.VECTORS["popular"])
    assert popular["C.private_reliable"] == pytest.approx(popular["C.private"] + popular["C.popularity"])
    assert popular["C.popularity"] > 0


def test_summary_of_made_up_rows():
    def row(seed: int, **found: list[float]) -> dict:
        return {
            "world": ["vectors", "shared 0.5", 300, seed],
            "found": [found.get(key.replace(".", "_"), []) for key in measure.MEASURES],
        }

    truth = measure.truths(measure.VECTORS["shared 0.5"])
    f, r2 = truth["C.joint"], truth["probe.r2"]
    first = {"probe_r2": [r2, r2 - 0.1, r2 + 0.1], "C_least": [f, f - 0.1, f + 0.1]}
    first |= {"probe_own": [r2 - 0.2], "C_most": [f + 0.2, f + 0.1, f + 0.3], "cka": [0.4]}
    second = {"probe_r2": [r2 - 0.3, r2 - 0.4, r2 - 0.2], "C_least": [f + 0.2, f + 0.1, f + 0.3]}
    second |= {"probe_own": [r2 - 0.2], "C_most": [f + 0.3, f + 0.2, f + 0.4], "cka": [0.6]}
    rows = [row(0, **first), row(1, **second)]
    other = {"world": ["kernels", "shared 0.5", 300, 0], "found": {}}
    found = {one["measure"]: one for one in measure.summary([*rows, other])}
    assert set(found) == {"probe.r2", "probe.own", "C.least", "C.most", "C.bounds", "cka"}
    assert found["probe.r2"]["covered"] == 0.5
    assert found["probe.r2"]["mean"] == pytest.approx(r2 - 0.15, abs=1e-4)
    assert found["probe.own"]["covered"] == 0.5  # of the second draw, whose interval ends there
    assert found["C.bounds"]["covered"] == 0.5
    assert found["C.bounds"]["mean"] == pytest.approx(0.15)
    assert found["cka"]["covered"] is None
    assert found["cka"]["sd"] == pytest.approx(np.std([0.4, 0.6], ddof=1), abs=1e-4)


def test_an_interval_of_rounded_ends_holds_a_truth_at_its_end():
    known = np.array([[0.5, 0.3334, 0.6], [0.5, 0.3335, 0.6], [0.5, np.nan, np.nan]])
    assert measure._covered(known, np.full(3, 1 / 3)) == 0.0
    assert measure._covered(known, np.full(3, 0.33336)) == 0.5
    assert measure._covered(known[2:], np.zeros(1)) is None


@pytest.mark.parametrize(
    ("draws", "word"),
    [
        ([0.6, 0.61, 0.59], "misleads"),
        ([0.4, 0.41, 0.39], "misleads"),
        ([0.51, 0.5, 0.49], "right"),
        ([0.45, 0.55, 0.68], "undecided"),
        ([0.9], "undecided"),
    ],
)
def test_a_word_for_each_error(draws, word):
    case = Case("w", 9, "it", "that", draws, truth=0.5)
    assert case.word == word
    assert case.said == pytest.approx(np.mean(draws))


def test_a_wider_tolerance_forgives_more():
    case = Case("w", 9, "it", "that", [0.6, 0.61, 0.59], truth=0.5, tolerance=0.2)
    assert case.word == "right"


def test_coverage_pools_worlds_by_their_number(monkeypatch):
    columns = ["world", "items", "measure", "worlds", "truth", "mean", "sd", "covered"]
    rows = [
        ["shared 0.5", 300, "cka", 30, 0.2, 0.3, 0.1, 1.0],
        ["popular", 300, "cka", 10, 0.2, 0.3, 0.1, 0.0],
        ["popular", 300, "C.shared", 10, 0.2, 0.3, 0.1, 0.0],  # not equal noise: not what it is for
        ["shared 0.5", 300, "C.shared", 10, 0.2, 0.3, 0.1, 0.9],
        ["shared 0.5", 300, "S.shared", 10, 0.2, 0.3, 0.1, 0.7],
        ["shared 0.5", 300, "neighbours", 10, None, 0.3, 0.1, None],
    ]
    monkeypatch.setattr(tables, "kept", lambda: {"columns of summary": columns, "summary": rows})
    found = tables.coverage().set_index("measure")
    assert list(found.index) == ["CKA, biased", "shared share, noise split, if equal"]
    assert found.loc["CKA, biased", ["covered", "n"]].tolist() == [0.75, 40]
    assert found.iloc[1][["covered", "n"]].tolist() == [0.8, 20]
    assert (found["low"] < found["covered"]).all()
    assert (found["covered"] < found["high"]).all()
    assert tables.bias(["cka"]).loc["CKA, biased", 300] == pytest.approx(0.1)


def test_tightness():
    frame = pd.DataFrame(
        {"bound": [0.0, 0.1, 0.2, 0.0], "sharper": [0.0, 0.4, 0.2, 0.05], "gap": [0.0, 0.4, 0.2, 0.1]}
    )
    found = tables.tightness(frame)
    assert (found["worlds"], found["losing"]) == (4, 3)
    assert found["bound of loss"] == pytest.approx(0.25)
    assert found["bound is loss"] == pytest.approx(1 / 3)
    assert found["sharper of loss"] == 1
    assert found["sharper is loss"] == pytest.approx(2 / 3)


def test_committed_results_are_whole_and_small():
    result = tables.kept()
    assert [tuple(row["world"]) for row in result["rows"]] == list(measure.all_keys())
    assert [list(one.values()) for one in measure.summary(result["rows"])] == result["summary"]
    assert measure.RESULTS.stat().st_size < 400_000
    assert result["measures"] == list(measure.MEASURES)


@pytest.mark.parametrize("kind", ["vectors", "recalls", "kernels", "losses"])
def test_committed_rows_can_be_made_again(kind):
    rows = [row for row in tables.kept()["rows"] if row["world"][0] == kind]
    first = rows[3 if len(rows) > 3 else 0]
    again = json.loads(json.dumps(measure.row_of(tuple(first["world"]))))
    assert again["world"] == first["world"]
    for one, other in zip(_leaves(first["found"]), _leaves(again["found"]), strict=True):
        assert one == (other if isinstance(other, str) else pytest.approx(other, abs=0.005))


def _leaves(found) -> list:
    if isinstance(found, dict):
        found = list(found.values())
    return [leaf for one in found for leaf in _leaves(one)] if isinstance(found, list) else [found]


def test_the_pages_tables_of_the_committed_results():
    cells = tables.cells()
    assert cells["covered"].dropna().between(0, 1).all()
    near = tables.neighbours()
    assert near.groupby("items")["chance"].nunique().eq(1).all()
    assert near.groupby("items")["chance"].first().is_monotonic_decreasing
    assert set(near["held"]) == {60, 200, 600}
    kernels = tables.kernels()
    nothing = kernels[kernels["world"] == "shared 0.0"]
    assert (nothing["truth"] == 0).all()
    assert nothing["unbiased"].abs().max() < 0.03
    assert (kernels["biased"] > kernels["unbiased"]).all()
    recalls = tables.recalls()
    assert set(recalls["world"]) == set(REGIMES)
    assert set(recalls["part"]) == set(tables.PARTS.values())
    maps = tables.maps()
    assert (maps["any"] >= maps["linear"]).all()
    assert set(maps["kind"]) == set(tables.KINDS.values())
    ranks = tables.ranks()
    assert (ranks.loc["shared 0.0", "true"] == 0).all()
    assert (ranks.loc["faint", "true"] == 8).all()
    losses = tables.losses()
    assert (losses["gap"] >= losses["sharper"] - 1e-4).all()
    assert (losses["sharper"] >= losses["bound"] - 1e-4).all()
    assert set(tables.hypothesis()["regime"]) == {"shared"}


def test_the_committed_cases_show_what_misleads_and_what_does_not():
    asked = cases()
    assert {case.word for case in asked} <= {"misleads", "right", "undecided"}
    said = {(case.world, case.says, case.asked): case.word for case in asked}
    assert len(said) == len(asked)  # no case is asked twice
    assert said["nonlinear link", "ridge R², held out", "what any map explains of C"] == "misleads"
    assert said["mere noise", "private share a seed repeats", "private signal in C"] == "right"
    assert all(len(case.draws) > 1 for case in asked)


def test_what_the_page_says_in_words():
    bias = tables.bias([*tables.NAMES])
    few = {key: bias.loc[name, 300] for key, name in tables.NAMES.items() if name in bias.index}
    assert few["probe.r2"] < 0 < few["probe.train"]
    assert few["information.heldout"] < 0 < few["information"]
    assert few["top"] > few["top.heldout"] > 0
    covered = tables.coverage().set_index(["measure", "items"])["covered"]
    own, best = (covered[f"ridge R², of the {which} map"] for which in ("fitted", "best linear"))
    assert (own > best).all()
    maps = tables.maps().set_index(["world", "kind", "items"])["mean"]
    assert maps["nonlinear link", "kernel ridge", 3000] < 0.2
    assert maps["narrow nonlinear link", "kernel ridge", 3000] > 0.3
    ranks = tables.ranks().xs("faint")
    assert (ranks[300] < ranks[3000]).all()
    recall = tables.recalls().set_index(["world", "part"])
    popular = recall.loc[("popular", "private part of C")]
    assert popular["found"] > popular["true"]
    losses = tables.losses()
    assert not (losses["gap"] < losses["bound"] - 1e-4).any()
