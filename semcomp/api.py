"""Data sets by name, whatever their source: generated, from the package index, fetched, or from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from semcomp.checks import checked
from semcomp.errors import SemcompError

if TYPE_CHECKING:
    from semcomp.data import Dataset, Recipe

__all__ = ["data_sets", "load_dataset", "parse_columns", "usual_recipe"]


@checked
def load_dataset(
    name: str | Path,
    *,
    items: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    format: str = "auto",
    quotes: str = "csv",
    recipe: Recipe | None = None,
) -> Dataset:
    """The data set behind a name or a path.

    In this order: a planted world ("planted"), "ml-100k" (from the package index, cached), the name of a
    folder in `SEMCOMP_DATA`, the name of a data set that was fetched, or a path: a folder in any of the
    layouts of `semcomp.data.FORMATS`, or a file of interactions (user_id, item_id; optional rating,
    timestamp, position) with `items`, a file of items (item_id, and the columns that texts are made of). What
    was dropped while loading, and why, is in `notes` and `steps` and is printed with the data set.

    Args:
        items: the file of items, where `name` is the path of the file of interactions.
        columns: what columns are called in the files, by standard name: `{"user": "reviewerID"}`; usual names
            are recognised. With "items." in front a name counts for the file of items alone, where the two
            files differ: `{"item": "artistID", "items.item": "id"}`.
        format: one of `FORMATS`, if it cannot be recognised from the content.
        quotes: what quote marks mean in csv and tsv files: "csv" as usual (cells may be in marks, marks
            inside them are doubled), "backslash" (marks inside them follow a backslash), or "text" (marks are
            part of the text).
        recipe: filters, and how texts are made; None for `usual_recipe(name)`.

    Raises:
        SemcompError: an unknown name (similar names are suggested), a missing folder, file or column,
            unknown or repeated item ids, unreadable values.

    >>> data = sc.load_dataset("planted")
    >>> print(data)
    planted: 300 users × 200 items, ... interactions (density ... %)
      - generated: ...
    """
    from semcomp.data import load_named, resolve
    from semcomp.planted import WORLDS

    place = resolve(name, also=WORLDS)
    if place.path is None and place.name in WORLDS:
        if items is not None or columns or (format, quotes) != ("auto", "csv") or recipe is not None:
            raise SemcompError(
                f"{place.name!r} is generated, not read; leave out items, columns, format, quotes and recipe"
            )
        return place.noted(WORLDS[place.name].dataset())
    return load_named(
        name, also=WORLDS, items=items, columns=columns, format=format, quotes=quotes, recipe=recipe
    )


@checked
def usual_recipe(name: str | Path) -> Recipe:
    """The recipe by which a data set of this name is loaded; `Recipe()` where nothing is known of it.

    For a folder that `write_folder` wrote it is the one that changes nothing.

    >>> sc.usual_recipe("ml-100k").min_rating
    4.0
    """
    from semcomp.data import Recipe, resolve
    from semcomp.data.writing import read_description
    from semcomp.planted import WORLDS

    place = resolve(name, also=WORLDS)
    if place.known:
        return place.known.recipe
    written = read_description(place.path) if place.path else None
    return written.recipe if written else Recipe()


@checked
def parse_columns(text: str | Sequence[str]) -> dict[str, str]:
    """The mapping that words such as `"user=reviewerID item=asin"` stand for.

    Args:
        text: `name=column` words, in one string with blanks between them or as a list, where a column's name
            may hold blanks.

    Raises SemcompError for a word without "=", an empty side, or a name given twice.

    >>> sc.parse_columns("user=reviewerID item=asin")
    {'user': 'reviewerID', 'item': 'asin'}
    """
    mapping: dict[str, str] = {}
    for word in text.split() if isinstance(text, str) else text:
        name, equals, column = word.partition("=")
        if not (equals and name and column):
            raise SemcompError(f"columns: {word!r} is not of the form name=column, e.g. user=reviewerID")
        if name in mapping:
            raise SemcompError(f"columns: {name} is given twice, {mapping[name]!r} and {column!r}; keep one")
        mapping[name] = column
    return mapping


@checked
def data_sets() -> dict[str, str]:
    """The names that `load_dataset` knows here, each with where it comes from.

    >>> list(sc.data_sets())[:2]
    ['planted', 'ml-100k']
    """
    from semcomp.data import available
    from semcomp.planted import WORLDS

    return dict.fromkeys(WORLDS, "generated: shared plus private, with known truth") | available()
