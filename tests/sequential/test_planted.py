"""Histories that walk along a cycle: every model and every loss finds the next item, popularity does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from ordered_worlds import cycle

from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import Scorer
from semcomp.sequential import BCE, GBCE, SEQUENTIAL, FullCE, SampledCE, SequenceTraining
from semcomp.views import Popularity

SPLIT = cycle(120, 30, 9)
SMALL = {"dim": 16, "length": 8, "dropout": 0.1}


def found(scorer: Scorer) -> float:
    """Share of users whose test item comes first."""
    return float(per_user(rank(scorer, SPLIT, 1), SPLIT.test, 1)["recall"].mean())


def test_popularity_does_not_find_it():
    assert found(Popularity().fit(SPLIT)) < 0.15


@pytest.mark.parametrize(
    ("name", "loss", "epochs"),
    [
        ("GRU4Rec", FullCE(), 10),
        ("SASRec", FullCE(), 10),
        ("BSARec", FullCE(), 10),
        ("BERT4Rec", FullCE(), 80),  # of each history few places are asked for at a time
        ("SASRec", SampledCE(8), 30),
        ("SASRec", BCE(), 20),
        ("SASRec", GBCE(8), 70),
    ],
)
def test_the_next_item_is_found(name, loss, epochs):
    """From train alone by the network over train and validation, which tell it the last item of all."""
    rate = 0.01 if name == "BERT4Rec" else 0.02
    training = SequenceTraining(loss=loss, epochs=epochs, batch=30, lr=rate, every=5, patience=epochs)
    model = replace(SEQUENTIAL[name], **SMALL, layers=1, training=training)
    scorer = model.fit(SPLIT, seed=0)
    assert scorer.provenance["training"]["valid_ndcg"] > 0.85
    assert found(scorer.knowing(SPLIT, "train+valid")) > 0.8
