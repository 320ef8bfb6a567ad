"""Files that are whole or not there, digests, the cache folder, and names that are not known."""

from __future__ import annotations

import errno
import threading
from pathlib import Path

import numpy as np
import pytest

from semcomp import storage
from semcomp.errors import SemcompError, unknown_name
from semcomp.storage import atomic_write, cache_folder, digest, exclusive, file_digest


def test_unknown_names_come_with_near_ones():
    assert str(unknown_name("mask", "trian", ["train", "none"])) == (
        "unknown mask 'trian'; did you mean 'train'? Known: none, train"
    )
    assert str(unknown_name("mask", "xyz", ["train", "none"])) == "unknown mask 'xyz'; Known: none, train"
    assert "\n" not in str(unknown_name("data set", "two\nlines", ["a"]))
    assert issubclass(SemcompError, ValueError)


def test_a_finished_write_replaces_the_file(tmp_path: Path):
    target = tmp_path / "new" / "file.npz"
    for text in ("one", "two"):
        with atomic_write(target) as part:
            assert part.parent == target.parent
            assert part.suffix == ".npz"
            part.write_text(text)
            assert not target.exists() or target.read_text() == "one"
        assert target.read_text() == text
    assert [path.name for path in target.parent.iterdir()] == ["file.npz"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_write_leaves_nothing_behind(tmp_path: Path, error):
    target = tmp_path / "file.json"
    target.write_text("before")

    def write() -> None:
        with atomic_write(target) as part:
            part.write_text("half")
            raise error

    with pytest.raises(error):
        write()
    assert [path.name for path in tmp_path.iterdir()] == ["file.json"]
    assert target.read_text() == "before"


def test_the_cache_folder_is_made_where_asked(cache: Path):
    folder = cache_folder("views", "deep")
    assert folder == cache / "views" / "deep"
    assert list(folder.iterdir()) == []


def test_digests_are_the_same_in_every_process():
    content = np.arange(6, dtype=np.int32).reshape(2, 3), b"bytes", {"b": [1, 2.5, None], "a": "ä"}
    known = "4f255b9916a0a29c249f94623df0ee3bcee9f050f1f15e26d9bb558deade94b0"
    assert digest(*content) == known
    assert digest(content[0], content[1], {"a": "ä", "b": [1, 2.5, None]}) == known  # keys are sorted
    assert digest(np.asfortranarray(content[0]), *content[1:]) == known  # the layout in memory is not content


def test_digests_tell_apart_what_differs():
    array = np.arange(6, dtype=np.int32)
    different = [
        (array,),
        (array.astype(np.int64),),
        (array.astype(">i4"),),
        (array.view(np.uint32),),
        (array.reshape(2, 3),),
        (array.reshape(3, 2),),
        (array[::-1],),
        (array.tolist(),),
        (array.tobytes(),),
        (array[:3], array[3:]),
        (array[3:], array[:3]),
        (array, None),
        (1,),
        (1.0,),
        ("1",),
        (True,),
        (b"1",),
        ("ab", "c"),
        ("a", "bc"),
        (["ab", "c"],),
        (),
    ]
    assert len({digest(*parts) for parts in different}) == len(different)


def test_the_digest_of_a_file_is_its_sha256(tmp_path: Path):
    (tmp_path / "f").write_bytes(b"abc")
    assert file_digest(tmp_path / "f") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_one_at_a_time_is_inside_and_the_next_is_told_to_wait(tmp_path: Path):
    """Each file object has a lock of its own, so two threads stand for two processes."""
    told, order, waits = [], [], threading.Event()

    def second():
        with exclusive(tmp_path / "lock", lambda: (told.append("waits"), waits.set())):
            order.append("second")

    other = threading.Thread(target=second)
    with exclusive(tmp_path / "lock", lambda: told.append("never")):
        other.start()
        assert waits.wait(10)
        order.append("first")
    other.join(10)
    assert (told, order) == (["waits"], ["first", "second"])
    with exclusive(tmp_path / "lock", lambda: told.append("never")):
        assert told == ["waits"]


def test_what_stands_in_the_place_of_a_lock_is_named(tmp_path: Path):
    lock = tmp_path / "lock"
    lock.mkdir()
    with pytest.raises(SemcompError, match=r"/lock cannot be written \(Is a directory\); remove it or"):
        exclusive(lock).__enter__()
    lock.rmdir()  # as it says
    with exclusive(lock):
        pass


def test_an_error_inside_gives_the_lock_back(tmp_path: Path):
    with pytest.raises(ValueError, match="inside"), exclusive(tmp_path / "lock"):
        raise ValueError("inside")
    with exclusive(tmp_path / "lock", lambda: pytest.fail("still locked")):
        pass


def no_locks(reason: int, at: int = 0):
    """A flock that fails from its `at`-th call on, and is busy before."""
    calls = []

    def flock(*_: object) -> None:
        calls.append(1)
        if len(calls) <= at:
            raise BlockingIOError
        raise OSError(reason, "no lock")

    return flock


@pytest.mark.parametrize("busy", [0, 1], ids=["at once", "after waiting"])
@pytest.mark.parametrize("reason", [errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_locks_is_told_once_and_worked_on(tmp_path, monkeypatch, capsys, reason, busy):
    inside = []
    for turn in range(2):
        monkeypatch.setattr("fcntl.flock", no_locks(reason, busy))
        with exclusive(tmp_path / f"lock {turn}"):
            inside.append(turn)
    assert inside == [0, 1]
    expected = f"the file system of {tmp_path} has no locks; let only one process at a time work there\n"
    assert capsys.readouterr().err == expected


@pytest.mark.parametrize("busy", [0, 1], ids=["at once", "after waiting"])
def test_any_other_fault_of_a_lock_is_one_line(tmp_path, monkeypatch, busy):
    monkeypatch.setattr("fcntl.flock", no_locks(errno.EIO, busy))
    with pytest.raises(SemcompError, match=r"/lock cannot be written \(no lock\); remove it or"):
        exclusive(tmp_path / "lock").__enter__()


def test_the_seal_is_looked_for_in_the_file_that_was_opened(tmp_path, monkeypatch):
    """Another process may put a new file in the place between two looks at the path."""
    target, other = tmp_path / "x", tmp_path / "y"
    for path, text in ((target, "short"), (other, "much longer")):
        with atomic_write(path, sealed=True) as part:
            part.write_text(text)
    whole = Path.open

    def replaced(self: Path, *args: object) -> object:
        stream = whole(self, *args)
        other.replace(self)
        return stream

    monkeypatch.setattr(Path, "open", replaced)
    assert storage.is_whole(target)
