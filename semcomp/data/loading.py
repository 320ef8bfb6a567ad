"""From two tables to a data set: join by id, filter by recipe, write down what was dropped."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data.coding import BLOCK, batches, read_coded
from semcomp.data.dataset import Dataset, Source
from semcomp.data.filters import Recipe, Step, nothing_left
from semcomp.data.formats import open_tables
from semcomp.data.item_table import (
    Inventory,
    check_texts,
    choose_template,
    inventory_of,
    places,
    rows_of,
    vectors_of,
)
from semcomp.data.selection import Selection, select
from semcomp.data.tables import Table, Tables
from semcomp.data.text_notes import text_notes
from semcomp.data.writing import read_description
from semcomp.outputs import expanded
from semcomp.progress import progress_bar
from semcomp.storage import file_digest

MEMORY = 2 << 30
IDS = 1 << 18  # that many Python strings at a time


@checked
def read_folder(
    place: str | Path,
    *,
    items: str | Path | None = None,
    format: str = "auto",
    columns: Mapping[str, str] | None = None,
    quotes: str = "csv",
    name: str | None = None,
    recipe: Recipe | None = None,
    source: Source | None = None,
    memory: int = MEMORY,
    progress: bool = True,
) -> Dataset:
    """The data set in a folder, or in a file of interactions and one of items.

    Ids are read as strings. The order of rows does not matter. Without a recipe the latest of repeated
    interactions counts and items without a text are dropped; a folder that `write_folder` wrote comes back
    as it was (unless `items` names another table), and with a recipe that has no template keeps its texts.

    Args:
        place: a folder in one of the formats, or the file of the interactions.
        items: the file of the items, where `place` is a file.
        format: one of `formats.FORMATS`; "auto" goes by the content.
        columns, quotes: for standard names (`user_id`, `item_id`, `rating` …) the names in the files, and
            what quote marks mean in them; see `formats.open_tables`.
        name: how the data set is called; the name of the folder or file if None.
        source: who published the data; the sha256 of the files read are added to it.
        memory, progress: see `load_tables`.

    Raises SemcompError for a missing or unreadable file and for all that `load_tables` refuses.
    """
    path = expanded(place)
    second = Path(items) if items else None
    tables = open_tables(path, items=second, format=format, columns=columns, quotes=quotes)
    if items is None and (written := read_description(path)):
        name, source = name or written.name, source or written.source
        whole, retold = recipe is None, recipe is not None and recipe.template is not None
        tables = replace(tables, interactions=replace(tables.interactions, in_seconds=True))
        recipe = recipe or written.recipe
        recipe = recipe if retold else replace(recipe, template=written.recipe.template)
        data = _load(name, tables, recipe, source, memory=memory, progress=progress, keep_idle=whole)
        return written.restored(data, filtered=not whole, retold=retold)
    files = [*tables.interactions.files, *(tables.items.files if tables.items else ())]
    files += [tables.vectors] if tables.vectors else []
    source = replace(source or Source(), sha256=_digests(files, progress))
    called = path.resolve() if path.is_dir() else files[0]
    name = name or (called.name if path.is_dir() else called.name.split(".")[0] or called.name)
    return load_tables(name, tables, recipe or Recipe(), source, memory=memory, progress=progress)


@checked
def load_tables(
    name: str,
    tables: Tables,
    recipe: Recipe,
    source: Source,
    *,
    memory: int = MEMORY,
    progress: bool = True,
) -> Dataset:
    """Filter two tables by a recipe and map their ids to rows.

    The interactions are read once, batch by batch, and turned into small records, which pass through files
    in the cache folder where they are many. One range of users after the other is then freed of repeated
    pairs and filtered; only the core filter sees all that is left at once, as two int32 per pair.

    Args:
        memory: bytes for the records in memory and the work on a range of users. The ids, the surviving
            pairs and the data set itself come on top. The result does not depend on it.
        progress: show bars on a terminal.

    Raises SemcompError for empty ids, an item id twice in the item table, an interaction with an item the
    table does not hold, values that are not numbers (see `coding.read_coded`), repeated pairs and empty texts
    where the recipe refuses them, data without texts (see `item_table.choose_template`), and for filters that
    leave nothing. Errors name file and line.
    """
    return _load(name, tables, recipe, source, memory=memory, progress=progress, keep_idle=False)


def _load(
    name: str,
    tables: Tables,
    recipe: Recipe,
    source: Source,
    *,
    memory: int,
    progress: bool,
    keep_idle: bool,
) -> Dataset:
    """See `load_tables`. Items without an interaction keep their rows if `keep_idle`."""
    template = choose_template(tables, recipe)
    items = tables.items
    inventory = inventory_of(items, template, recipe.min_characters) if items else None
    if inventory and items and template and recipe.empty_text != "keep" and tables.vectors is None:
        check_texts(inventory, items, template, recipe.min_characters)
    coded = read_coded(tables.interactions, recipe, limit=memory // 4, progress=progress)
    with closing(coded.records):
        if inventory is None:
            inventory = Inventory(coded.item_ids, np.ones(len(coded.item_ids), dtype=bool))
        elif items is not None:
            labels = (tables.interactions.label, items.label)
            of = places(coded.item_ids, inventory, *labels, unknown_items=recipe.unknown_items)
            coded = replace(coded, items=of[coded.items])
        if tables.vectors is not None:
            inventory = replace(inventory, no_text=np.zeros_like(inventory.no_text))
        pairs = select(coded, inventory, recipe, tables.interactions, memory=memory, progress=progress)
    with closing(pairs):
        if not len(pairs.user):
            raise nothing_left(name, [step for step in pairs.said if isinstance(step, Step)])
        known = _known(pairs, tables.interactions, recipe, progress)
    user_ids = coded.user_ids.gather(_renumber(pairs.user, len(coded.user_ids)))
    item_ids = inventory.ids
    if not keep_idle:
        item_ids = item_ids.gather(_renumber(pairs.item, len(item_ids)))
    table = rows_of(items, item_ids)
    return Dataset(
        name=name,
        user_ids=_ids(user_ids),
        item_ids=_ids(item_ids),
        user=pairs.user,
        item=pairs.item,
        items=table,
        texts=tuple(template.render(table)) if template else ("",) * table.height,
        template=template.text if template else "",
        vectors=vectors_of(tables.vectors, item_ids) if tables.vectors else None,
        interactions=known,
        source=source,
        notes=_notes(pairs.said) + (text_notes(table, template) if template else ()),
        steps=tuple(step for step in pairs.said if isinstance(step, Step)),
    )


def _renumber(places: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Count the places, in place, among those that occur; returns which these are, ascending."""
    met = np.zeros(count, dtype=bool)
    met[places] = True
    row = (np.cumsum(met) - 1).astype(np.int32)
    np.take(row, places, out=places, mode="clip")  # clip: the other modes take through a copy
    return np.flatnonzero(met)


def _known(pairs: Selection, table: Table, recipe: Recipe, progress: bool) -> pl.DataFrame:
    """What is known of the pairs that are left, as columns; nothing read but the columns the recipe keeps."""
    if pairs.known is None:
        return pl.DataFrame()
    names = pairs.known.dtype.names or ()
    columns = {name: np.empty(len(pairs.user), dtype=pairs.known.dtype[name]) for name in names}
    start = n = 0
    for block in pairs.known.blocks(BLOCK):
        left = block[pairs.stays[start : start + len(block)]]
        for name, column in columns.items():
            column[n : n + len(left)] = left[name]
        start, n = start + len(block), n + len(left)
    rows = columns.pop("row", None)
    frame = pl.DataFrame(columns)
    unknown = [name for name, column in columns.items() if np.isnan(column).any()]
    frame = frame.with_columns(pl.col(unknown).fill_nan(None))
    if rows is None:
        return frame
    cells = _cells(table, recipe.keep, rows, progress)
    return frame.hstack(cells) if frame.width else cells


def _cells(table: Table, columns: tuple[str, ...], rows: NDArray[np.int64], progress: bool) -> pl.DataFrame:
    """These columns of these rows of the table, as strings."""
    order = np.argsort(rows)
    ordered = rows[order]
    parts, start = [], 0
    with progress_bar(None, "reading further columns", "row", wanted=progress, unit_scale=True) as bar:
        for batch in batches(table, table.frame.select(pl.col(columns).cast(pl.String))):
            low, high = np.searchsorted(ordered, (start, start + batch.height))
            parts.append(batch[ordered[low:high] - start])
            start += batch.height
            bar.update(batch.height)
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return pl.concat(parts)[back]


def _notes(said: tuple[Step | str, ...]) -> tuple[str, ...]:
    """One sentence each; a step that was not asked for and removed nothing is not worth one."""
    return tuple(
        str(one)
        for one in said
        if isinstance(one, str) or one.name in ("rating", "core") or not one.removed_nothing
    )


def _ids(ids: pl.Series) -> NDArray[np.str_]:
    """The ids as numpy has them, piece by piece: Python strings take several times the memory."""
    longest = int(ids.str.len_chars().to_numpy().max())
    out = np.empty(len(ids), dtype=f"<U{longest}")
    for start in range(0, len(ids), IDS):
        piece = ids[start : start + IDS]
        out[start : start + len(piece)] = piece.to_list()
    return out


def _digests(files: Sequence[Path], progress: bool) -> dict[str, str]:
    """The sha256 of each file, by its name; where two are called the same, with the folders that differ."""
    names = [file.name for file in files]
    if len(set(names)) < len(names):
        paths = [file.resolve() for file in files]
        above = Path(os.path.commonpath([path.parent for path in paths]))
        names = [path.relative_to(above).as_posix() for path in paths]
    out = {}
    size = sum(file.stat().st_size for file in files)
    with progress_bar(size, "hashing files", "B", wanted=progress, unit_scale=True) as bar:
        for file, name in zip(files, names, strict=True):
            out[name] = file_digest(file, bar.update)
    return out
