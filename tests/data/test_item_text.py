"""Templates: what they read, what they leave out, and what they refuse."""

from __future__ import annotations

import contextlib
import datetime
import re

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from semcomp.data.item_text import SEPARATORS, Template, as_strings, default_template
from semcomp.errors import SemcompError

FILMS = "{title}[ ({year})][. {genres}]"


def render(template: str, **row: object) -> str:
    """The text of one item."""
    table = pl.DataFrame({column: [value] for column, value in row.items()}, strict=False)
    return Template.parse(template).render(table)[0]


@pytest.mark.parametrize(
    ("columns", "template"),
    [
        (["item_id", "title"], "{title}"),
        (["genres", "year", "title", "brand"], FILMS),
        (["title", "categories"], "{title}[. {categories}]"),
        (["year", "genres"], "[({year})][. {genres}]"),
        (["item_id", "brand"], ""),
    ],
)
def test_the_default_template_takes_the_usual_columns_at_hand(columns, template):
    assert default_template(columns) == template
    if template:
        assert Template.parse(template).text == str(Template.parse(template)) == template


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"title": "Heat", "year": 1995, "genres": "Crime"}, "Heat (1995). Crime"),
        ({"title": "Heat", "year": None, "genres": "Crime"}, "Heat. Crime"),
        ({"title": "Heat", "year": 1995, "genres": ""}, "Heat (1995)"),
        (
            {"title": " Heat ", "year": 1995.0, "genres": ["Crime", None, " ", "Drama"]},
            "Heat (1995). Crime, Drama",
        ),
        ({"title": None, "year": 1995, "genres": "Crime"}, "(1995). Crime"),
        ({"title": "", "year": None, "genres": "Crime"}, "Crime"),
        ({"title": "", "year": -1, "genres": []}, ""),
        (
            {"title": "Two  blanks\nand a line", "year": "1995", "genres": None},
            "Two  blanks\nand a line (1995)",
        ),
        ({"title": "Heat", "year": "1995.0", "genres": None}, "Heat (1995)"),
        ({"title": "Heat", "year": "the nineties", "genres": None}, "Heat"),
        ({"title": "Heat", "year": 0, "genres": None}, "Heat"),
        ({"title": "Heat", "year": 1995.5, "genres": None}, "Heat"),
    ],
)
def test_films(row, text):
    assert render(FILMS, **row) == text


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{a}", "A"),
        ("{a} by {b}.", "A by B."),
        ("{a} {none} {b}", "A B"),  # white space does not double
        ("{none} {a}", "A"),
        ("{a}[ ({none})] {b}", "A B"),
        ("{a}[, {none} {b}]", "A"),  # one empty field is enough to leave a group out
        ("[{none}: ]{a}", "A"),
        ("[{none}][. {a}][. {b}]", "A. B"),  # nothing to separate from yet
        ("[{none}] - [{a}]", "- A"),  # literals outside groups stay
        ("Item:[ {none}][ – {a}]", "Item: A"),
        ("Item: [. {a}]", "Item: A"),
        ("{{{a}}} [[{b}]]", "{A} [B]"),
        ("{a}[ [[{b}]]]", "A [B]"),
        ("about {none}", ""),  # no field, no text
        ("[{none}!]", ""),
        ("{a}{a}", "AA"),
        ("{two words}", "W"),
    ],
)
def test_small_templates(template, text):
    assert render(template, **{"a": "A", "b": "B", "none": None, "two words": "W"}) == text


fields = st.sampled_from(["", "", "x", "two  words", "é"])
literals = st.text(st.sampled_from(" .,:(x–"), max_size=3)


def by_hand(groups: list[tuple[bool, str, str, str]], values: dict[str, str]) -> str:
    """The rules of the docstring, one row at a time, for groups (optional, literal, field, literal)."""
    text, filled = "", False

    def glued(literal: str) -> str:
        return literal.lstrip() if not text or text[-1].isspace() else literal

    for optional, before, field, after in groups:
        value = values[field]
        if optional and not value:
            continue
        if optional and not filled:
            bare = before.lstrip(SEPARATORS)
            before = (" " if " " in before[: len(before) - len(bare)] else "") + bare
        text += glued(before)
        text += value
        text += glued(after)
        filled = filled or bool(value)
    return text.strip() if filled else ""


@given(
    st.lists(st.tuples(st.booleans(), literals, st.sampled_from("abc"), literals), min_size=1, max_size=4),
    st.lists(st.fixed_dictionaries({"a": fields, "b": fields, "c": fields}), min_size=1, max_size=5),
)
@example([(True, ". ", "a", "")], [{"a": "x", "b": "", "c": ""}])
@settings(max_examples=150, deadline=None)
def test_against_one_row_at_a_time(groups, rows):
    written = "".join(
        f"[{before}{{{field}}}{after}]" if optional else f"{before}{{{field}}}{after}"
        for optional, before, field, after in groups
    )
    merged = list(groups)  # outside groups, neighbouring literals are one
    for i in range(len(merged) - 1):
        (optional, before, field, after), (then, head, *rest) = merged[i], merged[i + 1]
        if not optional and not then:
            merged[i], merged[i + 1] = (optional, before, field, ""), (then, after + head, *rest)
    found = Template.parse(written).render(pl.DataFrame(rows)).to_list()
    assert found == [by_hand(merged, row) for row in rows]


def test_columns_are_named_once_in_order():
    assert Template.parse("{b}[ {a}] {b}").columns == ("b", "a")


def test_no_rows_give_no_texts():
    empty = pl.DataFrame({"title": []}, schema={"title": pl.String})
    assert Template.parse("{title}").render(empty).to_list() == []


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([1.0, 2.5, float("nan"), None], ["1", "2.5", "", ""]),
        ([7, None], ["7", ""]),
        ([["a", None, " ", " b "], None, []], ["a, b", "", ""]),
        ([[["a", "b"], ["c"]], [[]], None], ["a, b, c", "", ""]),
        ([[1.0, 2.5], None], ["1, 2.5", ""]),
        ([datetime.date(1995, 12, 15), None], ["1995-12-15", ""]),
        ([None, None], ["", ""]),
        ([1e300], ["1e+300"]),
    ],
)
def test_values_as_strings(values, texts):
    assert as_strings(pl.DataFrame({"v": values}), "v").to_list() == texts


def test_arrays_and_categories_are_text_too():
    table = pl.DataFrame(
        {"a": [["x", "y"]], "c": ["z"]}, schema={"a": pl.Array(pl.String, 2), "c": pl.Categorical}
    )
    assert (as_strings(table, "a")[0], as_strings(table, "c")[0]) == ("x, y", "z")


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}], b"\xff"], ids=str)
def test_values_that_are_no_text_are_refused(value):
    with pytest.raises(SemcompError, match=r"column 'v' of the items is .*; a template reads text"):
        render("{v}", v=value)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("", "has no field"),
        ("title", "has no field"),
        ("{{title}}", "has no field"),
        ("{title", "'{' without its partner at character 1"),
        ("title}", "'}' without its partner at character 6"),
        ("[{title}", "'[' without its partner at character 1"),
        ("{title}]", "']' without its partner at character 8"),
        ("[{a}[ {b}]]", "a group inside a group at character 5"),
        ("{a}[ x]", "a group without a field, which would never be left out, at character 4"),
        ("{a}{}", "a field without a name at character 4"),
        ("{ }", "a field without a name at character 1"),
    ],
)
def test_templates_that_are_refused(template, message):
    with pytest.raises(SemcompError, match=re.escape(message)) as error:
        Template.parse(template)
    assert repr(template) in str(error.value)


@given(st.text(st.sampled_from("{}[]ab ."), max_size=12))
@settings(max_examples=200, deadline=None)
def test_any_text_is_a_template_or_one_clear_error(text):
    with contextlib.suppress(SemcompError):
        assert Template.parse(text).columns


def test_a_missing_column_is_named_with_those_at_hand():
    template = Template.parse("{title}[. {brand}]")
    template.check(["brand", "title"], "items.csv")
    with pytest.raises(SemcompError, match=r"items\.csv: 'brand'.*item_id, title"):
        template.check(["item_id", "title"], "items.csv")
