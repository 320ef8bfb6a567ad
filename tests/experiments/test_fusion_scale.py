"""Closed forms of low rank: lines are resumed and shown as they are, and what the committed ones say."""

from __future__ import annotations

import sys
from dataclasses import replace

import numpy as np
import pytest

from book.experiments.fusion import scale
from semcomp.data import write_folder
from semcomp.planted import World
from semcomp.views.joint.low_rank_ease import bytes_needed

KEPT = scale.lines_of()


def test_a_run_measures_each_line_once_and_goes_on(tmp_path, cache, monkeypatch):
    monkeypatch.setattr(scale, "DIMS", (4, 80))
    world = World(users=100, items=80, dim=3, activity=20.0, sharpness=3.0).dataset()
    folder = str(write_folder(replace(world, name="small"), tmp_path / "data"))
    fits, measured, out = [], scale.measured, tmp_path / "scale.json"
    monkeypatch.setattr(scale, "measured", lambda *given: fits.append(given) or measured(*given))
    for items in (["100"], ["100", "200"]):
        monkeypatch.setattr(sys, "argv", ["scale", "--data", folder, "--out", str(out), "--items", *items])
        scale.main()
    assert len(fits) == 6 + 2
    lines = scale.lines_of(out)
    assert [one["items"] for one in lines] == [80] * 6 + [100, 200]
    for measure in ("valid ndcg@20", "test recall@20"):
        table = scale.by_rank(lines, measure)
        assert list(table.columns) == ["4", "80", "exact"]
        assert [name.rpartition(", ")[2] for name in table.index] == ["CEASE", "EDLAE"]
        np.testing.assert_allclose(table["80"], table["exact"], atol=1e-3)  # of full rank: the same but ties
    assert [row[:2] for row in scale.growth(lines)] == [
        [f"{one['items']}", f"{one['pairs']:,}"] for one in lines[6:]
    ]


def test_a_line_of_each_measure_for_each_closed_form():
    one = {"data": "d", "items": 9, "test ndcg@20": 0.25, "test recall@20": 0.5, "valid ndcg@20": 0.125}
    cost = {"seconds": 3.0, "peak bytes": 2**29}
    lines = [{**one, **cost, "row": "CEASE"}, {**one, **cost, "row": "CEASE, rank 256"}]
    shown = scale.compared(lines)
    assert shown[:2] == ["NDCG@20, test", ["d, CEASE", "", "0.2500", "", "", "0.2500"]]
    assert shown[-2:] == ["GiB at most", ["d, CEASE", "", "0.50", "", "", "0.50"]]
    assert len(shown) == 2 * len(scale.MEASURES)


@pytest.mark.parametrize("form", scale.EXACT)
def test_committed_ranks_come_near_the_exact_form(form):
    ndcg = scale.by_rank(KEPT, "valid ndcg@20")
    of_form = ndcg[[name.endswith(form) for name in ndcg.index]]
    dense, beauty = of_form.loc[[f"ml-100k, {form}", f"movies, {form}"]], of_form.loc[f"beauty, {form}"]
    assert (dense[["512", "1024"]].min(axis=1) > 0.98 * dense["exact"]).all()
    assert list(beauty.dropna()) == sorted(beauty.dropna())
    assert not beauty["1024"] > 0.95 * beauty["exact"]


def test_committed_text_pays_at_every_rank():
    for measure in ("valid ndcg@20", "test ndcg@20"):
        table = scale.by_rank(KEPT, measure)
        for dataset in scale.DATA:
            gain = (table.loc[f"{dataset}, CEASE"] - table.loc[f"{dataset}, EDLAE"]).dropna()
            assert (gain[1:] >= 0).all()  # from rank 256 on


def test_committed_costs_grow_with_the_items_and_stay_in_bounds():
    found = {one["items"]: one for one in KEPT if one["data"] == scale.SYNTHETIC}
    assert set(found) >= {10_000, 100_000}
    assert found[100_000]["peak bytes"] < 12 * found[10_000]["peak bytes"]
    for one in KEPT:
        if one["config"]["class"] == "LowRankEASE" and one["items"] > 10_000:
            shape = one["users"], one["items"]
            columns = scale.COLUMNS if one["data"] == scale.SYNTHETIC else 384
            columns *= one["config"]["weight"] > 0
            assert one["peak bytes"] < bytes_needed(one["config"]["dim"], shape, one["pairs"], columns)
