r"""Closed forms of a world: what maps between its views can explain, and what the views share.

Once the rotations are undone, each coordinate, or with a twist each pair, can be treated by itself. With α²,
β² the variances of a shared and a private coordinate, σ and σ_c the noise of S and of C, κ the twist, and
λ² D the variance of popularity's coordinate in C (see `semcomp.planted.world`), let

    v = α² / (α² + σ²),    v_c = α² / (α² + σ_c²)

be the shares of signal in a shared coordinate of S and of C.

**Twist.** Take a pair of coordinates as one complex number z, with E|z|² = 2. Given S, the twisted pair w is
Gaussian around m with variance 1 − v per coordinate, and z = w exp(−iκ|w|²/2). The Gaussian integral gives

    E[z | S] = m (1 + iκ(1 − v))⁻² exp(−iκ |m|² / (2 (1 + iκ(1 − v)))),

and with |m|² / (2v) exponential of mean 1 the explained share of z,

    E|E[z | S]|² / 2 = v / (1 + κ² (1 − v²))²,

which is v without a twist and 1 without noise. A linear map explains v |E[conj(z) w] / 2|², that is

    v / (1 + κ²)².
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, log1p
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.planted.parameters import Parameters

if TYPE_CHECKING:
    import pandas as pd


@checked
@dataclass(frozen=True)
class Ceilings:
    """Population values, variance-weighted over the coordinates of C: 1 − Σ error / Σ variance, 0 to 1.

    Attributes:
        r2: of E[C | S], which no map of any capacity exceeds.
        linear_r2: of the best linear map from S to C.
        seed_r2: of the best linear map from another seed of C to C. No other map does better, unless skewed
            popularity is in a noisy C.
        reliability: the share of C's variance that another seed repeats, the ceiling of what any source can
            explain of it. `seed_r2` is less, as the other seed's noise is in the way too: where all signal
            has one variance per coordinate, it is the square of the reliability (Spearman 1904).
    """

    r2: float
    linear_r2: float
    seed_r2: float
    reliability: float

    @property
    def r2_of_seed(self) -> float:
        """`linear_r2` over `seed_r2`, what a linear probe reaches of what another seed reaches.

        It can exceed 1: S may be less noisy than another seed is.
        """
        return self.linear_r2 / self.seed_r2

    @property
    def linear_r2_of_reliable(self) -> float:
        """`linear_r2` over `reliability`: how much of what C repeats a linear map finds in S, 0 to 1."""
        return self.linear_r2 / self.reliability

    @property
    def r2_of_reliable(self) -> float:
        """`r2` over `reliability`: how much of what C repeats is in S at all, 0 to 1."""
        return self.r2 / self.reliability


@checked
def ceilings(world: Parameters) -> Ceilings:
    """What maps to C can explain, exactly. Shares of variance, so the number of items plays no part."""
    wide, narrow = world.widths
    shared, private, popular = _variances(world)
    noise, total = float(world.collaborative_noise) ** 2, _collaborative_variance(world)
    v = _signal(shared, float(world.noise) ** 2)
    kappa = float(world.twist) ** 2
    of_shared = wide * shared * v / total
    again = sum(
        n * variance * _signal(variance, noise)
        for n, variance in ((wide, shared), (narrow, private), (1, popular))
    )
    return Ceilings(
        r2=of_shared / (1 + kappa * (1 - v * v)) ** 2,
        linear_r2=of_shared / (1 + kappa) ** 2,
        seed_r2=again / total,
        reliability=(wide * shared + narrow * private + popular) / total,
    )


@checked
def variance_shares(world: Parameters) -> pd.DataFrame:
    """Shares of the variance of each view, summing to 1.

    Rows "semantic" and "collaborative"; columns "joint" (owed to z), "private" (to p or q), "popularity" and
    "noise".
    """
    _, _, popular = _variances(world)
    half = world.half_width
    f, semantic = float(world.shared), 1 + 2 * float(world.noise) ** 2
    collaborative = _collaborative_variance(world) / half
    noise = float(world.collaborative_noise) ** 2 * _width(world) / half
    rows = {
        "semantic": (f / semantic, (1 - f) / semantic, 0.0, 2 * float(world.noise) ** 2 / semantic),
        "collaborative": (
            f / collaborative,
            (1 - f) / collaborative,
            popular / half / collaborative,
            noise / collaborative,
        ),
    }
    import pandas as pd

    return pd.DataFrame.from_dict(rows, orient="index", columns=["joint", "private", "popularity", "noise"])


@checked
def canonical_correlations(world: Parameters) -> NDArray[np.float64]:
    """(d_z + d_p,) population canonical correlations of S and C, descending.

    d_z of them are √(v v_c) / (1 + κ²), the others 0. Those of finitely many items lie above; see
    the null edge of Wachter (1980).
    """
    wide, narrow = world.widths
    v, v_c = _shared_signal(world)
    found = np.zeros(wide + narrow)
    found[:wide] = np.sqrt(v * v_c) / (1 + float(world.twist) ** 2)
    return found


@checked
def shared_dimension(world: Parameters) -> int:
    """How many canonical correlations are above 0: d_z, or 0 where nothing is shared."""
    return int(np.count_nonzero(canonical_correlations(world)))


@checked
def gaussian_information(world: Parameters) -> float:
    """−½ Σ ln(1 − ρ²) over the canonical correlations, nats per item; infinite where one is 1.

    It is I(S; C) where S and C are jointly Gaussian (twist = 0), and never above it: of all joint laws with
    these covariances whose S is Gaussian, the Gaussian one informs least.
    """
    v, v_c = _shared_signal(world)
    return _information(v * v_c / (1 + float(world.twist) ** 2) ** 2, world.widths[0])


@checked
def information_bounds(world: Parameters) -> tuple[float, float]:
    """Two numbers of nats between which I(S; C) lies; equal, hence exact, unless a twist meets two noises.

    A twist can be undone by whoever knows its argument exactly, so with one view free of noise I(S; C) is
    what it is without a twist, −d_z/2 · ln(1 − v v_c). With noise in both it is at least
    `gaussian_information` and, by data processing, at most what the less informative view knows of z,
    −d_z/2 · ln(1 − min(v, v_c)).
    """
    wide = world.widths[0]
    v, v_c = _shared_signal(world)
    if world.twist == 0 or world.noise == 0 or world.collaborative_noise == 0:
        exact = _information(v * v_c, wide)
        return exact, exact
    return gaussian_information(world), _information(min(v, v_c), wide)


def _information(squared: float, times: int) -> float:
    return inf if squared >= 1 else -0.5 * times * log1p(-squared)


def _variances(world: Parameters) -> tuple[float, float, float]:
    """α², β² and λ² D."""
    return *world.variances, float(world.popularity_in_view) ** 2 * sum(world.widths) / 2


def _shared_signal(world: Parameters) -> tuple[float, float]:
    """v and v_c."""
    shared = _variances(world)[0]
    return _signal(shared, float(world.noise) ** 2), _signal(shared, float(world.collaborative_noise) ** 2)


def _signal(variance: float, noise: float) -> float:
    return variance / (variance + noise) if variance > 0 else 0.0


def _width(world: Parameters) -> int:
    """Columns of C."""
    return sum(world.widths) + (world.popularity_in_view > 0)


def _collaborative_variance(world: Parameters) -> float:
    """tr Cov C = D (1 + λ²) + width · σ_c²."""
    half = world.half_width
    signal = half * (1 + float(world.popularity_in_view) ** 2)
    return signal + _width(world) * float(world.collaborative_noise) ** 2
