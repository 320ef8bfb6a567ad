"""A falling learning rate: the committed fits are whole, and the table says what they say."""

from __future__ import annotations

from dataclasses import fields

import pytest

from book.experiments.schedule import measure


@pytest.mark.parametrize("name", measure.DATA)
def test_every_fit_is_there_once_and_its_best_is_its_curves(name):
    fits = measure.fits_in(measure.RESULTS / f"{name}.json")
    keys = [tuple(fit[one.name] for one in fields(measure.Fit)) for fit in fits]
    assert len(set(keys)) == len(keys) > 5
    for fit in fits:
        assert fit["valid ndcg@20"] == max(valid for _, valid in fit["curve"])
        assert dict(fit["curve"])[fit["best epoch"]] == fit["valid ndcg@20"]
        assert fit["curve"][-1][0] <= fit["epochs"]
    assert {fit["view"] for fit in fits} <= set(measure.GRAPH)


def test_the_table_has_means_over_seeds_next_to_the_constant_rate():
    lines = measure.table("ml-100k").splitlines()
    rows = [line.split(" | ") for line in lines if line.startswith("| LightGCN")]
    assert rows[0][1:5] == ["constant", "30", "1", "3"]
    (chosen,) = [row for row in rows if row[1:4] == ["linear", "24", "3"]]
    seeds = [float(value) for value in chosen[6].split(", ")]
    assert len(seeds) == int(chosen[4]) == 3
    assert float(chosen[5]) == pytest.approx(sum(seeds) / 3, abs=1e-4)
