"""SimGCL and XSimGCL: their limits, their passes by definition, the clean one used to rank."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from semcomp.errors import SemcompError
from semcomp.kernels.propagation import layers_of
from semcomp.kernels.random import generator
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.collaborative.simgcl import (
    LayerContrast,
    NoiseContrast,
    NoisyTables,
    SimGCL,
    SkippingTables,
    XSimGCL,
)
from semcomp.views.training import Batch, Training

QUICK = Training(epochs=4, batch=512, lr=0.02, every=2)
USERS, ITEMS = [0, 5, 5, 7], [9, 2, 9, 9]
both = pytest.mark.parametrize("model", [SimGCL, XSimGCL], ids=["SimGCL", "XSimGCL"])


def bytes_of(view):
    return view.users.tobytes() + view.items.tobytes()


def batch_of(users=USERS, items=ITEMS):
    nothing = torch.empty(len(users), 0)
    return Batch(torch.tensor(users), torch.tensor(items), nothing, nothing)


def infonce(one, other, temperature):
    return F.cross_entropy(F.normalize(one) @ F.normalize(other).T / temperature, torch.arange(len(one)))


@both
def test_the_mean_leaves_layer_0_out_unless_it_is_wanted(model, world):
    split, _ = world
    for options, first in (({}, 1), ({"input_layer": True}, 0)):
        encoder = SkippingTables(split, model(8, 3, **options), seed=0)
        steps = layers_of(encoder.adjacency, encoder.table, 3)
        torch.testing.assert_close(encoder.smoothed(), torch.stack(steps[first:]).mean(dim=0))


@both
def test_without_noise_and_contrast_it_is_lightgcn_to_the_byte(model, world):
    split, _ = world
    plain = LightGCN(8, training=QUICK).fit(split, seed=1)
    same = model(8, epsilon=0.0, weight=0.0, input_layer=True, training=QUICK).fit(split, seed=1)
    assert bytes_of(same) == bytes_of(plain)
    assert (same.name, same.provenance["model"]) == (model.__name__, model.__name__)
    assert bytes_of(model(8, input_layer=True, training=QUICK).fit(split, seed=1)) != bytes_of(plain)


def test_simgcl_without_contrast_has_no_noise(world):
    split, _ = world
    noisy = SimGCL(8, epsilon=0.5, weight=0.0, input_layer=True, training=QUICK).fit(split, seed=1)
    assert bytes_of(noisy) == bytes_of(LightGCN(8, training=QUICK).fit(split, seed=1))


def test_without_noise_the_passes_of_simgcl_are_one(world):
    encoder = SkippingTables(world[0], SimGCL(8, epsilon=0.0, weight=0.3), seed=0)
    encoder.begin(seed=3, epoch=1)
    clean = encoder.smoothed()
    users, items = clean[[0, 5, 7]], clean[encoder.n_users + torch.tensor([2, 9])]
    expected = infonce(users, users, 0.2) + infonce(items, items, 0.2)
    torch.testing.assert_close(NoiseContrast(encoder)(batch_of()), 0.3 * expected)


def noisy_pass(encoder, layers, epsilon, rows, draw):
    """Layers 0 … L as the authors define them, with a gradient; the last has noise in `rows` alone."""
    steps = [encoder.table]
    dense = encoder.adjacency.to_dense()
    for layer in range(1, layers + 1):
        step = dense @ steps[-1]
        at = torch.arange(len(step)) if layer < layers else rows
        noise = torch.zeros_like(step)
        noise[at] = epsilon * F.normalize(torch.rand(len(at), step.shape[1], generator=draw))
        steps.append(step + torch.sign(step) * noise)
    return torch.stack(steps)


def test_the_contrast_of_simgcl_is_that_of_the_authors(world):
    split, _ = world
    encoder = SkippingTables(split, SimGCL(8, 3, epsilon=0.2, weight=0.3), seed=0)
    encoder.begin(seed=3, epoch=1)
    encoder.smoothed()
    loss = NoiseContrast(encoder)(batch_of())
    users, items = torch.tensor([0, 5, 7]), torch.tensor([2, 9]) + split.n_users
    draw, rows = generator(3, "simgcl.noise", 1), torch.cat([users, items])
    one, other = (noisy_pass(encoder, 3, 0.2, rows, draw)[1:].mean(dim=0) for _ in range(2))
    expected = 0.3 * (infonce(one[users], other[users], 0.2) + infonce(one[items], other[items], 0.2))
    torch.testing.assert_close(loss, expected)
    (mine,), (plain,) = (torch.autograd.grad(value, encoder.table) for value in (loss, expected))
    torch.testing.assert_close(mine, plain, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("layer", [0, 1, 2])
def test_the_pass_of_xsimgcl_is_that_of_the_authors(world, layer):
    split, _ = world
    encoder = NoisyTables(split, XSimGCL(8, 2, epsilon=0.2, weight=0.3), seed=0)
    encoder.begin(seed=3, epoch=1)
    encoder.train()
    anchors, others = encoder(torch.tensor(USERS), torch.tensor([*ITEMS, 4, 9]))
    loss = LayerContrast(encoder, layer)(batch_of())
    seen = torch.cat([torch.tensor(USERS), torch.tensor([*ITEMS, 4, 9]) + split.n_users]).unique()
    steps = noisy_pass(encoder, 2, 0.2, seen, generator(3, "simgcl.noise", 1))
    final = steps[1:].mean(dim=0)
    torch.testing.assert_close(anchors, final[USERS])
    torch.testing.assert_close(others, final[split.n_users :][[*ITEMS, 4, 9]])
    users, items = torch.tensor([0, 5, 7]), torch.tensor([2, 9]) + split.n_users
    expected = sum(infonce(final[kind], steps[layer][kind], 0.2) for kind in (users, items))
    torch.testing.assert_close(loss, 0.3 * expected)
    mine, plain = (
        torch.autograd.grad(value + found.square().sum(), encoder.table)[0]
        for value, found in ((loss, anchors), (0.3 * expected, final[USERS]))
    )
    torch.testing.assert_close(mine, plain, rtol=1e-4, atol=1e-6)


def test_a_node_has_the_same_noise_wherever_it_stands_and_other_noise_in_the_next_batch(world):
    encoder = NoisyTables(world[0], XSimGCL(8, epsilon=0.3), seed=0)
    encoder.begin(seed=3, epoch=1)
    encoder.train()
    first, _ = encoder(torch.tensor([4, 4]), torch.tensor([1]))
    second, _ = encoder(torch.tensor([4, 4]), torch.tensor([1]))
    assert torch.equal(first[0], first[1])
    assert not torch.equal(first, second)
    encoder.begin(seed=3, epoch=1)
    assert torch.equal(first, encoder(torch.tensor([4, 4]), torch.tensor([1]))[0])
    encoder.begin(seed=3, epoch=2)
    assert not torch.equal(first, encoder(torch.tensor([4, 4]), torch.tensor([1]))[0])


def test_the_clean_pass_is_used_to_rank(world):
    encoder = NoisyTables(world[0], XSimGCL(8, epsilon=0.3), seed=0)
    encoder.begin(seed=3, epoch=1)
    encoder.eval()
    clean = torch.cat(encoder())
    assert torch.equal(clean, encoder.smoothed())
    some, others = encoder(torch.tensor([4, 2]), torch.tensor([1]))
    assert torch.equal(torch.cat([some, others]), clean[[4, 2, world[0].n_users + 1]])


@both
def test_contrast_sets_the_nodes_apart(model, world):
    spread = {}
    for weight in (0.0, 2.0):
        view = model(8, weight=weight, training=QUICK).fit(world[0], seed=0)
        spread[weight] = np.exp(view.users @ view.users.T).mean()
    assert spread[2.0] < spread[0.0]


@both
def test_a_user_without_an_edge_has_a_row_of_zeros(model, make_split):
    split = make_split((3, 3), [(0, 0), (0, 1), (1, 1)], [(1, 0)])
    view = model(4, training=QUICK).fit(split)
    assert np.isfinite(view.users).all()
    assert not view.users[2].any()
    assert view.users[:2].all()


@both
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": -0.1}, "option epsilon = -0.1; it must not be negative$"),
        ({"weight": float("nan")}, "option weight = nan; it must be a number$"),
        ({"temperature": 0.0}, "option temperature = 0.0; it must be above zero$"),
        ({"layers": 0}, "option layers = 0 leaves nothing to take the mean of; set input_layer=True$"),
    ],
)
def test_options_are_checked(model, options, message):
    if model is XSimGCL and "layers" in options:
        options = options | {"layer": 0}
    with pytest.raises(SemcompError, match=f"^{model.__name__} {message}"):
        model(**options)


@pytest.mark.parametrize("layer", [-1, 3, 1.0])
def test_the_layer_of_contrast_is_one_there_is(layer):
    with pytest.raises(SemcompError, match=r"^XSimGCL option layer = .*; it must be (one of 0|a whole)"):
        XSimGCL(layers=2, layer=layer)
