"""Recall of the true score's parts: what must beat what, in which world, and how far it can be trusted."""

from __future__ import annotations

from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from semcomp.data import split
from semcomp.errors import SemcompError
from semcomp.planted import PARTS, REGIMES, World, oracle_recall

SMALL = World(users=120, items=90, dim=3, activity=20.0, sharpness=3.0)


def test_recall_by_definition():
    world = SMALL
    found = oracle_recall(world, ["joint", "relevance"], k=7, draws=2)
    truth, by_hand = world.truth(), {"joint": [], "relevance": []}
    for draw in range(2):
        parts = split(world.dataset(draw), seed=draw)
        users, items = truth.joint
        joint = (users @ items.T).astype(np.float64)
        for part, scores in (("joint", joint), ("relevance", world.sharpness * joint + truth.popularity)):
            scores[parts.history("train+valid").toarray() > 0] = -np.inf
            best = np.argsort(-scores, axis=1)[:, :7]
            wanted = parts.test.toarray()
            by_hand[part].append(np.take_along_axis(wanted, best, 1).sum(1) / wanted.sum(1))
    for part, recalls in by_hand.items():
        assert found.loc[part, "recall"] == pytest.approx(np.mean(recalls))
        assert found.loc[part, "n"] == 240
        spread = (np.array(recalls) - np.mean(recalls, axis=0)) ** 2
        assert found.loc[part, "error"] == pytest.approx(np.sqrt(spread.sum() / 120 / 240))


def test_the_error_is_that_of_repeated_simulations():
    world = replace(SMALL, users=60)
    truth, recalls = world.truth(), []
    users, items = truth.joint
    for draw in range(1, 41):
        parts = split(world.dataset(draw), seed=draw)
        scores = users @ items.T
        scores[parts.history("train+valid").toarray() > 0] = -np.inf
        best, wanted = np.argsort(-scores, axis=1)[:, :5], parts.test.toarray()
        recalls.append((np.take_along_axis(wanted, best, 1).sum(1) / wanted.sum(1)).mean())
    recall, error, _ = oracle_recall(world, ["joint"], draws=4, k=5).loc["joint"]
    assert error == pytest.approx(np.std(recalls, ddof=1) / 2, rel=0.35)  # of 4 draws; 40 give ± 11 %
    assert recall == pytest.approx(np.mean(recalls), abs=4 * error)
    assert isnan(oracle_recall(world, ["joint"], draws=1, k=5).loc["joint", "error"])


def test_half_shared_parts_add_up():
    found = oracle_recall(REGIMES["half shared"], draws=2)["recall"]
    assert list(found.index) == list(PARTS)
    assert found["joint"] > max(found["semantic"], found["collaborative"], found["private"]) + 0.1
    assert min(found["semantic"], found["collaborative"]) > found["shared"] + 0.1
    assert found["relevance"] >= found["joint"]
    assert found["behaviour"] == found["relevance"]


def test_private_is_noise():
    found = oracle_recall(REGIMES["private is noise"], draws=2)["recall"]
    assert found["shared"] == found["semantic"] == found["collaborative"] == found["joint"]
    assert found["private"] < 0.15  # chance is 20 of about 220 items
    assert found["shared"] > 0.5


def test_all_shared_and_nothing_shared():
    everything = oracle_recall(REGIMES["all shared"], draws=2)["recall"]
    assert everything["shared"] == everything["joint"]
    nothing = oracle_recall(REGIMES["nothing shared"], draws=2)["recall"]
    assert nothing["private"] == nothing["joint"]
    assert nothing["shared"] < 0.15


def test_exposure_is_paid_for_on_the_other_test_part():
    world, parts = REGIMES["exposed"], ["relevance", "behaviour"]
    observed, unbiased = (
        oracle_recall(world, parts, test=test, draws=3) for test in ("observed", "unbiased")
    )
    apart = 3 * max(observed["error"].max(), unbiased["error"].max())
    assert observed.loc["behaviour", "recall"] > observed.loc["relevance", "recall"] + apart
    assert unbiased.loc["relevance", "recall"] > unbiased.loc["behaviour", "recall"] + apart


def test_memory_does_not_matter():
    whole = oracle_recall(SMALL, ["joint", "shared"], draws=1)
    assert oracle_recall(SMALL, ["joint", "shared"], draws=1, memory=50_000).equals(whole)


def test_bad_questions():
    with pytest.raises(SemcompError, match="unknown part 'jiont'; did you mean 'joint'"):
        oracle_recall(SMALL, ["jiont"])
    with pytest.raises(SemcompError, match="unknown test 'unbias'"):
        oracle_recall(SMALL, test="unbias")
    with pytest.raises(SemcompError, match="0 draws; ask for at least 1"):
        oracle_recall(SMALL, draws=0)
    with pytest.raises(SemcompError, match="k = 91"):
        oracle_recall(SMALL, k=91)
