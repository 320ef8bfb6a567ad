"""SGL: its limits, its graphs, its contrast by definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from semcomp.errors import SemcompError
from semcomp.kernels.augmentation import propagate_over
from semcomp.views.collaborative.lightgcn import GraphTables, LightGCN
from semcomp.views.collaborative.sgl import SGL, GraphContrast
from semcomp.views.training import Batch, Training

QUICK = Training(epochs=4, batch=512, lr=0.02, every=2)


def bytes_of(view):
    return view.users.tobytes() + view.items.tobytes()


def parts(split, **options):
    model = SGL(8, training=QUICK, **options)
    encoder = GraphTables(split, model.dim, model.layers, seed=0)
    return model, encoder, GraphContrast(encoder, split, model)


def batch_of(users, items):
    nothing = torch.empty(len(users), 0)
    return Batch(torch.tensor(users), torch.tensor(items), nothing, nothing)


def dense(graphs):
    return [graph.to_dense() for graph in graphs]


def test_weight_zero_is_lightgcn_to_the_byte(world):
    plain = LightGCN(8, training=QUICK).fit(world[0], seed=1)
    assert bytes_of(SGL(8, weight=0.0, training=QUICK).fit(world[0], seed=1)) == bytes_of(plain)
    contrasted = SGL(8, weight=0.3, training=QUICK).fit(world[0], seed=1)
    assert bytes_of(contrasted) != bytes_of(plain)
    assert contrasted.name == "SGL"


def test_the_contrast_is_that_of_the_authors(world):
    split, _ = world
    _, encoder, term = parts(split, weight=0.3, temperature=0.2, drop=0.4, negatives=10_000)
    term.begin(seed=3, epoch=1)
    users, items = [0, 5, 5, 7], [9, 2, 9, 9]
    one, other = (F.normalize(propagate_over(graphs, encoder.table)) for graphs in term.graphs)
    n = split.n_users
    expected = F.cross_entropy(one[:n][users] @ other[:n].T / 0.2, torch.tensor(users))
    expected = expected + F.cross_entropy(one[n:][items] @ other[n:].T / 0.2, torch.tensor(items))
    loss = term(batch_of(users, items))
    torch.testing.assert_close(loss, 0.3 * expected)
    (mine,), (plain,) = (torch.autograd.grad(value, encoder.table) for value in (loss, 0.3 * expected))
    torch.testing.assert_close(mine, plain, rtol=1e-4, atol=1e-6)


def test_both_views_are_lightgcn_when_nothing_is_left_out(world):
    _, encoder, term = parts(world[0], drop=0.0)
    term.begin(seed=3, epoch=1)
    for graphs in term.graphs:
        torch.testing.assert_close(propagate_over(graphs, encoder.table), encoder.smoothed())


def test_one_pair_by_hand(make_split):
    _, _, term = parts(make_split((2, 1), [(0, 0), (1, 0)]), weight=1.0, temperature=0.5, drop=0.0)
    term.encoder[0].table.data = torch.tensor([[1.0, 0], [-1.0, 0], [0, 0]])
    term.begin(seed=0, epoch=1)
    # all layers above 0 cancel out, so the users' cosines are 1 and -1; one item cannot be confused
    assert float(term(batch_of([0, 1], [0, 0])).detach()) == pytest.approx(
        math.log(1 + math.exp(-4)), rel=1e-5
    )


@pytest.mark.parametrize("augmentation", ["edge", "node", "walk"])
def test_an_epochs_graphs_come_from_seed_and_epoch_alone(world, augmentation):
    _, _, term = parts(world[0], augmentation=augmentation, drop=0.3)
    _, _, other_term = parts(world[0], augmentation=augmentation, drop=0.3)
    other_term.begin(seed=3, epoch=1)
    drawn = {}
    for name, (seed, epoch) in {"first": (3, 2), "again": (3, 2), "later": (3, 4), "else": (4, 2)}.items():
        (other_term if name == "again" else term).begin(seed, epoch)
        drawn[name] = [dense(graphs) for graphs in (other_term if name == "again" else term).graphs]
    for layer in range(2):
        first, second = drawn["first"][0][layer], drawn["first"][1][layer]
        assert not torch.equal(first, second)
        assert torch.equal(first, drawn["again"][0][layer])
        assert torch.equal(second, drawn["again"][1][layer])
        assert not torch.equal(first, drawn["later"][0][layer])
        assert not torch.equal(first, drawn["else"][0][layer])


def test_the_whole_graph_is_used_to_rank(world):
    _, encoder, term = parts(world[0], drop=0.5)
    before = encoder.smoothed().detach().clone()
    term.begin(seed=3, epoch=1)
    encoder.eval()
    users, items = encoder()
    assert torch.equal(torch.cat([users, items]), before)


def test_contrast_sets_the_nodes_apart(world):
    split, _ = world
    spread = {}
    for weight in (0.0, 2.0):
        view = SGL(8, weight=weight, training=QUICK).fit(split, seed=0)
        spread[weight] = np.exp(view.users @ view.users.T).mean()
    assert spread[2.0] < spread[0.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"drop": 1.5}, r"^SGL option drop = 1.5; it must be between 0 and 1$"),
        ({"weight": -1.0}, r"^SGL option weight = -1.0; it must not be negative$"),
        ({"temperature": 0.0}, r"^SGL option temperature = 0.0; it must be above zero$"),
        ({"negatives": 0}, r"^SGL option negatives = 0; it must be above zero$"),
        ({"augmentation": "edges"}, r"^unknown augmentation 'edges'; did you mean 'edge'"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(SemcompError, match=message):
        SGL(**options)
