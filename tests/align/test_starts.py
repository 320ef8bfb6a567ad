"""What layer 0 is made of: the adaptor against plain loops, and starts of the stated scale and shape."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conformance import QUICK

from semcomp.align import KAR, CARec, SemanticStart, carec
from semcomp.align.backbones import parts_of
from semcomp.align.kar import Experts
from semcomp.align.start import KINDS, started
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.errors import SemcompError
from semcomp.views import DCCF, AutoCF, LightGCN
from semcomp.views.training import train_view

BACKBONE = LightGCN(4, training=QUICK)


def test_the_adaptor_is_a_gated_sum_of_experts():
    model = KAR(common=2, own=3, hidden=5)
    experts = Experts(7, model, 4, seed=0)
    text = torch.from_numpy(np.random.default_rng(0).standard_normal((6, 7)).astype(np.float32))
    weights = experts.inner.weight.detach().numpy().reshape(8, 5, 7)
    offsets = experts.inner.bias.detach().numpy().reshape(8, 5)
    outer, last = experts.outer.detach().numpy(), experts.offset.detach().numpy()
    for side, chosen in ((0, [0, 1, 2, 3, 4]), (1, [0, 1, 5, 6, 7])):
        gate = experts.gates[side](text).softmax(1).detach().numpy()
        slow = np.zeros((6, 4))
        for row, x in enumerate(text.numpy()):
            for place, expert in enumerate(chosen):
                inner = np.maximum(weights[expert] @ x + offsets[expert], 0)
                slow[row] += gate[row, place] * np.maximum(inner @ outer[expert] + last[expert], 0)
        np.testing.assert_allclose(experts(text, side).detach().numpy(), slow, rtol=1e-4, atol=1e-6)


def test_the_adaptor_has_the_gradient_of_its_formula():
    experts = Experts(3, KAR(common=1, own=1, hidden=4), 2, seed=0).double()
    text = torch.from_numpy(np.random.default_rng(0).standard_normal((5, 3))).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: experts(x, 1), (text,))


def test_kar_adds_the_adaptor_to_the_free_rows(world):
    split, text = world
    model = KAR(BACKBONE, weight=0.5)
    parts = model.changed(parts_of(BACKBONE, split, 0), split, text, 0)
    changed = parts.tables.parametrizations.table
    sides = changed[0].inputs()
    added = torch.cat([changed[0].experts(rows, side) for side, rows in enumerate(sides)])
    torch.testing.assert_close(parts.tables.table, changed.original + 0.5 * added)


@pytest.mark.parametrize("kind", KINDS)
def test_every_start_has_the_same_scale(kind, world):
    split, text = world
    rows = started(kind, split, text, 4, strength=1.0, seed=0)
    assert rows.shape == (split.n_items, 4)
    assert float(rows.double().std(correction=0)) == pytest.approx(1, rel=1e-5)
    before = parts_of(BACKBONE, split, 0).tables.table.detach()[split.n_users :].clone()
    model = SemanticStart(BACKBONE, weight=3.0, kind=kind)
    table = model.changed(parts_of(BACKBONE, split, 0), split, text, 0).tables.table.detach()
    moved = table[split.n_users :] - before
    assert float(moved.std() / before.std()) == pytest.approx(3, rel=1e-3)
    assert torch.equal(table[: split.n_users], parts_of(BACKBONE, split, 0).tables.table[: split.n_users])


def test_shapes_of_starts_are_the_stated_ones(world):
    """Whitened spectra are flat, ACE's are sqrt(σ² / (σ² + λ)), and PCA's are those of centred text."""
    split, text = world
    unit = unit_rows(text.rows_for(split.item_ids)).astype(np.float64)
    sigma = np.linalg.svd(unit, compute_uv=False)[:4]
    level = (np.linalg.svd(unit, compute_uv=False) ** 2).mean()
    centred = np.linalg.svd(unit - unit.mean(0), compute_uv=False)[:4]
    expected = {
        "whitened": np.ones(4),
        "ace": sigma / np.sqrt(sigma**2 + 2.0 * level),
        "pca": centred,
    }
    for kind, wanted in expected.items():
        rows = started(kind, split, text, 4, strength=2.0, seed=0).double().numpy()
        found = np.linalg.svd(rows, compute_uv=False)
        np.testing.assert_allclose(found / found[0], np.sort(wanted)[::-1] / wanted.max(), rtol=1e-3)


def test_a_text_narrower_than_the_table_is_refused_with_a_width_that_works(world):
    split, text = world
    narrow = TextMatrix(text.item_ids, text.matrix[:, :2])
    with pytest.raises(SemcompError, match="a text of 2 columns is no start for 4; use dim=2 at most"):
        SemanticStart(BACKBONE).fit(Inputs(split, narrow))
    SemanticStart(replace(BACKBONE, dim=2)).fit(Inputs(split, narrow))


def test_an_unknown_kind_is_refused():
    with pytest.raises(SemcompError, match="unknown kind of start 'ase'; did you mean 'ace'"):
        SemanticStart(kind="ase")


def test_carec_fixes_items_first_and_users_then(world):
    split, text = world
    model = CARec(BACKBONE, weight=2.0)
    first = model.changed(parts_of(BACKBONE, split, 0), split, text, 0)
    plain = parts_of(BACKBONE, split, 0).tables.table.detach()
    items = plain[split.n_users :]
    wanted = 2.0 * items.std() * started("pca", split, text, 4, 0.0, 0)
    assert torch.equal(first.tables.table[split.n_users :], wanted)
    assert torch.equal(first.tables.table[: split.n_users], plain[: split.n_users])
    users = torch.arange(4.0 * split.n_users).reshape(-1, 4)
    second = model.mapped(parts_of(BACKBONE, split, 0), users, split, text, 0)
    rows = second.tables.table
    assert torch.equal(rows[: split.n_users], users)
    rows.sum().backward()
    moved = [name for name, one in second.encoder.named_parameters() if one.grad is not None]
    assert moved
    assert all("mapping" in name for name in moved)  # nothing else is trained


def test_each_phase_of_carec_has_a_best_epoch_of_its_own(world):
    """Published, the second counts only where it beats the first; here it is ranked whatever it reaches."""
    view = CARec(BACKBONE).fit(Inputs(*world), 0)
    first, second = view.provenance["first phase"], view.provenance["training"]
    curve = [point["valid_ndcg"] for point in second["curve"]]
    assert second["valid_ndcg"] >= max(curve)
    assert first["curve"] != second["curve"]
    assert first["best_epoch"] > 0


@pytest.mark.parametrize("backbone", [DCCF(4, intents=4, training=QUICK), AutoCF(4, training=QUICK)])
def test_what_a_backbone_of_carec_has_beside_its_rows_is_kept_from_the_first_phase(
    backbone, world, monkeypatch
):
    """Users' rows were trained with it: intents and projections are what they were, and stay so."""
    trained = []

    def watched(name, model, encoder, *others, **more):
        view = train_view(name, model, encoder, *others, **more)
        trained.append({key: one.clone() for key, one in encoder.named_parameters() if "table" not in key})
        return view

    monkeypatch.setattr(carec, "train_view", watched)
    view = CARec(replace(backbone, training=replace(QUICK, epochs=2, every=1))).fit(Inputs(*world), 0)
    again, second = trained
    assert again
    for key, one in again.items():
        assert torch.equal(one, second[key])
    assert view.provenance["first phase"]["cost"]["seconds"] >= 0


def test_a_text_narrower_than_the_table_is_refused_by_carec_before_training(world):
    split, text = world
    narrow = TextMatrix(text.item_ids, text.matrix[:, :2])
    with pytest.raises(SemcompError, match="a text of 2 columns cannot fill 4; use dim=2 at most"):
        CARec(BACKBONE).fit(Inputs(split, narrow))
    CARec(replace(BACKBONE, dim=2)).fit(Inputs(split, narrow))
