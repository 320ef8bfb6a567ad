"""The published hash of a file."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from semcomp.errors import SemcompError

DIGITS = {"sha256": 64, "md5": 32}


@dataclass(frozen=True)
class Checksum:
    """The algorithm (sha256 or md5) and the lower-case hex digits. md5 finds damage, not malice."""

    algorithm: str
    hex: str

    def __post_init__(self) -> None:
        digits = DIGITS.get(self.algorithm)
        if digits is None or not re.fullmatch(f"[0-9a-f]{{{digits}}}", self.hex):
            raise SemcompError(
                f"{self} is not a checksum; give sha256 with 64 or md5 with 32 lower-case hex digits"
            )

    def matches(self, path: Path) -> bool:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, lambda: hashlib.new(self.algorithm, usedforsecurity=False))
        return found.hexdigest() == self.hex

    def __str__(self) -> str:
        return f"{self.algorithm} {self.hex}"
