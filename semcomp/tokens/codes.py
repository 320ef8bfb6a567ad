"""Codes of items: a few tokens each, one for every level of a tokenizer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.core.joining import Ids, check_ids
from semcomp.data.ids import as_ids
from semcomp.display import Table, card, summary
from semcomp.errors import SemcompError


@checked
@dataclass(frozen=True, eq=False)
class Codes:
    """Item i is the tokens (codes[i, 0], …, codes[i, L-1]); those of different levels are different tokens.

    Attributes:
        name: how tables and figures call it.
        codes: (I, L), each from 0 to sizes[l] - 1; a row of -1 is an item without a code. Read-only.
        sizes: of the codebooks, by level.
        item_ids: (I,) the ids of the rows.
        provenance: how they were made.

    Raises SemcompError for a code out of its range, a row with some of its levels alone at -1, and ids that
    are not one for each row.

    >>> codes = sc.tokens.Codes("toy", np.array([[0, 1], [0, 1], [2, 0]]), (3, 2), np.array(["a", "b", "c"]))
    >>> codes
    <Codes 'toy': 3 items, 2 levels of 3 × 2 codes>
    """

    name: str
    codes: NDArray[np.int64]
    sizes: tuple[int, ...]
    item_ids: Ids
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        owner, sizes = f"codes {self.name!r}", tuple(self.sizes)
        codes = np.array(self.codes, dtype=np.int64, order="C")
        if codes.ndim != 2 or codes.shape[1] != len(sizes) or 0 in codes.shape:
            raise SemcompError(
                f"{owner} are of shape {codes.shape} for {len(sizes)} levels; give one row per item and one "
                "column per level"
            )
        if min(sizes) < 1:
            raise SemcompError(f"{owner}: sizes = {sizes}; every level needs at least one code")
        none = (codes == -1).all(axis=1)
        wrong = ((codes < 0) | (codes >= np.array(sizes))) & ~none[:, None]
        if wrong.any():
            row, level = (int(at) for at in np.argwhere(wrong)[0])
            raise SemcompError(
                f"{owner}, row {row}: code {codes[row, level]} at level {level + 1} is not one of 0 to "
                f"{sizes[level] - 1}; give -1 at all levels of an item that has no code"
            )
        ids = as_ids(self.item_ids, owner)
        check_ids(ids, len(codes), owner=owner, unit="item")
        codes.flags.writeable = False
        for key, value in {"codes": codes, "sizes": sizes, "item_ids": ids}.items():
            object.__setattr__(self, key, value)

    @property
    def levels(self) -> int:
        return len(self.sizes)

    @property
    def known(self) -> NDArray[np.bool_]:
        """(I,) which items have a code."""
        return np.asarray(self.codes[:, 0] >= 0)

    def used(self) -> NDArray[np.int64]:
        """(L,) how many codes of each level some item has.

        >>> sc.tokens.Codes("toy", np.array([[0, 1], [2, 1]]), (3, 2), np.array(["a", "b"])).used().tolist()
        [2, 1]
        """
        return np.array([(counts > 0).sum() for counts in self._counts()], dtype=np.int64)

    def perplexity(self) -> NDArray[np.float64]:
        """(L,) exp(-Σ p log p) by level, p the shares of its codes among items: sizes[l] if all are even.

        0 where no item has a code.

        >>> codes = sc.tokens.Codes("toy", np.array([[0, 1], [2, 1]]), (3, 2), np.array(["a", "b"]))
        >>> codes.perplexity().round(3).tolist()
        [2.0, 1.0]
        """
        shares = [counts[counts > 0] / max(1, counts.sum()) for counts in self._counts()]
        return np.array([np.exp(-(p * np.log(p)).sum()) if len(p) else 0.0 for p in shares])

    def collision_rate(self) -> float:
        """(N - distinct codes) / N over the N items that have one: what must be told apart. 0 if N = 0.

        >>> codes = np.array([[0, 1], [0, 1], [2, 0], [-1, -1]])
        >>> round(sc.tokens.Codes("toy", codes, (3, 2), np.array(["a", "b", "c", "d"])).collision_rate(), 3)
        0.333
        """
        n = int(self.known.sum())
        return (n - len(np.unique(self.codes[self.known], axis=0))) / max(1, n)

    def distinct(self) -> Codes:
        """With one more level, which numbers the items of each code by row; as it is if none collide.

        TIGER's fourth token: it means nothing but which of them. Its size is that of the largest group.

        >>> codes = sc.tokens.Codes("toy", np.array([[0, 1], [0, 1]]), (3, 2), np.array(["a", "b"]))
        >>> codes.distinct().codes.tolist()
        [[0, 1, 0], [0, 1, 1]]
        """
        if not self.collision_rate():
            return self
        known = np.flatnonzero(self.known)
        group = np.unique(self.codes[known], axis=0, return_inverse=True)[1].ravel()
        order = np.argsort(group, kind="stable")
        starts = np.flatnonzero(np.diff(group[order], prepend=-1))
        place = np.full(len(self.codes), -1)
        place[known[order]] = np.arange(len(order)) - np.repeat(starts, np.diff([*starts, len(order)]))
        codes = np.column_stack([self.codes, place])
        sizes = (*self.sizes, int(place.max()) + 1)
        return Codes(self.name, codes, sizes, self.item_ids, {**self.provenance, "distinct": True})

    def _counts(self) -> list[NDArray[np.int64]]:
        """By level, how many items have each code."""
        codes = self.codes[self.known]
        return [np.bincount(codes[:, at], minlength=size) for at, size in enumerate(self.sizes)]

    def __repr__(self) -> str:
        sizes = " × ".join(map(str, self.sizes))
        return f"<Codes {self.name!r}: {len(self.codes):,} items, {self.levels} levels of {sizes} codes>"

    def _repr_html_(self) -> str:
        title = f"{self.name}: {len(self.codes):,} items, collision rate {self.collision_rate():.4f}"
        lines = zip(self.sizes, self.used(), self.perplexity(), strict=True)
        rows = [
            [str(at), str(size), str(used), f"{even:.1f}"] for at, (size, used, even) in enumerate(lines, 1)
        ]
        table = Table(["level", "codes", "used", "perplexity"], rows, len(rows))
        return card(title, [summary(self.provenance)], table)
