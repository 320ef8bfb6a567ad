"""Every null is a pair that differs in the one thing it names, through the study's own pipeline."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from semcomp.core.inputs import Inputs
from semcomp.core.topk import TopK
from semcomp.core.view import View
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError
from semcomp.study.nulls import NULLS, another_seed, null_pair, shuffled_text


def differences(one: object, other: object, path: str = "") -> set[str]:
    """Dotted names of what two configurations do not share."""
    if isinstance(one, dict) and isinstance(other, dict):
        found = [
            differences(one.get(key), other.get(key), f"{path}{key}.") for key in one.keys() | other.keys()
        ]
        return set().union(*found)
    return set() if one == other else {path.rstrip(".")}


def of(view: View) -> dict[str, object]:
    """What made a view, less what it cost and how its training went."""
    return {key: value for key, value in view.provenance.items() if key not in ("cost", "training")}


@pytest.mark.parametrize("name", NULLS)
def test_every_null_is_a_pair_over_the_study(name, study):
    a, b = null_pair(name, study, 3)
    assert isinstance(a, View)
    assert a.shape == (150, 120)
    if isinstance(b, TopK):
        assert (b.n_users, b.k, b.n_items) == (150, 2 * study.k, 120)
        assert b.provenance["mask"] == "train+valid"
    else:
        assert b.shape == (150, 120)
    assert NULLS[name].kept
    assert NULLS[name].differs


@pytest.mark.parametrize(
    ("name", "differing"),
    [("two seeds", {"seed"}), ("two projection seeds", {"seed"}), ("two widths", {"config.dim"})],
)
def test_a_null_differs_in_what_it_names_alone(name, differing, study):
    a, b = null_pair(name, study, 3)
    assert differences(of(a), of(b)) == differing


def test_two_encoders_differ_in_the_text_alone(study):
    a, b = null_pair("two encoders", study, 3)
    assert {one.split(".")[0] for one in differences(of(a), of(b))} == {"text"}
    assert b.provenance["text"]["encoder"] == "tfidf"


def test_the_other_seed_is_never_the_same(study):
    assert [another_seed(study, seed) for seed in (3, 8)] == [8, 3]
    a, b = null_pair("two seeds", study, 8)
    assert (a.provenance["seed"], b.provenance["seed"]) == (8, 3)


def test_shuffled_text_is_the_same_rows_elsewhere(study):
    text, moved = study.text, shuffled_text(study, 5)
    rows = text.rows_for(study.split.item_ids)
    assert (moved.item_ids == study.split.item_ids).all()
    assert (moved.matrix == rows).all(axis=1).sum() < 10
    np.testing.assert_array_equal(np.sort(moved.matrix, axis=0), np.sort(rows, axis=0))
    assert moved.provenance["sha256"] != text.provenance["sha256"]
    np.testing.assert_array_equal(shuffled_text(study, 5).matrix, moved.matrix)
    assert (shuffled_text(study, 6).matrix != moved.matrix).any()


def test_shuffling_within_popularity_keeps_popularity(study):
    rows = study.text.rows_for(study.split.item_ids)
    counts = item_counts(study.split.train)

    def source(moved: np.ndarray) -> np.ndarray:
        return np.array([int((rows == row).all(axis=1).argmax()) for row in moved])

    plain, matched = source(shuffled_text(study, 5).matrix), source(shuffled_text(study, 5, 20).matrix)
    assert np.corrcoef(counts, counts[matched])[0, 1] > 0.95
    assert abs(np.corrcoef(counts, counts[plain])[0, 1]) < 0.3


def test_what_reads_shuffled_text_was_trained_on_it(study):
    plain, (_, moved) = study.view("projection", 3), null_pair("shuffled text", study, 3)
    assert moved.provenance["text"]["shuffled"]["seed"] == 3
    assert (plain.items != moved.items).any()
    assert null_pair("shuffled text", study, 3)[1].items.tobytes() == moved.items.tobytes()


def test_a_study_tells_one_text_from_another_without_a_digest(study):
    model = study.settings("raw text")[0]
    first = study.text
    other = replace(first, matrix=first.matrix[::-1].copy(), provenance={})
    again = replace(first, provenance={})
    views = [study.fit(model, 0, Inputs(study.split, text)) for text in (first, again, other)]
    assert (views[0].items == views[1].items).all()
    assert (views[0].items != views[2].items).any()


def test_an_unknown_null_is_refused(study):
    with pytest.raises(SemcompError, match="unknown null 'two seed'; did you mean 'two seeds'"):
        null_pair("two seed", study)
