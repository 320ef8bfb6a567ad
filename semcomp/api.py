"""The public face: the verbs of the question, each name resolved here and nowhere below."""

from __future__ import annotations

from pathlib import Path

from semcomp.core.rank import rank
from semcomp.data import Dataset, available, load_named, split
from semcomp.evidence import diagnose, evaluate, probe, verdict
from semcomp.planted import WORLDS
from semcomp.text import embed

__all__ = ["data_sets", "diagnose", "embed", "evaluate", "load_dataset", "probe", "rank", "split", "verdict"]


def load_dataset(name: str | Path) -> Dataset:
    """The data set behind a name or a path.

    In this order: a planted world ("planted"), "ml-100k" (from the package index, cached), the name of a
    folder in `SEMCOMP_DATA`, or the path of a folder with `interactions.parquet|csv` (user_id, item_id;
    optional rating, timestamp) and `items.parquet|csv` (item_id, title; optional year, genres, categories).
    What was dropped on the way, and why, stands in `notes` and is printed with the data set.

    Raises:
        SemcompError: an unknown name (near names are suggested), a folder that is not there, a missing file
            or column, unknown or repeated item ids, unreadable values.
    """
    if str(name) in WORLDS:
        return WORLDS[str(name)].dataset()
    return load_named(name, also=WORLDS)


def data_sets() -> dict[str, str]:
    """The names that `load_dataset` knows here, each with where it comes from."""
    return dict.fromkeys(WORLDS, "generated: shared plus private, with known truth") | available()
