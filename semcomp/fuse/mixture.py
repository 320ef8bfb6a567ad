"""Several scorers as one: a weighted sum of what they score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.joining import check_rows
from semcomp.core.rank import among
from semcomp.core.view import Scorer, View, check_fits
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.joint.ensemble import standardized

Floats = NDArray[np.float64]
Scores = NDArray[np.float32]
CHUNK = 8  # rows of a product, always as many and few: OpenBLAS rounds the 7th to 12th of more otherwise
FLAT = 1e-12  # a spread below this share of the largest score is rounding


@checked
@dataclass(frozen=True, eq=False)
class Mixture:
    """A Scorer: `score(u, i) = Σ_v w_v(u) · z_v(u, i)`.

    z are the user's scores less their mean, over their (population) standard deviation, both taken over the
    items `over`; 0 for a user whom a member scores all items alike. They are computed from the vectors of a
    View, and from the scores of any other member, where -inf counts as the lowest score of the user. With
    `standard=False`, z are the scores themselves.

    Attributes:
        name: how tables and figures call it.
        members: V scorers of the same users and items.
        weights: (V,), or (U, V) for weights of each user's own. Finite.
        over: rows of the items over which mean and spread are taken, those of `Split.catalogue`; None: all.
        standard: whether scores are standardised.
        provenance: how it was made.

    Raises:
        SemcompError: no members, members of different sizes, weights of another shape or not finite, items
            that there are not.

    >>> half = sc.fuse.Mixture("both", (cf, sem), [0.5, 0.5])
    >>> z = half.scores(np.arange(10))
    >>> z.shape, bool(abs(z.mean()) < 1e-5)
    ((10, 200), True)
    """

    name: str
    members: tuple[Scorer, ...]
    weights: NDArray[np.float64]
    over: NDArray[np.int64] | None = None
    standard: bool = True
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "members", tuple(self.members))
        if not self.members:
            raise SemcompError(f"mixture {self.name!r} has no members; give at least one scorer")
        for member in self.members:
            check_fits(member, self.members[0].shape)
        weights = np.array(self.weights, np.float64)
        n_users, n_items = self.shape
        wanted = (len(self.members),), (n_users, len(self.members))
        if weights.shape not in wanted or not np.isfinite(weights).all():
            found = f"shape {weights.shape}" if weights.shape not in wanted else "NaN or infinity"
            raise SemcompError(
                f"mixture {self.name!r} has weights of {found}; give one finite number per member, "
                f"{wanted[0]}, or per user and member, {wanted[1]}"
            )
        object.__setattr__(self, "weights", weights)
        if self.over is not None:
            check_rows(self.over, n_items, owner=f"mixture {self.name!r}", unit="item")
            if not len(self.over):
                raise SemcompError(f"mixture {self.name!r} is standardised over no items; give at least one")

    @property
    def shape(self) -> tuple[int, int]:
        return self.members[0].shape

    def scores(self, users: NDArray[np.int64]) -> Scores:
        """(B,) rows of users -> (B, I).

        >>> sc.fuse.Mixture("cf alone", (cf, sem), [1, 0], standard=False).scores(np.array([3])).shape
        (1, 200)
        """
        check_rows(users, self.shape[0], owner=f"mixture {self.name!r}", unit="user")
        return weighted((self.part(at, users) for at in range(len(self.members))), self.weights_of(users))

    def weights_of(self, users: NDArray[np.int64]) -> Floats:
        """(V,), or (B, V) where users have weights of their own.

        >>> sc.fuse.Mixture("both", (cf, sem), [0.5, 0.5]).weights_of(np.array([3])).tolist()
        [0.5, 0.5]
        """
        return self.weights if self.weights.ndim == 1 else self.weights[users]

    def part(self, at: int, users: NDArray[np.int64]) -> Scores:
        """(B, I) what member number `at` adds at weight 1: z, or its scores as they are.

        >>> sc.fuse.Mixture("both", (cf, sem), [0.5, 0.5]).part(1, np.array([3])).shape
        (1, 200)
        """
        member, sides = self.members[at], self._sides[at]
        if sides is not None:
            return _product(*sides, users)
        scores = _finite(np.asarray(member.scores(users), np.float32))
        return _standard(scores, self.over) if self.standard else scores

    def weighed(self, weights: NDArray[np.float64]) -> Mixture:
        """The same with other weights.

        >>> sc.fuse.Mixture("both", (cf, sem), [0.5, 0.5]).weighed([0.2, 0.8]).weights.tolist()
        [0.2, 0.8]
        """
        other = replace(self, weights=weights)
        if "_sides" in vars(self):
            vars(other)["_sides"] = self._sides  # they do not depend on the weights
        return other

    def among(self, history: sp.csr_array) -> Mixture:
        """The same where other items are not candidates, which members that score by ranks ask for.

        >>> half = sc.fuse.Mixture("both", (cf, sem), [0.5, 0.5])
        >>> half.among(split.train) is half
        True
        """
        if not any(hasattr(member, "among") for member in self.members):
            return self
        return replace(self, members=tuple(among(member, history) for member in self.members))

    @cached_property
    def _sides(self) -> list[tuple[Scores, Scores] | None]:
        """Of each member that is a View, the vectors whose product is its part."""
        sides: list[tuple[Scores, Scores] | None] = []
        for member in self.members:
            if not isinstance(member, View):
                sides.append(None)
            elif self.standard:
                users, items = standardized(member, self.over)
                sides.append((users.astype(np.float32), items.astype(np.float32)))
            else:
                sides.append((member.users, member.items))
        return sides


def weighted(parts: Iterable[Scores], weights: Floats) -> Scores:
    """Σ_v w_v · parts_v of (B, I) parts; weights (V,), or (B, V). Added in order, in float32."""
    columns = weights.astype(np.float32).T[..., None]  # (V, 1) or (V, B, 1)
    total: Scores | None = None
    for part, weight in zip(parts, columns, strict=True):
        total = weight * part if total is None else total + weight * part
    assert total is not None
    return total


def members_of(model: object, inputs: Inputs | Split, *, vectors: bool = False) -> tuple[Split, list[Scorer]]:
    """Split and at least two views, in the rows of the split.

    Args:
        vectors: of each View the unit rows, so that its scores are cosines.

    Raises:
        SemcompError: fewer than two views, views of other data, with `vectors` one that has none.
    """
    split, views = Inputs.of(inputs).with_views(model)
    name = type(model).__name__
    if len(views) < 2:
        raise SemcompError(
            f"{name} needs 2 or more views and was given 1; fit it to Inputs(split, views=[one, other])"
        )
    if not vectors:
        return split, list(views)
    unit: list[Scorer] = []
    for view in views:
        if not isinstance(view, View):
            raise SemcompError(
                f"{view.name} scores without vectors and has no cosines; fuse it by WeightedSum()"
            )
        unit.append(view.normalized())
    return split, unit


def told(views: Sequence[Scorer]) -> dict[str, Any]:
    """What a fusion says of its views: their names and how they were made."""
    return {
        "members": [view.name for view in views],
        "of": [dict(getattr(view, "provenance", {})) for view in views],
    }


def _product(users: Scores, items: Scores, rows: NDArray[np.int64]) -> Scores:
    """(B, I) products of these rows of users with all items."""
    found = np.empty((len(rows), len(items)), np.float32)
    block = np.zeros((CHUNK, users.shape[1]), np.float32)
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        block[: len(some)] = users[some]
        found[start : start + CHUNK] = (block @ items.T)[: len(some)]
    return found


def _finite(scores: Scores) -> Scores:
    """-inf, "not to be ranked", as the user's lowest score; 0 where all of them are."""
    if not np.isneginf(scores).any():
        return scores
    lowest = np.where(np.isneginf(scores), np.inf, scores).min(axis=1, keepdims=True)
    return np.where(np.isneginf(scores), np.where(np.isfinite(lowest), lowest, 0), scores).astype(np.float32)


def _standard(scores: Scores, over: NDArray[np.int64] | None) -> Scores:
    """(B, I) scores less the user's mean over the counted items, over their spread; 0 where it is 0."""
    found = np.zeros(scores.shape, np.float32)
    for start in range(0, len(scores), CHUNK):
        rows = scores[start : start + CHUNK].astype(np.float64)
        counted = rows if over is None else rows[:, over]
        mean, spread = counted.mean(axis=1, keepdims=True), counted.std(axis=1, keepdims=True)
        varies = spread > FLAT * np.abs(counted).max(axis=1, keepdims=True, initial=0.0)
        found[start : start + CHUNK] = np.where(varies, (rows - mean) / np.where(varies, spread, 1.0), 0.0)
    return found
