"""Regression alignment that lets go of what is known well: each item and user has a weight of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.align.backbones import Parts
from semcomp.align.method import Method
from semcomp.align.regression import TextRegression
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split, item_counts
from semcomp.views.semantic.projection import linear_map
from semcomp.views.semantic.text_inputs import TextInputs, text_inputs
from semcomp.views.training import Batch


class TextRegressionByCount(TextRegression):
    """`TextRegression`, each square times n̄ / n of its user or item: on average 1 over train pairs."""

    user_share: Tensor
    item_share: Tensor

    def __init__(
        self, inputs: TextInputs, mapping: nn.Module, weight: float, users: Tensor, items: Tensor
    ) -> None:
        super().__init__(inputs, mapping, weight)
        self.register_buffer("user_share", mean_over(users), persistent=False)  # (U,)
        self.register_buffer("item_share", mean_over(items), persistent=False)  # (I,)

    def forward(self, batch: Batch) -> Tensor:
        apart = batch.anchors.new_zeros(())
        texts = self.inputs(batch.users, batch.items)
        shares = self.user_share[batch.users], self.item_share[batch.items]
        for vectors, text, share in zip((batch.anchors, batch.positives), texts, shares, strict=True):
            off = (F.normalize(vectors) - F.normalize(self.mapping(text))).square().sum(1)  # (B,)
            apart = apart + (share * off).mean()
        return self.weight * apart / 2


def mean_over(counts: Tensor) -> Tensor:
    """n̄ / n, with n̄ the mean of the counts above 0; 0 for those of 0: (N,) -> (N,).

    >>> mean_over(torch.tensor([1.0, 3.0, 0.0])).tolist()
    [2.0, 0.6666666865348816, 0.0]
    """
    there = counts > 0
    return torch.where(there, counts[there].mean() / counts.clamp_min(1), torch.zeros_like(counts))


@checked
@dataclass(frozen=True)
class RegressionByCount(Method):
    """A backbone + `weight` · ½ [ mean (n̄/n_i) ‖n(e_i) − n(m(x_i))‖² + the same of users ].

    `Regression` with one linear map m, whose pull on an item falls with its train interactions n_i, and on a
    user with n_u. A vector's noise falls like 1/n and what is private to behaviour does not, so the best
    weight of a pull, noise over private variance, does too. The means run over the batch's pairs, in which
    an item occurs n_i times: every item is pulled as hard as any other, and its own interactions pull n_i
    times as hard.
    """

    label: ClassVar[str] = "regression by count"

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        mapping = linear_map(text.matrix.shape[1], parts.width, seed, "init.alignment", bias=True)
        counts = np.diff(split.known.train.indptr), item_counts(split.known.train)
        of_users, of_items = (torch.from_numpy(of.astype(np.float32)) for of in counts)
        inputs = text_inputs(split, text)
        return parts.plus(TextRegressionByCount(inputs, mapping, self.weight, of_users, of_items))
