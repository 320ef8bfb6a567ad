"""Named random streams: each purpose has its own generator, so adding one never moves another."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import nn

from semcomp.errors import SemcompError


def generator(seed: int, purpose: str, *turn: int) -> torch.Generator:
    """A CPU generator for one purpose ("init.users", "negatives", …) of one seed, and of one turn of it.

    Streams of different purposes and turns are independent (numpy's SeedSequence over seed, name and turn).
    A model with an extra, unused part gives the bytes of the model without it; and a run that is resumed
    again at its fifth epoch needs to know no more than that, to draw what it would have drawn.
    """
    entropy = [whole_seed(seed), zlib.crc32(purpose.encode()), *turn]
    state = np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) >> 1)


def whole_seed(seed: object) -> int:
    """A seed as a plain int, which can be written down; SemcompError unless a whole number from 0 on."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise SemcompError(f"seed = {seed!r} is not usable; give a whole number from 0 on")
    return int(seed)


def xavier(rows: int, columns: int, seed: int, purpose: str) -> torch.Tensor:
    """(rows, columns), normal with variance 2 / (rows + columns), from its own stream."""
    return nn.init.xavier_normal_(torch.empty(rows, columns), generator=generator(seed, purpose))
