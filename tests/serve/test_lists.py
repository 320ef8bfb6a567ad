"""Lists in a file are those of `rank`, block by block, and one user's can be read alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import semcomp as sc
from semcomp.serve import lists, lists_for, write_lists


def scorers(split, text) -> list:
    inputs = sc.Inputs(split, text)
    view, weights = sc.views.RawText().fit(inputs), sc.views.EASE().fit(split)
    return [view, weights, sc.views.RRF(depth=10).fit(sc.Inputs(split, views=[view, weights]))]


@pytest.mark.parametrize("block", [7, 4096])
@pytest.mark.parametrize("which", [0, 1, 2], ids=["view", "weights", "ranks"])
def test_the_file_has_the_lists_of_rank(tmp_path, monkeypatch, world, block, which):
    split, text = world
    monkeypatch.setattr(lists, "BLOCK", block)
    scorer = scorers(split, text)[which]
    wanted = sc.rank(scorer, split, 5)
    table = pl.read_parquet(write_lists(scorer, split, tmp_path / "l.parquet", 5))
    assert table.columns == ["user", "rank", "item", "score"]
    assert table["user"].to_list() == np.repeat(np.sort(split.user_ids), 5).tolist()
    assert table["rank"].to_list() == [1, 2, 3, 4, 5] * split.n_users
    rows = np.argsort(split.user_ids)
    assert table["item"].to_list() == split.item_ids[wanted.ids[rows]].reshape(-1).tolist()
    assert table["score"].to_list() == wanted.scores[rows].reshape(-1).tolist()


def test_places_that_no_item_is_left_for_are_absent(tmp_path, make_split):
    split = make_split((3, 3), [(0, 0), (0, 1), (1, 0), (1, 1), (1, 2)])
    view = sc.View("v", np.ones((3, 1)), [[1.0], [2.0], [3.0]])
    path = write_lists(view, split, tmp_path / "l.parquet", 3)
    assert pl.read_parquet(path).rows() == [
        ("u00", 1, "i02", 3.0),
        *(("u02", place, f"i0{item}", float(item + 1)) for place, item in ((1, 2), (2, 1), (3, 0))),
    ]
    found = lists_for(path, "u02")
    assert found["item"].tolist() == ["i02", "i01", "i00"]
    assert found["score"].tolist() == [3.0, 2.0, 1.0]
    for nobody in ("u01", "stranger"):
        with pytest.raises(sc.SemcompError, match=f"no list of user '{nobody}'"):
            lists_for(path, nobody)


def test_users_without_train_items_may_fill_a_block(tmp_path, monkeypatch, make_split):
    monkeypatch.setattr(lists, "BLOCK", 1)
    split = make_split((3, 2), [(0, 0)])
    view = sc.View("v", np.ones((3, 1)), [[1.0], [2.0]])
    assert len(pl.read_parquet(write_lists(view, split, tmp_path / "l.parquet", 1))) == 3


def test_what_fails_leaves_nothing(tmp_path, world):
    split, _ = world

    class Broken:
        name, shape = "broken", (split.n_users, split.n_items)

        def scores(self, users):
            return np.full((len(users), split.n_items), np.nan, np.float32)

    view = sc.View("v", np.ones((split.n_users, 1)), np.ones((split.n_items, 1)))
    long = sc.View("v", np.full((split.n_users, 1), 1e30), np.full((split.n_items, 1), 1e30))
    path = tmp_path / "l.parquet"
    for says, call in (
        ("NaN", lambda: write_lists(Broken(), split, path)),
        ("rescale", lambda: write_lists(long, split, path)),
        ("k = 0", lambda: write_lists(view, split, path, 0)),
        ("unknown mask", lambda: write_lists(view, split, path, mask="all")),
        ("change the suffix", lambda: write_lists(view, split, tmp_path / "l.csv")),
        ("both must come from the same data", lambda: write_lists(sc.View("v", [[1]], [[1]]), split, path)),
        ("there is no file", lambda: lists_for(path, "u1")),
    ):
        with pytest.raises(sc.SemcompError, match=says):
            call()
    assert list(tmp_path.iterdir()) == []
