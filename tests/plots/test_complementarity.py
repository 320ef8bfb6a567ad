"""Figures of two views next to their nulls show the numbers they are given, and do without missing ones."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from semcomp import plots
from semcomp.core.evidence import Evidence, Value
from semcomp.core.topk import TopK
from semcomp.data import Split, binary_csr
from semcomp.evidence import Pair, against_nulls, attribute, diagnose

USERS, ITEMS, K = 40, 60, 10
LABELS = ("A", "B")


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def parts() -> Split:
    rng = np.random.default_rng(0)
    user = np.repeat(np.arange(USERS, dtype=np.int32), 6)
    item = np.argsort(rng.random((USERS, ITEMS)), axis=1)[:, :6].ravel().astype(np.int32)
    kinds = [binary_csr(user[at::3], item[at::3], (USERS, ITEMS)) for at in range(3)]
    return Split(np.arange(USERS).astype(str), np.arange(ITEMS).astype(str), *kinds, {})


@pytest.fixture(scope="module")
def lists() -> list[TopK]:
    rng = np.random.default_rng(1)
    order = [np.argsort(rng.random((USERS, ITEMS)), axis=1)[:, : 2 * K] for _ in range(4)]
    return [
        TopK(name, one.astype(np.int32), -np.sort(one) * 1.0, ITEMS)
        for name, one in zip("abcf", order, strict=True)
    ]


@pytest.fixture(scope="module")
def found(parts, lists) -> Evidence:
    a, b, c, f = lists
    return diagnose(a, b, parts, k=K, fused=f, null=Pair(a, c, f), depths=(5, 10, 20), resamples=50)


@pytest.fixture(scope="module")
def bare(parts, lists) -> Evidence:
    """No fusion, no null, no interval, and lists without a hit."""
    nothing = [replace(one, ids=np.full_like(one.ids, -1)) for one in lists[:2]]
    return diagnose(*nothing, parts, k=K, resamples=0)


def drawn(axes) -> list[tuple[float, float]]:
    """Every marker that stands alone."""
    return [
        (float(x), float(y))
        for line in axes.lines
        if len(line.get_xdata()) == 1
        for x, y in zip(line.get_xdata(), line.get_ydata(), strict=True)
    ]


def names(axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_curves_over_depth_are_the_values_and_their_nulls(found):
    overlap, unique = plots.by_depth(found, "seeds", K).axes
    for axes, key in ((overlap, "jaccard_at"), (unique, "unique_hit_ratio_at")):
        values, nulls, mark = axes.lines
        assert list(values.get_xdata()) == [5, 10, 20]
        assert list(values.get_ydata()) == [found[f"{key}.{depth}"].value for depth in (5, 10, 20)]
        assert list(nulls.get_ydata()) == [found[f"{key}.{depth}"].null for depth in (5, 10, 20)]
        assert set(mark.get_xdata()) == {K}


def test_oracles_are_rows_under_headings(found):
    (axes,) = plots.oracles(found, LABELS, "F").axes
    rows = {y: x for x, y in drawn(axes)}  # the dot of a row is drawn after its tick
    shown = {name: rows[row] for row, name in enumerate(names(axes)) if row in rows}
    keys = {
        "A": "recall.a",
        "B": "recall.b",
        "interleaved": "interleaved.recall",
        "F": "recall.fused",
        "better list of each user": "oracle.switch",
        "best k of both lists": "oracle.at_k",
        "A, top 2k": "recall_2k.a",
        "B, top 2k": "recall_2k.b",
        "better view + random": "union_with_random",
        "better view + popular": "union_with_popular",
        "both lists (union)": "oracle.union",
    }
    assert shown == {name: found[key].value for name, key in keys.items()}
    assert (found["oracle.union"].null, len(names(axes)) - 1) in drawn(axes)
    assert len(names(axes)) == len(keys) + 3


def test_rows_of_a_null_without_a_fusion_stay_empty(parts, lists):
    a, b, c, f = lists
    spend = {"k": K, "fused": f, "resamples": 20}
    both = {
        "list": diagnose(a, b, parts, null=c, **spend),
        "a null with a very long name": diagnose(a, b, parts, null=Pair(a, c, f), **spend),
    }
    keys = {"oracle.gain": "union", "fusion.gain_ndcg": "fusion"}
    frame = against_nulls(both, list(keys))
    union, fusion = plots.excess_over_nulls(frame, keys).axes
    assert names(union) == ["list", "a null with a very\nlong name"]
    assert drawn(union) == [
        (pytest.approx(one["oracle.gain"].excess), row) for row, one in enumerate(both.values())
    ]
    assert drawn(fusion) == [
        (pytest.approx(both["a null with a very long name"]["fusion.gain_ndcg"].excess), 1)
    ]
    (alone,) = plots.excess_over_nulls(frame.loc[["oracle.gain"]], keys).axes
    assert alone.get_xlabel() == "union"


def test_gains_without_intervals_are_dots_alone(parts, lists):
    a, b, c, _ = lists
    frame = against_nulls({"c": diagnose(a, b, parts, k=K, null=c, resamples=0)}, ["oracle.gain"])
    (axes,) = plots.excess_over_nulls(frame, {"oracle.gain": "union"}).axes
    assert len(drawn(axes)) == 1
    assert len(axes.lines) == 3  # the dot, and the lines at zero and at the least that counts


def test_gains_over_one_seed_and_over_several():
    def evidence(one: float, several: float) -> Evidence:
        values = {
            f"{prefix}information.{name}": Value(value, value - 0.1, value + 0.1, null=0.2)
            for prefix, value in (("", one), ("ensemble.", several))
            for name in ("gain", "gain_beyond_popularity")
        }
        return Evidence("separating", values, pd.DataFrame())

    figure = plots.gain_over_seeds({"text": evidence(0.5, 0.4), "noise": evidence(0.1, 0.0)}, ("one", "many"))
    for axes in figure.axes:
        lines = [list(line.get_ydata()) for line in axes.lines if list(line.get_xdata()) == [0, 1]]
        assert lines[:3] == [[0.5, 0.4], [0.1, 0.0], [0.2, 0.2]]
    (legend,) = figure.legends
    assert [one.get_text() for one in legend.get_texts()] == ["text", "noise", "one more seed"]


def test_hits_are_shown_by_stratum_and_activity(parts, lists):
    a, b, c, _ = lists
    where = attribute(a, b, parts, k=K, null=c, resamples=20)
    unique, gain = plots.where_hits_are(where, LABELS).axes
    assert names(unique)[0] == "cold items"
    assert names(unique)[-1] == "heavy users"
    assert (where["unique.light"].value, 3) in drawn(unique)
    assert (where["gain.light"].null, 3) in drawn(gain)


def test_what_does_not_exist_is_not_drawn(bare, parts, lists):
    assert "unique_hit_ratio" not in bare.values
    assert "fusion.headroom_captured" not in bare.values
    _, unique = plots.by_depth(bare, "seeds").axes
    assert not unique.lines
    (axes,) = plots.oracles(bare, LABELS).axes
    assert "fusion" not in names(axes)
    assert len(plots.strata(bare, LABELS).axes) == 1
    hits, _ = plots.overlap(bare, LABELS, "seeds").axes
    assert sum(patch.get_width() for patch in hits.patches) == 0
    nothing = [replace(one, ids=np.full_like(one.ids, -1)) for one in lists[:2]]
    for axes in plots.where_hits_are(attribute(*nothing, parts, k=K, resamples=0), LABELS).axes:
        assert drawn(axes) == []
