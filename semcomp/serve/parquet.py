"""Parquet files that say what they hold: written block by block, whole or not at all, and checked when read.

The schema's metadata has one entry, `semcomp`: JSON with the form of the file and what its columns cannot
say. Every page has a checksum.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from semcomp.core.joining import Ids
from semcomp.errors import SemcompError
from semcomp.storage import atomic_write, unreadable

SUFFIX = ".parquet"
KEY = b"semcomp"


@contextmanager
def table_writer(path: Path, columns: Mapping[str, pa.DataType], about: Mapping[str, Any]) -> Iterator[Any]:
    """A `ParquetWriter` of a file with these columns; the file is there once the block ends without an error.

    Args:
        about: plain JSON: the `form`, and what else `read_table` returns.

    Raises SemcompError for another suffix and for a place that cannot be written.
    """
    if path.suffix != SUFFIX:
        raise SemcompError(f"a table is kept as {SUFFIX}, not as {path.name!r}; change the suffix")
    schema = pa.schema(columns.items(), metadata={KEY: as_json(about)})
    with (
        atomic_write(path) as part,
        pq.ParquetWriter(part, schema, use_dictionary=_repeated(columns), write_page_checksum=True) as writer,
    ):
        yield writer


def as_json(about: Mapping[str, Any]) -> bytes:
    """SemcompError where it is not plain JSON."""
    try:
        return json.dumps(about, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise SemcompError(
            f"the provenance of {about.get('name')!r} is not plain JSON ({error}); "
            "keep text, numbers, lists and dicts in it"
        ) from error


def read_table(path: Path, form: str, filters: Any = None) -> tuple[pa.Table, dict[str, Any]]:
    """The table that `table_writer` wrote, or the rows of it that a filter keeps, and what was said about it.

    Raises SemcompError for a file that is missing, damaged, or of another form.
    """
    if not path.is_file():
        raise SemcompError(f"there is no file {path}; check the path")
    try:
        told = json.loads((pq.read_schema(path).metadata or {})[KEY])
        if told["form"] != form:
            raise SemcompError(f"{path} is a {told['form']!r}, not a {form!r}; write it again")
        table = pq.read_table(path, filters=filters, partitioning=None, page_checksum_verification=True)
    except SemcompError:
        raise
    except (FileNotFoundError, PermissionError, MemoryError) as error:
        raise unreadable(path, error) from error
    except Exception as error:  # a damaged or foreign file can raise almost anything
        raise SemcompError(
            f"{path} is not a {form!r} that this package wrote, or is damaged; write it again"
        ) from error
    return table, told


def id_array(ids: Ids, owner: str) -> pa.StringArray:
    """Ids as parquet has them; SemcompError for one that is not Unicode."""
    try:
        return pa.array(ids.tolist(), pa.string())
    except (UnicodeError, pa.ArrowInvalid) as error:
        raise SemcompError(f"{owner} has ids that are not Unicode; parquet cannot keep them") from error


def _repeated(columns: Mapping[str, pa.DataType]) -> list[str] | bool:
    """Columns of text whose values occur again and again; vectors and scores hardly do."""
    return [name for name, kind in columns.items() if kind == pa.string() and name != "id"] or False
