"""A text matrix on disk, and what it prints."""

from __future__ import annotations

import errno

import numpy as np
import pytest
from tiny_models import dataset

from semcomp.core.text_matrix import TextMatrix
from semcomp.errors import SemcompError
from semcomp.text import TfidfSvd, embed


@pytest.fixture(scope="module")
def text() -> TextMatrix:
    return embed(dataset(("red fish", "blue fish", "one", "")), TfidfSvd())


def test_saving_and_loading_is_the_identity(text, tmp_path):
    path = text.save(tmp_path / "deep" / "text.npz")
    again = TextMatrix.load(path)
    assert again.matrix.tobytes() == text.matrix.tobytes()
    assert again.item_ids.tolist() == text.item_ids.tolist()
    assert again.provenance == text.provenance
    assert [file.name for file in path.parent.iterdir()] == ["text.npz"]


def test_a_matrix_without_provenance_keeps_too(tmp_path):
    bare = TextMatrix(np.array(["b", "a"]), [[1], [2]])
    again = TextMatrix.load(bare.save(str(tmp_path / "bare.npz")))
    assert (again.item_ids.tolist(), again.matrix.tolist()) == (["b", "a"], [[1], [2]])
    assert again.provenance == {}


@pytest.mark.parametrize("change", ["rows", "ids", "provenance"])
def test_what_was_changed_after_saving_is_refused(text, tmp_path, change):
    path = text.save(tmp_path / "text.npz")
    with np.load(path) as stored:
        arrays = dict(stored)
    if change == "rows":
        arrays["matrix"] = arrays["matrix"][::-1]
    elif change == "ids":
        arrays["item_ids"] = arrays["item_ids"][::-1]
    else:
        arrays["provenance"] = np.array('{"model": "another"}')
    np.savez(path, **arrays)
    with pytest.raises(SemcompError, match=r"text.npz was changed after it was saved \(its sha256 differs\)"):
        TextMatrix.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", b"item_id,v\n"])
def test_files_that_are_no_text_matrix(tmp_path, content):
    path = tmp_path / "text.npz"
    path.write_bytes(content)
    with pytest.raises(SemcompError, match=r"text.npz is not a text matrix that `save` wrote, or is damaged"):
        TextMatrix.load(path)


def test_places_that_do_not_work(text, tmp_path, monkeypatch):
    with pytest.raises(SemcompError, match="there is no file"):
        TextMatrix.load(tmp_path / "none.npz")
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(SemcompError, match=r"other.npz is not a text matrix"):
        TextMatrix.load(tmp_path / "other.npz")
    with pytest.raises(SemcompError, match=r"kept as \.npz, not as 'text.csv'"):
        text.save(tmp_path / "text.csv")

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(SemcompError, match=r"cannot be written \(No space left on device\)"):
        text.save(tmp_path / "text.npz")
    assert not (tmp_path / "text.npz").exists()


def test_printing_says_what_to_know_before_comparing(text):
    lines = str(text).split("\n  - ")
    assert lines[0].startswith("TF-IDF and truncated SVD (scikit-learn ")
    assert lines[0].endswith("4 items × 3 dimensions")
    assert lines[1] == "template {title}"
    assert lines[2] == "1 rows are zero (1 items have no text)"
    assert lines[3].startswith("256 dimensions asked for")
    assert lines[4].startswith("mean cosine 0.")
    assert text.zero_rows == 1


def test_a_bare_matrix_prints_its_shape_and_spread():
    bare = TextMatrix(np.array(["a", "b"]), np.eye(2))
    assert (
        str(bare)
        == "text matrix: 2 items × 2 dimensions\n  - mean cosine 0.000 (anisotropy), effective rank 1.0 of 2"
    )
