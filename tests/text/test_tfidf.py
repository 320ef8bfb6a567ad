"""TF-IDF and truncated SVD: the products of the rows are those of the TF-IDF matrix."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from tiny_models import dataset

from semcomp.errors import SemcompError
from semcomp.text import TfidfSvd, embed


def plain_tfidf(texts: list[str]) -> np.ndarray:
    """Rows of norm 1: (1 + ln f) (ln((1 + n) / (1 + df)) + 1) for words and pairs of neighbours."""
    bags = []
    for text in texts:
        words = text.lower().split()
        bags.append(words + [f"{a} {b}" for a, b in itertools.pairwise(words)])
    terms = sorted({term for bag in bags for term in bag})
    frequency = {term: sum(term in bag for bag in bags) for term in terms}
    rows = np.array(
        [
            [
                (1 + math.log(bag.count(t))) * (math.log((1 + len(bags)) / (1 + frequency[t])) + 1)
                if t in bag
                else 0.0
                for t in terms
            ]
            for bag in bags
        ]
    )
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


SOME = ["red fish", "blue fish fish", "one fish two fish", "a red house", "the house of one"]


def test_full_rank_keeps_every_inner_product():
    text = embed(dataset(SOME), TfidfSvd(dim=5))
    weights = plain_tfidf(SOME)
    np.testing.assert_allclose(text.matrix @ text.matrix.T, weights @ weights.T, atol=1e-5)


def test_fewer_dimensions_are_the_best_of_that_many():
    text = embed(dataset(SOME), TfidfSvd(dim=2))
    values = np.linalg.svd(plain_tfidf(SOME), compute_uv=False)
    np.testing.assert_allclose(np.linalg.norm(text.matrix, axis=0), values[:2], atol=1e-5)


def test_the_rank_caps_the_dimensions_and_a_note_says_so():
    text = embed(dataset(["red fish", "red fish", "blue", ""]), TfidfSvd(dim=64))
    assert text.matrix.shape == (4, 2)
    assert text.provenance["note"] == "64 dimensions asked for, but 4 texts with 4 terms have only 2"
    assert "note" not in embed(dataset(SOME), TfidfSvd(dim=3)).provenance


def test_same_bytes_in_any_order_and_zero_rows_for_texts_without_words():
    texts = [*SOME, "", "!?"]
    text = embed(dataset(texts), "tfidf")
    again = embed(dataset(texts[::-1]), "tfidf")
    assert text.matrix.tobytes() == np.ascontiguousarray(again.matrix[::-1]).tobytes()
    assert text.matrix.any(axis=1).tolist() == [True] * 5 + [False] * 2
    assert (text.provenance["empty"], text.zero_rows) == (1, 2)


def test_one_letter_words_count():
    assert embed(dataset(["M", "Z"]), "tfidf").matrix.any(axis=1).all()


def test_settings_are_part_of_the_revision_and_names_are_not():
    revision = [
        embed(dataset(SOME), TfidfSvd(**setting)).provenance["revision"]
        for setting in ({}, {"dim": 2}, {"seed": 1}, {"longest": 1}, {"name": "x"})
    ]
    assert len(set(revision)) == 4
    assert revision[0] == revision[4]


@pytest.mark.parametrize("setting", ["dim", "longest", "terms"])
def test_settings_below_one_are_refused(setting):
    with pytest.raises(SemcompError, match=f"{setting} = 0 is not usable"):
        TfidfSvd(**{setting: 0})


def test_texts_without_any_word_are_refused():
    with pytest.raises(SemcompError, match="no text of 'd' has a word in it"):
        embed(dataset(["!", "?"]), "tfidf")
