"""Named data sets, fetched: the verified files in one folder, and a receipt that says what they are."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from semcomp.checks import checked
from semcomp.data import movielens
from semcomp.data.named_sources import CATALOGUE, NamedSource, RemoteFile
from semcomp.data.remote.archive import DamagedArchive, extract
from semcomp.data.remote.checksum import Checksum
from semcomp.data.remote.download import OFFLINE, Patience, WrongFile, fetch_file, is_offline
from semcomp.errors import SemcompError, unknown_name
from semcomp.outputs import clear_parts, output_place
from semcomp.storage import atomic_write, cache_folder, cache_path, exclusive, file_digest

RECEIPT = "receipt.json"
LOCK = ".fetch.lock"
Say = Callable[[str], object]


@dataclass(frozen=True)
class Entry:
    """One file of a publisher as it came.

    Attributes:
        bytes: its length.
        sha256: its hash, whether anything was published to compare with or not.
        published: the published hash it was verified against; None where there is none.
        kept: name -> sha256 of each file that stays in the folder.
    """

    bytes: int
    sha256: str
    published: str | None
    kept: dict[str, str]


@dataclass(frozen=True)
class Receipt:
    """What a fetch left in a folder: when (UTC), and an entry for each address. It is written last."""

    name: str
    fetched: str
    files: dict[str, Entry]


@checked
def fetch(
    name: str,
    *,
    into: str | Path | None = None,
    progress: bool = True,
    offline: bool | None = None,
    patience: Patience | None = None,
    say: Say | None = None,
) -> Path:
    """Get the files of a named data set; returns their folder, by default `data/NAME` in the cache.

    A folder that is complete is verified by hash and returned without any connection. Else what is missing
    or damaged is fetched (see `fetch_file`), zip archives are unpacked to the members that are needed and
    then removed, and `receipt.json` is written last: an interrupted fetch never counts as complete, and the
    next one goes on where it stopped. A file that was put into the folder by hand, under its published name,
    is taken if it verifies. A file without a published hash is held to the one of the first fetch. Of two
    processes the second waits for the first.

    Args:
        into: another folder; in one that holds other things, nothing is written over.
        offline: no connection at all; None asks SEMCOMP_OFFLINE.
        say: told each sentence worth reading, e.g. that a file could not be verified; None prints to stderr.

    Raises SemcompError for an unknown name, a data set without a download, and what `fetch_file` raises.
    """
    source = named(name)
    offline, say = is_offline(offline), say or _to_stderr
    if name == movielens.NAME:
        return movielens.members_folder(into, offline=offline)
    if not source.files:
        raise SemcompError(f"data set {name!r} has {source.obtained}; its publisher: {source.address}")
    folder = cache_folder("data", name) if into is None else _folder(output_place(into, "into"), source)
    with exclusive(folder / LOCK, lambda: say(f"another process is fetching into {folder}; waiting for it")):
        clear_parts(folder)
        receipt = read_receipt(folder, source)
        known = receipt.files if receipt else {}
        if receipt and all(_intact(folder, entry) for entry in known.values()):
            return folder
        if offline:
            _check_by_hand(source, folder, known)
        files = {
            file.url: _obtain(file, folder, known.get(file.url), progress, offline, patience, say)
            for file in source.files
        }
        fetched = Receipt(name, datetime.now(UTC).isoformat(timespec="seconds"), files)
        with atomic_write(folder / RECEIPT) as part:
            part.write_text(json.dumps(asdict(fetched), indent=1) + "\n", encoding="utf8")
    return folder


def named(name: str) -> NamedSource:
    """The entry of the catalogue. Raises SemcompError, with the nearest names, where there is none."""
    if name not in CATALOGUE:
        raise unknown_name("data set", name, CATALOGUE)
    return CATALOGUE[name]


def fetched_folders() -> dict[str, Path]:
    """Name -> folder in the cache of each data set whose fetch was completed, as their receipts say."""
    base = cache_path("data")
    found = {name: (base / name, read_receipt(base / name, source)) for name, source in CATALOGUE.items()}
    return {
        name: folder
        for name, (folder, receipt) in found.items()
        if receipt
        and all((folder / file).is_file() for entry in receipt.files.values() for file in entry.kept)
    }


def read_receipt(folder: Path, source: NamedSource) -> Receipt | None:
    """The receipt in a folder; None where there is none, or where it is not of what the catalogue names."""
    try:
        raw: dict[str, Any] = json.loads((folder / RECEIPT).read_text(encoding="utf8"))
        receipt = Receipt(
            raw["name"], raw["fetched"], {url: Entry(**entry) for url, entry in raw["files"].items()}
        )
        found = {url: (entry.published, set(entry.kept)) for url, entry in receipt.files.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    expected = {file.url: (file.published, set(file.kept)) for file in source.files}
    return receipt if receipt.name == source.name and found == expected else None


def _obtain(
    file: RemoteFile,
    folder: Path,
    known: Entry | None,
    progress: bool,
    offline: bool,
    patience: Patience | None,
    say: Say,
) -> Entry:
    """One file of the publisher, verified, and unpacked if it is an archive."""
    if known and _intact(folder, known):
        return known
    target = folder / file.name
    expected = file.checksum or (Checksum("sha256", known.sha256) if known else None)
    for last in (False, True):
        if not (target.is_file() and _is(target, file.size, expected)):
            try:
                fetch_file(
                    file.url,
                    target,
                    checksum=expected,
                    size=file.size,
                    progress=progress,
                    offline=offline,
                    patience=patience,
                )
            except WrongFile as error:
                if expected == file.checksum:
                    raise
                raise SemcompError(
                    f"{error}. The hash is the one of the first fetch; delete {folder / RECEIPT} to take "
                    "the file as it is now"
                ) from error
        try:
            if file.members:
                extract(target, file.members, folder, progress=progress)
            else:
                _check_gzip(target)
            break
        except DamagedArchive:
            if last or offline:
                raise
            target.unlink()
    size = target.stat().st_size
    sha256 = expected.hex if expected and expected.algorithm == "sha256" else file_digest(target)
    if file.checksum is None:
        say(
            f"{file.name} could not be verified, since no hash of it is published: "
            f"{size:,} bytes with sha256 {sha256} are taken as they came"
        )
    if not file.members:
        return Entry(size, sha256, file.published, {file.name: sha256})
    target.unlink()
    return Entry(size, sha256, file.published, {name: file_digest(folder / name) for name in file.kept})


def _check_by_hand(source: NamedSource, folder: Path, known: dict[str, Entry]) -> None:
    """Offline, what is not intact must lie in the folder as published; name all that is still to be put."""
    for file in source.files:
        path = folder / file.name
        if path.is_file() and not _is(path, file.size, file.checksum):
            raise SemcompError(
                f"{path} has {path.stat().st_size:,} bytes and sha256 {file_digest(path)}, which is not "
                f"{file}; put the published file there, or go online (unset {OFFLINE})"
            )
    missing = [
        file.url
        for file in source.files
        if not (folder / file.name).is_file() and not (file.url in known and _intact(folder, known[file.url]))
    ]
    if missing:
        raise SemcompError(
            f"data set {source.name!r} is not complete here, and working offline was asked for; go online "
            f"(unset {OFFLINE}), or get {' and '.join(missing)} on another machine, put what comes into "
            f"{folder} as it is, and fetch again"
        )


def _is(path: Path, size: int | None, expected: Checksum | None) -> bool:
    return size in (None, path.stat().st_size) and (expected is None or expected.matches(path))


def _intact(folder: Path, entry: Entry) -> bool:
    return all(
        (folder / name).is_file() and file_digest(folder / name) == sha for name, sha in entry.kept.items()
    )


def _check_gzip(path: Path) -> None:
    """Refuse what is not a gzip file at all, e.g. a notice saved under its name."""
    if path.suffix == ".gz":
        with path.open("rb") as stream:
            if stream.read(2) != b"\x1f\x8b":
                raise DamagedArchive(f"{path} is not a gzip file; delete it and fetch it again")


def _folder(folder: Path, source: NamedSource) -> Path:
    """A folder of the user's choice, in which a fetch may write without harm."""
    if not (folder / LOCK).exists():  # no fetch has worked here yet
        for file in source.files:
            taken = [name for name in file.kept if (folder / name).exists()]
            if taken and (file.members or not _is(folder / taken[0], file.size, file.checksum)):
                raise SemcompError(
                    f"{folder / taken[0]} exists and is not what {source.name!r} would put there; "
                    "choose an empty folder"
                )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _to_stderr(sentence: str) -> None:
    print(sentence, file=sys.stderr)
