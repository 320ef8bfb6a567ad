r"""A world whose shared and private parts are known.

Every item has three independent standard Gaussian parts: z (shared, d_z coordinates), p (private to the text)
and q (private to behaviour, d_p coordinates each). Let f be the shared fraction, D = (d_z + d_p) / 2, and
α² = f D / d_z, β² = (1 − f) D / d_p the variances of a shared and of a private coordinate (f and 1 − f where
d_z = d_p). With R, R' random orthogonal maps and b the item's standardised log-popularity,

    S = R  [α g(z) ; β g(p)] + noise · ε                          the semantic vector, comes with the data
    C = R' [α z ; β q ; λ √D b] + collaborative_noise · η         the collaborative vector

so that f of the variance that C owes to z and q, which is D in all, is shared. By default g is the identity,
λ = 0 (no coordinate of popularity) and C has no noise.

**Link.** g turns each pair of coordinates of squared length 2e by the angle κ e, κ = `twist`. It keeps the
Gaussian law of the parts and can be undone, so a noiseless S holds as much as ever; but the best linear map
loses sight of it as κ grows.

**Tastes.** A user likes an item by

    score(u, i) = √f <a_u, z_i> + w_p √(1 − f) <b_u, p_i> + w_q √(1 − f) <c_u, q_i>

with a, b, c Gaussian of variance 1 / d per coordinate, w_p = `semantic_private` and w_q =
`collaborative_private`: each inner product has variance 1 over users and items.

**Choices.** A user's items are drawn without replacement with weights exp(logit),

    logit = sharpness · score + popularity_i + exposure_{group(u), i}

in which the first two are what the user would choose of everything, and the third what the user's group was
shown. `World.unbiased_test` draws without the third.

**Ceilings.** What a map from S to C, linear or not, can explain, how much of C a second seed repeats, and the
canonical correlations are closed forms of the parameters (`planted.closed_forms`). A model trained on the
interactions sees p through behaviour as well, as far as the data suffice: C is the ideal view of z and q, not
what a model learns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from semcomp.checks import checked
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.planted.closed_forms import ceilings, variance_shares
from semcomp.planted.parameters import Parameters
from semcomp.planted.truth import Truth, draw_collaborative_again, draw_truth

if TYPE_CHECKING:
    from semcomp.data import Dataset, Split


@checked
@dataclass(frozen=True)
class World(Parameters):
    """A shared-plus-private world of these parameters; see the module for the model.

    Attributes:
        users, items: how many.
        dim: coordinates of each part, where `shared_dim` and `private_dim` do not say otherwise.
        shared: f, the share of z in the variance that z and q give to C, 0 to 1.
        semantic_private, collaborative_private: w_p and w_q, how much the private parts matter to users.
        noise: standard deviation of the noise on each coordinate of S.
        sharpness: factor on the score (variance about 1) before drawing; 0 makes choices blind to taste.
        popularity: standard deviation of the items' popularity offset on the same scale.
        activity: mean interactions per user; log-normal above `min_activity`, at most half the items.
        seed: equal worlds give equal bytes on one machine.
        name: of the data set.
        twist: κ of the link from the parts to S; 0 is linear. Above 0 both widths must be even.
        collaborative_noise: standard deviation of the noise on each coordinate of C; another seed of C
            (`collaborative_again`) has noise of its own.
        popularity_skew: skewness of log-popularity, a standardised gamma (Pearson type III) variable times
            `popularity`. 0: normal, so weights are log-normal; 2: exponential, so weights have a Pareto tail
            of exponent 1 / popularity. The order of the items stays.
        popularity_in_view: λ, how much of log-popularity is in C, as a coordinate of its own under the
            rotation, which adds λ b_i to the score of C's users. Independent of z and q.
        exposure: standard deviation of the exposure offset; 0 shows everything to everybody alike.
        exposure_groups: groups of users, to each of which other items are shown.
        exposure_to_popular: correlation of the exposure offset with log-popularity, 0 to 1.
        min_activity: interactions of the least active user, as far as half of the items suffice.
        shared_dim, private_dim: d_z and d_p; None for `dim`.
    """

    @property
    def r2_ceiling(self) -> float:
        """Population R² (variance-weighted) of the best map, however rich, from S to C.

        f² / (f + noise²) where C is free of noise and popularity, S is not twisted and d_z = d_p. `ceilings`
        has the whole formula.
        """
        return ceilings(self).r2

    def truth(self) -> Truth:
        """The latent parts, S and C, and the users' tastes. Items do not depend on the number of users."""
        return draw_truth(self)

    def collaborative_again(self, seed: int = 1) -> View:
        """C as another seed would have learned it: the same z, q and b, another rotation and other noise."""
        return draw_collaborative_again(self, int(seed))

    def dataset(self, draw: int = 0) -> Dataset:
        """The world as a data set like any other. All items keep a row; the item vectors are S.

        Args:
            draw: other numbers draw other interactions of the same users with the same items.
        """
        import polars as pl

        from semcomp.data import Dataset, Source
        from semcomp.planted.interactions import draw_interactions

        truth = self.truth()
        user, item = draw_interactions(self, truth, int(draw))
        item_ids = np.array([f"i{i:0{max(4, len(str(self.items)))}d}" for i in range(1, self.items + 1)])
        user_ids = np.array([f"u{u:0{max(4, len(str(self.users)))}d}" for u in range(1, self.users + 1)])
        titles = [f"planted item {i}" for i in range(1, self.items + 1)]
        _, joint = map(float, variance_shares(self)["joint"])
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
            source=Source(
                "semcomp, generated", "CC0, generated", f"{self}, draw {draw}" if draw else f"{self}"
            ),
            notes=(
                f"generated: {joint:.0%} of the collaborative variance is shared with the item vectors",
                f"no map from item vectors to collaborative ones can exceed R² = {self.r2_ceiling:.3f}",
            ),
        )

    def unbiased_test(self, split: Split, seed: int = 0) -> Split:
        """The split with another test part of equal size: drawn as if all items had been exposed alike.

        A user's items are drawn without replacement with weights exp(sharpness · score + popularity) from
        those that are not in the user's train and validation parts.

        Raises:
            SemcompError: a split of another world's size.
        """
        from semcomp.planted.interactions import draw_unbiased

        if (split.n_users, split.n_items) != (self.users, self.items):
            raise SemcompError(
                f"the split has {split.n_users} users and {split.n_items} items, the world {self.users} and "
                f"{self.items}; split the world's own data set"
            )
        return draw_unbiased(self, self.truth(), split, int(seed))


WORLDS: dict[str, World] = {"planted": World(dim=4)}
