"""Which items a study's probes can hold out: what is known of its items decides."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from semcomp.data.categories import category_matrix
from semcomp.data.first_seen import first_seen
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.holdouts import category_holdout
from semcomp.study.study import Study

#: Holdouts of `probe` in the order of the pages, with what they need to know of the items.
HOLDOUTS = {
    "random": None,
    "popularity": None,
    "popularity-reversed": None,
    "temporal": "first_seen",
    "category": "categories",
    "cluster": None,
}


def known_of_items(study: Study) -> dict[str, Any]:
    """`categories` (items × categories) and `first_seen` (I,), those of them that the data set has.

    Categories that are all too large to be held out, such as two with half of the items each, are omitted.
    """
    known: dict[str, Any] = {}
    with suppress(SemcompError):
        categories = category_matrix(study.data).matrix
        category_holdout(categories)
        known["categories"] = categories
    with suppress(SemcompError):
        known["first_seen"] = first_seen(study.data)
    return known


def possible_holdouts(study: Study) -> list[str]:
    """The holdouts of `HOLDOUTS` that are possible with this data set."""
    known = known_of_items(study)
    return [name for name, needs in HOLDOUTS.items() if needs is None or needs in known]
