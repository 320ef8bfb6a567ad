"""Who chooses what: interactions drawn from a world's logits, and a test part drawn without exposure bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.data import Split, binary_csr
from semcomp.planted.parameters import Parameters
from semcomp.planted.truth import INTERACTIONS, UNBIASED, Truth, stream

BLOCK = 1 << 22  # scores drawn at a time: 32 MiB in float64

Rows = NDArray[np.int32]
Doubles = NDArray[np.float64]
Logits = Callable[[int, int], Doubles]  # users from start to stop -> (B, I)


def draw_interactions(world: Parameters, truth: Truth, draw: int = 0) -> tuple[Rows, Rows]:
    """Pairs (user, item) sorted by both, with what the users were exposed to; draw 0 is the data set's."""
    rng = stream(world, INTERACTIONS) if draw == 0 else stream(world, INTERACTIONS, draw)
    counts = _activity(world, rng)
    return _without_replacement(_logits(world, truth, exposed=True), counts, world, rng)


def draw_unbiased(world: Parameters, truth: Truth, split: Split, seed: int) -> Split:
    """The split with as many test items per user, drawn of the unseen as if all had been exposed alike."""
    seen = sp.csr_array(split.history("train+valid"))
    counts = np.diff(split.test.indptr).astype(np.int64)
    of_all = _logits(world, truth, exposed=False)

    def of_unseen(start: int, stop: int) -> Doubles:
        block = of_all(start, stop)
        block[seen[start:stop].nonzero()] = -np.inf
        return block

    rng = stream(world, UNBIASED, seed)
    test = binary_csr(*_without_replacement(of_unseen, counts, world, rng), split.test.shape)
    return replace(split, test=test, provenance={**split.provenance, "test": f"unbiased, seed {seed}"})


def _logits(world: Parameters, truth: Truth, *, exposed: bool) -> Logits:
    """Blocks of sharpness · score + popularity, with the exposure of each user's group if so wanted."""
    tastes, parts = truth.joint

    def block(start: int, stop: int) -> Doubles:
        scores = (tastes[start:stop] @ parts.T).astype(np.float64)
        logits = world.sharpness * scores + truth.popularity
        if exposed and world.exposure > 0:
            logits += truth.exposure[truth.group[start:stop]]
        return np.asarray(logits)

    return block


def _without_replacement(
    logits: Logits, counts: NDArray[np.int64], world: Parameters, rng: np.random.Generator
) -> tuple[Rows, Rows]:
    """For each user as many items as `counts` says, drawn without replacement with weights exp(logit).

    The largest of logit + Gumbel noise are such a draw (Gumbel top-k), so one sort per user does it.
    """
    most = int(counts.max())
    chosen = []
    step = max(1, BLOCK // world.items)
    for start in range(0, world.users, step):
        n = counts[start : start + step]
        block = logits(start, start + step)
        keys = block + rng.gumbel(size=block.shape)
        best = np.argpartition(-keys, most - 1, axis=1)[:, :most]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(keys, best, 1), axis=1), 1)
        best[np.arange(most) >= n[:, None]] = world.items  # behind every item, cut off after sorting
        best.sort(axis=1)
        chosen.append(best[best < world.items])
    user = np.repeat(np.arange(world.users, dtype=np.int32), counts)
    return user, np.concatenate(chosen).astype(np.int32)


def _activity(world: Parameters, rng: np.random.Generator) -> NDArray[np.int64]:
    """(U,) the least plus a log-normal number of interactions with the asked mean, at most half the items."""
    extra = (world.activity - world.min_activity) * rng.lognormal(-0.5, 1.0, world.users)  # of mean 1
    return np.minimum(world.min_activity + np.rint(extra).astype(np.int64), world.items // 2)
