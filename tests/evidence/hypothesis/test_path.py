"""From own to mapped vectors: the path of the alignment hypothesis, and the maps behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.decomposition import PCA

from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.evidence import evaluate, fit_ridge
from semcomp.evidence.hypothesis.maps import cross_fit, folds_of, moved, narrowed
from semcomp.evidence.hypothesis.measures import interpolate, path_recalls


def test_the_path_starts_at_the_target_and_ends_at_the_map(of_false, false_world):
    text, views, parts = false_world
    goal = views[0].items.astype(float)
    start = evaluate(rank(views[0], parts), parts, resamples=0)["recall"].value
    at = of_false.path.set_index(["path", "t"])["recall"]
    assert at["text", 0.0] == at["other seed", 0.0] == pytest.approx(start)
    held = cross_fit(text.astype(float), goal, folds_of(600, 0)).held
    ends = View("end", views[0].users, interpolate(goal, held, 1.0))
    assert at["text", 1.0] == pytest.approx(evaluate(rank(ends, parts), parts, resamples=0)["recall"].value)
    fall = at["text", 1.0] - at["text", 0.0]
    assert of_false.parts["monotonicity"].statistic.value == pytest.approx(fall)
    best = at["text"].idxmax()
    assert of_false.evidence()["recall.best_t"].value == best
    inside = at["text"][[0.25, 0.5, 0.75]].max() - max(at["text"][0.0], at["text"][1.0])
    assert of_false.evidence()["recall.inside"].value == pytest.approx(inside)


def test_lengths_stay_and_directions_turn():
    rng = np.random.default_rng(0)
    goal, mapped = rng.normal(size=(2, 9, 4))
    goal[1], mapped[2] = 0, 0
    np.testing.assert_array_equal(interpolate(goal, mapped, 0), goal.astype(np.float32))
    for t in (0.3, 1.0):
        found = interpolate(goal, mapped, t)
        lengths = np.linalg.norm(goal, axis=1)
        if t == 1:
            lengths[2] = 0  # nowhere to go
        np.testing.assert_allclose(np.linalg.norm(found, axis=1), lengths, rtol=1e-5)
        np.testing.assert_allclose(found, interpolate(goal, 7 * mapped, t), atol=1e-5)
    end = interpolate(goal, mapped, 1.0)[0]
    np.testing.assert_allclose(end / np.linalg.norm(end), mapped[0] / np.linalg.norm(mapped[0]), atol=1e-6)
    half = interpolate(np.array([[3.0, 0]]), np.array([[0, 0.1]]), 0.5)
    np.testing.assert_allclose(half, [[4.5**0.5, 4.5**0.5]], rtol=1e-6)


def test_users_without_test_items_are_skipped(true_world):
    _, views, parts = true_world
    test = parts.test.tolil(copy=True)
    test[0] = 0
    fewer = replace(parts, test=sp.csr_array(test.tocsr()))
    users, columns = path_recalls(
        views[0], {"own": views[0].items.astype(float)}, fewer, (0, 1), 20, "train+valid"
    )
    assert 0 not in users
    assert len(users) == np.count_nonzero(np.diff(fewer.test.indptr))
    np.testing.assert_array_equal(columns["own.0"], columns["own.1"])


def test_no_item_is_mapped_by_what_has_seen_it():
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=(60, 4)), rng.normal(size=(60, 3))
    folds = folds_of(60, 2)
    assert np.bincount(folds).tolist() == [12] * 5
    before = cross_fit(x, y, folds)
    changed = y.copy()
    changed[7] += 100
    after = cross_fit(x, changed, folds)
    own = folds == folds[7]
    np.testing.assert_array_equal(before.held[own], after.held[own])
    assert not np.allclose(before.held[~own], after.held[~own])
    kept = folds != folds[7]
    fit = fit_ridge(x[kept], y[kept])
    np.testing.assert_allclose(before.held[7], fit.predict(x[[7]])[0])
    assert before.held_error[7] == pytest.approx(((fit.predict(x[[7]])[0] - y[7]) ** 2).sum())
    seen = [
        ((fit_ridge(x[folds != f], y[folds != f]).predict(x[[7]])[0] - y[7]) ** 2).sum()
        for f in range(5)
        if f != folds[7]
    ]
    assert before.fitted_error[7] == pytest.approx(np.mean(seen))


def test_an_exact_map_loses_nothing_by_moving_and_two_maps_do():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(300, 3))
    codes = np.repeat([0, 1, 2], [100, 185, 15])
    one = x @ rng.normal(size=(3, 3)) + 2
    total, times = moved(x, one, codes, min_rows=20)
    np.testing.assert_allclose(total, 0, atol=1e-6)
    assert times.max() <= 2  # the group of 15 is not fitted, so others are read from at most the other group
    assert times[codes < 2].max() == 1
    assert times[codes == 2].max() == 2
    assert 0 < times[codes == 1].sum() < 185  # rows that the map from everywhere has seen are not read
    other = np.where((codes == 1)[:, None], -x, x)
    total, times = moved(x, other, codes, min_rows=20)
    # from the first group to the second the error is |2x|², that of a map of both |x − wx|² or |x + wx|²
    assert total[codes == 1].sum() / times[codes == 1].sum() > 2
    again = moved(2 * x, other, codes, min_rows=20)[1]
    np.testing.assert_array_equal(times, again)


def test_narrowed_to_principal_axes():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(50, 6)) * np.arange(1, 7)
    assert narrowed(x, 6) is x
    expected = PCA(2).fit_transform(x)
    np.testing.assert_allclose(np.abs(narrowed(x, 2)), np.abs(expected), atol=1e-9)
