"""The graph of item texts, features joined late, general and specific parts: each against its formula."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conformance import QUICK, bytes_of
from torch.nn import functional as F

from semcomp.align import BACKBONES, GeneralAndSpecific, ItemGraph, LateFeatures
from semcomp.align.backbones import parts_of
from semcomp.align.dgmrec import KeptApart, TextParts, contrast, information_bound
from semcomp.align.item_graph import SparseMap, item_graphs
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.errors import SemcompError
from semcomp.kernels.random import generator
from semcomp.views import LightGCN
from semcomp.views.training import Batch, checkpoint
from semcomp.views.training.checkpoint import Checkpoint

SMALL = {"dim": 8, "intents": 8, "clusters": 10, "warm_up": 2}
FEW = replace(QUICK, epochs=2, every=1, batch=2048)
ALL = [ItemGraph(), LateFeatures(), LateFeatures(join="sum"), GeneralAndSpecific()]


def small(name="LightGCN", **training):
    model = BACKBONES[name][0]
    options = {one: value for one, value in SMALL.items() if hasattr(model, one)}
    return replace(model, **options, training=replace(FEW, **training))


def told(model):
    return type(model).__name__ + getattr(model, "join", "")


def noise(*shape, turn=0):
    return torch.randn(*shape, generator=generator(0, "test", turn), dtype=torch.float64)


@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("method", [ItemGraph(), LateFeatures(), GeneralAndSpecific()], ids=told)
def test_over_every_backbone(method, name, world):
    """It moves the vectors and keeps their width; nothing is changed at weight 0."""
    backbone = small(name, epochs=1)
    plain = backbone.fit(world[0], 2)
    method = replace(method, backbone=backbone)
    assert bytes_of(replace(method, weight=0.0).fit(Inputs(*world), 2)) == bytes_of(plain)
    view = method.fit(Inputs(*world), 2)
    assert view.users.shape == plain.users.shape
    assert bytes_of(view) != bytes_of(plain)
    assert np.isfinite(view.items).all()


@pytest.mark.parametrize("method", ALL, ids=told)
def test_an_interrupted_run_ends_as_one_that_was_not(method, world, tmp_path, monkeypatch):
    model = replace(method, backbone=small(epochs=3))
    whole = model.fit(Inputs(*world), 4)
    save, file = Checkpoint.save, tmp_path / "state"

    def saved_once(kept, state):
        save(kept, state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Checkpoint, "save", saved_once)
        patch.setattr(checkpoint, "EVERY", 0)
        with pytest.raises(KeyboardInterrupt):
            model.fit(Inputs(*world), 4, checkpoint=file)
    assert file.exists()
    assert bytes_of(model.fit(Inputs(*world), 4, checkpoint=file)) == bytes_of(whole)


@pytest.mark.parametrize("method", ALL, ids=told)
def test_items_that_train_does_not_know_say_nothing_to_the_others(method, cold_world):
    """Their text may be anything: only their own vectors follow it."""
    split, text = cold_world
    cold = split.known_from > 0
    other = text.matrix.copy()
    other[cold] = other[cold][::-1]
    views = [
        replace(method, backbone=small()).fit(Inputs(split, one), 1)
        for one in (text, TextMatrix(text.item_ids, other))
    ]
    reads_text = not isinstance(method, GeneralAndSpecific)
    if reads_text:
        assert views[0].items[cold].any(axis=1).all()
    else:
        assert not views[0].items[cold].any()
        assert bytes_of(views[0]) == bytes_of(views[1])


# --- the graph of item texts


def test_the_graph_is_the_formula_in_loops(cold_world):
    split, text = cold_world
    matrix = text.matrix.copy()
    matrix[np.flatnonzero(split.known_from == 0)[3]] = 0
    graph, near = item_graphs(split, TextMatrix(text.item_ids, matrix), 4)
    unit = matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-12)
    known, cold = unit[split.known_from == 0], unit[split.known_from > 0]
    n = len(known)
    a = np.zeros((n, n))
    for i in range(n):
        cosines = known @ known[i]
        cosines[i] = np.inf if known[i].any() else -np.inf
        for j in sorted(range(n), key=lambda j: -cosines[j])[:4]:
            a[i, j] = cosines[j] > 0
    degree = a.sum(axis=1)
    for i, j in np.argwhere(a):
        a[i, j] = 1 / np.sqrt(degree[i] * degree[j])
    np.testing.assert_allclose(graph.toarray(), a, atol=1e-6)
    assert not graph.toarray()[3].any()
    assert not graph.toarray()[:, 3].any()
    for row, one in zip(near.toarray(), cold, strict=True):
        best = sorted(range(n), key=lambda j: -(known[j] @ one))[:4]
        assert sorted(np.flatnonzero(row)) == sorted(best)
        np.testing.assert_allclose(row[best], 1 / 4)


def test_a_sparse_map_has_the_gradient_of_its_matrix(world):
    graph = item_graphs(world[0], world[1], 3)[0][:9]
    step = SparseMap(graph)
    step.matrix, step.turned = step.matrix.double(), step.turned.double()
    x = noise(graph.shape[1], 2).requires_grad_()
    assert torch.autograd.gradcheck(step, x)
    torch.testing.assert_close(step(x), torch.from_numpy(graph.toarray()).double() @ x)


def test_items_get_their_smoothed_free_rows(world):
    split, text = world
    bare = parts_of(small(), split, 0)
    method = ItemGraph(small(), weight=0.7, steps=2)
    parts = method.changed(parts_of(small(), split, 0), split, text, 0)
    s = item_graphs(split, text, 10)[0].toarray()
    free = bare.tables.table.detach().numpy()[split.n_users :]
    users, items = (side.detach().numpy() for side in parts.encoder())
    plain = [side.detach().numpy() for side in bare.encoder()]
    np.testing.assert_array_equal(users, plain[0])
    np.testing.assert_allclose(items, plain[1] + 0.7 * s @ s @ free, atol=1e-6)
    rows = torch.tensor([4, 0, 4])
    np.testing.assert_allclose(parts.encoder(rows, rows)[1].detach(), items[rows], atol=1e-6)


def test_one_neighbour_is_the_item_itself(world):
    np.testing.assert_array_equal(item_graphs(*world, 1)[0].toarray(), np.eye(world[0].n_items))


# --- features joined late


def test_side_by_side_the_score_is_a_weighted_mean_of_two_cosines(world):
    split, text = world
    method = LateFeatures(small(), weight=0.5)
    encoder = method.changed(parts_of(small(), split, 0), split, text, 0).encoder
    halves = [[F.normalize(side) for side in half()] for half in (encoder.collaborative, encoder.semantic)]
    cos_c, cos_s = (users @ items.T for users, items in halves)
    users, items = encoder()
    assert users.shape[1] == 8
    torch.testing.assert_close(users @ items.T, (cos_c + 0.25 * cos_s) / 1.25)


def test_the_text_half_is_the_mapped_text_over_the_graph(world):
    split, text = world
    encoder = LateFeatures(small()).changed(parts_of(small(), split, 0), split, text, 0).encoder
    train = split.train.toarray().astype(float)
    x = text.matrix / np.linalg.norm(text.matrix, axis=1, keepdims=True)
    pooled = train @ x
    pooled /= np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
    users, items = train.shape
    a = np.block([[np.zeros((users, users)), train], [train.T, np.zeros((items, items))]])
    scale = 1 / np.sqrt(np.maximum(a.sum(axis=1), 1))
    a = scale[:, None] * a * scale
    nodes = np.concatenate([pooled, x])
    nodes = (nodes + a @ nodes + a @ a @ nodes) / 3 @ encoder.semantic.mapping.weight.detach().numpy().T
    np.testing.assert_allclose(torch.cat(encoder.semantic()).detach(), nodes, atol=1e-5)


def test_the_mean_is_the_sum_for_cosines(world):
    views = [LateFeatures(small(), join=join).fit(Inputs(*world), 5) for join in ("sum", "mean")]
    np.testing.assert_allclose(views[0].items, views[1].items, atol=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"join": "product"}, "join = 'product'; use sum, mean, concat"),
        ({"backbone": LightGCN(dim=7)}, "needs an even dim"),
    ],
)
def test_joins_that_cannot_be_are_refused(options, message):
    with pytest.raises(SemcompError, match=message):
        LateFeatures(**options)


# --- general and specific


def test_the_bound_is_the_formula_in_loops():
    mean, spread, given = (noise(5, 3, turn=turn) for turn in range(3))
    total = 0.0
    for i in range(5):
        logs = [(-((mean[i] - given[j]) ** 2) / (2 * spread[i].exp())).sum() for j in range(5)]
        total += logs[i] - sum(logs) / 5
    torch.testing.assert_close(information_bound(mean, spread, given), torch.as_tensor(total / 5))
    leaves = [one.requires_grad_() for one in (mean, spread, given)]
    assert torch.autograd.gradcheck(information_bound, leaves)
    alike = given[:1].detach().expand(5, 3)
    assert information_bound(mean, spread, alike).abs() < 1e-12


def test_the_contrast_counts_each_node_once():
    vectors, side = noise(4, 3), noise(6, 3, turn=1)
    rows = torch.tensor([5, 2, 5, 0])
    unit = F.normalize(side)
    expected = 0.0
    for vector, row in zip(F.normalize(vectors), rows, strict=True):
        scores = {j: (vector @ unit[j] / 0.2).exp() for j in set(rows.tolist())}
        expected -= (scores[int(row)] / sum(scores.values())).log() / 4
    torch.testing.assert_close(contrast(vectors, side, rows, 0.2), expected)
    only = torch.tensor([1, 1])
    assert contrast(side[only], side, only, 0.2).abs() < 1e-12  # nothing to be told from


def dgm(world):
    split, text = world
    model = GeneralAndSpecific(small(), weight=0.5)
    parts = parts_of(model.backbone, split, 0)
    encoder = TextParts(parts, split, text, model, 0)
    return encoder, KeptApart(encoder, model, 8, 0)


def test_the_parts_of_text_are_the_formula(world):
    split, text = world
    encoder, _ = dgm(world)
    train = split.train.toarray().astype(float)
    x = text.matrix / np.linalg.norm(text.matrix, axis=1, keepdims=True)
    with torch.no_grad():
        taste = np.tanh(encoder.preference(encoder.tables.table[: split.n_users]).numpy())
        own, _, shared, _ = encoder.to_general
        to = encoder.to_specific[0]
        maps = [(one.weight.numpy().T, one.bias.numpy()) for one in (own, shared, to)]
        given = [side.numpy() for side in encoder.inside()]
        mixed = [side.numpy() for side in encoder.eval()()]
    gate = (train.T @ taste) / np.maximum(train.sum(axis=0), 1)[:, None]
    general = 1 / (1 + np.exp(-(np.tanh(x @ maps[0][0] + maps[0][1]) @ maps[1][0] + maps[1][1])))
    specific = 1 / (1 + np.exp(-(x @ maps[2][0] + maps[2][1])))
    items = item_graphs(split, text, 10)[0].toarray() @ (gate * (general + specific) / 2)
    users = (train @ items) / np.maximum(train.sum(axis=1), 1)[:, None]
    for vectors, plain, both in zip(mixed, given, (users, items), strict=True):
        np.testing.assert_allclose(vectors, plain + 0.5 * both, atol=1e-5)


def test_the_gaussian_is_fitted_by_its_likelihood_alone(world):
    """Minimising the bound must not make q worse, nor its fit pull the parts together; all else is moved."""
    encoder, term = dgm(world)
    users, items = torch.arange(20), torch.arange(20)
    encoder.train()
    anchors, positives = encoder(users, items)
    batch = Batch(users, items, anchors, positives)
    own = [*term.mean.parameters(), *term.spread.parameters()]
    term(batch).backward()
    whole = [one.grad.clone() for one in own]
    assert all(one.grad is not None and one.grad.any() for one in encoder.parameters())
    for one in own:
        one.grad = None
    specific, general = encoder.specific[1].detach(), encoder.general[1].detach()
    term._unlikely(specific, general).backward()
    for one, expected in zip(own, whole, strict=True):
        torch.testing.assert_close(one.grad, expected)
