"""The filters of a recipe, applied to one range of users after the other, and what each of them removed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.coding import Coded
from semcomp.data.filters import (
    KNOWN_OF_A_PAIR,
    Recipe,
    Step,
    counted,
    k_core,
    one_a_pair,
    preference,
)
from semcomp.data.item_table import Inventory
from semcomp.data.spool import Records, Spool
from semcomp.data.tables import Table
from semcomp.errors import SemcompError
from semcomp.memory import check_memory
from semcomp.progress import progress_bar

PAIR = 24  # bytes of a pair on its way from here into a data set
SORTING = 3  # work on a range of users takes about this many times the bytes of its records


@dataclass(frozen=True)
class Selection:
    """The pairs that are left, ascending by (user, item), and how that came about.

    Attributes:
        user, item: (n,) int32, places among all users and in the inventory of items.
        known: what else is known of each pair, before the core filter did its work; None if nothing is.
        stays: which records of `known` that filter left.
        said: the steps, and remarks on what was not looked at, in order.
    """

    user: NDArray[np.int32]
    item: NDArray[np.int32]
    known: Spool | None
    stays: NDArray[np.bool_]
    said: tuple[Step | str, ...]

    def close(self) -> None:
        if self.known:
            self.known.close()


def select(
    coded: Coded, inventory: Inventory, recipe: Recipe, table: Table, *, memory: int, progress: bool
) -> Selection:
    """Apply the recipe to the records. The result does not depend on `memory`, see `load_tables`.

    Raises SemcompError for repeated pairs and empty texts where the recipe refuses them, and for more pairs
    than memory has room for.
    """
    no_text = inventory.no_text if recipe.empty_text != "keep" else np.zeros_like(inventory.no_text)
    user, item = (np.empty(coded.records.rows, dtype=np.int32) for _ in range(2))
    dtype = coded.records.dtype
    rated = "rating" in (dtype.names or ())
    rest = [name for name in dtype.names or () if name in (*KNOWN_OF_A_PAIR, "row")]
    known = Spool(np.dtype([(name, dtype[name]) for name in rest]), memory // 4) if rest else None
    refused = np.zeros_like(no_text)
    unlisted = repeated = low = textless = n = 0
    rows = memory // (4 * SORTING * dtype.itemsize)
    with progress_bar(coded.records.rows, "filtering", "row", wanted=progress, unit_scale=True) as bar:
        for block in coded.ranges(rows, limit=memory // 4, progress=progress):
            listed = block[block["item"] < len(no_text)]
            unlisted += len(block) - len(listed)
            records = listed[_one_of_each(listed, coded, inventory, recipe, table)]
            repeated += len(listed) - len(records)
            if recipe.min_rating is not None and rated:
                enough = records["rating"] >= recipe.min_rating
                low += len(records) - int(enough.sum())
                records = records[enough]
            if no_text.any():
                has_text = ~no_text[records["item"]]
                refused[records["item"][~has_text]] = True
                textless += len(records) - int(has_text.sum())
                records = records[has_text]
            user[n : n + len(records)], item[n : n + len(records)] = records["user"], records["item"]
            n += len(records)
            if known:
                known.append(_fields(records, known))
            bar.update(len(block))
    check_memory(n * PAIR, f"the {n:,} pairs of {table.label}", "keep fewer by a stricter recipe")
    if recipe.empty_text == "refuse" and refused.any():
        raise _without_text(inventory, refused, recipe)
    user, item = user[:n], item[:n]
    said: list[Step | str] = [
        *coded.remarks,
        *inventory.remarks,
        *_on_unlisted(recipe, unlisted),
        Step("duplicates", recipe.duplicates, interactions=repeated),
        *_on_ratings(recipe, coded, low),
        *_on_texts(recipe, no_text, textless),
    ]
    users, items = _distinct(user, len(coded.user_ids)), _distinct(item, len(no_text))
    gone = sum(step.items for step in said if isinstance(step, Step))
    said.append(Step("idle items", "without an interaction", items=len(no_text) - gone - items))
    said.append(Step("idle users", "without an interaction", users=len(coded.user_ids) - users))
    stays = np.ones(n, dtype=bool)
    if recipe.core > 1:
        stays = k_core(user, item, recipe.core, progress=progress)
        user, item = user[stays], item[stays]
        left = _distinct(user, len(coded.user_ids)), _distinct(item, len(no_text))
        said.append(Step("core", str(recipe.core), users - left[0], items - left[1], n - len(user)))
    return Selection(user, item, known, stays, tuple(said))


def _on_unlisted(recipe: Recipe, unlisted: int) -> list[Step | str]:
    if recipe.unknown_items != "drop":
        return []
    return [Step("unknown items", "with items that the item table does not hold", interactions=unlisted)]


def _on_ratings(recipe: Recipe, coded: Coded, low: int) -> list[Step | str]:
    if "rating" not in (coded.records.dtype.names or ()):
        asked = recipe.min_rating is not None or recipe.duplicates == "best"
        return ["there are no ratings: every row counts as an interaction"] if asked else []
    if recipe.min_rating is not None:
        return [Step("rating", f"rated below {recipe.min_rating:g}", interactions=low)]
    unknown = [f"unknown ratings, missing or not numbers: {coded.vague:,}"] if coded.vague else []
    return ["ratings are not looked at: every rated item counts as an interaction", *unknown]


def _on_texts(recipe: Recipe, no_text: NDArray[np.bool_], textless: int) -> list[Step | str]:
    if recipe.empty_text != "drop":
        return []
    minimum = recipe.min_characters
    rule = "without a text" if minimum == 1 else f"with a text below {minimum} characters"
    return [Step("text", rule, items=int(no_text.sum()), interactions=textless)]


def _one_of_each(
    block: Records, coded: Coded, inventory: Inventory, recipe: Recipe, table: Table
) -> NDArray[np.int64]:
    names = block.dtype.names or ()
    known = {name: block[name] for name in KNOWN_OF_A_PAIR if name in names}
    keys = preference(recipe.duplicates, known, block["content"] if "content" in names else None)
    rows = one_a_pair(block["user"], block["item"], keys)
    if recipe.duplicates == "refuse" and len(rows) < len(block):
        pair = np.sort(block[["user", "item"]], order=("user", "item"))
        at = pair[int((pair[1:] == pair[:-1]).argmax())]
        raise _repeated(table, coded.user_ids[int(at["user"])], inventory.ids[int(at["item"])])
    return rows


def _fields(records: Records, known: Spool) -> Records:
    out = np.empty(len(records), dtype=known.dtype)
    for name in known.dtype.names or ():
        out[name] = records[name]
    return out


def _distinct(places: NDArray[np.int32], count: int) -> int:
    met = np.zeros(count, dtype=bool)
    met[places] = True
    return int(met.sum())


def _repeated(table: Table, user: str, item: str) -> SemcompError:
    same = (pl.col("user_id").str.strip_chars() == user) & (pl.col("item_id").str.strip_chars() == item)
    with table.reading():
        numbered = table.frame.select("user_id", "item_id").with_row_index("row")
        rows = numbered.filter(same).select("row").collect(engine="streaming")["row"].sort()
    return SemcompError(
        f"{table.locate(rows[1])}: user {user!r} has item {item!r} again, first in {table.locate(rows[0])}; "
        "remove all but one, or choose which counts by duplicates = 'last', 'first' or 'best'"
    )


def _without_text(inventory: Inventory, no_text: NDArray[np.bool_], recipe: Recipe) -> SemcompError:
    have = "has" if no_text.sum() == 1 else "have"
    return SemcompError(
        f"{counted(int(no_text.sum()), 'item')} with interactions {have} a text below "
        f"{counted(recipe.min_characters, 'character')}, e.g. item {inventory.ids[int(no_text.argmax())]!r}; "
        "give them one, or set empty_text to 'drop' or 'keep'"
    )
