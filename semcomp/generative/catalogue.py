"""The codes of a split's items: joined by id, refused before training, and told in a provenance."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from semcomp.core.joining import rows_of
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.storage import digest
from semcomp.tokens import Codes


def codes_for(codes: Codes, split: Split) -> Codes:
    """The codes with their rows in the order of the split's items, joined by id.

    Raises SemcompError for ids that only one of them knows, and for an item of train without a code.
    """
    owner, remedy = f"codes {codes.name!r}", "tokenise the items of this split"
    rows = rows_of(codes.item_ids, split.item_ids, owner=owner, unit="item", remedy=remedy)
    found = replace(codes, codes=codes.codes[rows], item_ids=split.item_ids)
    items = split.catalogue("train")
    without = items[~found.known[items]]
    if len(without):
        raise SemcompError(
            f"{owner}: {len(without)} items have no code, e.g. {str(split.item_ids[without[0]])!r}; tokenise "
            "them too, or leave them out of the data"
        )
    return found


def told_of(codes: Codes) -> dict[str, Any]:
    """Codes as plain JSON: name, sizes, how they were made, and a digest."""
    told = {"name": codes.name, "sizes": list(codes.sizes), "made": dict(codes.provenance)}
    return {**told, "digest": digest(codes.codes, codes.item_ids.tolist())}
