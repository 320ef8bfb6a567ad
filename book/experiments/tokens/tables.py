"""What pages quote of the token experiments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import pandas as pd

from book.experiments.results import by_data_set, read
from book.experiments.tokens.measure import LEVELS, RESULTS
from semcomp.planted import World
from semcomp.planted.truth import draw_collaborative_again
from semcomp.tokens import ResidualKMeans, overlap

SHARED = (0.0, 0.25, 0.5, 0.75, 1.0)


def records(folder: Path = RESULTS) -> dict[str, dict[str, Any]]:
    """Results by data set, the fewest train pairs first."""
    return by_data_set(folder)


def by_level(record: Mapping[str, Any], size: int) -> pd.DataFrame:
    """A row per level: "tokens", means over seeds of "ami", "null", "again", "low" and "high"; their ranges.

    Ranges are "least" and "most" of "ami", "null least" and "null most" of the null.
    """
    lines = []
    of_size = [one["rows"] for one in record["overlap"] if one["size"] == size]
    for at in range(LEVELS):
        rows = [one[at] for one in of_size]
        line = {key: fmean(row[key] for row in rows) for key in ("ami", "null", "again", "low", "high")}
        line |= {"least": min(row["ami"] for row in rows), "most": max(row["ami"] for row in rows)}
        line |= {"null least": min(r["null"] for r in rows), "null most": max(r["null"] for r in rows)}
        lines.append({"tokens": rows[0]["tokens"], **line})
    return pd.DataFrame(lines)


def beside_neighbours(kept: Mapping[str, Mapping[str, Any]], size: int) -> pd.DataFrame:
    """A row per data set: level 1 by AMI, and neighbours; each with its seed null and their ratio."""
    lines = {}
    for name, record in kept.items():
        first = by_level(record, size).iloc[0]
        of_size = [one for one in record["overlap"] if one["size"] == size]
        near, null = (fmean(one[key] for one in of_size) for key in ("neighbours", "neighbours of seeds"))
        lines[name] = {
            "items": record["data"]["items"],
            "seeds": len(of_size),
            "AMI": first["ami"],
            "of two seeds": first["null"],
            "ratio": first["ami"] / first["null"],
            "neighbours": near,
            "neighbours of two seeds": null,
            "ratio of neighbours": near / null,
        }
    return pd.DataFrame(lines).T


def use_of_codes(kept: Mapping[str, Mapping[str, Any]], size: int) -> pd.DataFrame:
    """A row per data set and side: used, perplexity and R² by level, collisions; means over seeds."""
    lines = {}
    for name, record in kept.items():
        for side in ("text", "behaviour"):
            rows = [one[side] for one in record["overlap"] if one["size"] == size]
            lines[name, side] = _usage(rows)
    return pd.DataFrame(lines).T


def by_tokenizer(record: Mapping[str, Any]) -> pd.DataFrame:
    """A row per tokenizer of the text: usage, AMI of level 1 with both sides, seconds; means over seeds."""
    lines = {}
    for name in dict.fromkeys(one["name"] for one in record["tokenizers"]):
        rows = [one for one in record["tokenizers"] if one["name"] == name]
        shared = {f"AMI, {side}": fmean(row["ami"][side][0] for row in rows) for side in rows[0]["ami"]}
        seconds = fmean(row["seconds"] for row in rows)
        lines[name] = {**_usage(rows), **shared, "seconds": seconds, "seeds": len(rows)}
    return pd.DataFrame(lines).T


def dial(table: pd.DataFrame) -> dict[str, Any]:
    """Of `by_tokenizer`: RQ-VAE, and the weight of LETTER whose codes share most with behaviour."""
    rows = {str(name): dict(row) for name, row in table.iterrows()}
    letters = {
        name: row for name, row in rows.items() if name.removeprefix("LETTER ").replace(".", "").isdigit()
    }
    best = max(letters, key=lambda name: letters[name]["AMI, behaviour"])
    return {"weight": best.removeprefix("LETTER "), "none": rows["RQ-VAE"], "best": rows[best]}


def in_token_space(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """The rows of `language`, if they were measured."""
    path = folder / "language" / "ml-100k.json"
    return list(read(path)["rows"]) if path.is_file() else []


def in_planted_worlds(size: int, items: int = 1500, shared: Sequence[float] = SHARED) -> pd.DataFrame:
    """AMI of the first token by the part that text and behaviour share; the null is another draw."""
    lines = []
    for part in shared:
        world = World(users=20, items=items, dim=8, shared=part, noise=0.2, collaborative_noise=0.2)
        views, again = world.truth().views(), draw_collaborative_again(world, 1)
        model = ResidualKMeans(levels=1, size=size)
        codes = [model.fit(one).codes for one in (views["semantic"], views["collaborative"], again)]
        told = overlap(codes[0], codes[1], null=codes[2])["1"]
        lines.append({"shared": part, **{key: told[key] for key in ("ami", "null", "low", "high")}})
    return pd.DataFrame(lines)


def _usage(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    line: dict[str, float] = {}
    for at in range(LEVELS):
        line |= {
            f"{key} {at + 1}": fmean(row[key][at] for row in rows) for key in ("used", "perplexity", "r2")
        }
    return line | {"collisions": fmean(row["collisions"] for row in rows)}
