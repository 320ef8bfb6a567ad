"""Spectral views: the leading singular vectors of the interaction matrix, without training."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from numpy.typing import NDArray
from scipy.sparse.linalg import svds

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.kernels.orientation import oriented
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.item_weights import ItemWeights, check_room
from semcomp.views.origin import origin

MEMORY = 8 * 2**30  # bytes: about 26,000 items
CELL = 5  # bytes per pair of items: the weights (float32), and a mark when they are checked
STEP = 1024  # rows of the weights at a time
NOISE = 1e-7  # of the largest singular value: below is rounding

Floats = NDArray[np.float64]


@checked
@dataclass(frozen=True)
class Spectral:
    """Collaborative view: a low-pass filter on the graph of interactions, score = inner product.

        R̃ = D_U^−a R D_I^−a ≈ P Σ Qᵀ                      the `dim` largest singular values
        users  R D_I^−a Q Σ^p        items  D_I^b Q         with D the diagonals of train degrees

    `damping` a takes weight from active users and popular items before the decomposition, `response` p is
    the filter's gain over the spectrum (0: flat up to `dim`, 1: in proportion to the singular value), and
    `popularity` b gives weight back to popular items. Named members of the family:

    - `Spectral.pure_svd(dim)`, a = p = b = 0: PureSVD; Cremonesi, Koren and Turrin, "Performance of
      Recommender Algorithms on Top-N Recommendation Tasks", RecSys 2010.
    - `Spectral.ideal_filter(dim)`, a = b = ½, p = 0: the ideal low-pass filter of GF-CF; Shen et al., "How
      Powerful is Graph Convolution for Recommendation?", CIKM 2021. GF-CF adds a linear filter R̃ᵀR̃, whose
      rank is that of the data: it is not an embedding, and the sum of both is the scorer `GFCF`.

    The factors are exact (ARPACK, converged to machine precision), where the published code of PureSVD often
    takes a randomised decomposition. Each column of Q has its entry of largest magnitude positive. Columns
    without a singular value above rounding are zero; no view is wider than there are users or items. Users
    and items without train pairs have zero rows. The defaults were picked by hand, on the validation parts
    of MovieLens-100K and Book-Crossing.

    Attributes:
        dim: width of the vectors. damping: a, from 0. response: p, from 0. popularity: b, from 0.
    """

    dim: int = 64
    damping: float = 0.35
    response: float = 1.0
    popularity: float = 0.0

    def __post_init__(self) -> None:
        check_options(self, "Spectral", whole=["dim"], not_negative=["damping", "response", "popularity"])

    @classmethod
    def pure_svd(cls, dim: int = 64) -> Spectral:
        """PureSVD."""
        return cls(dim, damping=0.0, response=0.0, popularity=0.0)

    @classmethod
    def ideal_filter(cls, dim: int = 64) -> Spectral:
        """The ideal low-pass filter of GF-CF, without its linear part."""
        return cls(dim, damping=0.5, response=0.0, popularity=0.5)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Decompose `split.train`. `seed` starts the iteration, and shows in the last bits at most.

        The provenance's "singular_values" are those of R̃, largest first.
        """
        split = Inputs.of(inputs).split
        values, vectors = leading(damped(split.train, self.damping), self.dim, seed)  # (k,), (I, k)
        degree = split.train.sum(axis=0)  # (I,)
        users = split.train @ (power(degree, -self.damping)[:, None] * vectors) * values**self.response
        items = power(degree, self.popularity)[:, None] * vectors * (values > 0)
        made = origin(self, split, seed, singular_values=values.tolist())
        sides = users.astype(np.float32), items.astype(np.float32)
        return View("spectral", *sides, made, split.user_ids, split.item_ids)


@checked
@dataclass(frozen=True)
class GFCF:
    """Collaborative scorer: GF-CF's linear filter and `weight` times its ideal low-pass filter.

        score(u, ·) = r_u (R̃ᵀR̃ + α D_I^−½ Q Qᵀ D_I^½)        R̃ = D_U^−½ R D_I^−½, Q its leading vectors

    Shen et al., CIKM 2021; dim 256 and α = 0.3 are theirs. The linear filter has the rank of the data, so
    the weights are kept as a dense matrix, items × items.

    Attributes:
        dim: singular vectors that pass the ideal filter. weight: α, from 0.
    """

    dim: int = 256
    weight: float = 0.3

    def __post_init__(self) -> None:
        check_options(self, "GFCF", whole=["dim"], not_negative=["weight"])

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> ItemWeights:
        """The scorer. Raises SemcompError, before any work, where 5 I² bytes exceed `memory`."""
        split = Inputs.of(inputs).split
        check_room("GFCF", split.n_items, CELL, memory)
        graph = damped(split.train, 0.5)
        values, vectors = leading(graph, self.dim, seed)
        vectors = vectors * (values > 0)
        degree = split.train.sum(axis=0)
        left = (self.weight * power(degree, -0.5)[:, None] * vectors).astype(np.float32)  # (I, k)
        right = (power(degree, 0.5)[:, None] * vectors).astype(np.float32)
        weights = left @ right.T  # (I, I)
        by_item = sp.csr_array(graph.T)
        for start in range(0, split.n_items, STEP):
            weights[start : start + STEP] += (by_item[start : start + STEP] @ graph).toarray()
        return ItemWeights("GF-CF", split.train, weights, origin(self, split, seed))


def damped(train: sp.csr_array, exponent: float) -> sp.csr_array:
    """D_U^−a R D_I^−a, float64; rows and columns without an entry stay empty."""
    by_user = sp.diags_array(power(train.sum(axis=1), -exponent))
    by_item = sp.diags_array(power(train.sum(axis=0), -exponent))
    return sp.csr_array(by_user @ train @ by_item)


def power(degree: NDArray[np.float32], exponent: float) -> Floats:
    """degree^exponent in float64, and 0 for a degree of 0."""
    known = np.asarray(degree, dtype=np.float64)
    return np.where(known > 0, np.maximum(known, 1.0) ** exponent, 0.0)


def leading(matrix: sp.csr_array, k: int, seed: int) -> tuple[Floats, Floats]:
    """The k largest singular values, descending, and their right vectors, (n, k), with signs settled.

    Fewer where the matrix has fewer rows or columns; values below rounding are 0.
    """
    small = min(matrix.shape)
    if k < small:
        start = torch.randn(small, dtype=torch.float64, generator=generator(seed, "init.lanczos")).numpy()
        _, values, right = svds(matrix, k=k, v0=start, return_singular_vectors="vh")
    else:
        _, values, right = np.linalg.svd(matrix.toarray(), full_matrices=False)
    order = np.argsort(-values, kind="stable")
    values, vectors = values[order], right[order].T  # (k,), (n, k)
    return np.where(values > NOISE * values[0], values, 0.0), oriented(vectors)
