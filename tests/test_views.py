"""What every view promises, and what sets each of them apart.

A view joins the conformance tests by one line in `CASES`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, unit_rows
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views import (
    AlignedLightGCN,
    CombSum,
    FusionControl,
    LightGCN,
    NormConcatNorm,
    Popularity,
    RawText,
    SemanticProjection,
    Training,
)
from semcomp.views.joint.aligned import TextAlignment
from semcomp.views.training import validation_ndcg

QUICK = Training(epochs=6, batch=512, lr=0.02, negatives=64, every=2, patience=3)
HARD = replace(QUICK, hard_pool=2, weight_decay=1e-4)


@dataclass(frozen=True)
class Case:
    """How to fit a view, its width, and what may be expected of it."""

    name: str
    fit: Callable[[Split, TextMatrix, int], View]
    width: Callable[[TextMatrix], int]
    trained: bool = True
    unit: bool = True  # rows have unit norm, or none


def late(split: Split, text: TextMatrix, seed: int) -> View:
    return CombSum(weight=0.5).fit(split, RawText().fit(split, text), Popularity().fit(split))


CASES = [
    Case("Popularity", lambda s, t, seed: Popularity().fit(s, seed=seed), lambda t: 1, False, False),
    Case("RawText", lambda s, t, seed: RawText().fit(s, t, seed=seed), lambda t: t.matrix.shape[1], False),
    Case("CombSum", late, lambda t: t.matrix.shape[1] + 1, False, False),
    Case("LightGCN", lambda s, t, seed: LightGCN(8, training=QUICK).fit(s, seed=seed), lambda t: 8),
    Case("FusionControl", lambda s, t, seed: FusionControl(8, training=HARD).fit(s, seed=seed), lambda t: 8),
    Case(
        "SemanticProjection",
        lambda s, t, seed: SemanticProjection(8, training=QUICK).fit(s, t, seed=seed),
        lambda t: 8,
    ),
    Case(
        "AlignedLightGCN",
        lambda s, t, seed: AlignedLightGCN(8, weight=0.3, training=QUICK).fit(s, t, seed=seed),
        lambda t: 8,
    ),
    Case(
        "NormConcatNorm",
        lambda s, t, seed: NormConcatNorm(8, training=HARD).fit(s, t, seed=seed),
        lambda t: 8,
    ),
]
TRAINED = [case for case in CASES if case.trained]
READS_TEXT = [case for case in CASES if case.name not in ("Popularity", "LightGCN", "FusionControl")]
every_view = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
every_trained_view = pytest.mark.parametrize("case", TRAINED, ids=lambda case: case.name)

Fitted = Callable[..., View]


@pytest.fixture(scope="module")
def fitted(world: tuple[Split, TextMatrix]) -> Fitted:
    """fitted(case, seed=0): the view on the small world, trained once for all tests."""
    made: dict[tuple[str, int], View] = {}

    def get(case: Case, seed: int = 0) -> View:
        if (case.name, seed) not in made:
            made[case.name, seed] = case.fit(*world, seed)
        return made[case.name, seed]

    return get


def case_of(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def bytes_of(view: View) -> tuple[bytes, bytes]:
    return view.users.tobytes(), view.items.tobytes()


# conformance


@every_view
def test_one_finite_float32_row_for_each_user_and_item(case, fitted, world):
    split, text = world
    view = fitted(case)
    assert view.shape == (split.n_users, split.n_items) == (200, 240)
    assert view.users.shape[1] == view.items.shape[1] == view.dim == case.width(text)
    for side in (view.users, view.items):
        assert side.dtype == np.float32
        assert np.isfinite(side).all()
        with pytest.raises(ValueError, match="read-only"):
            side[0, 0] = 1.0
        if case.unit:
            norms = np.linalg.norm(side, axis=1)
            assert np.all((np.abs(norms - 1) < 1e-5) | (norms == 0))


@every_view
def test_the_score_is_the_inner_product(case, fitted):
    view = fitted(case)
    rows = np.array([5, 0, 199])
    expected = view.users[rows].astype(np.float64) @ view.items.astype(np.float64).T
    scores = view.scores(rows)
    assert scores.shape == (3, 240)
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())


@every_view
def test_the_same_seed_gives_the_same_bytes(case, fitted, world):
    again = case.fit(*world, 0)
    assert bytes_of(again) == bytes_of(fitted(case))
    assert again.provenance == fitted(case).provenance


@every_trained_view
def test_another_seed_gives_other_bytes(case, fitted):
    one, other = fitted(case), fitted(case, 1)
    assert not np.array_equal(one.users, other.users)
    assert not np.array_equal(one.items, other.items)


@every_view
def test_nothing_global_is_seeded_or_drawn_from(case, world, fitted):
    before = torch.get_rng_state(), np.random.get_state()[1].tolist()  # noqa: NPY002
    view = case.fit(*world, 0)
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.random.get_state()[1].tolist() == before[1]  # noqa: NPY002
    torch.manual_seed(99)
    assert bytes_of(view) == bytes_of(fitted(case))


@every_view
def test_provenance_is_plain_and_names_what_was_done(case, fitted, world):
    made = dict(fitted(case).provenance)
    assert json.loads(json.dumps(made, allow_nan=False)) == made
    assert made["model"] == case.name
    if case.name != "CombSum":  # which names the views it is made of
        assert made["split"] == world[0].fingerprint
    if case.trained:
        assert made["seed"] == 0
        assert made["config"]["dim"] == 8
        assert made["config"]["training"]["epochs"] == 6
        assert {"best_epoch", "valid_ndcg", "curve"} <= set(made["training"])
    if case in READS_TEXT and case.name != "CombSum":
        assert made["text"]["sha256"] == world[1].provenance["sha256"]


@every_trained_view
def test_trained_views_beat_chance_and_the_popular_list(case, fitted, world):
    split, _ = world
    recall = {
        name: per_user(rank(view, split, 20), split.test, 20)["recall"].mean()
        for name, view in (("own", fitted(case)), ("popular", fitted(case_of("Popularity"))))
    }
    assert recall["own"] > 3 * 20 / split.n_items
    assert recall["own"] > 1.5 * recall["popular"]


@every_view
def test_users_and_items_without_a_train_pair_keep_finite_rows(case, make_split):
    """User 2 and item 3 are in no train pair, item 4 is in no part at all, and item 1 has an empty text."""
    split = make_split((3, 5), [(0, 0), (0, 1), (1, 1), (1, 2)], [(0, 2)], [(1, 0), (2, 3)])
    rows = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)
    rows[1] = 0
    view = case.fit(split, TextMatrix(split.item_ids, rows), 0)
    assert view.shape == (3, 5)
    assert np.isfinite(view.users).all()
    assert np.isfinite(view.items).all()
    ids = rank(view, split, 5).ids
    assert sorted(ids[2].tolist()) == [0, 1, 2, 3, 4]  # nothing seen: everything is a candidate


@every_view
@pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1)], ids=str)
def test_tiny_data_works(case, shape, make_split):
    split = make_split(shape, [(user, 0) for user in range(shape[0])])
    text = TextMatrix(split.item_ids, np.eye(shape[1], 4, dtype=np.float32) + 1)
    view = case.fit(split, text, 0)
    assert view.shape == shape
    assert np.isfinite(view.scores(np.arange(shape[0]))).all()


@pytest.mark.parametrize("case", READS_TEXT, ids=lambda case: case.name)
def test_text_rows_are_joined_by_id(case, world, fitted):
    split, text = world
    order = np.random.default_rng(4).permutation(len(text.item_ids))
    turned = TextMatrix(text.item_ids[order], text.matrix[order], text.provenance)
    assert bytes_of(case.fit(split, turned, 0)) == bytes_of(fitted(case))


@pytest.mark.parametrize("case", READS_TEXT, ids=lambda case: case.name)
def test_a_text_that_lacks_an_item_is_refused(case, world):
    split, text = world
    short = TextMatrix(text.item_ids[1:], text.matrix[1:], text.provenance)
    with pytest.raises(SemcompError, match=f"lacks 1 items, e.g. '{text.item_ids[0]}'"):
        case.fit(split, short, 0)


# training


@every_trained_view
def test_the_best_epoch_is_the_one_returned(case, fitted, world):
    view = fitted(case)
    history = view.provenance["training"]
    curve = {point["epoch"]: point["valid_ndcg"] for point in history["curve"]}
    assert history["best_epoch"] in curve
    assert history["valid_ndcg"] == curve[history["best_epoch"]] == max(curve.values())
    assert validation_ndcg(view, world[0]) == pytest.approx(history["valid_ndcg"], abs=1e-12)


def test_selection_is_by_ndcg_on_validation_with_the_train_items_masked(make_split):
    """User 0 finds item 2 behind item 3, after its train items 0 and 1; user 1 finds item 3 first."""
    split = make_split((2, 5), [(0, 0), (0, 1), (1, 0)], [(0, 2), (1, 3)], [(0, 3), (1, 4)])
    view = View("v", [[1, 0], [0, 1]], [[9, 9], [8, 0], [6, 0], [7, 5], [0, 4]])
    assert validation_ndcg(view, split) == pytest.approx((1 / np.log2(3) + 1) / 2)


def test_hard_negatives_are_chosen_from_a_larger_pool(world):
    """With all 240 items drawn: 120 of 120 × 2 leave out the easy half, 240 of 240 × 1 or × 2 none."""
    split, _ = world
    fits = {
        (negatives, hard_pool): LightGCN(
            4, training=replace(QUICK, epochs=2, negatives=negatives, hard_pool=hard_pool)
        ).fit(split)
        for negatives, hard_pool in ((120, 2), (240, 1), (240, 2))
    }
    assert bytes_of(fits[240, 1]) == bytes_of(fits[240, 2]) != bytes_of(fits[120, 2])
    losses = {key: view.provenance["training"]["curve"][0]["loss"] for key, view in fits.items()}
    assert losses[120, 2] < losses[240, 1]  # fewer terms in the denominator


def test_early_stopping_keeps_vectors_that_later_epochs_spoilt(world):
    """A step size this large learns at first and then circles: the best epoch is not the last one run."""
    split, text = world
    training = Training(epochs=60, batch=512, lr=0.08, negatives=64, every=1, patience=3)
    view = SemanticProjection(4, training=training).fit(split, text, seed=0)
    history = view.provenance["training"]
    curve = {point["epoch"]: point["valid_ndcg"] for point in history["curve"]}
    assert max(curve) < 60
    assert max(curve) - history["best_epoch"] == 3  # patience × every epochs without gain, then stop
    assert curve[max(curve)] < history["valid_ndcg"] == max(curve.values())
    assert validation_ndcg(view, split) == pytest.approx(history["valid_ndcg"], abs=1e-12)
    stopped = replace(training, epochs=history["best_epoch"])
    assert bytes_of(SemanticProjection(4, training=stopped).fit(split, text, seed=0)) == bytes_of(view)


def test_without_a_validation_part_the_last_epoch_counts(world):
    split, _ = world
    blind = replace(split, valid=split.history("none"))
    view = LightGCN(8, training=QUICK).fit(blind, seed=0)
    assert view.provenance["training"]["best_epoch"] == QUICK.epochs
    fewer = LightGCN(8, training=replace(QUICK, epochs=5)).fit(blind, seed=0)
    assert fewer.provenance["training"]["best_epoch"] == 5
    assert bytes_of(fewer) != bytes_of(view)


@every_trained_view
def test_the_test_part_plays_no_part_in_training(case, fitted, world):
    split, text = world
    other = replace(split, test=split.history("none"))
    assert bytes_of(case.fit(other, text, 0)) == bytes_of(fitted(case))


def test_a_run_that_diverges_says_so(world):
    with pytest.raises(SemcompError, match=r"^LightGCN diverged.*lower the learning rate, now 1e\+39$"):
        LightGCN(4, training=replace(QUICK, lr=1e39)).fit(world[0])


# what sets each apart


def test_popularity_ranks_by_train_count_ties_by_row(make_split):
    split = make_split((3, 4), [(0, 1), (1, 1), (2, 1), (0, 3), (1, 2)], [(1, 3)], [(2, 2)])
    view = Popularity().fit(split)
    np.testing.assert_array_equal(view.items[:, 0], [0, 3, 1, 1])
    np.testing.assert_array_equal(rank(view, split, 4, mask="none").ids, [[1, 2, 3, 0]] * 3)
    np.testing.assert_array_equal(rank(view, split, 4).ids, [[2, 0, -1, -1], [0, -1, -1, -1], [2, 3, 0, -1]])


def test_raw_text_by_hand(make_split):
    """Items (3, 4) and (0, 5) have unit rows (.6, .8) and (0, 1); their mean points to (.6, 1.8) = √3.6 n."""
    split = make_split((3, 3), [(0, 0), (0, 1), (1, 2)], (), [(1, 0)])
    text = TextMatrix(split.item_ids, np.array([[3, 4], [0, 5], [-2, 0]], dtype=np.float32))
    view = RawText().fit(split, text)
    np.testing.assert_allclose(view.items, [[0.6, 0.8], [0, 1], [-1, 0]], rtol=1e-6)
    np.testing.assert_allclose(view.users, [np.array([0.6, 1.8]) / np.sqrt(3.6), [-1, 0], [0, 0]], rtol=1e-6)
    stretched = TextMatrix(split.item_ids, text.matrix * np.array([[1], [64], [1]], dtype=np.float32))
    np.testing.assert_allclose(RawText().fit(split, stretched).users, view.users, rtol=1e-6)


def test_the_projection_sends_users_and_items_through_one_map(fitted, world):
    """With W solved from the items alone (up to each row's length), the users come out as well."""
    split, text = world
    view, raw = fitted(case_of("SemanticProjection")), RawText().fit(split, text)
    # every row obeys (I - v v^T) W x = 0, which is linear in W: its null space is W up to a factor
    x, v = raw.items[:60].astype(np.float64), view.items[:60].astype(np.float64)
    normal = np.einsum("nij,nd->nijd", np.eye(8) - v[:, :, None] * v[:, None, :], x).reshape(
        -1, 8 * x.shape[1]
    )
    _, values, directions = np.linalg.svd(normal, full_matrices=False)
    assert values[-1] < 1e-3 * values[-2]
    weight = directions[-1].reshape(8, -1)
    mapped = unit_rows((raw.users @ weight.T).astype(np.float32))
    mapped *= np.sign((mapped * view.users).sum())
    np.testing.assert_allclose(mapped, view.users, atol=1e-3)


def test_a_projection_knows_no_offset(make_split):
    """No bias: a user without train items has no text, and so no vector."""
    split = make_split((2, 3), [(0, 0), (0, 1)], (), [(1, 2)])
    view = SemanticProjection(2, training=QUICK).fit(split, TextMatrix(split.item_ids, np.eye(3)))
    assert not view.users[1].any()
    assert view.users[0].any()


def test_fusion_scores_are_the_mean_of_the_cosines_of_its_halves(fitted):
    view = fitted(case_of("NormConcatNorm"))
    halves = [
        (unit_rows(view.users[:, part]), unit_rows(view.items[:, part]))
        for part in (slice(0, 4), slice(4, 8))
    ]
    cosines = [users @ items.T for users, items in halves]
    np.testing.assert_allclose(view.scores(np.arange(200)), (cosines[0] + cosines[1]) / 2, atol=1e-6)
    for part in (slice(0, 4), slice(4, 8)):  # neither half outweighs the other
        np.testing.assert_allclose(np.linalg.norm(view.items[:, part], axis=1), np.sqrt(0.5), rtol=1e-5)


def test_the_semantic_half_of_the_fusion_is_a_function_of_the_text(world):
    """Items with one text share it, whatever their interactions; the collaborative half tells them apart."""
    split, text = world
    matrix = text.matrix.copy()
    matrix[7] = matrix[90]
    view = NormConcatNorm(8, training=HARD).fit(split, TextMatrix(text.item_ids, matrix), seed=0)
    np.testing.assert_allclose(view.items[7, 4:], view.items[90, 4:], atol=1e-6)
    assert np.abs(view.items[7, :4] - view.items[90, :4]).max() > 1e-2


def test_alignment_of_weight_zero_is_lightgcn_to_the_byte(fitted, world):
    plain = fitted(case_of("LightGCN"))
    unaligned = AlignedLightGCN(8, weight=0.0, training=QUICK).fit(*world, seed=0)
    assert bytes_of(unaligned) == bytes_of(plain)
    assert unaligned.provenance["training"] == plain.provenance["training"]
    assert bytes_of(fitted(case_of("AlignedLightGCN"))) != bytes_of(plain)


def test_the_alignment_term_by_definition(world):
    """With every row a negative: half the cross-entropies of finding one's own text, users and items."""
    split, text = world
    training = replace(QUICK, negatives=1000, temperature=0.3)
    term = TextAlignment(split, text, 8, 0.7, training, seed=0)
    draw = torch.Generator().manual_seed(0)
    rows = torch.tensor([3, 0, 199, 3]), torch.tensor([239, 5, 5, 17])
    vectors = tuple(torch.nn.functional.normalize(torch.randn(4, 8, generator=draw)) for _ in rows)
    raw = RawText().fit(split, text)
    losses = [
        torch.nn.functional.cross_entropy(anchors @ term.mapped(torch.tensor(texts)).T / 0.3, own)
        for own, anchors, texts in zip(rows, vectors, (raw.users, raw.items), strict=True)
    ]
    torch.testing.assert_close(term(rows, vectors), 0.7 * (losses[0] + losses[1]) / 2)


def test_alignment_makes_neighbourhoods_like_those_of_the_text(world):
    split, text = world
    near_text = unit_rows(text.matrix) @ unit_rows(text.matrix).T
    likeness = []
    for weight in (0.0, 5.0):
        view = AlignedLightGCN(8, weight=weight, training=QUICK).fit(split, text, seed=0)
        likeness.append(np.corrcoef((view.items @ view.items.T).ravel(), near_text.ravel())[0, 1])
    assert likeness[1] > likeness[0] + 0.05


def test_the_fusions_control_is_the_fusion_without_text():
    """Same loss, negatives, width, depth; and no argument by which a text could come in."""
    fusion, control = NormConcatNorm(), FusionControl()
    assert (fusion.dim, fusion.layers, fusion.training) == (control.dim, control.layers, control.training)
    with pytest.raises(TypeError):
        control.fit(None, None, seed=0)


def test_the_fusions_control_is_lightgcn_but_for_its_training(fitted, world):
    same = LightGCN(8, training=HARD).fit(world[0], seed=0)
    assert bytes_of(same) == bytes_of(fitted(case_of("FusionControl")))


def test_a_user_without_train_items_stays_at_its_random_start(make_split):
    split = make_split((3, 4), [(0, 0), (0, 1), (1, 1)], (), [(2, 2)])
    start, end = (
        LightGCN(4, training=replace(QUICK, epochs=epochs, lr=lr)).fit(split, seed=3)
        for epochs, lr in ((1, 1e-9), (6, 0.02))
    )
    np.testing.assert_allclose(end.users[2], start.users[2], atol=1e-6)
    assert np.abs(end.users[0] - start.users[0]).max() > 1e-3
    assert np.abs(end.items[3] - start.items[3]).max() > 1e-3  # an item without a pair is still a negative


@pytest.mark.parametrize("option", list(vars(Training())))
@pytest.mark.parametrize("value", [-1, float("nan"), "3", None, True])
def test_training_options_are_checked(option, value):
    with pytest.raises(SemcompError, match=rf"^training option {option} = '?{value}'?; it must (not )?be"):
        Training(**{option: value})
