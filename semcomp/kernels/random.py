"""Named random streams: each purpose has its own generator, so adding one never moves another."""

from __future__ import annotations

import zlib

import numpy as np
import torch
from torch import nn


def generator(seed: int, purpose: str) -> torch.Generator:
    """A CPU generator for one purpose ("init.users", "negatives", …) of one seed.

    Streams of different purposes are independent (numpy's SeedSequence over seed and name), which is what
    lets a model with an extra, unused part give the bytes of the model without it.
    """
    state = np.random.SeedSequence([seed, zlib.crc32(purpose.encode())]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state) >> 1)


def xavier(rows: int, columns: int, seed: int, purpose: str) -> torch.Tensor:
    """(rows, columns), normal with variance 2 / (rows + columns), from its own stream."""
    return nn.init.xavier_normal_(torch.empty(rows, columns), generator=generator(seed, purpose))
