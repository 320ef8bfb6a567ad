"""The alignment hypothesis: closed forms, identities, planted worlds in which it is true and in which not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from semcomp.core.evidence import Evidence, Value
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import Split, binary_csr, split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError
from semcomp.evidence import evaluate, fit_ridge, neighbour_jaccard
from semcomp.evidence.hypothesis.alignment import alignment_hypothesis
from semcomp.evidence.hypothesis.groups import item_groups, spread
from semcomp.evidence.hypothesis.losses import Globality, against_the_others, less_r2, mean_r2, room_of
from semcomp.evidence.hypothesis.maps import cross_fit, folds_of, moved, narrowed
from semcomp.evidence.hypothesis.path import on_the_way, path_recalls
from semcomp.evidence.hypothesis.result import CLAIMS, judged
from semcomp.planted import World

NOISE = 0.25


def turn(rng: np.random.Generator, width: int) -> np.ndarray:
    return np.linalg.qr(rng.normal(size=(width, width)))[0]


def setting(
    shared: float, items: int = 600, users: int = 500, noise: float = NOISE, seed: int = 0
) -> tuple[np.ndarray, list[View], Split]:
    """A text, three noisy and turned copies of the collaborative view, and a split."""
    world = World(users=users, items=items, dim=6, shared=shared, noise=noise, seed=seed)
    truth = world.truth()
    rng = np.random.default_rng([seed, 9])
    views = []
    for at in range(3):
        own = turn(rng, 12)
        seen = truth.collaborative_vectors + NOISE * rng.normal(size=(items, 12))
        views.append(View(f"seed {at}", truth.collaborative_users @ own, seen @ own))
    return truth.semantic_vectors, views, split(world.dataset(), seed=2020)


@pytest.fixture(scope="module")
def true_world():
    return setting(1.0)


@pytest.fixture(scope="module")
def false_world():
    return setting(0.5)


@pytest.fixture(scope="module")
def of_true(true_world):
    text, views, parts = true_world
    return alignment_hypothesis(text, views[0], parts, seeds=views[1:], resamples=300)


@pytest.fixture(scope="module")
def of_false(false_world):
    text, views, parts = false_world
    return alignment_hypothesis(text, views[0], parts, seeds=views[1:], resamples=300)


def test_a_text_as_good_as_a_seed_is_found_to_align(of_true):
    assert {name: part.judgement.verdict for name, part in of_true.parts.items()} == dict.fromkeys(
        CLAIMS, "holds"
    )
    assert of_true.verdict == "holds"
    chance = 20 / (2 * 119 - 20)  # of two random sets of 20 among the 119 others of a fold
    floor = of_true.evidence()["neighbours.floor"].value  # any linear map keeps something of the source's own
    assert chance < floor < 0.75 * of_true.evidence()["geometry"].value


def test_a_half_that_the_text_does_not_know_is_found_missing(of_false):
    said = {name: part.judgement.verdict for name, part in of_false.parts.items()}
    assert [said[part] for part in ("existence", "geometry", "monotonicity")] == ["does not hold"] * 3
    assert said["generalisation"] == "holds"
    assert of_false.verdict == "does not hold"


@pytest.mark.parametrize(("shared", "noise"), [(0.5, NOISE), (1.0, NOISE), (1.0, 1.0)])
def test_the_loss_in_r2_is_the_worlds(shared, noise):
    """Of a coordinate of variance v, noise σ² beside it, a copy with noise τ² tells v² / (v + τ²)."""
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
        assert part.room.value == pytest.approx(part.threshold, abs=1e-12), name
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
    dealt = text[np.random.default_rng(0).permutation(len(text))]
    found = alignment_hypothesis(dealt, views[0], parts, seeds=views[1:2], resamples=200)
    existence = found.parts["existence"]
    assert existence.statistic.value == pytest.approx(0, abs=0.03)
    assert existence.judgement.verdict == "does not hold"
    assert found.evidence()["geometry"].value == pytest.approx(
        found.evidence()["neighbours.floor"].value, abs=0.02
    )


def test_two_maps_are_no_one_map(true_world):
    text, views, parts = true_world
    rng = np.random.default_rng(3)
    labels = rng.choice(["a", "b"], size=len(text))
    bent = np.where((labels == "b")[:, None], text @ turn(rng, 12), text)
    found = alignment_hypothesis(
        bent, views[0], parts, seeds=views[1:], groups={"category": labels}, resamples=200
    )
    assert found.parts["globality"].judgement.verdict == "does not hold"
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
    assert found.parts["globality"].judgement.verdict == "does not hold"
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
    worse = max(found.evidence()[f"gap.{cut}"].excess for cut in ("random", "shift"))
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
    assert all(np.isfinite(x) for x in numbers if x is not None)


def test_without_resamples_all_is_undecided(true_world):
    text, views, parts = true_world
    found = alignment_hypothesis(text, views[0], parts, seeds=views[1:], resamples=0)
    assert found.verdict == "undecided"
    assert found.path["low"].isna().all()
    assert all(part.room.low is None for part in found.parts.values())


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
    assert (frame["allowed"] - frame["lost"]).tolist() == pytest.approx(frame["room"].tolist())
    assert frame["n"].tolist()[:4] == [600] * 4
    assert of_false.parts["existence"].judgement.unit == "items"
    assert of_false.parts["monotonicity"].judgement.unit == "users"


def test_the_path_starts_at_the_target_and_ends_at_the_map(of_false, false_world):
    text, views, parts = false_world
    goal = views[0].items.astype(float)
    start = evaluate(rank(views[0], parts), parts, resamples=0)["recall"].value
    at = of_false.path.set_index(["path", "t"])["recall"]
    assert at["text", 0.0] == at["other seed", 0.0] == pytest.approx(start)
    held = cross_fit(text.astype(float), goal, folds_of(600, 0)).held
    ends = View("end", views[0].users, on_the_way(goal, held, 1.0))
    assert at["text", 1.0] == pytest.approx(evaluate(rank(ends, parts), parts, resamples=0)["recall"].value)
    fall = at["text", 1.0] - at["text", 0.0]
    assert of_false.parts["monotonicity"].statistic.value == pytest.approx(fall)
    best = at["text"].idxmax()
    assert of_false.evidence()["recall.best_t"].value == best
    inside = at["text"][[0.25, 0.5, 0.75]].max() - max(at["text"][0.0], at["text"][1.0])
    assert of_false.evidence()["recall.inside"].value == pytest.approx(inside)


def test_lengths_stay_and_directions_turn():
    rng = np.random.default_rng(0)
    goal, mapped = rng.normal(size=(2, 9, 4))
    goal[1], mapped[2] = 0, 0
    np.testing.assert_array_equal(on_the_way(goal, mapped, 0), goal.astype(np.float32))
    for t in (0.3, 1.0):
        found = on_the_way(goal, mapped, t)
        lengths = np.linalg.norm(goal, axis=1)
        if t == 1:
            lengths[2] = 0  # nowhere to go
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), lengths, rtol=1e-5)
        np.testing.assert_allclose(found, on_the_way(goal, 7 * mapped, t), atol=1e-5)
    end = on_the_way(goal, mapped, 1.0)[0]
    np.testing.assert_allclose(end / np.linalg.norm(end), mapped[0] / np.linalg.norm(mapped[0]), atol=1e-6)
    half = on_the_way(np.array([[3.0, 0]]), np.array([[0, 0.1]]), 0.5)
    np.testing.assert_allclose(half, [[4.5**0.5, 4.5**0.5]], rtol=1e-6)


def test_users_without_test_items_are_skipped(true_world):
    _, views, parts = true_world
    test = parts.test.tolil(copy=True)
    test[0] = 0
    fewer = replace(parts, test=sp.csr_array(test.tocsr()))
    users, columns = path_recalls(
        views[0], {"own": views[0].items.astype(float)}, fewer, (0, 1), 20, "train+valid"
    )
    assert 0 not in users
    assert len(users) == np.count_nonzero(np.diff(fewer.test.indptr))
    np.testing.assert_array_equal(columns["own.0"], columns["own.1"])


def test_no_item_is_mapped_by_what_has_seen_it():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(60, 4)), rng.normal(size=(60, 3))
    folds = folds_of(60, 2)
    assert np.bincount(folds).tolist() == [12] * 5
    before = cross_fit(x, y, folds)
    changed = y.copy()
    changed[7] += 100
    after = cross_fit(x, changed, folds)
    own = folds == folds[7]
    np.testing.assert_array_equal(before.held[own], after.held[own])
    assert not np.allclose(before.held[~own], after.held[~own])
    kept = folds != folds[7]
    fit = fit_ridge(x[kept], y[kept])
    np.testing.assert_allclose(before.held[7], fit.predict(x[[7]])[0])
    assert before.held_error[7] == pytest.approx(((fit.predict(x[[7]])[0] - y[7]) ** 2).sum())
    seen = [
        ((fit_ridge(x[folds != f], y[folds != f]).predict(x[[7]])[0] - y[7]) ** 2).sum()
        for f in range(5)
        if f != folds[7]
    ]
    assert before.fitted_error[7] == pytest.approx(np.mean(seen))


def test_an_exact_map_loses_nothing_by_moving_and_two_maps_do():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 3))
    codes = np.repeat([0, 1, 2], [100, 185, 15])
    one = x @ rng.normal(size=(3, 3)) + 2
    total, times = moved(x, one, codes, least=20)
    np.testing.assert_allclose(total, 0, atol=1e-6)
    assert times.max() <= 2  # the group of 15 is not fitted, so others are read from at most the other group
    assert times[codes < 2].max() == 1
    assert times[codes == 2].max() == 2
    assert 0 < times[codes == 1].sum() < 185  # rows that the map from everywhere has seen are not read
    other = np.where((codes == 1)[:, None], -x, x)
    total, times = moved(x, other, codes, least=20)
    # from the first group to the second the error is |2x|², that of a map of both |x − wx|² or |x + wx|²
    assert total[codes == 1].sum() / times[codes == 1].sum() > 2
    again = moved(2 * x, other, codes, least=20)[1]
    np.testing.assert_array_equal(times, again)


def test_narrowed_to_principal_axes():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(50, 6)) * np.arange(1, 7)
    assert narrowed(x, 6) is x
    expected = PCA(2).fit_transform(x)
    np.testing.assert_allclose(np.abs(narrowed(x, 2)), np.abs(expected), atol=1e-9)


def test_spread_and_that_of_permuted_labels():
    values, codes = np.array([1.0, 3, 5, 9]), np.array([0, 0, 1, 1])
    between, chance = spread(values, codes)
    assert between == pytest.approx(6.25)  # means 2 and 7 about 4.5
    assert chance == pytest.approx(values.var(ddof=1) / 4)
    rng = np.random.default_rng(0)
    values, codes = rng.exponential(size=40), rng.choice(5, size=40, p=[0.4, 0.3, 0.1, 0.1, 0.1])
    permuted = [spread(rng.permutation(values), codes)[0] for _ in range(4000)]
    assert spread(values, codes)[1] == pytest.approx(np.mean(permuted), abs=4 * np.std(permuted) / 4000**0.5)
    assert spread(values, codes * 3)[1] == pytest.approx(spread(values, codes)[1])  # codes without rows


def test_globality_by_hand():
    columns = {
        "total": np.full(6, 10.0),
        "text.held": np.array([4.0, 4, 4, 8, 8, 8]),
        "seed.0.held": np.full(6, 2.0),
    }
    moves = {"half": {"text": np.full(6, 3.0), "seed.0": np.full(6, 1.0), "times": np.full(6, 2.0)}}
    part = Globality(columns, moves, {"half": np.repeat([0, 1], 3)}, ["seed.0"], 0.5)
    found = part.numbers(np.arange(6))
    # excess 0.2 and 0.6: variance between groups 0.04, by chance s² / 6 = 0.048 / 6; reliable part 0.8
    assert found["spread.half"] == pytest.approx(0.2)
    assert found["lost.spread.half"] == pytest.approx((0.04 - 0.008) / (0.5 * 0.8))
    assert found["moved.half"] == pytest.approx(0.15)
    assert found["lost.moved.half"] == pytest.approx(0.1)
    assert found["allowed"] == pytest.approx(0.4)
    assert found["room"] == pytest.approx(0.4 - 0.1)
    columns["seed.1.held"] = np.array([2.0, 2, 2, 7, 7, 7])
    moves["half"]["seed.1"] = np.full(6, 1.0)
    both = Globality(columns, moves, {"half": np.repeat([0, 1], 3)}, ["seed.0", "seed.1"], 0.5)
    # one seed against the other: 0 and 0.5, variance 0.0625 less 0.075 / 6; reliable 1 − (0.2 + 0.45) / 2
    assert both.numbers(np.arange(6))["allowed"] == pytest.approx(0.5 * 0.675)
    strict = Globality(columns, moves, {"half": np.repeat([0, 1], 3)}, ["seed.0", "seed.1"], 0.1)
    assert strict.numbers(np.arange(6))["allowed"] == pytest.approx(0.05 / (0.1 * 0.675))
    null = part.null(np.arange(6))
    assert null["spread.half"] == pytest.approx(0.008**0.5)
    assert null["moved.half"] == pytest.approx(0.05)


def test_room_is_what_is_allowed_less_what_is_lost():
    def means(text: float, *seeds: float) -> dict[str, np.ndarray]:
        errors = {"text.held": text, **{f"seed.{at}.held": one for at, one in enumerate(seeds)}}
        return {"total": np.array([1.0]), **{name: np.array([error]) for name, error in errors.items()}}

    one = room_of(less_r2, mean_r2, ["seed.0"], 0.1)
    assert one["allowed"].of(means(0.5, 0.2))[0] == pytest.approx(0.08)
    assert one["room"].of(means(0.5, 0.2))[0] == pytest.approx(0.08 - 0.3)
    two = room_of(less_r2, mean_r2, ["seed.0", "seed.1"], 0.1)
    assert two["allowed"].of(means(0.5, 0.2, 0.4))[0] == pytest.approx(0.2)
    assert two["room"].of(means(0.5, 0.2, 0.4))[0] == pytest.approx(0.2 - 0.2)
    assert against_the_others(["a", "b", "c"])[1] == ("b", ["a", "c"])
    assert against_the_others(["a"]) == []


def test_a_refutation_has_to_stand_after_holm():
    rooms = {
        "weak": Value(-1.0, -1.95, -0.05, n=100, p=0.03),
        "strong": Value(-1.0, -1.1, -0.9, n=100, p=1e-9),
        "open": Value(0.1, -1.0, 1.0, n=100, p=0.8),
        "held": Value(1.0, 0.9, 1.1, n=100, p=1e-9),
        "little": Value(1.0, 0.05, 1.95, n=100, p=0.03),
    }
    found = judged(rooms, dict.fromkeys(rooms, "items"))
    said = {name: one.verdict for name, one in found.items()}
    assert said == {
        "weak": "undecided",
        "strong": "does not hold",
        "open": "undecided",
        "held": "holds",
        "little": "undecided",
    }
    assert found["weak"].users_needed > 100
    assert found["weak"].effect == -1
    assert {one.unit for one in found.values()} == {"items"}
    alone = judged({"weak": rooms["weak"]}, {"weak": "items"})
    assert alone["weak"].verdict == "does not hold"


def test_one_part_is_enough_to_fall(of_true, of_false):
    parts = of_true.parts | {"geometry": of_false.parts["geometry"]}
    assert replace(of_true, parts=parts).verdict == "does not hold"
    open_one = replace(
        of_true.parts["geometry"],
        judgement=replace(of_true.parts["geometry"].judgement, verdict="undecided"),
    )
    assert replace(of_true, parts=of_true.parts | {"geometry": open_one}).verdict == "undecided"


def plain_split(counts: np.ndarray) -> Split:
    """Item i has counts[i] train interactions; each user finds the next item in the test part."""
    n, users = len(counts), int(counts.max()) + 1
    rows = np.concatenate([np.arange(count) for count in counts]).astype(np.int32)
    train = binary_csr(rows, np.repeat(np.arange(n), counts).astype(np.int32), (users, n))
    empty = sp.csr_array((users, n), dtype=np.float32)
    names = np.array([str(at) for at in range(max(users, n))])
    return Split(names[:users], names[:n], train, empty, empty, {})


def test_groups_by_default_and_given():
    rng = np.random.default_rng(0)
    counts = np.repeat([1, 5, 30], [120, 40, 40])
    source = rng.normal(size=(200, 3)) + 50 * (np.arange(200) % 2)[:, None]
    parts = plain_split(counts)
    found = item_groups(source, parts, None, clusters=2, seed=0)
    assert list(found) == ["popularity", "clusters"]
    assert found["popularity"].tolist() == np.repeat([0, 1, 2], [120, 40, 40]).tolist()
    assert (found["clusters"] == found["clusters"][0]).tolist() == (np.arange(200) % 2 == 0).tolist()
    labels = np.repeat(["x", "y", "rare", "rarer"], [100, 85, 8, 7])
    given = item_groups(source, parts, {"kind": labels, "popularity": labels}, clusters=0, seed=0)
    assert list(given) == ["popularity", "kind"]
    assert np.bincount(given["kind"]).tolist() == [100, 85, 15]
    np.testing.assert_array_equal(given["popularity"], given["kind"])
    assert item_groups(source, parts, None, clusters=99, seed=0)["clusters"].max() <= 4  # 200 / 40 clusters
    flat = plain_split(np.ones(200, dtype=int))
    assert list(item_groups(source, flat, None, clusters=2, seed=0)) == ["clusters"]
    with pytest.raises(SemcompError, match="no two groups by popularity or cluster"):
        item_groups(source, flat, None, clusters=1, seed=0)
    with pytest.raises(SemcompError, match="'kind' has no two groups"):
        item_groups(source, parts, {"kind": np.zeros(200)}, clusters=2, seed=0)
    with pytest.raises(SemcompError, match=r"'kind' has shape \(3,\)"):
        item_groups(source, parts, {"kind": ["a", "b", "c"]}, clusters=2, seed=0)


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
    dealt = [View("dealt", one.users, one.items[::-1]) for one in seeds]
    short = View("short", target.users, target.items[1:])
    bad = text.copy()
    bad[3] = np.nan
    for message, given, changes in (
        ("no other seed", (text, target, parts), {"seeds": []}),
        ("view 'short' has", (text, target, parts), {"seeds": [short]}),
        ("view 'short' has", (text, short, parts), {}),
        ("599 rows for 600 items", (text[1:], target, parts), {}),
        ("NaN or infinite values in 1 rows", (bad, target, parts), {}),
        ("margin = 0 must", (text, target, parts), {"margin": 0}),
        ("margin = 1 must", (text, target, parts), {"margin": 1}),
        ("k = 120 neighbours within folds of 120", (text, target, parts), {"k": 120}),
        ("k = 0 neighbours", (text, target, parts), {"k": 0}),
        ("must ascend from 0 to 1", (text, target, parts), {"steps": (0, 0.5)}),
        ("must ascend from 0 to 1", (text, target, parts), {"steps": (0, 0.5, 0.5, 1)}),
        ("test part is empty", (text, target, replace(parts, test=empty)), {}),
        ("all items of 'flat' have one vector", (text, flat, parts), {}),
        ("explain nothing of 'seed 0'", (text, target, parts), {"seeds": dealt}),
        ("-1 resamples asked for", (text, target, parts), {"resamples": -1}),
        ("unknown mask 'test'", (text, target, parts), {"mask": "test"}),
    ):
        with pytest.raises(SemcompError, match=message):
            alignment_hypothesis(*given, **({"seeds": seeds, "resamples": 0} | changes))
