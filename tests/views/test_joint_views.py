"""Views made of both: what fusion and alignment are made of, and what is left of them without text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from conformance import QUICK, bytes_of
from torch.nn import functional as F

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.errors import SemcompError
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.joint.aligned import AlignedLightGCN, TextAlignment
from semcomp.views.joint.fusion import FusionControl, NormConcatNorm, TwinLightGCN
from semcomp.views.registry import REGISTRY
from semcomp.views.semantic.raw_text import RawText
from semcomp.views.training import Batch, SampledSoftmax

HARD = replace(QUICK, loss=SampledSoftmax(negatives=64, hard_pool=2), weight_decay=1e-4)


def test_fusion_scores_are_the_mean_of_the_cosines_of_its_halves(world):
    view = NormConcatNorm(8, training=HARD).fit(Inputs(*world))
    parts = slice(0, 4), slice(4, 8)
    cosines = [unit_rows(view.users[:, part]) @ unit_rows(view.items[:, part]).T for part in parts]
    np.testing.assert_allclose(view.scores(np.arange(200)), (cosines[0] + cosines[1]) / 2, atol=1e-6)
    for part in parts:  # neither half outweighs the other
        np.testing.assert_allclose(np.linalg.norm(view.items[:, part], axis=1), np.sqrt(0.5), rtol=1e-5)


def test_the_semantic_half_of_the_fusion_is_a_function_of_the_text(world):
    """Items with one text share it, whatever their interactions; the collaborative half tells them apart."""
    split, text = world
    matrix = text.matrix.copy()
    matrix[7] = matrix[90]
    view = NormConcatNorm(8, training=HARD).fit(Inputs(split, TextMatrix(text.item_ids, matrix)), seed=0)
    np.testing.assert_allclose(view.items[7, 4:], view.items[90, 4:], atol=1e-6)
    assert np.abs(view.items[7, :4] - view.items[90, :4]).max() > 1e-2


def test_alignment_of_weight_zero_is_lightgcn_to_the_byte(world):
    plain = LightGCN(8, training=QUICK).fit(world[0])
    unaligned = AlignedLightGCN(8, weight=0.0, training=QUICK).fit(Inputs(*world))
    assert bytes_of(unaligned) == bytes_of(plain)
    assert unaligned.provenance["training"] == plain.provenance["training"]
    assert bytes_of(AlignedLightGCN(8, training=QUICK).fit(Inputs(*world))) != bytes_of(plain)


def test_the_alignment_term_by_definition(world):
    """With every row a negative: half the cross-entropies of finding one's own text, users and items."""
    split, text = world
    model = AlignedLightGCN(8, weight=0.7, temperature=0.3, negatives=1000, training=QUICK)
    term = TextAlignment(split, text, model, seed=0)
    term.begin(0, 1)
    draw = torch.Generator().manual_seed(0)
    rows = torch.tensor([3, 0, 199, 3]), torch.tensor([239, 5, 5, 17])
    vectors = [F.normalize(torch.randn(4, 8, generator=draw)) for _ in rows]
    raw = RawText().fit(Inputs(split, text))
    losses = [
        F.cross_entropy(anchors @ term.mapped(torch.tensor(texts)).T / 0.3, own)
        for own, anchors, texts in zip(rows, vectors, (raw.users, raw.items), strict=True)
    ]
    torch.testing.assert_close(term(Batch(*rows, *vectors)), 0.7 * (losses[0] + losses[1]) / 2)


def test_alignment_makes_neighbourhoods_like_those_of_the_text(world):
    split, text = world
    near_text = unit_rows(text.matrix) @ unit_rows(text.matrix).T
    likeness = []
    for weight in (0.0, 5.0):
        view = AlignedLightGCN(8, weight=weight, training=QUICK).fit(Inputs(split, text), seed=0)
        likeness.append(np.corrcoef((view.items @ view.items.T).ravel(), near_text.ravel())[0, 1])
    assert likeness[1] > likeness[0] + 0.05


def test_what_the_fusion_is_compared_with_has_its_loss_negatives_width_and_depth():
    models = [NormConcatNorm(), FusionControl(), TwinLightGCN(), AlignedLightGCN()]
    assert len({(one.dim, one.layers, one.training) for one in models}) == 1
    assert not REGISTRY["wide LightGCN"].reads_text
    assert not REGISTRY["twin LightGCN"].reads_text


def test_the_twins_halves_have_unit_norm_and_differ(world):
    view = TwinLightGCN(8, training=QUICK).fit(Inputs(*world), seed=3)
    assert view.shape == (world[0].n_users, world[0].n_items)
    for side in (view.users, view.items):
        first, second = side[:, :4], side[:, 4:]
        np.testing.assert_allclose(np.linalg.norm(first, axis=1), 0.5**0.5, rtol=1e-5)
        np.testing.assert_allclose(np.linalg.norm(second, axis=1), 0.5**0.5, rtol=1e-5)
        assert not np.allclose(first, second, atol=0.1)
    again = TwinLightGCN(8, training=QUICK).fit(world[0], seed=3)
    assert bytes_of(again) == bytes_of(view)  # a text that is given is not read


def test_a_twin_has_an_even_width():
    with pytest.raises(SemcompError, match="TwinLightGCN needs an even dim"):
        TwinLightGCN(dim=7)


def test_the_fusions_control_is_lightgcn_but_for_its_training(world):
    same = LightGCN(8, training=HARD).fit(world[0], seed=0)
    assert bytes_of(same) == bytes_of(FusionControl(8, training=HARD).fit(world[0], seed=0))
