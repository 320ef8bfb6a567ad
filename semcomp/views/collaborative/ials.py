"""Implicit alternating least squares: every pair counts, observed or not, and each half step is exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor
from tqdm import tqdm

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.origin import origin

MEMORY = 256 * 2**20  # bytes for one group of normal equations
SPREAD = 0.1  # of a row's length at the start, Rendle et al.'s σ*


@checked
@dataclass(frozen=True)
class IALS:
    """Collaborative view: weighted matrix factorization, score = inner product.

    Minimises, with S the train pairs, by solving for all users, then for all items, `iterations` times over,

        L = Σ_{(u,i) ∈ S} (⟨w_u, h_i⟩ − 1)² + α₀ Σ_u Σ_i ⟨w_u, h_i⟩²
              + λ/Z (Σ_u (|I_u| + α₀ I)^ν ‖w_u‖² + Σ_i (|U_i| + α₀ U)^ν ‖h_i‖²)

    Hu, Koren and Volinsky, "Collaborative Filtering for Implicit Feedback Datasets", ICDM 2008, in the form
    of Rendle, Krichene, Zhang and Koren, "Revisiting the Performance of iALS on Item Recommendation
    Benchmarks", RecSys 2022: the regularization of a row grows with the number of its errors to the power ν
    (0: alike for all rows; 1: as if every error were regularized), and rows start as N(0, 0.01 / dim).

    With ν = 0 this is Hu et al.'s objective with confidence c = 1 + 1 / α₀ on train pairs and 1 elsewhere,
    and regularization λ c, in factors longer by sqrt(1 + α₀): the rankings are the same. (`implicit` names
    this confidence `alpha`; with it, α₀ = 1 / (alpha − 1), λ = regularization / alpha.)

    Rows are float64 until the end. A user or item without train pairs gets a zero row: its exact solution.
    Differs from the published code in the unit of λ. Z, the mean of the powers over all rows of users and
    items, makes λ the mean regularization of a row whatever ν, α₀ and the size of the catalogue, so that one
    setting can be carried to other data; theirs is λ / Z. The defaults were picked by hand, on the validation
    parts of MovieLens-100K and Book-Crossing.

    Attributes:
        dim: width of the vectors. regularization: λ, above zero. unobserved: α₀, above zero.
        frequency: ν, from 0. iterations: full sweeps.
    """

    dim: int = 64
    regularization: float = 4.0
    unobserved: float = 0.03
    frequency: float = 1.0
    iterations: int = 16

    def __post_init__(self) -> None:
        check_options(
            self,
            "IALS",
            whole=["dim", "iterations"],
            positive=["regularization", "unobserved"],
            not_negative=["frequency"],
        )

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> View:
        """Train on `split.train`; validation is not looked at. `memory`: bytes for a group of equations.

        The provenance's "training" holds the objective after each sweep; it never rises.

        Raises SemcompError where the equations cannot be solved in float64: too little regularization.
        """
        split = Inputs.of(inputs).split
        known, draw = split.known, generator(seed, "init.items")
        start = torch.randn(known.n_items, self.dim, dtype=torch.float64, generator=draw)
        users, items, objective = self.sweep(known.train, start * (SPREAD / self.dim**0.5), memory)
        made = origin(self, split, seed, training={"objective": objective})
        sides = users.numpy(), split.placed(items.numpy())
        return View("iALS", *sides, made, split.user_ids, split.item_ids)

    def sweep(
        self, train: sp.csr_array, items: Tensor, memory: int = MEMORY
    ) -> tuple[Tensor, Tensor, list[float]]:
        """From (I, d) item rows, float64: user rows, item rows and the objective after each sweep."""
        by_user, by_item = train, sp.csr_array(train.T)
        ridge_of_users, ridge_of_items = self.ridges(train)
        objective = []
        sweeps = range(self.iterations)
        for _ in tqdm(sweeps, desc="iALS", unit="sweep", delay=3, leave=False, disable=None):
            users = solve_rows(by_user, items, self.unobserved, ridge_of_users, memory)  # (U, d)
            items = solve_rows(by_item, users, self.unobserved, ridge_of_items, memory)  # (I, d)
            # an item row at its minimum leaves |U_i| − ⟨Σ_{u ∈ U_i} w_u, h_i⟩ of its part of L
            explained = ((by_item @ users.numpy()) * items.numpy()).sum()
            kept = (ridge_of_users @ users.square()).sum()
            objective.append(float(train.nnz - explained + kept))
        return users, items, objective

    def ridges(self, train: sp.csr_array) -> tuple[Tensor, Tensor]:
        """(U,), (I,) the regularization of each row: λ/Z (pairs of the row + α₀ · columns)^ν."""
        n_users, n_items = train.shape
        of_users = (train.sum(axis=1, dtype=np.float64) + self.unobserved * n_items) ** self.frequency
        of_items = (train.sum(axis=0, dtype=np.float64) + self.unobserved * n_users) ** self.frequency
        unit = self.regularization / np.concatenate([of_users, of_items]).mean()
        return torch.from_numpy(unit * of_users), torch.from_numpy(unit * of_items)


def solve_rows(rows: sp.csr_array, other: Tensor, unobserved: float, ridge: Tensor, memory: int) -> Tensor:
    """(n, d) minima w_r of Σ_{c ∈ r} (⟨w_r, h_c⟩ − 1)² + α₀ Σ_c ⟨w_r, h_c⟩² + ridge_r ‖w_r‖².

    In the eigenbasis of HᵀH = Q diag(γ) Qᵀ the normal equations of a row with entries X (L, d) read

        (diag(m) + XᵀX) w = Xᵀ1        m = α₀ γ + ridge_r

    They are d × d; for a row with fewer entries than d, w = diag(m)⁻¹ Xᵀ (1 + X diag(m)⁻¹ Xᵀ)⁻¹ 1 has the
    same solution and is L × L (the Woodbury identity). Rows of similar length are solved together, padded
    with zero rows of X, which change nothing.

    Args:
        rows: (n, m) binary CSR. other: (m, d) float64, H. ridge: (n,) float64, above zero.
        memory: bytes for the equations of one group (at least one row's).
    """
    gram, basis = torch.linalg.eigh(other.T @ other)
    turned = torch.cat([other @ basis, other.new_zeros(1, other.shape[1])])  # (m + 1, d), last for padding
    found = torch.zeros(rows.shape[0], other.shape[1], dtype=other.dtype)
    for group, entries in groups(rows, other.shape[1], memory):  # (B,), (B, L)
        x = turned[entries]  # (B, L, d)
        m = unobserved * gram.clamp(min=0) + ridge[group, None]  # (B, d)
        if entries.shape[1] < other.shape[1]:
            scaled = x / m.sqrt()[:, None, :]
            system = scaled @ scaled.mT + torch.eye(x.shape[1], dtype=x.dtype)  # (B, L, L)
            found[group] = (x.mT @ solve(system, torch.ones_like(x[:, :, :1])))[:, :, 0] / m
        else:
            found[group] = solve(x.mT @ x + torch.diag_embed(m), x.sum(dim=1)[:, :, None])[:, :, 0]
    turned_back: Tensor = found @ basis.T
    return turned_back


def solve(system: Tensor, right: Tensor) -> Tensor:
    """(B, n, n), (B, n, 1) -> (B, n, 1), by Cholesky."""
    factor, failed = torch.linalg.cholesky_ex(system)
    solution: Tensor = torch.cholesky_solve(right, factor)
    if failed.any() or not solution.isfinite().all():
        raise SemcompError("iALS has equations that float64 cannot solve; raise the regularization")
    return solution


def groups(rows: sp.csr_array, dim: int, memory: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield (B,) rows of similar length and (B, L) their columns, padded with the number of columns.

    Rows without entries are in no group. A group holds lengths within a quarter of each other, and takes at
    most `memory` bytes for X, its scaled copy and the systems (at least one row).
    """
    length = np.diff(rows.indptr).astype(np.int64)
    order = np.argsort(length, kind="stable")
    ordered = length[order]
    start = int(np.searchsorted(ordered, 1))
    while start < len(order):
        longest = ordered[start] + ordered[start] // 4
        room = max(1, memory // int(8 * (2 * longest * dim + 3 * min(longest, dim) ** 2)))
        stop = min(start + room, int(np.searchsorted(ordered, longest, side="right")))
        group = order[start:stop]
        place = np.arange(ordered[stop - 1])  # (L,)
        inside = place < length[group, None]  # (B, L)
        at = np.where(inside, rows.indptr[group, None] + place, 0)
        entries = np.where(inside, rows.indices[at], rows.shape[1])
        yield torch.from_numpy(group), torch.from_numpy(entries.astype(np.int64))
        start = stop
