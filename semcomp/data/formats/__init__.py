"""The layouts in which data sets are published, and how one is recognised."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from semcomp.checks import checked
from semcomp.data.columns import check_chosen, chosen_columns
from semcomp.data.formats import amazon, movielens, plain, recbole
from semcomp.data.formats.place import Layout, Place, look, sample_of
from semcomp.data.formats.quotes import QUOTES
from semcomp.data.formats.streams import at_rest
from semcomp.data.tables import Tables
from semcomp.errors import SemcompError, unknown_name
from semcomp.outputs import expanded

FORMATS: dict[str, Layout] = {
    **recbole.LAYOUTS,
    **movielens.LAYOUTS,
    **amazon.LAYOUTS,
    "tables": plain.LAYOUT,
}
AUTO = "auto"


@checked
def open_tables(
    place: Path,
    *,
    items: Path | None = None,
    format: str = AUTO,
    columns: Mapping[str, str] | None = None,
    quotes: str = "csv",
) -> Tables:
    """The tables in a folder or in files. Headers and first lines are read now, the rest when collected.

    A folder with a file `interactions.*` is read as plain tables; anything else is recognised by what the
    first lines of its files look like, in the order of FORMATS.

    Args:
        place: a folder, or the file of interactions; "-" is standard input, which like a pipe is put into a
            file first.
        items: the file of items, where it does not lie in the folder or `place` is a file.
        format: one of FORMATS, or "auto" to recognise it.
        columns: the user's names of columns, {"user": "reviewerID", "rating": "overall"}; with "items." in
            front they count for the file of items alone, {"items.item": "id"}.
        quotes: what quote marks mean in delimited text: "csv" as in RFC 4180, "backslash" where marks inside
            cells follow a backslash, "text" where they are part of the text.

    Raises SemcompError for paths that lead nowhere, an unknown format, a place that no layout or not the
    named one fits, files that contradict each other, and columns that are missing or ambiguous.
    """
    if format != AUTO and format not in FORMATS:
        raise unknown_name("format", format, [AUTO, *FORMATS])
    if quotes not in QUOTES:
        raise unknown_name("reading of quotes", quotes, QUOTES)
    chosen = chosen_columns(columns)
    place, items = at_rest(expanded(place)), at_rest(expanded(items)) if items else None
    seen = look(place, items, format != AUTO, quotes)
    tables = _recognised(seen, chosen) if format == AUTO else FORMATS[format].open(seen, chosen)
    if tables is None:
        raise _unrecognised(seen, format)
    stored = {
        role: table.kind.names()
        for role, table in (("interactions", tables.interactions), ("items", tables.items))
        if table is not None and table.kind is not None
    }
    check_chosen(chosen, stored, str(place))
    return tables


def _recognised(seen: Place, chosen: Mapping[str, str]) -> Tables | None:
    plainly = seen.folder and any(s.path.name.split(".")[0] == "interactions" for s in seen.samples)
    order = ["tables"] if plainly else list(FORMATS)
    for name in order:
        if (tables := FORMATS[name].open(seen, chosen)) is not None:
            return tables
    return None


def _unrecognised(seen: Place, format: str) -> SemcompError:
    names = [sample.path.name for sample in seen.samples]
    found = ", ".join(names[:6]) + (" and more" if len(names) > 6 else "") if names else "no data files"
    if format != AUTO:
        layout = FORMATS[format]
        return SemcompError(
            f"{seen.given} ({found}) does not look like {layout.title}; that is {layout.wants}"
        )
    for sample in seen.samples:
        if sample.kind == "unreadable":
            sample_of(sample.path)  # raises what is wrong with it
    return SemcompError(
        f"{seen.given} has no interactions.parquet or interactions.csv and no known layout ({found}); "
        f"put a table of interactions there, or the files of a publisher ({', '.join(FORMATS)})"
    )
