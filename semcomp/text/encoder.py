"""What an encoder is: something that gives every item of a data set a row, and says how."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data import Dataset
from semcomp.errors import SemcompError

BATCH = {"cpu": 32, "gpu": 256}  # on two cores 64 was up to an eighth slower than 32, and 16 no faster


@checked
@dataclass(frozen=True)
class Run:
    """How the work is done, which may affect only the last bits of a number.

    Attributes:
        batch_size: texts that a model reads at a time; None: `BATCH` by the device.
        processes: workers on the CPU; None lets the encoder choose. Ignored on a GPU.
        progress: show a bar on stderr if that is a terminal.
    """

    batch_size: int | None = None
    processes: int | None = None
    progress: bool = True

    def __post_init__(self) -> None:
        if self.batch_size is not None and self.batch_size < 1:
            raise SemcompError(
                f"batch_size = {self.batch_size} is not usable; give at least 1, or None to have it chosen"
            )
        if self.processes is not None and self.processes < 1:
            raise SemcompError(
                f"processes = {self.processes} is not usable; give at least 1, or None to have it chosen"
            )

    def batch_on(self, device: str) -> int:
        """The batch size on a device such as "cpu" or "cuda:0"."""
        return self.batch_size or BATCH["cpu" if device == "cpu" else "gpu"]


@checked
@dataclass(frozen=True, eq=False)
class Rows:
    """What an encoder made of a data set.

    Attributes:
        matrix: (I, D) float32, rows in the order of `data.item_ids`.
        model: the published name, or the file the numbers came from.
        revision: which state of it: a commit, the sha256 of the weights or of the file, or the configuration.
        facts: what else to write down: `truncated`, `max_tokens`, `precision`, `note` …
    """

    matrix: NDArray[np.float32]
    model: str
    revision: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@runtime_checkable
class Encoder(Protocol):
    """Anything that can be handed to `embed`. Ours are frozen dataclasses whose fields are the settings."""

    @property
    def name(self) -> str:
        """A short name for tables and errors, e.g. "minilm"."""
        ...

    def rows(self, data: Dataset, run: Run) -> Rows:
        """One row per item. Raises SemcompError, before any long work, where that cannot be done."""
        ...
