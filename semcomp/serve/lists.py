"""Finished lists in a file: what a shop looks up where it cannot compute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp
import torch
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.rank import MEMORY, among, scored
from semcomp.core.view import Scorer, View, of_split
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.topk import Lists, exact_topk, topk_of_scores
from semcomp.progress import progress_bar
from semcomp.serve.index import check_lengths, check_places
from semcomp.serve.parquet import id_array, read_table, table_writer

FORM = "semcomp lists 1"
COLUMNS = {"user": pa.string(), "rank": pa.int32(), "item": pa.string(), "score": pa.float64()}
BLOCK = 4096  # users ranked and written at a time, and looked through for one of them


@checked
def write_lists(
    scorer: Scorer,
    split: Split,
    path: str | Path,
    k: int = 20,
    *,
    mask: str = "train+valid",
    memory: int = MEMORY,
    progress: bool = True,
) -> Path:
    """Write the k best items of every user to a parquet file, whole or not at all; returns the path.

    A row per place: `user`, `rank` (from 1), `item`, `score` (of record), the lists of `rank`, users in the
    order of their ids. A user with fewer candidates has fewer rows. Lists are made and written block by
    block, so that they are never held together.

    Args:
        scorer, mask, memory: see `rank`. progress: show a bar on a terminal.

    Raises:
        SemcompError: what `rank` refuses, another suffix, a place that cannot be written, ids that are not
            Unicode. Nothing is left behind.

    >>> sc.serve.write_lists(cf, split, folder / "lists.parquet").name
    'lists.parquet'
    """
    path = Path(path).expanduser()
    history = split.history(mask)
    scorer = among(of_split(scorer, split), history)
    check_places(k, split.n_items)
    if isinstance(scorer, View):
        check_lengths(scorer.name, scorer.users, scorer.items)
    users, items = (id_array(ids, "the split") for ids in (split.user_ids, split.item_ids))
    order = np.argsort(split.user_ids, kind="stable")
    about = {"form": FORM, "name": scorer.name, "k": k, "mask": mask, "split": split.fingerprint}
    with (
        table_writer(path, COLUMNS, about) as writer,
        progress_bar(len(order), "lists", "user", wanted=progress) as bar,
    ):
        for start in range(0, len(order), BLOCK):
            rows = order[start : start + BLOCK]
            ids, scores = _ranked(scorer, rows, history, k, memory)
            row, place = np.nonzero(ids >= 0)
            block = [
                users.take(pa.array(rows[row])),
                pa.array((place + 1).astype(np.int32)),
                items.take(pa.array(ids[row, place])),
                pa.array(scores[row, place]),
            ]
            writer.write_table(pa.table(block, schema=writer.schema))
            bar.update(len(rows))
    return path


@checked
def lists_for(path: str | Path, user_id: str) -> pd.DataFrame:
    """The list of one user in a file of `write_lists`: columns `rank`, `item`, `score`, best first.

    Only the block that has the user is read.

    Raises:
        SemcompError: a user whose list is not there (or empty), a file that is missing, damaged or not one of
            lists.

    >>> path = sc.serve.write_lists(cf, split, folder / "lists.parquet", k=3)
    >>> sc.serve.lists_for(path, "u0001")["rank"].tolist()
    [1, 2, 3]
    """
    path = Path(path).expanduser()
    table, _ = read_table(path, FORM, filters=[("user", "=", user_id)])
    if not len(table):
        raise SemcompError(f"{path} has no list of user {user_id!r}; check the id, or write the lists again")
    return pd.DataFrame({name: table.column(name).to_numpy() for name in ("rank", "item", "score")})


def _ranked(scorer: Scorer, rows: NDArray[np.int64], history: sp.csr_array, k: int, memory: int) -> Lists:
    """The lists of these users, as `rank` has them."""
    seen = sp.csr_array(history[rows])
    masked: dict[str, Any] = {"indptr": seen.indptr, "indices": seen.indices, "memory": memory}
    if isinstance(scorer, View):
        users, items = (torch.from_numpy(side.copy()) for side in (scorer.users[rows], scorer.items))
        return exact_topk(users, items, k, **masked)
    return topk_of_scores(lambda some: scored(scorer, rows[some]), seen.shape, k, **masked)
