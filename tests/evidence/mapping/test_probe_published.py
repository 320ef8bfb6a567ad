"""The published recipe on the published arrays: its numbers, and what they are made of."""

from __future__ import annotations

import numpy as np
import pytest
from probing import golden, probe, published
from sklearn.metrics import r2_score

from semcomp.core.evidence import Evidence
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.evidence import KINDS, neighbour_jaccard, row_cosines
from semcomp.evidence.mapping.probe import PUBLISHED, published_probe

Arrays = tuple[View, View, Split]


@pytest.fixture(scope="module")
def arrays() -> Arrays:
    return golden()


@pytest.fixture(scope="module")
def adam(arrays: Arrays) -> Evidence:
    return published_probe(*arrays, resamples=0)


@pytest.fixture(scope="module")
def line(arrays: Arrays) -> Evidence:
    return published_probe(*arrays, kind="linear", resamples=0)


def test_least_squares_on_the_published_cut(line: Evidence) -> None:
    expected = {
        "r2_test": 0.4450,
        "r2_train": 0.4751,
        "cosine": 0.6639,
        "neighbour_jaccard": 0.2310,
        "recall_true": 0.3493,
        "recall_mapped": 0.2227,
        "recall_mapped_heldout": 0.044,
        "list_jaccard": 0.1673,
    }
    for key, value in expected.items():
        assert line[key].value == pytest.approx(value, abs=1e-3), key


def test_the_published_linear_map(adam: Evidence) -> None:
    block = published("analyze_generalization")
    printed = dict(zip(block["columns"], block["linear"], strict=True))
    for name in ("r2", "cosine", "geojac", "rec_ps"):
        assert adam[PUBLISHED[name]].value == pytest.approx(printed[name], abs=0.03), name
    assert adam["recall_true"].value == pytest.approx(printed["rec_cf"], abs=1e-4)
    assert adam["drop_percent"].value == pytest.approx(printed["drop_percent"], abs=8)
    assert adam["list_jaccard"].value == pytest.approx(published("analyze_alignment")["linear"][2], abs=0.03)
    assert adam.provenance["mask"] == "train"
    assert adam.provenance["map"] == {
        "layers": 0,
        "hidden": 512,
        "epochs": 400,
        "batch": 1024,
        "lr": 1e-3,
        "weight_decay": 0.0,
        "patience": None,
    }


def test_the_published_linear_map_has_not_converged(adam: Evidence, line: Evidence) -> None:
    assert adam["r2_train"].value < line["r2_train"].value - 0.03
    assert adam["r2_test"].value < line["r2_test"].value - 0.03


def test_recall_of_mapped_items_counts_the_fitted_ones(line: Evidence) -> None:
    assert line["recall_mapped"].value > 4 * line["recall_mapped_heldout"].value
    # most of that is length: with the lengths of the true vectors they compete
    assert line["recall_mapped_heldout_rescaled"].value > 3 * line["recall_mapped_heldout"].value


def test_the_published_network(arrays: Arrays) -> None:
    """It depends on its initial weights: sign and order of magnitude only."""
    sem, cf, _ = arrays
    order = np.arange(1400)
    np.random.RandomState(2024).shuffle(order)
    fitted, held = order[:1120], order[1120:]
    found = KINDS["mlp-1"].fit(sem.items[fitted], cf.items[fitted], 2024).predict(sem.items)
    goal = cf.items.astype(np.float64)
    r2, cosine, geojac, *_ = published("analyze_generalization")["mlp1"]
    assert r2 / 2 < r2_score(goal[held], found[held]) < 2 * r2
    assert cosine / 2 < row_cosines(found[held], goal[held]).mean() < 2 * cosine
    assert geojac / 2 < neighbour_jaccard(found[held], goal[held], 20).mean() < 2 * geojac
    assert r2_score(goal[fitted], found[fitted]) > 0.6  # it memorises
    line = KINDS["linear"].fit(sem.items[fitted], cf.items[fitted], 0).predict(sem.items)
    assert r2_score(goal[held], found[held]) < r2_score(goal[held], line[held]) - 0.1


def test_the_recipe_is_the_probe_with_its_arguments(arrays: Arrays, line: Evidence) -> None:
    plain = probe(*arrays, kind="linear", mask="train", resamples=0)
    assert plain.values == line.values
    assert set(PUBLISHED.values()) <= set(line.values)
