"""Users on whom two views disagree: McNemar's exact test on who has a hit from one view alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.statistics.bootstrap import LEVEL
from semcomp.evidence.statistics.checks import check_share
from semcomp.evidence.statistics.permutation import Alternative


@checked
@dataclass(frozen=True)
class Discordance:
    """Users by which view has a hit, and the test that the two kinds of disagreement are equally likely.

    Attributes:
        both, a_only, b_only, none: users.
        p: of McNemar's exact test; 1 where no user is discordant.
        share: a_only / (a_only + b_only), None where no user is discordant.
        share_low, share_high: its exact interval, 0 to 1 where no user is discordant.
        alternative: of the test; "greater" is for more users by a alone. The interval is two-sided anyway.
    """

    both: int
    a_only: int
    b_only: int
    none: int
    p: float
    share: float | None
    share_low: float
    share_high: float
    alternative: Alternative


@checked
def mcnemar(
    a: ArrayLike, b: ArrayLike, *, alternative: Alternative = "two-sided", level: float = LEVEL
) -> Discordance:
    """Does view a reach more users than view b? Users reached by both or by neither do not matter for that.

    Of n = a_only + b_only discordant users, a_only is Binomial(n, 1/2) if neither view is better; p is exact.
    (McNemar, "Note on the Sampling Error of the Difference between Correlated Proportions", Psychometrika
    1947; exact form.) The interval of the share is Clopper and Pearson's (Biometrika 1934), which covers at
    least `level`.

    Args:
        a, b: (n,) whether the view has a hit for the user: True and False, or 1 and 0.

    Raises:
        SemcompError: no users, different lengths, anything but true and false, an unknown alternative, a
            level outside (0, 1).
    """
    check_share("level", level)
    if alternative not in get_args(Alternative):
        raise unknown_name("alternative", alternative, get_args(Alternative))
    hits_a, hits_b = _hits(a, "a"), _hits(b, "b")
    if len(hits_a) != len(hits_b):
        raise SemcompError(f"{len(hits_a)} users for a, {len(hits_b)} for b; give both for the same users")
    alone_a, alone_b = int((hits_a & ~hits_b).sum()), int((hits_b & ~hits_a).sum())
    both = int((hits_a & hits_b).sum())
    none = len(hits_a) - both - alone_a - alone_b
    n = alone_a + alone_b
    if n == 0:
        return Discordance(both, 0, 0, none, 1.0, None, 0.0, 1.0, alternative)
    p = float(binomtest(alone_a, n, 0.5, alternative=alternative).pvalue)
    ends = binomtest(alone_a, n, 0.5).proportion_ci(level, method="exact")
    low, high = float(ends.low), float(ends.high)
    return Discordance(both, alone_a, alone_b, none, p, alone_a / n, low, high, alternative)


@checked
def discordance(
    evidence: Evidence, *, alternative: Alternative = "two-sided", level: float = LEVEL
) -> Discordance:
    """`mcnemar` on the users of a diagnosis, from the column `group` of its table.

    Raises:
        SemcompError: evidence without such a column or without users, and as `mcnemar`.
    """
    if "group" not in evidence.table.columns:
        raise SemcompError(f"{evidence.name} has no column 'group' in its table; give what diagnose returns")
    group = evidence.table["group"].to_numpy()
    hits_a, hits_b = np.isin(group, ["both", "a_only"]), np.isin(group, ["both", "b_only"])
    return mcnemar(hits_a, hits_b, alternative=alternative, level=level)


def _hits(values: ArrayLike, which: str) -> NDArray[np.bool_]:
    given = np.asarray(values)
    if given.ndim != 1 or len(given) == 0:
        raise SemcompError(
            f"hits of {which} have shape {given.shape}; give one per user, for at least one user"
        )
    if given.dtype != np.bool_ and not np.isin(given, (0, 1)).all():
        raise SemcompError(f"hits of {which} are not all 0 or 1; say for each user whether there is a hit")
    return given.astype(np.bool_)
