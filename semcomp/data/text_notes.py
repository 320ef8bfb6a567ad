"""What to know of the columns that texts are made of: markers of missing values, lost characters."""

from __future__ import annotations

import polars as pl

from semcomp.data.filters import counted
from semcomp.data.ids import LOST
from semcomp.data.item_text import Template, as_strings

MARKERS = ("nan", "none", "null", "nil", "na", "<na>", "n/a", "#n/a", "\\n")  # in lower case


def text_notes(items: pl.DataFrame, template: Template) -> tuple[str, ...]:
    """A sentence for each column of the template in which cells read like a missing value, or hold U+FFFD.

    U+FFFD is in place of a character that was lost. The cells stay as they are: a song may be called None.

    >>> from semcomp.data.item_text import Template
    >>> table = pl.DataFrame({"title": ["Heat", "nan", "nan"]})
    >>> text_notes(table, Template.parse("{title}"))
    ("title is 'nan' for 2 items and kept as text; empty the cells if nothing is known there",)
    """
    out = []
    for column in template.columns:
        values = as_strings(items, column)
        marked = values.filter(values.str.to_lowercase().is_in(MARKERS))
        if len(marked):
            found = " or ".join(map(repr, marked.unique().sort()))
            number = counted(len(marked), "item")
            remedy = "empty the cells if nothing is known there"
            out.append(f"{column} is {found} for {number} and kept as text; {remedy}")
        if lost := int(values.str.contains(LOST, literal=True).sum()):
            what = "in place of NUL, half a surrogate pair or a lost character"
            out.append(f"{column} of {counted(lost, 'item')} holds U+FFFD {what}")
    return tuple(out)
