"""New users from their histories and new items from their texts, without training again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.joining import Ids, check_ids, check_rows, rows_of
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import Scorer, View, of_split, unit_rows
from semcomp.data import Split
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.mapping.regression import fit_ridge, folds_of
from semcomp.fuse.mixture import Mixture
from semcomp.views.item_weights import ItemWeights
from semcomp.views.training.selection import validation_ndcg

Floats = NDArray[np.float64]
PENALTY = 10.0  # of the ridge fold-in, times the mean eigenvalue of VᵀV
FEWEST = 10  # known rows that a map is fitted to, at least
FOLDS = 5


@checked
def fold_in_users(
    scorer: Scorer,
    histories: sp.csr_array,
    *,
    by: str = "map",
    known: sp.csr_array | None = None,
    user_ids: Ids | None = None,
) -> Scorer:
    """The scorer with rows for new users, made of what they have: `histories`, (N, I) CSR.

    Of item-to-item weights nothing has to be guessed: `score = x W`, as for any user. Of a mixture, each
    member is folded in. Of a View, with V its
    (I, d) items and m(x) the mean of the vectors of the items in x, a new user's vector is

    - "map": A m(x) + b, the ridge regression of the known users' vectors on their m(x), its penalty by
      cross-validation;
    - "ridge": argmin_u ‖x − V u‖² + λ ‖u‖² = (Vᵀ V + λ I)⁻¹ Vᵀ x, with λ = 10 tr(Vᵀ V) / d;
    - "mean": m(x), exact up to length for views whose users are sums of their items.

    Which is best depends on the view: `folding_costs` measures all three on validation. A user without items
    is a row of zeros and scores 0 everywhere.

    Args:
        histories: a column for each of the scorer's items, in its order.
        by: "map", "ridge" or "mean"; used for Views alone.
        known: (U, I) CSR, the histories that the view's own users were fitted to (`split.train`), in their
            order; for "map".
        user_ids: of the new users; the result of a View has ids only with them.

    Raises:
        SemcompError: a scorer with neither vectors nor weights, histories of other items, an unknown `by`, a
            map without at least 10 known users, or ids that are not one per user.

    >>> new = sc.serve.fold_in_users(cf, split.valid, known=split.train)
    >>> new.shape
    (300, 200)
    """
    histories = _binary(histories, scorer)
    if by not in WAYS:
        raise unknown_name("way to fold users in", by, WAYS)
    if user_ids is not None:
        check_ids(user_ids, histories.shape[0], owner="what is folded in", unit="user")
    if isinstance(scorer, ItemWeights):
        return ItemWeights(scorer.name, histories, scorer.weights, scorer.provenance)
    if isinstance(scorer, Mixture):
        return _folded_mixture(scorer, histories, by, known)
    if not isinstance(scorer, View):
        raise SemcompError(
            f"{scorer.name!r} has neither vectors nor item-to-item weights; give one that has, or serve its "
            "lists (write_lists)"
        )
    folded = _user_fold(scorer, by, None if known is None else _binary(known, scorer))(histories)
    ids = (None, None) if user_ids is None else (user_ids, scorer.item_ids)
    if user_ids is not None and scorer.item_ids is None:
        raise SemcompError(f"view {scorer.name!r} has no item ids; leave out user_ids, or give it ids first")
    made = {**scorer.provenance, "folded_users": by}
    return View(scorer.name, folded.astype(np.float32), scorer.items, made, *ids)


@checked
def folding_costs(view: View, split: Split, seed: int = 0) -> pd.DataFrame:
    """What folding users in costs in accuracy: the split's own users, as if they were new.

    Only their vectors are made again: those of the items were fitted with their histories too, so that users
    who come later cost somewhat more.

    Args:
        seed: of the five parts into which users are cut; a part is folded in by a map fitted to the others.

    Returns:
        One row per way (`fitted`, the view as it is, `map`, `ridge`, `mean`): `valid_ndcg`, the mean NDCG@20
        on the validation part with the users' vectors made from their train items, and `lost`, the share of
        that of the fitted users which is gone (NaN where it is 0).

    Raises:
        SemcompError: a view of other users or items, or fewer users with train items than a map needs.

    >>> sc.serve.folding_costs(cf, split).index.tolist()
    ['fitted', 'map', 'ridge', 'mean']
    """
    view = of_split(view, split)
    active = np.flatnonzero(np.diff(split.train.indptr))
    vectors = {"fitted": view.users.astype(np.float64)}
    for by in ("ridge", "mean"):
        vectors[by] = _user_fold(view, by, None)(split.train)
    vectors["map"] = np.zeros_like(vectors["fitted"])
    _check_enough(len(active) - -(-len(active) // FOLDS), view, "users with a history")
    means = _mean(split.train, view.items)
    for others, held in folds_of(len(active), FOLDS, seed):
        mapped = fit_ridge(means[active[others]], view.users[active[others]])
        vectors["map"][active[held]] = mapped.predict(means[active[held]])
    found = {
        way: validation_ndcg(View(view.name, vectors[way].astype(np.float32), view.items), split)
        for way in ("fitted", "map", "ridge", "mean")
    }
    costs = pd.DataFrame({"valid_ndcg": found}).rename_axis("way")
    whole = found["fitted"]
    costs["lost"] = 1 - costs["valid_ndcg"] / whole if whole > 0 else np.nan
    return costs


@checked
def fold_in_items(view: View, text: TextMatrix, known: NDArray[np.int64] | None = None) -> View:
    """The view with rows for items that nobody had when it was fitted, from their texts alone.

        v = A n(t) + b,   n dividing by the length

    the ridge regression of the known items' vectors on their texts, penalty by cross-validation. For a view
    whose items are a linear map of unit text rows (a projection, a text kernel) that is the map itself. An
    item without text is a row of zeros and scores 0.

    Rank new items among themselves. Next to known ones they come out too low where items are no map of their
    texts: a regression draws its predictions to the mean, and they have no popularity in their vectors.

    Args:
        text: of the view's items and of the new ones, by id.
        known: rows of the view's items that it was fitted to, `split.catalogue("train")`; the others count as
            new. All by default.

    Returns:
        A view of the view's items in their order, then the new ones in the order of their ids; rows of known
        items are unchanged.

    Raises:
        SemcompError: a view without ids, one of whose items `text` has no row, rows that are not there, or
            fewer than 10 known items with a text.

    >>> old = sc.View("old", cf.users, cf.items[:150], {}, split.user_ids, split.item_ids[:150])
    >>> sc.serve.fold_in_items(old, text)
    <View 'old': 300 users × 200 items, 64 dimensions>
    """
    if view.item_ids is None or view.user_ids is None:
        raise SemcompError(
            f"view {view.name!r} has no ids to join texts by; make it with user_ids and item_ids"
        )
    new_ids = np.setdiff1d(text.item_ids, view.item_ids)
    ids = np.concatenate([view.item_ids, new_ids])
    at = rows_of(text.item_ids, ids, owner="text matrix", unit="item", remedy="embed these items too")
    rows = unit_rows(text.matrix[at])
    old = np.arange(len(view.items)) if known is None else np.unique(known)
    check_rows(old, len(view.items), owner=f"view {view.name!r}", unit="item")
    told = np.flatnonzero(rows.any(axis=1))
    fitted = np.intersect1d(old, told)
    _check_enough(len(fitted), view, "items with a text")
    items = np.zeros((len(ids), view.dim))
    items[told] = fit_ridge(rows[fitted], view.items[fitted]).predict(rows[told])
    items[old] = view.items[old]
    made = {**view.provenance, "folded_items": len(ids) - len(old)}
    return View(view.name, view.users, items.astype(np.float32), made, view.user_ids, ids)


def _folded_mixture(
    mixture: Mixture, histories: sp.csr_array, by: str, known: sp.csr_array | None
) -> Mixture:
    """The mixture of the members with the new users."""
    if mixture.weights.ndim > 1:
        raise SemcompError(
            f"{mixture.name!r} has weights of each user's own, and none for new users; fold its members in, "
            "and mix them by weights that are the same for all"
        )
    members = tuple(fold_in_users(member, histories, by=by, known=known) for member in mixture.members)
    return replace(mixture, members=members)


def _user_fold(view: View, by: str, known: sp.csr_array | None) -> Callable[[sp.csr_array], Floats]:
    """A function from histories to vectors of users."""
    fold = WAYS[by](view, known)
    return lambda histories: np.where(np.diff(histories.indptr)[:, None] > 0, fold(histories), 0.0)


def _pooled(view: View, known: sp.csr_array | None) -> Callable[[sp.csr_array], Floats]:
    return lambda histories: _mean(histories, view.items)


def _ridge(view: View, known: sp.csr_array | None) -> Callable[[sp.csr_array], Floats]:
    items = view.items.astype(np.float64)
    gram = items.T @ items
    penalty = PENALTY * (np.trace(gram) / len(gram) or 1.0)
    inverse = np.linalg.inv(gram + penalty * np.eye(len(gram)))
    to_users = items @ inverse
    return lambda histories: np.asarray(histories @ to_users)


def _mapped(view: View, known: sp.csr_array | None) -> Callable[[sp.csr_array], Floats]:
    if known is None:
        raise SemcompError(
            "a map is fitted to known users; give their histories, known=split.train, or take by='mean'"
        )
    if known.shape[0] != len(view.users):
        raise SemcompError(
            f"known has {known.shape[0]} rows for the {len(view.users)} users of view {view.name!r}; give "
            "the histories that the view was fitted to"
        )
    active = np.flatnonzero(np.diff(known.indptr))
    _check_enough(len(active), view, "users with a history")
    fitted = fit_ridge(_mean(known, view.items)[active], view.users[active])
    return lambda histories: np.asarray(fitted.predict(_mean(histories, view.items)))


def _mean(histories: sp.csr_array, items: NDArray[np.float32]) -> Floats:
    """(N, d) the mean of the items of each history; zeros for an empty one."""
    counts = np.maximum(np.diff(histories.indptr), 1)
    sums = histories @ items.astype(np.float64)
    return np.asarray(sums / counts[:, None])


def _binary(histories: sp.csr_array, scorer: Scorer) -> sp.csr_array:
    """A copy with ones where anything is stored, once for each pair."""
    if histories.shape[1] != scorer.shape[1]:
        raise SemcompError(
            f"the histories are over {histories.shape[1]} items, but {scorer.name!r} has {scorer.shape[1]}; "
            "give one column per item, in its order"
        )
    made = histories.copy()
    made.sum_duplicates()
    made.data = np.ones(len(made.data), np.float32)
    return made


def _check_enough(n: int, view: View, what: str) -> None:
    if n < FEWEST:
        raise SemcompError(
            f"view {view.name!r} has {n} {what}, and a map needs at least {FEWEST}; fit it to more data"
        )


#: Ways to make a user's vector of the user's items, by name.
WAYS: dict[str, Callable[[View, sp.csr_array | None], Callable[[sp.csr_array], Floats]]] = {
    "map": _mapped,
    "ridge": _ridge,
    "mean": _pooled,
}
