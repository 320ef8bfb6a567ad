"""What all selection goes by: one number, on the validation part, by our own ranking."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from semcomp.core.metrics import per_user
from semcomp.core.rank import MEMORY, among, rank
from semcomp.core.view import Scorer, View, check_fits
from semcomp.data import Split

SELECT_AT = 20  # every method is selected by validation NDCG at this depth
CACHED = 2**25  # bytes for the blocks of scores on a CPU: what stays in its cache; the order is the same


@dataclass(frozen=True, eq=False)
class _Part:
    """Some users of a scorer, and some items."""

    whole: Scorer
    rows: NDArray[np.int64]
    items: NDArray[np.int64] | slice

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.rows), np.arange(self.whole.shape[1])[self.items].size

    def scores(self, users: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.whole.scores(self.rows[users])[:, self.items]


def validation_ndcg(scorer: Scorer, split: Split) -> float:
    """Mean NDCG@20 on the validation part, train items masked; 0 where there is nothing to validate on.

    The mean is over users with a validation item. Only they are ranked, in small blocks; neither changes a
    list. Items that are known in test only are no candidates, see `Split.known_from`.
    """
    if split.valid.nnz == 0:
        return 0.0
    scorer = among(scorer, split.history("train"))
    items = split.catalogue("valid")
    if len(items) < split.n_items:
        scorer, split = _part_of(scorer, np.arange(split.n_users), items), split.of_items(items)
    rows = np.flatnonzero(np.diff(split.valid.indptr))
    # of users without any train pair alone no split can be made
    if len(rows) < split.n_users and np.diff(split.train.indptr)[rows].any():
        check_fits(scorer, (split.n_users, split.n_items))
        scorer, split = _part_of(scorer, rows, slice(None)), _split_of(split, rows)
    k = min(SELECT_AT, split.n_items)
    memory = MEMORY if torch.cuda.is_available() else CACHED
    ranking = rank(scorer, split, k, mask="train", memory=memory)
    return float(per_user(ranking, split.valid, k)["ndcg"].mean())


def _part_of(scorer: Scorer, rows: NDArray[np.int64], items: NDArray[np.int64] | slice) -> Scorer:
    if isinstance(scorer, View):
        return View(scorer.name, scorer.users[rows], scorer.items[items])
    return _Part(scorer, rows, items)


def _split_of(split: Split, rows: NDArray[np.int64]) -> Split:
    train, valid, test = (sp.csr_array(part[rows]) for part in (split.train, split.valid, split.test))
    return Split(split.user_ids[rows], split.item_ids, train, valid, test, provenance={})


def is_cut_off(scorer: Scorer) -> bool:
    """Whether its training ended with the last epoch allowed, before validation had stopped improving.

    That is where the best epoch is less than `patience` validations before the end, so that nobody knows what
    the next epochs would have brought. False for what was not trained, and where nothing was validated on.
    """
    made = getattr(scorer, "provenance", {})
    history, options = made.get("training", {}), made.get("config", {}).get("training", {})
    if not history.get("curve") or not history["valid_ndcg"]:
        return False
    last = history["curve"][-1]["epoch"]
    waited = last - history["best_epoch"] >= options["patience"] * options["every"]
    return bool(last >= options["epochs"] and not waited)
