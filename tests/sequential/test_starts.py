"""Starts of the item table: closed forms, one standard deviation for all, and all else as it was."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from ordered_worlds import cycle

from semcomp.core.inputs import Inputs
from semcomp.core.spectrum import mean_cosine
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.errors import SemcompError
from semcomp.sequential import (
    SEQUENTIAL,
    DeltaStart,
    GRU4Rec,
    NullSpaceStart,
    RandomStart,
    SASRec,
    SequenceTraining,
    TextStart,
    WhitenedStart,
)
from semcomp.sequential.frozen import zca
from semcomp.sequential.loop import untrained
from semcomp.sequential.starts import KINDS

SPLIT = cycle(30, 40, 6)
TRAIN = SPLIT.without("valid")  # the last epoch counts
DIM = 4
MODEL = SASRec(dim=DIM, length=5, layers=1, training=SequenceTraining(epochs=2, batch=16, lr=0.01, every=1))
OF_TEXT = [*(TextStart(kind) for kind in KINDS), NullSpaceStart(), WhitenedStart(2), DeltaStart()]


def text_of(split, empty=(), seed=3):
    """Rows with a common direction and axes of very different weight."""
    rows = np.random.default_rng(seed).normal(size=(split.n_items, 10)) * 0.6 ** np.arange(10) + 0.5
    rows[list(empty)] = 0
    return TextMatrix(split.item_ids, rows)


TEXT = text_of(SPLIT)


def table(start, text=TEXT, split=SPLIT, seed=0, name="SASRec"):
    """(1 + n, d) the table that an untrained network reads."""
    model = replace(SEQUENTIAL[name], dim=DIM, length=5, layers=1, start=start)
    return untrained(model, split, seed, text).table.detach().double().numpy()


def turned(one, other):
    """Whether the inner products of the rows are proportional: the same cloud, turned and rescaled."""
    a, b = one @ one.T, other @ other.T
    np.testing.assert_allclose(a / np.linalg.norm(a), b / np.linalg.norm(b), atol=1e-6)


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_the_models_own_rows_are_the_plain_model(name):
    model = replace(SEQUENTIAL[name], dim=DIM, length=5, layers=1, training=MODEL.training)
    plain, started = (replace(model, start=start).fit(SPLIT) for start in (None, RandomStart()))
    assert plain.scores(np.arange(30)).tobytes() == started.scores(np.arange(30)).tobytes()


@pytest.mark.parametrize("name", SEQUENTIAL)
@pytest.mark.parametrize("start", [RandomStart(0.3), *(TextStart(kind, 0.3) for kind in KINDS)])
def test_a_scale_is_the_deviation_of_all_entries_and_nothing_else_moves(name, start):
    model = replace(SEQUENTIAL[name], dim=DIM, length=5, layers=1)
    plain, changed = (
        dict(untrained(replace(model, start=one), SPLIT, 0, TEXT).named_parameters()) for one in (None, start)
    )
    rows = changed["table"].detach().numpy()
    assert rows[1 : SPLIT.n_items + 1].std() == pytest.approx(0.3, rel=1e-5)
    assert (rows[0] == 0).all()
    torch.testing.assert_close(changed["table"][SPLIT.n_items + 1 :], plain["table"][SPLIT.n_items + 1 :])
    for key in plain.keys() - {"table"}:
        assert torch.equal(plain[key], changed[key])


def test_a_random_start_is_the_models_own_but_for_its_length():
    plain, scaled = table(None)[1:], table(RandomStart(0.2))[1:]
    np.testing.assert_allclose(scaled, plain * (scaled[0, 0] / plain[0, 0]), rtol=1e-4)


def test_closed_forms():
    """Whitened: U; ACE at 0: the same; ACE with a large λ: U S; PCA: U S of the centred rows."""
    rows = unit_rows(TEXT.matrix).astype(np.float64)
    u, s, _ = np.linalg.svd(rows, full_matrices=False)
    centred = rows - rows.mean(axis=0)
    uc, sc, _ = np.linalg.svd(centred, full_matrices=False)
    turned(table(TextStart("whitened"))[1:], u[:, :DIM])
    turned(table(TextStart("ace", strength=0.0))[1:], u[:, :DIM])
    turned(table(TextStart("ace", strength=1e9))[1:], u[:, :DIM] * s[:DIM])
    shrunk = np.sqrt(s**2 / (s**2 + 3))[:DIM]
    turned(table(TextStart("ace", strength=3.0, absolute=True))[1:], u[:, :DIM] * shrunk)
    turned(table(TextStart("pca"))[1:], uc[:, :DIM] * sc[:DIM])
    np.testing.assert_allclose(
        np.abs(table(TextStart("pca", scale=None))[1:]), np.abs(uc[:, :DIM] * sc[:DIM]), atol=1e-5
    )


def test_raw_text_on_random_axes_keeps_its_common_direction_and_whitening_does_not():
    cosine = {kind: mean_cosine(table(TextStart(kind))[1:]) for kind in KINDS}
    assert cosine["random axes"] > 0.5
    assert abs(cosine["pca"]) < 0.1
    assert abs(cosine["whitened"]) < cosine["ace"] < cosine["random axes"]
    assert (table(TextStart("random axes"), seed=1) != table(TextStart("random axes"), seed=0))[1:].all()


def test_zca_is_white_and_stays_near_its_columns():
    """Unit covariance, and the symmetric root: of uncorrelated columns each is only rescaled."""
    rows = np.random.default_rng(0).normal(size=(400, 5)).astype(np.float32) @ np.diag([9, 5, 2, 1, 0.1])
    mixed = (rows @ np.linalg.qr(np.random.default_rng(1).normal(size=(5, 5)))[0]).astype(np.float32)
    np.testing.assert_allclose(np.cov(zca(mixed).T, bias=True), np.eye(5), atol=1e-4)
    white = zca(mixed)
    overlap = white.T @ (mixed - mixed.mean(axis=0))
    np.testing.assert_allclose(overlap, overlap.T, rtol=1e-3, atol=1e-2)


def test_null_space_text_is_standardised_and_frozen_and_ids_lie_in_the_last_columns():
    start = NullSpaceStart(nullity=1, scale=0.5)
    rows = table(start)[1:]
    np.testing.assert_allclose(rows[:, :3].std(axis=0), 0.5, rtol=1e-4)
    np.testing.assert_allclose(rows[:, :3].mean(axis=0), 0, atol=1e-5)
    made = replace(MODEL, start=start).fit(Inputs(TRAIN, TEXT)).view().items
    np.testing.assert_array_equal(made[:, :3], rows[:, :3].astype(np.float32))
    assert (made[:, 3] != rows[:, 3].astype(np.float32)).all()
    with pytest.raises(SemcompError, match="nullity = 5 is wider than the model; use 4 at most"):
        table(NullSpaceStart(nullity=5))


def test_an_item_of_a_head_is_a_function_of_its_text_alone():
    """Two items of one text have one row, trained or not; the head is trained."""
    twins = TEXT.matrix.copy()
    twins[7] = twins[21]
    text = TextMatrix(SPLIT.item_ids, twins)
    fitted = replace(MODEL, start=WhitenedStart(2)).fit(Inputs(TRAIN, text)).view().items
    np.testing.assert_array_equal(fitted[7], fitted[21])
    assert (fitted != table(WhitenedStart(2), text)[1:].astype(np.float32)).any(axis=1).all()
    one = table(WhitenedStart(1), text)[1:]
    assert np.isfinite(one).all()
    with pytest.raises(SemcompError, match="groups = 11 are more than the text's 10 columns"):
        table(WhitenedStart(11))


def test_a_difference_stays_within_its_cap():
    content = table(TextStart("pca", 0.2))[1:]
    frozen = replace(MODEL, start=DeltaStart(0.0, 0.2)).fit(Inputs(TRAIN, TEXT)).view().items
    np.testing.assert_allclose(frozen, content, atol=1e-6)
    moved = replace(MODEL, start=DeltaStart(0.25, 0.2)).fit(Inputs(TRAIN, TEXT)).view().items - content
    share = np.linalg.norm(moved, axis=1) / np.linalg.norm(content, axis=1)
    assert share.max() <= 0.25 + 1e-5
    assert share.max() > 0.05


@pytest.mark.parametrize("start", OF_TEXT, ids=lambda one: f"{type(one).__name__} {getattr(one, 'kind', '')}")
def test_items_without_text_are_free_rows_and_cold_ones_are_not_read(start):
    empty = [0, 5]
    rows = table(start, text_of(SPLIT, empty))[1:]
    assert np.isfinite(rows).all()
    assert (rows[empty] != 0).all()
    own = table(None)[1:][empty]
    np.testing.assert_allclose(unit_rows(rows[empty]), unit_rows(own), atol=1e-5)
    cold = cycle(40, 40, 6, "cold-items")
    held = np.setdiff1d(np.arange(40), cold.catalogue("train"))
    other = text_of(cold).matrix.copy()
    other[held] = 7
    assert len(table(start, text_of(cold), cold)) == 1 + 40 - len(held)
    np.testing.assert_array_equal(
        table(start, text_of(cold), cold), table(start, TextMatrix(cold.item_ids, other), cold)
    )


@pytest.mark.parametrize("start", OF_TEXT, ids=lambda one: f"{type(one).__name__} {getattr(one, 'kind', '')}")
def test_texts_that_say_nothing_leave_the_random_start(start):
    none = TextMatrix(SPLIT.item_ids, np.zeros((40, 10)))
    rows = table(start, none)[1:]
    np.testing.assert_allclose(unit_rows(rows), unit_rows(table(None)[1:]), atol=1e-5)
    alike = TextMatrix(SPLIT.item_ids, np.ones((40, 10)))
    assert np.isfinite(table(start, alike)).all()


def test_what_is_wrong_is_told_in_one_line():
    narrow = TextMatrix(SPLIT.item_ids, TEXT.matrix[:, :3])
    started = replace(MODEL, start=TextStart())
    for given, message in [
        (Inputs(SPLIT), r"SASRec reads text and was given none; fit it to Inputs\(split, text\)"),
        (Inputs(SPLIT, narrow), "a text of 3 columns is no start for 4; use dim=3 at most"),
        (Inputs(SPLIT, TextMatrix(TEXT.item_ids[1:], TEXT.matrix[1:])), "lacks 1 items"),
    ]:
        with pytest.raises(SemcompError, match=message):
            started.fit(given)
    replace(started, dim=2).fit(Inputs(SPLIT, narrow))
    for wrong in ("ace", TextStart, 3):
        with pytest.raises(SemcompError, match=r"option start = .*; it must be "):
            SASRec(start=wrong)
    with pytest.raises(SemcompError, match="kind of start 'pcaa'"):
        TextStart("pcaa")
    with pytest.raises(SemcompError, match="RandomStart option scale = 0"):
        RandomStart(0.0)


def test_a_start_of_text_helps_where_text_tells_what_comes_next():
    """The text of an item is its place on the cycle; few steps of training find more from there."""
    split = cycle(60, 30, 9)
    indptr, items = split.sequences("train")
    within = np.setdiff1d(np.arange(len(items) - 1), indptr - 1)
    follows = np.zeros(30, np.int64)
    follows[items[within]] = items[within + 1]
    place, at = np.full(30, -1), 0
    for step in range(30):
        place[at], at = step, follows[at]
    assert (place >= 0).all()
    angle = 2 * np.pi * place / 30
    waves = [f(k * angle) for k in (1, 2, 3, 4) for f in (np.cos, np.sin)]
    text = TextMatrix(split.item_ids, np.stack(waves, axis=1))
    training = SequenceTraining(epochs=4, batch=30, lr=0.01, every=2)
    model = GRU4Rec(dim=8, length=8, dropout=0.0, training=training)
    found = {
        name: replace(model, start=start).fit(Inputs(split, text)).provenance["training"]["valid_ndcg"]
        for name, start in (("random", RandomStart(0.3)), ("text", TextStart("pca", 0.3)))
    }
    assert found["text"] > found["random"] + 0.1
