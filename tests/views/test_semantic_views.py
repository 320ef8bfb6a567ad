"""Raw text by hand, and the one map of users and items."""

from __future__ import annotations

import numpy as np
from conformance import QUICK

from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import unit_rows
from semcomp.views.semantic.projection import SemanticProjection
from semcomp.views.semantic.raw_text import RawText


def test_raw_text_by_hand(make_split):
    """Items (3, 4) and (0, 5) have unit rows (.6, .8) and (0, 1); their mean points to (.6, 1.8) = √3.6 n."""
    split = make_split((3, 3), [(0, 0), (0, 1), (1, 2)], (), [(1, 0)])
    text = TextMatrix(split.item_ids, np.array([[3, 4], [0, 5], [-2, 0]], dtype=np.float32))
    view = RawText().fit(Inputs(split, text))
    np.testing.assert_allclose(view.items, [[0.6, 0.8], [0, 1], [-1, 0]], rtol=1e-6)
    np.testing.assert_allclose(view.users, [np.array([0.6, 1.8]) / np.sqrt(3.6), [-1, 0], [0, 0]], rtol=1e-6)
    stretched = TextMatrix(split.item_ids, text.matrix * np.array([[1], [64], [1]], dtype=np.float32))
    np.testing.assert_allclose(RawText().fit(Inputs(split, stretched)).users, view.users, rtol=1e-6)


def test_the_projection_sends_users_and_items_through_one_map(world):
    """With W solved from the items alone (up to each row's length), the users come out as well."""
    split, text = world
    view, raw = (
        SemanticProjection(8, training=QUICK).fit(Inputs(split, text)),
        RawText().fit(Inputs(split, text)),
    )
    # every row obeys (I - v v^T) W x = 0, which is linear in W: its null space is W up to a factor
    x, v = raw.items[:60].astype(np.float64), view.items[:60].astype(np.float64)
    normal = np.einsum("nij,nd->nijd", np.eye(8) - v[:, :, None] * v[:, None, :], x)
    _, values, directions = np.linalg.svd(normal.reshape(-1, 8 * x.shape[1]), full_matrices=False)
    assert values[-1] < 1e-3 * values[-2]
    weight = directions[-1].reshape(8, -1)
    mapped = unit_rows((raw.users @ weight.T).astype(np.float32))
    mapped *= np.sign((mapped * view.users).sum())
    np.testing.assert_allclose(mapped, view.users, atol=1e-3)


def test_a_projection_knows_no_offset(make_split):
    """No bias: a user without train items has no text, and so no vector."""
    split = make_split((2, 3), [(0, 0), (0, 1)], (), [(1, 2)])
    view = SemanticProjection(2, training=QUICK).fit(Inputs(split, TextMatrix(split.item_ids, np.eye(3))))
    assert not view.users[1].any()
    assert view.users[0].any()
