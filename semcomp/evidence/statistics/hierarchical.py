"""Intervals over users and seeds: what another sample of users and another set of trainings would give.

The design is crossed: the same users are measured under each seed. With y_su the number of user u under seed
s, `y_su = μ + a_s + b_u + e_su`, the variance of the mean over S seeds and n users is
`σ_a²/S + σ_b²/n + σ_e²/(S n)`; an interval over users alone knows nothing of the first term.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Literal, get_args

import numpy as np

from semcomp.checks import checked
from semcomp.core.evidence import Value
from semcomp.errors import unknown_name
from semcomp.evidence.statistics.bootstrap import (
    MEMORY,
    Floats,
    Statistic,
    bootstrap_means,
    cut,
    value_of,
    with_null,
)
from semcomp.evidence.statistics.checks import columns_of, null_of
from semcomp.evidence.statistics.pvalues import errors_of

Between = Literal["pivotal", "resampled"]


@checked
def estimate_over_seeds(
    columns: Mapping[str, Floats],
    statistics: Mapping[str, Statistic],
    *,
    null: Mapping[str, Floats] | None = None,
    resamples: int = 1000,
    seed: int = 0,
    between: Between = "pivotal",
    memory: int = MEMORY,
) -> dict[str, Value]:
    """`estimate` for several seeds of one view: the intervals include the variance of users and of seeds.

    The value is the statistic of the column means over seeds and users. In each resample the users are drawn
    with replacement, the same for every seed, and then the seeds:

    - "resampled": S of the S seeds with replacement, users and seeds independently (Owen, "The pigeonhole
      bootstrap", Annals of Applied Statistics 2007; Davison and Hinkley 1997, sec. 3.8). The variance of S
      seeds drawn from themselves is (S − 1)/S of theirs, without long tails, so with few seeds the percentile
      interval is too narrow: where seeds dominate, 65, 79 and 85 of 100 cover at S = 2, 3 and 5.
    - "pivotal" (default): the statistic of the resampled users plus a seed effect
      `z · sqrt(max(0, s² (S − 1)/χ² − w) / S)`, with z standard normal, χ² on S − 1 degrees of freedom, s²
      the variance of the statistic over the seeds, and w the part of s² that the sampling of users explains
      (known from the resamples; otherwise σ_e² would count twice). With w = 0 the effect is s / sqrt(S) times
      Student's t. (Weerahandi, "Generalized Confidence Intervals", JASA 1993.) By simulation 93 to 99 of 100
      cover at S = 2, 94 to 98 at S = 3 and 95 to 96 at S = 5, whatever the seeds' part of the variance
      (`benchmarks/results/coverage.json`). The price is width, up to 4.2, 1.8 and 1.3 times that of known
      variances: two seeds say little about seeds, and the interval shows it.

    With one seed nothing is known about seeds: both give `estimate`'s interval over users, to the last bit.

    Args:
        columns: by name, (S, n) or (S, n, d) finite numbers, one matrix per seed, all of the same S and n.
        statistics: by the name of the value they become; `counted` is the total averaged over the seeds.
        null: columns of the same names and shapes; what is missing there is taken from `columns`. Seeds are
            paired by their place, which is right for independent seeds too.
        resamples: 0 for no intervals.
        seed: of the resamples; users are drawn as `bootstrap_means` draws them with this seed.
        memory: bytes for a block of draws.

    Returns:
        Values in the order of `statistics`, with the number of seeds, the seeds' part of the squared standard
        error (max(0, s² − w) / S of that plus the variance over users), and the p-values of
        `pvalues.two_sided`, whose tail is that of the "pivotal" draws; for "resampled" it is normal with
        their variance. An undefined statistic (a ratio over none) is omitted; one that is undefined for a
        single seed has no "pivotal" interval and p.

    Raises:
        SemcompError: no columns, seeds or users, columns that do not fit together, a column of the null that
            is not among them, NaN or infinity, an unknown choice of `between`.
    """
    if between not in get_args(Between):
        raise unknown_name("way to draw seeds", between, get_args(Between))
    effect = columns_of(columns, 2)
    control = null_of(effect, null or {}, 2)
    parts = [*effect.values(), *control.values()]
    seeds, users = parts[0].shape[:2]
    table = np.concatenate([np.column_stack([part[s] for part in parts]) for s in range(seeds)], axis=1)
    rows = table.mean(axis=0, keepdims=True)
    if resamples:
        rows = np.vstack([rows, bootstrap_means(table, resamples, seed, memory)])
    means = rows.reshape(len(rows), seeds, -1)  # (1 + R, S, M): the estimate, then the resamples
    drawing = _Drawing(means, seed, between)
    like = [part[0] for part in parts]

    def of_effect(statistic: Statistic, rows: Floats) -> Floats:
        return statistic(dict(zip(effect, cut(rows, like)[: len(effect)], strict=True)), users)

    def of_null(statistic: Statistic, rows: Floats) -> Floats:
        pieces = cut(rows, like)
        means = dict(zip(effect, pieces[: len(effect)], strict=True))
        return statistic(means | dict(zip(control, pieces[len(effect) :], strict=True)), users)

    def excess_of(statistic: Statistic, rows: Floats) -> Floats:
        return of_effect(statistic, rows) - of_null(statistic, rows)

    values: dict[str, Value] = {}
    for name, statistic in statistics.items():
        found, errors, of_seeds = drawing.samples(partial(of_effect, statistic))
        if not np.isfinite(found[0]):
            continue
        n = users if statistic.counted is None else int(np.rint(effect[statistic.counted].sum() / seeds))
        value = replace(value_of(found, n, errors, users, seeds), of_seeds=of_seeds)
        if null is not None and statistic.against_null:
            other = of_null(statistic, means[:1].mean(axis=1))
            if np.isfinite(other[0]):
                excess, errors, of_seeds = drawing.samples(partial(excess_of, statistic))
                value = with_null(value, float(other[0]), excess, errors, users)
                value = replace(value, excess_of_seeds=of_seeds)
        values[name] = value
    return values


class _Drawing:
    """The seeds' part of each resample, drawn once for all statistics of a call."""

    def __init__(self, means: Floats, seed: int, between: Between) -> None:
        self.means, self.between = means, between
        self.resamples, self.seeds = len(means) - 1, means.shape[1]
        rng = np.random.default_rng([seed, zlib.crc32(b"seeds")])
        if self.seeds > 1 and between == "resampled":
            chosen = rng.multinomial(self.seeds, np.full(self.seeds, 1 / self.seeds), size=self.resamples)
            self.weights = np.vstack([np.ones(self.seeds), chosen]) / self.seeds  # (1 + R, S)
        elif self.seeds > 1:
            self.normal = rng.standard_normal(self.resamples)
            self.chi_square = rng.chisquare(self.seeds - 1, self.resamples)

    def samples(self, of: Callable[[Floats], Floats]) -> tuple[Floats, tuple[float, ...], float | None]:
        """(1 + R,) the statistic, then its resamples, its `errors_of`, and the seeds' part of its variance.

        `of` takes means (rows, M).
        """
        found = of(self.means.mean(axis=1))
        if self.seeds == 1 or self.resamples == 0:
            return found, errors_of(found), None
        by_seed = of(self.means.reshape(-1, self.means.shape[2])).reshape(-1, self.seeds)  # (1 + R, S)
        between, of_users = self._variances(by_seed)
        part = _part(float(np.maximum(0.0, between - of_users)) / self.seeds, found[1:])  # NaN stays NaN
        if self.between == "resampled":
            drawn = of(np.einsum("rs,rsm->rm", self.weights, self.means))
            return drawn, errors_of(drawn), part
        errors = errors_of(found, between=between, of_users=of_users, seeds=self.seeds)
        spread = between * (self.seeds - 1) / self.chi_square - of_users
        effects = self.normal * np.sqrt(np.maximum(0.0, spread) / self.seeds)
        return np.concatenate([found[:1], found[1:] + effects]), errors, part

    def _variances(self, by_seed: Floats) -> tuple[float, float]:
        """s² between the seeds and w, the users' part of it; NaN where a seed has no statistic."""
        freedom = self.seeds - 1
        resampled = by_seed[1:][np.isfinite(by_seed[1:]).all(axis=1)]
        if not np.isfinite(by_seed[0]).all() or len(resampled) == 0:
            return np.nan, np.nan
        apart = resampled - resampled.mean(axis=1, keepdims=True)
        return float(by_seed[0].var(ddof=1)), float(apart.var(axis=0).sum() / freedom)


def _part(of_seeds: float, resampled: Floats) -> float | None:
    """The seeds' part of the variance of a mean over seeds and users; None where it is unknown or nothing."""
    finite = resampled[np.isfinite(resampled)]
    total = of_seeds + float(finite.var(ddof=1)) if len(finite) > 1 else np.nan
    return of_seeds / total if 0 < total < np.inf else None
