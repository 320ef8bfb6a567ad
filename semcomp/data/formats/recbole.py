"""RecBole's atomic files: tab separated, with types in the header (`user_id:token  rating:float`).

The paper's repository publishes them together with `{name}_item_embeddings.npy`, whose rows are the item ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tokenize import TokenError

import numpy as np
import polars as pl

from semcomp.data.formats.delimited import Delimited
from semcomp.data.formats.place import Layout, Place, Sample
from semcomp.data.formats.text import head
from semcomp.data.tables import Table, Tables, standard_table
from semcomp.errors import SemcompError

TITLE = "RecBole atomic files"
WANTS = "{name}.inter and, if there is one, {name}.item, tab separated with headers such as user_id:token"
PUBLISHED = "published interactions and item embeddings"
ENDING = "_item_embeddings.npy"
TYPES = ("token", "token_seq", "float", "float_seq")
PARTS = (".train.inter", ".valid.inter", ".test.inter")


def open_recbole(place: Place, chosen: Mapping[str, str]) -> Tables | None:
    """`{name}.inter` and `{name}.item`; without the former, the union of its train, valid and test files.

    Fields lose their type (`price:float` is `price`). A token_seq separates its tokens by blanks: `genres`
    and `categories` of that type are joined by ", " instead, unless they have commas already; a title or a
    description is a text either way. `class` is what RecBole calls the genres of MovieLens. A `year` that is
    not a number is null. Users' fields (`.user`) are not part of the tables. Quotes are part of the text.
    Blanks between the fields are read where they stand for the tabs.
    """
    files = interaction_files(place)
    return None if files is None else _tables(files, place, chosen)


def _tables(files: tuple[Path, ...], place: Place, chosen: Mapping[str, str]) -> Tables:
    named = f"{name_of(files[0])}.item"
    items = place.items_table(
        lambda sample: _typed(sample) and (sample is place.items or sample.path.name == named),
        lambda sample: atomic_table((sample.path,), "items", chosen),
        chosen,
    )
    return Tables(TITLE, atomic_table(files, "interactions", chosen), items)


def open_published(place: Place, chosen: Mapping[str, str]) -> Tables | None:
    """Atomic files whose item ids are the rows of a matrix next to them.

    The ids are compared with the number of rows here, which reads the item column once.

    Raises SemcompError for a matrix that cannot be read or is not 2-d and of numbers, for item ids that are
    no whole numbers, and for an id without a row.
    """
    files = interaction_files(place)
    if files is None:
        return None
    vectors = files[0].with_name(f"{name_of(files[0])}{ENDING}")
    if not vectors.is_file():
        if place.forced:
            raise SemcompError(f"{place.given} has no {vectors.name}; put the matrix next to {files[0].name}")
        return None
    tables = _tables(files, place, chosen)
    _check_rows(tables.interactions, vectors)
    return replace(tables, format=PUBLISHED, vectors=vectors)


def _check_rows(interactions: Table, vectors: Path) -> None:
    try:
        matrix = np.load(vectors, mmap_mode="r", allow_pickle=False)
    except (
        ValueError,
        OSError,
        EOFError,
        SyntaxError,
        TypeError,
        TokenError,
    ) as error:  # as numpy raises them
        raise SemcompError(f"{vectors} cannot be read ({error}); is it a complete .npy file?") from error
    if matrix.ndim != 2 or matrix.dtype.kind not in "fiu":
        raise SemcompError(
            f"{vectors} holds {matrix.dtype} of shape {matrix.shape}; it needs one row of numbers per item"
        )
    number = pl.col("item_id").cast(pl.Int64, strict=False)
    with interactions.reading():
        rows = interactions.frame.select("item_id", number.alias("number")).with_row_index("row")
        odd = rows.filter(pl.col("number").is_null() | (pl.col("number") < 0)).head(1)
        wrong = odd.collect(engine="streaming")
        largest = rows.select(pl.col("number").max()).collect(engine="streaming").item()
    if wrong.height:
        raise SemcompError(
            f"{interactions.locate(wrong.item(0, 'row'))}: item id {wrong.item(0, 'item_id')!r} is not a row "
            f"of {vectors.name}; item ids must be whole numbers from 0"
        )
    if largest >= len(matrix):
        raise SemcompError(
            f"{vectors} has {len(matrix):,} rows, but {interactions.label} has the item id {largest}; "
            "row r belongs to item r, so it needs at least one row more than the largest id"
        )


def interaction_files(place: Place) -> tuple[Path, ...] | None:
    """The one `.inter` file, or the three of a split; None if there is none with a typed header."""
    atomic = [
        sample.path
        for sample in place.samples
        if _typed(sample) and (not place.folder or sample.path.suffix == ".inter")
    ]
    whole = [path for path in atomic if not path.name.endswith(PARTS)] if place.folder else atomic
    if len(whole) > 1:
        raise SemcompError(
            f"{place.given} has {len(whole)} files of interactions ({', '.join(p.name for p in whole)}); "
            "keep the one that is meant, or give the path of the file"
        )
    if whole or not atomic:
        return tuple(whole) or None
    stems = {name_of(path) for path in atomic}
    if len(stems) > 1 or len(atomic) < len(PARTS):
        raise SemcompError(
            f"{place.given} has {', '.join(path.name for path in atomic)}; "
            "a published split is train, valid and test of one name, put all three there"
        )
    return tuple(atomic)


def atomic_table(files: tuple[Path, ...], role: str, chosen: Mapping[str, str]) -> Table:
    """The table in atomic files of the same header."""
    kinds = [Delimited.of(path, quotes="text", separator=_between(head(path, 1)[0])) for path in files]
    for path, kind in zip(files, kinds, strict=True):
        if kind.columns != kinds[0].columns:
            raise SemcompError(
                f"{path} has the fields {', '.join(kind.columns)}, {files[0].name} has "
                f"{', '.join(kinds[0].columns)}; give all parts the same header"
            )
    fields = dict(_field(files[0], cell) for cell in kinds[0].columns)
    if len(fields) < len(kinds[0].columns):
        raise SemcompError(f"{files[0]}, line 1: a field is there twice; rename one of them")
    sequences = [name for name, type_ in fields.items() if type_ == "token_seq"]
    kind = replace(kinds[0], columns=tuple(fields))

    def shape(frame: pl.LazyFrame) -> pl.LazyFrame:
        names = frame.collect_schema().names()
        joined = [name for name in ("genres", "categories") if _stored(name, fields) in sequences]
        frame = frame.with_columns(_with_commas(name) for name in joined if name in names)
        year = pl.col("year").cast(pl.Float64, strict=False).cast(pl.Int64, strict=False)
        return frame.with_columns(year) if "year" in names else frame

    also = {"class": "genres"} if role == "items" and "genres" not in fields else {}
    return standard_table(kind, files, role, chosen, also=also, shape=shape)


def _stored(name: str, fields: Mapping[str, str]) -> str:
    """The field behind a standard name."""
    others = {"genres": ("genre", "class"), "categories": ("category",)}[name]
    return next((field for field in (name, *others) if field in fields), name)


def _with_commas(name: str) -> pl.Expr:
    text = pl.col(name).str.strip_chars()
    return (
        pl.when(text.str.contains(",", literal=True))
        .then(text)
        .otherwise(text.str.replace_all(r"\s+", ", "))
        .alias(name)
    )


def _field(path: Path, cell: str) -> tuple[str, str]:
    name, _, type_ = cell.partition(":")
    if type_.strip() not in TYPES:
        raise SemcompError(
            f"{path}, line 1: field {cell!r} has no type; write it as {name}:token "
            f"(types: {', '.join(TYPES)})"
        )
    return name.strip(), type_.strip()


def _typed(sample: Sample) -> bool:
    if sample.kind != "text":
        return False
    cells = [cell.strip() for cell in sample.first(_between(sample.lines[0]))]
    return any(cell.partition(":")[2] in TYPES for cell in cells)


def _between(header: str) -> str:
    """The separator: a tab, or a blank where an editor made blanks of tabs and each field has its type."""
    fields = header.split(" ")
    blanks = len(fields) > 1 and all(field.partition(":")[2] in TYPES for field in fields)
    return " " if blanks else "\t"


def name_of(path: Path) -> str:
    """The name of the data set: "movies" of movies.inter and of movies.train.inter."""
    part = next((part for part in PARTS if path.name.endswith(part)), path.suffix)
    return path.name.removesuffix(part)


LAYOUTS = {
    "published": Layout(
        PUBLISHED,
        "{name}.inter and {name}_item_embeddings.npy, whose row is the integer item id",
        open_published,
    ),
    "recbole": Layout(TITLE, WANTS, open_recbole),
}
