"""What train does not know has no part in training: how the damage looked, and what is gained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conformance import QUICK, learnt

from semcomp.core.inputs import Inputs
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.core.whitening import ace
from semcomp.data import Split, split
from semcomp.errors import SemcompError
from semcomp.kernels.neighbours import nearest_by_cosine
from semcomp.planted import World
from semcomp.views import BPR, FullSoftmax, LightGCN, NormConcatNorm, SampledSoftmax, SemanticProjection
from semcomp.views.collaborative.autocf import MaskedReconstruction
from semcomp.views.collaborative.lightgcn import GraphTables
from semcomp.views.joint.ensemble import standardized
from semcomp.views.training import Encoder, Loss, Training, train_view, validation_ndcg


def all_known(split: Split) -> Split:
    """The same parts, as if the items held out were on the shelf."""
    return replace(split, known_from=None)


def found(view: View, split: Split) -> float:
    return float(per_user(rank(view, split, 20), split.test, 20)["recall"].mean())


def test_the_text_places_planted_cold_items_once_they_are_no_negatives():
    """Text alone decides here, next to words that no two items share, by which negatives can be told.

    With all items on the shelf, those words say that nobody had the held-out ones: below chance.
    """
    world = World(users=200, items=200, dim=3, shared=1.0, activity=20.0, sharpness=4.0)
    parts = split(world.dataset(), "cold-items", 3).without("valid")
    words = 0.5 * np.random.default_rng(0).standard_normal((200, 256))
    text = TextMatrix(parts.item_ids, np.concatenate([world.truth().semantic_vectors, words], axis=1))
    model = SemanticProjection(dim=16, training=replace(QUICK, loss=SampledSoftmax(), epochs=15))
    ours, shelved = (found(model.fit(Inputs(s, text)), s) for s in (parts, all_known(parts)))
    chance = 20 / (200 - 20)
    assert shelved < chance / 2
    assert ours > 2 * chance


@pytest.mark.parametrize(
    "loss", [SampledSoftmax(32), SampledSoftmax(32, popularity=0.5), FullSoftmax(), BPR()]
)
def test_the_audit_fails_where_all_items_are_on_the_shelf(loss, cold_world):
    """Texts of test items that are negatives change the users: what `test_conformance` looks for is there."""
    split, text = cold_world[0].without("valid"), cold_world[1]
    rows = text.rows_for(split.item_ids).copy()
    rows[split.known_from == 2] *= -1
    model = SemanticProjection(dim=4, training=replace(QUICK, loss=loss, epochs=2))
    for parts, same in ((split, True), (all_known(split), False)):
        texts = text, TextMatrix(split.item_ids, rows)
        one, two = (learnt(model.fit(Inputs(parts, t)), parts, split.catalogue("train")) for t in texts)
        assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True)) is same


@pytest.mark.parametrize("loss", [SampledSoftmax(), FullSoftmax(), BPR(), MaskedReconstruction(5)])
def test_a_loss_is_shown_known_items_alone(loss, cold_world, monkeypatch):
    split, seen = cold_world[0], []
    drawn = type(loss).draw

    def spied(self: Loss, train, users, draw):
        given = drawn(self, train, users, draw)
        seen.append((train.shape[1], int(given.items.max())))
        return given

    monkeypatch.setattr(type(loss), "draw", spied)
    LightGCN(dim=4, training=replace(QUICK, loss=loss, epochs=1)).fit(split)
    assert {columns for columns, _ in seen} == {split.known.n_items}
    assert max(last for _, last in seen) < split.known.n_items < split.n_items


def test_what_knows_items_by_id_alone_is_trained_to_the_end(cold_world):
    """No epoch knows a validation item, so none is better by more than chance; cold items score 0."""
    split = cold_world[0]
    view = LightGCN(dim=4, training=replace(QUICK, epochs=5, patience=1, every=1)).fit(split)
    assert view.provenance["training"]["best_epoch"] == 5
    assert not view.items[split.known_from > 0].any()
    again = LightGCN(dim=4, training=replace(QUICK, epochs=5, patience=1, every=1)).fit(
        split.without("valid")
    )
    np.testing.assert_array_equal(view.items, again.items)


def test_validation_pairs_of_known_items_select_what_knows_items_by_id(cold_world):
    """Some of the validation items are known: they alone are validated on."""
    split = cold_world[0]
    half = np.flatnonzero(split.known_from == 1)[::2]
    known_from = split.known_from.copy()
    known_from[half] = 0
    mixed = replace(split, known_from=known_from)
    curve = LightGCN(dim=4, training=QUICK).fit(mixed).provenance["training"]["curve"]
    assert max(point["valid_ndcg"] for point in curve) > 0
    only = mixed.valid.copy()
    only.data *= np.isin(only.indices, half)
    only.eliminate_zeros()
    again = LightGCN(dim=4, training=QUICK).fit(replace(mixed, valid=only, order=None))
    assert curve == again.provenance["training"]["curve"]


def test_a_fused_cold_item_has_its_text_half_alone(cold_world):
    """Its score is half the cosine of the text halves, on the scale of the other items."""
    split, text = cold_world
    view = NormConcatNorm(dim=8, training=replace(QUICK, epochs=1)).fit(Inputs(split, text))
    known, cold = view.items[split.known_from == 0], view.items[split.known_from > 0]
    assert not cold[:, :4].any()
    for rows in (known, cold):
        np.testing.assert_allclose(np.linalg.norm(rows[:, 4:], axis=1), 0.5**0.5, rtol=1e-5)


def test_test_items_are_no_candidates_in_validation(make_split):
    """User 0 is to find item 1; item 2, which is tested only, scores more and would take its place."""
    parts = make_split((1, 4), [(0, 0)], [(0, 1)], [(0, 2)])
    parts = replace(parts, known_from=np.array([0, 1, 2, 0]))
    view = View("v", np.ones((1, 1)), np.array([[9.0], [2.0], [3.0], [1.0]]))
    assert validation_ndcg(view, parts) == 1.0
    assert validation_ndcg(view, all_known(parts)) == pytest.approx(1 / np.log2(3))


class Careless(Encoder):
    """A table of all items, held out or not."""

    def __init__(self, split: Split) -> None:
        super().__init__()
        self.all = GraphTables(all_known(split), 4, 0, seed=0)

    def forward(self, users=None, items=None):
        return self.all(users, items)


def test_an_encoder_over_all_items_is_refused_before_it_is_trained(cold_world):
    split = cold_world[0]
    with pytest.raises(
        SemcompError, match=r"Careless is made over 120 items, but training knows 96; .*split\.known"
    ):
        train_view("careless", LightGCN(training=Training()), Careless(split), split, 0)


def test_axes_and_scales_are_those_of_the_known_items(cold_world):
    split, text = cold_world
    known = split.catalogue("train")
    ids = split.item_ids
    rows = text.rows_for(ids)
    for centred in (False, True):
        whole = ace(TextMatrix(ids, rows), 1.0, centred=centred, fitted=known).matrix
        alone = ace(TextMatrix(ids[known], rows[known]), 1.0, centred=centred).matrix
        np.testing.assert_allclose(whole[known], alone, atol=1e-5)
    rng = np.random.default_rng(0)
    view = View("v", rng.standard_normal((5, 3)), rng.standard_normal((len(ids), 3)))
    users, items = standardized(view, known)
    scores = users @ items.T
    np.testing.assert_allclose(scores[:, known].mean(axis=1), 0, atol=1e-12)
    np.testing.assert_allclose(scores[:, known].std(axis=1), 1, rtol=1e-12)


def test_neighbours_among_some_rows_by_hand():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((30, 4)).astype(np.float32)
    rows[7] = 0
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    among = np.array([0, 3, 4, 7, 11, 12, 20, 29])
    near = nearest_by_cosine(rows, 3, among=among, memory=2**20).toarray()
    cosines = rows @ rows.T
    np.fill_diagonal(cosines, -1)
    for at in range(30):
        open_to = [j for j in among if cosines[at, j] > 0 and j != at]
        best = sorted(open_to, key=lambda j: (-cosines[at, j], j))[:3]
        assert np.flatnonzero(near[at]).tolist() == sorted(best)
    assert nearest_by_cosine(rows, 3, among=among[:0], memory=2**20).nnz == 0
