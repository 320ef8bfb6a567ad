"""Named random streams: each purpose has its own generator, so adding one never moves another."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import nn


def generator(seed: int, purpose: str, *turn: int) -> torch.Generator:
    """A CPU generator for one purpose ("init.users", "negatives", …) of one seed, and of one turn of it.

    Streams of different purposes and turns are independent (numpy's SeedSequence over seed, name and turn).
    A model with an extra, unused part gives the bytes of the model without it; and a run that is resumed
    again at its fifth epoch needs to know no more than that, to draw what it would have drawn.
    """
    entropy = [seed, zlib.crc32(purpose.encode()), *turn]
    state = np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) >> 1)


def xavier(rows: int, columns: int, seed: int, purpose: str) -> torch.Tensor:
    """(rows, columns), normal with variance 2 / (rows + columns), from its own stream."""
    return nn.init.xavier_normal_(torch.empty(rows, columns), generator=generator(seed, purpose))
