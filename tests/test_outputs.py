"""What may be written, what is refused before any work, and the parts of processes, killed and living."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from semcomp.errors import SemcompError
from semcomp.outputs import PART, output_file, output_folder, output_place
from semcomp.storage import atomic_folder, atomic_write, cache_folder

DEAD = f".part-{'0a' * 16}.json"


def state(path: Path) -> tuple[int, int, int]:
    found = path.lstat()
    return found.st_mode, found.st_ino, found.st_mtime_ns


def refused(path: Path, kind: str) -> Path:
    """Something of this kind under the path."""
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
    elif kind == "read-only file":
        path.write_text("kept")
        path.chmod(0o444)
    elif kind == "loop":
        path.symlink_to(path)
    elif kind == "link to a device":
        path.symlink_to("/dev/null")
    return path


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("folder", "--json names {path}, which is a folder; give the path of a file"),
        ("pipe", "--json names {path}, which is a pipe; give the path of a file"),
        ("socket", "--json names {path}, which is a socket; give the path of a file"),
        ("link to a device", "--json names {path}, which is a device; give the path of a file"),
        ("read-only file", "--json names {path}, which is read-only; make it writable or give another path"),
        ("loop", "--json {path} cannot be written (Too many levels of symbolic links); choose another place"),
    ],
)
def test_what_is_no_file_to_write_is_refused_and_left_as_it_is(tmp_path, kind, message):
    path = refused(tmp_path / "out", kind)
    before = state(path)
    with pytest.raises(SemcompError) as told:
        output_file(path, "--json")
    assert str(told.value).startswith(message.format(path=path))
    with pytest.raises(SemcompError), atomic_write(path) as part:
        part.write_text("new")
    assert state(path) == before
    assert [file.name for file in tmp_path.iterdir()] == ["out"]
    if "make it writable" in message:
        path.chmod(0o644)
    else:
        path = tmp_path / "another"
    with atomic_write(output_file(path, "--json")) as part:  # as it says
        part.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("device", ["/dev/null", "/dev/full"])
def test_a_device_is_never_replaced(device):
    before = os.stat(device)
    with pytest.raises(SemcompError, match=r"is a (device|pipe); give the path of a file"):
        output_file(device, "--json")
    assert os.stat(device).st_rdev == before.st_rdev


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("x" * 256, "File name too long"),
        ("new/" + "x" * 256, "File name too long"),
        ("file/x", "Not a directory"),
        ("a\0b", "embedded null"),
    ],
    ids=["a long name", "in a folder to be made", "below a file", "a zero byte"],
)
def test_a_name_that_cannot_be(tmp_path, name, why):
    (tmp_path / "file").write_text("")
    for check in (lambda path: output_file(path, parents=True), output_folder, output_place):
        with pytest.raises(SemcompError, match=why):
            check(f"{tmp_path}/{name}")
    with pytest.raises(SemcompError, match=why), atomic_write(tmp_path / name):
        pass
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_the_longest_name_with_the_longest_suffix_is_written(tmp_path):
    for name in ("x" * 255, "x." + "y" * 253):
        with atomic_write(tmp_path / name) as part:
            part.write_text("whole")
        assert (tmp_path / name).read_text() == "whole"


def test_the_home_of_nobody():
    with pytest.raises(
        SemcompError, match=r"^~nobody-at-all/x: there is no such user; write the path in full$"
    ):
        output_file("~nobody-at-all/x")


def test_a_folder_is_made_only_where_that_was_said(tmp_path):
    with pytest.raises(SemcompError, match=r"^the folder of --json, .*/new, does not exist; create it$"):
        output_file(tmp_path / "new" / "x", "--json")
    assert output_file(tmp_path / "new" / "x", parents=True) == tmp_path / "new" / "x"
    assert not list(tmp_path.iterdir())
    (tmp_path / "new").mkdir()  # as the message says
    assert output_file(tmp_path / "new" / "x", "--json") == tmp_path / "new" / "x"


def test_a_link_leads_to_the_file_that_is_written(tmp_path):
    (tmp_path / "far").mkdir()
    for name, there in (("there", True), ("not yet", False)):
        target, link = tmp_path / "far" / name, tmp_path / name
        link.symlink_to(target)
        if there:
            target.write_text("old")
        with atomic_write(link) as part:
            part.write_text("new")
        assert link.is_symlink()
        assert target.read_text() == "new"


def test_a_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "secret"
    path.write_text("old")
    path.chmod(0o600)
    with atomic_write(path) as part:
        part.write_text("new")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_folder_is_whole_or_absent(tmp_path):
    def fail(error: type[BaseException]) -> None:
        with atomic_folder(tmp_path / "new") as part:
            (part / "half").write_text("half")
            raise error

    for error in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(error):
            fail(error)
    assert not list(tmp_path.iterdir())
    (tmp_path / "new").mkdir()
    with atomic_folder(tmp_path / "new") as part:
        (part / "whole").write_text("whole")
    assert (tmp_path / "new" / "whole").read_text() == "whole"
    with pytest.raises(SemcompError, match="exists and is not empty"), atomic_folder(tmp_path / "new"):
        pass
    with pytest.raises(SemcompError, match=r"/whole is a file; give the path of a folder"):
        output_folder(tmp_path / "new" / "whole")


def test_a_drive_that_is_not_there(tmp_path, monkeypatch):
    """As on Windows, where not even the root of one is."""
    looks = []

    def nothing(path: Path) -> bool:
        looks.append(path)
        assert len(looks) < 100, "looks for ever"
        return False

    told = r"cannot be written \(No such file or directory\); choose another"
    with monkeypatch.context() as patch:
        patch.setattr(Path, "exists", nothing)
        with pytest.raises(SemcompError, match=told):
            output_file(tmp_path / "gone" / "deep" / "x", parents=True)


# parts


WRITER = """
import sys, time
from pathlib import Path
from semcomp.storage import atomic_folder, atomic_write
with atomic_write(Path(sys.argv[1], "file.json")) as one, atomic_folder(Path(sys.argv[1], "folder")) as two:
    one.write_text("half")
    (two / "half").write_text("half")
    print("halfway", flush=True)
    time.sleep(600)
"""


def parts(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if PART.fullmatch(path.name))


def test_parts_of_the_living_stay_and_those_of_the_dead_go(tmp_path):
    (tmp_path / DEAD).write_text("half")
    (tmp_path / ".part-of-mine").write_text("mine")
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b"halfway\n"
    living = parts(tmp_path)
    assert len(living) == 2  # the dead one went when the writer began
    for _ in range(2):
        with atomic_write(tmp_path / "other.json") as part:
            assert parts(tmp_path) == sorted([*living, part])
            part.write_text("whole")
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    assert parts(tmp_path) == living
    with atomic_write(tmp_path / "other.json") as part:
        part.write_text("whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".part-of-mine", "other.json"]


def test_writers_that_begin_at_once_clear_away_no_part_of_each_other(tmp_path):
    """Each looks for dead parts before it writes, also between another's making of a part and its lock."""

    def write(n: int) -> None:
        for turn in range(40):
            with atomic_write(tmp_path / f"{n}.json") as part:
                part.write_text(str(turn))

    with ThreadPoolExecutor(6) as writers:
        list(writers.map(write, range(6)))
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"{n}.json" for n in range(6)]
    assert {path.read_text() for path in tmp_path.iterdir()} == {"39"}


def test_the_cache_is_cleared_of_dead_parts_when_it_is_opened(cache):
    folder = cache_folder("views")
    (folder / DEAD).write_text("half")
    (folder / f".part-{'0b' * 16}").mkdir()
    cache_folder("views")
    assert not list(folder.iterdir())


def test_two_writers_of_one_file_do_not_meet(tmp_path):
    with atomic_write(tmp_path / "x") as one, atomic_write(tmp_path / "x") as two:
        one.write_text("one")
        two.write_text("two")
        assert one != two
    assert (tmp_path / "x").read_text() == "one"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
