"""The trie in arrays against one of dicts, and by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from semcomp.errors import SemcompError
from semcomp.generative import Trie

CATALOGUES = st.tuples(st.integers(1, 25), st.integers(1, 4)).flatmap(
    lambda shape: arrays(np.int64, shape, elements=st.integers(0, 4))
)


def as_dicts(codes: np.ndarray) -> dict[int, Any]:
    """A literal trie: token -> the trie below; at its end the places of the items."""
    root: dict[int, Any] = {}
    for place, code in enumerate(codes.tolist()):
        node: Any = root
        for token in code[:-1]:
            node = node.setdefault(token, {})
        node.setdefault(code[-1], []).append(place)
    return root


def walked(trie: Trie, level: int = 0, node: int = 0) -> dict[int, Any]:
    """The same out of the arrays, node by node."""
    found, tokens, there = trie.children(level, torch.tensor([[node]]))
    made: dict[int, Any] = {}
    for child, token in zip(found[there].tolist(), tokens[there].tolist(), strict=True):
        assert token not in made
        if level + 1 < trie.levels:
            made[token] = walked(trie, level + 1, child)
        else:
            made[token] = trie.order[trie.leaves[-1][child] : trie.leaves[-1][child + 1]].tolist()
    return made


@given(CATALOGUES)
def test_it_is_the_trie_of_dicts(codes):
    assert walked(Trie.of(codes)) == as_dicts(codes)


@given(CATALOGUES)
def test_nodes_are_the_distinct_prefixes_in_order(codes):
    trie = Trie.of(codes)
    for level in range(1, trie.levels + 1):
        prefixes = np.unique(codes[:, :level], axis=0)
        np.testing.assert_array_equal(codes[trie.order[trie.leaves[level][:-1]], :level], prefixes)
        assert len(trie.tokens[level - 1]) == len(prefixes)
    assert trie.widest == len(np.unique(codes, axis=0))


@given(CATALOGUES, st.data())
def test_a_prefix_is_left_while_an_item_under_it_is(codes, data):
    trie = Trie.of(codes)
    seen = data.draw(arrays(bool, (2, len(codes))))
    taken = np.pad(seen[:, trie.order].cumsum(axis=1), ((0, 0), (1, 0)))
    for level in range(trie.levels + 1):
        nodes = torch.arange(len(trie.leaves[level]) - 1).expand(2, -1)
        found = trie.left(level, nodes, torch.from_numpy(taken)).numpy()
        for node in nodes[0].tolist():
            under = trie.order[trie.leaves[level][node] : trie.leaves[level][node + 1]]
            np.testing.assert_array_equal(found[:, node], ~seen[:, under].all(axis=1))


def test_children_of_many_nodes_are_looked_up_at_once():
    trie = Trie.of(np.array([[0, 1], [0, 3], [2, 0], [2, 1], [2, 2]]))
    found, tokens, there = trie.children(1, torch.tensor([[1, 0], [0, 0]]))
    assert found.tolist() == [[[2, 3, 4], [0, 1, 1]], [[0, 1, 1], [0, 1, 1]]]
    assert tokens[there].tolist() == [0, 1, 2, 1, 3, 1, 3, 1, 3]


@pytest.mark.parametrize("codes", [np.zeros((0, 2)), np.zeros((2, 0)), np.array([[0, -1]]), np.arange(3)])
def test_what_is_no_code_is_refused(codes):
    with pytest.raises(SemcompError, match="a trie needs a row of tokens"):
        Trie.of(codes.astype(np.int64))
