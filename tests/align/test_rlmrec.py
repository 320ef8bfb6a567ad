"""RLMRec's two terms against plain loops, what is masked when, and traps of the published code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conformance import QUICK
from torch.nn import functional as F

from semcomp.align import RLMRecCon, RLMRecGen
from semcomp.align.backbones import parts_of
from semcomp.kernels.propagation import normalized_adjacency, propagate
from semcomp.views import LRGCCF, LightGCN
from semcomp.views.training import Batch

BACKBONE = LightGCN(8, training=QUICK)


def changed(model, world):
    """The parts that the model trains, in training mode, at the start of the first epoch."""
    split, text = world
    parts = model.changed(parts_of(model.backbone, split, 0), split, text, 0)
    for part in (parts.encoder, *parts.terms):
        part.begin(0, 1)
        part.train()
    return parts


def step(parts, users, items, negatives):
    """The batch of one step, its vectors of unit length as the loop has them."""
    anchors, others = (F.normalize(side) for side in parts.encoder(users, torch.cat([items, negatives])))
    return Batch(users, items, anchors, others[: len(items)])


def nce(a, b, everybody, temperature):
    """Mean over rows of -cos(a, b)/τ + log Σ_x exp(cos(a, x)/τ), in plain loops."""
    a, b, everybody = (F.normalize(x).detach().numpy().astype(float) for x in (a, b, everybody))
    rows = [
        -x @ y / temperature + np.log(sum(np.exp(x @ z / temperature) for z in everybody))
        for x, y in zip(a, b, strict=True)
    ]
    return np.mean(rows)


def test_the_contrast_is_that_of_the_paper_when_all_are_drawn(world):
    """Users among all users, items among the batch's, negatives among themselves, each node once."""
    model = RLMRecCon(BACKBONE, weight=0.3, negatives=1000)
    parts = changed(model, world)
    users, items = torch.tensor([3, 5, 3, 8]), torch.tensor([10, 11, 12, 10])
    negatives = torch.tensor([20, 21, 20])
    batch = step(parts, users, items, negatives)
    (term,) = parts.terms
    mapped = [F.normalize(term.mapping(text)) for text in (term.inputs.users, term.inputs.items)]
    drawn = parts.encoder.passed[1][4:]
    slow = nce(batch.anchors, mapped[0][users], mapped[0], 0.2)
    slow += nce(batch.positives, mapped[1][items], mapped[1][[10, 11, 12]], 0.2)
    slow += nce(drawn[:2], mapped[1][[20, 21]], mapped[1][[20, 21]], 0.2)
    assert float(term(batch).detach()) == pytest.approx(0.3 * slow, rel=1e-5)


def test_without_negatives_two_sums_are_left(world):
    parts = changed(RLMRecCon(BACKBONE, weight=1.0, negatives=1000), world)
    users, items = torch.tensor([3, 5]), torch.tensor([10, 11])
    batch = step(parts, users, items, torch.empty(0, dtype=torch.int64))
    (term,) = parts.terms
    mapped = [F.normalize(term.mapping(text)) for text in (term.inputs.users, term.inputs.items)]
    slow = nce(batch.anchors, mapped[0][users], mapped[0], 0.2)
    slow += nce(batch.positives, mapped[1][items], mapped[1][items], 0.2)
    assert float(term(batch).detach()) == pytest.approx(slow, rel=1e-5)


def test_other_negatives_are_drawn_in_every_step(world):
    """There once an epoch: here two steps of one epoch ask for other items."""
    parts = changed(RLMRecCon(BACKBONE, weight=0.3, negatives=16), world)
    users, items = torch.tensor([3, 5]), torch.tensor([10, 11])
    batch = step(parts, users, items, torch.tensor([20, 21]))
    (term,) = parts.terms
    assert float(term(batch).detach()) != float(term(batch).detach())  # the pools of a step are its own


def test_masked_rows_are_the_token_and_what_is_ranked_is_not_masked(world):
    model = RLMRecGen(BACKBONE, weight=0.5, mask=0.25)
    parts = changed(model, world)
    table = parts.tables.parametrizations.table
    with torch.no_grad():
        table[0].token.fill_(7.0)
    users, items = torch.tensor([3, 5, 8]), torch.tensor([10, 11, 12])
    step(parts, users, items, torch.tensor([20]))
    nodes = len(table.original)
    hidden = table[0].rows
    assert len(hidden) == len(hidden.unique()) == int(0.25 * nodes)
    assert (parts.tables.table[hidden] == 7).all()
    others = np.setdiff1d(np.arange(nodes), hidden.numpy())
    assert torch.equal(parts.tables.table[others], table.original[others])
    before = hidden.clone()
    step(parts, users, items, torch.tensor([20]))
    assert not torch.equal(table[0].rows, before)
    parts.encoder.eval()
    sides = torch.cat(parts.encoder())
    split = world[0]
    plain = propagate(normalized_adjacency(split.train), table.original, BACKBONE.layers)
    torch.testing.assert_close(sides, plain)


def test_recovery_is_that_of_the_paper(world):
    """Masked nodes among masked nodes, in the text's space, from the pass that was masked."""
    model = RLMRecGen(BACKBONE, weight=0.5, mask=0.1, contrasted=1000)
    parts = changed(model, world)
    users, items = torch.tensor([3, 5, 8]), torch.tensor([10, 11, 12])
    batch = step(parts, users, items, torch.tensor([20]))
    (term,) = parts.terms
    hidden = parts.encoder.hidden
    vectors = propagate(normalized_adjacency(world[0].train), parts.tables.table, BACKBONE.layers)[hidden]
    texts = torch.cat(list(term_text(world)))[hidden]
    slow = nce(term.mapping(vectors), texts, texts, 0.2)
    assert float(term(batch).detach()) == pytest.approx(0.5 * slow, rel=1e-5)


def term_text(world):
    """Unit texts of users (means over their items), then of items."""
    split, text = world
    items = F.normalize(torch.from_numpy(text.rows_for(split.item_ids)))
    yield F.normalize(torch.from_numpy(split.train @ items.numpy()))
    yield items


def test_backbone_and_variants_have_the_same_graph(world):
    """Published, GCCF has loops in its graph and its two variants have none."""
    split, _ = world
    backbone = LRGCCF(8, training=QUICK)
    plain = parts_of(backbone, split, 0).tables.adjacency.to_dense()
    for model in (RLMRecCon(backbone), RLMRecGen(backbone)):
        assert torch.equal(changed(model, world).tables.adjacency.to_dense(), plain)
    assert (plain.diagonal() > 0).all()


def test_the_penalty_is_on_free_rows_and_not_on_the_map(world):
    parts = changed(RLMRecCon(BACKBONE), world)
    users, items = torch.tensor([1]), torch.tensor([2])
    free = parts.encoder.free(users, items)
    assert [tuple(one.shape) for one in free] == [(1, 8), (1, 8)]


def test_nothing_is_masked_by_a_share_of_0(world):
    model = RLMRecGen(BACKBONE, weight=0.5, mask=0.0)
    parts = changed(model, world)
    batch = step(parts, torch.tensor([1]), torch.tensor([2]), torch.tensor([3]))
    assert float(parts.terms[0](batch)) == 0
    assert torch.equal(parts.tables.table, parts.tables.parametrizations.table.original)
    assert replace(model, weight=0.0).weight == 0
