"""The linear projection of text: what it computes, and the positive excluded from its user's mean."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.data import split as split_of
from semcomp.errors import SemcompError
from semcomp.planted import World
from semcomp.text import embed
from semcomp.views.joint.fusion import NormConcatNorm
from semcomp.views.semantic.projection import SemanticProjection, TextProjection, linear_map
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import BPR, Drawn, SampledSoftmax, Training

QUICK = Training(loss=SampledSoftmax(negatives=64), epochs=6, batch=512, lr=0.02, every=2, patience=3)
ROWS = np.array([[3.0, 4.0], [0.0, 2.0], [1.0, 0.0]], dtype=np.float32)  # unit: (.6, .8), (0, 1), (1, 0)


@pytest.fixture
def small(make_split):
    """User 0 has all three items, user 1 the second alone, user 2 none."""
    split = make_split((3, 3), [(0, 0), (0, 1), (0, 2), (1, 1)])
    return split, TextMatrix(split.item_ids, ROWS)


def test_inputs_are_unit_text_and_unit_means_of_it(small):
    users, items = text_inputs(*small)()
    np.testing.assert_allclose(items, [[0.6, 0.8], [0, 1], [1, 0]], rtol=1e-6)
    whole = np.array([1.6, 1.8]) / np.hypot(1.6, 1.8)
    np.testing.assert_allclose(users, [whole, [0, 1], [0, 0]], rtol=1e-6)


def test_the_positive_is_left_out_of_its_users_mean_by_hand(small):
    inputs = text_inputs(*small, leave_out=True).train()
    pairs = torch.tensor([0, 0, 0, 1]), torch.tensor([0, 1, 2, 1])
    users, items = inputs(pairs[0], torch.cat([pairs[1], torch.tensor([2, 0])]))  # two drawn items follow
    root = np.sqrt(0.5)
    by_hand = [
        [root, root],
        np.array([1.6, 0.8]) / np.hypot(1.6, 0.8),
        [0.6, 1.8] / np.hypot(0.6, 1.8),
        [0, 0],
    ]
    np.testing.assert_allclose(users, by_hand, atol=1e-6)
    np.testing.assert_array_equal(users[3], [0, 0])  # to the bit: its norm would be divided by otherwise
    np.testing.assert_allclose(items, unit_rows(ROWS)[[0, 1, 2, 1, 2, 0]])


def test_everybodys_mean_is_whole_to_rank_with(small):
    plain, left = text_inputs(*small), text_inputs(*small, leave_out=True)
    some = torch.tensor([1, 0]), torch.tensor([2, 0])
    for rows in ((), some):
        for one, other in zip(plain(*rows), left.eval()(*rows), strict=True):
            np.testing.assert_allclose(other, one, rtol=1e-6)
    assert not np.allclose(plain(*some)[0], left.train()(*some)[0])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 12))
def test_leaving_out_is_pooling_a_history_without_the_pair(make_split, seed, n_items):
    """For every train pair of a random split, as if the pair had never been there."""
    draw = np.random.default_rng(seed)
    pairs = np.argwhere(draw.random((5, n_items)) < 0.4)
    always = (5, 0)  # of a sixth user: no train part is empty
    split = make_split((6, n_items), [*map(tuple, pairs), always])
    text = TextMatrix(split.item_ids, draw.normal(size=(n_items, 4)))
    users, _ = text_inputs(split, text, leave_out=True)(*torch.from_numpy(pairs.T.copy()))
    for (user, item), row in zip(pairs, users.numpy(), strict=True):
        rest = [tuple(pair) for pair in pairs if tuple(pair) != (user, item)]
        without, _ = text_inputs(make_split((6, n_items), [*rest, always]), text)()
        np.testing.assert_allclose(row, without[user], atol=2e-5)


def test_a_user_with_the_positive_alone_sends_no_gradient(small):
    encoder = TextProjection(*small, 2, 0, bias=False, leave_out=True).train()
    loss = SampledSoftmax(negatives=3)
    for users, items, moved in (([1], [1], False), ([0], [1], True)):
        rows, wanted = torch.tensor(users), torch.tensor([*items, 0, 2])
        anchors, others = map(F.normalize, encoder(rows, wanted))
        encoder.zero_grad()
        loss(anchors, others[:1], others[1:], Drawn(wanted[1:])).backward()
        assert bool(encoder.mapping.weight.grad.abs().max() > 1e-3) == moved


def test_the_two_versions_train_apart_under_names_of_their_own(world):
    kept, left = (
        SemanticProjection(8, leave_out=flag, training=QUICK).fit(Inputs(*world), seed=0)
        for flag in (False, True)
    )
    assert (kept.name, left.name) == ("projection", "projection (leave-one-out)")
    assert left.provenance["config"]["leave_out"] is True
    assert np.abs(kept.items - left.items).max() > 1e-3


def test_users_with_one_item_each_leave_the_map_at_its_start(make_split):
    """Without the positive nothing remains: nothing can be learned, and nothing is."""
    split = make_split((4, 4), [(user, user) for user in range(4)])
    text = TextMatrix(split.item_ids, np.random.default_rng(0).normal(size=(4, 3)))
    made = {
        flag: SemanticProjection(2, leave_out=flag, training=replace(QUICK, batch=2)).fit(Inputs(split, text))
        for flag in (False, True)
    }
    weight = linear_map(3, 2, 0, "init.projection", bias=False).weight.detach().numpy()
    start = unit_rows(unit_rows(text.matrix) @ weight.T)
    np.testing.assert_allclose(made[True].items, start, atol=1e-6)
    assert np.abs(made[False].items - start).max() > 1e-2


@pytest.mark.parametrize("leave_out", [False, True])
def test_the_scale_of_an_items_text_plays_no_part(world, leave_out):
    split, text = world
    scale = np.random.default_rng(0).choice([0.25, 1.0, 8.0], size=(len(text.matrix), 1))  # exact in binary
    model = SemanticProjection(8, leave_out=leave_out, training=QUICK)
    view, scaled = (
        model.fit(Inputs(split, one), seed=0)
        for one in (text, TextMatrix(text.item_ids, text.matrix * scale))
    )
    np.testing.assert_array_equal(scaled.items, view.items)
    np.testing.assert_array_equal(scaled.users, view.users)


@pytest.mark.parametrize("leave_out", [False, True])
@pytest.mark.parametrize("loss", [SampledSoftmax(negatives=8), BPR()])
def test_an_empty_text_and_a_user_without_items_are_rows_of_zeros(make_split, leave_out, loss):
    split = make_split((4, 5), [(0, 0), (0, 1), (1, 1), (1, 2), (2, 2)], [(0, 3)], [(1, 4)])
    rows = np.random.default_rng(1).normal(size=(5, 3))
    rows[2] = 0
    view = SemanticProjection(2, leave_out=leave_out, training=replace(QUICK, loss=loss)).fit(
        Inputs(split, TextMatrix(split.item_ids, rows))
    )
    assert np.isfinite(view.users).all()
    zero = (~view.users.any(axis=1)).nonzero()[0], (~view.items.any(axis=1)).nonzero()[0]
    np.testing.assert_array_equal(zero[0], [2, 3])  # user 2 has the silent item alone, user 3 none
    np.testing.assert_array_equal(zero[1], [2])
    without = make_split((4, 5), [(0, 0), (0, 1), (1, 1), (2, 2)], [(0, 3)], [(1, 4)])
    np.testing.assert_allclose(  # the silent item keeps no trace in its users
        text_inputs(split, TextMatrix(split.item_ids, rows)).users,
        text_inputs(without, TextMatrix(split.item_ids, rows)).users,
        atol=1e-7,
    )


def test_a_bias_does_not_start_where_empty_texts_have_no_bounded_gradient(make_split):
    """n(b) of a zero row at b = 0 has gradients of 1e9 and more; away from it, of the size of all others."""
    split = make_split((2, 4), [(0, 0), (0, 1), (1, 2)])
    text = TextMatrix(split.item_ids, np.vstack([np.zeros((1, 3)), np.eye(3)]))
    encoder = TextProjection(split, text, 2, 0, bias=True)
    users, items = map(F.normalize, encoder(torch.tensor([0, 1]), torch.arange(4)))
    (users @ items.T).logsumexp(dim=1).mean().backward()
    assert 0 < encoder.mapping.bias.grad.abs().max() < 10
    assert encoder.mapping.bias.abs().max() <= 3**-0.5


def test_a_fusion_may_read_text_with_empty_rows(world):
    split, text = world
    rows = text.matrix.copy()
    rows[:20] = 0
    view = NormConcatNorm(8, training=QUICK).fit(Inputs(split, TextMatrix(text.item_ids, rows)))
    halves = view.items[:20, 4:]
    np.testing.assert_allclose(np.linalg.norm(halves, axis=1), 0.5**0.5, rtol=1e-4)
    np.testing.assert_allclose(halves, np.broadcast_to(halves[0], halves.shape), atol=1e-6)


@pytest.mark.parametrize("encoder", ["own", "tfidf"])
@pytest.mark.parametrize("leave_out", [False, True])
def test_any_encoder_will_do(encoder, leave_out):
    data = World(users=60, items=50, dim=4).dataset()
    split, text = split_of(data, seed=0), embed(data, encoder)
    view = SemanticProjection(8, leave_out=leave_out, training=QUICK).fit(Inputs(split, text), seed=0)
    assert view.shape == (split.n_users, split.n_items)
    assert view.provenance["text"] == dict(text.provenance)
    assert np.isfinite(view.scores(np.arange(60))).all()


@pytest.mark.parametrize("value", [None, 1, "no"])
def test_leaving_out_is_yes_or_no(value):
    with pytest.raises(
        SemcompError, match=r"^SemanticProjection option leave_out = .*; it must be True or False"
    ):
        SemanticProjection(leave_out=value)
