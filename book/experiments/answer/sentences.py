"""The answer in two sentences, put together from verdicts: it changes when they do."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from book.experiments.answer.lines import signed
from book.experiments.fusion.rows import QUESTIONS
from book.experiments.matched.measure import USUAL
from book.experiments.pressure.rows import BACKBONE, SUM
from semcomp.align import METHODS
from semcomp.study.reservations import NOT_JUDGED

GAIN = {
    "holds": "is a gain on {}",
    "undecided": "is undecided on {}",
    "does not hold": "is no gain worth having on {}",
}
OTHERWISE = {
    "does not hold": "shown not to",
    "undecided": "undecided",
    NOT_JUDGED: "of fewer than three trainings",
}


def fusing(answers: pd.DataFrame) -> str:
    """What the text brings to the closed-form fusion, by verdict and data set; of its "answers ndcg"."""
    asked = answers[(answers["says"] == QUESTIONS[0][2]) & (answers["split"] == USUAL)]
    told = []
    for verdict, words in GAIN.items():
        of = asked[asked["verdict"] == verdict]
        if len(of):
            rows = of.to_dict("records")
            each = [f"{one['dataset']} ({signed(one['percent'].value)})" for one in rows]
            told.append(words.format(in_a_row(each)))
    return in_a_row(told)


def aligning(answers: pd.DataFrame) -> dict[str, str]:
    """How many methods are shown to help, and to beat the sum: "helps" and "beats", of page 18's answers."""
    of_methods = answers[answers["method"].isin(METHODS)]
    found = {}
    for name, rival in (("helps", BACKBONE), ("beats", SUM)):
        said = list(of_methods[of_methods["against"] == rival]["verdict"])
        others = [f"{said.count(word)} {words}" for word, words in OTHERWISE.items() if word in said]
        found[name] = f"{said.count('holds') or 'none'} of {len(said)}"
        found[name] += f" ({', '.join(others)})" if others else ""
    return found


def in_a_row(words: Sequence[str]) -> str:
    """ "a, b and c"."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last
