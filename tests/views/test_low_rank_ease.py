"""The closed form of low rank: at full rank the exact one; by dense linear algebra; memory; remedies."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.collaborative.ease import EASE
from semcomp.views.collaborative.edlae import EDLAE
from semcomp.views.collaborative.spectral import GFCF
from semcomp.views.joint import stacked_gram
from semcomp.views.joint.low_rank_ease import LowRankEASE, bytes_needed
from semcomp.views.joint.stacked_gram import StackedGram
from semcomp.views.joint.text_autoencoders import CEASE, AddEASE


def inputs_of(n_users: int, n_items: int, columns: int, each: int = 6) -> Inputs:
    """Random pairs, `each` for a user, and random texts, of which the second is missing."""
    draw = np.random.default_rng(3)
    rows = np.repeat(np.arange(n_users), each)
    pairs = np.ones(len(rows), np.float32), (rows, draw.integers(n_items, size=len(rows)))
    train = sp.csr_array(pairs, shape=(n_users, n_items))
    train.sum_duplicates()
    train.data[:] = 1
    none = sp.csr_array((n_users, n_items), dtype=np.float32)
    users, items = (np.char.mod(kind, np.arange(n)) for kind, n in (("u%06d", n_users), ("i%06d", n_items)))
    text = draw.standard_normal((n_items, columns), np.float32)
    text[1] = 0
    return Inputs(Split(users, items, train, none, none, {}), TextMatrix(items, text))


@pytest.fixture(scope="module")
def small() -> Inputs:
    return inputs_of(40, 30, 4)


def apart(one, other, split: Split) -> float:
    """The greatest difference of scores outside the history."""
    everybody = np.arange(split.n_users)
    differences = np.abs(one.scores(everybody) - other.scores(everybody))
    return float(differences[split.train.toarray() == 0].max())


def gram_of(given: Inputs, weight: float) -> StackedGram:
    penalty = 3.0 + 0.3 * given.split.train.sum(axis=0, dtype=np.float64)
    return StackedGram.of(given.split.train, given.text.matrix, weight, penalty)


@pytest.mark.parametrize("dim", [30, 500])
@pytest.mark.parametrize("dropout", [0.0, 0.7])
def test_of_full_rank_it_is_cease(dim, dropout, small):
    view = LowRankEASE(dim, 3.0, dropout, 2.5).fit(small)
    assert view.dim == 30
    assert apart(view, CEASE(3.0, dropout, 2.5).fit(small), small.split) < 1e-6


def test_without_text_it_is_edlae_and_asks_for_none(small):
    view = LowRankEASE(30, 3.0, 0.3, weight=0.0).fit(small.split)
    assert apart(view, EDLAE(3.0, 0.3).fit(small.split), small.split) < 1e-6
    assert "text" not in view.provenance


@pytest.mark.parametrize("seed", [0, 1])
def test_as_wide_as_the_data_have_rank_the_iteration_finds_all(seed):
    """30 users and 6 columns of text: rank 36 of 200 items."""
    given = inputs_of(30, 200, 6)
    view = LowRankEASE(36, 3.0, 0.3, 2.5).fit(given, seed)
    assert view.dim == 36
    assert apart(view, CEASE(3.0, 0.3, 2.5).fit(given), given.split) < 1e-6
    assert view.provenance["kept"] == pytest.approx(1)


def test_the_wider_the_nearer(world):
    given = Inputs(*world)
    exact, everybody = CEASE(20.0, 0.3, 10.0).fit(given).scores(np.arange(200)), np.arange(200)
    outside = given.split.train.toarray() == 0
    errors, shares = [], []
    for dim in (4, 16, 64, 128, 240):
        view = LowRankEASE(dim, 20.0, 0.3, 10.0).fit(given)
        errors.append(float(np.square(view.scores(everybody) - exact)[outside].mean() ** 0.5))
        shares.append(view.provenance["kept"])
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 1e-3
    assert errors[-1] < 1e-6
    assert shares == sorted(shares)
    assert shares[-1] == pytest.approx(1)


def test_scores_are_those_of_the_inverse_of_what_it_keeps(small):
    """−P_ij / P_jj by dense inversion of `Λ^½ (I + F Fᵀ + the diagonal that F leaves out) Λ^½`."""
    train = small.split.train.toarray().astype(np.float64)
    gram = gram_of(small, 2.5)
    factors = gram.leading(5, 0)[0]
    left_out = np.diag(gram.diagonal - np.square(factors).sum(axis=1))
    root = np.sqrt(np.diag(3.0 + 0.3 * train.sum(axis=0)))
    inverse = np.linalg.inv(root @ (np.eye(30) + factors @ factors.T + left_out) @ root)
    expected = train @ (-inverse / np.diag(inverse))
    found = LowRankEASE(5, 3.0, 0.3, 2.5).fit(small).scores(np.arange(40))
    outside = train == 0
    np.testing.assert_allclose(found[outside], expected[outside], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("passes", [0, 1, 6])
@pytest.mark.parametrize("weight", [0.0, 2.5])
def test_what_is_left_out_is_never_negative_and_little_more_than_must_be(passes, weight, monkeypatch):
    monkeypatch.setattr(stacked_gram, "PASSES", passes)
    gram = gram_of(inputs_of(150, 120, 5), weight)
    dense = gram.times(np.eye(120))
    np.testing.assert_allclose(dense, dense.T, atol=1e-12)
    np.testing.assert_allclose(np.diag(dense), gram.diagonal, atol=1e-12)
    factors, of_text = gram.leading(20, 0)
    rest = np.linalg.eigvalsh(dense - factors @ factors.T)
    assert rest.min() > -1e-9
    best = np.linalg.eigvalsh(dense)[::-1]
    assert rest.sum() >= best[20:].sum() - 1e-9
    if passes == 6:
        assert np.square(factors).sum() > 0.99 * best[:20].sum()
    assert of_text.shape == (5, factors.shape[1])


def test_rows_in_several_steps_are_those_in_one(monkeypatch):
    gram = gram_of(inputs_of(150, 120, 5), 2.5)
    whole = gram.leading(20, 0)
    monkeypatch.setattr(stacked_gram, "STEP", 7)
    monkeypatch.setattr(stacked_gram, "COLUMNS", 3)
    for one, other in zip(gram.leading(20, 0), whole, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_an_item_held_out_is_placed_by_its_text_as_cease_places_it(small):
    rest = np.arange(25, 30)
    train = small.split.train.toarray()
    train[:, rest] = 0
    cold = replace(small.split, train=sp.csr_array(train), known_from=np.isin(np.arange(30), rest) * 2)
    given = Inputs(cold, small.text)
    view, exact = LowRankEASE(30, 3.0, 0.3, 2.5).fit(given), CEASE(3.0, 0.3, 2.5).fit(given)
    assert apart(view, exact, cold) < 1e-6
    assert (view.items[rest] != 0).any(axis=1).all()
    assert not LowRankEASE(30, weight=0.0).fit(given).items[rest].any()


@pytest.mark.parametrize(("items", "dim"), [(20_000, 16), (4_000, 100)])
def test_memory_grows_with_the_items_and_not_with_their_square(items, dim):
    given = inputs_of(2_000, items, 24)
    split = given.split
    tracemalloc.start()
    LowRankEASE(dim).fit(given)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    allowed = bytes_needed(dim, split.train.shape, split.train.nnz, 24)
    assert allowed / 3 < peak < allowed < 4 * items**2


def test_a_million_items_on_paper():
    """As the docstring says: 10.9 GB, where the pairs of items alone would need 12 TB."""
    assert bytes_needed(128, (10**6, 10**6), 10**7, 384) == pytest.approx(10.9e9, rel=1e-3)
    assert bytes_needed(128, (10**6, 10**6), 10**7, 384) == 100 * bytes_needed(
        128, (10**4, 10**4), 10**5, 384
    )


@pytest.mark.parametrize(
    "model", [EASE(), EDLAE(), AddEASE(), CEASE(), GFCF()], ids=lambda model: type(model).__name__
)
def test_where_there_is_no_room_for_pairs_of_items_it_has_room(model):
    given = inputs_of(300, 2_000, 8)
    with pytest.raises(SemcompError, match="allow more"):
        model.fit(given, memory=2**24)
    for remedy, inputs in ((LowRankEASE(32), given), (LowRankEASE(32, weight=0), given.split)):
        assert remedy.fit(inputs, memory=2**24).shape == (300, 2_000)


def test_it_says_beforehand_that_there_is_no_room_and_a_smaller_dim_helps(small):
    need = [bytes_needed(dim, small.split.train.shape, small.split.train.nnz, 4) for dim in (2, 30)]
    with pytest.raises(SemcompError, match=r"30 items in 30 dimensions.* smaller dim"):
        LowRankEASE(30).fit(small, memory=need[0])
    assert LowRankEASE(2).fit(small, memory=need[0]).dim == 2
    assert LowRankEASE(30).fit(small, memory=need[1]).dim == 30


def test_a_penalty_too_small_for_the_numbers_is_refused(small):
    with pytest.raises(SemcompError, match="raise the regularization"):
        LowRankEASE(30, 1e-14, 0.0).fit(small)
