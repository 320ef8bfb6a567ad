"""Files of vectors with ids: .npy with a file of ids, .npz, parquet, csv and tsv; errors name the file."""

from __future__ import annotations

import codecs
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.array_files import read_npy, read_npz
from semcomp.core.matrices import check_real
from semcomp.data.ids import as_ids, without_blanks
from semcomp.errors import SemcompError

SEPARATORS = {".csv": ",", ".tsv": "\t"}
TABLES = (".parquet", *SEPARATORS)
SUFFIXES = (".npy", ".npz", *TABLES)
ID_SUFFIXES = (".txt", ".npy", *TABLES)
ID_NAMES = ("item_ids", "ids", "item_id", "id")
MATRIX_NAMES = ("matrix", "vectors", "embeddings", "rows")
INDEX_NAMES = ("", "index", "level_0", "__index_level_0__")  # what libraries call the numbers of rows
COUNTING = 10  # rows from which a column that counts them from 0 or 1 is not taken for chance

Ids = NDArray[np.str_]
Numbers = NDArray[np.generic]


def read_vectors(
    path: Path, ids: str | Path | None, id_column: str, vector_column: str | None
) -> tuple[Ids, Numbers]:
    """(n,) distinct ids, without blanks around them, and (n, D) finite numbers, in the order of the file.

    Raises SemcompError for a file that is missing or of another kind, ids that are empty or repeated, another
    number of ids than of vectors, vectors of unequal length, and values that are not finite numbers.
    """
    path = _existing(path)
    if path.suffix == ".npy":
        found, matrix = _read_ids(_id_file(path, ids), id_column), read_npy(path)
    elif path.suffix == ".npz":
        found, matrix = _archive(path)
    else:
        found, matrix = _table(path, id_column, vector_column)
    check_real(matrix, str(path))
    if matrix.ndim != 2:
        raise SemcompError(f"{path} has shape {matrix.shape}; one row of numbers per item is needed")
    if len(found) != len(matrix):
        raise SemcompError(f"{path} has {len(matrix):,} vectors for {len(found):,} ids; give one id each")
    found = without_blanks(found)
    _check_ids(found, path)
    with np.errstate(over="ignore"):  # what is too long for float32 becomes infinite, and is reported here
        bad = ~np.isfinite(matrix.astype(np.float32)).all(axis=1)
    if bad.any():
        raise SemcompError(
            f"{path} has values that are missing or not finite numbers for {int(bad.sum()):,} items, "
            f"e.g. {some(found[bad])}; remove or impute them"
        )
    return found, matrix


def some(ids: Ids) -> str:
    """The first few ids, for a message."""
    return ", ".join(repr(str(item)) for item in ids[:3])


def _existing(path: str | Path) -> Path:
    path = Path(path).expanduser()
    if not path.is_file():
        raise SemcompError(f"there is no file {path}; check the path")
    return path


def _id_file(path: Path, ids: str | Path | None) -> Path:
    """The file of the ids of an .npy: the one named, else the one next to it."""
    if ids is not None:
        return _existing(ids)
    beside = [path.with_name(f"{path.stem}_ids{suffix}") for suffix in ID_SUFFIXES]
    for candidate in beside:
        if candidate.is_file():
            return candidate
    raise SemcompError(
        f"{path} does not say whose vectors it holds; name the file of the ids (ids=...), "
        f"or put it next to it as {beside[0].name}"
    )


def _read_ids(path: Path, id_column: str) -> Ids:
    if path.suffix == ".npy":
        return _as_ids(read_npy(path), str(path))
    if path.suffix in TABLES:
        return _id_values(_frame(path), id_column, path)
    return as_ids(_lines(path), str(path))


def _lines(path: Path) -> list[str]:
    """The lines of a text in UTF-8, or in UTF-16 with a byte order mark, which is not part of the first."""
    try:
        content = path.read_bytes()
        marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        text = content.decode("utf-16" if marked else "utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SemcompError(f"{path} cannot be read as text; give one id per line in UTF-8") from error
    if "\0" in text:
        raise SemcompError(f"{path} has zero bytes in it, as UTF-16 has; give one id per line in UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n \t").split("\n")


def _archive(path: Path) -> tuple[Ids, Numbers]:
    arrays, names = read_npz(path, (*ID_NAMES, *MATRIX_NAMES))
    ids_name = next((name for name in ID_NAMES if name in arrays), None)
    matrix_name = next((name for name in MATRIX_NAMES if name in arrays), None)
    if ids_name is None or matrix_name is None:
        held = ", ".join(names) or "nothing"
        raise SemcompError(f"{path} holds {held}; arrays 'item_ids' and 'matrix' are needed")
    return _as_ids(arrays[ids_name], f"{path}: {ids_name!r}"), arrays[matrix_name]


def _as_ids(array: Numbers, label: str) -> Ids:
    if array.ndim != 1 or array.dtype.kind not in "iuU":
        raise SemcompError(f"{label} is {array.dtype} of shape {array.shape}; a list of ids is needed")
    return as_ids(array, label)


def _table(path: Path, id_column: str, vector_column: str | None) -> tuple[Ids, Numbers]:
    frame = _frame(path)
    ids = _id_values(frame, id_column, path)
    lists = [name for name in frame.columns if isinstance(frame[name].dtype, pl.List | pl.Array)]
    if vector_column is None and len(lists) > 1:
        raise SemcompError(f"{path} has several columns of lists ({', '.join(lists)}); name vector_column")
    column = vector_column or next(iter(lists), None)
    if column is None:
        return ids, _numeric(frame.drop(id_column), path)
    if column not in lists:
        raise SemcompError(
            f"{path} has no column {column!r} of lists; such columns are: {', '.join(lists) or 'none'}"
        )
    return ids, _stacked(frame[column], ids, path)


def _frame(path: Path) -> pl.DataFrame:
    """A table; every cell of a csv is a string, so that an id such as `007` keeps its zeros."""
    try:
        if path.suffix == ".parquet":
            return pl.read_parquet(path, glob=False)
        named = pl.read_csv(
            path, separator=SEPARATORS[path.suffix], infer_schema=False, glob=False, has_header=False
        )
        head = ["" if name is None else name.strip() for name in named.row(0)]
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise _unreadable(path, error) from error
    twice = next((name for name in head if head.count(name) > 1), None)
    if twice is not None:
        raise SemcompError(
            f"{path} has several columns named {twice!r}; give each its own name, or remove all but one"
        )
    filled = named[1:].filter(~pl.all_horizontal(pl.all().is_null()))  # a blank line is not a row
    return filled.rename(dict(zip(named.columns, head, strict=True)))


def _id_values(frame: pl.DataFrame, id_column: str, path: Path) -> Ids:
    if id_column not in frame.columns:
        known = ", ".join(map(repr, frame.columns))
        raise SemcompError(f"{path} has no column {id_column!r} (it has {known}); name id_column")
    ids = frame[id_column]
    if not (ids.dtype == pl.String or ids.dtype.is_integer()):
        raise SemcompError(f"{path}: column {id_column!r} is {ids.dtype}; store ids as integers or strings")
    return as_ids(ids.cast(pl.String).fill_null("").to_list(), str(path))


def _numeric(frame: pl.DataFrame, path: Path) -> Numbers:
    """Columns of numbers side by side; a cell that is not a number becomes NaN and is reported by its id."""
    if path.suffix in SEPARATORS:
        numbers = frame.select(pl.all().str.strip_chars().cast(pl.Float64, strict=False))
        wordy = [name for name in frame.columns if 0 < frame.height == numbers[name].null_count()]
    else:
        numbers = frame
        wordy = [name for name in frame.columns if not frame[name].dtype.is_numeric()]
    if wordy or not numbers.width:
        what = f"column {wordy[0]!r} is not numeric" if wordy else "there are no numbers"
        raise SemcompError(
            f"{path}: {what}; leave only the id and the numbers, or name a column of lists (vector_column)"
        )
    matrix = np.asarray(numbers.cast(pl.Float64).fill_null(float("nan")).to_numpy())
    for name, column in zip(frame.columns, matrix.T, strict=True):
        named = name in INDEX_NAMES or name.startswith("Unnamed:")
        if named and ((column >= 0) & (column % 1 == 0)).all():  # of rows that were sorted or filtered, too
            raise _counted(name, path)
    first = matrix[:, 0]
    if len(first) >= COUNTING and first[0] in (0, 1) and (np.diff(first) == 1).all():
        raise _counted(frame.columns[0], path)
    return matrix


def _counted(name: str, path: Path) -> SemcompError:
    """The error for a column that holds the numbers of rows, as pandas writes its index."""
    which = f"column {name!r}" if name else "a column without a name"
    return SemcompError(
        f"{path}: {which} looks like numbers of rows, not like a dimension; remove it "
        "(pandas: save with index=False), or name it as id_column; a dimension that counts the rows can "
        "be one of the numbers in a column of lists (parquet)"
    )


def _stacked(column: pl.Series, ids: Ids, path: Path) -> Numbers:
    """A column of lists as a matrix; a null inside becomes NaN, lists of an odd length are reported by id."""
    if isinstance(column.dtype, pl.Array):
        column = column.arr.to_list()
    inner = getattr(column.dtype, "inner", None)
    if inner is None or not inner.is_numeric():
        raise SemcompError(f"{path}: column {column.name!r} is {column.dtype}; lists of numbers are needed")
    lengths = column.list.len().fill_null(0).to_numpy()
    width = int(np.bincount(lengths).argmax()) if len(lengths) else 0
    odd = lengths != width
    if odd.any():
        raise SemcompError(
            f"{path}: column {column.name!r} has {int(lengths[odd][0])} numbers for item "
            f"{str(ids[odd][0])!r} and mostly {width}; all vectors must be of one length"
        )
    flat = column.explode(empty_as_null=False).cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return np.asarray(flat.reshape(len(ids), width))


def _check_ids(ids: Ids, path: Path) -> None:
    empty = ids == ""
    if empty.any():
        raise SemcompError(
            f"{path}: the id of row {int(empty.argmax())} (counted from 0) is empty; give every row an id"
        )
    values, counts = np.unique(ids, return_counts=True)
    if (counts > 1).any():
        raise SemcompError(
            f"{path} has {int((counts > 1).sum()):,} ids more than once, e.g. {some(values[counts > 1])}; "
            "keep one vector per item"
        )


def _unreadable(path: Path, error: BaseException) -> SemcompError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return SemcompError(f"{path} cannot be read ({reason}); is it really a {path.suffix} file of numbers?")
