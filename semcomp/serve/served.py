"""A scorer in a folder, in the form that serves it best, with a card that says what it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from semcomp import __version__
from semcomp.checks import checked
from semcomp.core.view import Scorer, View, check_fits, of_split
from semcomp.data import Split
from semcomp.fuse.mixture import Mixture
from semcomp.serve.item_table import ItemTable
from semcomp.serve.lists import write_lists
from semcomp.serve.mixtures import has_vectors, view_of
from semcomp.serve.parquet import as_json
from semcomp.serve.vectors import write_sides
from semcomp.storage import atomic_folder, digest, file_digest
from semcomp.views.item_weights import ItemWeights
from semcomp.views.training.selection import validation_ndcg

FORM = "semcomp served 1"
CARD = "card.json"


@checked
def write_served(
    scorer: Scorer,
    split: Split,
    folder: str | Path,
    k: int = 20,
    *,
    n: int = 100,
    told: Mapping[str, Any] | None = None,
) -> Path:
    """Write what serves a scorer into a new folder, whole or not at all; returns the folder.

    Of a View, or a mixture of views (see `view_of`), its vectors: `view.safetensors`, `users.parquet` and
    `items.parquet`; of item-to-item weights the `table.parquet` of the n strongest per item; of anything else
    the `lists.parquet` of the k best items per user. `card.json` says which: the name, the sha256 of each
    file, digests of the ids and of the split, and the mean NDCG@20 on the validation part of what is served.

    Args:
        told: what else the card says, plain JSON.

    Raises:
        SemcompError: a scorer of other users or items, a folder that is not empty or cannot be written, ids
            that are not Unicode, a provenance that is not plain JSON.

    >>> sorted(file.name for file in sc.serve.write_served(cf, split, folder / "served").iterdir())
    ['card.json', 'items.parquet', 'users.parquet', 'view.safetensors']
    """
    check_fits(scorer, (split.n_users, split.n_items))
    scorer = of_split(scorer, split)
    if isinstance(scorer, Mixture) and has_vectors(scorer):
        scorer = view_of(scorer, split)
    place = Path(folder).expanduser()
    with atomic_folder(place) as part:
        if isinstance(scorer, View):
            view = replace(scorer, user_ids=split.user_ids, item_ids=split.item_ids)
            files = [view.save(part / "view.safetensors").name, *write_sides(view, part)]
        elif isinstance(scorer, ItemWeights):
            table = ItemTable.of(scorer, split.item_ids, n)
            files, scorer = [table.save(part / "table.parquet").name], table.scorer(scorer.history)
        else:
            files = [write_lists(scorer, split, part / "lists.parquet", k).name]
        card = {
            **(told or {}),
            "name": scorer.name,
            "format": FORM,
            "semcomp": __version__,
            "users": split.n_users,
            "items": split.n_items,
            "ids": digest(split.user_ids.tolist(), split.item_ids.tolist()),
            "split": split.fingerprint,
            "valid_ndcg": validation_ndcg(scorer, split),
            "files": {name: file_digest(part / name) for name in files},
        }
        as_json(card)
        (part / CARD).write_text(json.dumps(card, indent=1) + "\n", encoding="utf8")
    return place
