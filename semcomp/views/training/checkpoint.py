"""The state of a training run on disk, so that a killed run goes on where it was."""

from __future__ import annotations

import pickle
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
from semcomp.storage import atomic_write, digest

Vectors = tuple[NDArray[np.float32], NDArray[np.float32]]

EVERY = 10.0  # seconds between two writes; what came after the last one is done again, with the same result


@dataclass
class State:
    """What the loop knows after an epoch, beside parameters and the optimiser's moments."""

    epoch: int
    best: Vectors
    best_metric: float
    best_epoch: int
    curve: list[dict[str, Any]]
    seconds: float


class Checkpoint:
    """A file that holds a run's state, or none (`path=None`), in which case nothing is kept.

    The file names the run (model, configuration, seed, split, text, torch's version and threads); one of
    another run is refused, one that cannot be read is begun anew.
    """

    def __init__(
        self,
        path: Path | None,
        run: Mapping[str, Any],
        trained: nn.Module,
        optimizer: torch.optim.Optimizer,
    ) -> None:
        self.path, self.trained, self.optimizer = path, trained, optimizer
        self.run = digest(dict(run), torch.__version__, torch.get_num_threads())
        self.written = time.monotonic()

    def load(self) -> State | None:
        """The state in the file, with parameters and optimiser set to it; None where there is no file."""
        if self.path is None or not self.path.exists():
            return None
        try:
            stored = torch.load(self.path, map_location="cpu", weights_only=True)
            run, state = stored["run"], stored["state"]
        except (OSError, EOFError, RuntimeError, KeyError, pickle.UnpicklingError):
            self.path.unlink()
            return None
        if run != self.run:
            raise SemcompError(
                f"checkpoint {self.path} belongs to another run (model, options, seed or data differ); "
                "remove it or name another file"
            )
        self.trained.load_state_dict(stored["parameters"])
        self.optimizer.load_state_dict(stored["optimizer"])
        best = stored["best"]
        return State(best=(best[0].numpy(), best[1].numpy()), **state)

    def save(self, state: State) -> None:
        """Write the state, whole or not at all; not more often than every `EVERY` seconds."""
        if self.path is None or time.monotonic() - self.written < EVERY:
            return
        values = {key: value for key, value in vars(state).items() if key != "best"}
        with atomic_write(self.path) as part:
            torch.save(
                {
                    "run": self.run,
                    "state": values,
                    "best": [torch.from_numpy(side) for side in state.best],
                    "parameters": self.trained.state_dict(),
                    "optimizer": self.optimizer.state_dict(),
                },
                part,
            )
        self.written = time.monotonic()

    def remove(self) -> None:
        """The run is done."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
