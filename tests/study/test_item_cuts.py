"""Which holdouts of the items a study can make: a shop's own categories decide."""

from __future__ import annotations

import polars as pl
import pytest

import semcomp as sc
from semcomp.evidence import ProbeSettings, probe_all
from semcomp.study.item_cuts import known_of_items, large_enough, neighbours, possible_holdouts


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
    assert ("category" in possible_holdouts(study)) is whole
    assert {"random", "cluster"} <= set(possible_holdouts(study))


@pytest.mark.parametrize(("items", "enough"), [(40, False), (45, False), (46, True), (50, True)])
def test_a_book_of_too_few_items_is_refused_before_it_begins(items, enough):
    """A fifth of 45 items, rounded up, is 9; a probe is judged on 10."""
    data = sc.planted.World(users=150, items=items, dim=3).dataset()
    if enough:
        assert large_enough(data) is data
    else:
        with pytest.raises(sc.SemcompError, match=rf"has {items} items; a book takes 50"):
            large_enough(data)


@pytest.mark.parametrize(("items", "k"), [(60, 11), (200, 20)])
def test_every_holdout_has_more_items_than_neighbours_are_asked_for(items, k):
    """A fifth of 60 items is 12, and each has 11 others."""
    study = sc.Study(sc.planted.World(users=150, items=items, dim=3).dataset(), "smoke", encoder="own")
    assert neighbours(study) == k
    view = study.view("projection")
    settings = ProbeSettings(k=neighbours(study), resamples=0)
    names = possible_holdouts(study)
    assert {"random", "popularity"} <= set(names)
    found = probe_all(
        study.text, view, study.split, ["ridge"], names, known=known_of_items(study), settings=settings
    )
    assert set(found["holdout"]) == set(names)
