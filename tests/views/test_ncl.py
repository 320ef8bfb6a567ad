"""NCL: its limits, both contrasts by definition, prototypes of planted groups."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.nn import functional as F

from semcomp.errors import SemcompError
from semcomp.views.collaborative.lightgcn import GraphTables, LightGCN
from semcomp.views.collaborative.ncl import NCL, PrototypeContrast, StructureContrast
from semcomp.views.training import Batch, Training

QUICK = Training(epochs=4, batch=512, lr=0.02, every=2)
USERS, ITEMS = [0, 5, 5, 7], [9, 2, 9, 9]
ALL = 10_000


def bytes_of(view):
    return view.users.tobytes() + view.items.tobytes()


def batch_of(users=USERS, items=ITEMS):
    nothing = torch.empty(len(users), 0)
    return Batch(torch.tensor(users), torch.tensor(items), nothing, nothing)


def made(term, split, **options):
    model = NCL(8, training=QUICK, **options)
    return term(GraphTables(split, model.dim, model.layers, seed=0), split, model)


def both(split, loss):
    """loss(nodes, rows of the kind) of users and of items."""
    n = split.n_users
    return [loss(torch.tensor(USERS), slice(None, n)), loss(torch.tensor(ITEMS), slice(n, None))]


def test_both_weights_zero_is_lightgcn_to_the_byte(world):
    plain = LightGCN(8, training=QUICK).fit(world[0], seed=1)
    none = NCL(8, structure_weight=0.0, prototype_weight=0.0, training=QUICK).fit(world[0], seed=1)
    assert bytes_of(none) == bytes_of(plain)
    assert none.name == "NCL"


def test_each_weight_does_something_and_prototypes_wait_for_the_warm_up(world):
    split, _ = world
    options = {"structure_weight": 0.0, "clusters": 9, "training": QUICK}
    plain = bytes_of(LightGCN(8, training=QUICK).fit(split, seed=1))
    assert bytes_of(NCL(8, **options, warm_up=4).fit(split, seed=1)) == plain
    assert bytes_of(NCL(8, **options, warm_up=0).fit(split, seed=1)) != plain
    assert bytes_of(NCL(8, prototype_weight=0.0, training=QUICK).fit(split, seed=1)) != plain


@pytest.mark.parametrize("hyper_layers", [1, 2])
def test_the_structural_contrast_by_definition(world, hyper_layers):
    split, _ = world
    options = {"structure_weight": 0.3, "alpha": 0.7, "temperature": 0.2, "negatives": ALL}
    term = made(StructureContrast, split, hyper_layers=hyper_layers, **options)
    term.begin(seed=3, epoch=1)
    table, dense = term.encoder[0].table, term.encoder[0].adjacency.to_dense()
    context = torch.linalg.matrix_power(dense, 2 * hyper_layers) @ table

    def loss(nodes, kind):
        scores = F.normalize(context[kind][nodes]) @ F.normalize(table[kind]).T / 0.2
        return F.cross_entropy(scores, nodes, reduction="sum")

    users, items = both(split, loss)
    expected = 0.3 * (users + 0.7 * items) / QUICK.batch  # a sum over the batch, in units of a full one
    mine = term(batch_of())
    torch.testing.assert_close(mine, expected)
    (mine,), (plain,) = (torch.autograd.grad(value, table) for value in (mine, expected))
    torch.testing.assert_close(mine, plain, rtol=1e-4, atol=1e-8)


def test_the_prototype_contrast_by_definition(world):
    split, _ = world
    term = made(PrototypeContrast, split, prototype_weight=0.3, temperature=0.2, clusters=9, warm_up=2)
    term.begin(seed=3, epoch=3)
    table = term.encoder[0].table
    prototypes = iter(term.prototypes)

    def loss(nodes, kind):
        centroids, nearest = next(prototypes)
        assert centroids.shape == (9, 8)
        torch.testing.assert_close(centroids.norm(dim=1), torch.ones(9))
        scores = F.normalize(table[kind][nodes]) @ centroids.T / 0.2
        return F.cross_entropy(scores, nearest[nodes], reduction="sum")

    expected = 0.3 * sum(both(split, loss)) / QUICK.batch
    mine = term(batch_of())
    torch.testing.assert_close(mine, expected)
    (mine,), (plain,) = (torch.autograd.grad(value, table) for value in (mine, expected))
    torch.testing.assert_close(mine, plain, rtol=1e-4, atol=1e-8)


def test_recboles_weights_are_ours_over_the_batch_also_in_the_last_one(world):
    split, _ = world
    weight = 1e-7 * 2048
    term = made(StructureContrast, split, structure_weight=weight, temperature=0.1, negatives=ALL)
    term.model = replace(term.model, training=replace(QUICK, batch=2048))
    term.begin(seed=3, epoch=1)
    table = term.encoder[0].table
    context = term.encoder[0].adjacency.to_dense() @ (term.encoder[0].adjacency.to_dense() @ table)

    def as_in_recbole(nodes, kind):  # -log(positive / all), summed over however many pairs the batch has
        one, other = F.normalize(context[kind][nodes]), F.normalize(table[kind])
        positive = torch.exp((one * other[nodes]).sum(dim=1) / 0.1)
        return -torch.log(positive / torch.exp(one @ other.T / 0.1).sum(dim=1)).sum()

    torch.testing.assert_close(term(batch_of()), 1e-7 * sum(both(split, as_in_recbole)))


def test_prototypes_are_the_groups_there_are(make_split):
    split = make_split((6, 4), [(0, 0)])
    term = made(PrototypeContrast, split, clusters=2, warm_up=0)
    directions = torch.eye(8)
    term.encoder[0].table.data = torch.cat([3 * directions[[0, 1, 0, 1, 1, 0]], 5 * directions[[4, 4, 4, 7]]])
    term.begin(seed=0, epoch=1)
    (users, of_users), (items, of_items) = term.prototypes
    assert torch.equal(users[of_users], directions[[0, 1, 0, 1, 1, 0]])
    assert torch.equal(items[of_items], directions[[4, 4, 4, 7]])


def test_during_the_warm_up_there_are_no_prototypes(world):
    term = made(PrototypeContrast, world[0], warm_up=2)
    term.begin(seed=3, epoch=2)
    assert term.prototypes == []
    assert term(batch_of()) == 0


def test_an_epochs_draws_come_from_seed_and_epoch_alone(world):
    split, _ = world
    term = made(PrototypeContrast, split, clusters=20, warm_up=0)
    again = made(PrototypeContrast, split, clusters=20, warm_up=0)
    term.begin(seed=3, epoch=5)
    first = term.prototypes
    for epoch in (4, 5):
        again.begin(seed=3, epoch=epoch)
    assert all(
        torch.equal(a, b)
        for one, two in zip(first, again.prototypes, strict=True)
        for a, b in zip(one, two, strict=True)
    )
    term.begin(seed=3, epoch=6)
    assert not torch.equal(first[0][0], term.prototypes[0][0])


def test_more_clusters_than_nodes_is_a_cluster_for_each(make_split):
    split = make_split((3, 2), [(0, 0), (1, 1), (2, 0)], [(0, 1)])
    view = NCL(4, clusters=1000, warm_up=0, training=QUICK).fit(split)
    assert view.users.shape == (3, 4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"structure_weight": -1.0}, "structure_weight = -1.0; it must not be negative"),
        ({"prototype_weight": float("inf")}, "prototype_weight = inf; it must not be negative"),
        ({"hyper_layers": 0}, "hyper_layers = 0; it must be above zero"),
        ({"clusters": 2.5}, "clusters = 2.5; it must be a whole number"),
        ({"temperature": 0}, "temperature = 0; it must be above zero"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(SemcompError, match=f"^NCL option {message}$"):
        NCL(**options)
