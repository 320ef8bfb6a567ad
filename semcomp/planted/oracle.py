"""What the parts of the true score are worth: their recall on test items drawn from the world."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import nan, sqrt

import numpy as np
import pandas as pd
from tqdm import tqdm

from semcomp.checks import checked
from semcomp.core.metrics import per_user
from semcomp.core.rank import MEMORY, rank
from semcomp.core.view import View
from semcomp.data import split
from semcomp.errors import SemcompError, unknown_name
from semcomp.planted.truth import Truth
from semcomp.planted.world import World

TESTS = ("observed", "unbiased")


def _relevance(world: World, truth: Truth) -> View:
    """sharpness · score + popularity: what users would choose if everything were exposed alike."""
    users, items = truth.joint
    ones = np.ones((len(users), 1), np.float32)
    return View("relevance", np.hstack([world.sharpness * users, ones]), np.c_[items, truth.popularity])


def _behaviour(world: World, truth: Truth) -> View:
    """The relevance and the exposure of the user's group: the logit that interactions are drawn by."""
    relevance = _relevance(world, truth)
    member = np.eye(world.exposure_groups, dtype=np.float32)[truth.group]
    users, items = np.hstack([relevance.users, member]), np.hstack([relevance.items, truth.exposure.T])
    return View("behaviour", users, items)


# name -> the score to rank by, free of noise
PARTS: dict[str, Callable[[World, Truth], View]] = {
    "shared": lambda world, truth: View("shared", *truth.shared),
    "semantic private": lambda world, truth: View("semantic private", *truth.semantic_private),
    "collaborative private": lambda world, truth: View("collaborative private", *truth.collaborative_private),
    "semantic": lambda world, truth: View("semantic", *truth.semantic),
    "collaborative": lambda world, truth: View("collaborative", *truth.collaborative),
    "private": lambda world, truth: View("private", *truth.private),
    "joint": lambda world, truth: View("joint", *truth.joint),
    "relevance": _relevance,
    "behaviour": _behaviour,
}


@checked
def oracle_recall(
    world: World,
    parts: Sequence[str] = tuple(PARTS),
    *,
    k: int = 20,
    test: str = "observed",
    draws: int = 4,
    memory: int = MEMORY,
) -> pd.DataFrame:
    """Recall@k of the true score and of its parts, simulated over draws of the interactions.

    Each draw of the world's interactions is split at random, all items but the user's train and validation
    items are ranked by the part, and the test items are looked for. Users and items stay, so the number is
    this world's. Someone who knows only a part can do no better than rank by it; "behaviour" is the best
    possible for "observed" test items, and "relevance" for "unbiased" ones.

    Args:
        parts: names of `PARTS`: "shared" (z), "semantic private" (p), "collaborative private" (q),
            "semantic" (z + p), "collaborative" (z + q), "private" (p + q), "joint" (z + p + q), "relevance"
            (joint, popularity) and "behaviour" (relevance, exposure). A part that users ignore ranks items by
            row, which is chance.
        test: "observed", the test part of the split; or "unbiased", drawn as if all had been exposed alike
            (`World.unbiased_test`).
        draws: how many; each is a data set.
        memory: bytes that blocks of scores may take in ranking; drawing takes blocks of its own, of 160 MiB.

    Returns:
        One row per part: recall, its mean over draws and users with test items; error, its standard error,
        from the spread of each user's recall between draws (NaN for one draw); n, users times draws.

    Raises:
        SemcompError: an unknown part or test, no draws, or k not between 1 and the number of items.
    """
    for part in parts:
        if part not in PARTS:
            raise unknown_name("part", part, PARTS)
    if test not in TESTS:
        raise unknown_name("test", test, TESTS)
    if draws < 1:
        raise SemcompError(f"{draws} draws; ask for at least 1, and 2 for a standard error")
    truth = world.truth()
    views = {part: PARTS[part](world, truth) for part in parts}
    found: dict[str, list[pd.Series]] = {part: [] for part in parts}
    for draw in tqdm(range(draws), desc="draws", delay=3, leave=False, disable=None):
        drawn = split(world.dataset(draw), seed=draw)
        if test == "unbiased":
            drawn = world.unbiased_test(drawn, seed=draw)
        for part, view in views.items():
            lists = rank(view, drawn, k, memory=memory)
            found[part].append(per_user(lists, drawn.test, k)["recall"])
    return pd.DataFrame.from_dict({part: _mean(pd.concat(every)) for part, every in found.items()}, "index")


def _mean(recall: pd.Series) -> dict[str, float]:
    """Mean over users and draws; its error from what varies within a user, as users are not a sample here."""
    n, users = len(recall), recall.index.nunique()
    within = ((recall - recall.groupby(level=0).transform("mean")) ** 2).sum()
    error = sqrt(within / (n - users) / n) if n > users else nan
    return {"recall": float(recall.mean()), "error": error, "n": n}
