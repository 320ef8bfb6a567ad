"""The parameters of a planted world, and what follows from them alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from semcomp.checks import checked
from semcomp.errors import SemcompError

MIN_ITEMS = 10
INF = float("inf")
WHOLE: dict[str, tuple[float, float]] = {
    "users": (1, INF),
    "items": (MIN_ITEMS, INF),
    "dim": (2, INF),
    "seed": (0, INF),
    "exposure_groups": (1, INF),
    "min_activity": (1, INF),
    "shared_dim": (1, INF),
    "private_dim": (1, INF),
}
REAL: dict[str, tuple[float, float]] = {
    "shared": (0, 1),
    "semantic_private": (0, INF),
    "collaborative_private": (0, INF),
    "noise": (0, INF),
    "sharpness": (0, INF),
    "popularity": (0, INF),
    "activity": (0, INF),  # and not below `min_activity`
    "twist": (0, INF),
    "collaborative_noise": (0, INF),
    "popularity_skew": (0, 4),
    "popularity_in_view": (0, INF),
    "exposure": (0, INF),
    "exposure_to_popular": (0, 1),
}


@checked
@dataclass(frozen=True)
class Parameters:
    """The checked parameters of a `World`, which documents them; its module describes the model."""

    users: int = 1000
    items: int = 800
    dim: int = 16
    shared: float = 0.5
    semantic_private: float = 1.0
    collaborative_private: float = 1.0
    noise: float = 0.0
    sharpness: float = 2.0
    popularity: float = 0.7
    activity: float = 24.0
    seed: int = 0
    name: str = "planted"
    twist: float = 0.0
    collaborative_noise: float = 0.0
    popularity_skew: float = 0.0
    popularity_in_view: float = 0.0
    exposure: float = 0.0
    exposure_groups: int = 1
    exposure_to_popular: float = 0.0
    min_activity: int = 5
    shared_dim: int | None = None
    private_dim: int | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in (WHOLE | REAL).items():
            value = getattr(self, name)
            if value is None and name in ("shared_dim", "private_dim"):
                continue
            low = self.min_activity if name == "activity" else low
            if not low <= value <= high or not np.isfinite(value):
                limit = f"between {low} and {high}" if np.isfinite(high) else f"at least {low} and finite"
                raise SemcompError(f"planted world: {name} = {value!r} must be {limit}")
        if self.twist > 0 and any(width % 2 for width in self.widths):
            raise SemcompError(
                f"planted world: twist = {self.twist!r} turns pairs of coordinates, but the parts have "
                f"{self.widths[0]} and {self.widths[1]}; use even widths"
            )

    @property
    def widths(self) -> tuple[int, int]:
        """d_z and d_p."""
        return (
            self.dim if self.shared_dim is None else self.shared_dim,
            self.dim if self.private_dim is None else self.private_dim,
        )

    @property
    def half_width(self) -> float:
        """D = (d_z + d_p) / 2."""
        return sum(self.widths) / 2

    @property
    def variances(self) -> tuple[float, float]:
        """α² and β², of a shared and of a private coordinate of a view."""
        wide, narrow = self.widths
        mean = self.half_width
        return float(self.shared * (mean / wide)), float((1 - self.shared) * (mean / narrow))
