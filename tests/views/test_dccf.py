"""DCCF: weights of edges by hand, channels against dense matrices, the contrast by definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from semcomp.errors import SemcompError
from semcomp.views import LightGCN, Training
from semcomp.views.collaborative.dccf import DCCF, ChannelContrast, IntentGraph
from semcomp.views.training import BPR, Batch, SampledSoftmax

QUICK = Training(SampledSoftmax(negatives=64), epochs=4, batch=512, lr=0.02, every=2, patience=3)
SMALL = DCCF(8, intents=5, training=QUICK)


def bytes_of(view):
    return view.users.tobytes(), view.items.tobytes()


@pytest.fixture(scope="module")
def chain(make_split):
    """Users 0, 1 and items 0, 1 in a row: u0 - i0 - u1 - i1; user 2 and item 2 stand alone."""
    return make_split((3, 3), [(0, 0), (1, 0), (1, 1)])


def test_weights_of_edges_by_hand(chain):
    """cos(u0, i0) = 1, cos(u1, i0) = 0, cos(u1, i1) = -1: the edges weigh 1, 1/2 and 0."""
    encoder = IntentGraph(chain, 2, 1, 3, seed=0)
    judge = torch.tensor([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0], [1.0, 0.0], [0.0, -5.0], [1.0, 1.0]])
    x = torch.tensor([[1.0, 2.0], [7.0, 8.0], [0.0, 1.0], [3.0, 3.0], [5.0, 9.0], [1.0, 0.0]])
    expected = torch.stack([x[3], x[3], x[0] * 0, (x[0] + x[1] / 2) / 1.5, x[0] * 0, x[0] * 0])
    torch.testing.assert_close(encoder.adaptive(judge, x), expected)


def test_weights_of_a_row_add_up_to_one(world):
    encoder = IntentGraph(world[0], 4, 1, 3, seed=0)
    nodes = len(encoder.table)
    judge = torch.randn(nodes, 4, generator=torch.Generator().manual_seed(1))
    has_edge = (encoder.adjacency.crow_indices().diff() > 0).float()
    torch.testing.assert_close(encoder.adaptive(judge, torch.ones(nodes, 1))[:, 0], has_edge)


def dense(encoder: IntentGraph, train: np.ndarray) -> torch.Tensor:
    """The sum over layers, written out with full matrices."""
    users, items = train.shape
    graph = torch.zeros(users + items, users + items, dtype=torch.float64)
    graph[:users, users:] = torch.from_numpy(train)
    graph = graph + graph.T
    root = graph.sum(1).rsqrt().nan_to_num(posinf=0.0)
    intents = [encoder.user_intents.double(), encoder.item_intents.double()]
    x = total = encoder.table.double()
    for _ in range(encoder.layers):
        plain = root[:, None] * (graph @ (root[:, None] * x))
        parts = [torch.softmax(s @ i, 1) @ i.T for s, i in zip(x.split([users, items]), intents, strict=True)]
        channels = [plain, torch.cat(parts)]
        for judge in tuple(channels):
            unit = F.normalize(judge)
            weights = graph * (unit @ unit.T + 1) / 2
            channels.append((weights @ x) / weights.sum(1, keepdim=True).clamp_min(1e-12))
        x = x + sum(channels)
        total = total + x
    return total


def test_the_pass_agrees_with_dense_matrices(make_split):
    train = (np.random.default_rng(0).random((6, 8)) < 0.4).astype(np.float64)
    split = make_split(train.shape, list(zip(*np.nonzero(train), strict=True)))
    encoder = IntentGraph(split, 4, 2, 5, seed=0)
    torch.testing.assert_close(encoder.smoothed().double(), dense(encoder, train), rtol=1e-5, atol=1e-6)


def test_gradients_flow_through_the_weights_of_edges(chain):
    encoder = IntentGraph(chain, 3, 2, 4, seed=0).double()
    table = encoder.table.detach().clone().requires_grad_()
    judge = torch.randn(
        6, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2)
    ).requires_grad_()
    assert torch.autograd.gradcheck(encoder.adaptive, (judge, table))
    encoder.adaptive(judge, table).square().sum().backward()
    assert judge.grad[1].abs().max() > 0.01  # the only node here that has two neighbours to weigh


def test_with_one_intent_every_user_has_it_and_every_item_has_another(world):
    encoder = IntentGraph(world[0], 4, 1, 1, seed=0)
    intent = encoder.channels(encoder.table)[1]
    torch.testing.assert_close(intent[:200], encoder.user_intents.T.expand(200, 4))
    torch.testing.assert_close(intent[200:], encoder.item_intents.T.expand(240, 4))


def test_the_contrast_by_definition(world):
    split, _ = world
    encoder = IntentGraph(split, 8, 2, 5, seed=0)
    encoder.smoothed()
    batch = Batch(torch.tensor([3, 0, 199, 3]), torch.tensor([239, 5, 5, 17]), torch.empty(0), torch.empty(0))
    total = 0.0
    for nodes in (torch.tensor([0, 3, 199]), 200 + torch.tensor([5, 17, 239])):  # each once
        for channels in encoder.layers_seen:
            graph, *others = (F.normalize(channel[nodes]) for channel in channels)
            total += sum(F.cross_entropy(graph @ other.T / 0.3, torch.arange(3)) for other in others)
    model = replace(SMALL, weight=0.7, temperature=0.3)
    torch.testing.assert_close(ChannelContrast(encoder, model)(batch), 0.7 * total)
    first = Batch(batch.users[:2], batch.items[:2], batch.anchors, batch.positives)
    fewer = ChannelContrast(encoder, replace(model, contrasted=2))
    torch.testing.assert_close(fewer(batch), ChannelContrast(encoder, model)(first))


def test_the_contrast_sets_a_node_apart_from_others_in_every_channel(world):
    encoder = IntentGraph(world[0], 8, 1, 5, seed=0)
    term = ChannelContrast(encoder, replace(SMALL, weight=1.0, temperature=0.2))
    optimizer = torch.optim.Adam(encoder.parameters(), lr=0.02)
    batch = Batch(torch.arange(200), torch.arange(200), torch.empty(0), torch.empty(0))
    margins = []
    for _ in range(16):
        encoder.smoothed()
        ((graph, *others),) = [[F.normalize(one[:200]) for one in layer] for layer in encoder.layers_seen]
        cosines = [(graph @ other.T).detach() for other in others]
        margins.append([(one.diagonal().mean() - one.mean()).item() for one in cosines])
        optimizer.zero_grad()
        term(batch).backward()
        optimizer.step()
    assert (np.array(margins[-1]) > np.array(margins[0]) + 0.05).all(), (margins[0], margins[-1])


def test_without_layers_it_is_a_pair_of_tables(world):
    split, _ = world
    assert bytes_of(replace(SMALL, layers=0).fit(split)) == bytes_of(LightGCN(8, 0, QUICK).fit(split))


def test_weight_zero_is_no_term_and_a_weight_changes_the_view(world):
    split, _ = world
    none, tiny, some = (replace(SMALL, weight=weight).fit(split) for weight in (0.0, 1e-12, 0.1))
    np.testing.assert_allclose(none.items, tiny.items, atol=1e-4)
    assert np.abs(none.items - some.items).max() > 1e-2


def test_training_and_evaluation_see_the_same_vectors(world):
    encoder = IntentGraph(world[0], 4, 2, 3, seed=0)
    assert torch.equal(encoder.train().smoothed(), encoder.eval().smoothed())


def test_the_published_loss_leaves_raw_vectors(world):
    view = replace(SMALL, training=replace(QUICK, loss=BPR(), penalty=0.5)).fit(world[0])
    assert np.linalg.norm(view.items, axis=1).std() > 1e-3
    assert view.provenance["config"]["training"]["loss"] == {"class": "BPR"}


@pytest.mark.parametrize("option", ["intents", "weight", "temperature", "contrasted"])
@pytest.mark.parametrize("value", [-1, float("nan"), "3", None])
def test_options_are_checked(option, value):
    with pytest.raises(SemcompError, match=rf"^DCCF option {option} = '?{value}'?; it must"):
        DCCF(**{option: value})
