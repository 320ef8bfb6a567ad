"""How partners are ordered and claimed in planted worlds: intervals, and the rule for a headline."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from book.experiments.separation import planted, tables
from book.experiments.separation.names import NAMES, RIVALS
from book.experiments.separation.worlds import auc, summary


def test_the_auc_is_that_of_the_summary_and_its_interval_holds_it():
    known = summary(planted.rows())
    found = planted.auc_intervals()
    for key, name in NAMES.items():
        assert found.loc[name, "auc"] == pytest.approx(known[key]["auc, all"], abs=6e-4)
    assert ((found["low"] <= found["auc"]) & (found["auc"] <= found["high"])).all()
    own = found.loc[NAMES["ensemble.information.gain"]]
    assert own[["less", "less.low", "less.high"]].tolist() == [0, 0, 0]


def test_a_world_that_is_drawn_twice_counts_twice():
    rng = np.random.default_rng(0)
    text = pd.DataFrame({"world": [0, 1, 2], "excess": rng.normal(size=3)})
    others = pd.DataFrame({"world": [0, 0, 1, 2], "excess": rng.normal(size=4)})
    weights = np.array([[1, 1, 1], [2, 0, 1], [0, 0, 0]])
    twice = [pd.concat([one[one["world"] == 0], one[one["world"] != 1]]) for one in (text, others)]
    expected = [auc(*(one["excess"].to_numpy() for one in pair)) for pair in ((text, others), twice)]
    found = planted.auc_of(text, others, weights)
    np.testing.assert_allclose(found[:2], expected, atol=6e-4)
    assert np.isnan(found[2])


def test_rates_of_claims_have_exact_intervals():
    found = planted.claim_rates()
    for claims, worlds, rate, low, high in found.to_numpy():
        assert rate == claims / worlds
        assert low == pytest.approx(beta.ppf(0.025, claims, worlds - claims + 1) if claims else 0)
        assert high == pytest.approx(beta.ppf(0.975, claims + 1, worlds - claims) if claims < worlds else 1)


def rates(**low: tuple[float, float, float]) -> pd.DataFrame:
    """By statistic: the rate for the text, then the lower ends for two other partners."""
    rows = {}
    for name, (text, *others) in low.items():
        rows[name, "text"] = [text, text - 0.1]
        rows |= {(name, str(at)): [end + 0.1, end] for at, end in enumerate(others)}
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["rate", "low"])
    frame.index = pd.MultiIndex.from_tuples(frame.index, names=["statistic", "partner"])
    return frame


def test_the_headline_is_the_most_powerful_of_those_that_claim_nothing_else():
    assert planted.headline(rates(a=(0.9, 0.0, 0.03), b=(0.4, 0.0, 0.02), c=(0.6, 0.025, 0.0))) == "c"
    assert planted.headline(rates(a=(0.9, 0.0, 0.03))) is None


def test_the_changelog_says_what_is_claimed():
    page = (Path(__file__).parents[2] / "book" / "changelog.md").read_text("utf8")
    table = page.split("| partner | worlds with a claim |")[1].split("\n\n")[0].splitlines()[2:]
    said = dict(tuple(cell.strip() for cell in line.strip("|").split("|")) for line in table)
    found = planted.claim_rates().loc[NAMES["ensemble.information.gain"]]
    told = {
        partner.replace(
            "\n", " "
        ): f"{one['claims']:.0f} of {one['worlds']:.0f} ({one['low']:.0%} – {one['high']:.0%})"
        for partner, one in found.iterrows()
    }
    assert set(told) == {label.replace("\n", " ") for label in ("text", *RIVALS.values())}
    told["text with a private part"] = told.pop("text")
    assert said == told
    less = -planted.auc_intervals().loc[NAMES["ensemble.information.gain_beyond_popularity"]]
    assert f"{less['less']:.2f} ({less['less.high']:.2f} – {less['less.low']:.2f})" in page


def test_the_changelog_says_what_is_undecided():
    """The verdicts on the page, where the strongest partners were not measured."""
    said = dict.fromkeys(("movies", "beauty", "games"), "projection") | dict.fromkeys(
        ("ml-100k", "books"), "AlphaRec"
    )
    for name, text in said.items():
        record = tables.records()[name]
        assert "apart" in record or tables.adds_most(record, "several", text)[0] == "undecided"
