"""AutoCF: what is hidden on a path, what attention sees, its vectors against dense matrices, its losses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from semcomp.errors import SemcompError
from semcomp.kernels.random import generator
from semcomp.views import Training
from semcomp.views.collaborative.autocf import (
    AutoCF,
    MaskedAutoencoder,
    MaskedReconstruction,
    Relatedness,
    Spread,
    hide,
    normalized,
    resample,
)
from semcomp.views.training import Batch, SampledSoftmax

QUICK = Training(SampledSoftmax(negatives=64), epochs=4, batch=512, lr=0.02, every=2, patience=3)
SMALL = AutoCF(8, heads=2, seeds=0.01, refresh=3, negatives=64, training=QUICK)

# u0 - i0 - u1 - i1 - u2 - i2, nodes 0, 3, 1, 4, 2, 5
PATH = [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2)]


def bytes_of(view):
    return view.users.tobytes(), view.items.tobytes()


def edges_of(graph) -> set[tuple[int, int]]:
    return set(zip(*(side.tolist() for side in graph.nonzero()), strict=True))


def with_loops(nodes: int, pairs) -> sp.csr_array:
    dense = np.eye(nodes, dtype=np.float32)
    for a, b in pairs:
        dense[a, b] = dense[b, a] = 1
    return sp.csr_array(dense)


def both_ways(*pairs) -> set[tuple[int, int]]:
    return {*pairs, *((b, a) for a, b in pairs)}


# masks


@pytest.mark.parametrize(
    ("hops", "visible", "near"),
    [
        (1, both_ways((3, 1), (1, 4), (4, 2), (2, 5), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)), [0]),
        (2, both_ways((1, 4), (4, 2), (2, 5), (1, 1), (2, 2), (4, 4), (5, 5)), [0, 3]),
        (3, both_ways((4, 2), (2, 5), (2, 2), (4, 4), (5, 5)), [0, 1, 3]),
        (9, set(), [0, 1, 2, 3, 4, 5]),
    ],
)
def test_hiding_around_the_end_of_a_path(hops, visible, near):
    graph = with_loops(6, [(0, 3), (3, 1), (1, 4), (4, 2), (2, 5)])
    left, pool = hide(graph, np.array([0]), hops)
    assert edges_of(left) == visible
    assert pool.tolist() == near


def test_without_seeds_nothing_is_hidden():
    graph = with_loops(6, [(0, 3), (3, 1)])
    left, pool = hide(graph, np.array([], np.int64), 2)
    assert edges_of(left) == edges_of(graph)
    assert len(pool) == 0


@given(seed=st.integers(0, 2**16), share=st.floats(0.02, 0.4), hops=st.integers(1, 3))
@settings(max_examples=30, deadline=None)
def test_an_edge_is_hidden_if_and_only_if_it_is_near_a_seed(seed, share, hops):
    """Against distances from powers of the dense graph."""
    draw = np.random.default_rng(seed)
    half = np.triu(draw.random((14, 14)) < share)
    graph = with_loops(14, np.argwhere(half))
    seeds = draw.choice(14, 2, replace=False)
    near = np.linalg.matrix_power(graph.toarray().astype(int), hops - 1)[seeds].sum(axis=0) > 0
    left, pool = hide(graph, seeds, hops)
    assert edges_of(left) == {(a, b) for a, b in edges_of(graph) if not (near[a] or near[b])}
    assert pool.tolist() == np.flatnonzero(near).tolist()


def test_attention_sees_what_is_visible_every_node_and_pairs_of_the_pool():
    visible = with_loops(9, [(0, 5), (1, 6)])
    visible[0, 0] = visible[5, 5] = 0
    visible.eliminate_zeros()
    draw = generator(0, "masks")
    graph = resample(visible, np.array([2, 3, 4]), 0.0, 40, draw)
    loops = {(node, node) for node in range(9)}
    between = {(a, b) for a in (2, 3, 4) for b in (2, 3, 4)}
    assert edges_of(graph) == both_ways((0, 5), (1, 6)) | loops | between
    assert set(graph.data.tolist()) == {1.0}
    few = edges_of(resample(visible, np.array([2, 3, 4]), 0.0, 1, draw))
    assert len(few - both_ways((0, 5), (1, 6)) - loops) in (0, 2)
    assert edges_of(resample(visible, np.array([], np.int64), 0.0, 40, draw)) == (
        both_ways((0, 5), (1, 6)) | loops
    )
    wide = resample(visible, np.array([2]), 1.0, 2000, draw)
    assert len(edges_of(wide)) > len(edges_of(graph))
    assert (wide != wide.T).nnz == 0


def test_the_visible_graph_is_normalised_by_its_own_degrees():
    """Node 0 has a loop and 1; node 1 a loop, 0 and 2; node 2 has 1 alone; node 3 has nothing left."""
    graph = sp.csr_array(np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 0, 0], [0, 0, 0, 0]], np.float32))
    root = np.array([2**-0.5, 3**-0.5, 1.0, 0.0])
    np.testing.assert_allclose(
        normalized(graph).to_dense(), root[:, None] * graph.toarray() * root, rtol=1e-6
    )


# the encoder


def test_no_hidden_edge_reaches_the_encoder(world):
    encoder = MaskedAutoencoder(world[0], SMALL, seed=0).train()
    encoder.begin(0, 1)
    encoder.smoothed()
    adjacency = encoder.drawn[0].to_dense()
    hidden = (encoder.adjacency.to_dense() > 0) & (adjacency == 0)
    assert 0 < hidden.sum() < encoder.graph.nnz
    untouched = torch.nonzero(adjacency.sum(1) > 0)[:, 0]
    # a GCN step over it: no row depends on a row at the other end of a hidden edge
    table = torch.eye(len(adjacency))
    reached = (encoder.drawn[0] @ table) != 0
    assert not (reached & hidden).any()
    assert 0 < len(untouched) < len(adjacency)


def test_masks_follow_seed_and_epoch_and_stay_for_some_steps(world):
    def masks(seed: int, epoch: int, steps: int) -> list[torch.Tensor]:
        encoder.begin(seed, epoch)
        seen = []
        for _ in range(steps):
            encoder.smoothed()
            seen.append(encoder.drawn[0].to_dense())
        return seen

    encoder = MaskedAutoencoder(world[0], SMALL, seed=0).train()
    first = masks(0, 1, 5)
    assert torch.equal(first[0], first[2])  # refresh=3
    assert not torch.equal(first[2], first[3])
    assert all(torch.equal(a, b) for a, b in zip(first, masks(0, 1, 5), strict=True))
    assert not torch.equal(first[0], masks(0, 2, 1)[0])
    assert not torch.equal(first[0], masks(1, 1, 1)[0])


def test_evaluation_is_on_the_whole_graph(world):
    split, _ = world
    some, none = (MaskedAutoencoder(split, replace(SMALL, seeds=seeds), seed=0) for seeds in (0.05, 0.0))
    assert torch.equal(some.eval().smoothed(), none.eval().smoothed())
    whole = some.encoded(some.adjacency, some.edges)
    assert torch.equal(some.eval().smoothed(), whole)
    some.train().begin(0, 1)
    assert not torch.allclose(some.smoothed(), whole)


def test_the_pass_agrees_with_dense_matrices(make_split):
    """Sum of the table, two GCN steps, and two-headed attention, its logits bounded."""
    encoder = MaskedAutoencoder(make_split((3, 3), PATH), AutoCF(4, heads=2), seed=0).eval()
    graph = torch.from_numpy(encoder.graph.toarray())
    with torch.no_grad():
        encoder.table.mul_(4)  # far from uniform
    root = graph.sum(1).rsqrt()
    adjacency = root[:, None] * graph * root
    first = adjacency @ encoder.table
    second = adjacency @ first
    with torch.no_grad():  # the bound is between the second head's smallest and largest, whatever the start
        query, key, _ = encoder.projections[0, 1]
        sizes = ((second @ query) @ (second @ key).T)[graph > 0].abs()
        encoder.projections[0, 1, 0] *= 20 / (sizes.amin() + sizes.amax())
    heads = []
    for query, key, value in encoder.projections[0]:
        logits = ((second @ query) @ (second @ key).T).clamp(-10, 10).masked_fill(graph == 0, -torch.inf)
        heads.append(torch.softmax(logits, dim=1) @ (second @ value))
    assert logits[graph > 0].abs().amax() == 10 > logits[graph > 0].abs().amin()
    expected = encoder.table + first + second + torch.cat(heads, dim=1)
    torch.testing.assert_close(encoder.smoothed(), expected)


def test_gradients_of_attention(make_split):
    encoder = MaskedAutoencoder(make_split((3, 3), PATH), AutoCF(4, heads=2), seed=0).double()
    x, projections = (t.detach().clone().requires_grad_() for t in (encoder.table, encoder.projections[0]))
    assert torch.autograd.gradcheck(lambda a, b: encoder.attended(encoder.edges, a, b), (x, projections))


def test_relatedness_is_to_the_nodes_one_and_two_steps_away(make_split):
    """On the path, u0 has i0 and then u1 around it; u1 has i0, i1, u0 and u2; i2 has u2 and i1."""
    encoder = MaskedAutoencoder(make_split((3, 3), PATH), AutoCF(4, heads=2), seed=0)
    x = encoder.table
    around = {0: [3, 1], 1: [3, 4, 0, 2], 5: [2, 4]}
    expected = torch.stack([F.cosine_similarity(x[n], x[o].mean(0), dim=0) for n, o in around.items()])
    torch.testing.assert_close(encoder.relatedness()[list(around)], expected)


def test_nodes_like_their_surroundings_are_seeds_more_often(make_split):
    """Two stars: users of the one point where their item points, users of the other the opposite way."""
    split = make_split((40, 2), [(user, user % 2) for user in range(40)])
    encoder = MaskedAutoencoder(split, AutoCF(2, heads=1, seeds=1 / 42, hops=1), seed=0).train()
    with torch.no_grad():
        encoder.table[:] = torch.tensor([1.0, 0.0])
        encoder.table[1:40:2] *= -1  # 19 others like itself are around each user, and its item
        encoder.table[41] *= 30  # which outweighs them here
    cosines = encoder.relatedness()
    torch.testing.assert_close(cosines[:40], torch.tensor([1.0, -1.0]).repeat(20))
    encoder.begin(0, 1)
    hits = np.zeros(2)
    for _ in range(300):
        encoder.redraw()
        gone = np.flatnonzero(encoder.drawn[0].to_dense().sum(1) == 0)  # a seed has not even its loop
        if len(gone) == 1 and gone[0] < 40:
            hits[gone[0] % 2] += 1
    share = hits[0] / hits.sum()  # σ(1) : σ(-1) = e : 1
    assert share == pytest.approx(np.e / (1 + np.e), abs=4 * np.sqrt(0.2 / hits.sum()))


# losses


def batch_of(users, items) -> Batch:
    return Batch(torch.tensor(users), torch.tensor(items), torch.empty(0), torch.empty(0))


@pytest.mark.parametrize("loss", [SampledSoftmax(), MaskedReconstruction(9)], ids=["cosine", "inner product"])
def test_the_spread_by_definition(world, loss):
    model = replace(SMALL, weight=0.7, temperature=0.5, negatives=1000, training=replace(QUICK, loss=loss))
    encoder = MaskedAutoencoder(world[0], model, seed=0).train()
    term = Spread(encoder, model)
    term.begin(0, 1)
    nodes = encoder.smoothed()
    nodes = F.normalize(nodes) if loss.cosine else nodes
    users, items = nodes[:200], nodes[200:]
    expected = sum(
        torch.logsumexp(side[rows] @ side.T / 0.5, dim=1).mean()
        for side, rows in ((users, [0, 3, 199]), (items, [5, 17, 239]))
    )
    torch.testing.assert_close(term(batch_of([3, 0, 199, 3], [239, 5, 5, 17])), 0.7 * expected)


def test_relatedness_is_asked_for_when_masks_are_drawn(world):
    encoder = MaskedAutoencoder(world[0], SMALL, seed=0).train()
    term, batch = Relatedness(encoder), batch_of([0], [0])
    values = []
    for _ in range(4):
        encoder.smoothed()
        values.append(term(Batch(batch.users, batch.items, encoder.nodes[:1], encoder.nodes[:1])))
    torch.testing.assert_close(values[0], -F.logsigmoid(encoder.relatedness()).mean())
    torch.testing.assert_close(values[3], values[0])
    assert values[1] == values[2] == 0


@pytest.mark.parametrize(
    ("loss", "compared"),
    [
        (MaskedReconstruction(5), ([0, 2, 3, 4], [1, 0, 2, 3, 4])),
        (MaskedReconstruction(), ([0, 1, 2, 3, 4], [1, 0, 2, 3, 4])),
    ],
    ids=["drawn", "all"],
)
def test_the_reconstruction_by_definition(make_split, loss, compared):
    """User 0 has items 0 and 1, user 1 item 1: drawn items compare if the user has not had them."""
    split = make_split((2, 5), [(0, 0), (0, 1), (1, 1)])
    drawn = loss.draw(split.train, np.array([0, 1]), generator(0, "negatives"))
    items = torch.randn(5, 3, generator=generator(1, "items"))
    users = torch.randn(2, 3, generator=generator(1, "users"))
    value = loss(users, items[[0, 1]], items[drawn.items], drawn)
    each = [F.cross_entropy(items[c] @ u, torch.tensor(0)) for u, c in zip(users, compared, strict=True)]
    torch.testing.assert_close(value, torch.stack(each).mean())
    assert not loss.cosine


def test_the_published_loss_leaves_raw_vectors(world):
    view = replace(SMALL, training=replace(QUICK, loss=MaskedReconstruction())).fit(world[0])
    assert np.linalg.norm(view.items, axis=1).std() > 1e-3
    assert view.provenance["config"]["training"]["loss"] == {
        "class": "MaskedReconstruction",
        "negatives": None,
    }


def test_weight_zero_is_no_spread_and_a_weight_changes_the_view(world):
    split, _ = world
    none, tiny, some = (replace(SMALL, weight=weight).fit(split) for weight in (0.0, 1e-12, 1.0))
    np.testing.assert_allclose(none.items, tiny.items, atol=1e-4)
    assert np.abs(none.items - some.items).max() > 1e-2


def test_masks_matter(world):
    split, _ = world
    assert bytes_of(SMALL.fit(split)) != bytes_of(replace(SMALL, seeds=0.0).fit(split))


OPTIONS = ["attention", "heads", "seeds", "hops", "keep", "refresh", "weight", "temperature", "negatives"]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("value", [-1, float("nan"), "3", None])
def test_options_are_checked(option, value):
    with pytest.raises(SemcompError, match=rf"^AutoCF option {option} = '?{value}'?; it must"):
        AutoCF(**{option: value})


def test_heads_divide_the_width():
    with pytest.raises(SemcompError, match=r"^AutoCF option heads = 5; it must divide dim = 64"):
        AutoCF(heads=5)
    with pytest.raises(SemcompError, match=r"^MaskedReconstruction option negatives = 0; it must"):
        MaskedReconstruction(0)
