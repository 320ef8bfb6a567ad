"""What a probe reports of a map: order of similarities, lengths, forms of the target; and no leaks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from probing import probe, split_for, view
from scipy.stats import spearmanr

from semcomp.core.evidence import Value
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.holdouts import random_holdout
from semcomp.evidence.mapping.item_metrics import similarity_order
from semcomp.evidence.mapping.kernel_ridge import KernelRidge
from semcomp.evidence.mapping.maps import KINDS
from semcomp.evidence.mapping.networks import Contrastive, Network
from semcomp.evidence.mapping.task import TARGETS, ProbeSettings, Problem, Task, target_rows


def test_order_of_similarities_is_scipys() -> None:
    rng = np.random.default_rng(0)
    goal = rng.normal(size=(40, 4))
    mapped = goal + rng.normal(size=(40, 4))
    anchors = np.sort(rng.permutation(40)[:25])
    mapped[anchors[:4]] = 0  # similarities that tie
    found = similarity_order(mapped, goal, anchors)

    def cosines(rows: np.ndarray) -> np.ndarray:
        unit = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-300)
        return unit @ unit.T

    one, two = cosines(mapped), cosines(goal)
    for item in np.setdiff1d(np.arange(40), anchors[:4]):
        others = anchors[anchors != item]
        assert found[item] == pytest.approx(spearmanr(one[item, others], two[item, others]).statistic), item
    assert found[anchors[:4]].tolist() == [0, 0, 0, 0]
    np.testing.assert_array_equal(found, similarity_order(mapped, goal, anchors, memory=1))
    np.testing.assert_allclose(similarity_order(3 * goal, goal, anchors), 1)


@dataclass(frozen=True)
class Constant:
    """Predicts the mean target."""

    def fit(self, x: np.ndarray, y: np.ndarray, seed: int) -> Constant:
        object.__setattr__(self, "mean", y.mean(axis=0))
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return np.tile(self.mean, (len(x), 1))


def test_cosine_without_centring_flatters_a_constant() -> None:
    rng = np.random.default_rng(1)
    target = view("c", np.array([2.0, 0, 0, 0, 1]) + rng.normal(size=(300, 5)))
    evidence = probe(rng.normal(size=(300, 3)), target, split_for(300), kind=Constant(), resamples=0)
    assert evidence["cosine"].value > 0.6
    assert evidence["r2_test"].value <= 0
    assert evidence["r2_test_weighted"].value <= 0
    assert evidence["cosine_centred"].value == 0
    assert evidence["r2_train"].value == pytest.approx(0, abs=1e-12)
    assert evidence["spearman"].value == pytest.approx(0, abs=1e-12)


@dataclass(frozen=True)
class Shortened:
    """The source itself, each row with a length of its own."""

    def fit(self, x: np.ndarray, y: np.ndarray, seed: int) -> Shortened:
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return x * (0.05 + np.abs(np.sin(np.arange(len(x)))))[:, None]


def test_rescaling_puts_directions_alone_on_trial() -> None:
    target = view("c", np.random.default_rng(2).normal(size=(200, 4)))
    evidence = probe(target, target, split_for(200), kind=Shortened(), resamples=0)
    true = evidence["recall_true"].value
    assert evidence["recall_mapped"].value != true
    assert evidence["recall_mapped_heldout"].value != true
    assert evidence["recall_mapped_rescaled"].value == pytest.approx(true)
    assert evidence["recall_mapped_heldout_rescaled"].value == pytest.approx(true)
    assert evidence["drop_percent_rescaled"].value == pytest.approx(0)
    assert evidence["drop_percent"].value == pytest.approx(
        100 * (true - evidence["recall_mapped"].value) / true
    )
    assert evidence["cosine"].value == pytest.approx(1)


def test_forms_of_the_target() -> None:
    rng = np.random.default_rng(3)
    counts = rng.integers(0, 50, 120)
    items = rng.normal(size=(120, 4)) + np.outer(np.log1p(counts), [1.0, -2, 0, 0.5])
    items[7] = 0
    fitted = rng.permutation(120)[:90]
    found = {form: target_rows(items, form, fitted, counts) for form in TARGETS}
    np.testing.assert_array_equal(found["raw"], items)
    lengths = np.linalg.norm(found["normalised"], axis=1)
    assert lengths[7] == 0
    np.testing.assert_allclose(np.delete(lengths, 7), 1)
    np.testing.assert_allclose(found["normalised"][3] * np.linalg.norm(items[3]), items[3])
    away = items - items[fitted].mean(axis=0)
    expected = away / np.linalg.norm(away, axis=1, keepdims=True)
    np.testing.assert_allclose(found["centred-normalised"], expected)
    left = found["popularity-residualised"]
    popularity = np.log1p(counts[fitted])
    for dimension in range(4):
        assert abs(np.corrcoef(left[fitted, dimension], popularity)[0, 1]) < 1e-10
        slope = np.polyfit(popularity, items[fitted, dimension], 1)[0]
        expected = items[:, dimension] - slope * (np.log1p(counts) - popularity.mean())
        np.testing.assert_allclose(left[:, dimension], expected, atol=1e-9)
    np.testing.assert_allclose(target_rows(items, "popularity-residualised", fitted, np.ones(120)), items)

    # nothing is estimated on the others
    held = np.setdiff1d(np.arange(120), fitted)
    changed = items.copy()
    changed[held] += 100 * rng.normal(size=(30, 4))
    for form in TARGETS:
        np.testing.assert_array_equal(target_rows(changed, form, fitted, counts)[fitted], found[form][fitted])


def test_a_target_that_is_popularity_has_nothing_left_to_predict() -> None:
    rng = np.random.default_rng(4)
    split = split_for(400, n_users=150)
    popularity = np.log1p(np.bincount(split.train.indices, minlength=400))
    noise = rng.normal(size=(400, 3))
    target = view("c", np.outer(popularity, [1, 2, -1]) + 0.3 * noise, 150)
    told, untold = (
        probe(np.column_stack([popularity, noise[:, :1]]), target, split, target_as=form, resamples=0)
        for form in ("raw", "popularity-residualised")
    )
    assert told["r2_test_weighted"].value > 0.75
    assert untold["r2_test_weighted"].value == pytest.approx(1 / 3, abs=0.1)  # one of three noises is known
    assert untold.provenance["target_as"] == "popularity-residualised"
    assert untold["recall_true"].value != told["recall_true"].value
    with pytest.raises(
        SemcompError, match="unknown target form 'centered-normalised'; did you mean 'centred"
    ):
        probe(target, target, split, target_as="centered-normalised")


SMALL = [
    *(KINDS[name] for name in ("ridge", "linear", "reduced-rank", "procrustes")),
    KernelRidge(landmarks=40),
    Contrastive(epochs=8, patience=2),
    Network(layers=0, epochs=5),
    Network(hidden=8, epochs=8, patience=2),
]


@pytest.mark.parametrize("config", SMALL, ids=lambda config: type(config).__name__)
@pytest.mark.parametrize("form", ["raw", "centred-normalised", "popularity-residualised"])
def test_held_out_targets_touch_no_map(config: object, form: str) -> None:
    rng = np.random.default_rng(6)
    split, source = split_for(120), rng.normal(size=(120, 5))
    target, ceiling = (rng.normal(size=(120, 4)) for _ in range(2))
    holdout, seen = random_holdout(120), []
    for scramble in (False, True):
        goal = target.copy()
        if scramble:
            goal[holdout.held] = 50 + 9 * rng.normal(size=(len(holdout.held), 4))
        settings = ProbeSettings(target_as=form, k=5, mask="train")
        problem = Problem.of(source, view("c", goal), split, ceiling, settings, {})
        found = Task.of(problem, holdout).predictions(config)
        assert list(found) == ["", "ceiling.", "floor"]
        seen.append(list(found.values()))
    for before, after in zip(*seen, strict=True):
        np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize("config", SMALL, ids=lambda config: type(config).__name__)
def test_a_turn_of_the_source_changes_no_map_that_knows_no_axes(config: object) -> None:
    rng = np.random.default_rng(7)
    x = rng.normal(size=(150, 6)) * np.linspace(0.5, 2, 6)
    y = x @ rng.normal(size=(6, 4)) + rng.normal(size=(150, 4))
    rotation = np.linalg.qr(rng.normal(size=(6, 6)))[0]
    plain, turned = (config.fit(side, y, 0).predict(side) for side in (x, x @ rotation))
    if isinstance(config, Network | Contrastive):  # random starts depend on the axes, and Adam's steps do
        assert np.abs(plain - turned).max() > 1e-3
    else:
        np.testing.assert_allclose(turned, plain, atol=1e-7)


@pytest.mark.parametrize(
    "config",
    [
        KINDS["ridge"],
        KINDS["reduced-rank"],
        KernelRidge(landmarks=150),
        Network(hidden=64, batch=256, weight_decay=1e-2, patience=10),
    ],
    ids=["ridge", "reduced-rank", "kernel-ridge", "early-stopping"],
)
def test_no_map_passes_the_planted_ceiling(config: object) -> None:
    """s = [√f z, √(1−f) p] + σe and c = [√f z, √(1−f) q]: no map explains more than f² / (f + σ²)."""
    rng = np.random.default_rng(8)
    f, noise, n, d = 0.6, 0.5, 3000, 4
    z, p, q = (rng.normal(size=(n, d)) for _ in range(3))
    s = np.column_stack([np.sqrt(f) * z, np.sqrt(1 - f) * p]) + noise * rng.normal(size=(n, 2 * d))
    c = np.column_stack([np.sqrt(f) * z, np.sqrt(1 - f) * q])
    random = random_holdout(n, 0)
    found = config.fit(s[random.fitted], c[random.fitted], 0).predict(s[random.held])
    goal = c[random.held]
    r2 = 1 - np.sum((found - goal) ** 2) / np.sum((goal - goal.mean(axis=0)) ** 2)
    assert r2 == pytest.approx(f**2 / (f + noise**2), abs=0.03)


def test_a_source_is_a_view_a_text_or_an_array() -> None:
    rng = np.random.default_rng(9)
    items, split = rng.normal(size=(110, 4)), split_for(110)
    target = view("c", items @ rng.normal(size=(4, 3)) + rng.normal(size=(110, 3)))
    shuffled = rng.permutation(110)
    text = TextMatrix(split.item_ids[shuffled], items[shuffled].astype(np.float32), {"model": "tiny"})
    found = [probe(one, target, split, resamples=0) for one in (view("s", items), text, items)]
    assert found[0].values == found[1].values == found[2].values
    assert [one.provenance["source"]["name"] for one in found] == ["s", "tiny", "source"]
    above = [probe(items, target, split, ceiling=one, resamples=0) for one in (target, target.items.copy())]
    assert above[0].values == above[1].values
    assert "ceiling.spearman" in above[0].values
    with pytest.raises(SemcompError, match="source has 109 rows, but the split has 110 items"):
        probe(items[1:], target, split)
    with pytest.raises(SemcompError, match="ceiling has 109 rows"):
        probe(items, target, split, ceiling=items[1:])
    with pytest.raises(SemcompError, match="source has NaN"):
        probe(np.full((110, 2), np.nan), target, split)
    with pytest.raises(SemcompError, match="text matrix has 1 items that the data does not know"):
        probe(TextMatrix(np.append(split.item_ids, "x"), np.zeros((111, 2))), target, split)


def test_users_without_anything_to_find() -> None:
    items, split = np.random.default_rng(10).normal(size=(110, 3)), split_for(110)
    empty = type(split)(split.user_ids, split.item_ids, split.train, split.valid, split.valid.copy(), {})
    evidence = probe(items, View("c", np.ones((40, 3)), items), empty, resamples=0)
    assert "r2_test" in evidence.values
    assert not {"recall_true", "recall_mapped", "list_jaccard"} & set(evidence.values)


def test_some_users_stand_for_all() -> None:
    """Recalls over a draw of users are those users' own; as many as there are changes nothing."""
    split = split_for(120, n_users=40)
    rng = np.random.default_rng(3)
    source, target = view("s", rng.normal(size=(120, 6))), view("t", rng.normal(size=(120, 5)))

    def recall(max_users: int | None) -> Value:
        found = probe(source, target, split, k=5, mask="train", resamples=0, max_users=max_users)
        return found["recall_true"]

    assert recall(10_000) == recall(None)
    assert recall(15).n <= 15 < recall(None).n
    assert recall(15) == recall(15)
    with pytest.raises(SemcompError, match="max_users = 0"):
        recall(0)
