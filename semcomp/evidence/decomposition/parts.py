"""The parts that two sets of item vectors are decomposed into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.checks import checked
from semcomp.core.matrices import paired
from semcomp.errors import SemcompError

Floats = NDArray[np.float64]
PARTS = ("joint", "private", "rest")
VIEWS = ("semantic", "collaborative")
ROUNDING = 1e-6  # of the largest entry: parts may come from float32


@checked
@dataclass(frozen=True, eq=False)
class Parts:
    """S = s_mean + joint_s + private_s + rest_s and C = c_mean + joint_c + private_c + rest_c, row by row.

    The method defines the three parts. Scores are inner products, so a user's score for an item is the sum of
    the scores of the item's parts.

    Attributes:
        s_mean, c_mean: (p,), (q,).
        joint_s, private_s, rest_s: (n, p) float64. joint_c, private_c, rest_c: (n, q) float64.
        scores: (n, r) the shared scores that the joint parts are made of; r may be 0.
        method: the decomposition that made them.

    Raises:
        SemcompError: parts whose shapes do not belong together, NaN or infinity.
    """

    s_mean: Floats
    c_mean: Floats
    joint_s: Floats
    private_s: Floats
    rest_s: Floats
    joint_c: Floats
    private_c: Floats
    rest_c: Floats
    scores: Floats
    method: str

    def __post_init__(self) -> None:
        n = len(self.scores)
        for side, mean in (("s", self.s_mean), ("c", self.c_mean)):
            for part in PARTS:
                shape = getattr(self, f"{part}_{side}").shape
                if shape != (n, len(mean)):
                    raise SemcompError(
                        f"{part}_{side} has shape {shape}, but scores and mean ask for {(n, len(mean))}"
                    )
        for name, value in vars(self).items():
            if name != "method" and not np.isfinite(value).all():
                raise SemcompError(f"{name} of the parts has NaN or infinite values; fit them again")

    def of(self, view: str) -> dict[str, Floats]:
        """The parts of "semantic" or "collaborative" by name: joint, private, rest."""
        return {part: getattr(self, f"{part}_{view[0]}") for part in PARTS}

    def mean(self, view: str) -> Floats:
        """The mean vector of "semantic" or "collaborative"."""
        return self.s_mean if view == VIEWS[0] else self.c_mean

    def check(self, semantic: ArrayLike, collaborative: ArrayLike) -> None:
        """Raise SemcompError unless the parts add up to these vectors, up to rounding."""
        for view, matrix in zip(VIEWS, paired(semantic, collaborative, names=VIEWS), strict=True):
            total = sum(self.of(view).values(), start=self.mean(view))
            if total.shape != matrix.shape:
                raise SemcompError(
                    f"parts of {total.shape[0]} {view} vectors of {total.shape[1]} columns, but the vectors "
                    f"have shape {matrix.shape}; decompose the same items"
                )
            if np.abs(total - matrix).max() > ROUNDING * max(np.abs(matrix).max(), 1e-300):
                raise SemcompError(
                    f"the parts do not add up to the {view} vectors; they belong to other vectors"
                )
