"""How many trainings it takes to see the effects that were found on real data, from the fits of page 9."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from book.experiments.views.tables import fits, over_seeds
from semcomp.evidence.statistics.least import NDCG
from semcomp.study.budgets import BUDGETS
from semcomp.study.claims import CLAIMS

LEVEL, WANTED, MOST = 0.05, 0.8, 200
#: The sentences of the ledger that compare two trained views, as pairs of names.
PAIRS = [tuple(claim.evidence.split(" against ")) for claim in CLAIMS if " against " in claim.evidence]


def spread(scores: pd.DataFrame) -> pd.Series:
    """By data set: sd between trainings as a share of the score, the root mean square over views.

    Args:
        scores: rows by (dataset, view) with mean, sd and seeds, as `over_seeds`.

    Views without any spread, which no seed enters, are left out.
    """
    trained = scores[scores["sd"] > 0]
    share = (trained["sd"] / trained["mean"]) ** 2
    return share.groupby("dataset", sort=False).mean() ** 0.5


def power(effect: float, sd: float, trainings: int, claims: int) -> float:
    """Chance that Student's t on so many paired differences finds an effect, two-sided at 0.05 / claims.

    The limit is Bonferroni's, which the first of Holm's steps has; differences are normal with this sd.
    Only the upper tail counts: an effect that is found to be below zero is not found.
    """
    freedom = trainings - 1
    limit = stats.t.ppf(1 - LEVEL / (2 * claims), freedom)
    return float(stats.nct.sf(limit, freedom, effect / (sd / np.sqrt(trainings))))


def trainings_needed(effect: float, sd: float, claims: int) -> int | None:
    """The fewest trainings with a power of 0.8; None where `MOST` do not suffice."""
    enough = (n for n in range(2, MOST + 1) if power(effect, sd, n, claims) >= WANTED)
    return next(enough, None)


def needed() -> pd.DataFrame:
    """By data set and pair of `PAIRS` on page 9: difference, its sd between trainings, power, and `needed`.

    What has to be found is a difference beyond the smallest one that counts, of whichever view is ahead. The
    sd of a difference is √2 times that of a training (`spread`, times the mean of the two), pooled over the
    views of a data set: of one pair, three seeds say little. The users' part of the error is left out, so it
    takes at least this many. None where `MOST` trainings do not suffice.
    """
    scores = over_seeds(fits(), "ndcg")
    share, rows = spread(scores), []
    for dataset, own in scores.groupby("dataset", sort=False):
        means = own["mean"].droplevel("dataset")
        for one, other in PAIRS:
            if not {one, other} <= set(means.index):
                continue  # it is measured between matched rows alone
            gap, level = means[one] - means[other], (means[one] + means[other]) / 2
            sd = float(np.sqrt(2) * share[dataset] * level)
            beyond = abs(float(gap)) - NDCG.amount
            found: dict[str, Any] = {
                "data": dataset,
                "one": one,
                "other": other,
                "difference": float(gap),
                "sd": sd,
            }
            for name, budget in BUDGETS.items():
                if (seeds := len(budget.seeds)) > 1:
                    found[name] = power(beyond, sd, seeds, len(CLAIMS))
            rows.append(found | {"needed": trainings_needed(beyond, sd, len(CLAIMS))})
    return pd.DataFrame(rows)
