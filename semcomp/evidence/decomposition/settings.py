"""How a decomposition is measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcomp.checks import checked
from semcomp.errors import SemcompError

SHUFFLES = 20
MOST_SHUFFLES = 400
STRONG = 0.5
WEIGHTS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0)


@checked
@dataclass(frozen=True)
class DecompositionSettings:
    """How `decompose` measures.

    Attributes:
        permutations: for the edge of the dimension.
        shuffles: of the items' rows, whose mean is the null of everything else and whose scatter is part of
            the interval. With fewer than 20 that scatter is known badly and intervals are wide; with 400, the
            most, it is known to 4 % (1/√(2R)), while every part is ranked for every user by each of them and
            each keeps a number for every user.
        groups: of items left out for the intervals of shares; 0 for none.
        resamples: bootstrap resamples of users (recalls) or items (reliability); 0 for no intervals.
        seed: of folds, permutations, shuffles, groups and resamples.
        k, mask: of the rankings, as in `rank`.
        max_users: users drawn for the recalls where more have test items, and for the weights where more have
            validation items.
        min_correlation: what a held-out canonical correlation must reach for its dimension to be a strong
            one. With ρ = 0.5 a quarter of a variate is predicted by the other view, and half of it is shared
            if both have equal parts of the noise; Cohen (1988) calls this a large correlation. 0 for all that
            are above chance.
        weights: of what is added to a part or view, ascending from 0 or more; picked on the validation part.
            A single one is used as it is.

    >>> sc.DecompositionSettings(permutations=19).groups
    20
    """

    permutations: int = 99
    shuffles: int = SHUFFLES
    groups: int = 20
    resamples: int = 1000
    seed: int = 0
    k: int = 20
    mask: str = "train+valid"
    max_users: int | None = None
    min_correlation: float = STRONG
    weights: tuple[float, ...] = WEIGHTS

    def __post_init__(self) -> None:
        if self.shuffles < 2:
            raise SemcompError(f"shuffles = {self.shuffles}; their scatter takes at least 2")
        if self.shuffles > MOST_SHUFFLES:
            raise SemcompError(
                f"shuffles = {self.shuffles}; use at most {MOST_SHUFFLES}, which give their scatter to 4 %"
            )
        if self.max_users is not None and self.max_users < 1:
            raise SemcompError(f"max_users = {self.max_users}; rank at least 1")
        if not 0 <= self.min_correlation < 1:
            raise SemcompError(f"min_correlation = {self.min_correlation}; give a number from 0 to below 1")
        grid = np.asarray(self.weights, np.float64)
        if grid.ndim != 1 or not len(grid) or not np.isfinite(grid).all() or grid[0] < 0:
            raise SemcompError(f"weights {self.weights} must be one or more finite numbers of at least 0")
        if (np.diff(grid) <= 0).any():
            raise SemcompError(f"weights {self.weights} must ascend, no number twice")


USUAL = DecompositionSettings()
