"""What all selection goes by: one number, on the validation part, by our own ranking."""

from __future__ import annotations

from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import Scorer
from semcomp.data import Split

SELECT_AT = 20  # every method is selected by validation NDCG at this depth


def validation_ndcg(scorer: Scorer, split: Split) -> float:
    """Mean NDCG@20 on the validation part, train items masked; 0 where there is nothing to validate on."""
    if split.valid.nnz == 0:
        return 0.0
    k = min(SELECT_AT, split.n_items)
    return float(per_user(rank(scorer, split, k, mask="train"), split.valid, k)["ndcg"].mean())
