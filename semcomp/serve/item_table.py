"""A short list of weights for every item: a linear autoencoder or a neighbourhood as a shop can keep it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.joining import Ids, check_ids
from semcomp.core.rank import MEMORY, rank
from semcomp.core.topk import contains
from semcomp.data import Split
from semcomp.errors import SemcompError, unknown_name
from semcomp.kernels.topk import topk_of_scores
from semcomp.serve.parquet import id_array, read_table, table_writer
from semcomp.views.item_weights import ItemWeights
from semcomp.views.training.selection import validation_ndcg

FORM = "semcomp item table 1"
COLUMNS = {"item": pa.string(), "other": pa.string(), "weight": pa.float32()}
BLOCK = 2**18  # entries written at a time
BY = ("magnitude", "value")


@checked
@dataclass(frozen=True, eq=False)
class ItemTable:
    """For every item the n strongest weights to others: `score(u, i) = Σ_j W[j, i]` over the items j of u.

    To serve a user, fetch the rows of the items in the history and add them up.

    Attributes:
        name: how tables and figures call it.
        item_ids: (I,) the ids of rows and columns.
        weights: (I, I) CSR float32; row j has the weights that an item j of a history gives to others.
        provenance: how it was made.

    >>> weights = sc.views.EASE().fit(split)
    >>> table = sc.serve.ItemTable.of(weights, split.item_ids, n=10)
    >>> table
    <ItemTable 'EASE': 2,000 weights of 200 items>
    """

    name: str
    item_ids: Ids
    weights: sp.csr_array
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_ids(self.item_ids, len(self.item_ids), owner=f"item table {self.name!r}", unit="item")
        if self.weights.shape != (len(self.item_ids), len(self.item_ids)):
            raise SemcompError(
                f"item table {self.name!r} has weights of shape {self.weights.shape} for "
                f"{len(self.item_ids)} items; one row and one column per item are needed"
            )

    @staticmethod
    def of(
        scorer: ItemWeights, item_ids: Ids, n: int = 100, *, by: str = "magnitude", memory: int = MEMORY
    ) -> ItemTable:
        """The n strongest weights of every row of a scorer; ties go to the lower item, zeros are omitted.

        Args:
            item_ids: of the scorer's items, in their order, as the split has them.
            by: "magnitude" keeps the largest |W[j, i]|, with their signs, "value" the largest W[j, i].
            memory: bytes for a block of rows.

        Raises:
            SemcompError: n below 1, another `by`, ids that are not one per item, or a scorer without
                item-to-item weights.

        >>> sc.serve.ItemTable.of(sc.views.EASE().fit(split), split.item_ids, n=5).weights.nnz
        1000
        """
        if n < 1:
            raise SemcompError(f"n = {n}, but an item keeps at least one weight; give n >= 1")
        if by not in BY:
            raise unknown_name("order of weights", by, BY)
        check_ids(item_ids, scorer.shape[1], owner=f"view {scorer.name!r}", unit="item")
        made = {**scorer.provenance, "table": {"n": n, "by": by}}
        return ItemTable(scorer.name, item_ids, _strongest(scorer.weights, n, by, memory), made)

    def scorer(self, history: sp.csr_array) -> ItemWeights:
        """The scorer of these users: (U, I) CSR of what each has, columns as in `item_ids`.

        >>> table = sc.serve.ItemTable.of(sc.views.EASE().fit(split), split.item_ids)
        >>> sc.rank(table.scorer(split.train), split)
        <TopK 'EASE': the 20 best of 200 items for each of 300 users>
        """
        return ItemWeights(self.name, sp.csr_array(history), self.weights, self.provenance)

    def save(self, path: str | Path) -> Path:
        """Write a parquet file, a row (`item`, `other`, `weight`) per entry, whole or not at all.

        Raises SemcompError for another suffix, a place that cannot be written, ids that are not Unicode.

        >>> table = sc.serve.ItemTable.of(sc.views.EASE().fit(split), split.item_ids)
        >>> table.save(folder / "table.parquet").name
        'table.parquet'
        """
        path = Path(path).expanduser()
        ids = id_array(self.item_ids, f"item table {self.name!r}")
        told = {"form": FORM, "name": self.name, "provenance": dict(self.provenance)}
        weights = sp.coo_array(self.weights)
        with table_writer(path, COLUMNS, told | {"items": self.item_ids.tolist()}) as writer:
            for start in range(0, weights.nnz, BLOCK):
                rows, others, values = (
                    side[start : start + BLOCK] for side in (*weights.coords, weights.data)
                )
                block = [ids.take(pa.array(rows)), ids.take(pa.array(others)), pa.array(values)]
                writer.write_table(pa.table(block, schema=writer.schema))
        return path

    @staticmethod
    def load(path: str | Path) -> ItemTable:
        """The table that `save` wrote, to the bit.

        Raises SemcompError for a file that is missing, damaged or not an item table.

        >>> table = sc.serve.ItemTable.of(sc.views.EASE().fit(split), split.item_ids)
        >>> bool((sc.serve.ItemTable.load(table.save(folder / "t.parquet")).weights != table.weights).nnz)
        False
        """
        path = Path(path).expanduser()
        table, told = read_table(path, FORM)
        ids = np.array(told["items"], dtype=np.str_)
        known = id_array(ids, str(path))
        at = [pc.index_in(table.column(name), known) for name in ("item", "other")]
        if any(side.null_count for side in at):
            raise SemcompError(f"{path} names items that it does not know; write it again")
        rows, others = (side.to_numpy() for side in at)
        ends = np.cumsum(np.bincount(rows, minlength=len(ids)), dtype=np.int64)
        made = table.column("weight").to_numpy(), others, np.concatenate([[0], ends])
        return ItemTable(told["name"], ids, sp.csr_array(made, shape=(len(ids),) * 2), told["provenance"])

    def __repr__(self) -> str:
        return f"<ItemTable {self.name!r}: {self.weights.nnz:,} weights of {len(self.item_ids):,} items>"


@checked
def truncation_cost(
    scorer: ItemWeights,
    split: Split,
    lengths: Sequence[int] = (10, 20, 50, 100, 200),
    k: int = 20,
    *,
    by: str = "magnitude",
    memory: int = MEMORY,
) -> pd.DataFrame:
    """What tables of n weights per item lose against all weights, for each n.

    Args:
        lengths: the n to try. k: places of the lists that are compared. by, memory: see `ItemTable.of`.

    Returns:
        One row per n and a last one, `all`: `weights` (how many are kept), `valid_ndcg` (mean NDCG@20 on the
        validation part, train items masked), and `kept`, the share of each user's k best items that the table
        still lists, the mean over users with a train item.

    Raises:
        SemcompError: no lengths, one below 1, k that is not between 1 and the number of items, or a scorer
            without item-to-item weights.

    >>> cost = sc.serve.truncation_cost(sc.views.EASE().fit(split), split, [10, 199])
    >>> float(cost.loc[199, "kept"])
    1.0
    """
    if not len(lengths):
        raise SemcompError("no lengths were given; name at least one, as in lengths=[50, 100]")
    active = np.flatnonzero(np.diff(split.train.indptr))
    whole = rank(scorer, split, k, mask="train", memory=memory).ids
    rows, places = np.nonzero(whole >= 0)
    listed = sp.csr_array((np.ones(len(rows), np.float32), (rows, whole[rows, places])), scorer.shape)
    listed.sort_indices()
    found: dict[int | str, list[float]] = {}
    for n in lengths:
        short = ItemTable.of(scorer, split.item_ids, n, by=by, memory=memory).scorer(scorer.history)
        same = contains(listed, rank(short, split, k, mask="train", memory=memory).ids)
        kept = same.sum(axis=1) / np.maximum((whole >= 0).sum(axis=1), 1)
        found[n] = [_count(short.weights), validation_ndcg(short, split), float(kept[active].mean())]
    found["all"] = [_count(scorer.weights), validation_ndcg(scorer, split), 1.0]
    table = pd.DataFrame.from_dict(found, "index", columns=["weights", "valid_ndcg", "kept"])
    return table.astype({"weights": int}).rename_axis("n")


def _count(weights: sp.csr_array | NDArray[np.float32]) -> int:
    return int(np.count_nonzero(weights.data if sp.issparse(weights) else weights))


def _strongest(weights: sp.csr_array | NDArray[np.float32], n: int, by: str, memory: int) -> sp.csr_array:
    """(I, I) CSR of the n strongest entries of each row."""

    def strength(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        block: Any = weights[rows]
        dense = np.asarray(block.toarray() if sp.issparse(block) else block, dtype=np.float32)
        return np.where(dense == 0, -np.inf, np.abs(dense) if by == "magnitude" else dense)

    none = np.zeros(weights.shape[0] + 1, np.int64)  # nothing is masked
    masked: dict[str, Any] = {"indptr": none, "indices": none[:0], "memory": memory}
    ids, _ = topk_of_scores(strength, weights.shape, min(n, weights.shape[1]), **masked)
    rows, places = np.nonzero(ids >= 0)
    others = ids[rows, places]
    kept = sp.csr_array((np.asarray(weights[rows, others]), (rows, others)), shape=weights.shape)
    kept.sort_indices()
    return kept
