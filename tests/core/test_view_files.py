"""A view on disk: what comes back, and what is refused."""

from __future__ import annotations

import json
import os
import stat
from contextlib import contextmanager

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from semcomp.core import view_files
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError

USERS = np.array(["ünï 1", "b", ""])
ITEMS = np.array(["x", "日本", "line\nbreak", "w"])


@pytest.fixture
def view() -> View:
    generator = np.random.default_rng(0)
    made = {"model": "toy", "config": {"dims": [8, 16]}, "seed": 3, "history": [0.1, 1 / 3]}
    return View("a view", generator.normal(size=(3, 5)), generator.normal(size=(4, 5)), made, USERS, ITEMS)


def test_saving_and_loading_is_the_identity(view, tmp_path):
    path = view.save(tmp_path / "deep" / "v.safetensors")
    again = View.load(str(path))
    for side in ("users", "items"):
        assert getattr(again, side).tobytes() == getattr(view, side).tobytes()
        assert not getattr(again, side).flags.writeable
    assert (again.user_ids.tolist(), again.item_ids.tolist()) == (USERS.tolist(), ITEMS.tolist())
    assert (again.name, again.provenance) == (view.name, view.provenance)
    assert again.save(tmp_path / "again.safetensors").read_bytes() == path.read_bytes()
    assert [file.name for file in path.parent.iterdir()] == ["v.safetensors"]


def test_the_bytes_are_those_that_safetensors_writes(view, tmp_path):
    bare = View("bare", np.eye(2), np.ones((3, 2)))
    sliced = View("sliced", np.ones((4, 3))[::2], np.ones((3, 5)).T[1:])
    for one in (view, bare, sliced):
        path = one.save(tmp_path / "v.safetensors")
        stored = load_file(path)
        length = int.from_bytes(path.read_bytes()[:8], "little")
        header = json.loads(path.read_bytes()[8 : 8 + length])
        assert save(stored, header["__metadata__"]) == path.read_bytes()


def test_the_part_that_is_locked_is_the_one_that_is_written(view, tmp_path, monkeypatch):
    """A writer that puts a file of its own in the place of the part leaves the lock on nothing."""
    whole = view_files.atomic_write
    parts = []

    @contextmanager
    def watched(target):
        with whole(target) as part:
            parts.append(part.stat().st_ino)
            yield part

    monkeypatch.setattr(view_files, "atomic_write", watched)
    mask = os.umask(0o022)
    try:
        path = view.save(tmp_path / "v.safetensors")
    finally:
        os.umask(mask)
    assert parts == [path.stat().st_ino]
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_other_readers_find_the_vectors(view, tmp_path):
    stored = load_file(view.save(tmp_path / "v.safetensors"))
    np.testing.assert_array_equal(stored["users"], view.users)
    np.testing.assert_array_equal(stored["items"], view.items)


def test_a_view_without_ids_keeps_too_but_is_joined_to_nothing(tmp_path, make_split):
    bare = View("bare", np.eye(2), np.ones((3, 2)))
    path = bare.save(tmp_path / "bare.safetensors")
    assert View.load(path).user_ids is None
    with pytest.raises(SemcompError, match=r"bare\.safetensors.*'bare' has no ids.*user_ids and item_ids"):
        View.load(path, make_split((2, 3), [(0, 0)]))


def test_rows_are_joined_to_a_split_by_id(tmp_path, make_split):
    split = make_split((3, 4), [(0, 0), (1, 2), (2, 3)])
    users, items = np.array([2, 0, 1]), np.array([3, 1, 0, 2])
    vectors = np.random.default_rng(1).normal(size=(7, 2)).astype(np.float32)
    straight = View("v", vectors[:3], vectors[3:], {}, split.user_ids, split.item_ids)
    turned = View(
        "v", vectors[:3][users], vectors[3:][items], {}, split.user_ids[users], split.item_ids[items]
    )
    joined = View.load(turned.save(tmp_path / "v.safetensors"), split)
    np.testing.assert_array_equal(joined.users, straight.users)
    np.testing.assert_array_equal(joined.items, straight.items)
    assert joined.item_ids.tolist() == split.item_ids.tolist()
    np.testing.assert_array_equal(rank(joined, split, 2).ids, rank(straight, split, 2).ids)
    assert straight.for_split(split) is straight


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((4, 4), r"v\.safetensors.*lacks 1 users, e\.g\. 'u03'.*split"),
        ((3, 3), r"v\.safetensors.*1 items that the data does not know, e\.g\. 'i03'.*split"),
    ],
)
def test_a_view_of_other_users_or_items_is_refused(tmp_path, make_split, shape, message):
    split = make_split((3, 4), [(0, 0)])
    view = View("v", np.ones((3, 2)), np.ones((4, 2)), {}, split.user_ids, split.item_ids)
    path = view.save(tmp_path / "v.safetensors")
    with pytest.raises(SemcompError, match=message):
        View.load(path, make_split(shape, [(0, 0)]))


@pytest.mark.parametrize("content", [b"", b"user,x\n", b"\x10\0\0\0\0\0\0\0{}", b"PK\x03\x04"])
def test_what_is_not_a_view(tmp_path, content):
    path = tmp_path / "v.safetensors"
    path.write_bytes(content)
    with pytest.raises(SemcompError, match=r"v\.safetensors is not a view.*save it again"):
        View.load(path)


def test_truncated_changed_and_foreign_files(view, tmp_path):
    from safetensors.numpy import save_file

    path = view.save(tmp_path / "v.safetensors")
    whole = path.read_bytes()
    for cut in (4, 100, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(SemcompError, match=r"v\.safetensors.*truncated.*save it again"):
            View.load(path)
    changed = bytearray(whole)
    changed[-3] ^= 1
    path.write_bytes(changed)
    with pytest.raises(SemcompError, match=r"v\.safetensors was changed.*save it again"):
        View.load(path)
    save_file({"users": view.users, "items": view.items}, path)
    with pytest.raises(SemcompError, match=r"v\.safetensors is not a view"):
        View.load(path)
    with pytest.raises(SemcompError, match=r"no file.*gone\.safetensors.*path"):
        View.load(tmp_path / "gone.safetensors")


def test_what_cannot_be_kept(view, tmp_path):
    with pytest.raises(SemcompError, match=r"\.safetensors, not as 'v\.npz'; change"):
        view.save(tmp_path / "v.npz")
    odd = View("odd", view.users, view.items, {"model": object()})
    with pytest.raises(SemcompError, match=r"provenance of view 'odd'.*JSON.*keep"):
        odd.save(tmp_path / "v.safetensors")
    (tmp_path / "file").write_text("")
    with pytest.raises(SemcompError, match=r"/proc/v\.safetensors cannot be written.*choose another place"):
        view.save("/proc/v.safetensors")
    with pytest.raises(SemcompError, match=r"cannot be written.*choose another place"):
        view.save(tmp_path / "file" / "v.safetensors")
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


def test_ids_are_one_per_row_and_distinct():
    vectors = np.ones((2, 1)), np.ones((3, 1))
    for ids, message in (
        ((["a", "b"], None), "'v' has ids on one side only; give"),
        ((["a"], ["x", "y", "z"]), "'v' has 2 rows for 1 user ids"),
        ((["a", "b"], ["x", "y", "x"]), "'v' has item id 'x' twice"),
    ):
        with pytest.raises(SemcompError, match=message):
            View("v", *vectors, {}, *ids)
    assert View("v", *vectors, {}, ["a", "b"], [1, 2, 3]).item_ids.tolist() == ["1", "2", "3"]


def test_a_normalized_view_keeps_its_ids(view):
    assert view.normalized().user_ids is view.user_ids
    assert json.dumps(view.normalized().provenance) == json.dumps(view.provenance)
