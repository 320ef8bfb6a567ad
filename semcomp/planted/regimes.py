"""Named worlds with a known truth, in which a method's claims can be tried where they must hold."""

from __future__ import annotations

from dataclasses import replace

from semcomp.planted.world import World

HALF = World(users=300, items=240, dim=4, activity=20.0, sharpness=3.0, name="half shared")

#: By name. All are small enough to be drawn in a tenth of a second; `dataclasses.replace` makes them larger.
REGIMES: dict[str, World] = {
    world.name: world
    for world in (
        HALF,
        # what the alignment hypothesis takes for granted: one view is a rotation of the other
        replace(HALF, name="all shared", shared=1.0),
        replace(HALF, name="nothing shared", shared=0.0),
        # both views have private parts, and no user chooses by them: alignment loses nothing
        replace(HALF, name="private is noise", semantic_private=0.0, collaborative_private=0.0),
        # the ceiling is that of "half shared", and a linear map reaches a quarter of it
        replace(HALF, name="nonlinear link", twist=1.0),
        replace(HALF, name="popular", popularity=1.2, popularity_skew=2.0, popularity_in_view=0.7),
        replace(HALF, name="sparse", activity=6.0, min_activity=3),
        # groups see different shelves, so observed test items and relevant ones differ
        replace(HALF, name="exposed", exposure=1.5, exposure_groups=3, exposure_to_popular=0.5),
        replace(HALF, name="noisy text", noise=0.7),
        # a second seed repeats half of the variance
        replace(HALF, name="noisy collaborative", collaborative_noise=0.5**0.5),
    )
}
