"""Figures show the numbers they are given."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import polars as pl
import pytest
from matplotlib.colors import to_hex

from semcomp import plots
from semcomp.core.evidence import Evidence, Value
from semcomp.core.topk import TopK
from semcomp.data import Split, binary_csr, split
from semcomp.evidence import diagnose
from semcomp.planted import World


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def evidence(**values: Value) -> Evidence:
    return Evidence(
        "made up", {key.replace("__", "."): value for key, value in values.items()}, pd.DataFrame()
    )


def points(axes) -> list[float]:
    """x of every marker that stands alone."""
    return [float(line.get_xdata()[0]) for line in axes.lines if len(line.get_xdata()) == 1]


def test_views_are_ordered_by_value_with_the_best_at_the_top():
    views = {
        "LightGCN": evidence(recall=Value(0.2, 0.1, 0.3)),
        "fusion": evidence(recall=Value(0.4, 0.3, 0.5)),
    }
    (axes,) = plots.recall_of_views(views).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["LightGCN", "fusion"]
    assert points(axes) == [0.2, 0.4]


def test_differences_are_drawn_as_excess_over_the_null():
    rows = {"a against b": Value(0.5, 0.4, 0.6, null=0.2, excess_low=0.1, excess_high=0.5)}
    (axes,) = plots.differences(rows, "difference").axes
    assert points(axes) == [pytest.approx(0.3)]


def test_probe_shows_floor_value_and_ceiling():
    one = evidence(r2_test=Value(0.2, 0.1, 0.3, null=-0.05), ceiling__r2_test=Value(0.6, 0.5, 0.7))
    (axes,) = plots.probes({"ridge": one}).axes
    assert sorted(points(axes)) == [-0.05, 0.2, 0.6]


def diagnosis() -> Evidence:
    rng = np.random.default_rng(0)
    n_users, n_items = 40, 60
    order = [np.argsort(rng.random((n_users, n_items)), axis=1) for _ in range(3)]
    user = np.repeat(np.arange(n_users, dtype=np.int32), 3)
    item = np.argsort(rng.random((n_users, n_items)), axis=1)[:, :3].ravel().astype(np.int32)
    parts = [binary_csr(user[p::3], item[p::3], (n_users, n_items)) for p in range(3)]
    split = Split(np.arange(n_users).astype(str), np.arange(n_items).astype(str), *parts, {})
    lists = [
        TopK(name, one[:, :20].astype(np.int32), -np.sort(one[:, :20]) * 1.0, n_items)
        for name, one in zip("abc", order, strict=True)
    ]
    return diagnose(lists[0], lists[1], split, k=10, null=lists[2], resamples=50)


def test_overlap_bars_are_shares_of_all_hits():
    found = diagnosis()
    hits, lists = plots.overlap(found, ("A", "B"), "2nd seed").axes
    widths = [patch.get_width() for patch in hits.patches]
    assert sum(widths[:3]) == pytest.approx(100)
    assert sum(widths[3:]) == pytest.approx(100)
    assert widths[1] == pytest.approx(100 * (1 - found["unique_hit_ratio"].value))
    assert [patch.get_width() for patch in lists.patches] == [found["jaccard"].value, found["jaccard"].null]


def test_oracles_and_strata_draw_every_value():
    found = diagnosis()
    (axes,) = plots.oracles(found, ("A", "B")).axes
    assert len(axes.get_yticklabels()) == 3 + 10  # headings and rows; there is no fusion
    assert found["oracle.union"].value in points(axes)
    (legend,) = plots.strata(found, ("A", "B")).legends
    assert [text.get_text() for text in legend.get_texts()] == ["A", "B", "union"]


def test_curves_carry_their_legend_and_the_reference():
    frame = pd.DataFrame({"x": [0.1, 0.2], "x.low": [0.0, 0.1], "x.high": [0.2, 0.3]}, index=[0.0, 1.0])
    (axes,) = plots.against_shared_fraction(frame, {"x": ("mine", "black", "o")}, "y", reference=[0, 1]).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["ceiling in theory", "mine"]


def test_the_long_tail_is_sorted():
    (axes,) = plots.long_tail([1, 5, 3]).axes
    assert list(axes.lines[0].get_ydata()) == [5, 3, 1]


def test_a_split_map_shows_every_interaction_in_the_colour_of_its_part():
    data = World(users=12, items=30, dim=2, activity=6.0).dataset()
    data = replace(data, interactions=pl.DataFrame({"timestamp": 86_400.0 * np.arange(data.n_interactions)}))
    parts = split(data, seed=0)
    figure = plots.split_maps(data, {"random": parts})
    items, time = figure.axes
    colours = [to_hex(colour) for colour in items.collections[0].get_facecolor()]
    drawn = {name: colours.count(to_hex(colour)) for name, colour in plots.PARTS.items()}
    assert drawn == {"train": parts.train.nnz, "validation": parts.valid.nnz, "test": parts.test.nnz}
    offsets = time.collections[0].get_offsets()
    assert sorted(offsets[:, 0]) == list(range(data.n_interactions))  # days since the first


def test_a_split_map_without_times_has_one_column():
    data = World(users=12, items=30, dim=2, activity=6.0).dataset()
    figure = plots.split_maps(data, {"random": split(data), "again": split(data, seed=1)})
    assert [axes.get_ylabel() for axes in figure.axes] == ["random", "again"]


def test_recall_by_split_has_a_dot_a_view_in_the_row_of_its_split():
    recall = {"random": {"LightGCN": Value(0.3), "raw text": Value(0.1)}, "cold": {"LightGCN": Value(0.0)}}
    (axes,) = plots.recall_by_split(recall).axes
    assert points(axes) == [0.3, 0.1, 0.0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["random", "cold"]
