"""The statements of pages 10, 11, 15, 16 and 18 as lines of one matrix.

Nothing is judged here: a verdict, its family and its null belong to the page that a line links to, and are
read from the function that this page calls.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from book.experiments.fusion.rows import QUESTIONS as OF_FUSION
from book.experiments.fusion.summary import summary
from book.experiments.mapping import maps
from book.experiments.mapping import tables as mapping
from book.experiments.matched import tables as matched
from book.experiments.matched.measure import USUAL
from book.experiments.pressure import tables as pressure
from book.experiments.pressure.rows import AGAINST, LIMIT
from book.experiments.pressure.rows import QUESTIONS as OF_PRESSURE
from book.experiments.separation import tables as separation
from semcomp.align import METHODS
from semcomp.core.evidence import Value
from semcomp.core.tables import p_value
from semcomp.evidence.hypothesis.losses import CLAIMS as OF_HYPOTHESIS
from semcomp.study.matrix import Judged, Line
from semcomp.study.reservations import NOT_JUDGED

SOURCE, DECOMPOSED = "raw text", "projection, inter-battery"  # page 11's own defaults
SEPARATES = ("measured/10_what_separates.html", "What separates a view from a seed")
MAPPED = ("measured/11_mapped_and_private.html", "Mapped and private, over data sets")
MATCHED = ("measured/15_matched.html", "Fusion against alignment, factor by factor")
FUSED = ("measured/16_closed_form_fusion.html", "Fusion in closed form")
PRESSED = ("measured/18_alignment_under_pressure.html", "Alignment under pressure")

SHARED = "Are the views one, or shared plus private?"
ALIGNED = "Does aligning help?"
FUSING = "Does fusing help, and is it the text?"


def groups() -> dict[str, list[Line]]:
    """All lines under the three questions of the book."""
    return {
        SHARED: [*of_hypothesis(), *of_parts(), *of_lists()],
        ALIGNED: [*of_matched(("aligned",)), *of_pressure()],
        FUSING: [*of_matched(("fusion",)), *of_fusion()],
    }


def of_hypothesis() -> list[Line]:
    """The five parts of the alignment hypothesis for the raw text."""
    found = {
        name: one[SOURCE]["parts"]
        for name, one in mapping.having(mapping.records(), "hypothesis").items()
        if SOURCE in one
    }
    note = (
        "Null: another seed of LightGCN, mapped in the same way; a tenth of the scale is allowed. "
        "The paper rejects the hypothesis by a low R², with neither a ceiling nor a margin."
    )
    return [
        Line(
            f"{_capital(part)}: {claim.says}",
            {
                name: Judged(
                    parts[part]["verdict"],
                    f"loss {parts[part]['lost']:.2f}, allowed {parts[part]['allowed']:.2f}",
                )
                for name, parts in found.items()
                if part in parts
            },
            note,
            *MAPPED,
        )
        for part, claim in OF_HYPOTHESIS.items()
    ]


def of_parts() -> list[Line]:
    """Whether private parts are more than noise, and what each view adds to the other."""
    said = mapping.readings(mapping.records(), DECOMPOSED)
    flexible = {
        name: Judged(word, f"best: {kind}")
        for name, (word, kind) in maps.more_than_ridge(mapping.records(), SOURCE).items()
    }
    note = "Null: the part's rows shuffled. The paper calls private parts predictive and does not measure it."
    lines = [
        Line(_capital(says), _in_words(said.loc[says]), note, *MAPPED)
        for says in said.index
        if says.startswith(
            (
                "a second seed predicts",
                "the collaborative private part adds to the semantic view",
                "the semantic private part adds to the collaborative view",
            )
        )
    ]
    beside = "Beside: ridge on the same items. The paper: R² −0.495 for three hidden layers."
    return [*lines, Line("A flexible map explains more than a linear one", flexible, beside, *MAPPED)]


def of_lists() -> list[Line]:
    """What the text adds that no model without text adds."""
    kept = separation.records()
    against = {name: separation.against_every_null(one) for name, one in kept.items()}
    says = {
        "larger union gain": "The union of both lists gains more with the text than with every null",
        "larger gain of CombSUM": "Adding the scores gains more with the text than with every null",
    }
    lines = [
        Line(
            sentence,
            {
                name: Judged(found[claim][0], f"decided by: {found[claim][1]}")
                for name, found in against.items()
                if claim in found
            },
            "Nulls: seeds, widths, other models, popular, random and shuffled lists. The paper has none.",
            *SEPARATES,
        )
        for claim, sentence in says.items()
    ]
    most = {name: separation.adds_most(one) for name, one in kept.items()}
    adds = {name: Judged(word, f"decided by: {rival}") for name, (word, rival) in most.items()}
    return [
        *lines,
        Line(
            "The text adds more log-likelihood to LightGCN than every model without text",
            adds,
            "Beside: EASE, item-kNN, popularity and five more. Not asked in the paper.",
            *SEPARATES,
        ),
    ]


def of_matched(asking: tuple[str, ...]) -> list[Line]:
    """Trained models of equal width, loss, negatives and trials: questions whose first model is given."""
    answers = matched.answers(matched.records(), "ndcg")
    answers = answers[answers["pair"].str.partition(" − ")[0].isin(asking)]
    note = "NDCG@20, equal width, loss, negatives and trials. The paper: +41.7 % Recall@20 on Movies."
    return [
        Line(f"Trained jointly: {says}" if asking == ("fusion",) else _capital(says), cells, note, *MATCHED)
        for says, cells in _answered(answers).items()
    ]


def of_pressure() -> list[Line]:
    """The sum of both models, and whether any method of alignment does what is asked of all."""
    answers = pressure.answers(pressure.records(), "ndcg")
    note = "NDCG@20 at the weight that validation picks, everything else as in the backbone, LightGCN."
    sums = _answered(answers[answers["says"].isin([says for one, _, says in OF_PRESSURE if one != LIMIT])])
    lines = [Line(_capital(says), cells, note, *PRESSED) for says, cells in sums.items()]
    for rival, says in AGAINST:
        of_rival = answers[(answers["against"] == rival) & answers["method"].isin(METHODS)]
        cells = {str(name): _any(of) for name, of in of_rival.groupby("dataset", sort=False)}
        lines.append(Line(f"Some method of {len(METHODS)}: {says}", cells, note, *PRESSED))
    return lines


def _any(answers: pd.DataFrame) -> Judged:
    """Of answers of one family: holds where one does; does not hold where none of all that are there does.

    Holm's correction over the family covers the best of them.
    """
    said = list(answers["verdict"])
    word = "undecided"
    if "holds" in said:
        word = "holds"
    elif set(said) <= {"does not hold"}:
        word = "does not hold"
    elif set(said) <= {NOT_JUDGED}:
        word = NOT_JUDGED
    each = [
        f"{row['method']} {_with_interval(row['percent'])} {row['verdict']}"
        for row in answers.to_dict("records")
    ]
    return Judged(word, "; ".join(each))


def of_fusion() -> list[Line]:
    """Models in closed form that read the text, and their controls."""
    answers = summary()["answers ndcg"]
    order = [says for _, _, says in OF_FUSION]
    found = _answered(answers[answers["split"] == USUAL])
    note = (
        "NDCG@20, weights and settings picked on validation. The fusion is CEASE, EASE-text, iALS and GF-CF."
    )
    return [
        Line(_capital(says.replace("the fusion", "the closed-form fusion")), found[says], note, *FUSED)
        for says in order
        if says in found
    ]


def _answered(answers: pd.DataFrame) -> dict[str, dict[str, Judged]]:
    """By statement and data set, from a table with the columns says, dataset, percent, p and verdict."""
    found: dict[str, dict[str, Judged]] = {}
    for row in answers.to_dict("records"):
        detail = f"{_with_interval(row['percent'])}, p (Holm) {p_value(row['p'])}, {_trainings(row['seeds'])}"
        found.setdefault(row["says"], {})[row["dataset"]] = Judged(row["verdict"], detail)
    return found


def _in_words(row: Mapping[Any, Any] | pd.Series) -> dict[str, Judged]:
    """From "undecided, would need …" by data set."""
    told = {str(name): str(words).partition(", ") for name, words in row.items() if words}
    return {
        name: Judged(word, more or "an interval beyond the null") for name, (word, _, more) in told.items()
    }


def _with_interval(percent: Value) -> str:
    assert percent.excess_low is not None
    assert percent.excess_high is not None
    return with_ends(percent.value, percent.excess_low, percent.excess_high)


def with_ends(percent: float, low: float, high: float) -> str:
    """A difference and its interval: "−1.5 % (−3.0 to +0.1)"."""
    ends = f"{low:+.1f} to {high:+.1f}".replace("-", "−")
    return f"{signed(percent)} ({ends})"


def signed(percent: float) -> str:
    """With a sign, and a real minus: "−1.5 %"."""
    return f"{percent:+.1f} %".replace("-", "−")


def _trainings(seeds: int) -> str:
    return "one training" if seeds == 1 else f"{seeds} trainings"


def _capital(says: str) -> str:
    return says[:1].upper() + says[1:]
