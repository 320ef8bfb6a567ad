"""What pairs of trainings of one model give: the null of a diagnosis, with the trainings taken as drawn.

Each of S trainings of a model is in S − 1 of the S (S − 1) / 2 pairs, so the pairs are not independent, and
one pair says nothing about how another would have come out.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from semcomp.checks import checked
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import Floats

Columns = Mapping[str, Floats]
MOST = 1000  # trainings: half a million pairs


@checked
def pairs_of(seeds: int) -> list[tuple[int, int]]:
    """All pairs of S trainings, each once, as (first, second): each training first as often as second.

    In a circle, (s, s + 1), (s, s + 2) and so on up to half way round. (For an even S those opposite each
    other are paired once, so the balance is off by one.)

    Raises:
        SemcompError: S below 0, or above `MOST`.

    >>> from semcomp.evidence import pairs_of
    >>> pairs_of(3)
    [(0, 1), (1, 2), (2, 0)]
    """
    if not 0 <= seeds <= MOST:
        raise SemcompError(f"{seeds} trainings, all of whose pairs are asked for; give from 0 to {MOST}")
    apart = range(1, seeds // 2 + 1)
    circle = [(s, (s + d) % seeds) for d in apart for s in range(seeds)]
    return list({frozenset(pair): pair for pair in reversed(circle)}.values())[::-1]


@checked
def pseudo_columns(pairs: Mapping[tuple[int, int], Columns], seeds: int) -> dict[str, Floats]:
    """Jackknife pseudo-values by training of a mean over all pairs of trainings.

    With h(s, t) the column of the pair of trainings s and t, U its mean over the pairs and n_s its mean over
    the S − 1 pairs with s,

        p_s = (2 (S − 1) n_s − S U) / (S − 2).

    Their mean is U exactly. If h(s, t) = θ + g_s + g_t + r_st, then p_s = θ + 2 g_s + terms of r: their
    spread over S is the variance of U where it comes from the trainings (4 σ_g² / S), and more than it where
    it comes from the pairing (4 σ_r² / (S (S − 2)), not 2 σ_r² / (S (S − 1))), which is on the safe side.
    (Arvesen, "Jackknifing U-Statistics", Annals of Mathematical Statistics 1969.)

    Args:
        pairs: by the places (s, t) of both trainings, each pair once, in either order: columns (n,) or
            (n, d) of the same names.
        seeds: S, at least 3: of two trainings there is one pair, whose spread is unknown.

    Returns:
        By name, (S, n) or (S, n, d): with S as the seeds of `estimate_over_seeds`, paired with whatever else
        was measured of training s.

    Raises:
        SemcompError: fewer than three trainings, or a pair that is missing, doubled or unknown.

    >>> from semcomp.evidence import pseudo_columns
    >>> one, two, three = ({"x": np.array([value])} for value in (1.0, 2.0, 6.0))
    >>> pseudo_columns({(0, 1): one, (1, 2): two, (2, 0): three}, 3)["x"].ravel().tolist()
    [5.0, -3.0, 7.0]
    """
    if seeds < 3:
        raise SemcompError(
            f"{seeds} trainings have {seeds * (seeds - 1) // 2} pairs, whose spread is unknown; give three "
            "trainings or more"
        )
    known = {frozenset(pair) for pair in pairs}
    enough = len(pairs) == len(known) == seeds * (seeds - 1) // 2
    if not enough or known != {frozenset(pair) for pair in pairs_of(seeds)}:
        raise SemcompError(
            f"pairs {[*pairs]} of {seeds} trainings; give each pair of different trainings once"
        )
    found: dict[str, Floats] = {}
    for name in next(iter(pairs.values())):
        columns = {pair: np.asarray(of[name], dtype=np.float64) for pair, of in pairs.items()}
        sums = np.zeros((seeds, *next(iter(columns.values())).shape))  # (S − 1) n_s
        for (s, t), column in columns.items():
            sums[s] += column
            sums[t] += column
        found[name] = (2 * sums - sums.sum(axis=0) / (seeds - 1)) / (seeds - 2)
    return found
