"""Two sides of a comparison on one split: what they scored, how far apart, and what that allows to say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

import semcomp as sc
from semcomp.core.metrics import ndcg, per_user
from semcomp.core.view import View

METRICS = ("ndcg", "recall")
Numbers = NDArray[np.float64]


def test_metrics(users: Numbers, items: Numbers, split: sc.Split, k: int) -> pd.DataFrame:
    """Metrics of each test user, by our ranking of all items, train and validation items masked."""
    view = View("candidate", users.astype(np.float32), items.astype(np.float32))
    return per_user(sc.rank(view, split, k), split.test, k)


def agreement(
    ours: pd.DataFrame, users: Numbers, hits: Numbers, reported: dict[str, float]
) -> dict[str, Any]:
    """Two evaluators on one pair of matrices.

    Args:
        ours: what `test_metrics` makes of RecBole's vectors.
        users: rows of the test users, in RecBole's order. hits: (n, k + 1), its hit marks by rank, and |G_u|.
        reported: the means that RecBole itself printed.
    """
    marks, n_truth = hits[:, :-1].astype(bool), hits[:, -1].astype(np.int64)
    theirs = pd.DataFrame(
        {"ndcg": ndcg(marks, n_truth), "recall": marks.sum(axis=1) / n_truth}, index=pd.Index(users)
    ).loc[ours.index]
    return {
        "users": len(ours),
        "users that differ": int((np.abs(theirs["ndcg"] - ours["ndcg"]) > 1e-9).sum()),
        "difference of means": {
            metric: float(max(abs(theirs[metric].mean() - ours[metric].mean()),
                              abs(reported[metric] - ours[metric].mean())))
            for metric in METRICS
        },
    }  # fmt: skip


def over_seeds(ours: list[float], theirs: list[float]) -> dict[str, Any]:
    """Means of two sides over n paired seeds; the difference with its 95 % interval (Student's t, n - 1).

    "not below": our mean lies at most the interval's half-width under theirs. With one seed there is no
    interval, and nothing is said.
    """
    a, b = np.asarray(ours), np.asarray(theirs)
    difference, n = a - b, len(a)
    half = float(stats.t.ppf(0.975, n - 1) * difference.std(ddof=1) / np.sqrt(n)) if n > 1 else None
    return {
        "semcomp": [round(float(x), 6) for x in a],
        "recbole": [round(float(x), 6) for x in b],
        "semcomp mean": round(float(a.mean()), 6),
        "recbole mean": round(float(b.mean()), 6),
        "difference": round(float(difference.mean()), 6),
        "half-width": None if half is None else round(half, 6),
        "not below": None if half is None else bool(a.mean() >= b.mean() - half),
    }


def over_users(ours: list[pd.DataFrame], theirs: list[pd.DataFrame], metric: str) -> dict[str, Any]:
    """Users' means over the seeds, paired: mean difference, 95 % half-width, and who does better where."""
    sides = [np.mean([table[metric].to_numpy() for table in side], axis=0) for side in (ours, theirs)]
    difference = sides[0] - sides[1]
    half = 1.96 * difference.std(ddof=1) / np.sqrt(len(difference))
    return {
        "users": len(difference),
        "difference": round(float(difference.mean()), 6),
        "half-width": round(float(half), 6),
        "better with semcomp": int((difference > 1e-9).sum()),
        "better with recbole": int((difference < -1e-9).sum()),
        "correlation of users": round(float(np.corrcoef(*sides)[0, 1]), 4),
    }
