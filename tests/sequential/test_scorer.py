"""A trained network as a scorer: over fresh histories, as vectors, of items that train did not know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ordered_worlds import cycle

from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.sequential import SEQUENTIAL, BERT4Rec, SASRec, SequenceTraining, histories, loop, scorer

FEW = SequenceTraining(epochs=2, batch=16, lr=0.01, every=1)
SPLIT = cycle(40, 20, 6)


@pytest.fixture(scope="module", params=list(SEQUENTIAL))
def fitted(request):
    return replace(SEQUENTIAL[request.param], dim=8, length=5, layers=1, training=FEW).fit(SPLIT)


def test_it_knows_train_and_validation_only_if_asked(fitted):
    assert fitted.provenance["known"] == "train"
    np.testing.assert_array_equal(fitted.rows, histories(SPLIT, 5))
    longer = fitted.knowing(SPLIT, "train+valid")
    assert longer.provenance["known"] == "train+valid"
    np.testing.assert_array_equal(longer.rows, histories(SPLIT, 5, "train+valid"))
    assert (
        fitted.knowing(SPLIT, "train").scores(np.arange(40)).tobytes()
        == fitted.scores(np.arange(40)).tobytes()
    )
    moved = (longer.scores(np.arange(40)) != fitted.scores(np.arange(40))).any(axis=1)
    assert moved.all()


def test_fresh_histories_score_as_those_of_users(fitted):
    lists = [[], *([SPLIT.item_ids[i - 1] for i in row if i] for row in fitted.rows[[3, 8]].tolist())]
    fresh = fitted.with_history(lists)
    assert fresh.shape == (3, 20)
    known = fitted.scores(np.array([3, 8]))
    np.testing.assert_allclose(fresh.scores(np.arange(1, 3)), known, rtol=1e-5, atol=1e-6)
    assert np.isfinite(fresh.scores(np.zeros(1, np.int64))).all()
    with pytest.raises(SemcompError, match="does not know item 'nothing'"):
        fitted.with_history([["nothing"]])


def test_vectors_score_alike(fitted):
    view = fitted.view()
    assert view.scores(np.arange(40)).tobytes() == fitted.scores(np.arange(40)).tobytes()
    np.testing.assert_array_equal(rank(view, SPLIT, 5).ids, rank(fitted, SPLIT, 5).ids)


def test_its_view_is_what_is_saved(fitted, tmp_path):
    kept = View.load(fitted.view().save(tmp_path / "scorer.safetensors"))
    np.testing.assert_array_equal(rank(kept, SPLIT, 5).ids, rank(fitted, SPLIT, 5).ids)


def test_rows_that_are_not_there_are_refused(fitted):
    with pytest.raises(SemcompError, match="has no row 40"):
        fitted.scores(np.array([40]))


def test_states_are_the_same_in_blocks(fitted, monkeypatch):
    whole = fitted.scores(np.arange(40))
    monkeypatch.setattr(scorer, "BLOCK", 7)
    np.testing.assert_allclose(replace(fitted).scores(np.arange(40)), whole, rtol=1e-4, atol=1e-5)


def test_a_split_of_other_items_is_refused(fitted):
    with pytest.raises(SemcompError, match="other items"):
        fitted.knowing(cycle(40, 21, 6), "train")


def test_items_that_train_does_not_know_are_never_ranked_or_drawn():
    split = cycle(40, 20, 6, "cold-items")
    held_out = np.setdiff1d(np.arange(20), split.catalogue("train"))
    assert len(held_out)
    made = SASRec(dim=8, length=5, layers=1, training=FEW).fit(split)
    assert made.network.table.shape == (1 + 20 - len(held_out), 8)
    scores = made.scores(np.arange(40))
    assert np.isneginf(scores[:, held_out]).all()
    assert np.isfinite(np.delete(scores, held_out, axis=1)).all()
    assert not np.isin(rank(made, split, 20).ids, held_out).any()
    assert (made.view().items[held_out] == 0).all()
    assert made.knowing(split).scores(np.arange(40)).shape == (40, 20)


def test_a_loss_that_is_no_number_stops_training(monkeypatch):
    monkeypatch.setattr(loop._Run, "step", lambda *_: float("nan"))
    with pytest.raises(SemcompError, match=r"SASRec diverged, .* lower the learning rate, now 0.01"):
        SASRec(dim=8, length=5, training=FEW).fit(SPLIT)


def test_training_stops_when_validation_brings_nothing():
    training = SequenceTraining(epochs=50, batch=16, lr=1e-9, every=1, patience=3)
    made = BERT4Rec(dim=8, length=5, layers=1, training=training).fit(SPLIT)
    curve = made.provenance["training"]["curve"]
    assert curve[-1]["epoch"] - made.provenance["training"]["best_epoch"] == 3


def test_without_validation_the_last_epoch_counts():
    made = SASRec(dim=8, length=5, layers=1, training=FEW).fit(SPLIT.without("valid"))
    assert made.provenance["training"]["best_epoch"] == 2
