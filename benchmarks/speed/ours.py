"""This package's side of each piece of work, and the peers that need no other package than numpy and torch.

A maker takes the arrays of an input and its arguments and returns what is to be timed. What it makes ready is
not in the time; the call on little that comes before loads what is loaded at first use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from peers.per_user_loop import lists_of, measures

import semcomp as sc
from semcomp.core.metrics import per_user
from semcomp.core.rank import MEMORY
from semcomp.data import Split
from semcomp.evidence import bootstrap_means
from semcomp.evidence.mapping.maps import KINDS
from semcomp.evidence.mapping.networks import Network
from semcomp.evidence.mapping.regression import fit_ridge
from semcomp.kernels.topk import plan_blocks
from speed.inputs import Arrays, split_of, view_of

Kept = dict[str, NDArray[Any]]
FEW = 64  # users of the call that comes before


@dataclass(frozen=True)
class Ready:
    """Attributes:
    run: what is timed. warm: the same on little.
    kept: of what `run` returned, arrays to compare sides by.
    times: what the seconds are multiplied by, where `run` does a part of the work.
    """

    run: Callable[[], Any]
    warm: Callable[[], Any]
    kept: Callable[[Any], Kept]
    times: float = 1.0


def first_users(split: Split, *views: sc.View) -> tuple[Split, list[sc.View]]:
    """The first users alone, for the call that comes before."""
    rows = np.arange(min(FEW, split.n_users))
    return split.of_users(rows), [sc.View(view.name, view.users[rows], view.items) for view in views]


def diagnosis(arrays: Arrays, k: int, null: bool, resamples: int) -> Ready:
    """Two views ranked and diagnosed; with `null`, a third is ranked and takes the second's place."""
    split = split_of(arrays)
    views = [view_of(arrays, name) for name in (("a", "b", "null") if null else ("a", "b"))]

    def work(split: Split, views: list[sc.View], resamples: int) -> tuple[Any, Any, Any]:
        a, b, *other = (sc.rank(view, split, k) for view in views)
        return a, b, sc.diagnose(a, b, split, null=other[0] if other else None, resamples=resamples)

    def kept(found: tuple[Any, Any, Any]) -> Kept:
        a, b, evidence = found
        values = evidence.values
        return {
            "a": a.ids,
            "b": b.ids,
            "names": np.array(list(values)),
            "values": np.array([value.value for value in values.values()]),
        }

    few = first_users(split, *views)
    return Ready(lambda: work(split, views, resamples), lambda: work(*few, min(resamples, 10)), kept)


def user_by_user(arrays: Arrays, k: int) -> Ready:
    """The same two views, ranked and measured in a loop over users; neither null nor resamples."""
    history = arrays["history_indptr"], arrays["history_indices"]

    def work(users: int) -> tuple[Any, Any, dict[str, float]]:
        a, b = (
            lists_of(arrays[f"{name}_users"][:users], arrays[f"{name}_items"], *history, k) for name in "ab"
        )
        truth = {**arrays, "test_indptr": arrays["test_indptr"][: users + 1]}
        return a, b, measures(a, b, truth, k)

    def kept(found: tuple[Any, Any, dict[str, float]]) -> Kept:
        a, b, values = found
        return {
            "a": padded(a, k),
            "b": padded(b, k),
            "names": np.array(list(values)),
            "values": np.array(list(values.values())),
        }

    n_users = int(arrays["shape"][0])
    return Ready(lambda: work(n_users), lambda: work(min(FEW, n_users)), kept)


def padded(lists: list[list[int]], k: int) -> NDArray[np.int32]:
    """(U, k) of lists of at most k items, -1 where there is none."""
    return np.array([one + [-1] * (k - len(one)) for one in lists], np.int32).reshape(len(lists), k)


def ranking(arrays: Arrays, k: int) -> Ready:
    split, view = split_of(arrays), view_of(arrays, "a")
    few, (first,) = first_users(split, view)
    return Ready(
        lambda: sc.rank(view, split, k), lambda: sc.rank(first, few, k), lambda found: {"ids": found.ids}
    )


def product(arrays: Arrays, k: int) -> Ready:
    """The float32 products alone, in the blocks that `rank` uses."""
    users, items, step = _blocks(arrays)

    def work(n: int) -> None:
        for start in range(0, n, step):
            users[start : start + step] @ items.T

    return Ready(lambda: work(len(users)), lambda: work(FEW), lambda _: {})


def plain_pair(arrays: Arrays, k: int) -> Ready:
    """torch.matmul, mask, torch.topk, in the blocks that `rank` uses; no order among ties."""
    users, items, step = _blocks(arrays)
    bounds = arrays["history_indptr"]
    seen = torch.from_numpy(np.repeat(np.arange(len(users)), np.diff(bounds)))
    column = torch.from_numpy(arrays["history_indices"].astype(np.int64))

    def work(n: int) -> NDArray[np.int64]:
        found = []
        for start in range(0, n, step):
            stop = min(start + step, n)
            scores = users[start:stop] @ items.T
            here = slice(bounds[start], bounds[stop])
            scores[seen[here] - start, column[here]] = -torch.inf
            found.append(scores.topk(k, dim=1).indices)
        return torch.cat(found).numpy()

    return Ready(lambda: work(len(users)), lambda: work(FEW), lambda ids: {"ids": ids})


def _blocks(arrays: Arrays) -> tuple[torch.Tensor, torch.Tensor, int]:
    users, items = (torch.from_numpy(arrays[f"a_{side}"]) for side in ("users", "items"))
    return users, items, plan_blocks(len(users), len(items), MEMORY).users


def evaluation(arrays: Arrays, k: int) -> Ready:
    """One view ranked, and its recall and NDCG."""
    split, view = split_of(arrays), view_of(arrays, "a")
    few, (first,) = first_users(split, view)

    def work(split: Split, view: sc.View) -> Kept:
        table = per_user(sc.rank(view, split, k), split.test, k)
        return {metric: np.array(table[metric].mean()) for metric in ("ndcg", "recall")}

    return Ready(lambda: work(split, view), lambda: work(few, first), lambda found: found)


def list_metrics(arrays: Arrays, k: int) -> Ready:
    """Recall and NDCG of a ranking that is there."""
    split, view = split_of(arrays), view_of(arrays, "a")
    ranked = sc.rank(view, split, k)
    few, (first,) = first_users(split, view)
    ranked_few = sc.rank(first, few, k)

    def kept(table: Any) -> Kept:
        return {metric: np.array(table[metric].mean()) for metric in ("ndcg", "recall")}

    return Ready(lambda: per_user(ranked, split.test, k), lambda: per_user(ranked_few, few.test, k), kept)


def ridge_path(arrays: Arrays) -> Ready:
    """Ten penalties on five folds, and the best of them on all rows."""
    x, y = arrays["fitted_x"], arrays["fitted_y"]
    return Ready(lambda: fit_ridge(x, y), lambda: fit_ridge(x[:FEW, :4], y[:FEW, :4]), _missed(arrays))


def adam_epochs(arrays: Arrays, epochs: int, of: int) -> Ready:
    """The published recipe of the linear map; `epochs` of its `of` are run, and the time is scaled up."""
    x, y = arrays["fitted_x"], arrays["fitted_y"]
    published = KINDS["linear-adam"]
    assert isinstance(published, Network), "the recipe is a network without hidden layers"

    def fit(x: NDArray[Any], y: NDArray[Any], epochs: int) -> Any:
        return Network(layers=published.layers, epochs=epochs).fit(x, y, seed=0)

    return Ready(
        lambda: fit(x, y, epochs), lambda: fit(x[:FEW, :4], y[:FEW, :4], 1), _missed(arrays), of / epochs
    )


def _missed(arrays: Arrays) -> Callable[[Any], Kept]:
    """1 − R² of a map on the held rows, all columns together."""
    x, y = arrays["held_x"], arrays["held_y"]
    spread = ((y - y.mean(axis=0)) ** 2).sum()
    return lambda found: {"unexplained": np.array(((found.predict(x) - y) ** 2).sum() / spread)}


def resampled(arrays: Arrays, resamples: int) -> Ready:
    table = arrays["table"]
    return Ready(
        lambda: bootstrap_means(table, resamples, 0), lambda: bootstrap_means(table[:FEW], 10, 0), _spread
    )


def index_draws(arrays: Arrays, resamples: int, of: int) -> Ready:
    """A loop of draws of row numbers and means of the rows; `resamples` of `of`, the time scaled up."""
    table = arrays["table"]

    def work(table: NDArray[np.float64], resamples: int) -> NDArray[np.float64]:
        rng, n = np.random.default_rng(0), len(table)
        return np.array([table[rng.integers(0, n, n)].mean(axis=0) for _ in range(resamples)])

    return Ready(lambda: work(table, resamples), lambda: work(table[:FEW], 10), _spread, of / resamples)


def _spread(means: NDArray[np.float64]) -> Kept:
    """The standard error that the resamples give, mean over columns."""
    return {"standard_error": np.array(means.std(axis=0).mean())}


MAKERS: dict[str, Callable[..., Ready]] = {
    maker.__name__: maker
    for maker in (
        diagnosis,
        user_by_user,
        ranking,
        product,
        plain_pair,
        evaluation,
        list_metrics,
        ridge_path,
        adam_epochs,
        resampled,
        index_draws,
    )
}
