r"""A world whose shared and private parts are known.

Every item has three independent standard Gaussian parts of `dim` coordinates each: z (shared), p (private to
the text) and q (private to behaviour). With f the shared fraction and R, R' random orthogonal maps,

    S = R  [sqrt(f) z ; sqrt(1 - f) p] + noise · ε        the semantic vector, which comes with the data
    C = R' [sqrt(f) z ; sqrt(1 - f) q]                    the ideal collaborative vector

so that f of the total variance of C, tr Cov C = dim · (f + 1 - f), is shared. A user likes an item by

    score(u, i) = sqrt(f) <a_u, z_i> + w_p sqrt(1 - f) <b_u, p_i> + w_q sqrt(1 - f) <c_u, q_i>

with a, b, c Gaussian of variance 1 / dim a coordinate, w_p = `semantic_private` and w_q =
`collaborative_private`: each inner product has variance 1 over users and items.

**Ceiling.** S and C are jointly Gaussian, so E[C | S] is linear and no map of any capacity does better. Only
z ties them together. Given S, sqrt(f) z is seen under isotropic noise of variance σ² = noise², hence the
explained part of each coordinate of sqrt(f) z is f · f / (f + σ²), and the variance-weighted population R² is

    R²(S → C) = f² / (f + σ²),        which is f without noise and 0 at f = 0.

Interactions are drawn from the whole score and the item's popularity. A model trained on them therefore
sees p through behaviour as well, as far as the data suffice: C is the ideal view of z and q, not what a model
learns.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.core.view import View
from semcomp.data.dataset import Dataset, Source
from semcomp.errors import SemcompError

Floats = NDArray[np.float32]
LEAST = 5  # interactions of the least active user
BLOCK = 1 << 22  # scores drawn at a time: 32 MiB in float64


@dataclass(frozen=True, eq=False)
class Truth:
    """What a world knows about itself; rows in the order of the data set's ids.

    Attributes:
        semantic_vectors: (I, 2d) S, equal to `Dataset.vectors`.
        collaborative_vectors: (I, 2d) C.
        z, p, q: (I, d) the items' parts.
        user_z, user_p, user_q: (U, d) the users' tastes with the weights of the score in them, so that the
            score is <user_z, z> + <user_p, p> + <user_q, q>.
        semantic_users, collaborative_users: (U, 2d) in the coordinates of S and of C: the inner products are
            the score's parts in z and p (under the noise of S), and in z and q.
        popularity: (I,) the offset added to the score before drawing; it is in none of the views.

    The four pairs (users, items) have the named part of the score as their inner product, free of noise.
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
        """(U, d), (I, d): z alone, all that a perfect alignment of both views can keep."""
        return self.user_z, self.z

    @property
    def semantic(self) -> tuple[Floats, Floats]:
        """(U, 2d), (I, 2d): z and p."""
        return np.hstack([self.user_z, self.user_p]), np.hstack([self.z, self.p])

    @property
    def collaborative(self) -> tuple[Floats, Floats]:
        """(U, 2d), (I, 2d): z and q."""
        return np.hstack([self.user_z, self.user_q]), np.hstack([self.z, self.q])

    @property
    def joint(self) -> tuple[Floats, Floats]:
        """(U, 3d), (I, 3d): z, p and q."""
        return np.hstack([self.user_z, self.user_p, self.user_q]), np.hstack([self.z, self.p, self.q])


@dataclass(frozen=True)
class World:
    """The dials of a shared-plus-private world; see the module for the model.

    Attributes:
        users, items: how many.
        dim: coordinates of each part; S and C have twice as many.
        shared: f, the shared fraction of the collaborative variance, 0 to 1.
        semantic_private, collaborative_private: w_p and w_q, how much the private parts matter to users.
        noise: standard deviation of the noise on each coordinate of S.
        sharpness: factor on the score (variance about 1) before drawing; 0 makes choices blind to taste.
        popularity: standard deviation of the items' popularity offset on the same scale.
        activity: mean interactions a user; log-normal above 5, at most half the items.
        seed: equal worlds give equal bytes on one machine.
    """

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

    def __post_init__(self) -> None:
        bounds = {
            "users": (1, np.inf),
            "items": (2 * LEAST, np.inf),
            "dim": (2, np.inf),
            "shared": (0, 1),
            "semantic_private": (0, np.inf),
            "collaborative_private": (0, np.inf),
            "noise": (0, np.inf),
            "sharpness": (0, np.inf),
            "popularity": (0, np.inf),
            "activity": (LEAST, np.inf),
            "seed": (0, np.inf),
        }
        whole = ("users", "items", "dim", "seed")
        for dial, (low, high) in bounds.items():
            value = getattr(self, dial)
            kinds = (int, np.integer) if dial in whole else (int, float, np.integer, np.floating)
            if isinstance(value, bool) or not isinstance(value, kinds):
                kind = "a whole number" if dial in whole else "a number"
                raise SemcompError(f"planted world: {dial} = {value!r} must be {kind}")
            if not low <= value <= high or not np.isfinite(value):
                limit = f"between {low} and {high}" if np.isfinite(high) else f"at least {low} and finite"
                raise SemcompError(f"planted world: {dial} = {value!r} must be {limit}")

    @property
    def r2_ceiling(self) -> float:
        """Population R² (variance-weighted) of the best map, however rich, from S to C: f² / (f + noise²)."""
        f = float(self.shared)
        return f * f / (f + float(self.noise) ** 2) if f > 0 else 0.0

    def truth(self) -> Truth:
        """The latent parts, S and C, and the users' tastes. Items do not depend on the number of users."""
        for_items, for_users, for_popularity, _ = self._streams()
        z, p, q = for_items.standard_normal((3, self.items, self.dim))
        a, b, c = for_users.standard_normal((3, self.users, self.dim)) / sqrt(self.dim)
        common, private = sqrt(self.shared), sqrt(1 - self.shared)
        width = 2 * self.dim
        turn, other_turn = _orthogonal(for_items, width), _orthogonal(for_items, width)
        semantic = np.hstack([common * z, private * p]) @ turn
        semantic += self.noise * for_items.standard_normal(semantic.shape)
        parts = (
            semantic,
            np.hstack([common * z, private * q]) @ other_turn,
            np.hstack([a, self.semantic_private * b]) @ turn,
            np.hstack([a, self.collaborative_private * c]) @ other_turn,
            z,
            p,
            q,
            common * a,
            self.semantic_private * private * b,
            self.collaborative_private * private * c,
            self.popularity * for_popularity.standard_normal(self.items),
        )
        return Truth(*(np.ascontiguousarray(part, dtype=np.float32) for part in parts))

    def dataset(self) -> Dataset:
        """The world as a data set like any other. All items keep a row; the item vectors are S."""
        truth = self.truth()
        user, item = self._interactions(truth)
        item_ids = np.array([f"i{i:0{max(4, len(str(self.items)))}d}" for i in range(1, self.items + 1)])
        user_ids = np.array([f"u{u:0{max(4, len(str(self.users)))}d}" for u in range(1, self.users + 1)])
        titles = [f"planted item {i}" for i in range(1, self.items + 1)]
        return Dataset(
            name=self.name,
            user_ids=user_ids,
            item_ids=item_ids,
            user=user,
            item=item,
            items=pl.DataFrame({"item_id": item_ids.tolist(), "title": titles}),
            texts=tuple(titles),
            template="planted item {number}",
            vectors=truth.semantic_vectors,
            source=Source("semcomp, generated", "CC0, generated", f"{self}"),
            notes=(
                f"generated: {self.shared:.0%} of the collaborative variance is shared with the item vectors",
                f"no map from item vectors to collaborative ones can exceed R² = {self.r2_ceiling:.3f}",
            ),
        )

    def _streams(self) -> list[np.random.Generator]:
        """Independent streams for items, users, popularity and interactions."""
        return [np.random.default_rng(child) for child in np.random.SeedSequence(self.seed).spawn(4)]

    def _interactions(self, truth: Truth) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """Pairs sorted by (user, item), drawn without replacement with weights exp(logit).

        The largest of logit + Gumbel noise are such a draw (Gumbel top-k), so one sort a user does it.
        """
        rng = self._streams()[3]
        counts = self._activity(rng)
        most = int(counts.max())
        tastes, parts = truth.joint
        chosen = []
        step = max(1, BLOCK // self.items)
        for start in range(0, self.users, step):
            n = counts[start : start + step]
            logits = (
                self.sharpness * (tastes[start : start + step] @ parts.T).astype(np.float64)
                + truth.popularity
            )
            keys = logits + rng.gumbel(size=logits.shape)
            best = np.argpartition(-keys, most - 1, axis=1)[:, :most]
            best = np.take_along_axis(best, np.argsort(-np.take_along_axis(keys, best, 1), axis=1), 1)
            best[np.arange(most) >= n[:, None]] = self.items  # behind every item, cut off after sorting
            best.sort(axis=1)
            chosen.append(best[best < self.items])
        user = np.repeat(np.arange(self.users, dtype=np.int32), counts)
        return user, np.concatenate(chosen).astype(np.int32)

    def _activity(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """(U,) 5 plus a log-normal number of interactions with the asked mean, at most half the items."""
        extra = (self.activity - LEAST) * rng.lognormal(-0.5, 1.0, self.users)  # E[lognormal(-1/2, 1)] = 1
        return np.minimum(LEAST + np.rint(extra).astype(np.int64), self.items // 2)


def _orthogonal(rng: np.random.Generator, width: int) -> NDArray[np.float64]:
    """A random rotation or reflection, uniform over the orthogonal group (QR of Gaussian, signs fixed)."""
    q, r = np.linalg.qr(rng.standard_normal((width, width)))
    return np.asarray(q * np.sign(np.diag(r)))


WORLDS: dict[str, World] = {"planted": World(dim=4)}
