"""Beam search: exact where there is a beam for each prefix, and what it leaves out where there is not."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semcomp.generative.network import CodeNetwork
from semcomp.generative.search import search
from semcomp.generative.trie import Trie
from semcomp.sequential.network import chance

SIZES = (4, 3, 5)
CODES = np.unique(np.random.default_rng(0).integers(0, SIZES, size=(30, 3)), axis=0)


@pytest.fixture(scope="module")
def network() -> CodeNetwork:
    with chance(1, "init"):
        return (
            CodeNetwork(SIZES, 4, dim=8, layers=2, heads=2, dropout=0.0, causal=True)
            .eval()
            .requires_grad_(False)
        )


def histories(users: int, seed: int = 0) -> torch.Tensor:
    """(users, 4, 3) codes of items; the first user has none, the second one item."""
    read = torch.from_numpy(np.random.default_rng(seed).integers(0, SIZES, size=(users, 4, 3)))
    read[0], read[1:2, :3] = -1, -1
    return read


def by_hand(network: CodeNetwork, read: torch.Tensor, codes: np.ndarray) -> np.ndarray:
    """(B, I) log-probabilities, each item's whole code written out by itself."""
    scores = np.zeros((len(read), len(codes)))
    for item, code in enumerate(torch.from_numpy(codes)):
        memory = network.read(read)
        rows = torch.cat([torch.zeros(1, dtype=torch.int64), network.rows(code)[:-1]])
        states, _ = network.states(rows.expand(len(read), 1, -1), memory, memory.seen[:, -1:])
        for level, token in enumerate(code.tolist()):
            steps = network.logits(states[:, 0, level], level).log_softmax(dim=1)
            scores[:, item] += steps[:, token].numpy()
    return scores


def test_with_a_beam_for_each_prefix_it_is_the_sum_of_log_probabilities_of_every_item(network):
    read, trie = histories(5), Trie.of(CODES)
    nodes, total = search(network, trie, read, len(CODES))
    found = np.full((5, len(CODES)), np.nan)
    np.put_along_axis(found, trie.order[nodes.numpy()], total.numpy(), axis=1)
    np.testing.assert_allclose(found, by_hand(network, read, CODES), rtol=1e-5, atol=1e-5)
    assert (total.diff(dim=1) <= 0).all()


def test_more_beams_change_nothing_more(network):
    read, trie = histories(5), Trie.of(CODES)
    for one, other in zip(
        search(network, trie, read, trie.widest), search(network, trie, read, 1000), strict=True
    ):
        assert torch.equal(one, other)


@pytest.mark.parametrize("width", [1, 2, 6])
def test_narrow_beams_are_those_of_a_search_in_plain_python(network, width):
    read, trie = histories(4), Trie.of(CODES)
    nodes, total = search(network, trie, read, width)
    for user in range(4):
        beams: dict[tuple[int, ...], float] = {(): 0.0}
        for level in range(3):
            grown = {}
            for prefix, score in beams.items():
                below = CODES[(CODES[:, :level] == prefix).all(axis=1), level]
                code = torch.tensor([[*prefix, 0]])
                rows = torch.cat([torch.zeros(1, dtype=torch.int64), network.rows(code)[0, :-1]])
                memory = network.read(read[user : user + 1])
                states, _ = network.states(rows[None, None], memory, memory.seen[:, -1:])
                steps = network.logits(states[0, 0, -1], level).log_softmax(dim=0)
                grown.update({(*prefix, int(t)): score + float(steps[int(t)]) for t in np.unique(below)})
            beams = dict(sorted(grown.items(), key=lambda one: -one[1])[:width])
        codes = [tuple(code) for code in CODES[trie.order[nodes[user].numpy()]].tolist()]
        assert codes == list(beams)
        np.testing.assert_allclose(total[user].numpy(), list(beams.values()), rtol=1e-5)


def test_the_best_of_a_wider_search_is_no_worse(network):
    read, trie = histories(20, seed=3), Trie.of(CODES)
    best = [search(network, trie, read, width)[1][:, 0] for width in (1, 3, len(CODES))]
    assert (best[0] <= best[1] + 1e-6).all()
    assert (best[1] <= best[2] + 1e-6).all()
    assert (best[0] < best[2] - 1e-6).any()


@settings(max_examples=8, deadline=None)
@given(arrays(bool, (3, len(CODES))), st.sampled_from([2, len(CODES)]))
def test_no_beam_is_spent_on_what_is_seen(network, seen, width):
    """Exact: the others as if nothing was seen. Narrow: as many as asked for, if so many are left."""
    read, trie = histories(3), Trie.of(CODES)
    nodes, total = search(network, trie, read, width, torch.from_numpy(seen))
    for user in range(3):
        there = torch.isfinite(total[user])
        items = trie.order[nodes[user][there].numpy()]
        assert not seen[user, items].any()
        assert len(set(items.tolist())) == len(items)
        left = int((~seen[user]).sum())
        assert (len(items) == left) if width == len(CODES) else (len(items) >= min(left, 1))
        expected = by_hand(network, read[user : user + 1], CODES[items])[0] if len(items) else []
        np.testing.assert_allclose(total[user][there].numpy(), expected, rtol=1e-4, atol=1e-5)
