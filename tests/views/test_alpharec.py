"""AlphaRec: the order of mapping and smoothing, and what the graph gives to those without text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.data import split as split_of
from semcomp.errors import SemcompError
from semcomp.kernels.propagation import normalized_adjacency
from semcomp.planted import World
from semcomp.text import embed
from semcomp.views.semantic.alpharec import AlphaRec, ConvolvedText
from semcomp.views.semantic.mlp import MLPProjection, perceptron
from semcomp.views.semantic.projection import SemanticProjection, TextProjection
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import SampledSoftmax, Training

QUICK = Training(loss=SampledSoftmax(negatives=64), epochs=6, batch=512, lr=0.02, every=2, patience=3)


def test_without_layers_the_linear_one_is_the_projection(world):
    """Same start, same inputs, same draws: the same view."""
    found = AlphaRec(8, layers=0, linear=True, training=QUICK).fit(Inputs(*world), seed=3)
    expected = SemanticProjection(8, training=QUICK).fit(Inputs(*world), seed=3)
    np.testing.assert_array_equal(found.users, expected.users)
    np.testing.assert_array_equal(found.items, expected.items)
    assert (found.name, expected.name) == ("AlphaRec, linear", "projection")


def test_without_layers_it_is_the_mlp_projection(world):
    found = AlphaRec(8, hidden=16, layers=0, training=QUICK).fit(Inputs(*world), seed=3)
    expected = MLPProjection(8, hidden=16, training=QUICK).fit(Inputs(*world), seed=3)
    np.testing.assert_allclose(found.users, expected.users, atol=2e-3)  # sums in another order, then Adam
    np.testing.assert_allclose(found.items, expected.items, atol=2e-3)


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_linear_map_may_come_before_or_after_the_propagation(world, layers):
    split, text = world
    first = AlphaRec(8, layers=layers, linear=True).encoder(split, text, 0)
    projection = TextProjection(split, text, 8, 0, bias=False)
    adjacency = normalized_adjacency(split.train)
    last = ConvolvedText(projection.inputs, projection.mapping, adjacency, layers)
    some = torch.tensor([3, 0]), torch.tensor([7, 7, 1])
    for rows in ((), some):
        for one, other in zip(first(*rows), last(*rows), strict=True):
            assert one.shape == other.shape
            np.testing.assert_allclose(one.detach(), other.detach(), atol=2e-6)
    for encoder in (first, last):
        users, items = encoder(*some)
        (users.square().sum() + items.sin().sum()).backward()
    np.testing.assert_allclose(first.mapping.weight.grad, projection.mapping.weight.grad, atol=1e-4)


def test_two_layers_against_a_dense_graph(make_split):
    split = make_split((2, 3), [(0, 0), (0, 1), (1, 1)])
    text = TextMatrix(split.item_ids, np.array([[1.0, 0, 0], [0, 1.0, 0], [0, 0, 1.0]]))
    mapping = perceptron(3, 4, 2, 0, "init.mlp")
    encoder = ConvolvedText(text_inputs(split, text), mapping, normalized_adjacency(split.train), 2)
    root = 0.5**0.5
    half = np.array([[root, 0.5, 0], [0, root, 0]])  # 1 / sqrt(degree of user · degree of item)
    graph = np.block([[np.zeros((2, 2)), half], [half.T, np.zeros((3, 3))]])
    with torch.no_grad():
        nodes = np.vstack([[root, root, 0], [0, 1, 0], np.eye(3)])
        mapped = mapping(torch.tensor(nodes, dtype=torch.float32)).numpy()
        expected = (mapped + graph @ mapped + graph @ graph @ mapped) / 3
        users, items = encoder()
    np.testing.assert_allclose(np.vstack([users, items]), expected, atol=1e-6)
    np.testing.assert_allclose(items[2], mapped[4] / 3, atol=1e-6)  # nobody has it: its own text alone


def test_the_map_gets_the_gradient_of_the_dense_computation(world):
    split, text = world
    adjacency = normalized_adjacency(split.train)
    found = ConvolvedText(text_inputs(split, text), perceptron(8, 5, 4, 0, "init.mlp"), adjacency, 2)
    same = perceptron(8, 5, 4, 0, "init.mlp")
    users, items = torch.tensor([4, 4, 9]), torch.tensor([0, 239, 0, 17])
    sides = found(users, items)
    graph = adjacency.to_dense()
    mapped = same(torch.cat(text_inputs(split, text)()))
    nodes = (mapped + graph @ mapped + graph @ graph @ mapped) / 3
    for one, other in zip(sides, (nodes[users], nodes[200 + items]), strict=True):
        np.testing.assert_allclose(one.detach(), other.detach(), atol=1e-6)
    sum(side.sin().sum() for side in sides).backward()
    (nodes[users].sin().sum() + nodes[200 + items].sin().sum()).backward()
    for one, other in zip(found.mapping.parameters(), same.parameters(), strict=True):
        np.testing.assert_allclose(one.grad, other.grad, atol=1e-5)


def test_the_graph_gives_a_silent_item_the_text_of_its_users(make_split):
    """Item 2 has no text and is had with item 0; item 3 has none and is had with item 1; item 4 by nobody."""
    split = make_split((6, 5), [(u, i) for u in range(6) for i in ((0, 2) if u < 3 else (1, 3))])
    text = TextMatrix(split.item_ids, np.array([[1.0, 0], [0, 1.0], [0, 0], [0, 0], [0, 0]]))
    view = AlphaRec(2, linear=True, layers=2, training=replace(QUICK, epochs=1, lr=1e-9)).fit(
        Inputs(split, text)
    )
    np.testing.assert_allclose(view.items[2], view.items[0], atol=1e-6)
    np.testing.assert_allclose(view.items[3], view.items[1], atol=1e-6)
    np.testing.assert_array_equal(view.items[4], [0, 0])


@pytest.mark.parametrize("linear", [False, True])
def test_a_user_without_items_and_an_item_alone_without_text(make_split, linear):
    split = make_split((4, 5), [(0, 0), (0, 1), (1, 1)], [(0, 2)], [(1, 3)])
    rows = np.random.default_rng(1).normal(size=(5, 3))
    rows[4] = 0
    view = AlphaRec(2, hidden=6, linear=linear, training=QUICK).fit(
        Inputs(split, TextMatrix(split.item_ids, rows))
    )
    assert np.isfinite(view.users).all()
    assert np.isfinite(view.items).all()
    norms = np.linalg.norm(np.vstack([view.users[2:], view.items[4:]]), axis=1)
    np.testing.assert_allclose(norms, 0.0 if linear else 1.0, atol=1e-5)
    np.testing.assert_allclose(view.users[2], view.users[3], atol=1e-6)
    np.testing.assert_allclose(view.users[2], view.items[4], atol=1e-6)  # f(0), or nothing


@pytest.mark.parametrize("linear", [False, True])
def test_the_scale_of_a_text_matters_only_to_the_plain_inputs(world, linear):
    split, text = world
    scale = np.random.default_rng(0).choice([0.25, 1.0, 8.0], size=(len(text.matrix), 1))  # exact in binary
    scaled = TextMatrix(text.item_ids, text.matrix * scale)
    for normalize in (True, False):
        model = AlphaRec(8, hidden=16, linear=linear, normalize=normalize, training=QUICK)
        views = [model.fit(Inputs(split, one), seed=0) for one in (text, scaled)]
        assert np.array_equal(views[0].items, views[1].items) == normalize


def test_plain_inputs_are_rows_and_means_as_they_are(make_split):
    split = make_split((3, 3), [(0, 0), (0, 1), (1, 1)])
    rows = np.array([[3.0, 4.0], [1.0, -2.0], [5.0, 0.0]])
    encoder = AlphaRec(2, normalize=False).encoder(split, TextMatrix(split.item_ids, rows), 0)
    users, items = encoder.inputs()
    np.testing.assert_allclose(users, [[2, 1], [1, -2], [0, 0]])
    np.testing.assert_allclose(items, rows)


def test_the_smoothed_inputs_of_the_linear_one_by_hand(make_split):
    """One user, one item, L = 1: both get the mean of the two, which are alike; an item alone keeps half."""
    split = make_split((1, 2), [(0, 0)])
    text = TextMatrix(split.item_ids, np.array([[0.0, 2.0], [4.0, 0.0]]))
    users, items = AlphaRec(2, layers=1, linear=True).encoder(split, text, 0).inputs()
    np.testing.assert_allclose(users, [[0, 1]])
    np.testing.assert_allclose(items, [[0, 1], [0.5, 0]])


def test_half_precision_products_leave_the_propagation_whole(world):
    view = AlphaRec(8, hidden=16, training=replace(QUICK, precision="bfloat16")).fit(Inputs(*world), seed=0)
    exact = AlphaRec(8, hidden=16, training=QUICK).fit(Inputs(*world), seed=0)
    assert np.isfinite(view.items).all()
    assert (unit_rows(view.items) * unit_rows(exact.items)).sum(axis=1).mean() > 0.9


def test_text_of_the_taste_helps_the_graph(world):
    """Ranks the planted world's validation part far above its own shuffled text."""
    split, text = world
    shuffled = TextMatrix(text.item_ids, text.matrix[np.random.default_rng(0).permutation(len(text.matrix))])
    training = replace(QUICK, epochs=10)
    reached = [
        AlphaRec(8, hidden=32, training=training).fit(Inputs(split, one)).provenance["training"]["valid_ndcg"]
        for one in (text, shuffled)
    ]
    assert reached[0] > 1.3 * reached[1]


@pytest.mark.parametrize("encoder", ["own", "tfidf"])
@pytest.mark.parametrize("linear", [False, True])
def test_any_encoder_will_do(encoder, linear):
    data = World(users=60, items=50, dim=4).dataset()
    split, text = split_of(data, seed=0), embed(data, encoder)
    view = AlphaRec(8, hidden=16, linear=linear, training=QUICK).fit(Inputs(split, text), seed=0)
    assert view.shape == (split.n_users, split.n_items)
    assert view.provenance["text"] == dict(text.provenance)
    assert np.isfinite(view.scores(np.arange(60))).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"dim": 0}, "AlphaRec needs dim >= 1 and layers >= 0, not dim=0, layers=2"),
        ({"layers": -1}, "AlphaRec needs dim >= 1 and layers >= 0, not dim=64, layers=-1"),
        ({"hidden": 0}, "AlphaRec option hidden = 0; it must be above zero"),
        ({"hidden": 0.5}, "AlphaRec option hidden = 0.5; it must be a whole number"),
        ({"linear": "no"}, "AlphaRec option linear = 'no'; it must be True or False"),
        ({"normalize": 1}, "AlphaRec option normalize = 1; it must be True or False"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(SemcompError) as error:
        AlphaRec(**options)
    assert str(error.value) == message
