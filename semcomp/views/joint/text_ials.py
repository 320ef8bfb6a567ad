"""iALS with text: one factor of the items explains the interactions and their texts (collective factors)."""

from __future__ import annotations

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
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.collaborative.ials import IALS, MEMORY, SPREAD, groups, solve, solve_rows
from semcomp.views.origin import origin
from semcomp.views.semantic.text_ease import unit_text


@checked
@dataclass(frozen=True)
class TextIALS:
    """Joint view: iALS whose item vectors also restore the items' texts, score = inner product.

    Collective matrix factorization (Singh and Gordon, "Relational Learning via Collective Matrix
    Factorization", KDD 2008) in the form of `IALS`. With t_i the unit row of text of an item that has one,

        L = L_iALS + β Σ_i ‖t_i − F h_i‖² + λ ‖F‖²        F: (D, dim)

    is minimised for all users, then for F, then for all items, `iterations` times over, each exactly. An
    item with few users is placed by its text, one with many by its users. β = 0 is `IALS`, to the byte.

    All of it is fitted to the items that are known in train. Others are placed by their text through F, with
    the ridge of an item that nobody had:

        h_i = (β FᵀF + ridge I)⁻¹ β Fᵀ t_i        ridge = λ/Z (α₀ U)^ν

    An item without text has no part in F; it solves the equations of `IALS`, and has a zero row where it is
    not known in train. The defaults are those of `IALS`; β was picked by hand, on validation parts.

    Attributes:
        dim: width of the vectors. regularization: λ, above zero. unobserved: α₀, above zero.
        frequency: ν, from 0. iterations: full sweeps. weight: β, from 0; in users.
    """

    dim: int = 64
    regularization: float = 4.0
    unobserved: float = 0.03
    frequency: float = 1.0
    iterations: int = 16
    weight: float = 1.0

    def __post_init__(self) -> None:
        check_options(
            self,
            "TextIALS",
            whole=["dim", "iterations"],
            positive=["regularization", "unobserved"],
            not_negative=["frequency", "weight"],
        )

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None, memory: int = MEMORY
    ) -> View:
        """Train on `split.train` and the text; validation is not looked at. `memory` as for `IALS`.

        The provenance's "training" holds the objective after each sweep; it never rises.

        Raises SemcompError where the equations cannot be solved in float64: too little regularization.
        """
        split, text = Inputs.of(inputs).with_text(self)
        known, draw = split.known, generator(seed, "init.items")
        rows, inside = torch.from_numpy(unit_text(split, text)), split.catalogue("train")
        start = torch.randn(known.n_items, self.dim, dtype=torch.float64, generator=draw)
        start *= SPREAD / self.dim**0.5
        users, items, texts, objective = self.sweep(known.train, rows[inside], start, memory)
        unseen = rows[np.setdiff1d(np.arange(split.n_items), inside)]
        placed = self.placed(unseen, texts, self.ridge_of_unseen(known.train))
        made = origin(self, split, seed, text, training={"objective": objective})
        sides = users.numpy(), split.placed(items.numpy(), placed.numpy())
        return View("iALS with text", *sides, made, split.user_ids, split.item_ids)

    @property
    def alone(self) -> IALS:
        """What is left of it without text."""
        return IALS(self.dim, self.regularization, self.unobserved, self.frequency, self.iterations)

    def sweep(
        self, train: sp.csr_array, rows: Tensor, items: Tensor, memory: int = MEMORY
    ) -> tuple[Tensor, Tensor, Tensor, list[float]]:
        """From (I, D) texts and (I, d) item rows: user rows, item rows, F and the objective of each sweep."""
        by_user, by_item = train, sp.csr_array(train.T)
        ridge_of_users, ridge_of_items = self.alone.ridges(train)
        read = rows.any(dim=1) & (self.weight > 0)
        plain, joint = (torch.nonzero(one)[:, 0].numpy() for one in (~read, read))
        rows = rows[joint]
        texts = items.new_zeros(rows.shape[1], self.dim)
        objective = []
        sweeps = range(self.iterations)
        for _ in tqdm(sweeps, desc="iALS with text", unit="sweep", delay=3, leave=False, disable=None):
            users = solve_rows(by_user, items, self.unobserved, ridge_of_users, memory)  # (U, d)
            texts = self.restoring(rows, items[joint])  # (D, d)
            pull = self.weight * (rows @ texts)  # (J, d)
            items = torch.empty_like(items)
            items[plain] = solve_rows(by_item[plain], users, self.unobserved, ridge_of_items[plain], memory)
            shared = self.unobserved * (users.T @ users) + self.weight * (texts.T @ texts)
            items[joint] = solve_pulled(by_item[joint], users, shared, pull, ridge_of_items[joint], memory)
            # a row at its minimum leaves of its part of L what its right-hand side does not explain
            explained = ((by_item @ users.numpy()) * items.numpy()).sum() + float((pull * items[joint]).sum())
            kept = (ridge_of_users @ users.square()).sum() + self.regularization * texts.square().sum()
            objective.append(float(train.nnz + self.weight * len(joint) - explained + kept))
        return users, items, texts, objective

    def restoring(self, rows: Tensor, items: Tensor) -> Tensor:
        """(D, d) the minimum F of β Σ_i ‖t_i − F h_i‖² + λ ‖F‖²."""
        system = self.weight * (items.T @ items) + self.regularization * torch.eye(
            self.dim, dtype=items.dtype
        )
        return solve(system[None], self.weight * (items.T @ rows)[None])[0].T

    def placed(self, rows: Tensor, texts: Tensor, ridge: float) -> Tensor:
        """(n, d) the minima h_i of β ‖t_i − F h_i‖² + ridge ‖h_i‖²."""
        system = self.weight * (texts.T @ texts) + ridge * torch.eye(self.dim, dtype=texts.dtype)
        return solve(system[None], self.weight * (rows @ texts).T[None])[0].T

    def ridge_of_unseen(self, train: sp.csr_array) -> float:
        """λ/Z (α₀ U)^ν, from the ridge of the first item, λ/Z (|U_0| + α₀ U)^ν."""
        first, nobody = self.alone.ridges(train)[1][0], self.unobserved * train.shape[0]
        return float(first * (nobody / (nobody + train[:, [0]].sum())) ** self.frequency)


def solve_pulled(
    rows: sp.csr_array, other: Tensor, shared: Tensor, pull: Tensor, ridge: Tensor, memory: int
) -> Tensor:
    """(n, d) minima w_r of Σ_{c ∈ r} (⟨w_r, h_c⟩ − 1)² + w_rᵀ G w_r − 2 ⟨p_r, w_r⟩ + ridge_r ‖w_r‖².

    Solved as in `solve_rows`, which it is for G = α₀ HᵀH and p = 0: in the eigenbasis of G, with m its
    eigenvalues + ridge_r, a row without entries is v = diag(m)⁻¹ p_r, and one with entries X is

        w = v + (diag(m) + XᵀX)⁻¹ Xᵀ (1 − X v)

    Args:
        rows: (n, m) binary CSR. other: (m, d) float64, H. shared: (d, d), G. pull: (n, d), p.
        ridge: (n,) float64, above zero. memory: bytes for the equations of one group (at least one row's).
    """
    gram, basis = torch.linalg.eigh(shared)
    turned = torch.cat([other @ basis, other.new_zeros(1, other.shape[1])])  # (m + 1, d), last for padding
    found = (pull @ basis) / (gram.clamp(min=0) + ridge[:, None])
    for group, entries in groups(rows, other.shape[1], memory):  # (B,), (B, L)
        x = turned[entries]  # (B, L, d)
        m = gram.clamp(min=0) + ridge[group, None]  # (B, d)
        missing = 1 - x @ found[group, :, None]  # (B, L, 1); padding counts for nothing
        if entries.shape[1] < other.shape[1]:
            scaled = x / m.sqrt()[:, None, :]
            system = scaled @ scaled.mT + torch.eye(x.shape[1], dtype=x.dtype)  # (B, L, L)
            found[group] += (x.mT @ solve(system, missing))[:, :, 0] / m
        else:
            found[group] += solve(x.mT @ x + torch.diag_embed(m), x.mT @ missing)[:, :, 0]
    turned_back: Tensor = found @ basis.T
    return turned_back
