"""Parquet files: typed columns, read by polars itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from semcomp.errors import SemcompError

MAGIC = b"PAR1"


@dataclass(frozen=True)
class Parquet:
    """A parquet file; types are kept as stored."""

    columns: tuple[str, ...]

    @classmethod
    def of(cls, path: Path) -> Parquet:
        """Read the footer. Raises SemcompError for a file that is cut off, damaged, or without rows."""
        try:
            frame = pl.scan_parquet(path, glob=False)
            columns = tuple(frame.collect_schema().names())
            height = frame.select(pl.len()).collect().item()
        except (pl.exceptions.PolarsError, OSError) as error:
            raise _damaged(path, error) from error
        if height == 0:
            raise SemcompError(f"{path} has a header but no rows; at least one is needed")
        return cls(columns)

    def names(self) -> tuple[str, ...]:
        return self.columns

    def scan(self, path: Path) -> pl.LazyFrame:
        return pl.scan_parquet(path, glob=False).select(self.columns)

    def check(self, path: Path) -> None:
        """Read every page. A fault has no line in a parquet file; the column with the fault is named."""
        for column in self.columns:
            try:
                for _ in pl.scan_parquet(path, glob=False).select(column).collect_batches(engine="streaming"):
                    pass
            except (pl.exceptions.PolarsError, OSError) as error:
                raise _damaged(path, error, column) from error

    def place(self, path: Path, row: int) -> str:
        return f"row {row + 1}"


def _damaged(path: Path, error: Exception, column: str | None = None) -> SemcompError:
    reason = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    where = f"{path}, column {column!r}," if column else f"{path}"
    if isinstance(error, pl.exceptions.DuplicateError):
        return SemcompError(f"{path}: {reason}; rename one of them")
    return SemcompError(f"{where} cannot be read ({reason}); is it really a complete parquet file?")
