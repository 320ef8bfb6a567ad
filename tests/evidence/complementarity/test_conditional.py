"""Conditional information against closed forms: copies, noise, and choices drawn from the model itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp
from scipy.optimize import minimize
from scipy.special import logsumexp

from semcomp.core.evidence import Evidence
from semcomp.core.view import View
from semcomp.data import Split, binary_csr
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.choices import Choices
from semcomp.evidence.complementarity.conditional import conditional_information
from semcomp.evidence.complementarity.conditional_logit import KNOTS, fit, log_likelihoods, width_of

USERS, ITEMS, WIDTH = 1500, 120, 6


def random_view(seed: int, name: str = "random") -> View:
    rng = np.random.default_rng(seed)
    users = rng.standard_normal((USERS, WIDTH)) * rng.uniform(0.2, 5, (USERS, 1))
    return View(name, users, rng.standard_normal((ITEMS, WIDTH)))


def drawn(logits: np.ndarray, seed: int) -> Split:
    """One train, two validation and two test items per user, each by its own Gumbel draw of the logits."""
    rng = np.random.default_rng(seed)
    closed = np.zeros(logits.shape, dtype=bool)
    parts = []
    for taken in (1, 2, 2):
        keys = np.where(closed, -np.inf, logits + rng.gumbel(size=logits.shape))
        item = np.argpartition(-keys, taken - 1, axis=1)[:, :taken]
        user = np.repeat(np.arange(len(logits)), taken)
        closed[user, item.ravel()] = True
        order = np.lexsort((item.ravel(), user))
        parts.append(
            binary_csr(user[order].astype(np.int32), item.ravel()[order].astype(np.int32), logits.shape)
        )
    ids = [
        np.array([f"{kind}{n:04d}" for n in range(size)])
        for kind, size in zip("ui", logits.shape, strict=True)
    ]
    return Split(*ids, *parts, provenance={})


def z_scores(view: View, closed: sp.csr_array | None = None) -> np.ndarray:
    """Over open items; closed ones are NaN."""
    scores = view.users.astype(np.float64) @ view.items.astype(np.float64).T
    if closed is not None:
        scores[closed.toarray() > 0] = np.nan
    return (scores - np.nanmean(scores, 1, keepdims=True)) / np.nanstd(scores, 1, keepdims=True)


@dataclass(frozen=True, eq=False)
class _Scores:
    """A scorer that is its table of scores."""

    name: str
    table: np.ndarray

    @property
    def shape(self) -> tuple[int, int]:
        return self.table.shape

    def scores(self, users: np.ndarray) -> np.ndarray:
        return self.table[users].astype(np.float32)


A, B, NOISE = random_view(1, "a"), random_view(2, "b"), random_view(3, "noise")


@pytest.fixture(scope="module")
def planted() -> Split:
    """Log-odds 0.8 z_A + 0.6 z_B, exactly."""
    return drawn(0.8 * z_scores(A) + 0.6 * z_scores(B), seed=0)


@pytest.fixture(scope="module")
def both(planted) -> Evidence:
    return conditional_information(A, B, planted, null=NOISE, resamples=200, shape="linear")


def dense_gain(split: Split, weights: dict[str, dict[str, float]]) -> np.ndarray:
    """(users,) the sum of log p_AB - log p_A over test items, written out."""
    history = split.history("train+valid")
    z = {"A": z_scores(A, history), "B": z_scores(B, history)}
    taken = split.test.toarray() > 0
    log_p = {}
    for model in ("A", "AB"):
        logits = sum(w * z[letter] for letter, w in weights[model].items())
        log_p[model] = logits - logsumexp(np.where(np.isnan(logits), -np.inf, logits), axis=1, keepdims=True)
    return np.where(taken, log_p["AB"] - log_p["A"], 0.0).sum(axis=1)


def test_the_planted_weights_come_back(both):
    """Items are drawn without replacement, so the second draw is a little flatter than the model has it."""
    weights = both.provenance["coefficients"]["AB"]
    assert weights["A"] == pytest.approx(0.8, abs=0.06)
    assert weights["B"] == pytest.approx(0.6, abs=0.06)


def test_the_gain_is_that_of_the_true_model(planted, both):
    truth = {"AB": {"A": 0.8, "B": 0.6}, "A": both.provenance["coefficients"]["A"]}
    assert both["gain"].value == pytest.approx(dense_gain(planted, truth).sum() / planted.test.nnz, abs=0.01)
    assert both["gain"].low > 0.1
    assert both["gain"].excess_low > 0.1
    assert both["gain_beyond_popularity"].value == pytest.approx(both["gain"].value, abs=0.02)


def test_values_follow_from_the_definition(planted, both):
    weights = both.provenance["coefficients"]
    gain = dense_gain(planted, weights)
    assert both["gain"].value == pytest.approx(gain.sum() / planted.test.nnz, abs=1e-6)
    assert both["gain_macro"].value == pytest.approx((gain / 2).mean(), abs=1e-6)
    np.testing.assert_allclose(both.table["gain"], gain, atol=1e-4)
    parts = {name: both[f"information.{name}"].value for name in ("given", "added", "both")}
    assert both["gain"].value == pytest.approx(parts["both"] - parts["given"])
    assert both["redundancy"].value == pytest.approx(parts["given"] + parts["added"] - parts["both"])
    assert both["gain"].n == planted.test.nnz


def test_the_weights_are_those_of_greatest_likelihood(planted):
    choices = Choices([A, B], planted.valid, planted.history("train"), memory=2**22)
    weights = fit(choices, {"AB": (0, 1)}, None).weights["AB"]
    z = np.stack([np.nan_to_num(z_scores(view, planted.history("train")), nan=0.0) for view in (A, B)])
    closed = planted.train.toarray() > 0
    user, item = planted.valid.nonzero()

    def loss(theta: np.ndarray) -> float:
        logits = np.tensordot(theta, z, 1)
        return float(-(logits[user, item] - logsumexp(np.where(closed, -np.inf, logits), axis=1)[user]).sum())

    np.testing.assert_allclose(weights, minimize(loss, np.zeros(2), tol=1e-8).x, atol=1e-4)


def test_a_copy_adds_nothing(planted):
    found = conditional_information(A, View("copy", A.users * 3, A.items), planted, resamples=50)
    for name in ("gain", "gain_macro", "gain_beyond_popularity"):
        assert found[name].value == pytest.approx(0, abs=1e-5)
    assert found["redundancy"].value == pytest.approx(found["information.given"].value, abs=1e-4)


@pytest.mark.parametrize("shape", ["linear", "spline"])
def test_noise_adds_nothing(planted, shape):
    found = conditional_information(A, NOISE, planted, resamples=200, shape=shape)
    assert np.abs(found.provenance["coefficients"]["AB"]["B"]).max() < (0.05 if shape == "linear" else 0.3)
    assert -0.005 < found["gain"].value < 0.002
    assert found["information.added"].value < 0.002


def test_independent_views_are_hardly_redundant_and_the_null_of_a_null_is_itself(planted):
    found = conditional_information(A, B, planted, null=B, resamples=50)
    assert abs(found["redundancy"].value) < 0.1 * found["information.both"].value
    for name in ("gain", "redundancy", "information.added"):
        assert found[name].excess == 0
        assert (found[name].excess_low, found[name].excess_high) == (0, 0)


def test_scale_and_origin_of_scores_do_not_matter(planted, both):
    moved = View("b", B.users * np.linspace(0.1, 30, USERS)[:, None], B.items * 4 + np.arange(WIDTH))
    found = conditional_information(A, moved, planted, null=NOISE, resamples=0, shape="linear")
    for name, value in found.values.items():
        assert value.value == pytest.approx(both[name].value, abs=1e-4)


def test_memory_does_not_matter(planted, both):
    found = conditional_information(A, B, planted, null=NOISE, resamples=0, memory=2**20, shape="linear")
    for name, value in found.values.items():
        assert value.value == pytest.approx(both[name].value, abs=1e-9)


def test_popularity_is_no_news(planted):
    """B scores items by their train counts: it adds to A, but not beyond popularity."""
    popular = np.linspace(-1.5, 1.5, ITEMS)
    split = drawn(0.8 * z_scores(A) + popular, seed=4)
    counts = np.log1p(np.bincount(split.train.indices, minlength=ITEMS))
    found = conditional_information(
        A, View("list", np.ones((USERS, 1)), counts[:, None]), split, resamples=50, shape="linear"
    )
    assert found["gain"].low > 0.2
    assert found["gain_beyond_popularity"].value == pytest.approx(0, abs=1e-4)
    assert found["information.popularity"].value == pytest.approx(found["information.added"].value, abs=1e-4)


def test_popularity_given_popularity_is_nothing_whatever_its_unit():
    """B has the counts themselves, A their fifth root; choices follow a kink that neither line can follow."""
    counts = np.round(np.geomspace(1, 400, ITEMS))
    split = drawn(np.broadcast_to(np.minimum(np.log(counts), 3.0), (USERS, ITEMS)).copy(), seed=5)
    one, other = (
        View(name, np.ones((USERS, 1)), side[:, None])
        for name, side in (("root", counts**0.2), ("counts", counts))
    )
    linear = conditional_information(one, other, split, resamples=50, shape="linear")
    spline = conditional_information(one, other, split, resamples=50, shape="spline")
    assert linear["gain"].low > 0.01
    assert spline["gain"].value == pytest.approx(0, abs=0.004)
    assert spline["gain_beyond_popularity"].value == pytest.approx(0, abs=0.004)


BENT = {
    "cube": lambda z: z**3,
    "exp": np.exp,
    "root": lambda z: np.sign(z) * np.abs(z) ** 0.5,
    "ranks": lambda z: z.argsort(axis=1).argsort(axis=1).astype(float),
    "clipped": lambda z: np.clip(z, -1, 1.5),
}


@pytest.mark.parametrize("name", BENT)
def test_a_function_of_a_view_adds_nothing_to_it(name):
    """Choices follow tanh z_A; B = f(z_A) may correct the shape of a line, and no shape of a bent one."""
    z = z_scores(A)
    split = drawn(2.5 * np.tanh(1.5 * z), seed=6)
    bent = _Scores(name, BENT[name](z))
    spline = conditional_information(A, bent, split, resamples=50)
    assert spline["gain"].value == pytest.approx(0, abs=0.004)
    if name in ("cube", "root"):
        assert conditional_information(A, bent, split, resamples=50, shape="linear")["gain"].low > 0.01


def test_what_several_views_say_together_is_known(planted):
    found = conditional_information(
        [A, B],
        View("sum", np.hstack([A.users, B.users]), np.hstack([A.items, B.items])),
        planted,
        resamples=50,
    )
    assert found["gain"].value < 0.01
    assert set(found.provenance["coefficients"]["AB"]) == {"A1", "A2", "B"}
    again = conditional_information([A, B], B, planted, resamples=0)
    assert again["gain"].value == pytest.approx(0, abs=1e-4)
    with pytest.raises(SemcompError, match="nothing is given that B could add to"):
        conditional_information([], B, planted)


def test_weights_are_nearly_the_same_from_a_draw_of_the_items(planted):
    """Items count 1 / chance: a third of them, the likely ones above all, give the weights of all."""
    every = Choices([A, B], planted.valid, planted.history("train"), 2**24)
    some = replace(every, candidates=40)
    blocks = some.drawn(0)
    assert max(block.offset.shape[1] for block in blocks) < 50
    counted = np.concatenate([np.exp(block.offset).sum(axis=1) for block in blocks])
    assert counted.mean() == pytest.approx(ITEMS - 1, rel=0.02)
    weights = [fit(choices, {"AB": (0, 1)}, None).weights["AB"] for choices in (every, some)]
    np.testing.assert_allclose(weights[1], weights[0], atol=0.03)


def test_a_spline_finds_what_another_view_has(planted, both):
    found = conditional_information(A, B, planted, null=NOISE, resamples=50, shape="spline")
    truth = {"AB": {"A": 0.8, "B": 0.6}, "A": both.provenance["coefficients"]["A"]}
    assert found["gain"].value == pytest.approx(dense_gain(planted, truth).sum() / planted.test.nnz, abs=0.01)
    assert found["gain"].excess_low > 0.1
    assert len(found.provenance["coefficients"]["AB"]["B"]) == width_of(KNOTS)
    with pytest.raises(SemcompError, match="unknown shape 'cubic'"):
        conditional_information(A, B, planted, shape="cubic")


def test_test_items_play_no_part_in_the_weights(planted, both):
    half = planted.test.copy()
    half.data[::2] = 0
    half.eliminate_zeros()
    found = conditional_information(
        A, B, replace(planted, test=half), null=NOISE, resamples=0, shape="linear"
    )
    assert found.provenance["coefficients"] == both.provenance["coefficients"]
    assert found["gain"].n == planted.test.nnz // 2


def test_items_known_in_test_only_play_no_part_in_the_weights(cold_world):
    """The weights are those of the validation items among what is then known, whatever else is to come."""
    split = cold_world[0]
    rng = np.random.default_rng(0)
    late = split.known_from == 2
    users, items = rng.standard_normal((split.n_users, 4)), rng.standard_normal((split.n_items, 4))
    other = View("other", rng.standard_normal(users.shape), rng.standard_normal(items.shape))
    far = np.where(late[:, None], 20.0, 1.0) * items
    weights = [
        conditional_information(View("a", users, rows), other, split, resamples=0, shape="linear").provenance[
            "coefficients"
        ]
        for rows in (items, far)
    ]
    assert late.any()
    assert weights[0] == weights[1]
    shelf = split.catalogue("valid")
    cut = split.of_items(shelf)
    few = [View("a", users, items[shelf]), View("b", other.users, other.items[shelf])]
    alone = fit(Choices(few, cut.valid, cut.history("train"), 2**22), {"AB": (0, 1)}, None).weights["AB"]
    np.testing.assert_allclose([weights[0]["AB"][letter] for letter in "AB"], alone, rtol=1e-5)


def test_a_silent_view_is_uniform(planted):
    silent = View("silent", np.zeros((USERS, 1)), np.ones((ITEMS, 1)))
    tested = Choices([silent], planted.test, planted.history("train+valid"), memory=2**24)
    found = log_likelihoods(tested, {"S": (0,)}, {"S": np.array([5.0])}, None)
    np.testing.assert_allclose(found["S"], found["uniform"])
    np.testing.assert_allclose(found["uniform"], -2 * np.log(ITEMS - 3))


def test_tiny_data_is_finite(make_split):
    """One user took the item that the view prefers: the likelihood has no largest weight, the ridge has."""
    split = make_split((2, 4), [(0, 0), (1, 1)], [(0, 1)], [(0, 2), (1, 3)])
    view = View("v", [[1.0], [2.0]], [[0.0], [3.0], [2.0], [1.0]])
    found = conditional_information(view, view, split, resamples=20)
    assert all(np.isfinite(value.value) for value in found.values.values())
    assert Evidence.from_json(found.to_json()).values == found.values


def test_a_draw_of_users_is_the_same_on_those_users_alone(planted):
    some = conditional_information(A, B, planted, max_users=400, resamples=0, shape="linear")
    assert len(some.table) == 400
    assert some["gain"].n == 2 * 400
    everyone = conditional_information(A, B, planted, max_users=10_000, resamples=0, shape="linear")
    assert everyone.values == conditional_information(A, B, planted, resamples=0, shape="linear").values
    kept = np.isin(np.arange(USERS), some.table.index)
    history = sp.diags_array(kept.astype(float))
    alone = replace(planted, test=sp.csr_array((history @ planted.test).astype(np.float32)))
    alone.test.eliminate_zeros()
    weights = some.provenance["coefficients"]
    assert some.table["gain"].to_numpy() == pytest.approx(dense_gain(alone, weights)[kept], abs=1e-6)
    assert some["gain"].value == pytest.approx(everyone["gain"].value, abs=0.05)
    again = conditional_information(A, B, planted, max_users=400, seed=1, resamples=0)
    assert not again.table.index.equals(some.table.index)
    with pytest.raises(SemcompError, match="max_users = 0, but at least 1 user is needed"):
        conditional_information(A, B, planted, max_users=0)


def test_bad_input_is_refused(planted, make_split):
    other = View("other", np.ones((USERS, 1)), np.ones((ITEMS + 1, 1)))
    with pytest.raises(SemcompError, match="view 'other' has 1500 user rows and 121 item rows"):
        conditional_information(A, other, planted)
    view = View("v", np.ones((2, 1)), np.ones((3, 1)))
    with pytest.raises(SemcompError, match="the valid part is empty: there is no item to fit the weights to"):
        conditional_information(view, view, make_split((2, 3), [(0, 0)], [], [(1, 1)]))
    with pytest.raises(SemcompError, match="the test part is empty: there is no item to judge them on"):
        conditional_information(view, view, make_split((2, 3), [(0, 0)], [(1, 1)], []))
