"""From two tables to a data set: join by id, filter by recipe, write down what was dropped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.dataset import Dataset, Source
from semcomp.data.filters import Recipe, distinct_pairs, k_core, rated_at_least
from semcomp.data.item_text import item_texts, template, text_columns
from semcomp.data.tables import read_table, with_string_ids
from semcomp.errors import SemcompError
from semcomp.storage import file_digest


def read_folder(
    path: str | Path, *, name: str | None = None, recipe: Recipe | None = None, source: Source | None = None
) -> Dataset:
    """The data set in a folder of `interactions.parquet|csv` and `items.parquet|csv`.

    Interactions: columns `user_id`, `item_id`; optional `rating`, `timestamp`, `position`. Items: `item_id`,
    `title`; optional `year`, `genres`, `categories` and more. Ids are read as strings. The order of rows
    does not matter. Without a recipe nothing is filtered except items without a text.

    Args:
        name: how the data set is called; the folder's name if None.
        source: who published the data; the sha256 of the files read are added to it.

    Raises SemcompError for a missing or unreadable file, a missing column, empty ids, an item id twice in
    the item table, an interaction with an item the table does not hold, ratings that a filter cannot read,
    and for filters that leave nothing.
    """
    folder = Path(path).expanduser()
    interactions, interactions_path = read_table(folder, "interactions", ("user_id", "item_id"))
    items, items_path = read_table(folder, "items", ("item_id", "title"))
    sha256 = {file.name: file_digest(file) for file in (interactions_path, items_path)}
    return assemble(
        name or folder.resolve().name,
        interactions,
        items,
        recipe or Recipe(),
        replace(source or Source(), sha256=sha256),
        labels=(str(interactions_path), str(items_path)),
    )


def assemble(
    name: str,
    interactions: pl.DataFrame,
    items: pl.DataFrame,
    recipe: Recipe,
    source: Source,
    *,
    labels: tuple[str, str] = ("interactions", "items"),
) -> Dataset:
    """Filter two tables by a recipe and map their ids to rows. `labels` name the tables in errors."""
    interactions = with_string_ids(interactions, ("user_id", "item_id"), labels[0])
    items = with_string_ids(items, ("item_id",), labels[1])
    _check_ids(interactions, items, labels)
    columns = text_columns(items, recipe.text_columns, labels[1])
    items = items.with_columns(item_texts(items, columns).alias("\0text"))
    notes: list[str] = []

    pairs = distinct_pairs(interactions)
    if repeated := interactions.height - pairs.height:
        notes.append(
            f"dropped {repeated:,} repeated interactions of a user with the same item (one of each kept)"
        )
    if recipe.min_rating is not None:
        rated = rated_at_least(pairs, recipe.min_rating, labels[0])
        notes.append(
            f"dropped {pairs.height - rated.height:,} interactions rated below {recipe.min_rating:g}"
        )
        pairs = rated
    elif "rating" in pairs.columns:
        notes.append("ratings are not looked at: every rated item counts as an interaction")
    if recipe.drop_empty_text:
        silent = items.filter(pl.col("\0text") == "")
        if silent.height:
            heard = pairs.join(silent, on="item_id", how="anti")
            notes.append(
                f"dropped {silent.height:,} items without a text "
                f"and their {pairs.height - heard.height:,} interactions"
            )
            pairs, items = heard, items.join(silent, on="item_id", how="anti")
    used = items.join(pairs, on="item_id", how="semi")
    if idle := items.height - used.height:
        notes.append(f"dropped {idle:,} items without an interaction")
    if gone := interactions["user_id"].n_unique() - pairs["user_id"].n_unique():
        notes.append(f"dropped {gone:,} users without an interaction")
    if recipe.core > 1:
        kept = pairs.filter(k_core(_codes(pairs["user_id"]), _codes(pairs["item_id"]), recipe.core))
        users, of = pairs["user_id"].n_unique(), pairs["item_id"].n_unique()
        notes.append(
            f"{recipe.core}-core: dropped {users - kept['user_id'].n_unique():,} users, "
            f"{of - kept['item_id'].n_unique():,} items and {pairs.height - kept.height:,} interactions, "
            f"until every user and item left had {recipe.core}"
        )
        pairs = kept
    used = used.join(pairs, on="item_id", how="semi").sort("item_id")

    user, item = _codes(pairs["user_id"]), _codes(pairs["item_id"])
    order = np.lexsort((item, user))
    return Dataset(
        name=name,
        user_ids=_ids(pairs["user_id"].unique().sort()),
        item_ids=_ids(used["item_id"]),
        user=user[order].astype(np.int32),
        item=item[order].astype(np.int32),
        items=used.select("item_id", pl.exclude("item_id", "\0text")),
        texts=tuple(used["\0text"].to_list()),
        template=template(columns),
        source=source,
        notes=tuple(notes),
    )


def _check_ids(interactions: pl.DataFrame, items: pl.DataFrame, labels: tuple[str, str]) -> None:
    twice = items.filter(items["item_id"].is_duplicated())["item_id"].sort()
    if len(twice):
        raise SemcompError(f"{labels[1]} has item {twice[0]!r} in more than one row; keep one row an item")
    unknown = interactions.join(items, on="item_id", how="anti")["item_id"].unique().sort()
    if len(unknown):
        raise SemcompError(
            f"{labels[0]} names {len(unknown):,} items that {labels[1]} does not hold, e.g. {unknown[0]!r}; "
            "add their rows or remove the interactions"
        )


def _codes(ids: pl.Series) -> NDArray[np.int64]:
    """The place of each id among the distinct ones in ascending order."""
    return (ids.rank("dense") - 1).cast(pl.Int64).to_numpy()


def _ids(ids: pl.Series) -> NDArray[np.str_]:
    return np.array(ids.to_list(), dtype=np.str_)
