"""Records on their way: in memory while they are few, in a file that nobody else sees when they are many."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomp.errors import SemcompError
from semcomp.storage import cache_folder

Records = NDArray[np.void]


class Spool:
    """Records of one dtype, kept in the order they came.

    Up to `limit` bytes stay in memory; beyond, all move to a file in the cache folder that has no name and
    vanishes with the process, however that ends. Plain reads and writes, no memory map: the pages of a map
    would count as memory of the process.
    """

    def __init__(self, dtype: np.dtype[Any], limit: int) -> None:
        self.dtype = dtype
        self.rows = 0
        self._limit = limit
        self._file: io.BytesIO | io.BufferedRandom = io.BytesIO()
        self._in_memory = True

    def append(self, records: Records) -> None:
        with _room():
            if self._in_memory and (self.rows + len(records)) * self.dtype.itemsize > self._limit:
                self._move_to_disk()
            self._file.seek(0, io.SEEK_END)
            self._file.write(np.ascontiguousarray(records).view(np.uint8).data)
        self.rows += len(records)

    def blocks(self, rows: int) -> Iterator[Records]:
        """All records, in blocks of at most `rows`."""
        for start in range(0, self.rows, rows):
            self._file.seek(start * self.dtype.itemsize)
            block = np.empty(min(rows, self.rows - start), dtype=self.dtype)
            with _room():
                self._file.readinto(block.view(np.uint8).data)
            yield block

    def close(self) -> None:
        self._file.close()

    def _move_to_disk(self) -> None:
        memory = self._file
        self._file = tempfile.TemporaryFile(dir=cache_folder("loading"))  # noqa: SIM115
        self._in_memory = False
        memory.seek(0)
        while piece := memory.read(1 << 24):
            self._file.write(piece)
        memory.close()


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SemcompError(
            f"a temporary file in {cache_folder('loading')} cannot be used ({error.strerror}); "
            "free some space or point SEMCOMP_CACHE at a larger disk"
        ) from error
