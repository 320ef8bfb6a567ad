"""What `embed` hands out, how its argument is read, the cache, and resuming."""

from __future__ import annotations

import contextlib
import errno
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from tiny_models import TEXTS, dataset

from semcomp.data.item_text import text_digest
from semcomp.errors import SemcompError
from semcomp.storage import digest
from semcomp.text import BgeM3, OwnVectors, Precomputed, Rows, SentenceModel, TfidfSvd, embed, resolve
from semcomp.text import cache as text_cache
from semcomp.text.cache import cached_rows

VECTORS = np.arange(8, dtype=np.float32).reshape(4, 2)


@pytest.fixture(autouse=True)
def _own_cache(cache):
    return cache


class Letters:
    """A model that counts letters, remembers what it was asked for, and may fail at a call."""

    def __init__(self, fail_at: int | None = None, max_tokens: int | None = None) -> None:
        self.asked: list[list[str]] = []
        self.loads = self.left = 0
        self.fail_at = fail_at
        self.max_tokens = max_tokens

    @contextlib.contextmanager
    def load(self):
        self.loads += 1
        yield self
        self.left += 1

    def rows(self, texts):
        if len(self.asked) == self.fail_at:
            raise KeyboardInterrupt
        self.asked.append(texts)
        return np.array([[len(t), t.count("a")] for t in texts], dtype=np.float32)

    def tokens(self, texts):
        return np.array([len(t) for t in texts])


# embed


def test_a_matrix_says_where_it_comes_from():
    data = dataset(vectors=VECTORS)
    text = embed(data)
    assert np.array_equal(text.matrix, VECTORS)
    assert text.item_ids.tolist() == ["i0", "i1", "i2", "i3"]
    assert text.provenance == {
        "dataset": "d",
        "data": data.fingerprint,
        "encoder": "own",
        "model": "vectors of the data set",
        "revision": "",
        "template": "{title}",
        "dim": 2,
        "empty": 0,
        "sha256": digest(VECTORS),
        "ids": digest(["i0", "i1", "i2", "i3"]),
        "texts": digest([[f"i{i}", text] for i, text in enumerate(TEXTS)]),
    }


def test_the_digest_of_the_texts_sees_a_swap_but_no_reordering():
    ids, texts = ["a", "b", "c"], ["x", "y", "z"]
    assert text_digest(ids, texts) == text_digest(["c", "a", "b"], ["z", "x", "y"])
    assert text_digest(ids, texts) != text_digest(ids, ["y", "x", "z"])


def test_an_encoder_of_ones_own():
    class Lengths:
        name = "lengths"

        def rows(self, data, run):
            return Rows(np.array([[len(t) / 3] for t in data.texts]), "len", "1", {"note": "short"})

    text = embed(dataset(), Lengths())
    np.testing.assert_allclose(text.matrix[:, 0], [len(t) / 3 for t in TEXTS], rtol=1e-6)
    assert text.provenance["sha256"] == digest(text.matrix)  # of the float32 rows, whatever came in
    assert (text.provenance["encoder"], text.provenance["note"]) == ("lengths", "short")


def test_what_a_name_stands_for(tmp_path):
    plain, with_vectors = dataset(), dataset(vectors=VECTORS)
    assert resolve("auto", plain).name == "minilm"
    assert resolve("auto", with_vectors) == OwnVectors()
    assert resolve("tfidf", plain) == TfidfSvd()
    assert resolve(TfidfSvd(dim=3), plain) == TfidfSvd(dim=3)
    assert resolve("bge-m3", plain) == resolve("BAAI/bge-m3", plain) == BgeM3()
    assert resolve("intfloat/e5-base-v2", plain) == SentenceModel("intfloat/e5-base-v2")
    assert resolve(tmp_path, plain) == SentenceModel(str(tmp_path))
    (tmp_path / "colbert_linear.pt").touch()
    assert resolve(tmp_path, plain) == BgeM3(str(tmp_path))
    assert resolve(str(tmp_path / "v.npz"), plain) == Precomputed(tmp_path / "v.npz")


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (
            dataset(),
            {"encoder": "minilmm"},
            r"unknown encoder 'minilmm'; did you mean 'minilm'\? Known: auto, bge-m3",
        ),
        (dataset(), {"encoder": ""}, "unknown encoder ''"),
        (dataset(), {"encoder": "a/b/c"}, "unknown encoder 'a/b/c'"),
        (dataset(), {"encoder": 3}, "encoder = 3; it must be text, or a path, or an Encoder"),
        (dataset(), {"encoder": "own"}, "has no vectors of its own"),
        (dataset(("", " ")), {}, "no item of 'd' has a text"),
        (dataset(), {"batch_size": 0}, "batch_size = 0"),
        (dataset(), {"processes": 0}, "processes = 0"),
    ],
)
def test_bad_requests(data, options, message):
    with pytest.raises(SemcompError, match=message):
        embed(data, **options)


# the cache


def test_another_text_template_or_model_is_another_key(cache):
    letters = Letters()
    for identity, texts in ((["m", "1"], "ab"), (["m", "2"], "ab"), (["m", "1"], "ac"), (["m", "1"], "ba")):
        cached_rows(list(texts), identity, letters.load)
    assert letters.loads == letters.left == 3
    assert len(list((cache / "text").glob("*.npz"))) == 3


def test_equal_texts_are_encoded_once():
    letters = Letters(max_tokens=1)
    for loads in (1, 1):  # from the model, then from the file
        kept = cached_rows(["aa", "b", "aa", "aa"], ["m"], letters.load)
        assert letters.loads == loads
        assert letters.asked == [["aa", "b"]]
        assert kept.rows.tolist() == [[2, 2], [1, 0], [2, 2], [2, 2]]
        assert kept.truncated.tolist() == [True, False, True, True]
        assert kept.max_tokens == 1


def test_an_interrupted_run_goes_on_where_it_was(monkeypatch, cache):
    monkeypatch.setattr(text_cache, "CHUNK", 2)
    texts = ["a" * n for n in range(1, 8)]
    cut = Letters(fail_at=2)
    with pytest.raises(KeyboardInterrupt):
        cached_rows(texts, ["m"], cut.load)
    rest = Letters()
    rows = cached_rows(texts, ["m"], rest.load).rows
    assert [len(t) for chunk in cut.asked for t in chunk] == [7, 6, 5, 4]  # the longest first
    assert [len(t) for chunk in rest.asked for t in chunk] == [3, 2, 1]
    assert rows[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert [path.suffix for path in (cache / "text").iterdir()] == [".npz"]  # no parts left


@pytest.mark.parametrize("damage", ["short", "empty", "garbage", "other"])
def test_a_damaged_file_is_made_again(cache, damage):
    first = cached_rows(["a", "bb"], ["m"], Letters().load).rows
    (file,) = (cache / "text").glob("*.npz")
    good = file.read_bytes()
    file.write_bytes({"short": good[:-40], "empty": b"", "garbage": b"x" * 100}.get(damage, good))
    if damage == "other":
        np.savez(file, rows=np.zeros((3, 2), np.float32), truncated=np.zeros(3, bool), max_tokens=0)
    letters = Letters()
    assert np.array_equal(cached_rows(["a", "bb"], ["m"], letters.load).rows, first)
    assert letters.loads == 1


def test_of_two_runs_at_once_the_second_waits_and_encodes_nothing(monkeypatch, cache):
    """It begins in the middle of the first. Each opens the lock's file, so threads stand for processes."""
    monkeypatch.setattr(text_cache, "CHUNK", 1)
    texts = ["a" * n for n in range(1, 6)]
    halfway, begun = threading.Event(), threading.Event()

    class Slow(Letters):
        def rows(self, texts):
            if len(self.asked) == 2:
                halfway.set()
                assert begun.wait(20)
            return super().rows(texts)

    class Begun(Letters):
        def load(self):
            raise AssertionError("what was made is made again")

    with ThreadPoolExecutor(2) as runs:
        first = runs.submit(cached_rows, texts, ["m"], Slow().load)
        assert halfway.wait(20)
        second = runs.submit(cached_rows, texts, ["m"], Begun().load)
        begun.set()
        assert np.array_equal(first.result(20).rows, second.result(20).rows)
    assert [path.suffix for path in (cache / "text").iterdir()] == [".npz"]


def test_a_full_disk_is_one_clear_error_and_leaves_nothing_half_written(monkeypatch, cache):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(SemcompError, match=r"cannot be written \(No space left on device\); free some space"):
        cached_rows(["a"], ["m"], Letters().load)
    assert [path for path in (cache / "text").rglob("*") if path.is_file()] == []
