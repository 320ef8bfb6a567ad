"""Results that are committed next to what measured them, read for the pages."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from semcomp.errors import SemcompError

#: Options that an experiment sets by itself, not the settings: how long is trained, and in which batches.
SPENT = frozenset(f"training.{option}" for option in ("epochs", "patience", "batch", "schedule"))
#: Views in provenance, by the class of their configuration.
VIEWS = {"LightGCN": "LightGCN", "SemanticProjection": "projection"}


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


@dataclass(frozen=True)
class Used:
    """What a part of a results file was measured with.

    Attributes:
        name: of the part. models: view, origin of its settings and configuration, each if recorded.
        free: options that need not be those of the settings. density: of the split, where it is its own.
        modules, code: what `code_of` recorded.
    """

    name: str
    models: tuple[tuple[str, str | None, Any], ...]
    free: frozenset[str] = frozenset()
    density: float | None = None
    modules: tuple[str, ...] = ()
    code: str | None = None


def used(record: Mapping[str, Any]) -> Iterator[Used]:
    """What each part of a results file of a data set was measured with.

    Where a part has no entry in "made", its configurations are those in its provenance, and views that are
    not in it have the origin that the head of the file names.
    """
    for one in (*record.get("cells", ()), *record.get("fits", ())):
        fit = one["view"], one["settings"], one.get("config")
        yield Used(one["view"], (fit,), SPENT, modules=tuple(one.get("modules", ())), code=one.get("code"))
    for name, part in parts_of(record).items():
        made = record.get("made", {}).get(name)
        if made:
            models = tuple((view, one["origin"], one["config"]) for view, one in made["models"].items())
            yield Used(name, models, frozenset(), made["density"], tuple(made["modules"]), made["code"])
        else:
            configs = [one["config"] for one in dicts(part) if isinstance(one.get("config"), Mapping)]
            seen = [(VIEWS[one["class"]], None, one) for one in configs if one.get("class") in VIEWS]
            said = record["settings"].items()
            rest = [one for one in said if one[0] not in {view for view, *_ in seen}]
            yield Used(name, (*seen, *((view, origin, None) for view, origin in rest)), SPENT)


def parts_of(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """What of a results file is measured at once, by name."""
    pieces: Mapping[str, Any] = record.get("pieces", {"all": record} if "settings" in record else {})
    return pieces


def dicts(part: Any) -> Iterator[Mapping[str, Any]]:
    """Every JSON object in a part of a record, at any depth."""
    if isinstance(part, Mapping):
        yield part
    inner = part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ()
    for one in inner:
        yield from dicts(one)


def origins(kept: Mapping[str, Mapping[str, Any]], view: str = "LightGCN") -> str:
    """Where a view's settings come from, in words, and for which data sets.

    >>> kept = {name: {"settings": {"LightGCN": "defaults"}} for name in ("books", "games")}
    >>> origins({"tiny": {"settings": {"LightGCN": "tuned on tiny"}}, **kept})
    'tuned on tiny (tiny); defaults (books, games)'
    """
    found: dict[str, list[str]] = {}
    for name, one in kept.items():
        head = one["settings"][view]
        said = [where or head for part in used(one) for seen, where, _ in part.models if seen == view]
        found.setdefault(" or ".join(dict.fromkeys(said)) or head, []).append(name)
    return "; ".join(f"{origin} ({', '.join(names)})" for origin, names in found.items())
