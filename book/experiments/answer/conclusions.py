"""What all verdicts come to, and how published gains fared here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from book.experiments.answer.lines import signed, with_ends
from book.experiments.answer.sentences import in_a_row
from book.experiments.generative import tables as generative
from book.experiments.matched import tables as matched
from book.experiments.pressure import over
from book.experiments.pressure import tables as pressure
from book.experiments.pressure.rows import BACKBONE
from book.experiments.sequences import tables as sequences
from book.experiments.sequences.rows import LEAVE
from semcomp.align import METHODS
from semcomp.study.matrix import Line
from semcomp.study.reservations import NOT_JUDGED

EVERYWHERE = "Holds wherever it was asked"
SOMEWHERE = "Holds on some data, is open on the rest"
DEPENDS = "Holds on some data, does not on other"
NOWHERE = "Does not hold anywhere"
NOT_SHOWN = "Does not hold on some data, is open on the rest"
OPEN = "Open: undecided wherever it was asked"
KINDS = (EVERYWHERE, SOMEWHERE, DEPENDS, NOWHERE, NOT_SHOWN, OPEN)


def kind(line: Line) -> str:
    """What the verdicts on a statement come to over the data sets."""
    words = {judged.verdict for judged in line.cells.values()} - {NOT_JUDGED}
    if "holds" in words:
        return EVERYWHERE if words == {"holds"} else DEPENDS if "does not hold" in words else SOMEWHERE
    if "does not hold" in words:
        return NOWHERE if words == {"does not hold"} else NOT_SHOWN
    return OPEN


def sorted_out(groups: Mapping[str, Sequence[Line]]) -> list[str | list[str]]:
    """Rows of a table: every statement with its data sets, under what its verdicts come to."""
    lines = [line for group in groups.values() for line in group if line.cells]
    rows: list[str | list[str]] = []
    for heading in KINDS:
        of = [line for line in lines if kind(line) == heading]
        rows += [heading, *([line.says, _where(line)] for line in of)] if of else []
    return rows


def _where(line: Line) -> str:
    words: dict[str, list[str]] = {}
    for name, judged in line.cells.items():
        words.setdefault(judged.verdict, []).append(name)
    if len(words) == 1:
        return in_a_row(*words.values())
    return "; ".join(f"{word}: {in_a_row(names)}" for word, names in words.items())


def published() -> list[list[str]]:
    """Rows of a table: the claim, by whom, the published gain, ours, whether ours reaches it, our verdict.

    Nobody's data, split and training are ours, so that a difference is no contradiction; a gain that is
    owed to the method should show up all the same.
    """
    of_matched = matched.answers(matched.records(), "recall")
    of_pressure = pressure.answers(pressure.records(), "ndcg")
    of_sequences = sequences.answers(sequences.records(), "recall")
    codes = next(iter(generative.records().values()))
    said = over.reported("ndcg")
    rows = [
        _row(
            "fusing beats aligning",
            "Wang et al. 2026",
            "+41.7 % Recall@20 on Movies",
            41.7,
            of_matched[of_matched["says"] == "fusion beats alignment"],
            "Recall@20",
        )
    ]
    for method in ("RLMRec-Con", "RLMRec-Gen"):
        gains = said["LightGCN", method]
        rows.append(
            _row(
                f"{method} improves LightGCN",
                "Ren et al. 2024",
                f"{signed(min(gains))} to {signed(max(gains))} NDCG@20 on three data sets",
                min(gains),
                of_pressure[(of_pressure["method"] == method) & (of_pressure["against"] == BACKBONE)],
                "NDCG@20",
            )
        )
    ace = of_sequences["says"].str.startswith("text and scale: ACE") & (of_sequences["split"] == LEAVE)
    rows.append(
        _row(
            "item vectors that start from ACE text improve SASRec",
            "Lee et al. 2026",
            "up to +12.4 % Recall@20",
            12.4,
            of_sequences[ace],
            "Recall@20",
        )
    )
    scores = generative.scores(codes)["ndcg"]
    rows.append(
        [
            "a model that writes the codes of texts beats SASRec",
            "Rajput et al. 2023",
            "+20.8 % NDCG@10 on Beauty (.0384, .0318)",
            f"{signed(100 * (scores['text codes'] / scores['SASRec'] - 1))} NDCG@20 on {codes['dataset']}",
            "no interval",
            f"{NOT_JUDGED} (one training)",
        ]
    )
    return rows


def _row(claim: str, source: str, number: str, size: float, found: pd.DataFrame, measure: str) -> list[str]:
    """A row of `published` from answers by data set; `size` is the least that was published, in per cent."""
    told, reaches, words = [], [], []
    for answer in found.to_dict("records"):
        value, low, high = _percent(answer)
        told.append(f"{with_ends(value, low, high)} {measure} on {answer['dataset']}")
        reaches.append("yes" if low <= size <= high else "no")
        words.append(f"{answer['verdict']} ({answer['seeds']} trainings)")
    return [claim, source, number, *("; ".join(of) or "not measured" for of in (told, reaches, words))]


def _percent(answer: Mapping[Any, Any]) -> tuple[float, float, float]:
    """The difference in per cent and the ends of its interval, of a value or of columns."""
    value = answer["percent"]
    if isinstance(value, float):
        return value, answer["low"], answer["high"]
    return value.value, value.excess_low, value.excess_high


def pulled_hardest(record: Mapping[str, Any]) -> list[float]:
    """What every method has at the largest weight of the sweep, in per cent of its backbone's NDCG@20."""
    swept = pressure.pressure(record)
    swept = swept[swept["method"].isin(METHODS)].sort_values("weight")
    return [float(list(of["percent"])[-1].value) for _, of in swept.groupby("method")]
