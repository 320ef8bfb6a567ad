"""Rows computed once: one vector per distinct text, kept by content, resumable in chunks."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from semcomp.kernels.processes import first_alone, gather_rows, in_turn, shard, world
from semcomp.progress import progress_bar
from semcomp.storage import atomic_write, cache_folder, digest, find_whole, unreadable

LAYOUT = 2  # of the files; those of the first had no sha256 behind them
CHUNK = 256  # texts per part file: a second of MiniLM on two cores, so that larger models lose little too


class Model(Protocol):
    """A loaded model: one vector per text, whatever other texts there are."""

    @property
    def max_tokens(self) -> int | None:
        """The most tokens it reads of a text, special tokens included; None where there is no limit."""
        ...

    def tokens(self, texts: list[str]) -> NDArray[np.int64]:
        """(n,) how many tokens each text has, special ones included, nothing cut off."""
        ...

    def rows(self, texts: list[str]) -> NDArray[np.float32]:
        """(n, D) float32."""
        ...


@dataclass(frozen=True, eq=False)
class Kept:
    """The rows of n texts, (n, D) float32; which texts were cut, (n,) bool; and the model's limit."""

    rows: NDArray[np.float32]
    truncated: NDArray[np.bool_]
    max_tokens: int | None


def cached_rows(
    texts: Sequence[str],
    identity: Sequence[Any],
    load: Callable[[], contextlib.AbstractContextManager[Model]],
    *,
    progress: bool = True,
    label: str = "",
) -> Kept:
    """The row of each text, cached or encoded now. Equal texts get equal rows.

    Distinct texts go by the number of their tokens, most first, so that the texts of a batch are of similar
    length. (By characters, a quarter of what a model reads of titles is padding; by tokens, a twentieth.)
    The file is named by the digest of `identity` (what the encoder is) and the distinct texts. Until it is
    whole, each chunk of `CHUNK` texts is a file of its own, and an interrupted run is resumed after the
    last of them. Of two runs at once the second waits for the first.

    Several processes of one run share the chunks: by turns, so that long and short texts are spread evenly,
    and each chunk as one process would have it. The first one looks into the cache and writes the file.

    Args:
        load: opens the model; entered only if something is not in the cache yet, left when that is done.

    Raises SemcompError where the cache cannot be written, e.g. on a full disk, or a file in it not be read.
    """
    distinct = sorted(set(texts))
    key = digest([LAYOUT, *identity], distinct)
    whole = cache_folder("text") / f"{key}.npz"

    def found() -> Kept | None:
        return first_alone(lambda: _whole(whole, len(distinct)))

    def made() -> Kept:
        parts = cache_folder("text", f"{key}.parts")
        with load() as model:
            new = _encode(distinct, model, parts, progress and world().rank == 0, label)
        first_alone(
            lambda: _write(whole, rows=new.rows, truncated=new.truncated, max_tokens=new.max_tokens or 0)
        )
        shutil.rmtree(parts, ignore_errors=True)
        return new

    kept = found()
    if kept is None:
        with in_turn(key):
            kept = found() or made()  # by then another run may have made it
    row = {text: i for i, text in enumerate(distinct)}
    at = np.fromiter((row[text] for text in texts), np.int64, len(texts))
    return Kept(kept.rows[at], kept.truncated[at], kept.max_tokens)


def _encode(distinct: list[str], model: Model, folder: Path, progress: bool, label: str) -> Kept:
    limit = model.max_tokens
    here = world()
    tokens = gather_rows(_count(distinct[shard(len(distinct), here)], model, progress, label))
    read = tokens if limit is None else np.minimum(tokens, limit)
    order = np.argsort(-read, kind="stable")
    turns = [range(0, len(distinct), CHUNK)[rank :: here.size] for rank in range(here.size)]
    parts: list[NDArray[np.float32]] = []
    mine = sum(len(order[start : start + CHUNK]) for start in turns[here.rank])
    with progress_bar(mine, label, "text", wanted=progress) as bar:
        for start in turns[here.rank]:
            chunk = [distinct[i] for i in order[start : start + CHUNK]]
            file = folder / f"{start:08d}-{start + len(chunk):08d}.npz"
            stored = _read(file)
            rows = stored.get("rows")
            if rows is None or not _fits(rows, len(chunk)):
                rows = np.asarray(model.rows(chunk), dtype=np.float32)
                _write(file, rows=rows)
            parts.append(rows)
            bar.update(len(chunk))
    own = np.concatenate(parts) if parts else np.empty((0, 0), np.float32)  # fewer chunks than processes
    encoded = gather_rows(own)
    rows = np.empty_like(encoded)
    rows[np.concatenate([order[start : start + CHUNK] for turn in turns for start in turn])] = encoded
    return Kept(rows, read < tokens, limit)


def _count(distinct: list[str], model: Model, progress: bool, label: str) -> NDArray[np.int64]:
    """The tokens of each text, some thousand texts at a time."""
    counts = np.empty(len(distinct), dtype=np.int64)
    step = 32 * CHUNK
    with progress_bar(len(distinct), f"{label}, counting tokens", "text", wanted=progress) as bar:
        for start in range(0, len(distinct), step):
            texts = distinct[start : start + step]
            counts[start : start + step] = model.tokens(texts)
            bar.update(len(texts))
    return counts


def _whole(file: Path, texts: int) -> Kept | None:
    """What is stored of all texts; None where that is nothing or damaged, so that it is made again."""
    stored = _read(file)
    if {"rows", "truncated", "max_tokens"} - set(stored):
        return None
    rows, truncated = stored["rows"], stored["truncated"]
    if not _fits(rows, texts) or truncated.shape != (texts,):
        return None
    return Kept(rows, truncated, int(stored["max_tokens"]) or None)


def _fits(rows: NDArray[np.float32], texts: int) -> bool:
    return rows.ndim == 2 and len(rows) == texts and rows.dtype == np.float32


def _read(file: Path) -> dict[str, NDArray[Any]]:
    """The arrays in a file; none where it is missing or damaged."""
    if not find_whole(file):
        return {}
    try:
        with np.load(file, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (OSError, MemoryError) as error:
        raise unreadable(file, error) from error


def _write(file: Path, **arrays: Any) -> None:
    with atomic_write(file, sealed=True) as part:
        np.savez(part, **arrays)
