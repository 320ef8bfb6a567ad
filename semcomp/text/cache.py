"""Rows computed once: one vector a distinct text, kept by content, resumable in chunks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from semcomp.storage import atomic_write, cache_folder, digest

Encode = Callable[[list[str]], NDArray[np.float32]]
CHUNK = 1024  # texts a part file: a few seconds of work on two cores, so an interruption loses no more


def cached_rows(
    texts: Sequence[str],
    identity: Sequence[Any],
    load: Callable[[], Encode],
    *,
    progress: bool = True,
    label: str = "",
) -> NDArray[np.float32]:
    """(len(texts), D) float32: the row of each text, cached or encoded now. Equal texts get equal rows.

    Distinct texts go longest first, so that the texts of a batch are of similar length. The file is named
    by the digest of `identity` (what the encoder is) and the distinct texts. Until it is whole, each chunk
    of `CHUNK` texts is a file of its own, and a run that was cut off goes on behind the last of them.

    Args:
        load: makes the encoder; called only if something is not in the cache yet.
    """
    distinct = sorted(set(texts), key=lambda text: (-len(text), text))
    key = digest(list(identity), distinct)
    whole = cache_folder("text") / f"{key}.npy"
    matrix = _read(whole, len(distinct))
    if matrix is None:
        parts = cache_folder("text", f"{key}.parts")
        matrix = np.concatenate(_chunks(distinct, parts, load, progress=progress, label=label))
        _write(whole, matrix)
        shutil.rmtree(parts, ignore_errors=True)
    row = {text: i for i, text in enumerate(distinct)}
    return np.asarray(matrix[[row[text] for text in texts]])


def _chunks(
    distinct: list[str], folder: Path, load: Callable[[], Encode], *, progress: bool, label: str
) -> list[NDArray[np.float32]]:
    encode: Encode | None = None
    done: list[NDArray[np.float32]] = []
    with tqdm(total=len(distinct), desc=label, unit="text", disable=not (progress and _wanted())) as bar:
        for start in range(0, len(distinct), CHUNK):
            chunk = distinct[start : start + CHUNK]
            file = folder / f"{start:08d}-{start + len(chunk):08d}.npy"
            rows = _read(file, len(chunk))
            if rows is None:
                encode = encode or load()
                rows = np.asarray(encode(chunk), dtype=np.float32)
                _write(file, rows)
            done.append(rows)
            bar.update(len(chunk))
    return done


def _read(file: Path, rows: int) -> NDArray[np.float32] | None:
    """The stored rows; None where there are none or the file is damaged, so that they are made again."""
    try:
        matrix = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return matrix if matrix.ndim == 2 and len(matrix) == rows and matrix.dtype == np.float32 else None


def _write(file: Path, matrix: NDArray[np.float32]) -> None:
    with atomic_write(file) as part:
        np.save(part, matrix)


def _wanted() -> bool:
    """Bars are for people who watch: not where TQDM_DISABLE is set or stderr goes to a file or a notebook."""
    return not os.environ.get("TQDM_DISABLE") and sys.stderr.isatty()
