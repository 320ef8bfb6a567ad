"""The network of RQ-VAE: an encoder, codebooks on what is left by the level above, and a decoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.kernels.kmeans import assign

ROUNDS = 50  # of Sinkhorn's iteration, as published


@dataclass(frozen=True, eq=False)
class Pass:
    """What the network makes of a batch.

    Attributes:
        restored: (B, D) decoder(z + sg[q - z]). q: (B, d) z + sg[q - z] itself.
        codes: (B, L). entries: by level, (B, d) of the codebook.
        codebook, commitment: by level, mean ‖sg[r] - e‖² and mean ‖r - sg[e]‖² per number.
    """

    restored: Tensor
    q: Tensor
    codes: Tensor
    entries: list[Tensor]
    codebook: list[Tensor]
    commitment: list[Tensor]


class Quantiser(nn.Module):
    """z = encoder(x); level l takes the entry e_l of its codebook nearest to r_l; r_{l+1} = r_l - e_l.

    Attributes:
        books: the codebooks, (K_l, d).
        labels, near: (L, K) what regularisers remember of entries between epochs: their clusters, and rows
            of a table of tokens; kept with the parameters.
        every_level: whether residuals hand their gradient on, so that each level moves the encoder. As
            published they do not: they subtract the straight-through output, whose gradient is theirs.
    """

    def __init__(
        self, widths: Sequence[int], sizes: Sequence[int], every_level: bool, epsilon: float
    ) -> None:
        super().__init__()
        self.encoder, self.decoder = perceptron(widths), perceptron(widths[::-1])
        self.books = nn.ParameterList(nn.Parameter(torch.zeros(size, widths[-1])) for size in sizes)
        self.every_level, self.epsilon = every_level, epsilon
        for name in ("labels", "near"):
            self.register_buffer(name, torch.zeros(len(sizes), max(sizes), dtype=torch.long))
        self.labels: Tensor
        self.near: Tensor

    def forward(self, x: Tensor) -> Pass:
        z = self.encoder(x)
        left, codes, entries = z, [], []
        codebook, commitment = [], []
        for level, book in enumerate(self.books):
            even = self.epsilon > 0 and level == len(self.books) - 1
            with torch.no_grad():
                codes.append(evenly(left, book, self.epsilon) if even else assign(left, book))
            entries.append(F.embedding(codes[-1], book))
            codebook.append(F.mse_loss(entries[-1], left.detach()))
            commitment.append(F.mse_loss(left, entries[-1].detach()))
            left = left - entries[-1].detach()
            left = left if self.every_level else left.detach()
        q = z + (torch.stack(entries).sum(dim=0) - z).detach()
        return Pass(self.decoder(q), q, torch.stack(codes, dim=1), entries, codebook, commitment)


def perceptron(widths: Sequence[int]) -> nn.Sequential:
    """Linear layers of these widths, ReLU between them; weights from torch's global generator."""
    layers: list[nn.Module] = []
    for inner, outer in pairwise(widths):
        linear = nn.Linear(inner, outer)
        nn.init.xavier_normal_(linear.weight)
        nn.init.zeros_(linear.bias)
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def evenly(x: Tensor, book: Tensor, epsilon: float) -> Tensor:
    """(n,) entries by Sinkhorn's iteration on distances, which gives all of them about n / K rows.

    Distances are centred and scaled to -1 … 1 first, and the iteration is one of logarithms: no row or
    entry can vanish.
    """
    apart = torch.cdist(x, book).square().double()
    middle = (apart.max() + apart.min()) / 2
    plan = -(apart - middle) / ((apart.max() - middle) + 1e-5) / epsilon
    for _ in range(ROUNDS):
        plan = plan - plan.logsumexp(dim=1, keepdim=True)
        plan = plan - plan.logsumexp(dim=0, keepdim=True)
    return plan.argmax(dim=1)
