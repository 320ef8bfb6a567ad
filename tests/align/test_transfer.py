"""Zero-shot transfer: the map is the sources' alone, and the target is used as the formula says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from conformance import QUICK, bytes_of

from semcomp.align import transfer, zero_shot
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import split
from semcomp.errors import SemcompError
from semcomp.planted import World
from semcomp.text import embed
from semcomp.views import AlphaRec

MODEL = AlphaRec(dim=8, hidden=12, training=replace(QUICK, epochs=3, every=1))
LINEAR = replace(MODEL, linear=True)


@pytest.fixture(scope="module")
def sources(cold_world):
    """One with items that its train part does not know, one without."""
    data = World(users=60, items=70, dim=4, activity=14.0, sharpness=3.0, seed=5).dataset()
    return [Inputs(*cold_world), Inputs(split(data, seed=1), embed(data, "own"))]


@pytest.fixture
def maps(monkeypatch):
    """The weights of the map at the end of each call."""
    seen, train_view = [], transfer.train_view

    def watched(name, model, encoder, *rest, **options):
        view = train_view(name, model, encoder, *rest, **options)
        inside = encoder.sources if isinstance(encoder, transfer.Transferred) else encoder
        seen.append([one.detach().numpy().copy() for one in inside.mapping.parameters()])
        return view

    monkeypatch.setattr(transfer, "train_view", watched)
    return seen


def same(one, other):
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("model", [MODEL, LINEAR], ids=["mlp", "linear"])
def test_the_map_is_the_sources_alone(model, sources, world, maps):
    """The same whether the target is there or not, whatever its train part; trained, not the start."""
    target, text = world
    zero_shot(model, sources, Inputs(target, text), 3)
    fewer = replace(target, train=sp.csr_array(target.train.multiply(np.arange(target.n_items) % 2)))
    fewer.train.eliminate_zeros()
    zero_shot(model, sources, Inputs(replace(fewer, order=None), text), 3)
    known = [one.split.known for one in sources]
    alone = transfer._stacked(known)
    rows = np.concatenate([one.text.rows_for(part.item_ids) for one, part in _known(sources)])
    encoder = model.encoder(alone, TextMatrix(alone.item_ids, rows), 3)
    start = [one.detach().numpy().copy() for one in encoder.mapping.parameters()]
    transfer.train_view("alone", model, encoder, alone, 3)
    assert same(maps[0], maps[1])
    assert same(maps[0], maps[2])
    assert not same(maps[0], start)


def _known(sources):
    """Text and split of the items known in train, the text without the others."""
    for one in sources:
        part = one.split.known
        at = one.split.catalogue("train")
        rows = one.text.rows_for(one.split.item_ids)[at]
        yield replace(one, split=part, text=TextMatrix(part.item_ids, rows)), part


def test_nothing_of_the_targets_other_parts_enters(sources, world):
    target, text = world
    bare = target.without("valid").without("test")
    one, other = (zero_shot(MODEL, sources, Inputs(part, text), 1) for part in (target, bare))
    assert bytes_of(one) == bytes_of(other)
    assert one.shape == target.train.shape
    assert list(one.item_ids) == list(target.item_ids)
    assert one.provenance["split"] == target.fingerprint
    assert [s["split"] for s in one.provenance["sources"]] == [s.split.fingerprint for s in sources]
    assert bytes_of(one) == bytes_of(zero_shot(MODEL, sources, Inputs(target, text), 1))


def test_the_target_is_mapped_and_smoothed_over_its_own_graph(sources, cold_world, world, maps):
    """mean_l Â^l X W, of unit length; an item in no graph is its mapped text."""
    source = replace(sources[1], split=sources[1].split.without("valid"))
    target, text = cold_world
    view = zero_shot(LINEAR, [source], Inputs(target, text), 2)
    (w,) = maps[0]
    x = text.matrix / np.linalg.norm(text.matrix, axis=1, keepdims=True)
    train = target.train.toarray().astype(float)
    pooled = train @ x
    pooled /= np.maximum(np.linalg.norm(pooled, axis=1, keepdims=True), 1e-12)
    users, items = train.shape
    a = np.block([[np.zeros((users, users)), train], [train.T, np.zeros((items, items))]])
    scale = 1 / np.sqrt(np.maximum(a.sum(axis=1), 1))
    a = scale[:, None] * a * scale
    nodes = np.concatenate([pooled, x])
    nodes = (nodes + a @ nodes + a @ a @ nodes) @ w.T
    nodes /= np.maximum(np.linalg.norm(nodes, axis=1, keepdims=True), 1e-12)
    np.testing.assert_allclose(view.users, nodes[:users], atol=1e-4)
    np.testing.assert_allclose(view.items, nodes[users:], atol=1e-4)


def test_what_is_no_transfer_is_refused(sources, world):
    target, text = world
    wide = TextMatrix(text.item_ids, np.ones((target.n_items, 3)))
    with pytest.raises(SemcompError, match="different encoders, 3 columns"):
        zero_shot(MODEL, sources, Inputs(target, wide))
    with pytest.raises(SemcompError, match="at least one source"):
        zero_shot(MODEL, [], Inputs(target, text))
    with pytest.raises(SemcompError, match="leave it out of sources"):
        zero_shot(MODEL, [*sources, Inputs(target, text)], Inputs(target, text))
    with pytest.raises(SemcompError, match="reads text and was given none"):
        zero_shot(MODEL, [Inputs(target)], Inputs(target, text))
