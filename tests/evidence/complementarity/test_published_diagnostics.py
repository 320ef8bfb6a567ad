"""Diagnostics against what was published: overlaps, compositions, and the output of two scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from hand_made_lists import lists, split_of

from semcomp.core.evidence import Evidence
from semcomp.core.view import View, unit_rows
from semcomp.data import Split, binary_csr
from semcomp.errors import SemcompError
from semcomp.evidence import Protocol, diagnose, report_arrays
from semcomp.evidence.complementarity.overlap import jaccard
from semcomp.evidence.complementarity.report import shell_record

GOLDEN = Path(__file__).parents[2] / "reference" / "golden"


def norm_concat_norm(a: View, b: View) -> View:
    """The published fusion: unit rows side by side. Where no row is zero its score is the mean cosine."""
    users, items = (
        np.hstack(sides)
        for sides in ((unit_rows(a.users), unit_rows(b.users)), (unit_rows(a.items), unit_rows(b.items)))
    )
    return View("fused", unit_rows(users), unit_rows(items))


def diagnosed(a: View, b: View, split: Split, **options: Any) -> Evidence:
    """The pair as `semcomp diagnose` reports it, with the published fusion."""
    report = report_arrays({"a": a, "b": b}, split, Protocol(**options), fuse=norm_concat_norm, nulls=False)
    return report.pairs["a", "b"]


def test_published_overlaps_as_shared_items() -> None:
    """Jaccard J of two lists of K means 2KJ / (1 + J) shared items: the published 6.37, 16.74 and 19.20 %."""
    for published, items in ((0.0637, 2.40), (0.1674, 5.74), (0.1920, 6.44)):
        below, above = int(items), int(items) + 1
        rows = [np.arange(20 - m, 40 - m) for m in (below, above)]
        low, high = jaccard(np.tile(np.arange(20), (2, 1)).astype(np.int32), np.array(rows, dtype=np.int32))
        assert low < published < high
        assert 40 * published / (1 + published) == pytest.approx(items, abs=0.005)


@pytest.mark.parametrize(
    ("common", "a_unique", "b_unique", "over_a", "over_b"),
    [(370, 309, 321, 0.473, 0.447), (440, 294, 265, 0.361, 0.417), (429, 303, 267, 0.365, 0.435)],
)
def test_published_compositions(
    common: int, a_unique: int, b_unique: int, over_a: float, over_b: float
) -> None:
    """One target a user, so hits are users: the union's gain over either list follows from the shares."""
    n = common + a_unique + b_unique
    train, test = np.zeros((n, 8)), np.zeros((n, 8))
    train[:, 7], test[:, 0] = 1, 1
    one, other = np.tile([1, 2], (n, 1)), np.tile([3, 4], (n, 1))
    one[: common + a_unique, 0] = 0
    other[:common, 1] = 0
    other[common + a_unique :, 1] = 0
    evidence = diagnose(lists(one, 8), lists(other, 8), split_of(train, test), resamples=0)
    assert evidence["hits.common"].value == common
    assert evidence["unique_hit_ratio"].value == pytest.approx((a_unique + b_unique) / n)
    union = evidence["oracle.union"].value
    assert union / evidence["recall.a"].value - 1 == pytest.approx(over_a, abs=5e-4)
    assert union / evidence["recall.b"].value - 1 == pytest.approx(over_b, abs=5e-4)


@pytest.fixture(scope="module")
def golden() -> tuple[View, View, Split, dict[str, dict]]:
    def part(name: str) -> sp.csr_array:
        pairs = np.loadtxt(GOLDEN / f"gold.{name}.inter", skiprows=1, dtype=np.int32)
        return binary_csr(pairs[:, 0], pairs[:, 1], (900, 1400))

    def view(name: str) -> View:
        sides = [np.load(GOLDEN / f"gold_{side}_embeddings-{name}.npy") for side in ("user", "item")]
        return View(name, *sides)

    names = np.array([str(i) for i in range(1400)])
    split = Split(names[:900], names, part("train"), part("valid"), part("test"), {})
    return view("cf"), view("sem"), split, json.loads((GOLDEN / "expected.json").read_text())


def test_published_complementarity_script(golden: tuple[View, View, Split, dict[str, dict]]) -> None:
    cf, sem, split, published = golden
    (expected,) = (block for name, block in published.items() if name.startswith("evaluate_comp"))
    record = shell_record(diagnosed(cf, sem, split, mask="train", resamples=50))
    assert round(record["jaccard"], 3) == expected["jaccard"]
    assert record["users"] == expected["users"]
    assert record["hits"] == expected["hits"]
    assert round(record["unique_hit_ratio"], 3) == expected["unique_hit_ratio"]
    for key, block in (("log_activity", "mean_log_activity"), ("log_popularity", "mean_log_popularity")):
        for kind, value in expected[block].items():
            assert round(record[key][kind], 2) == value, (key, kind)
    # computed independently of the scripts, to five places
    assert [round(record["recall"][v], 5) for v in "ab"] == [0.35444, 0.36]
    assert [round(record["ndcg"][v], 5) for v in "ab"] == [0.17363, 0.17937]


def test_published_fusion_script(golden: tuple[View, View, Split, dict[str, dict]]) -> None:
    cf, sem, split, published = golden
    (expected,) = (block for name, block in published.items() if name.startswith("evaluate_naive_fusion"))
    evidence = diagnosed(cf, sem, split, normalize="l2", strata="all", resamples=50)
    for label, name in (("a", "cf"), ("b", "sem"), ("fused", "fused")):
        assert round(evidence[f"recall.{label}"].value, 4) == expected["recall"][name]
        for stratum, value in expected["recall_by_stratum"][name].items():
            assert round(evidence[f"recall_by_stratum.{label}.{stratum}"].value, 4) == value
    assert round(evidence["oracle.union"].value, 4) == expected["oracle_union_recall"]
    assert round(evidence["jaccard"].value, 3) == expected["jaccard"]
    hits = {kind: evidence[f"hits.{kind}"].value for kind in ("common", "a_unique", "b_unique")}
    percent = {kind: round(100 * count / sum(hits.values()), 1) for kind, count in hits.items()}
    names = {"common": "common", "a_unique": "cf_unique", "b_unique": "sem_unique"}
    assert {names[kind]: share for kind, share in percent.items()} == expected["hits_percent"]


def test_record_of_the_shell_is_plain(golden: tuple[View, View, Split, dict[str, dict]]) -> None:
    cf, sem, split, _ = golden
    evidence = diagnosed(cf, sem, split, resamples=50)
    record = json.loads(json.dumps(shell_record(evidence), allow_nan=False))
    assert {"jaccard", "users", "hits", "unique_hit_ratio", "recall", "ndcg", "oracle", "detail"} <= set(
        record
    )
    assert all(isinstance(n, int) for n in [*record["users"].values(), *record["hits"].values()])
    assert record["detail"]["values"]["recall.fused"]["n"] == 900
    assert record["detail"]["values"]["jaccard"]["low"] < record["jaccard"]
    assert record["detail"]["provenance"]["mask"] == "train+valid"


def test_a_report_opens_with_its_headline(golden: tuple[View, View, Split, dict[str, dict]]) -> None:
    cf, sem, split, _ = golden
    report = report_arrays({"cf": cf, "sem": sem}, split, Protocol(resamples=20), nulls=False)
    headline = report.pairs["cf", "sem"].headline
    assert headline is not None
    assert report._repr_html_().index("interleaved.gain") < report._repr_html_().index("jaccard")
    assert repr(report) == "<Report of cf, sem: 1 pairs>"


def test_a_null_that_is_a_view_of_the_pair_is_omitted(
    golden: tuple[View, View, Split, dict[str, dict]],
) -> None:
    """Popularity as a view: the list of popular items is no null of its pairs, the other nulls are."""
    cf, _, split, _ = golden
    counts = np.asarray(split.train.sum(axis=0), dtype=np.float32).ravel()
    popular = View("popularity", np.ones((split.n_users, 1)), counts[:, None])
    for views in ({"cf": cf, "popular": popular}, {"popular": popular, "cf": cf}):
        report = report_arrays(views, split, Protocol(resamples=0))
        (pair,) = report.pairs
        assert set(report.nulls[pair]) == {
            "random list",
            "items shuffled",
            "items shuffled within popularity",
        }
        assert report.pairs[pair].provenance["omitted_nulls"] == ["popular items"]
        assert "popular items are one of these two views" in str(report)
    with pytest.raises(SemcompError, match="are the same lists"):
        report_arrays({"popular": popular, "cf": cf}, split, Protocol(resamples=0), null=popular)
    usual = report_arrays({"cf": cf, "other": cf.normalized()}, split, Protocol(resamples=0))
    assert "omitted_nulls" not in usual.pairs["cf", "other"].provenance


def test_arrays_refuse_bad_input(golden: tuple[View, View, Split, dict[str, dict]]) -> None:
    cf, sem, split, _ = golden
    with pytest.raises(SemcompError, match="unknown normalisation 'l3'; Known: l2, none"):
        diagnosed(cf, sem, split, normalize="l3")
    with pytest.raises(SemcompError, match="k = 1401 is above the number of items, 1400"):
        diagnosed(cf, sem, split, k=1401)
    with pytest.raises(SemcompError, match="899 user rows"):
        diagnosed(cf, View("short", sem.users[1:], sem.items), split)
