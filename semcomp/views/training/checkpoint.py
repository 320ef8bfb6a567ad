"""The state of a training run on disk, so that a killed run continues where it was."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from semcomp.errors import SemcompError
from semcomp.kernels.processes import first_alone
from semcomp.outputs import clear_parts, output_file, unwritable
from semcomp.storage import atomic_write, digest, is_whole, unreadable

Vectors = tuple[NDArray[np.float32], NDArray[np.float32]]

EVERY = 10.0  # seconds between two writes; what came after the last one is done again, with the same result


@dataclass
class State:
    """What the loop knows after an epoch, besides parameters and the optimiser's moments."""

    epoch: int
    best: Vectors
    best_metric: float
    best_epoch: int
    curve: list[dict[str, Any]]
    seconds: float
    peak_bytes: int


class Checkpoint:
    """A file that holds a run's state, or none (`path=None`), in which case nothing is kept.

    The file names the run (model, configuration, seed, split, text, device, torch's version and threads). One
    of another run is refused, and so is one that cannot be read: it may be a file of something else. Of
    several processes the first one has the file, and the others hear from it.

    Raises:
        SemcompError: `path` is a folder, or lies in none that can be written to.
    """

    def __init__(
        self,
        path: Path | None,
        run: Mapping[str, Any],
        trained: nn.Module,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        self.path = None if path is None else first_alone(lambda: output_file(path, "checkpoint"))
        self.trained, self.optimizer = trained, optimizer
        self.run = digest(dict(run), torch.__version__, torch.get_num_threads())
        self.written = time.monotonic()

    def load(self) -> State | None:
        """The state in the file, with parameters and optimiser set to it; None where there is no file."""
        path = self.path
        stored = None if path is None else first_alone(lambda: self._read(path))
        if stored is None:
            return None
        self.trained.load_state_dict(stored["parameters"])
        self.optimizer.load_state_dict(stored["optimizer"])
        best = stored["best"]
        return State(best=(best[0].numpy(), best[1].numpy()), **stored["state"])

    def _read(self, path: Path) -> dict[str, Any] | None:
        """What is in the file; None where there is none."""
        try:
            if not is_whole(path):
                path.stat()
                raise ValueError("its seal is missing or does not fit")
            stored = dict(torch.load(path, map_location="cpu", weights_only=True))
            run, _, _ = stored["run"], stored["state"], stored["best"]
        except FileNotFoundError:
            return None  # or not any more: another process of the same run was done
        except (OSError, MemoryError) as error:
            raise unreadable(path, error) from error
        except Exception as error:  # torch, pickle and zipfile have many names for a file that is not theirs
            raise SemcompError(
                f"checkpoint {path} cannot be read, it is damaged or no checkpoint; "
                "remove it or name another file"
            ) from error
        if run != self.run:
            raise SemcompError(
                f"checkpoint {path} belongs to another run (model, options, seed, data, device, processes, "
                "threads or torch differ); remove it or name another file"
            )
        return stored

    def save(self, state: State) -> None:
        """Write the state, whole or not at all; not more often than every `EVERY` seconds.

        Raises SemcompError where it cannot be written; the state written last is still there.
        """
        path = self.path
        if path is not None:
            first_alone(lambda: self._write(path, state))

    def _write(self, path: Path, state: State) -> None:
        if time.monotonic() - self.written < EVERY:
            return
        stored = {
            "run": self.run,
            "state": {key: value for key, value in vars(state).items() if key != "best"},
            "best": [torch.from_numpy(side) for side in state.best],
            "parameters": self.trained.state_dict(),
            "optimizer": self.optimizer.state_dict(),
        }
        with atomic_write(path, sealed=True) as part:
            try:
                with part.open("wb") as stream:
                    torch.save(stored, stream)
            except RuntimeError as error:  # what torch makes of the error of a full disk
                raise unwritable(path, error.__context__ or error) from error
        self.written = time.monotonic()

    def remove(self) -> None:
        """The run is done; also what a killed one left half written goes."""
        path = self.path
        if path is not None:
            first_alone(lambda: self._clear(path))

    def _clear(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        clear_parts(path.parent)
