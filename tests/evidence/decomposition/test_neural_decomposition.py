"""The neural decomposition: closed-form shares of planted worlds, its linear start, and worlds with bends."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from sklearn.kernel_ridge import KernelRidge

from semcomp.errors import SemcompError
from semcomp.evidence.decomposition.encoders import Network, agreement, dependence, descend, features, line
from semcomp.evidence.decomposition.inter_battery import inter_battery
from semcomp.evidence.decomposition.neural import NeuralFit, fit_neural_parts, train_neural_parts
from semcomp.evidence.decomposition.neural_training import NeuralParts
from semcomp.evidence.geometry.cca import fit_cca
from semcomp.planted import World

Floats = np.ndarray
LINE = NeuralParts(epochs=0)


def vectors(shared: float, noise: float = 0.0, items: int = 2000) -> tuple[Floats, Floats]:
    truth = World(users=2, items=items, dim=4, shared=shared, noise=noise, seed=3).truth()
    return truth.semantic_vectors.astype(float), truth.collaborative_vectors.astype(float)


def share(part: Floats, whole: Floats) -> float:
    return float(part.var(axis=0).sum() / whole.var(axis=0).sum())


def r2(found: Floats, true: Floats) -> float:
    true = true - true.mean(axis=0)
    return float(1 - ((true - found) ** 2).sum() / (true**2).sum())


def leak(found: Floats, hidden: Floats) -> float:
    """R² on new rows of the best of a few kernel regressions of what should not be there."""
    half = len(found) // 2
    scaled = found / found.std()
    fits = [KernelRidge(alpha=a, kernel="rbf", gamma=0.5 / found.shape[1]) for a in (0.1, 1.0, 10.0)]
    said = [fit.fit(scaled[:half], hidden[:half]).predict(scaled[half:]) for fit in fits]
    return max(r2(one, hidden[half:]) for one in said)


@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize("f", [0.0, 0.5, 1.0])
def test_shares_are_those_of_the_planted_world(f: float, noise: float) -> None:
    s, c = vectors(f, noise)
    square = noise**2
    expected = {
        "other": (f / (1 + 2 * square), f * f / (f + square) if f else 0.0),
        "own": ((f + square) / (1 + 2 * square) if f else 0.0, f),
    }
    for code, shares in expected.items():
        parts = fit_neural_parts(s, c, NeuralParts(code=code, epochs=2, batch=1000))
        parts.check(s, c)
        assert share(parts.joint_s, s) == pytest.approx(shares[0], abs=0.03)
        assert share(parts.joint_c, c) == pytest.approx(shares[1], abs=0.03)
        assert share(parts.private_c, c) == pytest.approx(1 - f, abs=0.03)
        assert parts.scores.shape == (len(s), 4 if f else 0)
        if f == 0:
            assert not parts.joint_s.any()
            assert not parts.joint_c.any()


def test_truth_is_found_and_nothing_private_in_it() -> None:
    truth = World(users=2, items=2000, dim=4, noise=0.5, seed=3).truth()
    s, c = truth.semantic_vectors.astype(float), truth.collaborative_vectors.astype(float)
    of_z = {}
    for name, view, own in (("s", s, truth.p), ("c", c, truth.q)):
        design = np.hstack([truth.z, own]).astype(float)
        of_z[name] = truth.z @ np.linalg.lstsq(design, view - view.mean(axis=0), rcond=None)[0][:4]
    own = fit_neural_parts(s, c, NeuralParts(code="own", epochs=2))
    other = fit_neural_parts(s, c, NeuralParts(epochs=2))
    assert r2(own.joint_c, of_z["c"]) > 0.98
    assert r2(own.joint_s, of_z["s"]) == pytest.approx(1 - 0.25 / 0.5, abs=0.05)  # the noise comes along
    assert r2(other.joint_s, of_z["s"]) > 0.97
    assert r2(other.joint_c, of_z["c"]) == pytest.approx(0.5 / 0.75, abs=0.05)  # shrunk to what S tells
    for parts in (own, other):
        assert max(leak(parts.scores, truth.p), leak(parts.scores, truth.q)) < 0.02
        assert leak(parts.scores, truth.z) > 0.8


def test_untrained_it_is_inter_battery_factor_analysis() -> None:
    s, c = vectors(0.5, 0.5)
    s[:, 0] += 7
    found, known = fit_neural_parts(s, c, replace(LINE, code="both")), inter_battery(s, c, 4)
    for name in ("joint_s", "joint_c", "private_s", "private_c", "rest_s", "rest_c"):
        assert r2(getattr(found, name), getattr(known, name)) > 0.98, name
    turn = np.linalg.lstsq(found.scores, known.scores, rcond=None)[0]
    assert r2(found.scores @ turn, known.scores) > 0.98
    np.testing.assert_allclose(found.scores.var(axis=0), known.scores.var(axis=0), rtol=0.1)


@dataclass
class Bent:
    """S holds z² where C holds z: uncorrelated, and of C the shared part |z| says nothing linear."""

    s: Floats
    c: Floats
    of_z: Floats
    p: Floats
    q: Floats


def bent(items: int, seed: int) -> Bent:
    z, p, q = np.random.default_rng(seed).standard_normal((3, items, 1))
    rotation, other = (np.linalg.qr(np.random.default_rng(k).standard_normal((2, 2)))[0] for k in (8, 9))
    phi = (z**2 - 1) / np.sqrt(2)
    return Bent(np.hstack([phi, p]) @ rotation, np.hstack([z, q]) @ other, phi @ rotation[:1], p, q)


@pytest.fixture(scope="module")
def bent_fit() -> NeuralFit:
    world = bent(1000, 0)
    config = NeuralParts(hidden=24, epochs=35, batch=100, rate=4e-3, patience=8)
    return train_neural_parts(world.s, world.c, config)


def test_bends_are_found_where_lines_see_nothing(bent_fit: NeuralFit) -> None:
    world, new = bent(1000, 0), bent(1000, 1)
    line_only = train_neural_parts(world.s, world.c, LINE)
    assert not line_only.kept.any()
    assert not line_only.transform(new.s, new.c).joint_s.any()

    parts = bent_fit.transform(new.s, new.c)  # items that it was not trained on
    parts.check(new.s, new.c)
    assert bent_fit.kept.sum() == 1
    assert r2(parts.joint_s, new.of_z) > 0.85
    assert share(parts.joint_s, new.s) == pytest.approx(0.5, abs=0.08)
    assert share(parts.joint_c, new.c) < 0.03  # E[z | z²] = 0
    assert share(parts.private_c, new.c) > 0.8
    assert leak(parts.scores, new.q) < 0.04
    assert leak(parts.joint_s, new.p) < 0.04


def test_other_code_takes_nothing_from_the_view_itself(bent_fit: NeuralFit) -> None:
    world = bent(200, 2)
    mixed = np.random.default_rng(0).permutation(200)
    parts = bent_fit.transform(world.s, world.c)
    np.testing.assert_array_equal(bent_fit.transform(world.s[mixed], world.c).joint_c, parts.joint_c[mixed])
    np.testing.assert_array_equal(bent_fit.transform(world.s, world.c[mixed]).joint_s, parts.joint_s[mixed])
    assert not np.allclose(parts.joint_s, parts.joint_s[mixed])
    own = train_neural_parts(*vectors(0.5, 0.5, 500), replace(LINE, code="own"))
    s, c = vectors(0.5, 0.5, 200)
    np.testing.assert_array_equal(own.transform(s[mixed], c).joint_c, own.transform(s, c).joint_c)


def test_scale_shift_and_constant_columns_do_no_harm() -> None:
    s, c = vectors(0.5, 0.5, 500)
    config = NeuralParts(epochs=2)
    plain = fit_neural_parts(s, c, config)
    moved = fit_neural_parts(4 * s + 1, np.hstack([c, np.full((500, 1), 5.0)]), config)
    np.testing.assert_allclose(moved.joint_s, 4 * plain.joint_s, atol=0.05)
    np.testing.assert_allclose(moved.joint_c[:, -1], 0, atol=1e-3)
    assert share(moved.joint_c, c) == pytest.approx(share(plain.joint_c, c), abs=0.01)


def test_equal_seeds_give_equal_bytes_and_leave_the_global_generator_alone() -> None:
    s, c = vectors(0.5, 0.5, 300)
    before = torch.get_rng_state()
    config = NeuralParts(epochs=3, hidden=8)
    first, again, other = (fit_neural_parts(s, c, config, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert first.private_s.tobytes() == again.private_s.tobytes()
    assert first.scores.tobytes() == again.scores.tobytes()
    assert not np.allclose(first.joint_c, other.joint_c)


def test_agreement_is_the_mean_squared_canonical_correlation() -> None:
    rng = np.random.default_rng(5)
    a = rng.normal(size=(400, 3))
    b = a @ rng.normal(size=(3, 3)) + 2 * rng.normal(size=(400, 3))
    known = fit_cca(a, b).correlations
    one, other = torch.tensor(a), torch.tensor(b)
    turned = one @ torch.tensor(rng.normal(size=(3, 3))) + 5
    for left in (one, turned):
        agreed, by_a, by_b = agreement(left.float(), other.float())
        assert float(agreed) == pytest.approx(np.mean(known**2), abs=0.01)
        standard = (b - b.mean(axis=0)) / b.std(axis=0)
        said = a @ np.linalg.lstsq(a - a.mean(axis=0), standard, rcond=None)[0]
        np.testing.assert_allclose(by_a.numpy(), said - said.mean(axis=0), atol=0.02)
        assert by_b.shape == (400, 3)
    assert float(agreement(torch.zeros(50, 2), torch.randn(50, 2))[0]) == pytest.approx(0, abs=1e-6)


def test_dependence_sees_what_correlation_does_not() -> None:
    rng = np.random.default_rng(6)
    z, free = torch.tensor(rng.normal(size=(2, 4000, 1)), dtype=torch.float32)
    square = z**2 - 1

    def between(a: torch.Tensor, b: torch.Tensor) -> float:
        draws = torch.Generator().manual_seed(0)
        return float(dependence(features(a, draws), features(b, draws)))

    assert abs(float((z * square).mean())) < 0.15
    assert between(z, square) > 1 > 20 * between(z, free)  # correlation alone gives at most 1
    assert between(z, z) > between(z, square)
    draws = torch.Generator().manual_seed(0)
    seen = features(torch.hstack([z, torch.ones_like(z)]), draws)
    np.testing.assert_allclose(seen[:, [0]], (z - z.mean()) / z.std(correction=0), atol=1e-4)
    assert not seen[:, 1].any()


def test_a_network_starts_as_its_line_and_ends_where_it_was_best() -> None:
    rng = np.random.default_rng(7)
    x = torch.tensor(rng.normal(size=(60, 3)), dtype=torch.float32)
    y = x @ torch.tensor(rng.normal(size=(3, 2)), dtype=torch.float32) + 3
    net = Network(*line(x, y), 8, torch.Generator().manual_seed(0))
    torch.testing.assert_close(net(x), y, atol=1e-4, rtol=1e-4)

    seen: list[float] = []
    options = {"batch": 20, "rate": 0.1, "decay": 0.0, "lines_decay": False, "seed": 0, "label": "test"}

    def held() -> torch.Tensor:  # best after two epochs, then ever worse
        seen.append(float(net.bias[0].detach()))
        return torch.tensor(abs(len(seen) - 3.0))

    def loss(part: torch.Tensor, _: torch.Generator) -> torch.Tensor:
        return net(x[part]).sum()

    descend([net], loss, held, 60, epochs=50, patience=4, **options)
    assert len(seen) == 3 + 4
    assert len(set(seen)) == len(seen)
    assert float(net.bias[0].detach()) == seen[2]


def test_bad_input_is_refused() -> None:
    s, c = vectors(0.5, 0.0, 60)
    with pytest.raises(SemcompError, match="49 rows are too few"):
        fit_neural_parts(s[:49], c[:49])
    with pytest.raises(SemcompError, match="60 semantic rows and 50 collaborative rows"):
        fit_neural_parts(s, c[:50])
    with pytest.raises(SemcompError, match="NaN"):
        fit_neural_parts(np.where(s > 2, np.nan, s), c)
    with pytest.raises(SemcompError, match="the collaborative vectors do not vary"):
        fit_neural_parts(s, np.full_like(c, 0.3))
    with pytest.raises(SemcompError, match="seed -1"):
        fit_neural_parts(s, c, seed=-1)
    with pytest.raises(SemcompError, match="vectors of 7 columns, but the networks were fitted to 8"):
        train_neural_parts(s, c, LINE).transform(s[:, :7], c)
    for wrong, message in (
        ({"code": "others"}, "did you mean 'other'"),
        ({"hidden": 0}, "hidden = 0 must be a whole number from 1"),
        ({"rate": float("nan")}, "rate = nan must be a number from 0"),
        ({"held_out": 0.9}, "held_out = 0.9 must lie between"),
    ):
        with pytest.raises(SemcompError, match=message):
            NeuralParts(**wrong)
