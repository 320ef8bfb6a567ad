"""Can one view's items be mapped onto the other's? A probe fitted on some items and read on the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray

from semcomp.core.evidence import Evidence, Value
from semcomp.core.rank import rank
from semcomp.core.topk import TopK, contains
from semcomp.core.view import View, check_fits
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.complementarity.overlap import chance_jaccard, jaccard
from semcomp.evidence.geometry.neighbours import neighbour_jaccard, row_cosines
from semcomp.evidence.mapping.regression import fit_mlp, fit_ridge
from semcomp.evidence.statistics.bootstrap import Floats, Means, Statistic, estimate, mean_of, ratio

FITTED = 0.8  # share of the items that the probe is fitted on
LISTS = 1000  # users whose unmasked lists are compared

Rows = NDArray[np.int64]


class Map(Protocol):
    """A fitted probe."""

    def predict(self, x: ArrayLike) -> NDArray[np.float64]: ...


# name -> fit(source rows, target rows, seed, epochs); only the network has epochs
KINDS: dict[str, Callable[[Floats, Floats, int, int], Map]] = {
    "ridge": lambda x, y, seed, epochs: fit_ridge(x, y, seed=seed),
    "linear": lambda x, y, seed, epochs: fit_ridge(x, y, [0.0]),
    "mlp-1": lambda x, y, seed, epochs: fit_mlp(x, y, hidden=512, layers=1, epochs=epochs, seed=seed),
}


def _random_items(split: Split, seed: int) -> tuple[Rows, Rows]:
    order = np.arange(split.n_items)
    # the legacy generator on purpose: its seed 2024 gives the permutation of the published probes
    np.random.RandomState(seed).shuffle(order)
    cut = int(FITTED * len(order))
    return order[:cut], order[cut:]


def _unpopular_items(split: Split, seed: int) -> tuple[Rows, Rows]:
    order = np.argsort(-item_counts(split.train), kind="stable")
    cut = int(FITTED * len(order))
    return order[:cut], order[cut:]


# name -> cut(split, seed) into the items to fit on and the items to read the probe on
SHIFTS: dict[str, Callable[[Split, int], tuple[Rows, Rows]]] = {
    "random": _random_items,
    "popularity": _unpopular_items,
}


def probe(
    source: View,
    target: View,
    split: Split,
    *,
    kind: str = "ridge",
    shift: str = "random",
    k: int = 20,
    mask: str = "train+valid",
    seed: int = 2024,
    ceiling: View | None = None,
    epochs: int = 400,
    resamples: int = 1000,
) -> Evidence:
    """Fit a map from the source's item vectors to the target's on 80 % of the items; measure it on the rest.

    On the held-out items, with predictions ĉ and targets c of d dimensions:

    - `r2_test`: mean over dimensions of 1 − SSE / SST, SST around the held-out mean (the uniform average of
      sklearn's r2_score; a dimension that does not vary over the items is left out of the mean, and the value
      is left out if none varies); `r2_test_weighted`: 1 − ΣSSE / ΣSST; `r2_train`: the first, of the fitted
      items;
    - `cosine` of ĉ and c, and `cosine_centred` after taking the fitted items' mean target from both;
    - `neighbour_jaccard`: Jaccard of the k cosine neighbours, within the held-out items, by ĉ and by c;
      `neighbour_jaccard_chance`: its expectation for random neighbours;
    - `recall_true`, `recall_mapped`: Recall@k of the target's user vectors against true and against mapped
      item vectors (all items mapped), all items ranked, the held-out items of the test part to be found, over
      users with any; `drop_percent` = 100 (true − mapped) / true; `recall_mapped_heldout`: only held-out
      items mapped, so that they compete with true vectors;
    - `list_jaccard`: Jaccard of a user's k best items by true and by mapped vectors, nothing masked, over the
      users with test items (1,000 of them at random where there are more).

    The null of each is the floor: the same probe fitted on the same items with the pairs shuffled. (For
    neighbourhoods it lies above chance: any linear map keeps some of the source's own geometry.) With
    `ceiling` each is also measured for the map from that view's items, as `ceiling.r2_test` and so on, and
    `r2_of_ceiling` is `r2_test` over the ceiling's. Definitions: methods of arXiv 2604.22195, with the
    controls added.

    Args:
        source, target: views of the split's items; used as they are, so normalise them before if so wanted.
        kind: "ridge" (penalty by 5 folds of the fitted items), "linear" (least squares) or "mlp-1" (one
            hidden layer of 512, the published recipe).
        shift: which items are held out: "random", or "popularity" (the fifth with fewest train interactions).
        mask: the history left out of rankings, as in `rank`.
        seed: of the random cut (2024: the published permutation), the folds, the shuffle and the network.
        ceiling: the target's model under another seed: what a map could reach if the source held it all.
        epochs: of the network.
        resamples: bootstrap resamples, of held-out items or of users; 0 for no intervals.

    Returns:
        Evidence whose table has one row a held-out item.

    Raises:
        SemcompError: views that do not fit the split, an unknown kind, shift or mask, k not between 1 and the
            number of held-out items less 1.
    """
    if kind not in KINDS:
        raise unknown_name("probe", kind, KINDS)
    if shift not in SHIFTS:
        raise unknown_name("shift", shift, SHIFTS)
    for view in (source, target) if ceiling is None else (source, target, ceiling):
        check_fits(view, (split.n_users, split.n_items))
    split.history(mask)  # an unknown mask is told before the fit, not after it
    fitted, held = SHIFTS[shift](split, seed)
    if not 1 <= k < len(held):
        raise SemcompError(
            f"k = {k} must lie between 1 and {len(held) - 1}, one below the held-out items; change k"
        )

    goal = target.items.astype(np.float64)
    shuffled = fitted[np.random.default_rng(seed).permutation(len(fitted))]

    def mapped_by(view: View, paired_with: Rows) -> Floats:
        items = view.items.astype(np.float64)
        return KINDS[kind](items[fitted], goal[paired_with], seed, epochs).predict(items)

    maps = {"": mapped_by(source, fitted)}
    if ceiling is not None:
        maps["ceiling."] = mapped_by(ceiling, fitted)
    floor = mapped_by(source, shuffled)

    fit_mean = goal[fitted].mean(axis=0)
    columns = _target_columns(goal[held])
    for prefix, mapped in maps.items():
        columns |= _item_columns(prefix, mapped[held], goal[held], fit_mean, k)
    null = _item_columns("", floor[held], goal[held], fit_mean, k)
    statistics = _item_statistics("") | (_item_statistics("ceiling.") if ceiling is not None else {})
    if ceiling is not None:
        statistics["r2_of_ceiling"] = Statistic(lambda means: ratio(_r2(means, ""), _r2(means, "ceiling.")))
    values = {
        **_train_r2(maps, floor, goal, fitted, shuffled),
        **estimate(columns, statistics, null=null, resamples=resamples, seed=seed),
    }
    sizes = np.array([k]), np.array([k]), np.array([len(held) - 1])
    values["neighbour_jaccard_chance"] = Value(float(chance_jaccard(*sizes)[0]), n=len(held))
    values |= _recalls(target, maps, floor, held, split, k, mask, resamples, seed)
    values |= _lists(target, maps[""], floor, split, k, resamples, seed)

    table = pd.DataFrame(
        {
            "item_id": split.item_ids[held].astype(object),
            "squared_error": columns["sse"].sum(axis=1),
            "cosine": columns["cosine"],
            "neighbour_jaccard": columns["neighbour_jaccard"],
        },
        index=pd.Index(held, name="item"),
    )
    provenance = {
        "split": split.fingerprint,
        "kind": kind,
        "shift": shift,
        "k": k,
        "mask": mask,
        "seed": seed,
        "epochs": epochs if kind.startswith("mlp") else None,
        "resamples": resamples,
        "items": {"fitted": len(fitted), "held_out": len(held)},
        "source": {"name": source.name, **source.provenance},
        "target": {"name": target.name, **target.provenance},
        "ceiling": None if ceiling is None else {"name": ceiling.name, **ceiling.provenance},
    }
    return Evidence(f"probe({source.name} -> {target.name}, {kind})", values, table, provenance)


def _target_columns(goal: Floats) -> dict[str, Floats]:
    """Squared distance from the mean of all the rows, by dimension; exactly 0 where a dimension is constant.

    The mean stays fixed in resamples: taken anew in each it would shrink SST by 1 − 1/n and bias R² down.
    """
    return {"sst": np.where(np.ptp(goal, axis=0) == 0, 0.0, (goal - goal.mean(axis=0)) ** 2)}


def _item_columns(prefix: str, mapped: Floats, goal: Floats, fit_mean: Floats, k: int) -> dict[str, Floats]:
    return {
        f"{prefix}sse": (mapped - goal) ** 2,
        f"{prefix}cosine": row_cosines(mapped, goal),
        f"{prefix}cosine_centred": row_cosines(mapped - fit_mean, goal - fit_mean),
        f"{prefix}neighbour_jaccard": neighbour_jaccard(mapped, goal, k),
    }


def _item_statistics(prefix: str) -> dict[str, Statistic]:
    own = prefix == ""
    return {
        f"{prefix}r2_test": Statistic(lambda means: _r2(means, prefix), against_null=own),
        f"{prefix}r2_test_weighted": Statistic(
            lambda means: 1.0 - ratio(means[f"{prefix}sse"].sum(axis=1), means["sst"].sum(axis=1)),
            against_null=own,
        ),
        **{
            f"{prefix}{name}": mean_of(f"{prefix}{name}", against_null=own)
            for name in ("cosine", "cosine_centred", "neighbour_jaccard")
        },
    }


def _r2(means: Means, prefix: str) -> Floats:
    """(R,) uniform average of R² over the dimensions that vary; NaN where none does."""
    unexplained = np.nan_to_num(ratio(means[f"{prefix}sse"], means["sst"])).sum(axis=1)
    varying = (means["sst"] > 0).sum(axis=1)
    return 1.0 - ratio(unexplained, varying.astype(np.float64))


def _train_r2(
    maps: Mapping[str, Floats], floor: Floats, goal: Floats, fitted: Rows, shuffled: Rows
) -> dict[str, Value]:
    """R² on the fitted items themselves, without an interval: the map has seen them."""
    columns = _target_columns(goal[fitted])
    columns |= {f"{prefix}sse": (mapped[fitted] - goal[fitted]) ** 2 for prefix, mapped in maps.items()}
    null = _target_columns(goal[shuffled]) | {"sse": (floor[fitted] - goal[shuffled]) ** 2}
    statistics = {"r2_train": Statistic(lambda means: _r2(means, ""))}
    if "ceiling." in maps:
        statistics["ceiling.r2_train"] = Statistic(lambda means: _r2(means, "ceiling."), against_null=False)
    return estimate(columns, statistics, null=null, resamples=0)


def _recalls(
    target: View,
    maps: Mapping[str, Floats],
    floor: Floats,
    held: Rows,
    split: Split,
    k: int,
    mask: str,
    resamples: int,
    seed: int,
) -> dict[str, Value]:
    """Recall of held-out items by true and mapped vectors, over the users whose test part has any of them."""
    is_held = np.zeros(split.n_items, dtype=bool)
    is_held[held] = True
    truth = split.test.copy()
    truth.data *= is_held[truth.indices]
    truth.eliminate_zeros()
    users = np.flatnonzero(np.diff(truth.indptr))
    if len(users) == 0:
        return {}
    truth = sp.csr_array(truth[users])
    few = _only(split, users)

    def recall(items: Floats) -> Floats:
        hits = contains(
            truth, rank(View("mapped", target.users[users], items.astype(np.float32)), few, k, mask=mask).ids
        )
        return np.asarray(hits.sum(axis=1) / np.diff(truth.indptr))

    def heldout(mapped: Floats) -> Floats:
        return np.where(is_held[:, None], mapped, target.items)

    columns = {"recall_true": recall(target.items.astype(np.float64))}
    statistics = {"recall_true": mean_of("recall_true", against_null=False)}
    for prefix, mapped in maps.items():
        columns[f"{prefix}recall_mapped"] = recall(mapped)
        columns[f"{prefix}recall_mapped_heldout"] = recall(heldout(mapped))
        statistics |= _recall_statistics(prefix)
    null = {"recall_mapped": recall(floor), "recall_mapped_heldout": recall(heldout(floor))}
    return estimate(columns, statistics, null=null, resamples=resamples, seed=seed)


def _recall_statistics(prefix: str) -> dict[str, Statistic]:
    own = prefix == ""

    def drop(means: Means) -> Floats:
        return 100.0 * ratio(means["recall_true"] - means[f"{prefix}recall_mapped"], means["recall_true"])

    return {
        f"{prefix}recall_mapped": mean_of(f"{prefix}recall_mapped", against_null=own),
        f"{prefix}drop_percent": Statistic(drop, against_null=own),
        f"{prefix}recall_mapped_heldout": mean_of(f"{prefix}recall_mapped_heldout", against_null=own),
    }


def _lists(
    target: View, mapped: Floats, floor: Floats, split: Split, k: int, resamples: int, seed: int
) -> dict[str, Value]:
    """Jaccard of unmasked lists by true and by mapped vectors."""
    users = np.flatnonzero(np.diff(split.test.indptr))
    if len(users) == 0:
        return {}
    if len(users) > LISTS:
        users = np.sort(np.random.default_rng(seed).choice(users, LISTS, replace=False))
    few = _only(split, users)

    def lists(items: ArrayLike) -> TopK:
        return rank(View("lists", target.users[users], np.asarray(items, np.float32)), few, k, mask="none")

    true = lists(target.items)
    columns = {"list_jaccard": jaccard(true.ids, lists(mapped).ids)}
    null = {"list_jaccard": jaccard(true.ids, lists(floor).ids)}
    return estimate(
        columns, {"list_jaccard": mean_of("list_jaccard")}, null=null, resamples=resamples, seed=seed
    )


def _only(split: Split, users: Rows) -> Split:
    """The split with these users' rows alone."""
    parts = {part: sp.csr_array(getattr(split, part)[users]) for part in ("train", "valid", "test")}
    return replace(split, user_ids=split.user_ids[users], **parts)
