"""What could be made of two lists: knowing the targets, without knowing them, and by a fusion.

The words are those of a partial information decomposition (Williams and Beer, "Nonnegative Decomposition of
Multivariate Information", 2010), read on hits: targets that both lists hold are redundant, those of one list
alone are its unique contribution, and targets that a fusion finds though neither list holds them are synergy.
Counts of hits take the place of bits here; no information is estimated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from semcomp.core.topk import contains
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.overlap import Floats, Ids, places_in, shared_places
from semcomp.evidence.statistics.bootstrap import ratio

Counts = NDArray[np.int64]
ROUNDING = 1e-12  # means that differ by less are one mean


def headroom_captured(fusion: ArrayLike, best: ArrayLike, oracle: ArrayLike) -> Floats:
    """(fusion − best) / (oracle − best), elementwise: the share of an oracle's gain that a fusion realises.

    1 for the oracle itself, 0 for the better single list, below 0 for a fusion that is worse than it, and
    above 1 possible with synergy. NaN where oracle and best are equal (up to 1e-12): there is nothing to
    gain.

    Args:
        fusion, best, oracle: means over users, or (R,) resamples of them; shapes that broadcast.
    """
    gain, slack = np.asarray(fusion) - np.asarray(best), np.asarray(oracle) - np.asarray(best)
    return ratio(gain, np.where(np.abs(slack) <= ROUNDING, 0.0, slack))


def interleaved(a: Ids, b: Ids, k: int) -> Ids:
    """(n, k) a, b, a, b, … in turn, each item at its first turn: a list of k that ignores the targets.

    The item at place r (from 0) of a has turn 2r, of b turn 2r + 1; an item of both lists keeps the earlier
    one, and the later turn passes without an item. So every first part of the result is the union of the
    first places of both lists, with as many of each, or one more of a (until a list ends). Places are -1
    where both lists are used up; an empty list leaves the other as it is. Balanced interleaving with a first:
    Joachims, "Optimizing Search Engines using Clickthrough Data", KDD 2002.

    Args:
        a, b: (n, l) and (n, m) item rows, -1 for the empty places at the end of a row.
        k: places of the result; k places of either list are enough to fill them.

    Raises:
        SemcompError: k below 1.
    """
    if k < 1:
        raise SemcompError(f"k = {k}, but a list has at least 1 place")
    turns = []
    for ids, other, mine in ((a, b, 0), (b, a, 1)):
        turn = 2 * np.arange(ids.shape[1]) + mine
        place = places_in(ids, other)
        taken = (place >= 0) & (2 * place + 1 - mine < turn)
        turns.append(np.where((ids >= 0) & ~taken, turn, np.iinfo(np.int64).max))
    both = np.pad(np.concatenate([a, b], axis=1), ((0, 0), (0, k)), constant_values=-1)
    turn = np.pad(np.concatenate(turns, axis=1), ((0, 0), (0, k)), constant_values=np.iinfo(np.int64).max)
    order = np.argsort(turn, axis=1, kind="stable")[:, :k]
    listed = np.take_along_axis(turn, order, axis=1) < np.iinfo(np.int64).max
    return np.asarray(np.where(listed, np.take_along_axis(both, order, axis=1), -1), dtype=np.int32)


@dataclass(frozen=True, eq=False)
class FusionHits:
    """What a fusion makes of the hits of two lists, (n,) counts per user: hits = union + synergy − loss.

    Attributes:
        hits: targets in the fusion's list.
        synergy: targets in the fusion's list that neither list holds.
        loss: targets of the union that the fusion's list lacks.
    """

    hits: Counts
    synergy: Counts
    loss: Counts


def synergy_and_loss(a: Ids, b: Ids, fused: Ids, truth: sp.csr_array) -> FusionHits:
    """The targets that a fusion finds beyond two lists, and those of theirs that it drops.

    Args:
        a, b, fused: (n, ·) item rows of the same users, -1 for an empty place; an empty list has no hits. A
            fusion of k places drops at least |union| − k.
        truth: (n, I) binary CSR with sorted indices; a user without targets has zeros throughout.
    """
    hits_a, hits_b, hits = (contains(truth, ids) for ids in (a, b, fused))
    only_b = hits_b & ~shared_places(b, a)
    found = shared_places(fused, a) | shared_places(fused, b)
    dropped = [(marks & ~shared_places(ids, fused)).sum(axis=1) for ids, marks in ((a, hits_a), (b, only_b))]
    return FusionHits(
        hits=hits.sum(axis=1),
        synergy=(hits & ~found).sum(axis=1),
        loss=dropped[0] + dropped[1],
    )
