"""What the statistics say in planted worlds: how well they order partners, what they claim, with intervals.

**Order.** AUC is the chance that a statistic's excess over its null is larger for a text with a private part
than for another partner, over all pairs of worlds. Its interval is from resampling whole worlds, the same for
all statistics, so that differences between statistics are paired.

**Claims.** A statistic claims a partner where the 95 % interval of its excess lies above 0 (for `jaccard`:
below). If there were nothing in it, that would be so in 2.5 % of worlds. A partner of each kind occurs once a
world, and worlds are independent, so rates have exact binomial intervals (Clopper and Pearson 1934).

**Headline.** The rule: of the statistics whose rate of claims is shown to exceed 2.5 % for no partner that
lacks private information of the text, the one that claims the text most often. None, if there is no such
statistic.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from book.experiments.results import read
from book.experiments.separation.names import NAMES, RESULTS, RIVALS
from semcomp.study.separation import LOWER

NOMINAL = 0.025
RESAMPLES = 2000
Floats = NDArray[np.float64]


def rows() -> list[dict[str, Any]]:
    """One per world and partner."""
    return list(read(RESULTS / "worlds.json")["rows"])


def logit() -> str:
    """What the scores are to the logit that the worlds' gains were measured by."""
    return str(read(RESULTS / "worlds.json").get("logit", "linear scores"))


def excesses(statistic: str) -> pd.DataFrame:
    """Per world and partner: the `excess` over the null, and whether it is a `claim` (NaN: no interval)."""
    sign = -1.0 if statistic in LOWER else 1.0
    bound = "excess_high" if sign < 0 else "excess_low"
    found = []
    for row in rows():
        value = row["values"].get(statistic)
        if value is None or value["null"] is None:
            continue
        end = value[bound]
        claim = np.nan if end is None else float(sign * end > 0)
        world = tuple(row["world"].values())
        found.append((world, row["pair"], sign * (value["value"] - value["null"]), claim))
    frame = pd.DataFrame(found, columns=["world", "pair", "excess", "claim"])
    return frame.assign(world=pd.factorize(frame["world"])[0]) if len(frame) else frame


def auc_of(text: pd.DataFrame, others: pd.DataFrame, weights: Floats) -> Floats:
    """(R,) AUC where world w counts weights[r, w] times; NaN where either side has nothing."""
    worlds = weights.shape[1]
    above, pairs = np.zeros((worlds, worlds)), np.zeros((worlds, worlds))
    apart = np.sign(text["excess"].to_numpy()[:, None] - others["excess"].to_numpy())
    at = text["world"].to_numpy()[:, None], others["world"].to_numpy()[None]
    np.add.at(above, at, (apart + 1) / 2)
    np.add.at(pairs, at, 1.0)
    counted = np.einsum("rv,vw,rw->r", weights, pairs, weights, optimize=True)
    won = np.einsum("rv,vw,rw->r", weights, above, weights, optimize=True)
    return np.asarray(np.where(counted > 0, won / np.where(counted > 0, counted, 1.0), np.nan))


def auc_intervals(beside: str = "ensemble.information.gain", seed: int = 0) -> pd.DataFrame:
    """By statistic: the AUC of the text against all others with its interval, and the paired difference.

    Columns auc, low, high; less, less.low, less.high: the AUC of the statistic `beside` less that of the row.
    """
    worlds = len({tuple(row["world"].values()) for row in rows()})
    drawn = np.random.default_rng(seed).multinomial(worlds, np.full(worlds, 1 / worlds), RESAMPLES)
    weights = np.vstack([np.ones(worlds), drawn])
    found = {}
    for key in {beside: None, **NAMES}:
        frame = excesses(key)
        text = frame["pair"] == "text"
        found[key] = auc_of(frame[text], frame[~text], weights)
    table = {}
    for key, name in NAMES.items():
        low, high = np.nanquantile(found[key][1:], [0.025, 0.975])
        less = found[beside] - found[key]
        ends = np.nanquantile(less[1:], [0.025, 0.975])
        table[name] = [found[key][0], low, high, less[0], *ends]
    return pd.DataFrame.from_dict(
        table, orient="index", columns=["auc", "low", "high", "less", "less.low", "less.high"]
    )


def claim_rates() -> pd.DataFrame:
    """By statistic and partner (index): claims, worlds, rate, low and high; without intervals none."""
    found = {}
    for key, name in NAMES.items():
        frame = excesses(key).dropna(subset="claim")
        for pair, label in {"text": "text", **RIVALS}.items():
            claims = frame.loc[frame["pair"] == pair, "claim"]
            if len(claims):
                hits = int(claims.sum())
                ends = binomtest(hits, len(claims)).proportion_ci(0.95, method="exact")
                found[name, label] = [hits, len(claims), hits / len(claims), ends.low, ends.high]
    frame = pd.DataFrame.from_dict(found, orient="index", columns=["claims", "worlds", "rate", "low", "high"])
    frame.index = pd.MultiIndex.from_tuples(frame.index, names=["statistic", "partner"])
    return frame


def headline(rates: pd.DataFrame) -> str | None:
    """The statistic that the rule chooses, None where none passes."""
    wrong = rates[rates.index.get_level_values("partner") != "text"]
    worst = wrong["low"].groupby(level="statistic").max()
    passed = [name for name, low in worst.items() if low <= NOMINAL]
    power = rates["rate"].xs("text", level="partner").reindex(passed).dropna()
    return str(power.idxmax()) if len(power) else None


def adds_most(statistic: str = "ensemble.information.gain") -> dict[str, tuple[int, int]]:
    """In how many worlds with a text (redundant text) it adds the most of all partners, and of how many."""
    frame = excesses(statistic)
    first = frame.loc[frame.groupby("world")["excess"].idxmax()]
    return {
        pair: (int((first["pair"] == pair).sum()), int((frame["pair"] == pair).sum()))
        for pair in ("text", "redundant text")
    }
