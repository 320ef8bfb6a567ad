"""Files of arrays: what numpy wrote comes back; a file that lies about itself is named, at once."""

from __future__ import annotations

import io
import resource
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from semcomp.array_files import read_npy, read_npz
from semcomp.errors import SemcompError

KINDS = st.sampled_from(
    ["<f8", ">f8", "<f4", ">f4", "<f2", "<i8", ">i4", "|u1", "<c16", "|b1", "<U3", ">U2", "<M8[s]"]
)


def raw(header: str, content: bytes = b"", version: tuple[int, int] = (1, 0)) -> bytes:
    """An .npy file with this header, as it is."""
    text = header.encode("latin1")
    size = len(text).to_bytes(2 if version == (1, 0) else 4, "little")
    return b"\x93NUMPY" + bytes(version) + size + text + content


def declared(shape: str, dtype: str = "'<f8'", order: str = "False") -> str:
    return f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}}}\n"


@settings(max_examples=60, deadline=None)
@given(st.data(), KINDS, st.booleans(), st.sampled_from([(1, 0), (2, 0), (3, 0)]))
def test_what_was_written_comes_back(tmp_path_factory, data, kind, fortran, version):
    shape = data.draw(hnp.array_shapes(max_dims=3, max_side=4))
    array = data.draw(hnp.arrays(np.dtype(kind), shape))
    array = np.asfortranarray(array) if fortran else array
    path = tmp_path_factory.mktemp("array") / "a.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, array, version=version)
    found = read_npy(path)
    assert found.shape == array.shape
    assert found.dtype == array.dtype.newbyteorder("=")
    np.testing.assert_array_equal(found, array)
    np.savez_compressed(path.with_suffix(".npz"), one=array, other=np.ones(2))
    arrays, names = read_npz(path.with_suffix(".npz"), ["one", "none"])
    assert names == ["one", "other"]
    np.testing.assert_array_equal(arrays["one"], array)


BAD = {
    "nothing": (b"", "is not a .npy array"),
    "text": (b"1 2 3", "is not a .npy array"),
    "an archive": (b"PK\x03\x04", r"is an archive of arrays \(.npz\)"),
    "no header": (b"\x93NUMPY\x01\x00", "is not a .npy array"),
    "another version": (raw(declared("(2,)"), bytes(16), (9, 0)), "is not a .npy array"),
    "a shape beyond the file": (
        raw(declared("(1000000000000, 300)")),
        "and holds 0",
    ),
    "a shape beyond all numbers": (raw(declared(f"({10**30},)"), bytes(8)), "and holds 8"),
    "a negative shape": (raw(declared("(-2, -3)"), bytes(48)), r"is empty, shape \(-2, -3\)"),
    "an empty shape with many rows": (raw(declared("(1000000000000, 0)")), "is empty"),
    "texts without letters": (raw(declared("(1000000000000,)", "'<U0'")), "is empty"),
    "cut off": (raw(declared("(4,)"), bytes(31)), r"32 bytes, and holds 31; it is cut off or damaged"),
    "two arrays in one": (raw(declared("(1,)"), bytes(8)) * 2, "8 bytes, and holds"),
    "pickled": (raw(declared("(1,)", "'|O'"), b"cos\nsystem\n"), "holds pickled Python objects"),
    "pickled inside": (raw(declared("(1,)", "[('a', '|O')]"), bytes(8)), "holds pickled Python objects"),
    "a header that recurses": (raw("(" * 60_000, version=(2, 0)), "is not a .npy array"),
    "a header of a megabyte": (raw(declared("(1,)") + " " * 2**20, bytes(8), (3, 0)), "is not a .npy array"),
    "a header with a call": (raw("{'descr': __import__('os')}\n"), "is not a .npy array"),
    "a header that declares its own length": (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{", "is not a .npy array"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_is_not_what_it_says(tmp_path, case):
    content, message = BAD[case]
    path = tmp_path / "a.npy"
    path.write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(SemcompError, match=message) as error:
        read_npy(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kilobytes


@pytest.mark.parametrize("case", sorted(set(BAD) - {"an archive"}))
def test_an_archive_of_such_files(tmp_path, case):
    content, message = BAD[case]
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.npy", content)
    with pytest.raises(SemcompError, match=message) as error:
        read_npz(path, ["one"])
    assert "\n" not in str(error.value)


def test_an_archive_that_lies_about_its_sizes(tmp_path):
    """4 GB by the directory of the archive, of which the file has 200 bytes."""
    path = tmp_path / "a.npz"
    stored = io.BytesIO()
    np.savez(stored, one=np.ones(4))
    content = bytearray(stored.getvalue())
    at = content.rindex(b"PK\x01\x02")
    content[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")
    path.write_bytes(bytes(content))
    with pytest.raises(SemcompError, match="its sizes contradict each other"):
        read_npz(path, ["one"])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04abc", b"text", None])
def test_what_is_no_archive(tmp_path, content):
    path = tmp_path / "a.npz"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SemcompError, match=r"a.npz"):
        read_npz(path, ["one"])
