"""The alignment hypothesis: identities, and planted worlds in which it is true and in which not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from aligned_worlds import NOISE, setting, turn
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from semcomp.core.evidence import Evidence
from semcomp.core.view import View
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError
from semcomp.evidence import fit_ridge, neighbour_jaccard
from semcomp.evidence.hypothesis.alignment import alignment_hypothesis
from semcomp.evidence.hypothesis.losses import CLAIMS
from semcomp.evidence.hypothesis.maps import cross_fit, folds_of, narrowed


def test_a_text_as_good_as_a_seed_is_found_to_align(of_true):
    assert {name: part.verdict.word for name, part in of_true.parts.items()} == dict.fromkeys(CLAIMS, "holds")
    assert of_true.verdict == "holds"
    chance = 20 / (2 * 119 - 20)  # of two random sets of 20 among the 119 others of a fold
    floor = of_true.evidence()["neighbours.floor"].value  # any linear map keeps something of the source's own
    assert chance < floor < 0.75 * of_true.evidence()["geometry"].value


def test_a_half_that_the_text_does_not_know_is_found_missing(of_false):
    said = {name: part.verdict.word for name, part in of_false.parts.items()}
    assert [said[part] for part in ("existence", "geometry", "monotonicity")] == ["does not hold"] * 3
    assert said["generalisation"] == "holds"
    assert of_false.verdict == "does not hold"


@pytest.mark.parametrize(("shared", "noise"), [(0.5, NOISE), (1.0, NOISE), (1.0, 1.0)])
def test_the_loss_in_r2_is_the_worlds(shared, noise):
    """Of a coordinate of variance v with noise σ², a copy with noise τ² tells v² / (v + τ²)."""
    text, views, parts = setting(shared, items=2500, users=30, noise=noise)
    found = alignment_hypothesis(text, views[0], parts, seeds=views[1:], resamples=0, steps=(0, 1))

    def explained(v: float, by: float) -> float:
        return v * v / (v + by**2) / (1 + 2 * NOISE**2) if v else 0.0

    seed = explained(shared, NOISE) + explained(1 - shared, NOISE)
    text_r2 = explained(shared, noise)
    part = found.parts["existence"]
    assert part.statistic.value == pytest.approx(text_r2, abs=0.015)
    assert part.statistic.null == pytest.approx(seed, abs=0.015)
    assert part.loss == pytest.approx(seed - text_r2, abs=0.015)
    assert part.threshold == pytest.approx(0.1 * seed, abs=0.002)


def test_a_seed_in_the_texts_place_loses_nothing(true_world):
    _, views, parts = true_world
    groups = {"odd": np.arange(600) % 2}
    found = alignment_hypothesis(
        views[1], views[0], parts, seeds=[views[1]], groups=groups, resamples=100, margin=0.2
    )
    for name in ("existence", "geometry", "monotonicity", "generalisation"):
        part = found.parts[name]
        assert part.loss == pytest.approx(0, abs=1e-12), name
        assert part.slack.value == pytest.approx(part.threshold, abs=1e-12), name
        assert part.statistic.excess == pytest.approx(0, abs=1e-12), name
    assert found.parts["existence"].threshold == pytest.approx(0.2 * found.evidence()["existence"].value)
    assert found.parts["monotonicity"].threshold == pytest.approx(0.2 * found.evidence()["recall.0"].value)
    floor = found.evidence()["neighbours.floor"].value
    above = found.evidence()["geometry"].value - floor
    assert found.parts["geometry"].threshold == pytest.approx(0.2 * above)
    assert found.parts["globality"].loss == pytest.approx(0, abs=1e-12)
    assert found.evidence()["spread.odd"].value == 0


def test_turning_or_scaling_a_side_changes_nothing(false_world, of_false):
    text, views, parts = false_world
    rng = np.random.default_rng(5)
    own = turn(rng, 12)
    target = View(views[0].name, views[0].users @ own, views[0].items @ own)
    seeds = [View(one.name, one.users, 3 * one.items @ turn(rng, 12)) for one in views[1:]]
    again = alignment_hypothesis(0.2 * text @ turn(rng, 12), target, parts, seeds=seeds, resamples=0)
    for name in ("existence", "generalisation"):  # the others may move by one neighbour, one tie, one cluster
        assert again.parts[name].loss == pytest.approx(of_false.parts[name].loss, abs=1e-5), name
    for name in ("geometry", "monotonicity"):
        assert again.parts[name].loss == pytest.approx(of_false.parts[name].loss, abs=2e-3), name


def test_text_dealt_to_other_items_is_refuted(true_world):
    text, views, parts = true_world
    mismatched = text[np.random.default_rng(0).permutation(len(text))]
    found = alignment_hypothesis(mismatched, views[0], parts, seeds=views[1:2], resamples=200)
    existence = found.parts["existence"]
    assert existence.statistic.value == pytest.approx(0, abs=0.03)
    assert existence.verdict.word == "does not hold"
    assert found.evidence()["geometry"].value == pytest.approx(
        found.evidence()["neighbours.floor"].value, abs=0.02
    )


def test_two_maps_are_no_one_map(true_world):
    text, views, parts = true_world
    rng = np.random.default_rng(3)
    labels = rng.choice(["a", "b"], size=len(text))
    turned = np.where((labels == "b")[:, None], text @ turn(rng, 12), text)
    found = alignment_hypothesis(
        turned, views[0], parts, seeds=views[1:], groups={"category": labels}, resamples=200
    )
    assert found.parts["globality"].verdict.word == "does not hold"
    moved_by = found.evidence()["moved.category"]
    assert moved_by.excess_low > 0.1
    assert found.evidence()["lost.moved.category"].value == pytest.approx(moved_by.excess)
    assert found.evidence()["globality"] == moved_by


def test_a_group_that_is_told_worse_is_found(true_world):
    text, views, parts = true_world
    rng = np.random.default_rng(4)
    popular = item_counts(parts.train) > np.median(item_counts(parts.train))
    noisy = text + 1.5 * rng.normal(size=text.shape) * popular[:, None]
    found = alignment_hypothesis(
        noisy, views[0], parts, seeds=views[1:], groups={"half": popular}, resamples=200
    )
    assert found.parts["globality"].verdict.word == "does not hold"
    value = found.evidence()["spread.half"]
    assert value.excess_low > 0.1


def test_an_unequal_seed_widens_what_is_allowed(true_world):
    text, views, parts = true_world
    rng = np.random.default_rng(6)
    poor = View("poor", views[2].users, views[2].items + 0.8 * rng.normal(size=views[2].items.shape))
    one = alignment_hypothesis(text, views[0], parts, seeds=[views[1]], resamples=0, steps=(0, 1))
    other = alignment_hypothesis(text, views[0], parts, seeds=[poor], resamples=0, steps=(0, 1))
    both = alignment_hypothesis(text, views[0], parts, seeds=[views[1], poor], resamples=0, steps=(0, 1))
    r2 = [found.parts["existence"].statistic.null for found in (one, other)]
    assert both.parts["existence"].threshold == pytest.approx(r2[0] - r2[1])
    assert both.parts["existence"].threshold > 0.1 * r2[0]
    falls = [found.parts["monotonicity"].statistic.null for found in (one, other)]
    assert both.parts["monotonicity"].threshold == pytest.approx(falls[0] - falls[1])
    assert both.parts["geometry"].statistic.null == pytest.approx(
        np.mean([found.parts["geometry"].statistic.null for found in (one, other)])
    )


def test_the_gap_under_shift_is_that_of_sklearn(false_world):
    text, views, parts = false_world
    order = np.argsort(-item_counts(parts.train), kind="stable")
    popular, rare = order[:480], order[480:]
    text = text.copy()
    text[rare] += np.random.default_rng(8).normal(size=(120, 12))  # so that shift is the worse of the two
    found = alignment_hypothesis(text, views[0], parts, seeds=views[1:], resamples=0, steps=(0, 1), seed=3)
    goal = views[0].items.astype(float)
    fit = fit_ridge(text[popular], goal[popular], seed=3)
    again = Ridge(alpha=fit.penalty).fit(text[popular].astype(float), goal[popular])
    scores = [
        r2_score(goal[rows], again.predict(text[rows].astype(float)), multioutput="variance_weighted")
        for rows in (popular, rare)
    ]
    assert found.evidence()["gap.shift"].value == pytest.approx(scores[0] - scores[1], abs=1e-6)
    difference = found.evidence()["r2.fitted"].value - found.evidence()["r2.held"].value
    assert found.evidence()["gap.random"].value == pytest.approx(difference)
    worse = max(found.evidence()[f"gap.{holdout}"].excess for holdout in ("random", "shift"))
    assert found.parts["generalisation"].statistic.excess == worse
    assert found.parts["generalisation"].loss == pytest.approx(worse)


def test_a_wide_source_is_narrowed_for_the_gap_alone(false_world):
    text, views, parts = false_world
    rng = np.random.default_rng(7)
    wide = np.hstack([5 * text, 0.1 * rng.normal(size=(600, 40))])
    small = {"seeds": views[1:], "resamples": 0, "steps": (0, 1)}
    gaps = [
        alignment_hypothesis(source, views[0], parts, **small).evidence()["gap.random"].value
        for source in (wide, narrowed(wide, 12))
    ]
    assert gaps[0] == pytest.approx(gaps[1], abs=1e-6)
    found = alignment_hypothesis(wide, views[0], parts, **small).evidence()
    assert found["r2.fitted"].value - found["r2.held"].value > gaps[0] + 1e-4


def test_items_that_were_never_trained_have_no_gap_of_their_own(true_world):
    text, views, parts = true_world
    rare = np.argsort(-item_counts(parts.train), kind="stable")[480:]

    def cold(view: View) -> View:
        items = view.items.copy()
        items[rare] = np.random.default_rng(0).normal(size=12)
        return View(view.name, view.users, items)

    seeds = [cold(one) for one in views[1:]]
    found = alignment_hypothesis(text, cold(views[0]), parts, seeds=seeds, resamples=50, steps=(0, 1))
    assert "gap.shift" not in found.evidence().values
    assert found.evidence()["generalisation"] == found.evidence()["gap.random"]
    numbers = [x for value in found.evidence().values.values() for x in vars(value).values()]
    assert all(np.isfinite(x).all() for x in numbers if x is not None)


def test_without_resamples_all_is_undecided(true_world):
    text, views, parts = true_world
    found = alignment_hypothesis(text, views[0], parts, seeds=views[1:], resamples=0)
    assert found.verdict == "undecided"
    assert found.path["low"].isna().all()
    assert all(part.slack.low is None for part in found.parts.values())


def test_evidence_is_kept_whole(of_false, false_world):
    text, views, parts = false_world
    evidence = of_false.evidence()
    again = Evidence.from_json(evidence.to_json())
    assert again.values == evidence.values
    assert evidence.table.index.name == "item"
    assert evidence.table["item_id"].tolist() == parts.item_ids.tolist()
    r2 = 1 - evidence.table["text.held"].sum() / evidence.table["total"].sum()
    assert evidence["existence"].value == pytest.approx(r2)
    assert evidence["geometry"].value == pytest.approx(evidence.table["text.neighbours"].mean())
    assert evidence.provenance["seeds"][1]["name"] == "seed 2"
    assert evidence.provenance["groups"] == {"popularity": 3, "clusters": 8}
    same = alignment_hypothesis(text, views[0], parts, seeds=views[1:], resamples=300)
    assert same.evidence().to_json() == evidence.to_json()


def test_the_printed_table_and_the_frame(of_false):
    lines = str(of_false).splitlines()
    assert lines[0] == "alignment_hypothesis(text -> seed 0): does not hold"
    assert [line.split()[0] for line in lines[2:]] == list(CLAIMS)
    assert "does not hold" in lines[2]
    frame = of_false.frame()
    assert frame.index.tolist() == list(CLAIMS)
    assert (frame["allowed"] - frame["lost"]).tolist() == pytest.approx(frame["slack"].tolist())
    assert frame["n"].tolist()[:4] == [600] * 4
    assert of_false.parts["existence"].verdict.unit == "items"
    assert of_false.parts["monotonicity"].verdict.unit == "users"


def test_neighbours_are_looked_for_within_folds(of_false, false_world):
    text, views, _ = false_world
    goal = views[0].items.astype(float)
    folds = folds_of(600, 0)
    held = cross_fit(text.astype(float), goal, folds).held
    rows = folds == 2
    expected = neighbour_jaccard(held[rows], goal[rows], 20)
    np.testing.assert_allclose(of_false.evidence().table["text.neighbours"][rows], expected)


def test_refuses_what_it_cannot_test(true_world):
    text, views, parts = true_world
    target, seeds = views[0], views[1:]
    empty = sp.csr_array(parts.test.shape, dtype=np.float32)
    flat = View("flat", target.users, np.ones_like(target.items))
    mismatched = [View("mismatched", one.users, one.items[::-1]) for one in seeds]
    short = View("short", target.users, target.items[1:])
    bad = text.copy()
    bad[3] = np.nan
    for message, given, changes in (
        ("no other seed", (text, target, parts), {"seeds": []}),
        ("view 'short' has", (text, target, parts), {"seeds": [short]}),
        ("view 'short' has", (text, short, parts), {}),
        ("599 rows, but the split has 600 items", (text[1:], target, parts), {}),
        ("NaN or infinite values in 1 rows", (bad, target, parts), {}),
        ("margin = 0 must", (text, target, parts), {"margin": 0}),
        ("margin = 1 must", (text, target, parts), {"margin": 1}),
        ("k = 120 neighbours within folds of 120", (text, target, parts), {"k": 120}),
        ("k = 0 neighbours", (text, target, parts), {"k": 0}),
        ("must ascend from 0 to 1", (text, target, parts), {"steps": (0, 0.5)}),
        ("must ascend from 0 to 1", (text, target, parts), {"steps": (0, 0.5, 0.5, 1)}),
        ("test part is empty", (text, target, replace(parts, test=empty)), {}),
        ("all items of 'flat' have one vector", (text, flat, parts), {}),
        ("explain nothing of 'seed 0'", (text, target, parts), {"seeds": mismatched}),
        ("-1 resamples asked for", (text, target, parts), {"resamples": -1}),
        ("unknown mask 'test'", (text, target, parts), {"mask": "test"}),
    ):
        with pytest.raises(SemcompError, match=message):
            alignment_hypothesis(*given, **({"seeds": seeds, "resamples": 0} | changes))
