"""Vectors in parquet: the view comes back to the bit, and other readers find ids and vectors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import semcomp as sc
from semcomp.serve import load_vectors, save_vectors, vectors


def view_of(users: int, items: int, dim: int, name: str = "toy", seed: int = 0) -> sc.View:
    rng = np.random.default_rng(seed)
    ids = (np.array([f"{kind} {row}" for row in range(n)]) for kind, n in (("ü", users), ("i", items)))
    sides = (rng.standard_normal((n, dim)).astype(np.float32) for n in (users, items))
    return sc.View(name, *sides, {"seed": seed}, *ids)


@pytest.mark.parametrize("block", [1, 3, 2**16])
def test_a_view_comes_back_to_the_bit(tmp_path, monkeypatch, block):
    monkeypatch.setattr(vectors, "BLOCK", block)
    view = view_of(7, 5, 3)
    users = view.users.copy()
    users[0, 0], users[1, 0] = -0.0, np.finfo(np.float32).smallest_subnormal
    view = sc.View("toy", users, view.items, {"a": [1, None]}, view.user_ids, view.item_ids)
    back = load_vectors(save_vectors(view, tmp_path / "out"))
    for side in ("users", "items"):
        assert getattr(back, side).tobytes() == getattr(view, side).tobytes()
    assert back.user_ids.tolist() == view.user_ids.tolist()
    assert (back.name, back.provenance, back.item_ids.tolist()) == (
        "toy",
        {"a": [1, None]},
        view.item_ids.tolist(),
    )


def test_others_read_ids_and_lists_of_float32(tmp_path):
    view = view_of(4, 6, 2)
    folder = save_vectors(view, tmp_path / "out")
    schema = pq.read_schema(folder / "items.parquet")
    assert schema.field("vector").type == pa.list_(pa.float32(), 2)
    table = pl.read_parquet(folder / "items.parquet")
    assert table["id"].to_list() == view.item_ids.tolist()
    assert np.array_equal(np.array(table["vector"].to_list(), np.float32), view.items)


def test_rows_are_joined_to_a_split_by_id(tmp_path, world):
    split, _ = world
    rng = np.random.default_rng(0)
    sides = rng.standard_normal((split.n_users, 2)), rng.standard_normal((split.n_items, 2))
    turned = sc.View("v", sides[0][::-1], sides[1], {}, split.user_ids[::-1], split.item_ids)
    back = load_vectors(save_vectors(turned, tmp_path / "out"), split)
    assert np.array_equal(back.users, sides[0].astype(np.float32))


def files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*"))


def test_what_cannot_be_written_leaves_nothing(tmp_path):
    view = view_of(3, 3, 2)
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    before = files(tmp_path)
    ids = np.array(["a", "\ud800", "b"])
    for wrong, place, says in (
        (sc.View("v", view.users, view.items), "new", "has no ids"),
        (view, "full", "is not empty"),
        (sc.View("v", view.users, view.items, {"x": object()}, view.user_ids, ids), "new", "not plain JSON"),
        (sc.View("v", view.users, view.items, {}, view.user_ids, ids), "new", "not Unicode"),
    ):
        with pytest.raises(sc.SemcompError, match=says):
            save_vectors(wrong, tmp_path / place)
        assert files(tmp_path) == before


def test_damaged_mixed_and_foreign_files_are_told(tmp_path):
    view = view_of(50, 40, 4)
    one = save_vectors(view, tmp_path / "one")
    other = save_vectors(view_of(50, 40, 4, seed=1), tmp_path / "other")
    items, users = one / "items.parquet", one / "users.parquet"
    whole = items.read_bytes()

    def says(message: str) -> None:
        with pytest.raises(sc.SemcompError, match=message):
            load_vectors(one)

    items.write_bytes((other / "items.parquet").read_bytes())
    says("does not belong to the other file")
    items.write_bytes(users.read_bytes())
    says("does not belong to the other file")
    told = 0
    for at in range(4, len(whole) - 4, len(whole) // 60):
        items.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        try:
            assert load_vectors(one).items.tobytes() == view.items.tobytes()  # a byte that says nothing
        except sc.SemcompError:
            told += 1
    assert told > 30
    items.write_bytes(whole[:-10])
    says("damaged")
    pl.DataFrame({"id": ["a"]}).write_parquet(items)
    says("is not a 'semcomp vectors 1'")
    items.unlink()
    says("there is no file")
