"""Results that are committed next to what measured them, read for the pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from semcomp.errors import SemcompError


def read(path: Path) -> Any:
    """The content of a results file.

    Raises:
        SemcompError: there is no such file.
    """
    if not path.is_file():
        raise SemcompError(f"there are no results {path}; measure them first, or name a file that is there")
    return json.loads(path.read_text("utf8"))


def by_data_set(folder: Path) -> dict[str, dict[str, Any]]:
    """What a folder has, one file per data set, by data set, the fewest train pairs first."""
    found = [read(path) for path in folder.glob("*.json")]
    return {one["dataset"]: one for one in sorted(found, key=lambda one: one["data"]["train pairs"])}


def origins(kept: Mapping[str, Mapping[str, Any]], view: str = "LightGCN") -> str:
    """Where a view's settings come from, in words, and for which data sets.

    >>> kept = {name: {"settings": {"LightGCN": "defaults"}} for name in ("books", "games")}
    >>> origins({"tiny": {"settings": {"LightGCN": "tuned on tiny"}}, **kept})
    'tuned on tiny (tiny); defaults (books, games)'
    """
    found: dict[str, list[str]] = {}
    for name, one in kept.items():
        found.setdefault(one["settings"][view], []).append(name)
    return "; ".join(f"{origin} ({', '.join(names)})" for origin, names in found.items())
