"""`audit`, and the checks that it makes."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from semcomp.checks import checked
from semcomp.data.audits.findings import (
    Audit,
    Case,
    Outcome,
    TextRows,
    Vectors,
    pair_keys,
)
from semcomp.data.audits.pairs import (
    held_out_edges,
    pairs_in_two_parts,
    pairs_of_the_data,
    promises_of_the_strategy,
)
from semcomp.data.audits.text_rows import rows_as_embedded, rows_follow_texts, rows_joined_by_id
from semcomp.data.audits.texts import carries_held_out_review, names_its_user, near_duplicates_of_cold_items
from semcomp.data.audits.user_vectors import pooled_over_held_out
from semcomp.data.dataset import Dataset
from semcomp.data.splits.order import PARTS
from semcomp.data.splits.split import Split
from semcomp.errors import SemcompError, unknown_name

CHECKS: dict[str, Callable[[Case], Outcome]] = {
    "pairs in two parts": pairs_in_two_parts,
    "pairs of the data": pairs_of_the_data,
    "promises of the strategy": promises_of_the_strategy,
    "held-out edges in the graph": held_out_edges,
    "text names its own user": names_its_user,
    "text carries a held-out review": carries_held_out_review,
    "text rows joined by id": rows_joined_by_id,
    "text rows as embedded": rows_as_embedded,
    "text rows follow the texts": rows_follow_texts,
    "user vectors over held-out items": pooled_over_held_out,
    "near-duplicates of cold items": near_duplicates_of_cold_items,
}


@checked
def audit(
    data: Dataset,
    split: Split,
    *,
    text: TextRows | None = None,
    view: Vectors | None = None,
    graph: Any = None,
    reviews: pl.DataFrame | None = None,
    seed: int = 0,
    memory: int = 256 << 20,
    progress: bool = True,
    checks: Collection[str] | None = None,
) -> Audit:
    """Look for leaks by the checks of `CHECKS`; those whose input is missing are reported as not applicable.

    Args:
        text: the embedded item texts.
        view: user and item vectors, rows in the order of the data.
        graph: what messages are passed along: users × items, or the square adjacency with the users first;
            scipy sparse or torch.
        reviews: columns user_id, item_id, review; `data.interactions["review"]` if None and there.
        seed: for the checks that sample.
        memory: bytes a check may take at a time, besides its input.
        checks: names of those to make; None for all.

    `Audit.raise_if_leaking` fails a run. Raises SemcompError for a split, view or graph whose users and items
    are not those of the data, for reviews without the three columns, and for an unknown check.

    >>> sc.audit(data, split, text=text, progress=False).leaks
    ()
    """
    for name in checks or ():
        if name not in CHECKS:
            raise unknown_name("check", name, CHECKS)
    for kind, ids, own in (
        ("users", split.user_ids, data.user_ids),
        ("items", split.item_ids, data.item_ids),
    ):
        if not np.array_equal(ids, own):
            raise SemcompError(
                f"the split has {len(ids):,} {kind}, the data set {data.name!r} {len(own):,}, and their ids "
                "are not the same in the same order; audit a split of this data set"
            )
    for part in PARTS:
        if getattr(split, part).shape != (data.n_users, data.n_items):
            raise SemcompError(f"the {part} part is {getattr(split, part).shape}; make the split again")
    case = Case(
        data,
        split,
        pair_keys(split),
        text,
        view,
        graph,
        _reviews(data, reviews),
        seed,
        memory,
        progress,
    )
    chosen = [name for name in CHECKS if checks is None or name in checks]
    outcomes = tuple(replace(CHECKS[name](case), check=name) for name in chosen)
    strategy = split.provenance.get("strategy", "unknown")
    return Audit(f"{data.name!r}, split {strategy!r}", outcomes)


def _reviews(data: Dataset, given: pl.DataFrame | None) -> pl.DataFrame | None:
    if given is None:
        if "review" not in data.interactions.columns:
            return None
        return pl.DataFrame(
            {
                "user_id": data.user_ids[data.user].tolist(),
                "item_id": data.item_ids[data.item].tolist(),
                "review": data.interactions["review"],
            }
        )
    missing = {"user_id", "item_id", "review"} - set(given.columns)
    if missing:
        raise SemcompError(
            f"reviews have no column {min(missing)!r} (they have {', '.join(given.columns)}); give user_id, "
            "item_id and review"
        )
    return given
