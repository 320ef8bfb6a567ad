"""The data sets with a name, as `catalogue.toml` lists them: what is known before any file is opened."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from semcomp.checks import checked
from semcomp.data.filters import Recipe
from semcomp.data.remote.archive import plain_name
from semcomp.data.remote.checksum import Checksum

if TYPE_CHECKING:
    from semcomp.data.dataset import Source


@dataclass(frozen=True)
class RemoteFile:
    """One file of a publisher.

    Attributes:
        url: where it is.
        size: its length in bytes; None where nobody tells it.
        checksum: its published hash; None where there is none.
        members: of a zip archive, the paths inside that are needed; each is kept under its last part.
    """

    url: str
    size: int | None = None
    checksum: Checksum | None = None
    members: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return PurePosixPath(urlsplit(self.url).path).name

    @property
    def kept(self) -> tuple[str, ...]:
        """The names of what stays in the folder: the members, or the file itself."""
        return tuple(plain_name(member) for member in self.members) or (self.name,)

    @property
    def published(self) -> str | None:
        return None if self.checksum is None else str(self.checksum)

    def __str__(self) -> str:
        size = "size not published" if self.size is None else f"{self.size:,} bytes"
        parts = f"; of it {', '.join(self.kept)}" if self.members else ""
        return f"{self.url}; {size}; {self.published or 'hash not published'}{parts}"


@checked
@dataclass(frozen=True)
class NamedSource:
    """A data set with a name: what it is, who published it, and how to get it.

    Attributes:
        title: what it is, in words.
        publisher: who is behind it.
        address: the publisher's page.
        files: what `fetch` gets; empty where it has no download of its own.
        obtained: how to get it, where that is not by `fetch` from `files`.
    """

    name: str
    title: str
    publisher: str
    address: str
    licence: str
    citation: str
    recipe: Recipe = field(default_factory=Recipe)
    files: tuple[RemoteFile, ...] = ()
    obtained: str = ""

    @property
    def source(self) -> Source:
        from semcomp.data.dataset import Source

        return Source(f"{self.title}, {self.publisher}", self.licence, self.citation)

    @property
    def getting(self) -> str:
        """How to get it, in a few words: for a download its size and how much of it can be verified."""
        if not self.files:
            return self.obtained.split(":")[0]
        sizes = [file.size for file in self.files if file.size is not None]
        total = f"{sum(sizes) / 1e6:,.0f} MB" if len(sizes) == len(self.files) else "size not published"
        hashed = sum(file.checksum is not None for file in self.files)
        files = "file" if len(self.files) == 1 else "files"
        return f"{total}, {hashed} of {len(self.files)} {files} with a published hash"

    def __str__(self) -> str:
        lines = [f"{self.name}: {self.title}"]
        lines += [f"publisher: {self.publisher}, {self.address}", f"licence: {self.licence}"]
        lines += [f"cite: {self.citation}"]
        if self.recipe.min_rating is not None:
            lines += [f"used: ratings of {self.recipe.min_rating:g} or more"]
        if self.recipe.core > 1:
            lines += [f"used: the {self.recipe.core}-core"]
        lines += [f"file: {file}" for file in self.files]
        lines += [f"obtained: {self.obtained}"] if self.obtained else []
        return "\n".join(lines)


def _read(file: Path) -> dict[str, NamedSource]:
    """The entries by name, in the order of the file."""
    listed = tomllib.loads(file.read_text("utf8"))["source"]
    return {entry["name"]: _entry(**entry) for entry in listed}


def _entry(
    *, recipe: dict[str, Any] | None = None, files: list[dict[str, Any]] | None = None, **told: str
) -> NamedSource:
    return NamedSource(
        **told, recipe=Recipe(**recipe or {}), files=tuple(_file(**one) for one in files or ())
    )


def _file(
    *, url: str, size: int | None = None, sha256: str | None = None, members: tuple[str, ...] = ()
) -> RemoteFile:
    return RemoteFile(url, size, Checksum("sha256", sha256) if sha256 else None, tuple(members))


CATALOGUE = _read(Path(__file__).with_name("catalogue.toml"))
