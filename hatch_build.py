"""What a wheel carries besides the package: the sources of the book, laid out like a checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = ("_config.yml", "_toc.yml")
FOLDERS = ("book", "benchmarks/results")
LEFT_OUT = {"executed", "__pycache__"}  # made from the others


class BookInWheel(BuildHookInterface[Any]):
    """Copy the book's sources to `semcomp/_book`; an editable installation finds them in its checkout."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        root = Path(self.root)
        files = [root / name for name in FILES]
        files += [file for folder in FOLDERS for file in sorted((root / folder).rglob("*")) if file.is_file()]
        for file in files:
            place = file.relative_to(root)
            if not LEFT_OUT.intersection(place.parts):
                build_data["force_include"][str(file)] = f"semcomp/_book/{place.as_posix()}"
