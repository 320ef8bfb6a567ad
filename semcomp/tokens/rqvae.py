"""RQ-VAE: residual codebooks in a space that is learned with them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import ArrayLike

from semcomp.checks import checked
from semcomp.core.items import Items, Source, items_of, joined
from semcomp.core.joining import Ids
from semcomp.core.matrices import Matrix, finite_matrix
from semcomp.core.view import unit_rows
from semcomp.errors import SemcompError, unknown_name
from semcomp.kernels.random import whole_seed
from semcomp.tokens.codes import Codes
from semcomp.tokens.loop import Fitted, train
from semcomp.tokens.terms import Letter, TokenSpace
from semcomp.tokens.tokenizer import (
    Tokenizer,
    check_levels,
    ids_of,
    quantised,
    restored,
    shrunk,
    usable_items,
)
from semcomp.views.checks import check_options
from semcomp.views.training.configuration import Training, described

Gradient = Literal["every level", "first level"]


@checked
@dataclass(frozen=True)
class RQVAE:
    """L = MSE(x̂, x) + mean_l [ MSE(sg[r_l], e_l) + β MSE(r_l, sg[e_l]) ], x̂ = decoder(z + sg[Σ_l e_l - z]).

    Rajput et al., "Recommender systems with generative retrieval" (TIGER), NeurIPS 2023, whose fourth token,
    which tells colliding items apart, is `codes.distinct()`. Differs from the codes of LETTER and LC-Rec: the
    commitment of every level moves the encoder (`gradient="first level"` is theirs, in which it is that of
    the first alone); codes that no item has after an epoch move to what is left of a random item, where
    theirs stay; vectors are centred and divided by their standard deviation, so that the first term begins
    at 1; fewer epochs and narrower layers.

    Attributes:
        levels: tokens of an item. size: codes of a level; fewer where there are not 8 items for each.
        dim: width of z. hidden: widths of the encoder's layers between x and z; the decoder's are reversed.
        commitment: β. gradient: which levels move the encoder.
        sinkhorn: ε of an even use of the last level's codes in training (LC-Rec: 0.003); 0 for none. Items
            have the nearest code in the end.
        letter: LETTER's terms. tokens: a language model's tokens as codebooks.
        unit: read the directions of vectors, as cosines do, and not their lengths.
        epochs, batch, lr, weight_decay: of AdamW. device: as in `Training`.

    >>> sc.tokens.RQVAE(letter=sc.tokens.Letter(alpha=0.01)).letter.alpha
    0.01
    """

    levels: int = 3
    size: int = 256
    dim: int = 32
    hidden: tuple[int, ...] = (128,)
    commitment: float = 0.25
    gradient: Gradient = "every level"
    sinkhorn: float = 0.0
    letter: Letter | None = None
    tokens: TokenSpace | None = None
    unit: bool = True
    epochs: int = 200
    batch: int = 256
    lr: float = 1e-3
    weight_decay: float = 1e-4
    device: str = "auto"

    def __post_init__(self) -> None:
        label = "RQVAE option"
        check_levels(self, label)
        check_options(
            self,
            label,
            whole=("dim", "epochs", "batch"),
            positive=("lr",),
            not_negative=("commitment", "sinkhorn", "weight_decay"),
        )
        if self.gradient not in get_args(Gradient):
            raise unknown_name("gradient", self.gradient, get_args(Gradient))
        if any(not 1 <= width <= 2**16 for width in self.hidden):
            raise SemcompError(f"{label} hidden = {self.hidden}; every width must be from 1 to 65,536")
        Training(device=self.device)  # says what a device may be

    def fit(
        self,
        vectors: Source,
        seed: int = 0,
        item_ids: Ids | None = None,
        *,
        collaborative: Source | None = None,
        table: ArrayLike | None = None,
        checkpoint: Path | None = None,
    ) -> Tokenizer:
        """Train on the item vectors of a view, a text matrix or an array; zero rows have no code.

        The last epoch counts. On a CPU with one number of threads the same seed gives the same bytes, also if
        the run was interrupted and resumed.

        Args:
            item_ids: of the rows, where the vectors have none; else "0", "1", …
            collaborative: vectors of the same items for `letter`, `dim` wide; joined by id if both have ids.
            table: (V, dim) the token vectors for `tokens`.
            checkpoint: a file that holds the state while training runs; removed at the end.

        Raises:
            SemcompError: NaN, fewer than 16 items with a vector, or vectors that are all the same; vectors or
                a table that an option needs and that are not given, or of another width; a loss that is no
                longer a number; a checkpoint that cannot be read, written or is of another run.

        >>> made = sc.tokens.RQVAE(levels=2, size=8, epochs=3).fit(cf, seed=0)
        >>> made.codes
        <Codes 'RQ-VAE': 200 items, 2 levels of 8 × 8 codes>
        """
        items, has = usable_items(vectors, "vectors")
        ids, seed = ids_of(items, item_ids), whole_seed(seed)
        other = self._collaborative(collaborative, items)
        space = self._table(table)
        rows = items.rows[has].astype(np.float32)
        rows = unit_rows(rows) if self.unit else rows
        shift = rows.mean(axis=0, dtype=np.float64).astype(np.float32)
        scale = float((rows - shift).std(dtype=np.float64))
        x = torch.from_numpy((rows - shift) / np.float32(scale))
        sizes = (shrunk(self.size, len(x)),) * self.levels
        made = {
            "tokenizer": type(self).__name__,
            "config": described(self),
            "seed": seed,
            "vectors": items.record(),
            "without vector": len(ids) - len(has),
        }
        if other is not None:
            made["collaborative"] = other.record()
        beside = None if other is None else torch.from_numpy(other.rows[has].astype(np.float32))
        fitted = train(self, x, sizes, seed, made, beside, space, checkpoint)
        return self._tokenizer(fitted, x, ids, has, (shift, scale))

    def _tokenizer(
        self, fitted: Fitted, x: torch.Tensor, ids: Ids, has: np.ndarray, affine: tuple[np.ndarray, float]
    ) -> Tokenizer:
        network, name = fitted.network, self.name
        books = [book.detach() for book in network.books]
        with torch.no_grad():
            z = torch.cat([network.encoder(part) for part in x.split(4096)])
            found, _ = quantised(z, books)
            sums = torch.stack([book[found[:, at]] for at, book in enumerate(books)]).cumsum(dim=0)
            r2 = restored(x, [torch.cat([network.decoder(p) for p in one.split(4096)]) for one in sums])
        codes = np.full((len(ids), self.levels), -1)
        codes[has] = found.numpy()
        of_items = Codes(name, codes, tuple(map(len, books)), ids, fitted.made)
        numbers = tuple(book.numpy().copy() for book in books)
        tied = tuple(network.near[at, : len(book)].numpy() for at, book in enumerate(books))
        return Tokenizer(
            name,
            of_items,
            numbers,
            r2,
            *affine,
            unit=self.unit,
            encoder=network.encoder,
            decoder=network.decoder,
            tied=tied if self.tokens else (),
            provenance=fitted.made,
        )

    @property
    def name(self) -> str:
        """How tables call what it makes."""
        return "LETTER" if self.letter else "RQ-VAE in token space" if self.tokens else "RQ-VAE"

    def _collaborative(self, given: Source | None, items: Items) -> Items | None:
        if (given is None) != (self.letter is None):
            lacks = "collaborative vectors" if given is None else "the option letter=Letter()"
            raise SemcompError(f"LETTER needs {lacks} too; fit(vectors, collaborative=view) goes with letter")
        if given is None:
            return None
        other = joined(items_of(given, "collaborative"), items.ids, "collaborative vectors")
        if len(other.rows) != len(items.rows):
            raise SemcompError(
                f"{other.name} has {len(other.rows)} items and {items.name} has {len(items.rows)}; "
                "give vectors of the same items"
            )
        self._check_width(other.rows, other.name)
        return other

    def _table(self, given: ArrayLike | None) -> Matrix | None:
        if (given is None) != (self.tokens is None):
            lacks = "a table" if given is None else "the option tokens=TokenSpace()"
            raise SemcompError(f"a token space needs {lacks} too; fit(vectors, table=rows) goes with tokens")
        if given is None:
            return None
        table = finite_matrix(given, "table of tokens", np.float32)
        self._check_width(table, "table of tokens")
        if len(table) < self.levels * self.size:
            raise SemcompError(
                f"table of tokens has {len(table)} rows for {self.levels} levels of {self.size} codes; "
                "give a larger table or ask for fewer codes"
            )
        return table

    def _check_width(self, rows: Matrix, name: str) -> None:
        if rows.shape[1] != self.dim:
            raise SemcompError(
                f"{name} has {rows.shape[1]} columns, but dim = {self.dim}; use RQVAE(dim={rows.shape[1]})"
            )
