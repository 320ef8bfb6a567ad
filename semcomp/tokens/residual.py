"""Residual k-means: codes of what is left when the level above has said what it can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from semcomp.checks import checked
from semcomp.core.items import Source
from semcomp.core.joining import Ids
from semcomp.core.view import unit_rows
from semcomp.kernels.random import whole_seed
from semcomp.tokens.clusters import residual
from semcomp.tokens.codes import Codes
from semcomp.tokens.tokenizer import (
    Tokenizer,
    check_levels,
    ids_of,
    restored,
    shrunk,
    usable_items,
)
from semcomp.views.checks import check_options
from semcomp.views.training.configuration import described


@checked
@dataclass(frozen=True)
class ResidualKMeans:
    """r₁ = x; level l: k-means of r_l, r_{l+1} = r_l - (the centroid nearest to r_l).

    No network and no step size: Ju et al., "Generative recommendation with semantic IDs" (GRID, arXiv
    2507.22224) found it not worse than RQ-VAE. They divide residuals by their length, which is not done here.

    Attributes:
        levels: tokens of an item. size: codes of a level; fewer where there are not 8 items for each.
        dim: principal axes that are read, the leading ones; all if there are no more. Of hundreds of axes
            and a handful of items for each code, most items are nearer to the middle than to each other: one
            code has nearly all of them, and the rest one each.
        unit: read the directions of vectors, as cosines do, and not their lengths.

    >>> sc.tokens.ResidualKMeans().size
    256
    """

    levels: int = 3
    size: int = 256
    dim: int = 32
    unit: bool = True

    def __post_init__(self) -> None:
        check_levels(self, "ResidualKMeans option")
        check_options(self, "ResidualKMeans option", whole=("dim",))

    def fit(self, vectors: Source, seed: int = 0, item_ids: Ids | None = None) -> Tokenizer:
        """Codebooks from the item vectors of a view, a text matrix or an array; zero rows have no code.

        On a CPU the same seed gives the same bytes.

        Args:
            item_ids: of the rows, where the vectors have none; else "0", "1", …

        Raises:
            SemcompError: NaN, fewer than 16 items with a vector, or vectors that are all the same.

        >>> made = sc.tokens.ResidualKMeans(levels=2, size=8).fit(cf, seed=0)
        >>> made.codes
        <Codes 'residual k-means': 200 items, 2 levels of 8 × 8 codes>
        """
        items, has = usable_items(vectors, "vectors")
        ids, seed = ids_of(items, item_ids), whole_seed(seed)
        rows = items.rows[has].astype(np.float32)
        rows = unit_rows(rows) if self.unit else rows
        shift = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        x = torch.from_numpy(rows - shift)
        sizes = (shrunk(self.size, len(x)),) * self.levels
        encoder, decoder = leading_axes(x, self.dim)
        found = residual(encoder(x), sizes, seed)
        sums = torch.stack([book[nearest] for book, nearest in found]).cumsum(dim=0)
        codes = np.full((len(ids), self.levels), -1)
        codes[has] = np.stack([nearest.numpy() for _, nearest in found], axis=1)
        made = {
            "tokenizer": type(self).__name__,
            "config": described(self),
            "seed": seed,
            "vectors": items.record(),
            "without vector": len(ids) - len(has),
        }
        name = "residual k-means"
        books = tuple(book.numpy() for book, _ in found)
        r2 = restored(x, [decoder(one) for one in sums])
        return Tokenizer(
            name,
            Codes(name, codes, sizes, ids, made),
            books,
            r2,
            shift,
            unit=self.unit,
            encoder=encoder,
            decoder=decoder,
            provenance=made,
        )


def leading_axes(x: Tensor, dim: int) -> tuple[nn.Module, nn.Module]:
    """The map of centred rows to their coordinates on the leading principal axes, and the way back."""
    if dim >= x.shape[1]:
        return nn.Identity(), nn.Identity()
    _, axes = torch.linalg.eigh(x.double().T @ x.double())
    onto = axes[:, -dim:].float()  # (D, dim), the largest last
    sides = nn.Linear(x.shape[1], dim, bias=False), nn.Linear(dim, x.shape[1], bias=False)
    for side, weight in zip(sides, (onto.T, onto), strict=True):
        side.weight = nn.Parameter(weight.contiguous(), requires_grad=False)
    return sides
