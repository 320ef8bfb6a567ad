"""How well each part of a view ranks: alone, removed, and added to another, each next to shuffled rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from semcomp.core.metrics import per_user
from semcomp.core.moments import whitening
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.evidence.decomposition.additions import (
    Addition,
    Term,
    additions,
    picked_weights,
    recalls_of_sums,
    summed,
)
from semcomp.evidence.decomposition.parts import PARTS, VIEWS, Floats, Parts
from semcomp.evidence.decomposition.shuffles import Shuffled, shuffled_recalls
from semcomp.evidence.decomposition.variance import exists
from semcomp.evidence.statistics.bootstrap import some_of

Named = TypeVar("Named")
Rows = NDArray[np.int64]
Terms = dict[tuple[str, str], Term]  # by view and part, "full" for the whole view
TILTS = 8.0  # exponents of the eigenvalues beyond which a random subspace is one of principal directions
UNPICKED = 1.0  # the weight of what is added where no validation item can pick one


@dataclass(frozen=True, eq=False)
class Recalls:
    """Per-user recalls and differences of recalls, those of their nulls, and the users' rows in the split.

    `weights` has by addition the weight of what is added and that of its null.
    """

    columns: dict[str, Floats]
    null: dict[str, Shuffled]
    users: Rows
    weights: dict[str, tuple[float, float]]


def recalls(
    views: Mapping[str, View],
    parts: Parts,
    split: Split,
    orders: Sequence[Rows],
    k: int,
    mask: str,
    max_users: int | None,
    weights: Sequence[float],
    seed: int,
) -> Recalls:
    """Rank the users with test items by every sum of parts that `decompose` names, and by its null.

    Weights of what is added are picked on the validation part (`picked_weights`). At least one user must have
    test items.

    Args:
        orders: the shuffles of the items' rows that are the null.
    """
    tested = some_of(np.flatnonzero(np.diff(split.test.indptr)), max_users, [seed, 4])
    few = split.of_users(tested)
    history = few.history(mask)

    def recall(*terms: Term) -> Floats:
        lists = rank(View("parts", *summed(terms)), few, k, mask=mask)
        return per_user(lists, few.test, k)["recall"].to_numpy()

    columns: dict[str, Floats] = {}
    null: dict[str, Shuffled] = {}
    terms = _terms(views, parts, tested)
    for name, one in _progress(_alone(terms, parts), "parts"):
        columns[f"recall.{name}"] = recall(one)
        null[f"recall.{name}"] = Shuffled.of(shuffled_recalls(one, orders, history, few.test, k))
    for name, one in _random(terms, parts, seed).items():
        columns[f"recall.{name}"] = recall(one)
    for view in VIEWS:
        for part in ("joint", "private"):
            rival = columns.get(f"recall.{view}.random_{part}")
            if rival is not None and f"recall.{view}.{part}" in columns:
                columns[f"over_random.{view}.{part}"] = columns[f"recall.{view}.{part}"] - rival

    asked = additions(terms, split.catalogue())
    picked = _picked(views, parts, split, asked, orders, k, max_users, weights, seed)
    for name, addition in _progress(asked, "sums of parts"):
        base, (weight, of_null) = columns[f"recall.{addition.over}"], picked[name]
        weighted = [(weight * users, items) for users, items in addition.added]
        columns[f"recall.{name}"] = base if weight == 0 else recall(addition.kept, *weighted)
        columns[f"marginal_recall.{name}"] = columns[f"recall.{name}"] - base
        shuffled = np.broadcast_to(base, (len(orders), len(base)))
        if of_null > 0:
            shuffled = recalls_of_sums(addition, orders, [of_null], history, few.test, k)[:, 0]
        null[f"recall.{name}"] = Shuffled.of(shuffled)
        null[f"marginal_recall.{name}"] = null[f"recall.{name}"].less(base)
    return Recalls(columns, null, tested, picked)


def _progress(named: Mapping[str, Named], label: str) -> tqdm[tuple[str, Named]]:
    return tqdm(named.items(), desc=label, delay=3, leave=False, disable=None)


def _picked(
    views: Mapping[str, View],
    parts: Parts,
    split: Split,
    asked: Mapping[str, Addition],
    orders: Sequence[Rows],
    k: int,
    max_users: int | None,
    weights: Sequence[float],
    seed: int,
) -> dict[str, tuple[float, float]]:
    """By addition, the weight of what is added and that of its null; `UNPICKED` where none can be picked."""
    if len(weights) == 1 or split.valid.nnz == 0:
        weight = weights[0] if len(weights) == 1 else UNPICKED
        return dict.fromkeys(asked, (weight, weight))
    judging = some_of(np.flatnonzero(np.diff(split.valid.indptr)), max_users, [seed, 7])
    few = split.of_users(judging)
    found = additions(_terms(views, parts, judging), split.catalogue())
    return {
        name: picked_weights(one, orders, few, k, weights, seed) for name, one in _progress(found, "weights")
    }


def _terms(views: Mapping[str, View], parts: Parts, rows: Rows) -> Terms:
    """Of these users, the whole views and the parts that are more than rounding."""
    terms: Terms = {}
    for view in VIEWS:
        named = parts.of(view)
        full = sum(named.values(), start=np.zeros_like(named["joint"]))
        side, total = views[view].users[rows].astype(np.float64), np.sum(full**2, axis=1)
        terms[view, "full"] = side, full
        terms |= {(view, part): (side, items) for part, items in named.items() if exists(items, total)}
    return terms


def _alone(terms: Terms, parts: Parts) -> dict[str, Term]:
    """By name, the rankings of one view by itself, those that others are compared with first."""
    asked: dict[str, Term] = {}
    for view in VIEWS:
        side, full = terms[view, "full"]
        there = {part: terms[view, part][1] for part in PARTS if (view, part) in terms}
        average = np.broadcast_to(side.mean(axis=0), side.shape)
        sums = {"full": (side, full), "average_user": (average, full)}
        sums |= {part: (side, rows) for part, rows in there.items()}
        if len(there) > 1:
            sums |= {f"without_{part}": (side, full - there[part]) for part in PARTS[:2] if part in there}
        if "private" in there:
            sums["private_personal"] = (side - average, there["private"])
        asked |= {f"{view}.{name}": term for name, term in sums.items()}
    return asked


def _random(terms: Terms, parts: Parts, seed: int) -> dict[str, Term]:
    asked: dict[str, Term] = {}
    for view in VIEWS:
        side, full = terms[view, "full"]
        there = {part: terms[view, part][1] for part in PARTS if (view, part) in terms}
        drawn = _random_parts(full, parts.scores.shape[1], there, seed)
        asked |= {f"{view}.random_{name}": (side, rows) for name, rows in drawn.items()}
    return asked


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
