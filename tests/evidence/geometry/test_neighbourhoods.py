"""Neighbours of anchors, agreement and its chance, CKNNA, hubs and pools of like popularity."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.neighbors import NearestNeighbors

from semcomp.errors import SemcompError
from semcomp.evidence.geometry.local import (
    Local,
    agreement,
    hubness,
    hubs,
    k_occurrence,
    occurrence_popularity,
    overlap_within,
    popularity_matched,
    popularity_pools,
    random_hubness,
)
from semcomp.evidence.geometry.neighbours import (
    chance,
    choose_anchors,
    cknna,
    mutual_knn,
    nearest,
    nearest_of,
    neighbour_jaccard,
    overlap,
    unit_float32,
)


def cloud(n: int = 80, p: int = 6, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((n, p))


def test_neighbours_of_anchors_are_those_of_scikit_learn() -> None:
    x, anchors = cloud(), np.array([7, 0, 33, 79])
    found = nearest_of(unit_float32(x), anchors, 5)
    search = NearestNeighbors(n_neighbors=6, metric="cosine", algorithm="brute").fit(x)
    assert found.tolist() == search.kneighbors(x[anchors], return_distance=False)[:, 1:].tolist()
    assert (np.sort(found, axis=1) == nearest(x, 5)[anchors]).all()


def test_neighbours_do_not_depend_on_the_memory() -> None:
    x = np.repeat(cloud(60), 3, axis=0)  # ties everywhere
    x[5] = 0
    unit, anchors = unit_float32(x), np.arange(0, 180, 2)
    whole = nearest_of(unit, anchors, 7)
    for memory in (1, 5000, 40_000):
        assert (nearest_of(unit, anchors, 7, memory) == whole).all()


def test_duplicates_come_first_and_ties_go_to_the_lower_row() -> None:
    x = np.array([[1.0, 0], [0, 1], [1, 0], [1, 1], [2, 0]])
    assert nearest_of(unit_float32(x), np.arange(5), 2).tolist() == [[2, 4], [3, 0], [0, 4], [0, 1], [0, 2]]


def test_unit_rows_of_any_size() -> None:
    x = np.array([[3e300, 4e300], [3e-320, 4e-320], [0, 0]])
    assert unit_float32(x) == pytest.approx(np.array([[0.6, 0.8], [0.6, 0.8], [0, 0]]), abs=2e-3)


@pytest.mark.parametrize("k", [0, 80])
def test_k_must_fit(k: int) -> None:
    with pytest.raises(SemcompError, match=f"k = {k}"):
        nearest_of(unit_float32(cloud()), np.arange(3), k)
    with pytest.raises(SemcompError, match=f"k = {k}"):
        mutual_knn(cloud(), cloud(), k)


def test_overlap_and_jaccard_by_hand() -> None:
    a, b = np.array([[0, 1, 2, 3], [4, 5, 6, 7]], np.int32), np.array([[3, 2, 8, 9], [7, 6, 5, 4]], np.int32)
    assert overlap(a, b).tolist() == [0.5, 1.0]
    x, y = cloud(), cloud(seed=1)
    shares = [
        len(set(one) & set(other)) / 5
        for one, other in zip(nearest(x, 5).tolist(), nearest(y, 5).tolist(), strict=True)
    ]
    assert mutual_knn(x, y, 5) == pytest.approx(np.mean(shares))
    assert neighbour_jaccard(x, y, 5) == pytest.approx([o / (2 - o) for o in shares])


def test_anchors_are_a_sample_of_the_same_overlaps() -> None:
    x, y = cloud(), cloud() + 0.5 * cloud(seed=1)
    rows = choose_anchors(80, 12, 4)
    assert len(set(rows)) == 12
    assert (choose_anchors(80, 80, 0) == np.arange(80)).all()
    shares = overlap(nearest(x, 5), nearest(y, 5))[rows]
    assert mutual_knn(x, y, 5, anchors=12, seed=4) == pytest.approx(shares.mean())
    with pytest.raises(SemcompError, match="0 anchors"):
        choose_anchors(80, 0, 0)


def test_chance_is_that_of_independent_clouds() -> None:
    """Overlap has mean k / (n − 1); the Jaccard's expectation by the hypergeometric sum."""
    n, k = 30, 8
    x, common = stats.hypergeom(n - 1, k, k), np.arange(k + 1)
    assert chance(k, n)["overlap"] == pytest.approx(x.mean() / k)
    assert chance(k, n)["jaccard"] == pytest.approx(np.sum(x.pmf(common) * common / (2 * k - common)))
    drawn = [
        (
            mutual_knn(cloud(n, seed=s), cloud(n, seed=-s - 1 & 0xFFFF), k),
            neighbour_jaccard(cloud(n, seed=s), cloud(n, seed=-s - 1 & 0xFFFF), k).mean(),
        )
        for s in range(60)
    ]
    for found, expected in zip(np.array(drawn).T, chance(k, n).values(), strict=True):
        assert abs(found.mean() - expected) < 3 * found.std() / np.sqrt(60)


def test_cknna_is_its_formula() -> None:
    x, y, k = cloud(), cloud() + cloud(seed=1), 6
    kernels, inside = [], []
    for side in (x, y):
        unit = side / np.linalg.norm(side, axis=1, keepdims=True)
        cosines = unit @ unit.T
        kernels.append(cosines - cosines.mean(axis=1, keepdims=True))
        mask = np.zeros((80, 80), dtype=bool)
        np.put_along_axis(mask, nearest(side, k).astype(np.int64), True, axis=1)
        inside.append(mask)
    mutual = inside[0] & inside[1]
    expected = np.sum((kernels[0] * kernels[1])[mutual]) / np.sqrt(
        np.sum(kernels[0][inside[0]] ** 2) * np.sum(kernels[1][inside[1]] ** 2)
    )
    assert 0.1 < expected < 0.9
    assert cknna(x, y, k) == pytest.approx(expected, rel=1e-5)


def test_cknna_of_equal_directions_does_not_exist() -> None:
    assert np.isnan(cknna(np.ones((20, 2)), np.ones((20, 2)), 3))


def test_hubness_of_a_star() -> None:
    """Nine items whose only neighbour is the tenth, which has the first."""
    near = np.array([[9]] * 9 + [[0]])
    occurrence = k_occurrence(near, 10)
    assert occurrence.tolist() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 9]
    found = hubness(occurrence, 10)
    assert found["never_found"] == pytest.approx(0.8)
    assert found["top_hub"] == pytest.approx(0.9)
    assert found["skewness"] == pytest.approx(stats.skew(occurrence))
    assert np.isnan(hubness(np.full(4, 2), 4)["skewness"])


def test_random_lists_have_binomial_counts() -> None:
    found = random_hubness(100, 5, 5001, seed=0)
    p = 5 / 5000
    assert found["never_found"] == pytest.approx((1 - p) ** 100, abs=0.005)
    assert found["skewness"] == pytest.approx((1 - 2 * p) / np.sqrt(100 * p * (1 - p)), rel=0.03)


def test_popularity_of_hubs() -> None:
    assert occurrence_popularity(np.array([0, 1, 5]), np.array([2, 3, 99])) == pytest.approx(1.0)
    assert np.isnan(occurrence_popularity(np.array([1, 1, 1]), np.array([2, 3, 99])))


def test_pools_are_equal_and_follow_popularity() -> None:
    counts = np.random.default_rng(0).geometric(0.2, 103)
    pool = popularity_pools(counts, 103, 5, 0)
    assert sorted(np.bincount(pool)) == [20, 20, 21, 21, 21]
    for lower in range(4):
        assert counts[pool == lower].max() <= counts[pool == lower + 1].min()
    assert abs(np.corrcoef(popularity_pools(None, 103, 5, 0), counts)[0, 1]) < 0.3
    with pytest.raises(SemcompError, match="0 pools"):
        popularity_pools(counts, 103, 0, 0)


def test_neighbours_within_pools_only() -> None:
    x, y = cloud(60), cloud(60) + cloud(60, seed=1)
    pool = popularity_pools(None, 60, 3, 1)
    rows = np.array([3, 10, 11, 40])
    found = overlap_within(unit_float32(x), unit_float32(y), rows, 4, pool)
    for row, share in zip(rows, found, strict=True):
        members = np.flatnonzero(pool == pool[row])
        at = np.searchsorted(members, row)
        expected = overlap(nearest(x[members], 4), nearest(y[members], 4))[at]
        assert share == pytest.approx(expected)


def local(x: np.ndarray, y: np.ndarray, anchors: int | None = None, k: int = 5) -> Local:
    rows = choose_anchors(len(x), anchors, 0)
    return Local.of((unit_float32(x), unit_float32(y)), rows, k, 0, 2**20)


def test_agreement_that_popularity_makes_goes_with_popularity() -> None:
    """Two sides share a ring of popularity and nothing else; then two share much, but no popularity."""
    rng = np.random.default_rng(0)
    counts = rng.permutation(400)
    angle = counts / 400 * np.pi
    ring = 4 * np.column_stack([np.cos(angle), np.sin(angle)])
    by_popularity = [np.hstack([ring, rng.standard_normal((400, 4))]) for _ in range(2)]
    value = popularity_matched(local(*by_popularity), counts, 200)["knn.overlap_popularity_matched"]
    assert value.value == pytest.approx(5 / 39, abs=0.03)  # chance in a tenth of the items
    assert value.excess_high is not None
    assert value.excess_high < -0.05
    x = rng.standard_normal((400, 8))
    value = popularity_matched(local(x, x + 0.5 * cloud(400, 8, 5)), counts, 200)[
        "knn.overlap_popularity_matched"
    ]
    assert value.excess_low is not None
    assert value.excess_low < 0 < value.excess_high
    assert value.value > 0.4


def test_no_pools_of_few_items() -> None:
    assert popularity_matched(local(cloud(20), cloud(20)), np.arange(20), 10) == {}


def test_shuffling_moves_items_with_their_neighbours() -> None:
    """The renamed lists are the neighbours in the shuffled matrix, and no item keeps its partner in full."""
    pair = local(cloud(), cloud(), anchors=30)
    shuffled = pair.shuffled()
    assert (nearest_of(shuffled.units[1], pair.rows, 5) == shuffled.near[1]).all()
    assert (shuffled.near[0] == pair.near[0]).all()
    assert sorted(shuffled.units[1][pair.rows].tolist()) == sorted(pair.units[1][pair.rows].tolist())
    assert pair.columns()["overlap"].mean() == 1
    assert shuffled.columns()["overlap"].mean() < 0.2


def test_agreement_of_subsets_is_over_their_anchors() -> None:
    pair = local(cloud(), cloud() + cloud(seed=2), anchors=30)
    inside = np.arange(80) < 40
    values, table = agreement(pair, {"low": inside}, 50)
    assert values["knn.overlap.low"].value == pytest.approx(table["overlap"][inside[pair.rows]].mean())
    assert values["knn.overlap.low"].n == int(inside[pair.rows].sum())
    assert values["knn.overlap.low"].null == pytest.approx(
        table["overlap_shuffled"][inside[pair.rows]].mean()
    )
    assert values["knn.overlap_chance"].value == pytest.approx(5 / 79)


def test_hubs_of_a_cloud_with_a_centre() -> None:
    """Rows around a common direction: the row nearest to it is everyone's neighbour in 30 dimensions."""
    x = cloud(150, 30) + 2.0
    values = hubs(local(x, cloud(150, 30, 9)), np.arange(150), 10)
    assert values["a.hub.skewness"].excess_low is not None
    assert values["a.hub.skewness"].value > 2 * values["a.hub.skewness"].null
    assert values["a.hub.top_hub"].value > values["a.hub.top_hub"].null
    expected = stats.spearmanr(k_occurrence(nearest(x, 5), 150), np.arange(150)).statistic
    assert values["a.hub.popularity"].value == pytest.approx(expected, abs=1e-9)
    assert abs(values["hub.agreement"].value) < 0.3
    same = hubs(local(x, x), None, 0)
    assert same["hub.agreement"].value == pytest.approx(1.0)
    assert "a.hub.popularity" not in same
