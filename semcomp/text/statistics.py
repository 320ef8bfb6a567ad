"""What the item texts look like before a model reads them: how many, how long, how often the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data import Dataset
from semcomp.display import Table, card

EXAMPLES = 3


@dataclass(frozen=True)
class Lengths:
    """Mean, 5 % quantile, median, 95 % quantile and maximum of a count over the texts that are not empty."""

    mean: float
    low: float
    median: float
    high: float
    longest: int

    @staticmethod
    def of(counts: NDArray[np.int64]) -> Lengths:
        """Of n counts; zeros for none. Quantiles interpolate linearly."""
        if not len(counts):
            return Lengths(0.0, 0.0, 0.0, 0.0, 0)
        low, median, high = (float(q) for q in np.quantile(counts, [0.05, 0.5, 0.95]))
        return Lengths(float(counts.mean()), low, median, high, int(counts.max()))

    def __str__(self) -> str:
        return (
            f"median {self.median:g}, mean {self.mean:.1f}, 5–95 % {self.low:g}–{self.high:g}, "
            f"longest {self.longest:,}"
        )


@checked
@dataclass(frozen=True)
class TextStatistics:
    """The texts of a data set in numbers.

    Attributes:
        items: I. empty: items whose text is empty or white space. distinct: different texts among the others.
        shared: the share of the items with a text that have exactly the text of another item.
        characters, words: lengths of the texts that are not empty; words are separated by white space.
        longest: id and text of the longest text (the first by id of several).
        examples: ids and texts of a few items with a text, evenly spaced over the ids.
    """

    template: str
    items: int
    empty: int
    distinct: int
    shared: float
    characters: Lengths
    words: Lengths
    longest: tuple[str, str]
    examples: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"<TextStatistics: {self._counts}>"

    def _repr_html_(self) -> str:
        facts = [f"characters: {self.characters}", f"words: {self.words}"]
        named = [*self.examples, (f"the longest, {self.longest[0]}", self.longest[1])]
        shown = Table(("item", "text"), [pair for pair in named if pair[1]])
        return card(self._title, facts, shown)

    @property
    def _counts(self) -> str:
        shared = f"{100 * self.shared:.1f} % shared with another item"
        empty = f"{self.empty:,} without a text"
        return f"{self.items:,} items, {empty}, {self.distinct:,} distinct, {shared}"

    @property
    def _title(self) -> str:
        return f"texts by {self.template or 'no template'}: {self._counts}"

    def __str__(self) -> str:
        lines = [
            self._title,
            f"characters: {self.characters}",
            f"words: {self.words}",
            *(f"{item}: {_short(text)}" for item, text in self.examples),
        ]
        if self.longest[0]:
            lines.append(f"the longest, {self.longest[0]}: {_short(self.longest[1])}")
        return "\n  - ".join(lines)


@checked
def text_statistics(data: Dataset) -> TextStatistics:
    """Numbers and examples of `data.texts`; nothing is tokenised, for no model is chosen yet.

    Where all texts are empty, lengths are zero, there are no examples and the longest is ("", "").

    >>> sc.text_statistics(data).empty
    0
    """
    frame = pl.DataFrame({"item": data.item_ids.tolist(), "text": list(data.texts)})
    frame = frame.filter(pl.col("text").str.strip_chars() != "")
    text = frame["text"]
    characters = text.str.len_chars().cast(pl.Int64)
    words = text.str.count_matches(r"\S+").cast(pl.Int64)
    at = sorted({int(i) for i in np.linspace(0, frame.height - 1, EXAMPLES)}) if frame.height else []
    longest = frame.row(int(characters.arg_max() or 0)) if frame.height else ("", "")
    return TextStatistics(
        template=data.template,
        items=data.n_items,
        empty=data.n_items - frame.height,
        distinct=text.n_unique(),
        shared=int(text.is_duplicated().sum()) / max(frame.height, 1),
        characters=Lengths.of(characters.to_numpy()),
        words=Lengths.of(words.to_numpy()),
        longest=(str(longest[0]), str(longest[1])),
        examples=tuple((str(item), str(text)) for item, text in (frame.row(i) for i in at)),
    )


def _short(text: str, width: int = 160) -> str:
    """One line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
