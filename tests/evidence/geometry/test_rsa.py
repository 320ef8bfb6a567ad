"""RSA against scipy, and the Mantel test against every permutation."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr

from semcomp.errors import SemcompError
from semcomp.evidence.geometry import rsa as rsa_module
from semcomp.evidence.geometry.rsa import mantel, rsa


def pair(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 4))
    return x, x[:, :3] + rng.standard_normal((n, 3))


def test_is_scipys_spearman_of_scipys_distances() -> None:
    x, y = pair(50)
    expected = spearmanr(pdist(x, "cosine"), pdist(y, "cosine")).statistic
    assert rsa(x, y) == pytest.approx(expected, abs=1e-5)
    assert mantel(x, y, permutations=9).correlation == pytest.approx(expected, abs=1e-5)


def test_a_sample_is_a_sample_of_items() -> None:
    x, y = pair(50)
    rows = np.sort(np.random.default_rng(3).choice(50, 20, replace=False))
    assert rsa(x, y, sample=20, seed=3) == pytest.approx(rsa(x[rows], y[rows]))
    assert rsa(x, y, sample=20, seed=3) != rsa(x, y)


def test_duplicates_and_zero_rows() -> None:
    """Equal pairs get equal ranks, and a zero row is at right angles to all."""
    x, y = pair(12)
    x[3] = 2 * x[4]
    x[5] = 0
    cosine = x @ x.T / np.outer(*[np.where(x.any(1), np.linalg.norm(x, axis=1), 1)] * 2)
    upper = np.triu_indices(12, 1)
    expected = spearmanr(np.round(1 - cosine, 6)[upper], pdist(y, "cosine")).statistic
    assert rsa(x, y) == pytest.approx(expected, abs=1e-5)


def test_mantel_p_is_that_of_all_permutations() -> None:
    """Six items have 720 orders; 4,000 draws of them come within three standard errors of the exact share."""
    x, y = pair(6, 4)
    y += 2 * pair(6, 5)[1]
    a, b = squareform(pdist(x, "cosine")), squareform(pdist(y, "cosine"))
    upper = np.triu_indices(6, 1)
    found = [
        spearmanr(a[upper], b[np.ix_(order, order)][upper]).statistic for order in permutations(range(6))
    ]
    exact = np.mean(np.abs(found) >= abs(found[0]) - 1e-9)
    test = mantel(x, y, permutations=4000)
    assert 0.005 < exact < 0.9
    assert abs(test.p - exact) < 3 * np.sqrt(exact * (1 - exact) / 4000) + 1 / 4001
    assert test.null == pytest.approx(np.mean(found), abs=0.03)


def test_mantel_holds_its_level_and_finds_what_is_there() -> None:
    rng = np.random.default_rng(0)
    p = [
        mantel(rng.standard_normal((12, 3)), rng.standard_normal((12, 3)), permutations=39, seed=s).p
        for s in range(200)
    ]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 200))
    assert mantel(*pair(60), permutations=99).p == 0.01


def test_blocks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = mantel(*pair(40), permutations=50)
    monkeypatch.setattr(rsa_module, "BLOCK", 90)
    found = mantel(*pair(40), permutations=50)
    assert (found.p, found.null) == (whole.p, pytest.approx(whole.null))


def test_pairs_equally_far_have_no_order() -> None:
    assert np.isnan(rsa(np.ones((5, 2)), np.eye(5)[:, :3]))
    with pytest.raises(SemcompError, match="equally far"):
        mantel(np.ones((5, 2)), np.random.default_rng(0).standard_normal((5, 2)))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda x, y: rsa(x[:2], y[:2]), "2 rows are too few"),
        (lambda x, y: rsa(x, y, sample=2), "sample of 2"),
        (lambda x, y: mantel(x, y, permutations=0), "0 permutations"),
        (lambda x, y: rsa(x, y[:-1]), "same items"),
    ],
)
def test_bad_input(call, says) -> None:
    with pytest.raises(SemcompError, match=says):
        call(*pair(10))
