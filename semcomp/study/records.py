"""Evidence records: what a chapter measured, kept as JSON next to its notebook for the first page to read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from semcomp.core.evidence import Evidence
from semcomp.errors import SemcompError
from semcomp.storage import atomic_write


@dataclass(frozen=True, eq=False)
class Record:
    """The evidence of one chapter on one data set under one budget.

    Attributes:
        reservation: why no verdict should be taken from it (`Study.reservation`); empty where one may be.
        reservations: by key of the evidence, why none should be taken from that.
    """

    dataset: str
    budget: str
    chapter: str
    evidence: Mapping[str, Evidence]
    reservation: str = ""
    reservations: Mapping[str, str] = field(default_factory=dict)

    def doubts(self, key: str) -> str:
        """Why no verdict should be taken from this evidence; empty where one may be."""
        return self.reservation or self.reservations.get(key, "")


def keep(folder: str | Path, record: Record) -> Path:
    """Write the record to `<folder>/<chapter>.json`, without per-unit tables; returns the file it wrote."""
    body: dict[str, Any] = {"dataset": record.dataset, "budget": record.budget, "chapter": record.chapter}
    for name in ("reservation", "reservations"):
        if said := getattr(record, name):
            body[name] = said
    body["evidence"] = {key: one.to_dict(table=False) for key, one in record.evidence.items()}
    path = Path(folder) / f"{record.chapter}.json"
    with atomic_write(path) as part:
        part.write_text(json.dumps(body, indent=1, allow_nan=False) + "\n", encoding="utf8")
    return path


def read(folder: str | Path) -> list[Record]:
    """The records in the folders below `folder`, ordered by path; an empty list if there are none."""
    return [
        _load(path) for path in sorted(Path(folder).glob("*/[0-9][0-9]_*.json")) if ".stamp" not in path.name
    ]


def _load(path: Path) -> Record:
    try:
        body = json.loads(path.read_text("utf8"))
        evidence = {key: Evidence.from_dict(one) for key, one in body["evidence"].items()}
        told = {name: body[name] for name in ("reservation", "reservations") if name in body}
        return Record(body["dataset"], body["budget"], body["chapter"], evidence, **told)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SemcompError(f"{path} is not an evidence record ({error}); run its chapter again") from error
