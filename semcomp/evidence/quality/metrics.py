"""How good a ranking is: mean recall, NDCG and reciprocal rank, with intervals over users."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.core.metrics import check_sizes, per_user
from semcomp.core.provenance import measured, origins
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.statistics.bootstrap import Floats, mean_of
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.evidence.statistics.least import NDCG
from semcomp.evidence.statistics.verdicts import Statement, with_headline

METRICS = ("recall", "ndcg", "mrr")


@checked
def evaluate(
    topk: TopK | Sequence[TopK],
    split: Split,
    k: int = 20,
    *,
    resamples: int = 1000,
    seed: int = 0,
    null: TopK | Sequence[TopK] | None = None,
) -> Evidence:
    """Mean recall, ndcg and mrr over the users with test items, with bootstrap intervals over those users.

    Args:
        topk: lists ranked with the history masked. Of several seeds of one view the values are means over
            seeds and users, the intervals hold the variance of both (`estimate_over_seeds`, "pivotal"), and
            `recall.seed_sd` and so on give the spread of the seeds' means.
        null: lists of something to beat, over the same users; its means become the nulls. The excess is
            paired by user, and by the seeds' places: as many of each, or one of either, which is then
            paired with every seed of the other and taken raw, its own seed variance included.
        resamples: 0 for no intervals.

    Returns:
        Evidence with `recall`, `ndcg`, `mrr`; its table is `per_user`'s, averaged over the seeds.

    Raises:
        SemcompError: no lists, lists that do not fit the split, k beyond the lists, an empty test part, a
            null of another number of seeds.

    >>> list(sc.evaluate(a, split, k=20, null=c).values)
    ['recall', 'ndcg', 'mrr']
    """
    ours = Ranked.of(topk, split, k)
    rival = None if null is None else Ranked.of(null, split, k)
    seeds = common_seeds([ours] if rival is None else [ours, rival])
    values = estimate_over_seeds(
        {name: ours.column(name, seeds) for name in METRICS},
        {name: mean_of(name) for name in METRICS},
        null=None if rival is None else {name: rival.column(name, seeds) for name in METRICS},
        resamples=resamples,
        seed=seed,
    )
    values |= {f"{name}.seed_sd": value for name in METRICS if (value := ours.seed_sd(name)) is not None}
    provenance = measured(
        split,
        k=k,
        resamples=resamples,
        seed=seed,
        rankings=origins(ours.lists),
        null=[] if rival is None else origins(rival.lists),
    )
    versus = f" against {rival.lists[0].name}" if rival else ""
    found = Evidence(f"evaluate({ours.lists[0].name}{versus})", values, ours.table, provenance)
    if rival is None:
        return found
    says = f"{ours.lists[0].name} beats {rival.lists[0].name}"
    return with_headline(found, [Statement(says, "ndcg", needs_null=True, least=NDCG)], ["ndcg"])


@dataclass(frozen=True, eq=False)
class Ranked:
    """Rankings of one view, one per seed, and their metrics by user, each computed once.

    Attributes:
        lists: S rankings. tables: of each, `per_user`'s, over the same users.
    """

    lists: Sequence[TopK]
    tables: Sequence[pd.DataFrame]

    @classmethod
    def of(cls, topk: TopK | Sequence[TopK], split: Split, k: int) -> Ranked:
        """Raises SemcompError for no lists, and as `check_ranking`."""
        lists = [topk] if isinstance(topk, TopK) else list(topk)
        if not lists:
            raise SemcompError("there is no ranking to evaluate; give one, or one per seed")
        for one in lists:
            check_ranking(one, split, k)
        return cls(lists, [per_user(one, split.test, k) for one in lists])

    @property
    def table(self) -> pd.DataFrame:
        """The tables' mean over the seeds."""
        return sum(self.tables[1:], start=self.tables[0]) / len(self.tables)

    def column(self, metric: str, seeds: int) -> Floats:
        """(seeds, n) the metric by seed and user; a single ranking is repeated."""
        rows = np.stack([table[metric].to_numpy(np.float64) for table in self.tables])
        return np.broadcast_to(rows, (seeds, rows.shape[1]))

    def seed_sd(self, metric: str) -> Value | None:
        """Standard deviation of the seeds' means (ddof 1), n the number of seeds; None for one seed."""
        if len(self.tables) == 1:
            return None
        return Value(
            float(np.std([table[metric].mean() for table in self.tables], ddof=1)), n=len(self.tables)
        )


def common_seeds(views: Sequence[Ranked]) -> int:
    """How many seeds they all have, those with a single ranking aside.

    Raises:
        SemcompError: different numbers, each more than one: which seeds belong together is not known.
    """
    counts = {len(view.lists): view.lists[0].name for view in views if len(view.lists) > 1}
    if len(counts) > 1:
        (most, name), (fewer, other), *_ = sorted(counts.items(), reverse=True)
        raise SemcompError(
            f"{most} rankings of {name!r}, but {fewer} of {other!r}; give as many seeds of each, or one"
        )
    return next(iter(counts), 1)


def check_ranking(topk: TopK, split: Split, k: int) -> None:
    """Raise unless the lists were made with this split and reach k places, and there is a test part."""
    check_sizes(topk, split.test.shape)
    if split.test.nnz == 0:
        raise SemcompError("the test part is empty; split with a test share above 0")
    if k > split.n_items:
        raise SemcompError(f"k = {k} is above the number of items, {split.n_items}; lower k")
    if k < 1:
        raise SemcompError(f"k = {k}, but a list has at least 1 place")
    if k > topk.k:
        raise SemcompError(
            f"k = {k} is above the {topk.k} places of ranking {topk.name!r}; rank with k = {k}"
        )
    if topk.provenance.get("split", split.fingerprint) != split.fingerprint:
        raise SemcompError(f"ranking {topk.name!r} was made with another split; rank again with this one")
