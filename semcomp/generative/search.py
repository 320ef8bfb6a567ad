"""Beam search along a trie, all users at once; with a beam for every prefix, the score of each item."""

from __future__ import annotations

import torch
from torch import Tensor

from semcomp.generative.network import CodeWriter, Pair
from semcomp.generative.trie import Trie


def search(
    network: CodeWriter, trie: Trie, codes: Tensor, width: int, seen: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """(B, K) nodes of the last level of the trie, the likeliest first, and their log-probabilities.

    The log-probability of a code is Σ_l log p(c_l | history, c_1 … c_{l-1}), p over all tokens of a level;
    tokens that lead to no item are left out, and those that are left are not normed again. Of a level the
    `width` best prefixes go on. With a width of all nodes of the largest level nothing is left out, and the
    search is exact. Of equal prefixes those come first that descend from the better, then by token.

    Args:
        codes: (B, W, L) of the histories, -1 where there is no item.
        seen: (B, I) items, by place in the catalogue, that are not asked for. A prefix is given up as soon
            as all the items under it are seen, so that no beam is spent on them.

    Returns:
        K is `width` or the number of nodes, whichever is less; -inf where nothing is left.
    """
    batch = len(codes)
    memory = network.read(codes)
    look = memory.seen[:, -1:]
    nodes = torch.zeros(batch, 1, dtype=torch.int64, device=codes.device)
    rows, total = nodes, torch.zeros(batch, 1, device=codes.device)
    before: list[Pair] | None = None
    taken = None
    if seen is not None:
        order = torch.from_numpy(trie.order).to(codes.device)
        taken = torch.nn.functional.pad(seen[:, order].long().cumsum(dim=1), (1, 0))
    for level in range(network.levels):
        states, kept = network.states(rows[..., None], memory, look, before)
        steps = network.logits(states[:, :, 0], level).float().log_softmax(dim=-1)  # (B, K, size)
        found, tokens, there = trie.children(level, nodes)  # (B, K, C)
        scores = (total[..., None] + steps.gather(2, tokens)).masked_fill(~there, -torch.inf)
        if taken is not None:
            scores = scores.masked_fill(~trie.left(level + 1, found, taken), -torch.inf)
        most = min(width, len(trie.tokens[level]))
        total, at = scores.flatten(1).sort(dim=1, descending=True, stable=True)
        total, at = total[:, :most], at[:, :most]
        nodes, token = found.flatten(1).gather(1, at), tokens.flatten(1).gather(1, at)
        rows = token + network.offsets[level]
        parent = at // found.shape[2] + len(steps[0]) * torch.arange(batch, device=at.device)[:, None]
        before = [(keys[parent.flatten()], values[parent.flatten()]) for keys, values in kept]
    return nodes, total
