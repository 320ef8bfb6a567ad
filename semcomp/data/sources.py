"""Data sets by name: the recipes of the known ones, and how a name or a path is resolved."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from semcomp.data import movielens
from semcomp.data.dataset import Dataset, Source
from semcomp.data.filters import Recipe
from semcomp.data.loading import read_folder
from semcomp.errors import SemcompError, unknown_name

VARIABLE = "SEMCOMP_DATA"


@dataclass(frozen=True)
class Known:
    """What is known about a data set before its files are opened."""

    recipe: Recipe = field(default_factory=Recipe)
    source: Source = field(default_factory=Source)


KNOWN: dict[str, Known] = {
    "ml-100k": Known(
        Recipe(min_rating=4.0),
        Source(
            "MovieLens-100K, GroupLens Research (as carried by the RecBole 1.2.1 wheel)",
            "research use with acknowledgement, no redistribution without permission",
            "Harper and Konstan (2015), The MovieLens Datasets: History and Context, ACM TiiS 5(4)",
        ),
    ),
    "games": Known(
        Recipe(),
        Source(
            "Amazon review data 2018, category Video Games (5-core)",
            "no formal licence stated; research use",
            "Ni, Li and McAuley (2019), Justifying Recommendations, EMNLP-IJCNLP",
        ),
    ),
    "beauty": Known(
        Recipe(),
        Source(
            "Amazon product data 2014, category Beauty (5-core)",
            "no formal licence stated; research use",
            "McAuley, Targett, Shi and van den Hengel (2015), Image-based Recommendations, SIGIR",
        ),
    ),
    "movies": Known(
        Recipe(core=5),
        Source(
            "MovieTweetings",
            "MIT (ratings, titles, genres)",
            "Dooms, De Pessemier and Martens (2013), MovieTweetings, CrowdRec at RecSys",
        ),
    ),
    "books": Known(
        Recipe(core=5),
        Source(
            "Book-Crossing",
            "free for research use when acknowledged",
            "Ziegler, McNee, Konstan and Lausen (2005), Improving Recommendation Lists, WWW",
        ),
    ),
}


@dataclass(frozen=True)
class Place:
    """Where a data set is: a folder, or None for the one that comes from the package index."""

    name: str
    folder: Path | None
    known: Known


def load_named(name_or_path: str | Path, *, also: Iterable[str] = ()) -> Dataset:
    """The data set behind a name or a path, by the recipe of its name (none for a path); see `resolve`."""
    place = resolve(name_or_path, also=also)
    if place.folder is None:
        return movielens.load_ml_100k(place.known.recipe, place.known.source)
    return read_folder(place.folder, name=place.name, recipe=place.known.recipe, source=place.known.source)


def resolve(name_or_path: str | Path, *, also: Iterable[str] = ()) -> Place:
    """What a name or a path stands for; nothing is read yet.

    In this order: `ml-100k`, which always comes from the package index; the name of a folder in
    SEMCOMP_DATA; a path, which is anything with a separator or any existing folder. A path is never joined
    to SEMCOMP_DATA, so a name cannot climb out of it.

    Args:
        also: further names that the error for an unknown name should list.
    """
    text = str(name_or_path).strip()
    if not text:
        raise SemcompError("the name of the data set is empty; give a name or a path to a folder")
    is_path = isinstance(name_or_path, Path) or text in (".", "..") or any(s in text for s in ("/", "\\"))
    if not is_path:
        if text == movielens.NAME:
            return Place(text, None, KNOWN[text])
        if text in (folders := _data_folders()):
            return Place(text, folders[text], KNOWN.get(text, Known()))
    folder = Path(text).expanduser()
    if folder.exists():
        return Place(folder.resolve().name, folder, Known())
    if is_path and ".." in folder.parts:
        raise SemcompError(
            f"data set {text!r} climbs out of where it starts and is no existing folder; "
            "give a plain name or a path to a folder that exists"
        )
    if is_path:
        raise SemcompError(f"there is no folder {text}; check the path")
    if text in KNOWN and not os.environ.get(VARIABLE):
        raise SemcompError(
            f"data set {text!r} is looked for in the folder {VARIABLE} names, which is not set; set it"
        )
    raise unknown_name("data set", text, {movielens.NAME, *also, *_data_folders()})


def available() -> dict[str, str]:
    """The names that load here, each with where it comes from in words."""
    found = {movielens.NAME: f"package index ({movielens.REQUIREMENT})"}
    return found | {name: str(folder) for name, folder in _data_folders().items() if name != movielens.NAME}


def _data_folders() -> dict[str, Path]:
    """The folders in SEMCOMP_DATA by name, ascending; none where the variable is not set."""
    root = os.environ.get(VARIABLE)
    if not root:
        return {}
    base = Path(root).expanduser()
    if not base.is_dir():
        raise SemcompError(f"{VARIABLE} names {base}, which is no folder; correct it or unset it")
    return {
        path.name: path for path in sorted(base.iterdir()) if path.is_dir() and not path.name.startswith(".")
    }
