"""The items of a data set: first which of them have a text, in the end the rows of those that stay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.coding import batches
from semcomp.data.filters import Recipe, counted
from semcomp.data.formats.html import without_entities
from semcomp.data.ids import id_fault
from semcomp.data.item_text import DEFAULT_COLUMNS, Template, default_template
from semcomp.data.tables import Table, Tables
from semcomp.errors import SemcompError, shown


@dataclass(frozen=True)
class Inventory:
    """All items the data knows of, before any filter.

    Attributes:
        ids: distinct, ascending as strings.
        no_text: (I,) whether the item's text counts as empty.
        remarks: what a reader should know of how the table was read, a sentence each.
    """

    ids: pl.Series
    no_text: NDArray[np.bool_]
    remarks: tuple[str, ...] = ()


def choose_template(tables: Tables, recipe: Recipe) -> Template | None:
    """The template of the recipe, or the default one; None for data whose items need no text.

    Raises SemcompError where the item table lacks a column of the template, and where no text can be made
    but the recipe does not say that empty ones are to be kept.
    """
    if tables.items is None:
        if recipe.template is not None:
            raise SemcompError(
                f"template {recipe.template!r} needs an item table, but {tables.interactions.label} comes "
                "without one; name its file, or leave the template out"
            )
        if tables.vectors is None and recipe.empty_text != "keep":
            raise SemcompError(
                f"{tables.interactions.label} comes without an item table, so no item has a text; name the "
                "file of the items, or set empty_text to 'keep' to do without texts"
            )
        return None
    with tables.items.reading():
        columns = tables.items.frame.collect_schema().names()
    text = recipe.template or default_template(columns)
    if text:
        template = Template.parse(text)
        template.check(columns, tables.items.label)
        return template
    if tables.vectors is None and recipe.empty_text != "keep":
        others = [column for column in columns if column != "item_id"] or ["name"]
        raise SemcompError(
            f"{tables.items.label} has none of the columns {', '.join(DEFAULT_COLUMNS)} to make texts of "
            f"(it has {', '.join(columns)}); say which is the title, for example title={others[0]}, "
            "name others in a template, or set empty_text to 'keep'"
        )
    return None


def inventory_of(items: Table, template: Template | None, min_characters: int) -> Inventory:
    """Read the item table once, keeping of each row the id and whether its text has `min_characters`.

    Raises SemcompError for an empty id, an id in two rows, and a table without rows.
    """
    parts, remarks, changed = [], [], 0
    texts = [column for column in (template.columns if template else ()) if column != "item_id"]
    for stored in batches(items, items.frame.select("item_id", *texts)):
        batch = without_entities(stored, texts) if items.entities else stored
        changed += sum((batch.select(texts).hash_rows() != stored.select(texts).hash_rows()) if texts else [])
        length = template.render(batch).str.len_chars() if template else pl.Series([0] * batch.height)
        parts.append(pl.DataFrame({"id": batch["item_id"], "no_text": length < min_characters}))
    table = pl.concat(parts) if parts else pl.DataFrame({"id": [], "no_text": []})
    if table.height == 0:
        raise SemcompError(f"{items.label} has a header but no rows; at least one is needed")
    ids = table["id"]
    if fault := id_fault(ids):
        raise SemcompError(f"{items.locate(fault[0])}: column 'item_id' {fault[1]}")
    if blanks := int((ids != (ids := ids.str.strip_chars())).sum()):
        remarks.append(f"blanks around {counted(blanks, 'id')} of the item table removed")
    if changed:
        remarks.append(f"HTML entities (such as &amp;) resolved in the texts of {counted(changed, 'item')}")
    order = ids.arg_sort()
    ordered = ids.gather(order)
    if (twice := (ordered == ordered.shift(1)).fill_null(False)).any():
        item = ordered[int(twice.arg_max() or 0)]
        one, other = (int(row) for row in (ids == item).arg_true()[:2])
        raise SemcompError(
            f"{items.locate(other)}: item {shown(item)} is in {items.locate(one)} already; "
            "keep one row per item"
        )
    return Inventory(ordered, table["no_text"].gather(order).to_numpy(), tuple(remarks))


def check_texts(inventory: Inventory, items: Table, template: Template, min_characters: int) -> None:
    """Raise SemcompError where no item at all has a text."""
    if not inventory.no_text.all():
        return
    others = [name for name in items.frame.collect_schema() if name not in ("item_id", *template.columns)]
    remedies = [f"name other columns in a template ({', '.join(others)})"] if others else []
    remedies += ["set min_characters to 1"] if min_characters > 1 else []
    long = f" of {min_characters} characters" if min_characters > 1 else ""
    raise SemcompError(
        f"{items.label}: none of the {counted(len(inventory.ids), 'item')} has a text{long} by {template}; "
        + ", or ".join([*remedies, "set empty_text to 'keep'"])
    )


def places(
    item_ids: pl.Series, inventory: Inventory, interactions: str, items: str, *, unknown_items: str
) -> NDArray[np.int32]:
    """The place of each id in the inventory; one behind its end for an id that it does not hold, where those
    may be dropped.

    Raises SemcompError for such ids where `unknown_items` is "refuse".
    """
    known = pl.DataFrame({"id": inventory.ids}).with_row_index("place")
    found = pl.DataFrame({"id": item_ids}).join(known, on="id", how="left", maintain_order="left")["place"]
    if unknown_items == "refuse" and (unknown := found.null_count()):
        raise SemcompError(
            f"{interactions} names {counted(unknown, 'item')} that {items} does not hold, e.g. "
            f"{shown(item_ids[int(found.is_null().arg_max() or 0)])}; "
            "add their rows, or drop the interactions by unknown_items = 'drop'"
        )
    return found.cast(pl.Int32).fill_null(len(inventory.ids)).to_numpy()


def rows_of(items: Table | None, ids: pl.Series) -> pl.DataFrame:
    """The rows of these ids, which ascend, `item_id` first; that column alone without an item table."""
    wanted = pl.DataFrame({"item_id": ids})
    if items is None:
        return wanted
    with items.reading():
        named = items.frame.with_columns(pl.col("item_id").str.strip_chars())
        rows = named.join(wanted.lazy(), on="item_id", how="semi").collect(engine="streaming")
    if items.entities:
        rows = without_entities(rows, [name for name in rows.columns if name != "item_id"])
    return rows.sort("item_id").select("item_id", pl.exclude("item_id"))


def vectors_of(path: Path, ids: pl.Series) -> NDArray[np.float32]:
    """(I, D) float32: the rows of a matrix on disk where the id of an item is the number of its row.

    Raises SemcompError for a file that is not a matrix of numbers, for an id that is not a row of it, and for
    rows that are not finite.
    """
    try:
        matrix = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise SemcompError(f"{path} cannot be read as a matrix ({error}); save it by numpy.save") from error
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu":
        raise SemcompError(
            f"{path} holds {matrix.dtype} of shape {matrix.shape}; it must be numbers, one row per item"
        )
    rows = ids.cast(pl.Int64, strict=False).fill_null(-1).to_numpy()
    outside = (rows < 0) | (rows >= len(matrix))
    if outside.any():
        raise SemcompError(
            f"item {ids[int(outside.argmax())]!r} has no row in {path}, which holds rows 0 to "
            f"{len(matrix) - 1}; an item's id is the number of its row"
        )
    vectors = np.asarray(matrix[rows], dtype=np.float32)
    finite = np.isfinite(vectors).all(axis=1)
    if not finite.all():
        raise SemcompError(
            f"{path}, row {rows[int(finite.argmin())]}: the vector is not finite; fix it or remove the item"
        )
    return vectors
