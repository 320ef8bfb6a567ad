"""Content with a capped difference: what layer 0 is, that the cap holds, and what places new items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from conformance import QUICK

from semcomp.align import BACKBONES
from semcomp.align.backbones import parts_of
from semcomp.align.delta import Capped, ContentDelta
from semcomp.align.layer_zero import reduced_text, without_neighbours
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.errors import SemcompError
from semcomp.views import LightGCN
from semcomp.views.training import train_view

BACKBONE = LightGCN(4, training=QUICK)


def small(name: str) -> Any:
    """The backbone of that name, 4 wide, trained for two epochs."""
    model = BACKBONES[name][0]
    options = {
        one: value
        for one, value in {"intents": 8, "clusters": 10, "warm_up": 2}.items()
        if hasattr(model, one)
    }
    return replace(model, **options, dim=4, training=replace(QUICK, epochs=2, every=1))


def test_reduced_text_has_the_spectrum_and_the_products_of_centred_text(world):
    split, text = world
    unit = unit_rows(text.rows_for(split.item_ids)).astype(np.float64)
    centred = unit - unit.mean(0)
    left, sigma, _ = np.linalg.svd(centred, full_matrices=False)
    rows = reduced_text(split, text, 4)[0].double().numpy()
    np.testing.assert_allclose(np.linalg.svd(rows, compute_uv=False), sigma[:4], rtol=1e-5)
    np.testing.assert_allclose(rows @ rows.T, (left[:, :4] * sigma[:4] ** 2) @ left[:, :4].T, atol=1e-6)
    whole = reduced_text(split, text, text.matrix.shape[1])[0].double().numpy()
    np.testing.assert_allclose(whole @ whole.T, centred @ centred.T, atol=1e-6)


def test_items_that_train_does_not_know_have_no_part_in_mean_and_axes(cold_world):
    split, text = cold_world
    there = split.catalogue("train")
    alone = reduced_text(split.of_items(there), TextMatrix(text.item_ids[there], text.matrix[there]), 4)[0]
    assert torch.equal(reduced_text(split, text, 4)[0], alone)


def test_a_row_is_content_plus_what_the_cap_leaves_of_the_difference():
    rng = np.random.default_rng(0)
    content, table = rng.standard_normal((5, 3)), rng.standard_normal((7, 3)) * np.arange(1, 8)[:, None]
    content[2] = 0
    table[4] *= 0.01
    slow = table.copy()
    for item, c in enumerate(content):
        delta, limit = table[2 + item], 0.5 * np.linalg.norm(c)
        if 0 < limit < np.linalg.norm(delta):
            delta = delta * limit / np.linalg.norm(delta)
        slow[2 + item] = c + delta
    capped = Capped(torch.from_numpy(content), 2, 0.5)
    np.testing.assert_allclose(capped(torch.from_numpy(table)).numpy(), slow, rtol=1e-12)
    assert torch.autograd.gradcheck(capped, torch.from_numpy(table).requires_grad_())
    free = torch.zeros(7, 3, requires_grad=True)
    Capped(torch.from_numpy(content).float(), 2, 0.5)(free).sum().backward()
    assert torch.equal(free.grad, torch.ones(7, 3))  # a difference of zero is free to grow


def test_content_has_the_stated_scale(world):
    split, text = world
    before = parts_of(BACKBONE, split, 0).tables.table.detach()[split.n_users :]
    parts = ContentDelta(BACKBONE, weight=3.0, cap=0.0).changed(parts_of(BACKBONE, split, 0), split, text, 0)
    items = parts.tables.table.detach()[split.n_users :]
    assert float(items.std() / before.std()) == pytest.approx(3, rel=1e-4)


@pytest.mark.parametrize("cap", [0.0, 0.3])
def test_the_cap_holds_after_training(cap, world):
    """Users and differences have moved, some differences are at the cap, and none is above it."""
    split, text = world
    model = ContentDelta(BACKBONE, cap=cap)
    parts = model.changed(parts_of(BACKBONE, split, 0), split, text, 0)
    before = parts.tables.table.detach().clone()
    train_view(model.label, model, parts.encoder, split, 0, text=text)
    content = parts.tables.parametrizations.table[0].content
    users, items = parts.tables.table.detach().split([split.n_users, split.n_items])
    assert (users != before[: split.n_users]).any(dim=1).all()
    lengths = (items - content).norm(dim=1) / content.norm(dim=1)
    assert lengths.max() <= cap * (1 + 1e-4)
    if cap:
        assert (lengths > cap * (1 - 1e-4)).any()
        assert not torch.equal(items, before[split.n_users :])
    else:
        assert torch.equal(items, content)


@pytest.mark.parametrize("name", ["LightGCN", "wide LightGCN", "LR-GCCF", "SGL", "NCL"])
def test_a_new_item_has_what_a_known_one_without_edges_would_have(name, make_split):
    """Item 3 is in no train pair: its vector is that of its row of layer 0, alone."""
    split = make_split((3, 5), [(0, 0), (0, 1), (1, 1), (1, 2), (2, 4)])
    parts = parts_of(small(name), split, 0)
    row = parts.tables.table.detach()[split.n_users + 3][None]
    found = without_neighbours(parts.tables, row)
    torch.testing.assert_close(found, parts.tables.smoothed().detach()[split.n_users + 3][None])


@pytest.mark.parametrize("name", BACKBONES)
def test_items_of_a_split_of_cold_items_are_placed_where_layer_0_says_how(name, cold_world):
    split, text = cold_world
    placed = ContentDelta(small(name)).fit(Inputs(split, text)).items[split.known_from > 0].any(axis=1)
    if name in ("SimGCL", "DCCF", "AutoCF"):
        assert not placed.any()
    else:
        assert placed.all()


def test_wrong_inputs_are_refused_with_a_width_that_works(world):
    split, text = world
    narrow = TextMatrix(text.item_ids, text.matrix[:, :2])
    with pytest.raises(SemcompError, match="a text of 2 columns cannot fill 4; use dim=2 at most"):
        ContentDelta(BACKBONE).fit(Inputs(split, narrow))
    ContentDelta(replace(BACKBONE, dim=2)).fit(Inputs(split, narrow))
    with pytest.raises(SemcompError, match="text"):
        ContentDelta(BACKBONE).fit(split)
