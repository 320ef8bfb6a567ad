"""The projection with a hidden layer: the linear one within it, and what it shares with it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import split as split_of
from semcomp.errors import SemcompError
from semcomp.planted import World
from semcomp.text import embed
from semcomp.views.semantic.mlp import MLPProjection, perceptron
from semcomp.views.semantic.projection import MappedText, SemanticProjection, TextProjection
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import SampledSoftmax, Training

QUICK = Training(loss=SampledSoftmax(negatives=64), epochs=6, batch=512, lr=0.02, every=2, patience=3)


def test_with_a_hidden_layer_that_cancels_itself_it_is_the_linear_projection(world):
    """φ(t) - φ(-t) = 1.01 t: W₁ = [I; -I], W₂ = [W, -W] / 1.01 and no biases give W."""
    split, text = world
    wide = text.matrix.shape[1]
    mapping = perceptron(wide, 2 * wide, 8, 0, "init.mlp")
    linear = TextProjection(split, text, 8, 0, bias=False)
    inner, _, outer = mapping
    with torch.no_grad():
        inner.weight.copy_(torch.cat([torch.eye(wide), -torch.eye(wide)]))
        weight = linear.mapping.weight / 1.01
        outer.weight.copy_(torch.cat([weight, -weight], dim=1))
        inner.bias.zero_()
        outer.bias.zero_()
        made = zip(MappedText(text_inputs(split, text), mapping)(), linear(), strict=True)
        for found, expected in made:
            np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_map_by_hand():
    mapping = perceptron(2, 2, 1, 0, "init.mlp")
    with torch.no_grad():
        for layer, weight, bias in (
            (mapping[0], [[1.0, 0.0], [0.0, 1.0]], [0.0, -1.0]),
            (mapping[2], [[2.0, 5.0]], [0.5]),
        ):
            layer.weight.copy_(torch.tensor(weight))
            layer.bias.copy_(torch.tensor(bias))
        # inside (3, 1): 6 + 5 + .5; inside (-1, -1): -.02 - .05 + .5
        found = mapping(torch.tensor([[3.0, 2.0], [-1.0, 0.0]]))
    np.testing.assert_allclose(found, [[11.5], [0.43]], rtol=1e-6)


def test_the_start_is_that_of_its_seed_and_of_no_global_one():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    one = nn.utils.parameters_to_vector(perceptron(5, 4, 3, 0, "init.mlp").parameters())
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    same = nn.utils.parameters_to_vector(perceptron(5, 4, 3, 0, "init.mlp").parameters())
    other = nn.utils.parameters_to_vector(perceptron(5, 4, 3, 1, "init.mlp").parameters())
    assert torch.equal(one, same)
    assert (one != other).all()


def test_a_hidden_layer_learns_what_no_line_can(make_split):
    """Who has texts near x likes those near -x: a linear map keeps the two opposite, whatever it is."""
    angles = np.arange(48) % 12 * 0.02 + np.repeat([0, np.pi, np.pi / 2, -np.pi / 2], 12)
    text = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # items in four bundles, opposite two by two
    draw = np.random.default_rng(0)
    train, valid = [], []
    for user in range(60):
        bundle = user % 4
        own, opposite = draw.permutation(12) + 12 * bundle, draw.permutation(12) + 12 * (bundle ^ 1)
        train += [(user, item) for item in (*own[:6], opposite[0])]
        valid += [(user, item) for item in opposite[1:4]]
    split = make_split((60, 48), train, valid)
    training = replace(QUICK, epochs=20, patience=30, batch=128, lr=0.05, every=10)
    curved, straight = (
        model.fit(Inputs(split, TextMatrix(split.item_ids, text))).provenance["training"]["valid_ndcg"]
        for model in (
            MLPProjection(4, hidden=32, training=training),
            SemanticProjection(4, training=training),
        )
    )
    assert curved > 0.2
    assert straight < 0.05


@pytest.mark.parametrize("leave_out", [False, True])
def test_empty_texts_share_a_vector_and_so_do_users_without_items(make_split, leave_out):
    split = make_split((4, 6), [(0, 0), (0, 1), (0, 2), (1, 1), (1, 4)], [(0, 3)], [(1, 5)])
    rows = np.random.default_rng(1).normal(size=(6, 3))
    rows[[2, 4]] = 0
    view = MLPProjection(2, hidden=5, leave_out=leave_out, training=QUICK).fit(
        Inputs(split, TextMatrix(split.item_ids, rows))
    )
    for vectors in (view.items[[2, 4]], view.users[[2, 3]], [view.items[2], view.users[2]]):
        np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-6)
        assert np.linalg.norm(vectors[0]) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(view.users).all()


def test_an_empty_text_has_a_bounded_gradient_from_the_start(make_split):
    split = make_split((2, 4), [(0, 0), (0, 1), (1, 2)])
    text = TextMatrix(split.item_ids, np.vstack([np.zeros((1, 3)), np.eye(3)]))
    encoder = MappedText(text_inputs(split, text), perceptron(3, 4, 2, 0, "init.mlp"))
    users, items = map(nn.functional.normalize, encoder(torch.tensor([0, 1]), torch.arange(4)))
    (users @ items.T).logsumexp(dim=1).mean().backward()
    assert all(0 < part.grad.abs().max() < 100 for part in encoder.parameters())


def test_the_scale_of_an_items_text_plays_no_part(world):
    split, text = world
    scale = np.random.default_rng(0).choice([0.25, 1.0, 8.0], size=(len(text.matrix), 1))  # exact in binary
    model = MLPProjection(8, hidden=16, training=QUICK)
    view, scaled = (
        model.fit(Inputs(split, one), seed=0)
        for one in (text, TextMatrix(text.item_ids, text.matrix * scale))
    )
    np.testing.assert_array_equal(scaled.items, view.items)
    np.testing.assert_array_equal(scaled.users, view.users)


def test_names_tell_the_versions_apart(world):
    kept, left = (
        MLPProjection(8, 16, flag, training=replace(QUICK, epochs=1)).fit(Inputs(*world))
        for flag in (False, True)
    )
    assert (kept.name, left.name) == ("MLP projection", "MLP projection (leave-one-out)")
    assert np.abs(kept.items - left.items).max() > 1e-4


@pytest.mark.parametrize("encoder", ["own", "tfidf"])
def test_any_encoder_will_do(encoder):
    data = World(users=60, items=50, dim=4).dataset()
    split, text = split_of(data, seed=0), embed(data, encoder)
    view = MLPProjection(8, hidden=16, training=QUICK).fit(Inputs(split, text), seed=0)
    assert view.shape == (split.n_users, split.n_items)
    assert view.provenance["text"] == dict(text.provenance)
    assert np.isfinite(view.scores(np.arange(60))).all()


@pytest.mark.parametrize("option", ["dim", "hidden", "leave_out"])
@pytest.mark.parametrize("value", [0, -1, 2.5, "8", None])
def test_options_are_checked(option, value):
    with pytest.raises(SemcompError, match=rf"^MLPProjection option {option} = '?{value}'?; it must be"):
        MLPProjection(**{option: value})
