"""Data sets by name: how a name or a path is resolved, and what is at hand."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from semcomp.checks import checked
from semcomp.data import movielens
from semcomp.data.fetching import fetched_folders, named
from semcomp.data.filters import Recipe
from semcomp.data.named_sources import CATALOGUE, NamedSource
from semcomp.errors import SemcompError, unknown_name
from semcomp.outputs import expanded

if TYPE_CHECKING:
    from semcomp.data.dataset import Dataset

VARIABLE = "SEMCOMP_DATA"


@checked
@dataclass(frozen=True)
class Place:
    """Where a data set is.

    Attributes:
        name: what it is asked for by; of a path, the last part.
        path: a folder or a file of interactions; None for what is generated or comes from the package index.
        known: the entry of the catalogue; None where the name says nothing.
        note: what a reader should know of the choice; empty where nothing was to be chosen.
    """

    name: str
    path: Path | None
    known: NamedSource | None
    note: str = ""

    def noted(self, data: Dataset) -> Dataset:
        """The data set from here, with the note among its own."""
        return replace(data, notes=(*data.notes, self.note)) if self.note else data


@checked
def load_named(
    name_or_path: str | Path,
    *,
    also: Iterable[str] = (),
    items: str | Path | None = None,
    columns: Mapping[str, str] | None = None,
    format: str = "auto",
    quotes: str = "csv",
    recipe: Recipe | None = None,
) -> Dataset:
    """The data set behind a name or a path (see `resolve`), by `recipe` or else by the recipe of its name.

    `items`, `columns`, `format` and `quotes` are those of `read_folder`, for files of one's own.
    """
    from semcomp.data.loading import read_folder  # a listing of names reads no table

    place = resolve(name_or_path, also=also)
    known = place.known
    if place.path is None and place.known is None:
        raise SemcompError(f"{place.name!r} is generated, not read; it has no files")
    if place.path is None:
        if items is not None or columns or (format, quotes) != ("auto", "csv"):
            raise SemcompError(
                f"{place.name!r} comes from the package index in a form that is known; "
                "leave out items, columns, format and quotes"
            )
        entry = CATALOGUE[place.name]
        return place.noted(movielens.load_ml_100k(recipe or entry.recipe, entry.source))
    data = read_folder(
        place.path,
        items=items,
        format=format,
        columns=columns,
        quotes=quotes,
        name=place.name if known else None,
        recipe=recipe or (known.recipe if known else None),
        source=known.source if known else None,
    )
    return place.noted(data)


@checked
def resolve(name_or_path: str | Path, *, also: Iterable[str] = ()) -> Place:
    """What a name or a path stands for; no table is read yet, and nothing is fetched.

    In this order: a name in `also`; `ml-100k`, which always comes from the package index; the name of a
    folder in SEMCOMP_DATA; the name of a data set that was fetched; a path, which is anything with a
    separator or any existing folder. A path is never joined to SEMCOMP_DATA, so a name cannot climb out of
    it. Where the current folder has a folder of a known name, the name goes first, and a note says so.

    Args:
        also: names of what is generated, which the caller knows how to make.
    """
    text = str(name_or_path).strip()
    if not text:
        raise SemcompError("the name of the data set is empty; give a name or a path to a folder")
    is_path = isinstance(name_or_path, Path) or text in (".", "..") or any(s in text for s in ("/", "\\"))
    folder = expanded(text)
    if text == "-":  # standard input, see `formats.streams`
        return Place(text, folder, None)
    if not is_path:
        if text in also:
            return Place(text, None, None, _beside(folder, None))
        if text == movielens.NAME:
            return Place(text, None, CATALOGUE[text], _beside(folder, None))
        for folders in (_data_folders(), fetched_folders()):
            if text in folders:
                return Place(text, folders[text], CATALOGUE.get(text), _beside(folder, folders[text]))
    if os.path.exists(folder):  # which says no of names that no system takes, too
        absent = text in CATALOGUE and not is_path
        return Place(folder.resolve().name, folder, None, _not_the_known(text) if absent else "")
    if is_path and ".." in folder.parts:
        raise SemcompError(
            f"data set {text!r} climbs out of where it starts and is not an existing folder; "
            "give a plain name or a path to a folder that exists"
        )
    if is_path:
        raise SemcompError(f"there is no folder {text}; check the path")
    if text in CATALOGUE and CATALOGUE[text].files:
        raise SemcompError(
            f"data set {text!r} is known but not fetched yet; run: semcomp data fetch {text} "
            f"(or put it into a folder {text} in the one that {VARIABLE} names)"
        )
    if text in CATALOGUE and not os.environ.get(VARIABLE):
        raise SemcompError(
            f"data set {text!r} is looked for in the folder {VARIABLE} names, which is not set; set it"
        )
    near = get_close_matches(text.casefold(), CATALOGUE)
    raise unknown_name("data set", text, {*available(), *also, *near})


@checked
def from_anywhere(name_or_path: str | Path, *, also: Iterable[str] = ()) -> str:
    """What the data set can be asked for by in any working folder: its name, or the absolute path.

    Raises SemcompError as `resolve` does.
    """
    place = resolve(name_or_path, also=also)
    by_path = place.path is not None and place.path == Path(str(name_or_path).strip()).expanduser()
    return str(place.path.resolve()) if place.path and by_path else place.name


def _not_the_known(name: str) -> str:
    return f"{name!r} is the folder of that name here; the known data set of that name is not at hand"


def _beside(here: Path, meant: Path | None) -> str:
    """A note where the current folder has a folder of that name too, which is not meant; else ""."""
    if not here.is_dir() or (meant is not None and here.resolve() == meant.resolve()):
        return ""
    return f"{str(here)!r} is the known data set of that name; the folder of that name here is ./{here}"


@checked
def available() -> dict[str, str]:
    """The names that load here without a download of data files, each with where it comes from in words."""
    found = {movielens.NAME: f"package index ({movielens.REQUIREMENT})"}
    places = {name: f"fetched, {folder}" for name, folder in fetched_folders().items()}
    places |= {name: str(folder) for name, folder in _data_folders().items()}
    return found | {name: places[name] for name in sorted(places) if name != movielens.NAME}


@checked
def catalogue() -> dict[str, NamedSource]:
    """All data sets that have a name, whether they are at hand or not."""
    return dict(CATALOGUE)


@checked
def describe_source(name: str) -> str:
    """Publisher, address, licence, citation, files with length and hash, and whether it is at hand here."""
    entry = named(name)
    return f"{entry}\nhere: {available().get(name, 'no')}"


def _data_folders() -> dict[str, Path]:
    """The folders in SEMCOMP_DATA by name, ascending; none where the variable is not set."""
    root = os.environ.get(VARIABLE)
    if not root:
        return {}
    base = Path(root).expanduser()
    if not base.is_dir():
        raise SemcompError(f"{VARIABLE} names {base}, which is not a folder; correct it or unset it")
    return {
        path.name: path for path in sorted(base.iterdir()) if path.is_dir() and not path.name.startswith(".")
    }
