"""The geometry of a pair as evidence: planted answers, nulls, intervals, odd rows, bad input."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from flat_settings import flat

from semcomp.core.evidence import Evidence
from semcomp.core.spectrum import effective_rank, mean_cosine
from semcomp.core.view import View
from semcomp.data.popularity import strata
from semcomp.errors import SemcompError
from semcomp.evidence.geometry import report
from semcomp.evidence.geometry.anisotropy import anisotropy
from semcomp.evidence.geometry.cca import canonical_numbers
from semcomp.evidence.geometry.cka import linear_cka, procrustes, unbiased_cka
from semcomp.evidence.geometry.neighbours import choose_anchors, cknna, mutual_knn, neighbour_jaccard
from semcomp.evidence.geometry.report import GeometrySettings
from semcomp.evidence.geometry.rsa import mantel, rsa
from semcomp.evidence.geometry.sums import Sums
from semcomp.evidence.statistics.jackknife import jackknife

FAST = {"k": 8, "resamples": 100, "groups": 8, "shuffles": 3, "permutations": 49, "rsa_items": 60}
COUNTS = np.random.default_rng(9).geometric(0.1, 200)
PAIR = ("cka", "cka_unbiased", "cca", "svcca", "pwcca.a", "redundancy.b", "information", "rsa")
NEAR = ("knn.overlap", "knn.jaccard", "knn.cknna")


geometry = flat(report.geometry, GeometrySettings)


def sides(shared: float = 0.7, n: int = 200, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    z, own = rng.standard_normal((n, 5)), rng.standard_normal((2, n, 5))
    x, y = (np.hstack([np.sqrt(shared) * z, np.sqrt(1 - shared) * one]) for one in own)
    y = y @ rng.standard_normal((10, 7)) + rng.standard_normal((n, 7))
    return x.astype(np.float32), y.astype(np.float32)


@pytest.fixture(scope="module")
def found() -> Evidence:
    return geometry(*sides(), counts=COUNTS, anchors=120, **FAST)


def test_values_are_those_of_the_measures(found: Evidence) -> None:
    x, y = sides()
    assert found["cka"].value == pytest.approx(linear_cka(x, y))
    assert found["cka_unbiased"].value == pytest.approx(unbiased_cka(x, y))
    assert found["procrustes"].value == pytest.approx(procrustes(x, y))
    for name, number in canonical_numbers(Sums.of(x, y)).items():
        assert found[name].value == pytest.approx(number)
    assert found["a.mean_cosine"].value == pytest.approx(mean_cosine(x))
    assert found["b.effective_rank"].value == pytest.approx(effective_rank(y))
    assert found["b.isoscore"].value == pytest.approx(anisotropy(y)["isoscore"])
    assert found["a.partition"].value == pytest.approx(anisotropy(x)["partition"])
    assert found["rsa"].value == pytest.approx(rsa(x, y, sample=60))
    assert found["rsa"].excess_p == mantel(x, y, sample=60, permutations=49).p
    near = {"k": 8, "anchors": 120}
    assert found["knn.overlap"].value == pytest.approx(mutual_knn(x, y, **near))
    jaccard = neighbour_jaccard(x.astype(float), y.astype(float), 8)[choose_anchors(200, 120, 0)]
    assert found["knn.jaccard"].value == pytest.approx(jaccard.mean())
    assert found["knn.cknna"].value == pytest.approx(cknna(x, y, **near))
    assert found["knn.overlap_chance"].value == 8 / 199


def test_what_is_shared_stands_above_its_null(found: Evidence) -> None:
    for name in (*PAIR, *NEAR, "cka_unbiased.cold", "knn.overlap.cold"):
        value = found[name]
        assert value.excess_low is not None, name
        assert value.excess_low > 0, name
    assert found["procrustes"].excess_high is not None
    assert found["procrustes"].excess_high < 0
    assert found["knn.overlap"].null == pytest.approx(8 / 199, abs=0.015)
    assert found["cka_unbiased"].null == pytest.approx(0, abs=0.01)
    assert found["information"].null is not None
    assert found["information"].null == pytest.approx(10 * 7 / (2 * 200), rel=0.3)  # p q / 2n


def test_independent_sides_stand_at_their_null() -> None:
    apart = geometry(sides()[0], sides(seed=1)[1], **FAST)
    for name in ("cka", "cka_unbiased", "procrustes", "cca", "information", "rsa", *NEAR):
        value = apart[name]
        assert value.excess is not None
        assert value.low is not None
        assert value.high is not None
        assert abs(value.excess) < 1.5 * (value.high - value.low), name


def test_intervals_are_those_of_leaving_items_out(found: Evidence) -> None:
    x, y = sides()

    def of(rows: np.ndarray) -> dict[str, float]:
        alone = anisotropy(x[rows])
        return {
            "cka_unbiased": unbiased_cka(x[rows], y[rows]),
            "procrustes": procrustes(x[rows], y[rows]),
            "information": canonical_numbers(Sums.of(x[rows], y[rows]))["information"],
            "a.isoscore": alone["isoscore"],
            "a.mean_cosine": alone["mean_cosine"],
        }

    for name, value in jackknife(of, 200, groups=8).items():
        assert (found[name].low, found[name].high) == pytest.approx((value.low, value.high)), name


def test_strata_are_their_items(found: Evidence) -> None:
    x, y = sides()
    of = strata(COUNTS)
    for place, name in enumerate(("cold", "mid", "hot")):
        inside = of == place
        assert found[f"cka_unbiased.{name}"].value == pytest.approx(unbiased_cka(x[inside], y[inside]))
        overlaps = found.table["overlap"][found.table["stratum"] == name]
        assert found[f"knn.overlap.{name}"].value == pytest.approx(overlaps.mean())
        assert found[f"knn.overlap.{name}"].n == len(overlaps)


def test_categories_are_their_items() -> None:
    x, y = sides()
    inside = np.random.default_rng(1).random((200, 14)) < np.linspace(0.02, 0.5, 14)
    found = geometry(x, y, categories=sp.csr_array(inside.astype(np.int64)), **FAST)
    named = [name for name in found.values if name.startswith("cka_unbiased.category")]
    assert named == [f"cka_unbiased.category.{column}" for column in range(4, 14)]
    assert found[named[-1]].value == pytest.approx(unbiased_cka(x[inside[:, 13]], y[inside[:, 13]]))
    assert "cka_unbiased.cold" not in found.values


def test_a_row_an_anchor(found: Evidence) -> None:
    assert found.table.index.name == "item"
    assert len(found.table) == 120
    assert found.table["overlap"].mean() == pytest.approx(found["knn.overlap"].value)
    assert found.table["log_popularity"].to_numpy() == pytest.approx(np.log1p(COUNTS[found.table.index]))


def test_equal_sides() -> None:
    x, _ = sides()
    turn = np.linalg.qr(np.random.default_rng(2).standard_normal((10, 10)))[0]
    same = geometry(x, 3 * x @ turn, **FAST)
    for name in ("cka", "cka_unbiased", "cca", "svcca", "pwcca.a", "redundancy.a", "rsa", *NEAR):
        assert same[name].value == pytest.approx(1.0, abs=1e-3), name
    assert "information" not in same.values  # infinite
    assert same["procrustes"].value == pytest.approx(0.0, abs=1e-5)
    assert same["hub.agreement"].value == pytest.approx(1.0, abs=1e-2)


def test_deterministic_and_free_of_the_memory() -> None:
    first = geometry(*sides(), counts=COUNTS, anchors=50, **FAST)
    again = geometry(*sides(), counts=COUNTS, anchors=50, memory=20_000, **FAST)
    assert first.to_json() == again.to_json()
    other = geometry(*sides(), counts=COUNTS, anchors=50, seed=1, **FAST)
    assert first.to_json() != other.to_json()


def test_json_round_trip(found: Evidence) -> None:
    assert Evidence.from_json(found.to_json()).to_json() == found.to_json()


def test_views_give_their_items_and_names() -> None:
    x, y = sides()
    users = np.zeros((3, 10)), np.zeros((3, 7))
    views = View("one", users[0], x, {"seed": 3, "cost": 1.5}), View("two", users[1], y)
    found = geometry(*views, **FAST)
    assert found.name == "geometry(one, two)"
    assert found.provenance["a"]["provenance"] == {"seed": 3}
    assert found["cka"] == geometry(x, y, **FAST)["cka"]


def test_no_intervals() -> None:
    found = geometry(*sides(), **{**FAST, "groups": 0, "resamples": 0})
    assert all(value.low is None for value in found.values.values())
    assert found["cka"].null is not None


def test_zero_rows_are_no_neighbours() -> None:
    x, y = sides()
    x, y = x.copy(), y.copy()
    x[:30] = 0
    y[20:40] = 0
    found = geometry(x, y, counts=COUNTS, anchors=None, **FAST)
    assert (found["zero_rows.a"].value, found["zero_rows.b"].value) == (30, 20)
    assert found.table.index.tolist() == list(range(40, 200))
    assert found["knn.overlap"].value == pytest.approx(mutual_knn(x[40:], y[40:], 8))
    assert found["knn.overlap_chance"].value == 8 / 159
    assert found["rsa"].value == pytest.approx(rsa(x[40:], y[40:], sample=60))
    assert found["cka_unbiased"].value == pytest.approx(unbiased_cka(x, y))
    assert found["a.mean_cosine"].value == pytest.approx(mean_cosine(x))
    assert found["a.hub.never_found"].n == 160


def test_duplicates_are_each_others_neighbours() -> None:
    x, y = sides(n=40)
    found = geometry(np.repeat(x, 9, axis=0), np.repeat(y, 9, axis=0), anchors=None, **FAST)
    assert found["knn.overlap"].value == 1.0  # the eight copies, on both sides


def test_constant_columns() -> None:
    """Zero ones change nothing but the IsoScore; others shift the cloud, which only angles see."""
    x, y = sides()
    wide, shifted = (np.hstack([x, np.full((200, 2), fill, np.float32)]) for fill in (0.0, 3.0))
    plain, found, moved = (geometry(one, y, **FAST) for one in (x, wide, shifted))
    for name in ("procrustes", *PAIR, *NEAR, "a.effective_rank", "a.top_share"):
        assert found[name].value == pytest.approx(plain[name].value, rel=1e-6), name
    for name in ("procrustes", *PAIR[:-1], "a.effective_rank", "a.top_share"):
        assert moved[name].value == pytest.approx(plain[name].value, rel=1e-5), name
    for name in ("rsa", "knn.overlap", "a.mean_cosine", "a.partition"):
        assert moved[name].value != pytest.approx(plain[name].value, rel=1e-2), name
    assert found["a.isoscore"].value < plain["a.isoscore"].value


def test_small_strata_are_left_out() -> None:
    counts = np.zeros(200, dtype=np.int64)
    counts[:9] = np.arange(1, 10)
    found = geometry(*sides(), counts=counts, **FAST)
    assert "cka_unbiased.cold" in found.values
    assert "cka_unbiased.hot" not in found.values


def test_more_columns_than_items() -> None:
    """All canonical correlations are 1 whatever the rows say: no information, and no excess."""
    rng = np.random.default_rng(0)
    found = geometry(
        rng.standard_normal((30, 40)), rng.standard_normal((30, 35)), **{**FAST, "rsa_items": 30}
    )
    assert found["cca"].value == pytest.approx(1.0)
    assert found["cca"].excess == pytest.approx(0.0, abs=1e-6)
    assert abs(found["cka_unbiased"].value) < 0.3 < found["cka"].value


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"a": np.ones((200, 3))}, "all rows of matrix a are equal"),
        ({"b": sides()[1][:-1]}, "a has 200 rows and b has 199"),
        ({"b": np.full((200, 2), np.inf)}, "b has NaN"),
        ({"a": np.eye(200)[:, :5]}, "5 items are zero in neither"),
        ({"a": np.ones((9, 2)), "b": np.ones((9, 2))}, "9 rows are too few"),
        ({"k": 200}, "k = 200"),
        ({"k": 0}, "k = 0"),
        ({"anchors": 0}, "0 anchors"),
        ({"groups": 1}, "1 groups"),
        ({"groups": 201}, "201 groups"),
        ({"shuffles": 0}, "0 shuffles"),
        ({"permutations": 0}, "0 permutations"),
        ({"rsa_items": 3}, "3 items for RSA"),
        ({"counts": COUNTS[:-1]}, "counts of shape"),
        ({"counts": COUNTS + 0.5}, "whole numbers"),
        ({"counts": -COUNTS}, "whole numbers"),
        ({"counts": COUNTS.astype(str)}, "an array of real numbers"),
        ({"categories": sp.csr_array((199, 2))}, "categories of 199"),
        ({"resamples": -1}, "-1 resamples"),
    ],
    ids=str,
)
def test_bad_input(change: dict, says: str) -> None:
    x, y = sides()
    given = {"a": x, "b": y, **FAST, **change}
    with pytest.raises(SemcompError, match=says):
        geometry(given.pop("a"), given.pop("b"), **given)
