"""What a world knows about itself: the items' parts, the users' tastes, and the two views made of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.view import View
from semcomp.planted.parameters import Parameters

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
# one stream per purpose
ITEMS, USERS, POPULARITY, INTERACTIONS, COLLABORATIVE, AGAIN, EXPOSURE, GROUPS, UNBIASED = range(9)


@checked
@dataclass(frozen=True, eq=False)
class Truth:
    """What a world knows about itself; rows in the order of the data set's ids.

    Attributes:
        semantic_vectors: (I, d_z + d_p) S, equal to `Dataset.vectors`.
        collaborative_vectors: (I, d_z + d_p) C; one column more where popularity is in it.
        semantic_users, collaborative_users: as wide, in the coordinates of S and of C: the inner products are
            the score's parts in z and p (under the noise of S; of a twisted S their best linear prediction),
            and in z and q (under the noise of C, and with λ b).
        z, p, q: (I, d_z), (I, d_p), (I, d_p) the items' parts.
        user_z, user_p, user_q: the users' tastes, as wide, with the weights of the score in them, so that the
            score is <user_z, z> + <user_p, p> + <user_q, q>.
        popularity: (I,) the offset added to the score before drawing.
        exposure: (G, I) the offset of what a group of users was shown; zero without exposure bias.
        group: (U,) int32, each user's group.

    The pairs (users, items) that are properties have the named part of the score as their inner product, free
    of noise.
    """

    semantic_vectors: Floats
    collaborative_vectors: Floats
    semantic_users: Floats
    collaborative_users: Floats
    z: Floats
    p: Floats
    q: Floats
    user_z: Floats
    user_p: Floats
    user_q: Floats
    popularity: Floats
    exposure: Floats
    group: NDArray[np.int32]

    def views(self) -> dict[str, View]:
        """What can be ranked and probed: "semantic" (S), "collaborative" (C), "shared" and "joint"."""
        return {
            "semantic": View("semantic", self.semantic_users, self.semantic_vectors),
            "collaborative": View("collaborative", self.collaborative_users, self.collaborative_vectors),
            "shared": View("shared", *self.shared),
            "joint": View("joint", *self.joint),
        }

    @property
    def shared(self) -> tuple[Floats, Floats]:
        """(U, d_z), (I, d_z): z alone, all that a perfect alignment of both views can keep."""
        return self.user_z, self.z

    @property
    def semantic_private(self) -> tuple[Floats, Floats]:
        """(U, d_p), (I, d_p): p alone."""
        return self.user_p, self.p

    @property
    def collaborative_private(self) -> tuple[Floats, Floats]:
        """(U, d_p), (I, d_p): q alone."""
        return self.user_q, self.q

    @property
    def semantic(self) -> tuple[Floats, Floats]:
        """(U, d_z + d_p), (I, d_z + d_p): z and p."""
        return np.hstack([self.user_z, self.user_p]), np.hstack([self.z, self.p])

    @property
    def collaborative(self) -> tuple[Floats, Floats]:
        """(U, d_z + d_p), (I, d_z + d_p): z and q."""
        return np.hstack([self.user_z, self.user_q]), np.hstack([self.z, self.q])

    @property
    def private(self) -> tuple[Floats, Floats]:
        """(U, 2 d_p), (I, 2 d_p): p and q."""
        return np.hstack([self.user_p, self.user_q]), np.hstack([self.p, self.q])

    @property
    def joint(self) -> tuple[Floats, Floats]:
        """(U, d_z + 2 d_p), (I, d_z + 2 d_p): z, p and q."""
        return np.hstack([self.user_z, self.user_p, self.user_q]), np.hstack([self.z, self.p, self.q])


def stream(world: Parameters, *place: int) -> np.random.Generator:
    """An independent stream of a world's seed; equal to the children that a SeedSequence spawns."""
    return np.random.default_rng(np.random.SeedSequence(world.seed, spawn_key=place))


def draw_truth(world: Parameters) -> Truth:
    """The parts, tastes and views of a world.

    There is one random stream per purpose, so that no parameter moves what another one draws.
    """
    of_items, (z, p, q), (a, b, c) = _latent(world)
    turn, other_turn = (_orthogonal(of_items, sum(world.widths)) for _ in range(2))
    common, private = map(sqrt, world.variances)
    semantic = np.hstack([common * twisted(z, world.twist), private * twisted(p, world.twist)]) @ turn
    semantic += world.noise * of_items.standard_normal(semantic.shape)
    readers = [predicting(taste, world.twist) for taste in _in_view(world, a, world.semantic_private * b)]
    offsets = log_popularity(world)
    collaborative_users, collaborative = _collaborative(
        world, (a, c), (z, q), other_turn, stream(world, COLLABORATIVE)
    )
    return Truth(
        semantic_vectors=_rounded(semantic),
        collaborative_vectors=_rounded(collaborative),
        semantic_users=_rounded(np.hstack(readers) @ turn),
        collaborative_users=_rounded(collaborative_users),
        z=_rounded(z),
        p=_rounded(p),
        q=_rounded(q),
        user_z=_rounded(sqrt(world.shared) * a),
        user_p=_rounded(world.semantic_private * sqrt(1 - world.shared) * b),
        user_q=_rounded(world.collaborative_private * sqrt(1 - world.shared) * c),
        popularity=_rounded(world.popularity * offsets),
        exposure=_rounded(_exposure(world, offsets)),
        group=stream(world, GROUPS).integers(world.exposure_groups, size=world.users, dtype=np.int32),
    )


def draw_collaborative_again(world: Parameters, seed: int) -> View:
    """C under another seed: the world's parts and tastes, with a rotation and noise of the seed's own."""
    _, (z, _, q), (a, _, c) = _latent(world)
    draws = stream(world, AGAIN, seed)
    users, items = _collaborative(world, (a, c), (z, q), _orthogonal(draws, sum(world.widths)), draws)
    return View(f"collaborative, seed {seed}", _rounded(users), _rounded(items))


def twisted(parts: Doubles, twist: float) -> Doubles:
    """g: each pair of coordinates (x, y) turned by the angle twist · (x² + y²) / 2; (n, d) -> (n, d)."""
    if twist == 0:
        return parts
    pairs = parts[:, 0::2] + 1j * parts[:, 1::2]
    return _as_coordinates(pairs * np.exp(0.5j * twist * np.abs(pairs) ** 2))


def predicting(tastes: Doubles, twist: float) -> Doubles:
    """Tastes t' such that <t', g(x)> is the best linear prediction of <t, x> from g(x).

    As complex numbers E[conj(x) g(x)] / E|x|² = E[e exp(iκe)] = (1 − iκ)⁻² with e exponential, so that
    t' = (1 − iκ)⁻² t: turned by the mean angle, shrunk by 1 / (1 + κ²).
    """
    if twist == 0:
        return tastes
    return _as_coordinates((tastes[:, 0::2] + 1j * tastes[:, 1::2]) * (1 - 1j * twist) ** -2)


def log_popularity(world: Parameters) -> Doubles:
    """(I,) b: mean 0, variance 1 and skewness `popularity_skew` over draws."""
    normal = stream(world, POPULARITY).standard_normal(world.items)
    if world.popularity_skew == 0:
        return normal
    from scipy import special, stats

    return np.asarray(stats.pearson3.ppf(special.ndtr(normal), world.popularity_skew))


def _latent(world: Parameters) -> tuple[np.random.Generator, list[Doubles], list[Doubles]]:
    """The items' stream after z, p and q; these; and the tastes a, b, c of variance 1 / d per coordinate."""
    wide, narrow = world.widths
    of_items, of_users = stream(world, ITEMS), stream(world, USERS)
    parts = [of_items.standard_normal((world.items, width)) for width in (wide, narrow, narrow)]
    tastes = [
        of_users.standard_normal((world.users, width)) / sqrt(width) for width in (wide, narrow, narrow)
    ]
    return of_items, parts, tastes


def _in_view(world: Parameters, shared: Doubles, private: Doubles) -> tuple[Doubles, Doubles]:
    """Tastes scaled so that, against α z and β p, they score √f <a, z> and √(1 − f) <b, p>."""
    wide, narrow = world.widths
    return sqrt(wide / world.half_width) * shared, sqrt(narrow / world.half_width) * private


def _collaborative(
    world: Parameters,
    tastes: tuple[Doubles, Doubles],
    parts: tuple[Doubles, Doubles],
    turn: Doubles,
    draws: np.random.Generator,
) -> tuple[Doubles, Doubles]:
    """Users and items of C in one rotation; popularity's own rotation and the noise come from `draws`."""
    (a, c), (z, q) = tastes, parts
    common, private = map(sqrt, world.variances)
    items = np.hstack([common * z, private * q]) @ turn
    users = np.hstack(_in_view(world, a, world.collaborative_private * c)) @ turn
    if world.popularity_in_view > 0:
        size = sqrt(world.half_width)  # √D: at λ = 1 as much variance as z and q together
        column = world.popularity_in_view * size * log_popularity(world)
        again = _orthogonal(draws, sum(world.widths) + 1)
        items = np.column_stack([items, column]) @ again
        users = np.column_stack([users, np.full(len(users), 1 / size)]) @ again
    if world.collaborative_noise > 0:
        items = items + world.collaborative_noise * draws.standard_normal(items.shape)
    return users, items


def _exposure(world: Parameters, popularity: Doubles) -> Doubles:
    """(G, I) offsets of variance exposure², correlated with log-popularity as asked."""
    share = world.exposure_to_popular
    own = stream(world, EXPOSURE).standard_normal((world.exposure_groups, world.items))
    return world.exposure * (share * popularity + sqrt(1 - share**2) * own)


def _rounded(matrix: Doubles) -> Floats:
    return np.ascontiguousarray(matrix, dtype=np.float32)


def _as_coordinates(pairs: NDArray[np.complex128]) -> Doubles:
    """(n, d) complex numbers as (n, 2d) coordinates, the two of a pair next to each other."""
    return np.ascontiguousarray(pairs).view(np.float64)


def _orthogonal(rng: np.random.Generator, width: int) -> Doubles:
    """A random rotation or reflection, uniform over the orthogonal group (QR of Gaussian, signs fixed)."""
    q, r = np.linalg.qr(rng.standard_normal((width, width)))
    return np.asarray(q * np.sign(np.diag(r)))
