"""How much of each view's variance is shared, private, and reproducible by a second copy of the view."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from semcomp.core.evidence import Value
from semcomp.evidence.decomposition.additions import Rows
from semcomp.evidence.decomposition.ajive import SignalRanks, ajive
from semcomp.evidence.decomposition.inter_battery import inter_battery, inter_battery_shares
from semcomp.evidence.decomposition.parts import PARTS, VIEWS, Floats, Parts
from semcomp.evidence.decomposition.shuffles import against_shuffles
from semcomp.evidence.decomposition.signal import FOLDS, predicted
from semcomp.evidence.geometry.cca import gaussian_information
from semcomp.evidence.geometry.shared_dimension import CrossFitted, SharedDimension
from semcomp.evidence.statistics.bootstrap import Means, Statistic, estimate, ratio
from semcomp.evidence.statistics.jackknife import jackknife

PERFECT = 1 - 1e-9  # a correlation above has no finite information


@dataclass(frozen=True)
class Ranks:
    """The rank of the shared part, and the signal ranks of the two views; None for their full ranks."""

    shared: int
    signal: SignalRanks | None = None


# name -> decompose two matrices at these ranks
METHODS: dict[str, Callable[[Floats, Floats, Ranks], Parts]] = {
    "inter-battery": lambda s, c, ranks: inter_battery(s, c, ranks.shared),
    "ajive": lambda s, c, ranks: ajive(s, c, ranks=ranks.signal, rank=ranks.shared),
}


def strong_correlations(found: SharedDimension, least: float) -> int:
    """How many held-out correlations lie above the edge of chance and are at least `least`."""
    return int(np.sum((found.heldout > found.edge) & (found.heldout >= least)))


def variance_values(
    s: Floats,
    c: Floats,
    ranks: Ranks,
    shared: SharedDimension,
    least: float,
    method: str | None,
    orders: Sequence[Rows],
    *,
    groups: int,
    seed: int,
) -> dict[str, Value]:
    """Dimensions, top held-out correlation, information and shares of variance, each by the jackknife.

    The fits without a group all have the same rank. The null pairs each item with another one's vector: it
    is what the same fit makes of views that share nothing, the mean over the shuffles.

    Args:
        shared: of all rows. Its edge is what held-out correlations must exceed to count; without a group it
            is larger by sqrt(n / rows).
        least: the correlation of a strong dimension.
        method: of the shares; None for no shares.
        orders: the shuffles of the items' rows.
    """

    def measured(other: Floats) -> Callable[[Rows], dict[str, float]]:
        def of(rows: Rows) -> dict[str, float]:
            crossed = CrossFitted.of(s[rows], other[rows], FOLDS, seed)
            held = crossed.heldout(crossed.cross)
            above = held > shared.edge * np.sqrt(len(s) / len(rows))
            counted = np.maximum(held[: shared.rank], 0.0)
            perfect = bool((counted > PERFECT).any())
            found = {
                "dimension": float(np.sum(above)),
                "dimension.strong": float(np.sum(above & (held >= least))),
                "correlation.top": float(held.max(initial=0.0)),
                "information": np.nan if perfect else gaussian_information(counted),
            }
            shares: dict[str, float] = {}
            if method == "inter-battery":
                shares = inter_battery_shares(crossed.whole, ranks.shared)
            elif method is not None:
                shares = energy_shares(METHODS[method](s[rows], other[rows], ranks))
                shares = {name: share for name, share in shares.items() if not name.endswith("cross")}
            return found | {f"share.{name}": share for name, share in shares.items()}

        return of

    values, every = jackknife(measured(c), len(s), groups=groups, seed=seed), np.arange(len(s))
    null = [measured(c[order])(every) for order in orders]
    beside = {name: np.array([one[name] for one in null]) for name in values}
    return {
        name: against_shuffles(value, beside[name]) if np.isfinite(beside[name]).all() else value
        for name, value in values.items()
    }


def energy_shares(parts: Parts) -> dict[str, float]:
    """Shares of the squared length about the mean, "semantic.joint" and so on; NaN where a view is constant.

    "semantic.cross", what they lack to 1, is twice the parts' inner products: 0 for uncorrelated parts.
    """
    shares: dict[str, float] = {}
    for view in VIEWS:
        named = parts.of(view)
        total = float(np.sum(sum(named.values()) ** 2))
        of_view = {part: float(np.sum(named[part] ** 2)) / total if total > 0 else np.nan for part in PARTS}
        shares |= {f"{view}.{part}": share for part, share in of_view.items()}
        shares[f"{view}.cross"] = 1.0 - sum(of_view.values())
    return shares


def fixed_shares(parts: Parts, *, groups: int, seed: int) -> dict[str, Value]:
    """The shares of parts that are given: the jackknife leaves items out, but nothing is refitted."""

    def of(rows: Rows) -> dict[str, float]:
        some = {name: value[rows] for name, value in vars(parts).items() if np.ndim(value) == 2}
        return {f"share.{name}": share for name, share in energy_shares(_replaced(parts, some)).items()}

    return jackknife(of, len(parts.scores), groups=groups, seed=seed)


def reliability(
    parts: Parts, view: str, second: Floats, orders: Sequence[Rows], *, resamples: int, seed: int
) -> dict[str, Value]:
    """What a second copy of a view predicts of its parts, cross-fitted by ridge over 5 folds of the items.

    - `reliable.<view>.full|joint|private`: R² = 1 − Σ‖part − prediction‖² / Σ‖part‖²;
    - `share.<view>.private_reliable`, `.private_noise`: the private part's share of the view's variance, cut
      by that R².

    The second copy is noisy itself, so R² is a lower bound on the signal: where both copies are signal plus
    equal noise, the signal's share is the test-retest correlation, R² ≤ share ≤ sqrt(R²). The noise share is
    an upper bound on the noise. Null: the same with the copy's rows shuffled, about 0, the three parts mapped
    with one penalty. Intervals are over items, for the given parts and predictions: they do not reflect that
    maps are learnt badly from few items, which makes R² too low (planted worlds of 300 items: by more than
    the interval).

    Args:
        orders: the shuffles of the copy's rows.
    """
    named = parts.of(view)
    targets = {"full": sum(named.values(), start=np.zeros_like(named["joint"]))} | named
    targets = {name: targets[name] for name in ("full", "joint", "private")}
    total = np.sum(targets["full"] ** 2, axis=1)
    targets = {name: target for name, target in targets.items() if exists(target, total)}
    columns, statistics = {"energy": total}, {}
    for name, target in targets.items():
        columns[f"energy.{name}"] = np.sum(target**2, axis=1)
        columns[f"error.{name}"] = _errors(second, [target], seed)[0]
        statistics[f"reliable.{view}.{name}"] = Statistic(_explained(f"energy.{name}", f"error.{name}"))
    wrong = np.array([_errors(second[order], list(targets.values()), seed) for order in orders])
    null = {f"error.{name}": wrong[:, at] for at, name in enumerate(targets)}  # (R, n)
    if "energy.private" in columns:

        def reliable(means: Means) -> Floats:
            return ratio(means["energy.private"] - means["error.private"], means["energy"])

        def noise(means: Means) -> Floats:
            return ratio(means["error.private"], means["energy"])

        statistics[f"share.{view}.private_reliable"] = Statistic(reliable)
        statistics[f"share.{view}.private_noise"] = Statistic(noise)
    mean = {name: found.mean(axis=0) for name, found in null.items()}
    values = estimate(columns, statistics, null=mean, resamples=resamples, seed=seed)
    every = {name: np.full(len(orders), column.mean()) for name, column in columns.items()}
    every |= {name: found.mean(axis=1) for name, found in null.items()}
    return {name: against_shuffles(value, statistics[name].of(every)) for name, value in values.items()}


def exists(part: Floats, total: Floats) -> bool:
    """Whether a part is more than rounding: its squared length above 1e-9 of the view's, (n,) by item."""
    return bool(np.sum(part**2) > 1e-9 * total.sum())


def _explained(energy: str, error: str) -> Callable[[Means], Floats]:
    return lambda means: 1.0 - ratio(means[error], means[energy])


def _errors(source: Floats, targets: Sequence[Floats], seed: int) -> list[Floats]:
    """(n,) squared lengths of what ridge fitted on the other folds leaves of each row, by target."""
    left = np.hstack(targets) - predicted(source, np.hstack(targets), seed)
    ends = np.cumsum([target.shape[1] for target in targets])[:-1]
    return [np.sum(part**2, axis=1) for part in np.split(left, ends, axis=1)]


def _replaced(parts: Parts, some: Mapping[str, Floats]) -> Parts:
    return Parts(parts.s_mean, parts.c_mean, **some, method=parts.method)
