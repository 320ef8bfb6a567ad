"""The bytes of an incomplete download: where they are kept, and what they belong to."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from semcomp.errors import SemcompError
from semcomp.storage import atomic_write


@dataclass(frozen=True)
class State:
    """What is known of the file on the server: its address, what If-Range may name, its length in bytes."""

    url: str
    validator: str | None = None
    total: int | None = None


class Partial:
    """`.NAME.partial` next to the target, with `.NAME.partial.json` for its `State`.

    Bytes of an earlier run are resumed if they are of this address and can be told to be current: by a
    validator, or `blind` because a checksum judges the whole in the end. Else they are removed.
    """

    def __init__(self, url: str, target: Path, *, blind: bool) -> None:
        self.target = target
        self.path = target.with_name(f".{target.name}.partial")
        self.about = target.with_name(f".{target.name}.partial.json")
        self.state = State(url)
        self.length = 0
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SemcompError(
                f"the folder {target.parent} cannot be made ({error.strerror}); choose another folder"
            ) from error
        try:
            state = State(**json.loads(self.about.read_text(encoding="utf8")))
            length = self.path.stat().st_size
        except (OSError, ValueError, TypeError, RecursionError):
            state, length = State(""), 0
        if state.url == url and (blind or state.validator is not None):
            self.state, self.length = state, length
        else:
            self.discard()

    def restart(self, validator: str | None, total: int | None) -> None:
        """Begin with the first byte of a file that is now known better."""
        self.discard()
        self.state = State(self.state.url, validator, total)
        try:
            with atomic_write(self.about) as part:
                part.write_text(json.dumps(asdict(self.state)), encoding="utf8")
        except SemcompError as error:
            raise self._no_room(getattr(error.__cause__, "strerror", None)) from error

    def check_room(self, total: int | None) -> None:
        """Refuse to begin what the disk cannot hold; nothing is asked where the length is not known."""
        if total is not None and total - self.length > shutil.disk_usage(self.target.parent).free:
            raise self._no_room("the disk is too full", total)

    @contextmanager
    def appending(self) -> Iterator[BinaryIO]:
        try:
            stream = self.path.open("ab", buffering=0)
        except OSError as error:
            raise self._no_room(error.strerror) from error
        with stream:
            yield stream

    def append(self, stream: BinaryIO, data: bytes) -> None:
        rest = memoryview(data)
        try:
            while rest:  # an unbuffered write may take only a part
                taken = stream.write(rest)
                self.length += taken
                rest = rest[taken:]
        except OSError as error:
            raise self._no_room(error.strerror) from error

    def finish(self) -> None:
        """Give the bytes their own name, once they are on the disk."""
        try:
            with self.path.open("rb+") as stream:
                os.fsync(stream.fileno())
            os.replace(self.path, self.target)
        except OSError as error:
            raise self._no_room(error.strerror) from error
        self.about.unlink(missing_ok=True)

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)
        self.about.unlink(missing_ok=True)
        self.state = State(self.state.url)
        self.length = 0

    def _no_room(self, reason: str | None, total: int | None = None) -> SemcompError:
        total = self.state.total if total is None else total
        need = "" if total is None else f"{total - self.length:,} more bytes are needed, "
        free = shutil.disk_usage(self.target.parent).free
        return SemcompError(
            f"{self.target.name} cannot be written to {self.target.parent} ({reason}): {need}{free:,} are "
            f"free; make room or choose another folder, then run it again: {self.length:,} bytes are kept"
        )
