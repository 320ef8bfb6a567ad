"""What the page on seeds and views reads: committed results, and verdicts from made-up ones."""

from __future__ import annotations

from dataclasses import asdict

import pandas as pd
import pytest

from book.experiments.separation import tables
from semcomp.core.evidence import Evidence, Value


def evidence(one: float, several: float, arm: float = 0.01) -> dict:
    values = {
        tables.ONE: Value(one, one - arm, one + arm, 0.0, one - arm, one + arm, 9),
        tables.SEVERAL: Value(several, several - arm, several + arm, 0.0, several - arm, several + arm, 9),
        tables.BEYOND: Value(-several, -several - arm, arm - several, 0.0, None, None, 9),
    }
    return Evidence("separating_statistics(a, b)", values, pd.DataFrame()).to_dict(table=False)


def record(text: float, seed: float) -> dict:
    rivals = {name: evidence(0.2, -1.0) for name in tables.COLLABORATIVE}
    return {"partners": {"projection": evidence(0.2, text), **rivals, "another seed": evidence(0.2, seed)}}


@pytest.mark.parametrize(
    ("text", "seed", "verdict"),
    [(0.1, 0.05, "holds"), (0.1, 0.1, "undecided"), (0.1, 0.085, "undecided"), (0.05, 0.1, "does not hold")],
)
def test_the_text_adds_more_if_its_interval_lies_above_the_rivals(text, seed, verdict):
    assert tables.adds_most(record(text, seed)) == (verdict, "another seed")


def apart(**difference: float) -> dict:
    """A record in which the projection adds this much more than each, give or take 0.01."""
    made = record(0.1, 0.05)
    of = dict.fromkeys(tables.COLLABORATIVE, 0.5) | difference
    made["apart"] = {
        "projection": {
            name: {"several": asdict(Value(0.1, 0.0, 0.2, 0.1 - by, by - 0.01, by + 0.01, 9))}
            for name, by in of.items()
        }
    }
    return made


@pytest.mark.parametrize(
    ("by", "verdict"),
    [(0.02, "holds"), (0.005, "undecided"), (-0.005, "undecided"), (-0.02, "does not hold")],
)
def test_paired_differences_decide_where_they_were_kept(by, verdict):
    assert tables.adds_most(apart(EASE=by)) == (verdict, "EASE")


def test_nothing_holds_against_a_partner_that_was_not_measured():
    known = record(0.1, 0.05)
    assert tables.adds_most(known)[0] == "holds"
    del known["partners"]["EASE"]
    assert tables.adds_most(known) == ("undecided", "EASE not measured")
    assert tables.best_rival(known) == "another seed"
    assert tables.adds_most(record(0.05, 0.1))[0] == "does not hold"


def test_gains_of_partners():
    gains = tables.partner_gains(record(0.1, 0.02))
    assert gains.loc["projection", ["one", "several", "several.low", "several.high"]].tolist() == (
        pytest.approx([0.2, 0.1, 0.09, 0.11])
    )
    assert gains["kept"].isna().all()


def test_the_weakest_null_decides():
    def null(**excess: float) -> dict:
        values = {
            key: asdict(Value(0.5, 0.4, 0.6, 0.5 - by, by - 0.01, by + 0.01, 9)) for key, by in excess.items()
        }
        return {"values": values}

    nulls = {
        "easy": null(jaccard=-0.2, unique_hit_ratio=0.3),
        "hard": null(jaccard=-0.05, unique_hit_ratio=0.005),
        "hopeless": null(jaccard=0.2),
    }
    found = tables.against_every_null({"nulls": nulls})
    assert found["lists overlap less"] == ("does not hold", "hopeless")
    assert found["more unique hits"] == ("undecided", "hard")
    assert "larger union gain" not in found


def test_committed_planted_results():
    auc, gains = tables.planted_auc(), tables.planted_gains()
    assert list(auc.index) == list(tables.NAMES.values())
    assert auc.shape[1] == len(tables.RIVALS) + 1
    assert ((auc >= 0) & (auc <= 1) | auc.isna()).all().all()
    assert (
        auc.loc["log-likelihood gain over the seed ensemble", "all others"]
        > auc.loc["log-likelihood gain over one seed", "all others"]
    )
    assert gains.loc["another seed", "several"] < gains.loc["another seed", "one"]


@pytest.mark.parametrize("name", list(tables.records()))
def test_committed_results_of_a_data_set(name):
    record = tables.records()[name]
    assert {claim for claim, _ in tables.against_every_null(record).items()} == set(tables.CLAIMS)
    gains = tables.partner_gains(record)
    assert {"projection", "another seed", "iALS", "popularity"} <= set(gains.index)
    assert tables.diagnosis(record)["jaccard"].null is not None
    assert tables.best_rival(record) in tables.COLLABORATIVE
    verdict, _ = tables.adds_most(record)
    assert verdict != "holds" or {"EASE", "item-kNN"} <= set(gains.index)
