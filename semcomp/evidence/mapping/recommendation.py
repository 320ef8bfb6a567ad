"""Do mapped items rank as the true ones do? The target's own users choose among them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from semcomp.core.evidence import Value
from semcomp.core.rank import rank
from semcomp.core.topk import TopK, contains
from semcomp.core.view import View, directions
from semcomp.data import Split
from semcomp.evidence.complementarity.overlap import jaccard
from semcomp.evidence.mapping.item_cuts import ItemCut
from semcomp.evidence.mapping.item_metrics import Predicted
from semcomp.evidence.mapping.pairs import Floats, Rows
from semcomp.evidence.statistics.bootstrap import Means, Statistic, estimate, mean_of, ratio, some_of

LISTS = 1000  # users whose unmasked lists are compared


@dataclass(frozen=True, eq=False)
class Ranker:
    """The target's users, and what they are ranked under.

    Attributes:
        users: (U, q) the target's user vectors.
        mask: the history left out of rankings, as in `rank`.
        seed: of the users that are drawn.
        max_users: that are ranked; None for all who have test items.
    """

    users: NDArray[np.float32]
    split: Split
    k: int
    mask: str
    seed: int
    max_users: int | None = None

    def best(self, rows: Rows, items: ArrayLike, mask: str) -> TopK:
        """The k best items of some users."""
        view = View("items", self.users[rows], np.asarray(items, np.float32))
        return rank(view, self.split.of_users(rows), self.k, mask=mask)


@dataclass(frozen=True, eq=False)
class TrueLists:
    """Rankings by the target's true item vectors, made once for all maps.

    Attributes:
        goal: (I, q) the true vectors.
        users: rows of the users who have test items, or some of them.
        ids: (len(users), k) their lists, history masked.
        listed: at most 1,000 of the users, at random.
        unmasked: (len(listed), k) their lists, nothing masked.
    """

    ranker: Ranker
    goal: Floats
    users: Rows
    ids: NDArray[np.int32]
    listed: Rows
    unmasked: NDArray[np.int32]


def true_lists(ranker: Ranker, goal: Floats) -> TrueLists | None:
    """Rank by the true vectors; None where no user has a test item."""
    users = some_of(np.flatnonzero(np.diff(ranker.split.test.indptr)), ranker.max_users, ranker.seed)
    if len(users) == 0:
        return None
    listed = some_of(users, LISTS, ranker.seed)
    ids = ranker.best(users, goal, ranker.mask).ids
    return TrueLists(ranker, goal, users, ids, listed, ranker.best(listed, goal, "none").ids)


def recommendation_values(
    true: TrueLists, cut: ItemCut, found: Predicted, resamples: int
) -> dict[str, Value]:
    """Recall of held-out test items and agreement of lists; nothing where no held-out item is to be found."""
    values = _recalls(true, cut, found, resamples)
    return values if cut.cold else values | _lists(true, found, resamples)


def _recalls(true: TrueLists, cut: ItemCut, found: Predicted, resamples: int) -> dict[str, Value]:
    """Over the users whose test part has any of the held-out items, which alone are to be found."""
    ranker = true.ranker
    is_held = np.zeros(ranker.split.n_items, dtype=bool)
    is_held[cut.held] = True
    truth = ranker.split.test.copy()
    truth.data *= is_held[truth.indices]
    truth.eliminate_zeros()
    users = np.intersect1d(true.users, np.flatnonzero(np.diff(truth.indptr)), assume_unique=True)
    if len(users) == 0:
        return {}
    truth = sp.csr_array(truth[users])

    size = np.diff(truth.indptr)

    def share_found(ids: NDArray[np.int32]) -> Floats:
        return np.asarray(contains(truth, ids).sum(axis=1) / size)

    def recalls(prefix: str, mapped: Floats) -> dict[str, Floats]:
        ways = {"": mapped} if cut.cold else {"": mapped, "_rescaled": rescaled(mapped, true.goal)}
        columns = {}
        for suffix, items in ways.items():
            only_held = np.where(is_held[:, None], items, true.goal)
            for name, rows in (("recall_mapped", items), ("recall_mapped_heldout", only_held)):
                columns[f"{prefix}{name}{suffix}"] = share_found(ranker.best(users, rows, ranker.mask).ids)
        return columns

    columns: dict[str, Floats] = {}
    statistics: dict[str, Statistic] = {}
    if not cut.cold:
        columns["recall_true"] = share_found(true.ids[np.searchsorted(true.users, users)])
        statistics["recall_true"] = mean_of("recall_true", against_null=False)
    for prefix, mapped in found.maps.items():
        own = recalls(prefix, mapped)
        columns |= own
        for name in own:
            statistics[name] = mean_of(name, against_null=prefix == "")
            if not cut.cold and "heldout" not in name:
                drop = name.replace("recall_mapped", "drop_percent")
                statistics[drop] = Statistic(_drop(name), against_null=prefix == "")
    null = recalls("", found.floor)
    return estimate(columns, statistics, null=null, resamples=resamples, seed=ranker.seed)


def _drop(name: str) -> Callable[[Means], Floats]:
    """Recall lost to a column, in percent of the recall by true vectors."""

    def of(means: Means) -> Floats:
        lost = ratio(means["recall_true"] - means[name], means["recall_true"])
        return np.asarray(100.0 * lost)

    return of


def rescaled(mapped: Floats, goal: Floats) -> Floats:
    """Predictions with the lengths of the rows they stand for; a zero prediction stays zero."""
    return np.asarray(directions(mapped) * np.linalg.norm(goal, axis=1, keepdims=True))


def _lists(true: TrueLists, found: Predicted, resamples: int) -> dict[str, Value]:
    """Jaccard of unmasked lists by true and by mapped vectors."""

    def shared(items: Floats) -> Floats:
        return jaccard(true.unmasked, true.ranker.best(true.listed, items, "none").ids)

    columns = {"list_jaccard": shared(found.maps[""])}
    null = {"list_jaccard": shared(found.floor)}
    statistics = {"list_jaccard": mean_of("list_jaccard")}
    return estimate(columns, statistics, null=null, resamples=resamples, seed=true.ranker.seed)
