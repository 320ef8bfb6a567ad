"""What tells a complementary view from one more seed, on planted worlds and data sets, for page 10."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from statistics import fmean, median
from typing import Any

import pandas as pd

from book.experiments.results import by_data_set, read
from book.experiments.separation.names import NAMES, RESULTS, RIVALS
from semcomp.core.evidence import Evidence, Value
from semcomp.evidence.complementarity.diagnostics import judge_against_null

ONE, SEVERAL, KEPT = "information.gain", "ensemble.information.gain", "retained.gain"
BEYOND = "ensemble.information.gain_beyond_popularity"
#: Partners that read no text, each of which a text has to exceed.
COLLABORATIVE = (
    "another seed",
    "half the width, another seed",
    "BPR-MF",
    "iALS",
    "spectral",
    "EASE",
    "item-kNN",
    "popularity",
)
CLAIMS = {
    "lists overlap less": "jaccard",
    "more unique hits": "unique_hit_ratio",
    "larger union gain": "oracle.gain",
    "larger gain of CombSUM": "fusion.gain_ndcg",
}


def planted_auc() -> pd.DataFrame:
    """How often a text with a private part exceeds each other pair, by statistic; made on planted worlds.

    Rows as in `NAMES`, columns as in `RIVALS`, then "all others". 1: always above, 0.5: a coin, 0: below.
    """
    summary = read(RESULTS / "worlds.json")["summary"]
    rows = {}
    for key, name in NAMES.items():
        found = summary[key]
        rows[name] = {label: found["auc"].get(rival) for rival, label in RIVALS.items()}
        rows[name]["all others"] = found["auc, all"]
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def planted_gains() -> pd.DataFrame:
    """By kind of pair: mean nats over `one` seed and over the mean of `several`, and median share `kept`."""
    rows = read(RESULTS / "worlds.json")["rows"]
    found = {}
    for pair, label in {"text": "text", **RIVALS}.items():
        values = [row["values"] for row in rows if row["pair"] == pair]
        kept = [one[KEPT]["value"] for one in values if KEPT in one]
        found[label.replace("\n", " ")] = {
            "one": fmean(one[ONE]["value"] for one in values),
            "several": fmean(one[SEVERAL]["value"] for one in values),
            "kept": median(kept) if kept else None,
        }
    return pd.DataFrame.from_dict(found, orient="index").astype(float)


def records() -> dict[str, dict[str, Any]]:
    """What `measure` kept, by data set, the fewest train pairs first."""
    return by_data_set(RESULTS / "data")


def diagnosis(record: Mapping[str, Any]) -> Evidence:
    """The pair of LightGCN and the projection, with two seeds as the null."""
    return Evidence.from_dict(record["pair"])


def partners(record: Mapping[str, Any]) -> Iterator[tuple[str, Evidence]]:
    """What was tried as a partner of LightGCN, with its separating statistics."""
    for name, found in record["partners"].items():
        yield name, Evidence.from_dict(found)


def partner_gains(record: Mapping[str, Any]) -> pd.DataFrame:
    """By partner, with intervals: nats over `one` seed, over the mean of `several`, and over it `beyond`
    popularity, which both sides then know; and the share `kept` of the first in the second.
    """
    rows: dict[str, dict[str, float | None]] = {}
    for name, found in partners(record):
        rows[name] = {}
        for column, key in {"one": ONE, "several": SEVERAL, "beyond": BEYOND}.items():
            value = found[key]
            rows[name] |= {column: value.value, f"{column}.low": value.low, f"{column}.high": value.high}
        kept = found.values.get(KEPT)
        rows[name]["kept"] = None if kept is None else kept.value
    return pd.DataFrame.from_dict(rows, orient="index").astype(float)


def against_every_null(record: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """By claim of `CLAIMS`: its verdict against all nulls that have the value, and the null that decides.

    A claim holds only if it holds against each, so its verdict is the weakest, and the null is the one that
    gave it: of several, the one that comes closest.
    """
    order = ("does not hold", "undecided", "holds")
    found = {}
    for claim, key in CLAIMS.items():
        judged = []
        for name, null in record["nulls"].items():
            if key not in null["values"]:
                continue
            value = Value(**null["values"][key])
            if value.null is not None:
                verdict = judge_against_null(key, value)
                judged.append((order.index(verdict.word), verdict.effect, name))
        if judged:
            weakest = min(judged)
            found[claim] = order[weakest[0]], weakest[2]
    return found


def method(record: Mapping[str, Any]) -> str:
    """By which logit the record's gains were measured; gains by different ones are not comparable."""
    first = next(iter(record["partners"].values()))["provenance"]
    if "seeds" in first:
        return f"bent scores, every one of {first['seeds']} seeds the null once"
    return "linear scores, one null seed"


def best_rival(record: Mapping[str, Any], of: str = "several") -> str:
    """The partner without text that adds the most."""
    gains = partner_gains(record)[of]
    return str(gains[[name for name in COLLABORATIVE if name in gains.index]].idxmax())


def adds_most(record: Mapping[str, Any], of: str = "several", text: str = "projection") -> tuple[str, str]:
    """Whether a text adds more nats to the mean of seeds than every partner without text, and which decides.

    "holds" if it exceeds each of `COLLABORATIVE`, "does not hold" if it is below one of them, else
    "undecided", by the intervals of paired differences over users and trainings. Records that lack these
    compare the intervals of both gains, a conservative test. Where a partner was not measured, nothing holds.

    Args:
        of: "several", or "beyond" for what popularity does not say. text: the partner that reads it.
    """
    gains = partner_gains(record)
    missing = [name for name in COLLABORATIVE if name not in gains.index]
    rivals = gains.loc[[name for name in COLLABORATIVE if name in gains.index]]
    own, closest = gains.loc[text], best_rival(record, of)
    if "apart" in record:
        found = {
            name: Value(**one[of]) for name, one in record["apart"][text].items() if name in COLLABORATIVE
        }
        lows = {name: one.excess_low for name, one in found.items() if one.excess_low is not None}
        highs = {name: one.excess_high for name, one in found.items() if one.excess_high is not None}
        closest = min(lows, key=lambda name: lows[name])
        above, below = lows[closest] > 0, min(highs.values()) < 0
    else:
        above = own[f"{of}.low"] > rivals[f"{of}.high"].max()
        below = own[f"{of}.high"] < rivals[f"{of}.low"].max()
    if above and missing:
        return "undecided", f"{' and '.join(missing)} not measured"
    return "holds" if above else "does not hold" if below else "undecided", closest
