"""Which items a study's probes can hold out: what is known of its items decides."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from semcomp.data import Dataset
from semcomp.data.categories import category_matrix
from semcomp.data.first_seen import first_seen
from semcomp.errors import SemcompError
from semcomp.evidence import ProbeSettings
from semcomp.evidence.mapping.holdouts import holdout_of, random_holdout
from semcomp.study.study import Study

#: Holdouts of `probe` in the order of the pages.
HOLDOUTS = ("random", "popularity", "popularity-reversed", "temporal", "category", "cluster")


def known_of_items(study: Study) -> dict[str, Any]:
    """`categories` (items × categories) and `first_seen` (I,), those of them that the data set has."""
    known: dict[str, Any] = {}
    with suppress(SemcompError):
        known["categories"] = category_matrix(study.data).matrix
    with suppress(SemcompError):
        known["first_seen"] = first_seen(study.data)
    return known


def large_enough(data: Dataset) -> Dataset:
    """The data set, if a fifth of its items are enough to judge a probe on; SemcompError if not."""
    try:
        random_holdout(data.n_items)
    except SemcompError as error:
        raise SemcompError(
            f"{data.name!r} has {data.n_items} items; a book takes 50, since its probes are judged on a fifth"
        ) from error
    return data


def neighbours(study: Study) -> int:
    """How many neighbours of held-out items are looked at: k, or one below a fifth of the items if fewer."""
    return min(study.k, study.split.n_items // 5 - 1)


def possible_holdouts(study: Study) -> list[str]:
    """The holdouts of `HOLDOUTS` that this data set allows, each with more items than `neighbours`.

    Two categories of half of the items each, for example, cannot be held out.
    """
    known, rows = known_of_items(study), study.text.rows_for(study.split.item_ids).astype(np.float64)

    def held(name: str) -> int:
        with suppress(SemcompError):
            return len(holdout_of(name, study.split, rows, ProbeSettings().seed, known).held)
        return 0

    return [name for name in HOLDOUTS if held(name) > neighbours(study)]
