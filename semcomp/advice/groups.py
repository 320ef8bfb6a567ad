"""For whom text helps: the questions of each group, from the lists of all fusions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from semcomp.advice.asked import Difference, Users, columns, difference, over_shuffles
from semcomp.advice.strata import truths
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.evidence.statistics.bootstrap import Floats

LEAST_USERS = 30  # with fewer, an interval over users says nothing
GAIN, BEYOND = "over the fusion without text", "beyond shuffled text"
Questions = dict[tuple[str, str], Difference]


@dataclass(frozen=True, eq=False)
class Lists:
    """Test lists of the fusions.

    Attributes:
        ours, plain: with and without text, by seed. shuffled: with shuffled text, by draw.
        base: without text, at the seed of each draw. texts: of each draw.
    """

    ours: Sequence[TopK]
    plain: Sequence[TopK]
    shuffled: Sequence[TopK]
    base: Sequence[TopK]
    texts: Sequence[TextMatrix]


def by_group(
    split: Split, text: TextMatrix, lists: Lists, k: int, *, resamples: int, seed: int
) -> tuple[dict[str, Questions], list[str]]:
    """By group the differences in NDCG, by (`GAIN` or `BEYOND`, metric); and groups of too few users."""
    found: dict[str, Questions] = {}
    sparse = []
    groups, of_draw = truths(split, text), [truths(split, one) for one in lists.texts]
    for name, truth in groups.items():
        users = np.flatnonzero(np.diff(truth.indptr))
        if len(users) < LEAST_USERS or any(not truth[name].nnz for truth in of_draw):
            sparse.append(name)
            continue
        ours, plain = (columns(one, truth, k, users)["ndcg"] for one in (lists.ours, lists.plain))
        gain = difference("ndcg", ours, plain, resamples=resamples, seed=seed)
        everybody = np.flatnonzero(np.diff(split.test.indptr))
        gained, has = _gained(lists.ours, lists.plain, [truth] * len(lists.ours), k, everybody)
        others, of_others = _gained(lists.shuffled, lists.base, [one[name] for one in of_draw], k, everybody)
        beyond = over_shuffles("ndcg", gained, others, has[0], of_others, resamples=resamples, seed=seed)
        found[name] = {(GAIN, "ndcg"): gain, (BEYOND, "ndcg"): beyond}
    return found, sparse


def _gained(
    some: Sequence[TopK], others: Sequence[TopK], truth: Sequence[sp.csr_array], k: int, users: Users
) -> tuple[Floats, Floats]:
    """(draws, users) differences in NDCG, 0 for a user without a test item in the group; and who has one."""
    rows = [
        columns([one], of, k, users)["ndcg"][0] - columns([other], of, k, users)["ndcg"][0]
        for one, other, of in zip(some, others, truth, strict=True)
    ]
    has = [np.diff(of.indptr)[users] > 0 for of in truth]
    return np.stack(rows), np.stack(has).astype(np.float64)
