"""A product of experts: views as distributions over items, each at its own temperature."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.fuse.candidates import Candidates
from semcomp.fuse.likelihood import WEAK, fitted
from semcomp.fuse.mixture import Floats, Mixture, members_of, told
from semcomp.views.origin import origin


@checked
@dataclass(frozen=True)
class ProductOfExperts:
    """`Σ_v log p_v(i | u)`, p_v the softmax over items of `s_v / τ_v` (Hinton 2002): calibrated views agree.

    What a softmax divides by is the same for all items of a user, so the order is that of `Σ_v s_v / τ_v`:
    the result is a `Mixture` of scores as they are, with weights 1 / τ_v. Each τ_v is that of greatest
    likelihood of the validation items under p_v alone, an estimate over the `Candidates`. A view under which
    they are no likelier at any temperature has weight 0.

    Attributes:
        temperatures: one per view, in their order; None: fitted. Without any validation item, all 1.

    >>> fused = sc.fuse.ProductOfExperts().fit(sc.Inputs(split, views=[cf, sem]))
    >>> len(fused.provenance["temperatures"])
    2

    Raises:
        SemcompError: temperatures that are not above 0.
    """

    temperatures: Sequence[float] | None = None

    def __post_init__(self) -> None:
        if self.temperatures is not None:
            object.__setattr__(self, "temperatures", tuple(self.temperatures))
            given = np.asarray(self.temperatures, np.float64)
            if not (np.isfinite(given) & (given > 0)).all():
                raise SemcompError(
                    f"ProductOfExperts option temperatures = {list(self.temperatures)}; "
                    "all must be above zero"
                )

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> Mixture:
        """The product of `inputs.views`. The seed is of the candidates that temperatures are fitted on.

        Raises:
            SemcompError: fewer than two views, another number than there are temperatures, views of other
                data.
        """
        split, views = members_of(self, inputs)
        n = len(views)
        mixture = Mixture("product of experts", tuple(views), np.ones(n), standard=False)
        if self.temperatures is not None:
            if len(self.temperatures) != n:
                raise SemcompError(
                    f"ProductOfExperts has {len(self.temperatures)} temperatures for {n} views; "
                    "give one for each"
                )
            mixture = mixture.weighed(1 / np.asarray(self.temperatures, np.float64))
        elif split.valid.nnz:
            mixture = mixture.weighed(_coldness(Candidates.of(mixture, split, seed)))
        given = [1 / weight if weight > 0 else None for weight in mixture.weights.tolist()]
        made = origin(self, split, seed, temperatures=given, **told(views))
        return replace(mixture, provenance=made)


def _coldness(candidates: Candidates) -> Floats:
    """(V,) 1 / τ of each member; of those that are all useless, what makes their spreads equal."""
    n = len(candidates.parts)
    everybody = np.ones((len(candidates.users), 1))
    there = candidates.items >= 0
    scale = np.array([float(part[there].std()) or 1.0 for part in candidates.parts])
    found = np.zeros(n)
    for at in range(n):
        x = candidates.parts[at : at + 1] / np.float32(scale[at])
        found[at] = max(float(fitted(x, candidates, everybody, np.full((1, 1), WEAK))[0, 0]), 0.0)
    return np.asarray((found if found.any() else np.ones(n)) / scale)
