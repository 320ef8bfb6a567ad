"""From a view to its rankings: full, exact, with the history masked."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from torch import Tensor

from semcomp.checks import checked
from semcomp.core.matrices import check_real
from semcomp.core.provenance import without_cost
from semcomp.core.sharded import lists_by_items, lists_by_users
from semcomp.core.topk import TopK
from semcomp.core.view import Scorer, View, of_split
from semcomp.data import Split
from semcomp.errors import SemcompError, unknown_name
from semcomp.kernels.processes import world
from semcomp.kernels.topk import Lists, exact_topk, topk_of_scores

MEMORY = 512 * 2**20  # bytes for the blocks of one ranking
SHARDED = {"users": lists_by_users, "items": lists_by_items}


@checked
def rank(
    scorer: Scorer,
    split: Split,
    k: int = 20,
    *,
    mask: str = "train+valid",
    memory: int = MEMORY,
    device: str | None = None,
    sharded: str = "users",
) -> TopK:
    """The k best items of every user among all items that the user has not interacted with.

    Exact: the order is (score of record descending, item row ascending), whatever the block sizes, so equal
    input gives equal lists under any memory budget and on any number of processes.

    Args:
        scorer: a View, or anything with `name`, `shape` and `scores(rows)`. A View with ids is joined to the
            split's users and items by id, anything else by position.
        split: where the history comes from.
        k: places, 1 to the number of items. A user with fewer candidates is padded with -1.
        mask: "train+valid" (at test), "train" (at validation) or "none".
        memory: bytes that blocks of scores may take. Score matrices are never held whole.
        device: "cpu", "cuda" or another torch device; by default CUDA where there is one.
        sharded: what is divided among several processes (see `torchrun`): "users", or the "items" of a
            View, where they do not all fit on one device. All processes get all lists.

    Raises:
        SemcompError: k out of range, a view whose rows do not match the split, an unknown mask, vectors so
            long that float32 scores overflow, items to be sharded of a scorer that is not a View, or scores
            of another shape, of NaN or of infinity. A scorer may give -inf: that item is not ranked.

    >>> sc.rank(cf, split, k=20)
    <TopK 'LightGCN': the 20 best of 200 items for each of 300 users>
    """
    scorer = of_split(scorer, split)
    if not isinstance(k, int | np.integer) or not 1 <= k <= split.n_items:
        raise SemcompError(f"k = {k}, but it must lie between 1 and the number of items, {split.n_items}")
    if sharded not in SHARDED:
        raise unknown_name("way to shard", sharded, SHARDED)
    history = split.history(mask)
    scorer = among(scorer, history)
    provenance: dict[str, Any] = {"mask": mask, "split": split.fingerprint}
    alone = world().size == 1
    vectors = None
    if isinstance(scorer, View):
        provenance["view"] = without_cost(scorer.provenance)
        vectors = _vectors(scorer)
    elif sharded == "items":
        raise SemcompError(f"{scorer.name!r} is not a View: its items cannot be sharded, but its users can")

    def part(rows: slice, columns: slice, k: int) -> Lists:
        seen = history if alone else sp.csr_array(history[rows, columns])
        masked: dict[str, Any] = {"indptr": seen.indptr, "indices": seen.indices, "memory": memory}
        if vectors is None:
            return topk_of_scores(lambda users: scored(scorer, users + rows.start), seen.shape, k, **masked)
        place = _device(device)
        return exact_topk(vectors[0][rows].to(place), vectors[1][columns].to(place), k, **masked)

    ids, scores = SHARDED[sharded](part, scorer.shape, k)
    names = {"user_ids": split.user_ids, "item_ids": split.item_ids}
    return TopK(scorer.name, ids, scores, split.n_items, provenance, **names)


def among(scorer: Scorer, history: sp.csr_array) -> Scorer:
    """The scorer where a user's `history` (U, I) is not ranked: itself, unless its scores depend on that.

    What scores by ranks counts them among the candidates alone; it has a method `among(history)`.
    """
    told = getattr(scorer, "among", None)
    made: Scorer = scorer if told is None else told(history)
    return made


def scored(scorer: Scorer, users: NDArray[np.int64]) -> NDArray[np.float32]:
    """(B, I) float32, what a scorer gives these users, checked: neither NaN nor +inf can be ordered."""
    found = np.asarray(scorer.scores(users))
    wanted = (len(users), scorer.shape[1])
    check_real(found, f"what {scorer.name!r} scores")
    if found.shape != wanted:
        raise SemcompError(f"{scorer.name!r} gives scores of shape {found.shape} where {wanted} is needed")
    with np.errstate(over="ignore"):  # what is too large for float32 becomes infinite
        block = found.astype(np.float32, copy=False)
    wrong = ~(block < np.inf).all(axis=1)  # -inf is below, NaN is not
    if wrong.any():
        raise SemcompError(
            f"{scorer.name!r} scores items of user row {int(users[wrong.argmax()])} NaN or infinite "
            "(float32 is needed); mend what it computes, or give -inf to items that are not to be ranked"
        )
    return block


def _vectors(view: View) -> tuple[Tensor, Tensor]:
    """Copies of its vectors, on the CPU. All of them are looked at, so that all processes find the same."""
    users, items = (torch.from_numpy(side.copy()) for side in (view.users, view.items))
    if float(users.norm(dim=1).max()) * float(items.norm(dim=1).max()) > 1e37:
        raise SemcompError(f"view {view.name!r} has vectors so long that scores overflow; rescale it")
    return users, items


def _device(name: str | None) -> torch.device:
    """The device of that name; by default CUDA where there is one."""
    try:
        return torch.device(name or ("cuda" if torch.cuda.is_available() else "cpu"))
    except RuntimeError as error:
        raise SemcompError(
            f"unknown device {name!r}; use 'cpu', 'cuda' or another that torch knows"
        ) from error
