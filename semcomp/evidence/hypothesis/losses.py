r"""What the text loses against another seed in each part of the hypothesis, and how much it may lose.

Each part is a claim that something is small, so it takes a margin. For a part with loss L(candidate, others),

    slack = max(margin · scale, max_j L(seed j, the other seeds)) − L(text, the seeds)

"Holds" is slack > 0 with its whole interval, "does not hold" slack ≤ 0 with its whole interval: a test of
non-inferiority (Wellek, "Testing Statistical Hypotheses of Equivalence and Noninferiority", 2010, ch. 1) and
its opposite. The scale is what there is to lose: the R² of the seeds' own maps, their neighbourhoods above
the floor, the recall at the start of the path. With two seeds or more the allowance is never below what one
seed loses against the others, so a text that is as good as a seed is not rejected. Nothing is divided by the
scale, so that intervals stay finite where it is small.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from semcomp.evidence.hypothesis.groups import spread
from semcomp.evidence.hypothesis.maps import Labels
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic, ratio
from semcomp.evidence.statistics.jackknife import Rows

TEXT = "text"
HOLDOUTS = ("random", "shift")
Loss = Callable[[Means, str, Sequence[str]], Floats]
Scale = Callable[[Means, Sequence[str]], Floats]


def r2(means: Means, error: str, total: str = "total") -> Floats:
    """1 − ΣSSE / ΣSST: weighted by variance, so a dimension counts as much as it varies."""
    return 1.0 - ratio(means[error], means[total])


def mean_r2(means: Means, names: Sequence[str]) -> Floats:
    """R² of the cross-fitted maps, the mean over views."""
    return np.asarray(np.mean([r2(means, f"{name}.held") for name in names], axis=0))


def gap(means: Means, name: str, holdout: str) -> Floats:
    """R² on the fitted items less that on the held-out ones, around their own means; NaN without variance."""
    totals = ("total", "total") if holdout == "random" else ("total.shift_fitted", "total.shift_held")
    ends = [
        r2(means, f"{name}.{holdout}_{side}", total)
        for side, total in zip(("fitted", "held"), totals, strict=True)
    ]
    return np.asarray(ends[0] - ends[1])


def less_r2(means: Means, name: str, others: Sequence[str]) -> Floats:
    return np.asarray(mean_r2(means, others) - mean_r2(means, [name]))


def wider_gap(means: Means, name: str, others: Sequence[str]) -> Floats:
    by_holdout = [
        gap(means, name, holdout) - np.mean([gap(means, other, holdout) for other in others], axis=0)
        for holdout in HOLDOUTS
    ]
    return np.asarray(np.fmax.reduce(by_holdout))  # a holdout whose items all have one vector has no gap


def fewer_neighbours(means: Means, name: str, others: Sequence[str]) -> Floats:
    kept = [means[f"{other}.neighbours"] for other in others]
    return np.asarray(np.mean(kept, axis=0) - means[f"{name}.neighbours"])


def neighbours_above_floor(means: Means, seeds: Sequence[str]) -> Floats:
    return np.asarray(
        np.mean([means[f"{seed}.neighbours"] for seed in seeds], axis=0) - means["floor.neighbours"]
    )


def less_recall(means: Means, name: str, others: Sequence[str]) -> Floats:
    """At the end of the path. All paths start at the same point, so this is the difference of their falls."""
    return np.asarray(np.mean([means[f"{other}.1"] for other in others], axis=0) - means[f"{name}.1"])


def recall_at_start(means: Means, seeds: Sequence[str]) -> Floats:
    return means[f"{TEXT}.0"]


@dataclass(frozen=True)
class Claim:
    """A testable part of the hypothesis.

    Attributes:
        says: the claim in words.
        unit: what it is measured over.
        loss, scale: as of means of columns; None where the loss is not a function of means (`Globality`).
    """

    says: str
    unit: str
    loss: Loss | None = None
    scale: Scale | None = None


#: The parts by the name that evidence has for them, in order.
CLAIMS = {
    "existence": Claim(
        "one ridge map of the text explains as much of the target as one of another seed does",
        "items",
        less_r2,
        mean_r2,
    ),
    "globality": Claim("it does so in every group of items, and whichever group it is fitted to", "items"),
    "generalisation": Claim(
        "it is as good on items it has not seen, random or less popular ones",
        "items",
        wider_gap,
        mean_r2,
    ),
    "geometry": Claim(
        "items keep their neighbours under the map", "items", fewer_neighbours, neighbours_above_floor
    ),
    "monotonicity": Claim(
        "items moved to where the text maps them are recommended as well as where a seed maps them",
        "users",
        less_recall,
        recall_at_start,
    ),
}


def judged_numbers(unit: str, seeds: Sequence[str], margin: float) -> dict[str, Statistic]:
    """ "<part>.allowed" and "<part>.slack" of the parts whose losses are of means over this unit."""
    found: dict[str, Statistic] = {}
    for name, claim in CLAIMS.items():
        if claim.unit == unit and claim.loss is not None and claim.scale is not None:
            made = slack_of(claim.loss, claim.scale, seeds, margin)
            found |= {f"{name}.{key}": statistic for key, statistic in made.items()}
    return found


def slack_of(loss: Loss, scale: Scale, seeds: Sequence[str], margin: float) -> dict[str, Statistic]:
    """The statistics "allowed" and "slack" of a part whose loss is a function of means."""

    def allowed(means: Means) -> Floats:
        rivals = [loss(means, one, others) for one, others in against_the_others(seeds)]
        return np.asarray(np.max([margin * scale(means, seeds), *rivals], axis=0))

    return {
        "allowed": Statistic(allowed, against_null=False),
        "slack": Statistic(lambda means: allowed(means) - loss(means, TEXT, seeds), against_null=False),
    }


def against_the_others(seeds: Sequence[str]) -> list[tuple[str, list[str]]]:
    """Each seed with all others; empty for a single one."""
    pairs = [(one, [other for other in seeds if other != one]) for one in seeds]
    return [pair for pair in pairs if pair[1]]


class Globality:
    """The numbers of part (b) on some of the items, for `jackknife`: a variance between groups is not a mean.

    With x_i the squared error of the text less the mean of the seeds', in units of the target's variance, a
    grouping's loss is the greater of

        τ² / (margin · R²_seeds)      τ²: variance of x̄ between groups, less that of permuted labels
        move(text) − move(seeds)      what maps lose by coming from one group (`maps.moved`), same units

    and the loss is that of the worst grouping. The first is in units of R² and reaches the allowance,
    margin · R²_seeds, just where the standard deviation between groups, τ, does. It is τ² that is looked at
    since τ has no finite slope at 0, where no jackknife can follow it.
    """

    def __init__(
        self,
        columns: Mapping[str, Floats],
        moves: Mapping[str, Mapping[str, Floats]],
        groups: Mapping[str, Labels],
        seeds: Sequence[str],
        margin: float,
    ) -> None:
        """`moves[grouping]`: columns by view of `maps.moved`, and "times"."""
        self.columns, self.moves, self.groups = columns, moves, groups
        self.seeds, self.margin = list(seeds), margin

    def numbers(self, rows: Rows) -> dict[str, float]:
        """By grouping "spread.g" (τ before correction), "moved.g" and their losses; "allowed" and "slack"."""
        total = float(self.columns["total"][rows].mean())
        reliable = 1 - float(np.mean([self._errors(seed, rows).mean() for seed in self.seeds])) / total
        excess = self._excess(TEXT, self.seeds, rows) / total
        found = {}
        for name, codes in self.groups.items():
            found[f"spread.{name}"] = float(np.sqrt(spread(excess, codes[rows])[0]))
            found[f"moved.{name}"] = self._move(name, TEXT, rows) / total
        losses = self._losses(TEXT, self.seeds, rows, total, reliable)
        found |= {f"lost.{name}": loss for name, loss in losses.items()}
        rivals = [
            max(self._losses(one, others, rows, total, reliable).values())
            for one, others in against_the_others(self.seeds)
        ]
        allowed = max([self.margin * reliable, *rivals])
        slack = allowed - max(losses.values())
        return found | {"allowed": allowed, "slack": slack}

    def null(self, rows: Rows) -> dict[str, float]:
        """The spread under permuted labels, and the seeds' loss by moving."""
        total = float(self.columns["total"][rows].mean())
        excess = self._excess(TEXT, self.seeds, rows) / total
        found = {}
        for name, codes in self.groups.items():
            found[f"spread.{name}"] = float(np.sqrt(spread(excess, codes[rows])[1]))
            moves = [self._move(name, seed, rows) for seed in self.seeds]
            found[f"moved.{name}"] = float(np.mean(moves)) / total
        return found

    def _losses(
        self, one: str, others: Sequence[str], rows: Rows, total: float, reliable: float
    ) -> dict[str, float]:
        excess = self._excess(one, others, rows) / total
        losses = {}
        for name, codes in self.groups.items():
            between, chance = spread(excess, codes[rows])
            seeds = float(np.mean([self._move(name, other, rows) for other in others]))
            losses[f"spread.{name}"] = (between - chance) / (self.margin * reliable)
            losses[f"moved.{name}"] = (self._move(name, one, rows) - seeds) / total
        return losses

    def _errors(self, name: str, rows: Rows) -> Floats:
        return np.asarray(self.columns[f"{name}.held"][rows])

    def _excess(self, one: str, others: Sequence[str], rows: Rows) -> Floats:
        return np.asarray(
            self._errors(one, rows) - np.mean([self._errors(other, rows) for other in others], axis=0)
        )

    def _move(self, grouping: str, name: str, rows: Rows) -> float:
        columns = self.moves[grouping]
        return float(columns[name][rows].sum() / max(columns["times"][rows].sum(), 1.0))
