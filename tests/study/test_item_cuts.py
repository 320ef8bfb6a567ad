"""Which holdouts of the items a study can make: a shop's own categories decide."""

from __future__ import annotations

import polars as pl
import pytest

import semcomp as sc
from semcomp.study.item_cuts import known_of_items, possible_holdouts


@pytest.mark.parametrize(("shelves", "whole"), [(2, False), (10, True)])
def test_categories_that_cannot_be_held_out_are_no_cut(tmp_path, shelves, whole):
    """Items on two shelves of half of them each: no fifth of the items is a whole shelf."""
    data = sc.planted.World(users=150, items=120, dim=3).dataset()
    pairs = {"user": data.user_ids[data.user], "item": data.item_ids[data.item]}
    pl.DataFrame(pairs).write_csv(tmp_path / "sales.csv")
    genres = [f"shelf {n % shelves}" for n in range(data.n_items)]
    pl.DataFrame({"item": data.item_ids, "title": data.item_ids, "genres": genres}).write_csv(
        tmp_path / "stock.csv"
    )
    mine = sc.load_dataset(tmp_path / "sales.csv", items=tmp_path / "stock.csv")
    study = sc.Study(mine, "smoke")
    assert ("categories" in known_of_items(study)) is whole
    assert ("category" in possible_holdouts(study)) is whole
    assert {"random", "cluster"} <= set(possible_holdouts(study))
