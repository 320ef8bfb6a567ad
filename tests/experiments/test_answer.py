"""The first page: verdicts are those of the pages that it links to, and its sentences follow from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from book.experiments.answer import figures, lines, picture, sentences
from book.experiments.fusion.rows import FUSION, QUESTIONS
from book.experiments.fusion.summary import made_of, summary
from book.experiments.mapping import tables as mapping
from book.experiments.matched import tables as matched
from book.experiments.matched.measure import USUAL
from book.experiments.pressure.rows import BACKBONE, SUM
from semcomp.core.evidence import Value
from semcomp.study.matrix import MARKS, Line
from semcomp.study.reservations import NOT_JUDGED

BOOK = Path(__file__).parents[2] / "book"


@pytest.fixture(scope="module")
def shown() -> dict[str, list[Line]]:
    return lines.groups()


def verdicts(group: list[Line], says: str) -> dict[str, str]:
    (line,) = (one for one in group if one.says == says)
    return {name: one.verdict for name, one in line.cells.items()}


def test_every_verdict_is_one_of_four_and_every_page_exists(shown):
    for group in shown.values():
        assert group
        for line in group:
            assert line.cells, line.says
            assert {one.verdict for one in line.cells.values()} <= set(MARKS)
            folder, name = line.page.split("/")
            assert folder == "measured"
            source = (BOOK / name.replace(".html", ".md")).read_text("utf8")
            assert f"# {line.title}\n" in source
    every = [line.says for group in shown.values() for line in group]
    assert len(every) == len(set(every))


def test_verdicts_are_those_of_their_pages(shown):
    fused = summary()["answers ndcg"]
    for _, _, says in QUESTIONS:
        asked = fused[(fused["says"] == says) & (fused["split"] == USUAL)]
        told = says.replace("the fusion", "the closed-form fusion")
        told = told[:1].upper() + told[1:]
        assert verdicts(shown[lines.FUSING], told) == dict(
            zip(asked["dataset"], asked["verdict"], strict=True)
        )
    trained = matched.answers(matched.records(), "ndcg")
    asked = trained[trained["says"] == "alignment helps its own backbone"]
    found = verdicts(shown[lines.ALIGNED], "Alignment helps its own backbone")
    assert found == dict(zip(asked["dataset"], asked["verdict"], strict=True))
    for name, pieces in mapping.having(mapping.records(), "hypothesis").items():
        for part, one in pieces[lines.SOURCE]["parts"].items():
            (line,) = (x for x in shown[lines.SHARED] if x.says.lower().startswith(f"{part}:"))
            assert line.cells[name].verdict == one["verdict"]


def percent(value: float) -> Value:
    return Value(value, null=0.0, excess_low=value - 1, excess_high=value + 1)


def test_fusing_is_told_by_verdict():
    rows = [
        ("toys", 3.0, "holds"),
        ("books", -1.5, "undecided"),
        ("games", 2.0, "holds"),
        ("old", 0.0, "holds"),
    ]
    frame = pd.DataFrame(
        [
            {
                "dataset": name,
                "percent": percent(value),
                "verdict": word,
                "says": QUESTIONS[0][2],
                "split": "random-2021" if name == "old" else USUAL,
            }
            for name, value, word in rows
        ]
    )
    assert sentences.fusing(frame) == (
        "is a gain on toys (+3.0 %) and games (+2.0 %) and is undecided on books (−1.5 %)"
    )


def test_aligning_is_counted():
    words = {"KAR": NOT_JUDGED, "DaRec": "undecided", "regression": "does not hold"}
    rows = [
        {"method": name, "against": rival, "verdict": word}
        for name, word in words.items()
        for rival in (BACKBONE, SUM)
    ]
    rows += [{"method": SUM, "against": BACKBONE, "verdict": "holds"}]  # no method of alignment
    told = sentences.aligning(pd.DataFrame(rows))
    assert told["helps"] == "none of 3 (1 shown not to, 1 undecided, 1 of fewer than three trainings)"
    rows[0]["verdict"] = "holds"
    assert sentences.aligning(pd.DataFrame(rows))["helps"].startswith("1 of 3 (1 shown not to, 1 undecided)")


def test_one_method_that_does_is_some_method():
    def word(*said: str) -> str:
        rows = [{"method": "KAR", "percent": percent(1.0), "verdict": one} for one in said]
        return lines._any(pd.DataFrame(rows)).verdict

    assert word("undecided", "holds", NOT_JUDGED) == "holds"
    assert word("does not hold", "does not hold") == "does not hold"
    assert word("does not hold", NOT_JUDGED) == word("does not hold", "undecided") == "undecided"
    assert word(NOT_JUDGED, NOT_JUDGED) == NOT_JUDGED


def test_words_in_a_row():
    assert [sentences.in_a_row(list(words)) for words in ("a", "ab", "abc")] == ["a", "a and b", "a, b and c"]


def test_the_picture_has_a_mark_for_every_row_of_every_data_set():
    table = pd.DataFrame(
        [
            {"dataset": name, "row": row, "percent": replace(percent(2.0), value=2.0 + at)}
            for at, name in enumerate(("toys", "books"))
            for row in (FUSION, "EASE")
        ]
    )
    axes = figures.in_per_cent(table).axes[0]
    dots = [line for line in axes.lines if line.get_marker() not in ("", "None")]
    assert sorted(float(line.get_xdata()[0]) for line in dots) == [2.0, 2.0, 3.0, 3.0]
    assert [one.get_text() for one in axes.get_yticklabels()] == ["books", "toys"]


def test_the_readme_says_and_shows_what_is_measured():
    readme = (BOOK.parent / "README.md").read_text("utf8")
    assert sentences.fusing(summary()["answers ndcg"]) in readme
    assert picture.PICTURE.relative_to(BOOK.parent).as_posix() in readme
    remedy = "draw it again: python -m book.experiments.answer.picture"
    assert made_of() in picture.PICTURE.read_text("utf8"), remedy


def test_the_same_results_give_the_same_picture(tmp_path):
    for name in ("a", "b"):
        picture.draw(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
