"""What can be mapped from text to collaborative vectors and what is private to each, as tables for page 11.

`measure` keeps one file per data set, which grows piece by piece. Everything here copes with data sets or
pieces that are missing: tables then have an empty cell or a column less, and `gaps` says which. Maps have a
module of their own, `maps`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from book.experiments.results import by_data_set
from semcomp.core.evidence import Evidence, Value

RESULTS = Path(__file__).parent / "results"
Record = Mapping[str, Any]
Records = Mapping[str, Record]

#: Pieces of a file, in words, in the order of the page.
PIECES = {
    "geometry": "geometry of four pairs",
    "probes": "maps on every holdout",
    "targets": "other forms of the target",
    "published": "the published recipe",
    "curves": "curves in rank and items",
    "cold": "maps onto cold items",
    "parts": "shared and private parts",
    "hypothesis": "the alignment hypothesis",
    "variants": "another model, another encoder",
}
SOURCES = ("raw text", "ACE", "projection")
SEED = "another seed"
STRATA = ("cold", "mid", "hot")
#: How a space is filled, and how its neighbour lists are: key of `geometry` less its side -> in words.
SPACE = {
    "mean_cosine": "mean cosine",
    "isoscore": "IsoScore",
    "effective_rank": "effective rank",
    "hub.skewness": "hubness",
    "hub.never_found": "in no list",
    "hub.popularity": "hubs and popularity",
}
#: Parts of a view that rank alone or are taken out, in words.
RANKINGS = {
    "full": "whole view",
    "joint": "joint part",
    "private": "private part",
    "without_joint": "without joint",
    "without_private": "without private",
}
VIEWS = ("collaborative", "semantic")
#: What is told of a variant's parts: in words -> the statement of `read_decomposition`.
ADDS = {
    "its private part adds to the text": "the collaborative private part adds to the semantic view",
    "the text's adds to it": "the semantic private part adds to the collaborative view",
}
NO_BREAK = "\N{NO-BREAK SPACE}"


def records() -> Records:
    """What `measure` kept, by data set, the fewest train pairs first; empty if nothing is."""
    return by_data_set(RESULTS)


def having(kept: Records, piece: str) -> dict[str, Any]:
    """A piece by data set, of those that have it as the page reads it."""
    return {name: one["pieces"][piece] for name, one in kept.items() if _readable(one, piece)}


def _readable(record: Record, piece: str) -> bool:
    """Whether a file has a piece. Parts that were added up at weights that nobody picked are not read."""
    found = record["pieces"].get(piece)
    if piece != "parts" or found is None:
        return found is not None
    return all("weights" in one["provenance"] for one in found.values())


def gaps(kept: Records) -> list[str]:
    """The pieces that are not measured as the page reads them, "books: cold, parts"; empty for none."""
    found = {name: [piece for piece in PIECES if not _readable(one, piece)] for name, one in kept.items()}
    return [f"{name}: {', '.join(pieces)}" for name, pieces in found.items() if pieces]


def seconds(kept: Records) -> pd.DataFrame:
    """Seconds of each piece, a column per data set."""
    rows = {
        words: {name: one["seconds"].get(piece) for name, one in kept.items()}
        for piece, words in PIECES.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(kept)).astype(float)


def cell(value: Value, ceiling: float | None = None, digits: int = 3) -> str:
    """A value with, in brackets, its null and that of another seed, as far as known: "0.08 (0.00; 0.72)"."""

    def written(one: float | None) -> str:
        text = "–" if one is None else f"{one:.{digits}f}"
        return text.removeprefix("-") if not text.strip("-0.") else text

    if value.null is None and ceiling is None:
        return written(value.value)
    beside = written(value.null) if ceiling is None else f"{written(value.null)}; {written(ceiling)}"
    return f"{written(value.value)} ({beside.replace(' ', NO_BREAK)})"


def filled(frame: pd.DataFrame) -> pd.DataFrame:
    """A table of words with "" where there is none."""
    words = frame.astype(object)
    return words.where(words.notna(), "")


def tally(said: Iterable[str], word: str = "holds") -> str:
    """On how many of the data sets that were asked a verdict was given: "3 of 5"."""
    words = list(said)
    return f"{words.count(word)} of {len(words)}"


def extremes(values: Iterable[float | None]) -> tuple[float, float]:
    """The smallest and the largest of what there is; NaN of nothing."""
    found = [one for one in values if one is not None]
    return (min(found), max(found)) if found else (float("nan"), float("nan"))


# --- geometry


def pairs(kept: Records) -> dict[str, dict[str, Evidence]]:
    """Evidence of `geometry`, by data set and by what is compared with LightGCN."""
    return {
        name: {pair: Evidence.from_dict(one) for pair, one in found.items()}
        for name, found in having(kept, "geometry").items()
    }


def agreements(kept: Records, key: str, above: bool = False) -> dict[str, dict[str, Value]]:
    """A value of `geometry` by data set and pair; `above`: less its null, which is then not there."""
    return {
        name: {
            pair: _above(one.values[key]) if above else one.values[key]
            for pair, one in found.items()
            if key in one.values
        }
        for name, found in pairs(kept).items()
    }


def by_stratum(kept: Records, key: str) -> dict[str, dict[str, dict[str, Value]]]:
    """The same of the items of each stratum, by data set, pair and stratum, of the pairs that have any."""
    inside = {stratum: agreements(kept, f"{key}.{stratum}") for stratum in STRATA}
    return {
        name: {
            pair: {
                stratum: inside[stratum][name][pair] for stratum in STRATA if pair in inside[stratum][name]
            }
            for pair in found
        }
        for name, found in pairs(kept).items()
    }


def _above(value: Value) -> Value:
    if value.null is None:
        return value
    return Value(value.value - value.null, value.excess_low, value.excess_high, n=value.n)


def spaces(kept: Records) -> pd.DataFrame:
    """One row per data set and space, values in words: `cell` of what is in `SPACE`."""
    rows = {}
    for name, found in pairs(kept).items():
        sides = {source: (found[source], "a") for source in SOURCES if source in found}
        if found:
            sides["LightGCN"] = next(iter(found.values())), "b"
        for space, (one, side) in sides.items():
            values = {words: one.values.get(f"{side}.{key}") for key, words in SPACE.items()}
            rows[f"{name}, {space}"] = {
                words: "" if value is None else cell(value, digits=2 if value.value < 10 else 0)
                for words, value in values.items()
            }
    return pd.DataFrame.from_dict(rows, orient="index")


# --- parts


def parts(kept: Records, which: str) -> dict[str, Evidence]:
    """Evidence of `decompose` by data set; `which` as "projection, inter-battery"."""
    return {
        name: Evidence.from_dict(found[which])
        for name, found in having(kept, "parts").items()
        if which in found
    }


def readings(kept: Records, which: str) -> pd.DataFrame:
    """One row per statement, a column per data set: its verdict there, adjusted over those of a data set."""
    found = {
        name: pieces[which]["readings"] for name, pieces in having(kept, "parts").items() if which in pieces
    }
    return filled(pd.DataFrame(found))


def shuffles(kept: Records) -> str:
    """Of how many shuffles the null of the parts is the mean: "20 on toys; 1 on books, movies"."""
    by_number: dict[int, list[str]] = {}
    for name, found in having(kept, "parts").items():
        number = min((one["provenance"].get("shuffles", 1) for one in found.values()), default=1)
        by_number.setdefault(number, []).append(name)
    return "; ".join(f"{number} on {', '.join(by_number[number])}" for number in sorted(by_number)[::-1])


def unlike(kept: Records, which: str, other: str) -> list[str]:
    """Statements on which two decompositions differ, "books: the views share …"; of those that both have."""
    one, two = readings(kept, which), readings(kept, other)
    common = [(name, says) for name in one.columns.intersection(two.columns) for says in one.index]
    return [
        f"{name}: {says}"
        for name, says in common
        if says in two.index and _differ(one.loc[says, name], two.loc[says, name])
    ]


def _differ(one: str, two: str) -> bool:
    """Whether both are there and differ in the verdict, which comes before the comma."""
    return bool(one and two) and one.partition(",")[0] != two.partition(",")[0]


def shares(kept: Records, which: str) -> pd.DataFrame:
    """One row per data set and view: dimensions, shares of variance, and what a second seed repeats.

    In brackets the same of items paired at random.
    """
    keys = {
        "shared at least": "share.{}.shared_least",
        "at most": "share.{}.shared_most",
        "private": "share.{}.private",
        "repeated": "share.{}.private_reliable",
        "R² of view": "reliable.{}.full",
        "of joint": "reliable.{}.joint",
    }
    rows = {}
    for name, evidence in parts(kept, which).items():
        for view in VIEWS:
            values = {words: evidence.values.get(key.format(view)) for words, key in keys.items()}
            counts = {"above chance": "dimension", "strong": "dimension.strong"}
            rows[f"{name}, {view}"] = {
                words: cell(evidence[key], digits=0) for words, key in counts.items()
            } | {words: "" if value is None else cell(value, digits=2) for words, value in values.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def rankings(kept: Records, which: str, view: str) -> dict[str, dict[str, Value]]:
    """Recall by parts of a view, by data set and part."""
    return {
        name: {
            words: evidence.values[f"recall.{view}.{key}"]
            for key, words in RANKINGS.items()
            if f"recall.{view}.{key}" in evidence.values
        }
        for name, evidence in parts(kept, which).items()
    }


# --- the hypothesis


def hypotheses(kept: Records) -> pd.DataFrame:
    """One row per data set and source, a column per part of the hypothesis: verdict, loss, loss allowed."""
    rows = {}
    for name, found in having(kept, "hypothesis").items():
        for source, one in found.items():
            rows[f"{name}, {source}"] = {
                part: f"{about['verdict']} ({about['lost']:.2f}{NO_BREAK}of{NO_BREAK}{about['allowed']:.2f})"
                for part, about in one["parts"].items()
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def variants(kept: Records) -> pd.DataFrame:
    """One row per data set and variant: R² of ridge (floor; other seed), and verdicts in a word each."""
    rows = {}
    for name, found in having(kept, "variants").items():
        for variant, one in found.items():
            (r2,) = one["ridge"]
            parts = one["hypothesis"]["parts"]
            said = {says: word.partition(",")[0] for says, word in one["parts"]["readings"].items()}
            rows[f"{name}, {variant}"] = {
                "R² of ridge": f"{r2['value']:.3f} ({r2['null']:.3f}; {r2['ceiling']:.3f})",
                "the alignment hypothesis": one["hypothesis"]["verdict"],
                "its parts that hold": ", ".join(part for part in parts if parts[part]["verdict"] == "holds")
                or "none",
                **{words: said.get(says, "") for words, says in ADDS.items()},
            }
    return pd.DataFrame.from_dict(rows, orient="index")


def paths(kept: Records) -> dict[str, dict[str, pd.DataFrame]]:
    """Recall along the path from an item's own vector to its mapped one, by data set and source."""
    panels: dict[str, dict[str, pd.DataFrame]] = {}
    for name, found in having(kept, "hypothesis").items():
        for source, one in found.items():
            frame = pd.DataFrame(one["path"])
            panels.setdefault(name, {})[source] = frame[frame["path"] == "text"]
            panels[name][SEED] = frame[frame["path"] == "other seed"]
    return panels
