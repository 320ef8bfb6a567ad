"""What a view's lists share with the pure views, what its vectors keep of them, and what its lists show."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from book.experiments.matched.hits import K
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.core.view import Scorer, View, unit_rows
from semcomp.data import Split
from semcomp.evidence.complementarity.overlap import jaccard, shared_places
from semcomp.evidence.decomposition.signal import predicted
from semcomp.evidence.geometry.neighbours import neighbour_jaccard
from semcomp.evidence.quality.diversity import list_distance
from semcomp.evidence.quality.exposure import coverage, gini, list_mean, self_information, shown


def described_by(
    scorer: Scorer, ranking: TopK, split: Split, text: TextMatrix, others: Mapping[str, Scorer]
) -> dict[str, float]:
    """Numbers of a view beside the backbone and the text alone, in that order in `others`.

    Of lists: "overlap with the backbone | text" (mean Jaccard of the first 20), "hits of the view alone"
    (share of its hits that neither pure view lists). Of vectors:
    "near the backbone" (mean Jaccard of 20 neighbours among items) and "near the text" (raw text vectors);
    "explained by the text" (R² of item vectors by ridge from the text, cross-fitted, variance weighted), and
    "recall of the private part" | "of the mapped part": lists of what ridge leaves, and of what it gives.
    Of what is shown: "coverage", "gini", "novelty" (bits), "distance" (1 − cosine of texts within a list).
    """
    backbone, alone = (rank(one, split, K) for one in others.values())
    hits = ranking.hits(split.test)
    known = shared_places(ranking.ids, backbone.ids) | shared_places(ranking.ids, alone.ids)
    counts = shown(ranking.ids, split.n_items)
    rows = text.rows_for(split.item_ids)
    told = {
        "overlap with the backbone": float(jaccard(ranking.ids, backbone.ids).mean()),
        "overlap with the text": float(jaccard(ranking.ids, alone.ids).mean()),
        "hits of the view alone": float((hits & ~known).sum() / max(1, hits.sum())),
        "coverage": coverage(counts),
        "gini": gini(counts),
        "novelty": float(np.nanmean(list_mean(ranking.ids, self_information(split.train)))),
        "distance": float(np.nanmean(list_distance(ranking.ids, rows))),
    }
    pure = next(iter(others.values()))
    if not isinstance(scorer, View) or not isinstance(pure, View):
        return told
    items = scorer.items.astype(np.float64)
    mapped = predicted(unit_rows(rows).astype(np.float64), items, seed=0)
    left = ((items - mapped) ** 2).sum() / ((items - items.mean(axis=0)) ** 2).sum()
    told |= {
        "near the backbone": float(neighbour_jaccard(items, pure.items.astype(np.float64), K).mean()),
        "near the text": float(neighbour_jaccard(items, rows.astype(np.float64), K).mean()),
        "explained by the text": float(1 - left),
    }
    for name, part in (("private", items - mapped), ("mapped", mapped)):
        view = View(name, scorer.users, part.astype(np.float32))
        told[f"recall of the {name} part"] = float(
            per_user(rank(view, split, K), split.test, K)["recall"].mean()
        )
    return told
