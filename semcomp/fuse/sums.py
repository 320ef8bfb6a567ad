"""Fusions by sums of scores: weighted sums, and EnsRec."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.data import Split
from semcomp.errors import SemcompError, unknown_name
from semcomp.fuse.candidates import Candidates
from semcomp.fuse.lists import WORTHS, worths
from semcomp.fuse.mixture import Floats, Mixture, Scores, members_of, told, weighted
from semcomp.fuse.weights import check_weights, chosen, order_of, searched
from semcomp.views.checks import check_options
from semcomp.views.origin import origin
from semcomp.views.training.selection import validation_ndcg

SCALES = {
    "z": "weighted sum",
    "cosine": "sum of cosines",
    "raw": "sum of scores",
    "min-max": "min-max sum",
    "reciprocal rank": "weighted RRF",
    "borda": "weighted Borda",
}
TEMPERATURES = (0.05, 0.1, 0.2, 0.5, 1.0, 10.0, 100.0)


@checked
@dataclass(frozen=True)
class WeightedSum:
    """`Σ_v w_v · s_v(u, i)` of two or more views: CombSUM of any number (Fox & Shaw 1994), a `Mixture`.

    The weights are from 0 on with sum 1. Where they are not given, they are chosen by NDCG@20 on the
    validation part: of two or three views all weights in steps of 0.05 or 0.1 are tried, of more, coordinate
    ascent from several starts, then in finer steps around the best (`semcomp.fuse.weights`). Ties go to the
    weights nearest to equal ones, which are taken where there is no validation item.

    Attributes:
        weights: one per view, in their order; scaled to sum 1. None: chosen.
        equal: whether all weights are the same, and none is chosen.
        scale: of s_v: "z", standardised for each user over the known items; "cosine", of the vectors of
            views, which makes it Norm-Concat-Norm of views that were trained apart; "raw", as they are; or
            what a place in the view's list is worth, "min-max", "reciprocal rank" or "borda" (see
            `semcomp.fuse.lists.Worth`).

    >>> fused = sc.fuse.WeightedSum().fit(sc.Inputs(split, views=[cf, sem, null]))
    >>> len(fused.weights), round(float(fused.weights.sum()), 6)
    (3, 1.0)
    >>> sc.rank(fused, split, k=20)
    <TopK 'weighted sum': the 20 best of 200 items for each of 300 users>

    Raises:
        SemcompError: an unknown scale, weights below 0 or with `equal`.
    """

    weights: Sequence[float] | None = None
    equal: bool = False
    scale: str = "z"

    def __post_init__(self) -> None:
        if self.scale not in SCALES:
            raise unknown_name("scale", self.scale, SCALES)
        if self.weights is not None:
            if self.equal:
                raise SemcompError("WeightedSum was given weights and equal=True; give one of them")
            object.__setattr__(self, "weights", tuple(self.weights))
            check_weights("WeightedSum", self.weights, len(self.weights))

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> Mixture:
        """The mixture of `inputs.views`. The seed is of the candidates that weights are chosen on.

        Raises:
            SemcompError: fewer than two views, another number than there are weights, views of other data,
                for cosines a view without vectors.
        """
        split, views = members_of(self, inputs, vectors=self.scale == "cosine")
        n = len(views)
        name = "equal sum" if self.equal and self.scale == "z" else SCALES[self.scale]
        over = None if split.known_from is None else split.catalogue("train")
        members = worths(views, split, self.scale) if self.scale in WORTHS else tuple(views)
        mixture = Mixture(name, members, np.full(n, 1 / n), over, self.scale == "z")
        more: dict[str, Any] = {}
        if self.weights is not None:
            mixture = mixture.weighed(check_weights("WeightedSum", self.weights, n))
        elif not self.equal:
            found = chosen(mixture, split, Candidates.of(mixture, split, seed))
            mixture = mixture.weighed(found.weights)
            more = {"valid_ndcg": found.valid_ndcg, "tried": found.tried}
        made = origin(self, split, seed, weights=mixture.weights.tolist(), **more, **told(views))
        return replace(mixture, provenance=made)


@checked
@dataclass(frozen=True)
class EnsRec:
    """EnsRec (Collins et al., arXiv 2512.17820): the plain sum of the cosines of views trained apart.

    With `exponential`, its variant `Σ_v α_v · exp(cos_v / τ)`, Σ α = 1; τ → ∞ orders as the weighted sum of
    cosines. α and τ are chosen by NDCG@20 on the validation part, for each τ of a grid as the weights of
    `WeightedSum` are, ties to the larger τ; the plain sum has nothing to choose. Without any validation item
    α are equal.

    Attributes:
        exponential: whether the variant is fitted.
        temperature: τ of the variant, from 0.02 on; None chooses among 0.05 … 100.

    >>> sc.rank(sc.fuse.EnsRec().fit(sc.Inputs(split, views=[cf, sem])), split, k=20)
    <TopK 'EnsRec': the 20 best of 200 items for each of 300 users>
    >>> fused = sc.fuse.EnsRec(exponential=True, temperature=0.5).fit(sc.Inputs(split, views=[cf, sem]))
    >>> fused.temperature
    0.5

    Raises:
        SemcompError: a temperature that is not a number, below 0.02, or of the plain sum, which has none.
    """

    exponential: bool = False
    temperature: float | None = None

    def __post_init__(self) -> None:
        if self.temperature is not None:
            check_options(self, "EnsRec option", positive=("temperature",))
            if self.temperature < 0.02:  # exp(1 / 0.0113) is the largest number that float32 has
                raise SemcompError(f"EnsRec option temperature = {self.temperature}; it must be 0.02 or more")
            if not self.exponential:
                raise SemcompError(
                    "EnsRec was given a temperature without exponential=True; give both or none"
                )

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None
    ) -> Mixture | SumOfExponentials:
        """The sum over `inputs.views`. The seed is of the candidates that α and τ are chosen on.

        Raises:
            SemcompError: fewer than two views, a view without vectors, views of other data.
        """
        split, views = members_of(self, inputs, vectors=True)
        n = len(views)
        mixture = Mixture("EnsRec", tuple(views), np.full(n, 1 / n), standard=False)
        if not self.exponential:
            made = origin(self, split, seed, weights=mixture.weights.tolist(), **told(views))
            return replace(mixture, provenance=made)
        grid = TEMPERATURES if self.temperature is None else (self.temperature,)
        best = tuple(mixture.weights.tolist()), grid[-1]
        if split.valid.nnz:
            candidates = Candidates.of(mixture, split, seed)
            tried: dict[tuple[tuple[float, ...], float], float] = {}
            for temperature in reversed(grid):
                bent = bent_by(candidates.parts, temperature)

                def measure(weights: Floats, bent: Scores = bent) -> float:
                    return candidates.ndcg(weighted(bent, weights))

                tried |= {(one, temperature): value for one, value in searched(measure, n).items()}
            best = min(tried, key=lambda one: order_of(one[0], tried[one]))
        weights, temperature = best
        fused = SumOfExponentials("EnsRec (exponential)", mixture.weighed(np.array(weights)), temperature)
        more: dict[str, Any] = {"temperature": temperature, "valid_ndcg": validation_ndcg(fused, split)}
        made = origin(self, split, seed, weights=list(weights), **more, **told(views))
        return replace(fused, provenance=made)


@dataclass(frozen=True, eq=False)
class SumOfExponentials:
    """A Scorer: `score(u, i) = τ · Σ_v w_v · (exp(s_v(u, i) / τ) - 1)`.

    The order is that of `Σ_v w_v exp(s_v / τ)`. So written it is the weighted sum of s as τ → ∞, and large τ
    lose no digits.

    Attributes:
        name: how tables and figures call it. mixture: members and weights. temperature: τ.
        provenance: how it was made.
    """

    name: str
    mixture: Mixture
    temperature: float
    provenance: Mapping[str, Any] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        return self.mixture.shape

    def among(self, history: sp.csr_array) -> SumOfExponentials:
        """The same where other items are not candidates."""
        return replace(self, mixture=self.mixture.among(history))

    def scores(self, users: NDArray[np.int64]) -> Scores:
        """(B,) rows of users -> (B, I)."""
        members = range(len(self.mixture.members))
        bent = (bent_by(self.mixture.part(at, users), self.temperature) for at in members)
        return weighted(bent, self.mixture.weights)


def bent_by(scores: Scores, temperature: float) -> Scores:
    """τ (exp(s / τ) - 1), rounded once."""
    return np.asarray(temperature * np.expm1(scores.astype(np.float64) / temperature), np.float32)
