"""A folder of good inputs and of everything hostile that a path can name, and what changed in a folder."""

from __future__ import annotations

import gzip
import io
import os
import socket
import struct
import zipfile
from pathlib import Path

import numpy as np

USERS, ITEMS, WIDTH = 40, 80, 6
LONG = "n" * 300


def build(folder: Path) -> Path:
    """Write the world. Needs no thread pool; deterministic."""
    folder.mkdir(parents=True)
    _good(folder)
    _odd(folder)
    _odd_places(folder)
    return folder


def pairs(users: int = USERS, items: int = ITEMS) -> np.ndarray:
    """(n, 2) distinct pairs, ten of each user, in a drawn order."""
    draw = np.random.default_rng(0)
    return np.array([(user, item) for user in range(users) for item in draw.permutation(items)[:10]])


def _good(folder: Path) -> None:
    draw, rows = np.random.default_rng(1), pairs()
    for view in "abc":
        np.save(folder / f"{view}_users.npy", draw.standard_normal((USERS, WIDTH)).astype(np.float32))
        np.save(folder / f"{view}_items.npy", draw.standard_normal((ITEMS, WIDTH)).astype(np.float32))
    np.save(folder / "counts.npy", np.bincount(rows[:, 1], minlength=ITEMS))
    np.save(folder / "first.npy", np.arange(ITEMS))
    parts = {"train": rows[np.arange(len(rows)) % 10 < 7], "valid": rows[7::10], "test": rows[8::10]}
    for name, part in parts.items():
        (folder / f"{name}.inter").write_text("user\titem\n" + "".join(f"{u}\t{i}\n" for u, i in part))
    (folder / "cats.inter").write_text("item\tcategory\n" + "".join(f"{i}\t{i % 3}\n" for i in range(ITEMS)))
    told = "".join(f"u{u},i{i},{1 + (u + i) % 5},{1000 * u + i},web\n" for u, i in rows)
    titles = "".join(f"i{i},Title {i} of {i * 7 % 11},Genre {i % 3}\n" for i in range(ITEMS))
    shop = folder / "shop"
    shop.mkdir()
    for ratings, items in (
        (folder / "ratings.csv", folder / "items.csv"),
        (shop / "interactions.csv", shop / "items.csv"),
    ):
        ratings.write_text("user_id,item_id,rating,timestamp,channel\n" + told)
        items.write_text("item_id,title,genres\n" + titles)


def _npy(header: bytes, body: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    size = struct.pack("<H" if version == (1, 0) else "<I", len(header))
    return b"\x93NUMPY" + bytes(version) + size + header + body


def _odd(folder: Path) -> None:
    for name, array in odd_arrays().items():
        np.save(folder / f"odd_{name}.npy", array)
    np.save(folder / "odd_objects.npy", np.array([{"a": 1}] * ITEMS, dtype=object), allow_pickle=True)
    array, inter, csv = (
        (folder / name).read_bytes() for name in ("a_items.npy", "train.inter", "ratings.csv")
    )
    for name, content in raw_arrays(array).items():
        (folder / f"raw_{name}.npy").write_bytes(content)
    for name, content in odd_tables(inter, csv, array).items():
        (folder / name).write_bytes(content)


def odd_arrays() -> dict[str, np.ndarray]:
    """Of the shape of the items, where they have one: what is odd is what the name says."""
    draw = np.random.default_rng(2)
    good = draw.standard_normal((ITEMS, WIDTH))
    return {
        "complex": good + 1j,
        "dates": np.full((ITEMS, WIDTH), "2020-01-01", "datetime64[D]"),
        "spans": np.full((ITEMS, WIDTH), 5, "timedelta64[s]"),
        "fields": np.zeros((ITEMS, WIDTH), [("x", "f4"), ("y", "i4")]),
        "words": np.full((ITEMS, WIDTH), "word"),
        "digits": np.full((ITEMS, WIDTH), "1"),
        "bytes": np.full((ITEMS, WIDTH), b"word"),
        "flags": good > 0,
        "half": good.astype(np.float16),
        "big_endian": good.astype(">f8"),
        "fortran": np.asfortranarray(good),
        "integers": np.arange(ITEMS * WIDTH).reshape(ITEMS, WIDTH),
        "no_rows": np.zeros((0, WIDTH)),
        "no_columns": np.zeros((ITEMS, 0)),
        "scalar": np.float64(3.0),
        "vector": good[:, 0],
        "cube": np.zeros((ITEMS, WIDTH, 2)),
        "one_column": good[:, :1],
        "one_row": good[:1],
        "too_many_rows": np.vstack([good, good]),
        "nan": np.where(good > 1, np.nan, good),
        "inf": np.where(good > 1, np.inf, good),
        "too_long": good * 1e300,
        "zeros": np.zeros((ITEMS, WIDTH)),
        "equal_rows": np.ones((ITEMS, WIDTH)),
        "negative": -np.arange(ITEMS) - 1,
    }


def raw_arrays(whole: bytes) -> dict[str, bytes]:
    """Files that are no whole array; `whole` is a good one's bytes."""
    huge = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000, 100), }\n"
    nested = b"{'descr': '<f8', 'fortran_order': False, 'shape': " + b"(" * 5000 + b")" * 5000 + b", }\n"
    stored = io.BytesIO()
    with zipfile.ZipFile(stored, "w") as archive:
        archive.writestr("a.npy", whole)
    return {
        "truncated": whole[: len(whole) // 2],
        "header_alone": whole[:128],
        "header_cut": whole[:40],
        "magic_alone": whole[:6],
        "longer": whole + b"more",
        "named_npy_is_npz": stored.getvalue(),
        "PK": b"PK\x03\x04" + bytes(range(256)),
        "PK_short": b"PK",
        "shape_of_800_GB": _npy(huge, b"\0" * 64),
        "shape_negative": _npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 6), }\n", b"\0" * 96),
        "shape_of_text": _npy(b"{'descr': '<f8', 'fortran_order': False, 'shape': ('3', 6), }\n", b"\0" * 96),
        "header_nested": _npy(nested),
        "header_of_4_GB": b"\x93NUMPY\x03\x00" + struct.pack("<I", 2**32 - 1) + b"{}",
        "header_code": _npy(b"__import__('os').system('true')\n"),
        "unknown_version": b"\x93NUMPY\x09\x00" + whole[8:],
        "pickle": b"\x80\x04\x95\x05\x00\x00\x00\x00\x00\x00\x00K\x01.",
        "text": b"1 2 3\n4 5 6\n",
        "noise": np.random.default_rng(2).bytes(2000),
        "nothing": b"",
    }


def odd_tables(good: bytes, csv: bytes, array: bytes) -> dict[str, bytes]:
    """Whole files that are no table of pairs, or of interactions, as they are to be."""
    head = b"user\titem\n"
    inter = ".inter"
    deep = b"[" * 100_000 + b"]" * 100_000
    return {
        f"nothing{inter}": b"",
        f"head{inter}": head,
        f"huge_number{inter}": head + b"0\t900000000\n",
        f"beyond_int64{inter}": head + b"0\t99999999999999999999999\n",
        f"negative{inter}": head + b"0\t-1\n",
        f"fraction{inter}": head + b"0\t1.5\n",
        f"nan{inter}": head + b"0\tnan\n",
        f"words{inter}": head + b"zero\tone\n",
        f"blanks{inter}": head + b"0 1\n",
        f"three_columns{inter}": b"user\titem\tx\n0\t1\t2\n",
        f"short{inter}": head + b"0\n",
        f"nul{inter}": head + b"0\t\x001\n",
        f"no_head{inter}": good[len(head) :],
        f"utf16{inter}": good.decode().encode("utf-16"),
        f"latin1{inter}": "üser\titem\n0\t1\n".encode("latin-1"),
        f"mark{inter}": b"\xef\xbb\xbf" + good,
        f"crlf{inter}": good.replace(b"\n", b"\r\n"),
        f"one_line_of_5_MB{inter}": head + b"1" * 5_000_000,
        f"noise{inter}": np.random.default_rng(3).bytes(5000),
        f"gzip{inter}": gzip.compress(good),
        f"array{inter}": array,
        f"json{inter}": b'{"user": 0, "item": 1}\n',
        "cut.csv.gz": gzip.compress(csv)[:-30],
        "no_gzip.csv.gz": csv,
        "noise.parquet": np.random.default_rng(4).bytes(3000),
        "magic.parquet": b"PAR1" + b"\0" * 64 + b"PAR1",
        "deep.jsonl": b'{"user_id": "a", "item_id": ' + deep + b"}\n",
        "deep.json": deep,
        "array.json": b'[{"user_id": "a", "item_id": "i1"}]',
        "surrogate.jsonl": b'{"user_id": "a\\ud83d", "item_id": "i1"}\n',
        "nested.jsonl": b'{"user_id": {"a": 1}, "item_id": ["i1"]}\n',
        "head.csv": b"user_id,item_id\n",
        "nothing.csv": b"",
        "blank.csv": b"\n\n",
        "nul.csv": b"user_id,item_id\na,\x00\n",
        "utf16.csv": csv.decode().encode("utf-16"),
        "quotes.csv": b'user_id,item_id\n"a,i1\nb,i2\n',
        "short.csv": b"user_id,item_id,rating\na,i1\n",
        "twice.csv": b"user_id,user_id,item_id\na,b,i1\n",
        "other_names.csv": b"who,what\na,i1\n",
        "unknown_item.csv": b"user_id,item_id\na,gone\n",
        "bad_rating.csv": b"user_id,item_id,rating\na,i1,lots\n",
        "bad_time.csv": b"user_id,item_id,timestamp\na,i1,yesterday\n",
        "archive.zip": b"PK\x03\x04" + b"\0" * 100,
        "archive.tar.gz": gzip.compress(b"r.csv" + b"\0" * 95 + b"0000644\0" + b"\0" * 404 + csv),
        "page.csv": b"<!DOCTYPE html><html><body>Not found</body></html>\n",
        "workbook.csv": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500,
        "long_id.csv": b"user_id,item_id\n" + b"x" * 100_000 + b",i1\n",
        "one_line_of_5_MB.csv": b"x" * 5_000_000,
        "many_columns.csv": b",".join(b"c%d" % n for n in range(20_000)) + b"\n",
    }


def _odd_places(folder: Path) -> None:
    """What is no file, or cannot be reached."""
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere/at/all")
    os.mkfifo(folder / "fifo")
    with socket.socket(socket.AF_UNIX) as listening:
        os.chdir(folder)  # the name of a socket is short
        listening.bind("socket")
    (folder / "unreadable.npy").write_bytes((folder / "a_items.npy").read_bytes())
    (folder / "unreadable.npy").chmod(0)
    locked = folder / "locked"
    locked.mkdir()
    (locked / "x.npy").write_bytes(b"")
    locked.chmod(0)
    device(folder / "zero", 5)


def device(path: Path, minor: int) -> bool:
    """Make one of the system's memory devices (3 null, 5 zero, 7 full); False where that is not allowed."""
    try:
        os.mknod(path, 0o666 | 0o020000, os.makedev(1, minor))
        with open(path, "rb", buffering=0) as stream:
            stream.read(1)
    except OSError:
        path.unlink(missing_ok=True)
        return False
    return True


State = dict[str, tuple[object, ...]]


def state(folder: Path) -> State:
    """Everything below a folder, by relative path: what it is, and for files and links what is in them."""
    found: State = {}
    for root, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = os.path.join(root, name)
            seen = os.lstat(path)
            link = os.readlink(path) if os.path.islink(path) else ""
            changed = 0 if os.path.isdir(path) else seen.st_mtime_ns
            size = 0 if os.path.isdir(path) else seen.st_size
            found[os.path.relpath(path, folder)] = (seen.st_mode, seen.st_ino, size, changed, link)
    return found


def differences(before: State, after: State) -> list[str]:
    """New, gone and changed paths, each with a word for it."""
    words = [f"new {path}" for path in after if path not in before]
    words += [f"gone {path}" for path in before if path not in after]
    return words + [f"changed {path}" for path in before if path in after and before[path] != after[path]]
