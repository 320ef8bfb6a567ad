"""How well each part of a view ranks: alone, removed, and added to another, each next to shuffled rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from semcomp.core.metrics import per_user
from semcomp.core.moments import whitening
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.evidence.decomposition.parts import PARTS, VIEWS, Floats, Parts
from semcomp.evidence.decomposition.variance import exists
from semcomp.evidence.statistics.bootstrap import some_of

Rows = NDArray[np.int64]
Term = tuple[Floats, Floats]  # users (U, d) and items (I, d) whose inner product is a summand of the score
OTHER = {"semantic": "collaborative", "collaborative": "semantic"}
TILTS = 8.0  # exponents of the eigenvalues beyond which a random subspace is one of principal directions


@dataclass(frozen=True, eq=False)
class Ranking:
    """A score as a sum of terms, by what is kept in its null and what is shuffled there.

    Attributes:
        kept: terms that stay. shuffled: terms whose item rows the null permutes; none for no null.
        over: the ranking that the kept terms are by themselves: the difference to it is what is added.
    """

    kept: tuple[Term, ...] = ()
    shuffled: tuple[Term, ...] = ()
    over: str | None = None


@dataclass(frozen=True, eq=False)
class Recalls:
    """Per-user recalls and differences of recalls, those of their nulls, and the users' rows in the split."""

    columns: dict[str, Floats]
    null: dict[str, Floats]
    users: Rows


def recalls(
    views: Mapping[str, View],
    parts: Parts,
    split: Split,
    k: int,
    mask: str,
    max_users: int | None,
    seed: int,
) -> Recalls:
    """Rank the users with test items by every sum of parts that `decompose` names, and by its null.

    Two views are added up after dividing each one's scores by their standard deviation over users and items.
    At least one user must have test items.
    """
    tested = some_of(np.flatnonzero(np.diff(split.test.indptr)), max_users, [seed, 4])
    few = split.of_users(tested)
    order = np.random.default_rng([seed, 5]).permutation(split.n_items)

    def recall(terms: tuple[Term, ...]) -> Floats:
        users, items = (np.hstack([term[at] for term in terms]).astype(np.float32) for at in (0, 1))
        lists = rank(View("parts", users, items), few, k, mask=mask)
        return per_user(lists, few.test, k)["recall"].to_numpy()

    columns: dict[str, Floats] = {}
    null: dict[str, Floats] = {}
    users = {view: one.users[tested].astype(np.float64) for view, one in views.items()}
    asked = _rankings(users, parts, seed)
    for name, one in tqdm(asked.items(), desc="parts", delay=3, leave=False, disable=None):
        columns[f"recall.{name}"] = recall(one.kept + one.shuffled)
        if one.shuffled:
            permuted = tuple((side, items[order]) for side, items in one.shuffled)
            null[f"recall.{name}"] = recall(one.kept + permuted)
        if one.over is not None:
            base = columns[f"recall.{one.over}"]
            columns[f"marginal_recall.{name}"] = columns[f"recall.{name}"] - base
            null[f"marginal_recall.{name}"] = null[f"recall.{name}"] - base
    for view in VIEWS:
        for part in ("joint", "private"):
            rival = columns.get(f"recall.{view}.random_{part}")
            if rival is not None and f"recall.{view}.{part}" in columns:
                columns[f"over_random.{view}.{part}"] = columns[f"recall.{view}.{part}"] - rival
    return Recalls(columns, null, tested)


def _rankings(users: Mapping[str, Floats], parts: Parts, seed: int) -> dict[str, Ranking]:
    """By name, those that others are held against first."""
    asked: dict[str, Ranking] = {}
    terms: dict[tuple[str, str], Term] = {}
    for view in VIEWS:
        named = parts.of(view)
        full = sum(named.values(), start=np.zeros_like(named["joint"]))
        side = users[view] / _spread(users[view], full)
        total = np.sum(full**2, axis=1)
        there = {part: rows for part, rows in named.items() if exists(rows, total)}
        terms |= {(view, part): (side, rows) for part, rows in there.items()} | {(view, "full"): (side, full)}
        average = np.broadcast_to(side.mean(axis=0), side.shape)
        sums = {"full": (side, full), "average_user": (average, full)}
        sums |= {part: (side, rows) for part, rows in there.items()}
        if len(there) > 1:
            sums |= {f"without_{part}": (side, full - there[part]) for part in PARTS[:2] if part in there}
        if "private" in there:
            sums["private_personal"] = (side - average, there["private"])
        asked |= {f"{view}.{name}": Ranking(shuffled=(term,)) for name, term in sums.items()}
        drawn = _random_parts(full, parts.scores.shape[1], there, seed)
        asked |= {f"{view}.random_{name}": Ranking(kept=((side, rows),)) for name, rows in drawn.items()}

    for view in VIEWS:
        own, other = terms.get((view, "private")), OTHER[view]
        joint = terms.get((view, "joint"))
        if own is not None:
            asked[f"{other}.with_{view}_private"] = Ranking((terms[other, "full"],), (own,), f"{other}.full")
        if own is not None and joint is not None:
            asked[f"{view}.joint_with_private"] = Ranking((joint,), (own,), f"{view}.joint")
    privates = tuple(terms[view, "private"] for view in VIEWS if (view, "private") in terms)
    if len(privates) == 2 and ("semantic", "joint") in terms:
        shared = terms["semantic", "joint"]
        asked["semantic.joint_with_both_privates"] = Ranking((shared,), privates, "semantic.joint")
    return asked


def _spread(users: Floats, items: Floats) -> float:
    """Standard deviation of the scores about each user's mean, over users and items; 1 for no scores."""
    centred = items - items.mean(axis=0)
    variance = float(np.sum((users.T @ users / len(users)) * (centred.T @ centred / len(items))))
    return float(np.sqrt(variance)) if variance > 0 else 1.0


def _random_parts(full: Floats, rank: int, there: Mapping[str, Floats], seed: int) -> dict[str, Floats]:
    """Random directions of the joint part's number and share of variance, as "joint", and what they leave.

    In whitened coordinates, where the joint part of canonical variates is a projection too, a random
    projection of that rank is tilted towards axes of large or small variance until its share is the joint
    part's, or as near as r directions come. None where there is nothing to choose from.
    """
    covariance = full.T @ full / len(full)
    white = whitening(covariance, len(full))
    if "joint" not in there or not 0 < rank < white.shape[1]:
        return {}
    variates, loads = full @ white, white.T @ covariance
    lengths = np.sum(loads**2, axis=1)  # eigenvalues
    wanted = float(np.sum(there["joint"] ** 2) / np.sum(full**2))
    drawn = np.random.default_rng([seed, 6]).standard_normal((len(lengths), rank))
    low, high = -TILTS, TILTS
    for _ in range(40):
        tilt = (low + high) / 2
        basis = np.linalg.qr((lengths / lengths.max())[:, None] ** tilt * drawn)[0]
        share = float(np.sum(basis**2 * lengths[:, None]) / lengths.sum())
        low, high = (tilt, high) if share < wanted else (low, tilt)
    joint = variates @ basis @ (basis.T @ loads)
    return {"joint": joint, "private": full - joint}
