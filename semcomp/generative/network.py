"""An encoder-decoder over code tokens, T5 by its formulas, whose decoder reads many prefixes of one history.

Raffel et al., "Exploring the limits of transfer learning with a unified text-to-text transformer", JMLR 2020.
Written here and not taken from transformers because of the prefixes: those of one history share its keys and
values, and a longer prefix those of the one that it extends, be they the beams of a search, all nodes of a
trie, or all places of a history in training.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Pair = tuple[Tensor, Tensor]  # keys and values, (B, heads, T, d / heads) each


class Attention(nn.Module):
    """Multi-head attention without biases and without a scale; what is added to its scores says who may look.

    Unlike in T5 its weights are not dropped out, nor is the inside of pointwise layers: on a CPU that costs
    as much as the rest.
    """

    def __init__(self, dim: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.queries, self.keys, self.values, self.out = (nn.Linear(dim, dim, bias=False) for _ in range(4))
        nn.init.normal_(self.queries.weight, std=(dim * dim / heads) ** -0.5)
        for layer in (self.keys, self.values, self.out):
            nn.init.normal_(layer.weight, std=dim**-0.5)

    def read(self, x: Tensor) -> Pair:
        """(B, T, d) -> what is looked at."""
        return self._split(self.keys(x)), self._split(self.values(x))  # (B, heads, T, d / heads)

    def forward(self, x: Tensor, read: Pair, bias: Tensor) -> Tensor:
        """(B, T, d), the keys and values of S places, (…, T, S) added to the scores -> (B, T, d)."""
        keys, values = read
        weights = (self._split(self.queries(x)) @ keys.mT + bias).softmax(dim=-1)
        out: Tensor = self.out((weights @ values).transpose(1, 2).flatten(2))
        return out

    def _split(self, x: Tensor) -> Tensor:
        parts: Tensor = x.unflatten(2, (self.heads, -1)).transpose(1, 2)
        return parts


class FeedForward(nn.Module):
    """Two linear layers without biases."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.up, self.down = nn.Linear(dim, 4 * dim, bias=False), nn.Linear(4 * dim, dim, bias=False)
        nn.init.normal_(self.up.weight, std=dim**-0.5)
        nn.init.normal_(self.down.weight, std=(4 * dim) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down(F.relu(self.up(x)))
        return out


class EncoderBlock(nn.Module):
    """x + attention(norm x), then x + pointwise(norm x)."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.attention, self.pointwise = Attention(dim, heads), FeedForward(dim)
        self.norms, self.dropout = norms(dim, 2), nn.Dropout(dropout)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        y = self.norms[0](x)
        x = x + self.dropout(self.attention(y, self.attention.read(y), bias))
        out: Tensor = x + self.dropout(self.pointwise(self.norms[1](x)))
        return out


class DecoderBlock(nn.Module):
    """Attention of a prefix to itself, then to the history, then a pointwise layer."""

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.own, self.other = Attention(dim, heads), Attention(dim, heads)
        self.pointwise = FeedForward(dim)
        self.norms, self.dropout = norms(dim, 3), nn.Dropout(dropout)

    def forward(
        self, x: Tensor, before: Pair | None, bias: Tensor, history: Pair, seen: Tensor
    ) -> tuple[Tensor, Pair]:
        """(B, n, l, d) new tokens of n prefixes -> their states, and the keys and values of the prefixes.

        Args:
            before: of the tokens that come before, (B · n, heads, p, d / heads). bias: (heads, l, p + l).
            history: keys and values, (B, heads, S, d / heads). seen: (B, 1, 1 or n · l, S) added to scores.
        """
        n, length = x.shape[1:3]
        y = self.norms[0](x).flatten(0, 1)  # (B · n, l, d)
        own = self.own.read(y)
        if before is not None:
            own = torch.cat([before[0], own[0]], dim=2), torch.cat([before[1], own[1]], dim=2)
        x = x + self.dropout(self.own(y, own, bias)).unflatten(0, (-1, n))
        y = self.norms[1](x).flatten(1, 2)  # (B, n · l, d)
        x = x + self.dropout(self.other(y, history, seen)).unflatten(1, (n, length))
        return x + self.dropout(self.pointwise(self.norms[2](x))), own


def norms(dim: int, number: int) -> nn.ModuleList:
    return nn.ModuleList(nn.RMSNorm(dim, eps=1e-6) for _ in range(number))


@dataclass(frozen=True, eq=False)
class Memory:
    """A batch of histories, read: keys and values for each layer of the decoder, and what may be looked at.

    Attributes:
        layers: (B, heads, S, d / heads) each. seen: (B, 1 or W, S) whether token s is before place w.
    """

    layers: Sequence[Pair]
    seen: Tensor


class CodeWriter(nn.Module):
    """What a search asks of a network: to read histories, and to go on with prefixes of codes.

    Attributes:
        sizes: of the codebooks. length: items of a history that are read.
        table: (1 + Σ sizes, d) vectors of tokens, see `rows`.
    """

    table: nn.Parameter

    def __init__(self, sizes: Sequence[int], length: int) -> None:
        super().__init__()
        self.sizes, self.length = tuple(sizes), length
        self.offsets: list[int] = torch.tensor([0, *self.sizes]).cumsum(0).add(1).tolist()

    @property
    def levels(self) -> int:
        return len(self.sizes)

    @property
    def held(self) -> int:
        """Bytes that are held of a prefix while it is gone on with."""
        raise NotImplementedError

    def rows(self, codes: Tensor) -> Tensor:
        """(…, n) tokens of levels 0 … n - 1 -> rows of the table; codes below 0 are of no item.

        Token c of level l is row 1 + sizes[0] + … + sizes[l - 1] + c. Row 0 begins every prefix.
        """
        offsets = torch.tensor(self.offsets[: codes.shape[-1]], device=codes.device)
        return torch.where(codes < 0, 0, codes + offsets)

    def read(self, codes: Tensor) -> Memory:
        """(B, W, L) codes of histories, -1 where there is no item -> what prefixes look at."""
        raise NotImplementedError

    def states(
        self, rows: Tensor, memory: Memory, seen: Tensor, before: Sequence[Pair] | None = None
    ) -> tuple[Tensor, list[Pair]]:
        """(B, n, l) rows of the table that n prefixes go on with -> (B, n, l, d) states, keys and values.

        Args:
            seen: (B, 1 or n, S) what of the history each prefix may look at.
            before: keys and values of what comes before them, by layer, (B · n, …), as this method gave them.
        """
        raise NotImplementedError

    def logits(self, states: Tensor, level: int) -> Tensor:
        """(…, d) states after a prefix of so many tokens -> (…, sizes[level]) of the next."""
        table = self.table[self.offsets[level] : self.offsets[level + 1]]
        found: Tensor = states @ table.T * table.shape[1] ** -0.5
        return found

    def token_loss(self, states: Tensor, codes: Tensor, temperature: float) -> Tensor:
        """Mean of -log p of the tokens of (N, L) codes, p from logits / temperature; (N, L, d) states."""
        losses = [
            F.cross_entropy(self.logits(states[:, level], level).float() / temperature, codes[:, level])
            for level in range(self.levels)
        ]
        return torch.stack(losses).mean()


class CodeNetwork(CodeWriter):
    """From histories of codes to distributions over the next token.

    Row 0 of the table also stands where a history has no item; one without any item is read as such rows.

    Attributes:
        causal: tokens of a history look at those of the same item and of earlier ones, no further.
        table: free vectors, read at the bottom and compared with at the top.
    """

    def __init__(
        self,
        sizes: Sequence[int],
        length: int,
        *,
        dim: int,
        layers: int,
        heads: int,
        dropout: float,
        causal: bool,
    ) -> None:
        super().__init__(sizes, length)
        self.causal = causal
        self.table = nn.Parameter(torch.randn(self.offsets[-1], dim))
        self.dropout = nn.Dropout(dropout)
        self.encoder = nn.ModuleList(EncoderBlock(dim, heads, dropout) for _ in range(layers))
        self.decoder = nn.ModuleList(DecoderBlock(dim, heads, dropout) for _ in range(layers))
        self.ends = norms(dim, 2)
        self.span = length * self.levels  # tokens of a history
        self.apart = nn.Parameter(dim**-0.5 * torch.randn(heads, 2 * self.span - 1))
        self.ago = nn.Parameter(dim**-0.5 * torch.randn(heads, self.levels))

    @property
    def held(self) -> int:
        return 8 * self.table.shape[1] * len(self.decoder) * self.levels

    def read(self, codes: Tensor) -> Memory:
        window = codes.shape[1]
        there = codes[..., 0] >= 0  # (B, W)
        item = torch.arange(window, device=codes.device)
        place = torch.arange(window * self.levels, device=codes.device)
        may = there[:, None, :].expand(-1, window, -1) | torch.eye(window, device=codes.device).bool()
        if self.causal:
            may = may & (item <= item[:, None])
        may = may.repeat_interleave(self.levels, 1).repeat_interleave(self.levels, 2)
        bias = self.apart[:, place - place[:, None] + self.span - 1]  # (heads, S, S)
        x = self.dropout(F.embedding(self.rows(codes).flatten(1), self.table))
        scores = bias.masked_fill(~may[:, None], -torch.inf)
        for block in self.encoder:
            x = block(x, scores)
        x = self.dropout(self.ends[0](x))
        seen = there[:, None, :].expand(-1, window if self.causal else 1, -1)
        if self.causal:
            seen = seen & (item <= item[:, None])
        nothing = ~seen.any(dim=-1, keepdim=True)  # and a softmax over nothing is not a number
        seen = seen | (nothing & ~there[:, None, :])
        layers = [block.other.read(x) for block in self.blocks]
        return Memory(layers, seen.repeat_interleave(self.levels, 2))

    @property
    def blocks(self) -> list[DecoderBlock]:
        """Of the decoder, from the bottom."""
        return [block for block in self.decoder if isinstance(block, DecoderBlock)]

    def states(
        self, rows: Tensor, memory: Memory, seen: Tensor, before: Sequence[Pair] | None = None
    ) -> tuple[Tensor, list[Pair]]:
        length = rows.shape[2]
        past = before[0][0].shape[2] if before else 0
        query = past + torch.arange(length, device=rows.device)
        distance = query[:, None] - torch.arange(past + length, device=rows.device)
        bias = self.ago[:, distance.clamp(min=0)].masked_fill(distance < 0, -torch.inf)
        if seen.shape[1] > 1:
            seen = seen.repeat_interleave(length, 1)
        look = torch.zeros(seen.shape, device=rows.device).masked_fill(~seen, -torch.inf)[:, None]
        x, kept = self.dropout(F.embedding(rows, self.table)), []
        for number, block in enumerate(self.blocks):
            x, own = block(x, before[number] if before else None, bias, memory.layers[number], look)
            kept.append(own)
        return self.dropout(self.ends[1](x)), kept

    def loss(self, histories: Tensor, targets: Tensor, temperature: float = 1.0) -> Tensor:
        """-log p of the tokens of the items that came next, p from logits / temperature; mean over all.

        Args:
            histories: (B, W, L) codes. targets: (B, W, L) of the item after each place, -1 where none is
                asked for; of a network that is not causal (B, 1, L), of the item after the history.
        """
        memory = self.read(histories)
        begin = torch.zeros_like(targets[..., :1])
        rows = torch.cat([begin, self.rows(targets)[..., :-1]], dim=-1)
        states, _ = self.states(rows, memory, memory.seen)
        asked = targets[..., 0] >= 0
        return self.token_loss(states[asked], targets[asked], temperature)
