"""From a view to its rankings: full, exact, with the history masked."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from semcomp.core.provenance import lasting
from semcomp.core.topk import TopK
from semcomp.core.view import Scorer, View, check_fits
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.topk import exact_topk, topk_of_scores

MEMORY = 512 * 2**20  # bytes for the blocks of one ranking


def rank(
    scorer: Scorer,
    split: Split,
    k: int = 20,
    *,
    mask: str = "train+valid",
    memory: int = MEMORY,
    device: str | None = None,
) -> TopK:
    """The k best items of every user among all items that the user has not interacted with.

    Exact: the order is (score of record descending, item row ascending), whatever the block sizes, so equal
    input gives equal lists under any memory budget.

    Args:
        scorer: a View, or anything with `name`, `shape` and `scores(rows)`.
        split: where the history comes from.
        k: places, 1 to the number of items. A user with fewer candidates is padded with -1.
        mask: "train+valid" (at test), "train" (at validation) or "none".
        memory: bytes that blocks of scores may take. Score matrices are never held whole.
        device: "cpu", "cuda" or another torch device; by default CUDA where there is one.

    Raises:
        SemcompError: k out of range, a view whose rows do not match the split, an unknown mask, or vectors
            so long that float32 scores overflow.
    """
    check_fits(scorer, (split.n_users, split.n_items))
    if not isinstance(k, int | np.integer) or not 1 <= k <= split.n_items:
        raise SemcompError(f"k = {k}, but it must lie between 1 and the number of items, {split.n_items}")
    history = split.history(mask)
    provenance: dict[str, Any] = {"mask": mask, "split": split.fingerprint}
    if isinstance(scorer, View):
        provenance["view"] = lasting(scorer.provenance)
        place = _device(device)
        users, items = (torch.from_numpy(side.copy()).to(place) for side in (scorer.users, scorer.items))
        if float(users.norm(dim=1).max()) * float(items.norm(dim=1).max()) > 1e37:
            raise SemcompError(f"view {scorer.name!r} has vectors so long that scores overflow; rescale it")
        ids, scores = exact_topk(
            users, items, k, indptr=history.indptr, indices=history.indices, memory=memory
        )
    else:
        ids, scores = topk_of_scores(
            scorer.scores, scorer.shape, k, indptr=history.indptr, indices=history.indices, memory=memory
        )
    return TopK(scorer.name, ids, scores, split.n_items, provenance)


def _device(name: str | None) -> torch.device:
    """The device of that name; by default CUDA where there is one."""
    try:
        return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError as error:
        raise SemcompError(
            f"unknown device {name!r}; use 'cpu', 'cuda' or another that torch knows"
        ) from error
