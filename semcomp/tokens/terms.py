"""What can be added to RQ-VAE's loss: LETTER's two terms, and a pull towards a language model's tokens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional as F

from semcomp.checks import checked
from semcomp.kernels.random import generator
from semcomp.tokens.clusters import constrained, spread
from semcomp.tokens.quantiser import Pass, Quantiser
from semcomp.views.checks import check_options

NEAREST = 16  # tokens that may be given to an entry


@checked
@dataclass(frozen=True)
class Letter:
    """LETTER's terms: α L_cf + β mean_l L_div.

    L_cf: cross-entropy of <q_i, h_j> / τ over the items j of a batch, target i, h the vectors of a
    collaborative view; items whose h is zero are left out. L_div, of a level: cross-entropy of <e_i, e_k>
    over all entries k but the item's own, target one drawn from the same cluster of the codebook. Wang et
    al., "Learnable item tokenization for generative recommendation", CIKM 2024.

    Differs from the authors' code: directions of q and h with a temperature, since inner products of raw
    vectors make α depend on their lengths (`normalised=False` is theirs); clusters of 10 epochs, where they
    make new ones in each; k-means++ at the start, where theirs is constrained in size.

    Attributes:
        alpha: weight of L_cf. beta: of L_div; 0 leaves a term out.
        normalised: of q and h, read directions. temperature: τ, of directions alone.
        clusters: of each codebook; from K / (2 · clusters), at most 10, to 6 times as many entries each.

    >>> sc.tokens.Letter(alpha=0.01, normalised=False).beta
    0.0001
    """

    alpha: float = 0.1
    beta: float = 1e-4
    normalised: bool = True
    temperature: float = 0.1
    clusters: int = 10

    def __post_init__(self) -> None:
        check_options(
            self,
            "Letter option",
            whole=("clusters",),
            positive=("temperature",),
            not_negative=("alpha", "beta"),
        )

    def collaborative(self, q: Tensor, h: Tensor) -> Tensor:
        """L_cf of a batch, q and h (B, d); 0 without an item whose h is not zero."""
        has = h.any(dim=1)
        q, h = q[has], h[has]
        if not len(q):
            return q.sum()
        if self.normalised:
            q, h = F.normalize(q) / self.temperature, F.normalize(h)
        return F.cross_entropy(q @ h.T, torch.arange(len(q), device=q.device))

    def diversity(self, seen: Pass, network: Quantiser, draw: torch.Generator) -> Tensor:
        """The mean over levels of L_div; entries that are alone in their cluster have none."""
        losses = []
        for level, book in enumerate(network.books):
            own = seen.codes[:, level]
            labels = network.labels[level, : len(book)]
            same = labels[own][:, None] == labels[None]
            same.scatter_(1, own[:, None], False)
            chance = torch.rand(same.shape, generator=draw).to(same.device) * same
            some = same.any(dim=1)
            near = (seen.entries[level] @ book.T).scatter(1, own[:, None], -torch.inf)
            if some.any():
                losses.append(F.cross_entropy(near[some], chance[some].argmax(dim=1)))
        return torch.stack(losses).mean() if losses else seen.q.new_zeros(())

    def clustered(self, network: Quantiser, seed: int, epoch: int) -> None:
        """Give the entries of each codebook new labels, by constrained k-means."""
        for level, book in enumerate(network.books):
            x = book.detach().cpu()
            k = max(1, min(self.clusters, len(x) // 2))
            least = min(10, len(x) // (2 * k))
            start = x[spread(x, k, generator(seed, "clusters", epoch, level))]
            most = max(6 * least, -(-len(x) // k))
            labels = constrained(x.double().numpy(), start.double().numpy(), least, most)[1]
            network.labels[level, : len(x)] = torch.from_numpy(labels)


@checked
@dataclass(frozen=True)
class TokenSpace:
    """Every codebook entry becomes the direction of one token of a language model, no two of the same.

    Semantic Convergence (Li et al., AAAI 2025) quantises the vectors of an ID model into four tokens for each
    item, aligned with the space of a language model's tokens; how, and by which losses, is not public. This
    is ours: while training, weight · mean_k (1 - cos(e_k, t)), t the row of the token table nearest to e_k by
    direction; after `free` of the epochs entries become s_l · t / ‖t‖, with distinct tokens for all entries
    of all levels and one length s_l for each level, and from then on encoder and decoder alone are trained.

    Attributes:
        weight: of the pull. free: share of the epochs before entries are tokens.

    >>> sc.tokens.TokenSpace(weight=0.3).free
    0.7
    """

    weight: float = 1.0
    free: float = 0.7

    def __post_init__(self) -> None:
        check_options(self, "TokenSpace option", not_negative=("weight",), share=("free",))

    def pull(self, network: Quantiser, unit: Tensor) -> Tensor:
        """The mean over all entries of 1 - cos with the token that is nearest; unit rows (V, d)."""
        cosines = [
            (F.normalize(book) * unit[network.near[level, : len(book)]]).sum(dim=1)
            for level, book in enumerate(network.books)
        ]
        return 1 - torch.cat(cosines).mean()

    def look_up(self, network: Quantiser, unit: Tensor) -> None:
        """Remember the token nearest to each entry."""
        with torch.no_grad():
            for level, book in enumerate(network.books):
                network.near[level, : len(book)] = (F.normalize(book) @ unit.T).argmax(dim=1)

    def settle(self, network: Quantiser, unit: Tensor) -> None:
        """Make tokens of the entries: distinct ones, as near in all as their `NEAREST` nearest allow."""
        with torch.no_grad():
            entries = F.normalize(torch.cat(list(network.books)))
            cosines, each = entries @ unit.T, NEAREST
            may = cosines.topk(min(each, len(unit))).indices.unique()
            while len(may) < len(entries):
                each *= 2
                may = cosines.topk(min(each, len(unit))).indices.unique()
            chosen = linear_sum_assignment(-cosines[:, may].cpu().numpy())[1]
            rows = may[torch.from_numpy(np.asarray(chosen)).to(may.device)]
            for level, (book, row) in enumerate(
                zip(network.books, rows.split([len(book) for book in network.books]), strict=True)
            ):
                network.near[level, : len(book)] = row
                length = (book * unit[row]).sum(dim=1).mean().clamp(min=1e-6)
                book.copy_(length * unit[row])
