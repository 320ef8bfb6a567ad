"""Two or more rankings at once: what each adds to all the others, and how every two of them compare."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.core.metrics import ndcg
from semcomp.core.provenance import measured, origins
from semcomp.core.tables import number
from semcomp.core.topk import TopK, contains
from semcomp.data import Split
from semcomp.display import Table as Cells
from semcomp.display import card
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.complementarity.diagnostics import DEPTHS, diagnose
from semcomp.evidence.complementarity.pair import StrataFrom, Users, check_lists
from semcomp.evidence.statistics.bootstrap import Floats, Statistic, estimate, mean_of, share_of, total_of
from semcomp.evidence.statistics.least import RECALL
from semcomp.evidence.statistics.measured import Measured, Table, statements_of, statistics_of
from semcomp.evidence.statistics.verdicts import with_headline

SHOWN = ("jaccard", "unique_hit_ratio", "oracle.gain", "union_minus_2k")  # of each pair, when printed


@checked
@dataclass(frozen=True, eq=False)
class MultiViewDiagnosis:
    """Attributes:
    together: what all views find, and what is lost without each.
    pairs: a diagnosis of every two of them, by their names in the order given.
    """

    together: Evidence
    pairs: Mapping[tuple[str, str], Evidence]

    def pair(self, a: str, b: str) -> Evidence:
        """The diagnosis of two views, in the order they were given; SemcompError for an unknown pair."""
        if (a, b) not in self.pairs:
            known = [f"{one} and {other}" for one, other in self.pairs]
            raise unknown_name("pair of views", f"{a} and {b}", known)
        return self.pairs[a, b]

    def frame(self) -> pd.DataFrame:
        """One row per pair; the values named in `SHOWN`, where they are defined."""
        rows = {
            f"{a}, {b}": {key: found.values[key].value for key in SHOWN if key in found.values}
            for (a, b), found in self.pairs.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index", columns=list(SHOWN))

    def to_dict(self, *, table: bool = True) -> dict[str, Any]:
        """Plain types only."""
        pairs = [
            {"a": a, "b": b, "evidence": found.to_dict(table=table)} for (a, b), found in self.pairs.items()
        ]
        return {"together": self.together.to_dict(table=table), "pairs": pairs}

    def to_json(self, *, table: bool = True) -> str:
        return json.dumps(self.to_dict(table=table), indent=1, allow_nan=False)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> MultiViewDiagnosis:
        if not {"together", "pairs"} <= set(record):
            raise SemcompError("not a record of several views: it needs 'together' and 'pairs'")
        pairs = {(one["a"], one["b"]): Evidence.from_dict(one["evidence"]) for one in record["pairs"]}
        return cls(Evidence.from_dict(record["together"]), pairs)

    def __repr__(self) -> str:
        return f"<MultiViewDiagnosis of {len(self.pairs)} pairs: {self.together!r}>"

    def _repr_html_(self) -> str:
        rows = [
            [f"{a}, {b}", *(number(one.values[key].value) if key in one.values else "" for key in SHOWN)]
            for (a, b), one in self.pairs.items()
        ]
        return self.together._repr_html_() + card("every two of them", [], Cells(("", *SHOWN), rows))

    def __str__(self) -> str:
        frame = self.frame().to_string(float_format=lambda value: f"{value:.4f}", na_rep="")
        return f"{self.together}\n\nevery two of them\n{frame}"


@checked
def diagnose_several(
    rankings: Mapping[str, TopK] | Sequence[TopK],
    split: Split,
    *,
    k: int | None = None,
    depths: Sequence[int] = DEPTHS,
    strata: StrataFrom = "train",
    resamples: int = 1000,
    seed: int = 0,
) -> MultiViewDiagnosis:
    """What V ≥ 2 rankings find together, over the users with test items, and `diagnose` of every two.

    With H_v a user's hits in the first k places of view v and G the user's test items, `together` holds

    - `recall.<view>`, `ndcg.<view>`, and `oracle.union`: mean |∪_v H_v| / |G|, up to V·k items; its gain over
      the best view, `oracle.gain`;
    - `found_by.m`: test items that exactly m views find, m from 1 to V, pooled over users;
    - `only.<view>`: those that this view alone finds; `only_share.<view>`: their share of its hits;
    - `marginal_recall.<view>`: the recall of the union less that of the union of the others;
    - `union_minus_long`: the union less the best view's own first V·k places, where lists are that long.

    Args:
        rankings: by name, or a sequence whose names differ; of one split, under one mask.
        k, depths, strata, resamples, seed: as in `diagnose`; k is by default all of the shortest list.

    Raises:
        SemcompError: fewer than two rankings, two of one name, and as `diagnose`.

    >>> several = sc.diagnose_several({"cf": a, "text": b, "seed": c}, split, k=20, resamples=100)
    >>> len(several.pairs)
    3
    """
    lists = dict(rankings) if isinstance(rankings, Mapping) else _by_name(rankings)
    if len(lists) < 2:
        raise SemcompError(f"{len(lists)} rankings given; at least 2 are needed to compare")
    k = min(one.k for one in lists.values()) if k is None else k
    check_lists(split, k, *lists.values())
    pairs = {
        (a, b): diagnose(
            lists[a], lists[b], split, k=k, depths=depths, strata=strata, resamples=resamples, seed=seed
        )
        for a, b in combinations(lists, 2)
    }
    together = find_together(lists, split, k=k, strata=strata, resamples=resamples, seed=seed)
    return MultiViewDiagnosis(together, pairs)


def find_together(
    lists: Mapping[str, TopK],
    split: Split,
    *,
    k: int,
    strata: StrataFrom = "train",
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """What V ≥ 2 rankings find together: `together` of `diagnose_several`, without the pairs."""
    users = Users(split, strata)
    columns = _columns(lists, k, users)
    table = together_table(list(lists))
    groups = {"view": [*lists], "m": [str(m) for m in range(1, len(lists) + 1)]}
    statistics = statistics_of(table, columns, groups)
    for name in lists:
        statistics |= statistics_of(PER_VIEW, columns, {"view": [name]})
    values = estimate(columns, statistics, resamples=resamples, seed=seed)
    provenance = measured(split, k=k, resamples=resamples, seed=seed, views=origins(list(lists.values())))
    frame = pd.DataFrame(columns, index=pd.Index(users.rows, name="user"))
    found = Evidence(f"together({', '.join(lists)})", values, frame, provenance)
    return with_headline(found, statements_of(table), ["union_minus_long"])


def _over_best(column: str, *views: str) -> Statistic:
    """A mean less the largest of others."""
    return Statistic(lambda means: np.asarray(means[column] - np.max([means[one] for one in views], axis=0)))


def together_table(names: Sequence[str]) -> Table:
    """The values of all views together; those of each view by itself are in `PER_VIEW`."""
    names = [name.replace("{", "{{").replace("}", "}}") for name in names]
    return (
        Measured("recall.{view}", mean_of),
        Measured("ndcg.{view}", mean_of),
        Measured("oracle.union", mean_of),
        Measured("oracle.gain", _over_best, ("oracle.union", *(f"recall.{name}" for name in names))),
        Measured(
            "union_minus_long",
            _over_best,
            ("oracle.union", *(f"recall_long.{name}" for name in names)),
            says="the union beats the best view's own list of as many places as all lists together",
            least=RECALL,
        ),
        Measured("found_by.{m}", total_of),
    )


PER_VIEW = (
    Measured("only.{view}", total_of),
    Measured("only_share.{view}", share_of, ("only.{view}", "hits.{view}")),
    Measured("marginal_recall.{view}", mean_of),
)


def _columns(lists: Mapping[str, TopK], k: int, users: Users) -> dict[str, Floats]:
    """Per-user columns of all views: recall, ndcg, hits by how many views share them, those of one alone."""
    columns: dict[str, Floats] = {}
    hits = {}
    for name, topk in lists.items():
        ids = users.ids(topk, k)
        marks = contains(users.truth, ids)
        hits[name] = _hit_matrix(ids, marks, users.split.n_items)
        columns[f"recall.{name}"] = marks.sum(axis=1) / users.n_truth
        columns[f"ndcg.{name}"] = ndcg(marks, users.n_truth)
        columns[f"hits.{name}"] = marks.sum(axis=1).astype(np.float64)
        if topk.k >= len(lists) * k:
            longer = contains(users.truth, users.ids(topk, len(lists) * k))
            columns[f"recall_long.{name}"] = longer.sum(axis=1) / users.n_truth
    shared = sum(hits.values(), start=sp.csr_array(users.truth.shape, dtype=np.int64))
    finders = sp.csr_array(shared)  # (n, I) how many views find the item
    row = np.repeat(np.arange(len(users)), np.diff(finders.indptr))
    for m in range(1, len(lists) + 1):
        found = np.bincount(row[finders.data == m], minlength=len(users))
        columns[f"found_by.{m}"] = found.astype(np.float64)
    once = sp.csr_array(finders == 1)
    for name, own in hits.items():
        alone = np.asarray(own.multiply(once).sum(axis=1), dtype=np.float64).ravel()
        columns[f"only.{name}"] = alone
        columns[f"marginal_recall.{name}"] = alone / users.n_truth
    columns["oracle.union"] = np.diff(finders.indptr) / users.n_truth
    return columns


def _hit_matrix(ids: NDArray[np.int32], marks: NDArray[np.bool_], n_items: int) -> sp.csr_array:
    """(n, I) 1 for every hit."""
    row, place = np.nonzero(marks)
    ones = np.ones(len(row), dtype=np.int64)
    return sp.csr_array((ones, (row, ids[row, place])), shape=(len(ids), n_items))


def _by_name(rankings: Sequence[TopK]) -> dict[str, TopK]:
    names = [one.name for one in rankings]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise SemcompError(f"two rankings are named {twice!r}; give a mapping from different names to them")
    return dict(zip(names, rankings, strict=True))
