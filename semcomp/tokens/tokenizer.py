"""What every tokenizer is once it is fitted: a code for any vector, and a vector for any code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from semcomp.checks import checked
from semcomp.core.items import Items, Source, items_of
from semcomp.core.joining import Ids, check_ids
from semcomp.core.matrices import finite_matrix
from semcomp.core.view import unit_rows
from semcomp.data.ids import as_ids
from semcomp.errors import SemcompError
from semcomp.kernels.kmeans import assign
from semcomp.tokens.codes import Codes
from semcomp.views.checks import check_options

BLOCK = 4096  # rows that are encoded at a time
PER_CODE = 8  # items that there are for each code of a level, at least
MOST_LEVELS = 16


@checked
@dataclass(frozen=True, eq=False)
class Tokenizer:
    """z = encoder(vector) ≈ e₁ + … + e_L, with e_l the entry of codebook l nearest to what is left of z.

    Attributes:
        name: how tables call it.
        codes: of the items that it was fitted to.
        books: the codebooks, (sizes[l], d) each.
        r2: (L,) share of the variance of the fitted vectors that the first l levels restore.
        shift, scale: x is (vector - shift) / scale, of the vector's direction if `unit`.
        encoder, decoder: from x to z and back.
        tied: by level, the row of the token table that each entry is the direction of; empty without one.
        provenance: how it was made.

    >>> made = sc.tokens.ResidualKMeans(levels=2, size=8).fit(cf, seed=0)
    >>> made
    <Tokenizer 'residual k-means': 2 levels of 8 × 8 codes, R² 0...>
    """

    name: str
    codes: Codes
    books: tuple[NDArray[np.float32], ...]
    r2: NDArray[np.float64]
    shift: NDArray[np.float32]
    scale: float = 1.0
    unit: bool = True
    encoder: nn.Module = field(default_factory=nn.Identity)
    decoder: nn.Module = field(default_factory=nn.Identity)
    tied: tuple[NDArray[np.int64], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def encode(self, vectors: Source, item_ids: Ids | None = None) -> Codes:
        """Codes of any items, also of those that came later: a row of -1 for a zero vector.

        Args:
            vectors: a view, a text matrix or an array, as wide as what it was fitted to.
            item_ids: of the rows, where the vectors have none; else "0", "1", …

        Raises:
            SemcompError: another width, NaN, or ids that are not one for each row.

        >>> made = sc.tokens.ResidualKMeans(levels=2, size=8).fit(cf, seed=0)
        >>> bool((made.encode(cf.items[:3]).codes == made.codes.codes[:3]).all())
        True
        """
        items = items_of(vectors, "vectors")
        if items.rows.shape[1] != len(self.shift):
            raise SemcompError(
                f"{items.name} has {items.rows.shape[1]} columns, but {self.name!r} was fitted to "
                f"{len(self.shift)}; give vectors of the same kind"
            )
        ids = ids_of(items, item_ids)
        rows = prepared(items, self.unit, self.shift, self.scale)
        has = items.rows.any(axis=1)
        codes = np.full((len(rows), len(self.books)), -1)
        books = [torch.from_numpy(book) for book in self.books]
        with torch.no_grad():
            for at in range(0, len(rows), BLOCK):
                z = self.encoder(torch.from_numpy(rows[at : at + BLOCK]))
                codes[at : at + BLOCK] = quantised(z, books)[0].numpy()
        codes[~has] = -1
        made = {**self.provenance, "encoded": items.record()}
        return Codes(self.name, codes, tuple(map(len, self.books)), ids, made)

    def vectors(self, codes: Codes, levels: int | None = None) -> NDArray[np.float32]:
        """(I, D) what the codes stand for, by their first levels or all; zeros without a code.

        Of directions if the tokenizer read directions.

        Raises:
            SemcompError: codes of other codebooks, fewer than one level or more than there are.

        >>> made = sc.tokens.ResidualKMeans(levels=2, size=8).fit(cf, seed=0)
        >>> made.vectors(made.codes).shape
        (200, 64)
        """
        wanted = len(self.books) if levels is None else levels
        if not 1 <= wanted <= len(self.books):
            raise SemcompError(f"levels = {levels}; {self.name!r} has 1 to {len(self.books)}")
        if codes.sizes[: len(self.books)] != tuple(map(len, self.books)):
            raise SemcompError(
                f"codes of {codes.sizes} are not of the codebooks of {self.name!r}, which have "
                f"{tuple(map(len, self.books))}; give codes that it made"
            )
        z = sum(book[codes.codes[:, at]] for at, book in enumerate(self.books[:wanted]))
        with torch.no_grad():
            x = torch.cat([self.decoder(part) for part in torch.from_numpy(np.asarray(z)).split(BLOCK)])
        rows = np.asarray(x.numpy() * self.scale + self.shift, dtype=np.float32)
        return np.where(codes.known[:, None], rows, np.float32(0))

    def __repr__(self) -> str:
        sizes = " × ".join(str(len(book)) for book in self.books)
        return f"<Tokenizer {self.name!r}: {len(self.books)} levels of {sizes} codes, R² {self.r2[-1]:.3f}>"


def quantised(z: Tensor, books: list[Tensor]) -> tuple[Tensor, Tensor]:
    """(n, L) entries nearest to what is left of each row, level by level, and (n, d) what is left at last."""
    codes = []
    for book in books:
        codes.append(assign(z, book))
        z = z - book[codes[-1]]
    return torch.stack(codes, dim=1), z


def prepared(items: Items, unit: bool, shift: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """(n, D) what encoders read."""
    rows = items.rows.astype(np.float32, copy=False)
    return np.asarray(((unit_rows(rows) if unit else rows) - shift) / np.float32(scale))


def ids_of(items: Items, given: Ids | None) -> Ids:
    """The ids of the rows: their own, those given, or their numbers.

    Raises:
        SemcompError: ids that are not one for each row, or others than the vectors' own.
    """
    if given is None:
        return np.arange(len(items.rows)).astype(np.str_) if items.ids is None else items.ids
    ids = as_ids(given, items.name)
    check_ids(ids, len(items.rows), owner=items.name, unit="item")
    if items.ids is not None and not np.array_equal(ids, items.ids):
        raise SemcompError(f"{items.name} has item ids of its own, and others were given; leave item_ids out")
    return ids


def usable_items(vectors: Source, label: str) -> tuple[Items, NDArray[np.int64]]:
    """The item vectors, and the rows that are not zero: those that say something.

    Raises:
        SemcompError: not a finite matrix; fewer than 2 · PER_CODE rows that say something, or all the same.
    """
    items = items_of(vectors, label)
    finite_matrix(items.rows, items.name)
    rows = np.flatnonzero(items.rows.any(axis=1))
    if len(rows) < 2 * PER_CODE:
        raise SemcompError(
            f"{items.name} has {len(rows)} items with a vector that is not zero, too few for codebooks; "
            f"give at least {2 * PER_CODE}"
        )
    if (items.rows[rows] == items.rows[rows[0]]).all():
        raise SemcompError(f"all items of {items.name} have the same vector; give vectors that differ")
    return items, rows


def shrunk(size: int, items: int) -> int:
    """Codes of a level: so few that eight items share one on average."""
    return max(2, min(size, items // PER_CODE))


def check_levels(thing: Any, label: str) -> None:
    """Raise unless `levels` and `size` are usable."""
    check_options(thing, label, whole=("levels", "size"))
    if thing.levels > MOST_LEVELS:
        raise SemcompError(f"{label} levels = {thing.levels}; it must be at most {MOST_LEVELS}")
    if thing.size < 2:
        raise SemcompError(f"{label} size = {thing.size}; a codebook needs at least 2 codes")


def restored(x: Tensor, by_level: list[Tensor]) -> NDArray[np.float64]:
    """(L,) R² by level: 1 - Σ ‖x - x̂‖² / Σ ‖x - mean‖², of rows x and what each level restores."""
    total = float((x - x.mean(dim=0)).double().square().sum())
    return np.array([1 - float((x - one).double().square().sum()) / total for one in by_level])
