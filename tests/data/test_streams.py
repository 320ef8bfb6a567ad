"""Standard input and pipes, and files whose first bytes say that they are not tables."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import socket
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import pytest
from table_files import put

import semcomp as sc
from semcomp.data.formats import open_tables
from semcomp.data.formats.streams import at_rest
from semcomp.errors import SemcompError

RATINGS = "user_id,item_id,rating\na,1,5\nb,2,4\n"
MAIN = "import sys; from semcomp.cli import main; sys.exit(main())"
ITEMS = "item_id,title\n1,One\n2,Two\n"


@pytest.fixture(autouse=True)
def _cache(cache_apart):
    pass


def through(path, content: bytes):
    """A named pipe out of which the content comes once."""
    os.mkfifo(path)
    threading.Thread(target=path.write_bytes, args=(content,), daemon=True).start()
    return path


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_a_pipe_is_read_once(tmp_path, pack):
    ratings = through(tmp_path / "ratings.csv", pack(RATINGS.encode()))
    items = through(tmp_path / "items.csv", pack(ITEMS.encode()))
    data = sc.load_dataset(ratings, items=items)
    whole = sc.load_dataset(put(tmp_path / "r.csv", RATINGS), items=put(tmp_path / "i.csv", ITEMS))
    assert data.fingerprint == whole.fingerprint
    assert sorted(data.source.sha256) == ["pipe-items.csv", "pipe-ratings.csv"]


def test_a_fault_in_a_pipe_has_its_line(tmp_path):
    pipe = through(tmp_path / "p.csv", (RATINGS + "c,1\n").encode())
    with pytest.raises(SemcompError, match=r"pipe-p\.csv, line 4: 2 cells where 3"):
        sc.load_dataset(pipe, items=put(tmp_path / "i.csv", ITEMS))


def test_the_shell_reads_standard_input(tmp_path):
    items = put(tmp_path / "i.csv", ITEMS)
    for name in ("-", "/dev/stdin"):
        done = subprocess.run(
            [sys.executable, "-c", MAIN, "data", "describe", name, "--items", str(items)],
            input=gzip.compress(RATINGS.encode()),
            capture_output=True,
            check=False,
        )
        assert done.stdout.decode().startswith("standard-input: 2 users × 2 items"), done.stderr
    assert list((Path(os.environ["SEMCOMP_CACHE"]) / "loading").iterdir()) == []


def test_what_is_too_large_or_not_a_stream_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: type("Usage", (), {"free": 100}))
    pipe = through(tmp_path / "p", RATINGS.encode() * 9)
    with pytest.raises(SemcompError, match=r"more than 50 bytes come out of pipe-p, half of what is free"):
        at_rest(pipe)
    assert list((Path(os.environ["SEMCOMP_CACHE"]) / "loading").iterdir()) == []
    with pytest.raises(SemcompError, match=r"/dev/zero is a device or a socket; give a file or a pipe"):
        open_tables("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        with pytest.raises(SemcompError, match="is a device or a socket"):
            open_tables(tmp_path / "s")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """What `semcomp` in a shell command says."""
    called = command.replace("semcomp", f'"{sys.executable}" -c "{MAIN}"')
    return subprocess.run(["bash", "-c", called], capture_output=True, text=True, check=False)


def test_standard_input_that_cannot_be_read(tmp_path):
    put(tmp_path / "r.csv", RATINGS)
    closed = shell(f"semcomp data describe - --items {tmp_path}/r.csv <&-")
    assert "standard input is closed; send a file into it (< file) or name the file" in closed.stderr
    twice = shell(f"semcomp data describe - --items - < {tmp_path}/r.csv")
    assert "standard input was given twice, and all of it was read the first time" in twice.stderr
    assert list((Path(os.environ["SEMCOMP_CACHE"]) / "loading").iterdir()) == []


def test_what_a_killed_process_spooled_goes_at_the_next_start(tmp_path):
    pipe = through(tmp_path / "p.csv", RATINGS.encode())
    code = (
        "import os, pathlib, sys; from semcomp.data.formats.streams import at_rest;"
        "print(at_rest(pathlib.Path(sys.argv[1]))); sys.stdout.flush(); os.kill(os.getpid(), 15)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(pipe)], capture_output=True, text=True, check=False
    )
    left = Path(done.stdout.strip())
    assert (done.returncode, left.name) == (-15, "pipe-p.csv")
    assert left.read_text() == RATINGS
    kept = at_rest(through(tmp_path / "q.csv", b"mine"))
    assert not left.parent.exists()
    at_rest(through(tmp_path / "s.csv", b"other"))
    assert kept.read_bytes() == b"mine"  # this process lives


def test_a_published_split_is_read_from_pipes(tmp_path):
    data = sc.load_dataset(put(tmp_path / "r.csv", RATINGS), items=put(tmp_path / "i.csv", ITEMS))
    parts = {"train": "user_id,item_id\na,1\n", "test": "user_id,item_id\nb,2\n"}
    pipes = {part: through(tmp_path / part, text.encode()) for part, text in parts.items()}
    split = sc.import_split(data, **pipes)
    assert split.provenance["files"] == {
        part: {"name": f"pipe-{part}", "sha256": hashlib.sha256(text.encode()).hexdigest()}
        for part, text in parts.items()
    }


# --- the first bytes ------------------------------------------------------------------------------------


def tar() -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        info = tarfile.TarInfo("r.csv")
        info.size = len(RATINGS)
        archive.addfile(info, io.BytesIO(RATINGS.encode()))
    return out.getvalue()


FOREIGN = {
    "r.csv.tar": (tar(), "is a tar archive; unpack it first"),
    "r.csv.tar.gz": (gzip.compress(tar()), "is a tar archive; unpack it first"),
    "r.zip.gz": (gzip.compress(b"PK\x03\x04" + bytes(60)), "is a zip archive; unpack it first"),
    "r.gz": (gzip.compress(gzip.compress(RATINGS.encode())), "is packed with gzip twice; unpack it first"),
    "r.7z": (b"7z\xbc\xaf\x27\x1c" + bytes(60), "is a 7z archive; unpack it first"),
    "r.rar": (b"Rar!\x1a\x07\x01\x00" + bytes(60), "is a rar archive; unpack it first"),
    "r.xlsx": (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "is an Excel or Office document"),
    "r.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "is an Excel or Office document"),
    "r.sqlite": (b"SQLite format 3\0" + bytes(99), "is an SQLite database; export the table as csv"),
    "r.pdf": (b"%PDF-1.7\n%\xe2\xe3", "is a PDF document"),
    "r.feather": (b"ARROW1\0\0" + bytes(60), r"is an Arrow \(Feather\) file; save it as parquet or csv"),
    "r.npy": (b"\x93NUMPY\x01\x00" + bytes(60), "is a numpy array"),
    "r.pkl": (b"\x80\x04\x95" + bytes(60), "is a Python pickle"),
    "r.h5": (b"\x89HDF\r\n\x1a\n" + bytes(60), "is an HDF5 file"),
    "ratings.csv": (b"\n<!DOCTYPE html>\n<html>", "is a page of HTML or XML, not a table; fetch the"),
    "lfs.csv": (b"version https://git-lfs.github.com/spec/v1\noid", "is a pointer of Git LFS; get the"),
}  # fmt: skip


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_not_a_table_is_told_by_its_first_bytes(tmp_path, name):
    content, message = FOREIGN[name]
    with pytest.raises(SemcompError, match=rf"{name} {message}"):
        open_tables(put(tmp_path / name, content))
