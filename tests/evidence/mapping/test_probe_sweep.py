"""Kinds × holdouts, curves over ranks and over items: equal to single probes, and to what was planted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from probing import capacity_curve, learning_curve, probe, probe_all, split_for, view

from semcomp.core.evidence import COLUMNS, Evidence
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.mapping import probe as module
from semcomp.evidence.mapping.networks import Network
from semcomp.evidence.mapping.recommendation import true_lists


@pytest.fixture(scope="module")
def world() -> tuple[np.ndarray, View, np.ndarray, Split]:
    """8 source dimensions, of which 3 are shared with 6 target dimensions; and the target, turned."""
    rng = np.random.default_rng(0)
    s, q = rng.normal(size=(600, 8)), rng.normal(size=(600, 6))
    c = s[:, :3] @ rng.normal(size=(3, 6)) + q
    turned = (c + 0.1 * rng.normal(size=(600, 6))) @ np.linalg.qr(rng.normal(size=(6, 6)))[0]
    return s, view("c", c), turned, split_for(600, cold=30)


@pytest.mark.parametrize("form", ["raw", "popularity-residualised"])
def test_every_cell_is_its_probe(world: tuple[np.ndarray, View, np.ndarray, Split], form: str) -> None:
    s, c, turned, split = world
    options = {"ceiling": turned, "k": 10, "resamples": 20, "target_as": form}
    kinds, holdouts = ["linear", "procrustes"], ["random", "strict-cold", "popularity-reversed"]
    frame = probe_all(s, c, split, kinds, holdouts, **options)
    assert list(frame.columns) == ["holdout", "kind", "measure", *COLUMNS, "ceiling"]
    assert not frame.duplicated(["holdout", "kind", "measure"]).any()
    assert list(dict.fromkeys(frame["holdout"])) == holdouts
    for holdout in holdouts:
        for kind in kinds:
            one = probe(s, c, split, kind=kind, shift=holdout, **options)
            here = frame[(frame["holdout"] == holdout) & (frame["kind"] == kind)].set_index("measure")
            own = [name for name in one.values if not name.startswith("ceiling.")]
            assert list(here.index) == own
            pd.testing.assert_frame_equal(
                here[list(COLUMNS)], one.frame().loc[own], check_names=False, rtol=1e-12
            )
            for name in own:
                top = one.values.get(f"ceiling.{name}")
                assert (
                    np.isnan(here.loc[name, "ceiling"])
                    if top is None
                    else here.loc[name, "ceiling"] == top.value
                )


@pytest.mark.parametrize(("form", "times"), [("raw", 1), ("centred-normalised", 2)])
def test_true_rankings_are_made_once_where_the_target_is_one(
    world: tuple[np.ndarray, View, np.ndarray, Split], monkeypatch: pytest.MonkeyPatch, form: str, times: int
) -> None:
    s, c, _, split = world
    made = []
    monkeypatch.setattr(module, "true_lists", lambda *given: made.append(1) or true_lists(*given))
    holdouts = ["random", "popularity"]
    probe_all(s, c, split, ["linear", "procrustes"], holdouts, k=5, resamples=0, target_as=form)
    assert len(made) == times


def test_a_sweep_refuses_bad_input(world: tuple[np.ndarray, View, np.ndarray, Split]) -> None:
    s, c, _, split = world
    for kinds, holdouts, message in (
        ([], ["random"], "there are no kinds to probe"),
        (["ridge"], [], "there are no holdouts to probe"),
        (["ridge", "ridge"], ["random"], "'ridge' is among the kinds twice"),
        (["ridge"], ["random", "random"], "'random' is among the holdouts twice"),
        (["rigde"], ["random"], "unknown probe 'rigde'; did you mean 'ridge'"),
        (["ridge"], ["random", "temporal"], "shift 'temporal' needs"),
        (["ridge"], ["rnadom"], "unknown shift 'rnadom'"),
    ):
        with pytest.raises(SemcompError, match=message):
            probe_all(s, c, split, kinds, holdouts)
    with pytest.raises(SemcompError, match="k = 120 must lie between 1 and 119"):
        probe_all(s, c, split, ["ridge"], ["random"], k=120)


def test_capacity_ends_where_the_shared_part_ends(world: tuple[np.ndarray, View, np.ndarray, Split]) -> None:
    s, c, turned, split = world
    curve = capacity_curve(s, c, split, ceiling=turned, penalty=0.0, resamples=100)
    table = curve.table
    assert list(table.index) == list(range(7))
    assert curve.provenance["rank_of_best"] in (3, 4)
    test = table["r2_test_weighted"]
    assert test[1] + 0.02 < test[2] < test[3] - 0.02
    assert abs(test[6] - test[3]) < 0.01
    assert table["r2_train_weighted"].is_monotonic_increasing
    assert table["ceiling"].iloc[-1] > 0.95
    assert (table["ceiling"][4:] > test[4:] + 0.1).all()
    assert (table["floor"].abs() < 0.1).all()
    assert (table["low"] <= test).all()
    assert (test <= table["high"]).all()
    # the ends are what a probe says: the mean, and least squares
    line = probe(s, c, split, kind="linear", ceiling=turned, resamples=100)
    last = table.loc[6]
    for key in ("r2_train", "r2_test", "r2_train_weighted", "r2_test_weighted"):
        assert last[key] == pytest.approx(line[key].value, abs=1e-9), key
    assert last["floor"] == pytest.approx(line["r2_test_weighted"].null, abs=1e-9)
    assert last["ceiling"] == pytest.approx(line["ceiling.r2_test_weighted"].value, abs=1e-9)
    assert last["low"] == pytest.approx(line["r2_test_weighted"].low, abs=1e-9)
    assert table.loc[0, "r2_train_weighted"] == pytest.approx(0, abs=1e-12)
    assert test[0] <= 0
    assert Evidence.from_json(curve.to_json()).values == curve.values
    picked = capacity_curve(s, c, split, resamples=0)
    ridge = probe(s, c, split, kind="ridge", resamples=0)
    assert picked.table["r2_test"].iloc[-1] == pytest.approx(ridge["r2_test"].value, abs=1e-9)
    assert picked.table["ceiling"].isna().all()


def test_learning_ends_at_the_probe(world: tuple[np.ndarray, View, np.ndarray, Split]) -> None:
    s, c, turned, split = world
    curve = learning_curve(s, c, split, [20, 60, 480], "linear", ceiling=turned, resamples=100)
    table = curve.table
    assert table["r2_test"].is_monotonic_increasing
    assert table.loc[20, "r2_train"] > table.loc[480, "r2_train"]  # few items are fitted too well
    line = probe(s, c, split, kind="linear", ceiling=turned, resamples=100)
    assert table.loc[480, "r2_test"] == pytest.approx(line["r2_test"].value, abs=1e-9)
    assert table.loc[480, "r2_train"] == pytest.approx(line["r2_train"].value, abs=1e-9)
    assert table.loc[480, "ceiling"] == pytest.approx(line["ceiling.r2_test"].value, abs=1e-9)
    assert table.loc[480, "high"] == pytest.approx(line["r2_test"].high, abs=1e-9)
    # shuffled pairs: p = 8 coefficients of few items do harm, of many hardly any
    assert table.loc[20, "floor"] < -0.2
    assert abs(table.loc[480, "floor"]) < 0.06
    # the items of a size are among those of the next: a prefix is the same curve
    part = learning_curve(s, c, split, [20, 60], "linear", resamples=0)
    assert part["r2_test.60"].value == curve["r2_test.60"].value
    trained = learning_curve(s, c, split, [40], Network(hidden=4, epochs=2), resamples=0)
    assert trained.provenance["kind"] == "Network(hidden=4, epochs=2)"


def test_curves_refuse_bad_input(world: tuple[np.ndarray, View, np.ndarray, Split]) -> None:
    s, c, _, split = world
    for sizes in ([], [9, 20], [20, 20], [60, 20], [20, 481]):
        with pytest.raises(SemcompError, match=r"must ascend, from 10 to at most 480"):
            learning_curve(s, c, split, sizes)
    for curve in (capacity_curve, lambda *a, **o: learning_curve(*a, [20], **o)):
        with pytest.raises(SemcompError, match="holdout 'strict-cold' has no R²"):
            curve(s, c, split, shift="strict-cold")
        with pytest.raises(SemcompError, match="target 'flat' is the same for all held-out items"):
            curve(s, View("flat", np.ones((40, 2)), np.ones((600, 2))), split)
    with pytest.raises(SemcompError, match="penalty = -1"):
        capacity_curve(s, c, split, penalty=-1.0)
