"""Rows computed once: one vector a distinct text, kept by content, resumable in chunks."""

from __future__ import annotations

import contextlib
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from semcomp.errors import SemcompError
from semcomp.progress import progress_bar
from semcomp.storage import atomic_write, cache_folder, digest

CHUNK = 256  # texts a part file: a second of MiniLM on two cores, so that larger models lose little too


class Model(Protocol):
    """A loaded model: one vector a text, whatever texts stand beside it."""

    @property
    def max_tokens(self) -> int | None:
        """The most tokens it reads of a text, special tokens included; None where there is no limit."""
        ...

    def rows(self, texts: list[str]) -> NDArray[np.float32]:
        """(n, D) float32."""
        ...

    def too_long(self, texts: list[str]) -> NDArray[np.bool_]:
        """(n,) whether the end of the text is cut off."""
        ...


@dataclass(frozen=True, eq=False)
class Kept:
    """The rows of n texts, and what became of the texts: (n, D) float32, (n,) bool, and the limit."""

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

    Distinct texts go longest first, so that the texts of a batch are of similar length. The file is named
    by the digest of `identity` (what the encoder is) and the distinct texts. Until it is whole, each chunk
    of `CHUNK` texts is a file of its own, and a run that was cut off goes on behind the last of them. Two
    runs at once do the same work twice and leave the same file.

    Args:
        load: opens the model; entered only if something is not in the cache yet, left when that is done.

    Raises SemcompError where the cache cannot be written, e.g. on a full disk.
    """
    distinct = sorted(set(texts), key=lambda text: (-len(text), text))
    key = digest(list(identity), distinct)
    whole = cache_folder("text") / f"{key}.npz"
    kept = _read(whole, len(distinct))
    if kept is None:
        parts = cache_folder("text", f"{key}.parts")
        with contextlib.ExitStack() as stack:
            kept = _encode(distinct, parts, lambda: stack.enter_context(load()), progress, label)
        _write(whole, kept)
        shutil.rmtree(parts, ignore_errors=True)
    row = {text: i for i, text in enumerate(distinct)}
    at = np.fromiter((row[text] for text in texts), np.int64, len(texts))
    return Kept(kept.rows[at], kept.truncated[at], kept.max_tokens)


def _encode(distinct: list[str], folder: Path, load: Callable[[], Model], progress: bool, label: str) -> Kept:
    model: Model | None = None
    done: list[Kept] = []
    with progress_bar(len(distinct), label, "text", wanted=progress) as bar:
        for start in range(0, len(distinct), CHUNK):
            chunk = distinct[start : start + CHUNK]
            file = folder / f"{start:08d}-{start + len(chunk):08d}.npz"
            kept = _read(file, len(chunk))
            if kept is None:
                model = model or load()
                rows = np.asarray(model.rows(chunk), dtype=np.float32)
                kept = Kept(rows, model.too_long(chunk), model.max_tokens)
                with contextlib.suppress(FileNotFoundError):  # another run was faster and tidied up
                    _write(file, kept)
            done.append(kept)
            bar.update(len(chunk))
    return Kept(
        np.concatenate([kept.rows for kept in done]),
        np.concatenate([kept.truncated for kept in done]),
        done[0].max_tokens,
    )


def _read(file: Path, texts: int) -> Kept | None:
    """What is stored; None where there is nothing or the file is damaged, so that it is made again."""
    try:
        with np.load(file, allow_pickle=False) as stored:
            rows, truncated, limit = stored["rows"], stored["truncated"], int(stored["max_tokens"])
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile):
        return None
    if rows.ndim != 2 or len(rows) != texts or len(truncated) != texts or rows.dtype != np.float32:
        return None
    return Kept(rows, truncated, limit or None)


def _write(file: Path, kept: Kept) -> None:
    try:
        with atomic_write(file) as part:
            np.savez(part, rows=kept.rows, truncated=kept.truncated, max_tokens=kept.max_tokens or 0)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SemcompError(
            f"the cache file {file} cannot be written ({error.strerror}); free some space or point "
            "SEMCOMP_CACHE at another folder; what is encoded so far is kept"
        ) from error
