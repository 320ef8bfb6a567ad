"""A trained network as a scorer: by beams and exactly, over fresh histories, of items that are not known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from coded_items import by_id, counted
from ordered_worlds import cycle

from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.errors import SemcompError
from semcomp.generative import TIGER, CodeTraining, scorer
from semcomp.generative.loop import _Run
from semcomp.sequential import histories
from semcomp.serve import lists_for, write_lists
from semcomp.tokens import Codes
from semcomp.views import Popularity

FEW = CodeTraining(epochs=2, batch=8, lr=0.01, warmup=1, every=1)
SPLIT = cycle(40, 30, 8)
EVERYBODY = np.arange(40)


def model(split=SPLIT, codes=None, **options):
    codes = counted(split.item_ids, (4, 3, 3)) if codes is None else codes
    return TIGER(codes, dim=16, layers=1, heads=2, length=5, **{"training": FEW, **options})


@pytest.fixture(scope="module")
def fitted():
    return model().fit(SPLIT)


def test_the_next_item_is_found_and_popularity_does_not_find_it():
    split = cycle(100, 12, 8)
    training = CodeTraining(epochs=12, batch=8, lr=0.005, warmup=10, every=4)
    made = model(split, counted(split.item_ids, (3, 4)), training=training, dropout=0.0).fit(split, seed=0)

    def found(one):
        return float(per_user(rank(one, split, 1, mask="none"), split.test, 1)["recall"].mean())

    assert found(made.knowing(split, "train+valid").searching(4)) > 0.8
    assert found(Popularity().fit(split)) < 0.2


@pytest.mark.parametrize("mask", ["none", "train", "train+valid"])
def test_beams_for_all_prefixes_give_the_exact_lists(fitted, mask):
    exact, beams = rank(fitted, SPLIT, 30, mask=mask), fitted.topk(SPLIT, 30, mask=mask, beams=30)
    np.testing.assert_array_equal(beams.ids, exact.ids)
    there = exact.ids >= 0
    np.testing.assert_allclose(beams.scores[there], exact.scores[there], rtol=1e-5, atol=1e-5)


def test_few_beams_find_unseen_items_best_first(fitted):
    lists, exact = fitted.topk(SPLIT, 3, beams=3), fitted.scores(EVERYBODY)
    assert (lists.ids >= 0).all()
    assert not lists.hits(SPLIT.history("train+valid")).any()
    np.testing.assert_allclose(lists.scores, np.take_along_axis(exact, lists.ids, 1), rtol=1e-5)
    assert (np.diff(lists.scores, axis=1) <= 0).all()


def test_scores_are_log_probabilities_of_whole_codes():
    """Of a catalogue of all codes they sum to one."""
    split = cycle(20, 27, 6)
    made = model(split, counted(split.item_ids, (3, 3, 3))).fit(split)
    np.testing.assert_allclose(np.exp(made.scores(np.arange(20))).sum(axis=1), 1, rtol=1e-5)


def test_items_that_share_a_code_score_alike_and_go_by_row():
    codes = counted(SPLIT.item_ids, (4, 3, 3))
    shared = replace(codes, codes=np.vstack([codes.codes[:15], codes.codes[:15]]))
    made = model(codes=shared, distinct=False).fit(SPLIT)
    scores = made.scores(EVERYBODY)
    np.testing.assert_array_equal(scores[:, :15], scores[:, 15:])
    ids = rank(made, SPLIT, 30, mask="none").ids
    np.testing.assert_array_equal(ids[:, 1::2] - ids[:, ::2], 15)
    apart = model(codes=shared).fit(SPLIT)
    assert apart.network.sizes == (4, 3, 3, 2)
    assert (apart.scores(EVERYBODY)[:, :15] != apart.scores(EVERYBODY)[:, 15:]).any()


def test_it_knows_train_and_validation_only_if_asked(fitted):
    np.testing.assert_array_equal(fitted.rows, histories(SPLIT, 5))
    longer = fitted.knowing(SPLIT, "train+valid")
    np.testing.assert_array_equal(longer.rows, histories(SPLIT, 5, "train+valid"))
    assert (longer.provenance["known"], fitted.provenance["known"]) == ("train+valid", "train")
    assert (longer.scores(EVERYBODY) != fitted.scores(EVERYBODY)).any(axis=1).all()
    with pytest.raises(SemcompError, match="other items"):
        fitted.knowing(cycle(40, 31, 6))


def test_scores_are_the_same_in_blocks(fitted, monkeypatch):
    whole = fitted.scores(EVERYBODY)
    monkeypatch.setattr(scorer, "ROOM", 1)
    np.testing.assert_allclose(fitted.scores(EVERYBODY), whole, rtol=1e-5, atol=1e-5)


def test_items_that_train_does_not_know_are_never_found():
    split = cycle(40, 20, 6, "cold-items")
    held_out = np.setdiff1d(np.arange(20), split.catalogue("train"))
    made = model(split, by_id(split)).fit(split)
    assert len(held_out)
    assert np.isneginf(made.scores(EVERYBODY)[:, held_out]).all()
    assert not np.isin(made.topk(split, 20, beams=20).ids, held_out).any()


def test_lists_by_beams_are_kept_in_a_file_and_served_by_id(fitted, tmp_path):
    path = write_lists(fitted.searching(6), SPLIT, tmp_path / "lists.parquet", k=5, progress=False)
    lists = fitted.topk(SPLIT, 5, beams=6)
    for user in (0, 17, 39):
        served = lists_for(path, str(SPLIT.user_ids[user]))
        assert served["item"].tolist() == SPLIT.item_ids[lists.ids[user]].tolist()
        np.testing.assert_allclose(served["score"], lists.scores[user], rtol=1e-5)


def test_a_network_that_reads_both_ways_learns_a_prefix_at_a_time():
    made = model(causal=False).fit(SPLIT)
    assert made.provenance["config"]["causal"] is False
    assert np.isfinite(made.scores(EVERYBODY)).all()


def test_without_a_code_or_an_item_or_an_order_nothing_is_trained(monkeypatch):
    monkeypatch.setattr(_Run, "epoch", lambda *_: pytest.fail("it trains"))
    codes = counted(SPLIT.item_ids, (4, 3, 3))
    holes = codes.codes.copy()
    holes[[3, 8]] = -1
    unknown = codes.item_ids.copy()
    unknown[4] = "nothing"
    more = np.append(codes.item_ids, "new")
    for wrong, told in (
        (replace(codes, codes=holes), f"2 items have no code, e.g. '{SPLIT.item_ids[3]}'; tokenise them too"),
        (replace(codes, item_ids=unknown), f"lacks 1 items, e.g. '{SPLIT.item_ids[4]}'; tokenise the items"),
        (
            Codes("more", np.vstack([codes.codes, codes.codes[:1]]), codes.sizes, more),
            "has 1 items that the data does not know, e.g. 'new'",
        ),
    ):
        with pytest.raises(SemcompError, match=told) as caught:
            model(codes=wrong).fit(SPLIT)
        assert "\n" not in str(caught.value)
    with pytest.raises(SemcompError, match="TIGER reads events in order, which the split does not know"):
        model().fit(replace(SPLIT, order=None))


def test_training_that_breaks_down_says_so(monkeypatch):
    monkeypatch.setattr(_Run, "epoch", lambda *_: float("nan"))
    with pytest.raises(SemcompError, match=r"TIGER diverged, .* lower the learning rate, now 0.01"):
        model().fit(SPLIT)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"heads": 3}, "heads = 3 does not divide dim = 16"),
        ({"dropout": 1.0}, "dropout = 1 leaves nothing"),
        ({"beams": 0}, "beams = 0"),
        ({"codes": "text"}, "codes"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(SemcompError, match=message):
        replace(model(), **options)
