"""Plain tables: interactions.* and items.* in a folder, or two files given by path."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from semcomp.data.formats.place import Layout, Place, Sample, kind_of, sample_of
from semcomp.data.tables import Table, Tables, standard_table
from semcomp.errors import SemcompError

TITLE = "interactions and items tables"
WANTS = "interactions.parquet|csv|tsv|jsonl and, if there is one, items.parquet|csv|tsv|jsonl (each also .gz)"


def open_plain(place: Place, chosen: Mapping[str, str]) -> Tables | None:
    """Columns by the declared table of names or the user's choice; further columns keep their names."""
    if not place.folder:
        return Tables(TITLE, _table(place.samples[0], "interactions", chosen), _items(place.items, chosen))
    interactions = _stem(place, "interactions")
    if interactions is None:
        return None
    return Tables(
        TITLE,
        _table(interactions, "interactions", chosen),
        _items(place.items or _stem(place, "items"), chosen),
    )


def _stem(place: Place, stem: str) -> Sample | None:
    found = [sample for sample in place.samples if sample.path.name.split(".")[0] == stem]
    if len(found) > 1:
        one, other = (sample.path.name for sample in found[:2])
        raise SemcompError(f"folder {place.given} has both {one} and {other}; keep the one that is meant")
    if found and found[0].kind == "unreadable":
        sample_of(found[0].path)  # raises what is wrong with it
    return found[0] if found else None


def _items(sample: Sample | None, chosen: Mapping[str, str]) -> Table | None:
    return None if sample is None else _table(sample, "items", chosen)


def _table(sample: Sample, role: str, chosen: Mapping[str, str]) -> Table:
    table = standard_table(kind_of(sample, chosen), (sample.path,), role, chosen)
    return replace(table, entities=sample.kind != "parquet")


LAYOUT = Layout(TITLE, WANTS, open_plain)
