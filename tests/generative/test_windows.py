"""Windows of histories: every event is asked for once, with what came before it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcomp.data.splits.order import Sequences
from semcomp.generative import CodeTraining
from semcomp.generative.windows import Windows

LISTS = st.lists(st.integers(0, 9), min_size=1, max_size=6)


def flat(sizes: list[int]) -> Sequences:
    """Events are numbered, so that each says where it is from."""
    return Sequences(np.cumsum([0, *sizes]), np.arange(sum(sizes), dtype=np.int32))


@pytest.mark.parametrize("causal", [True, False])
@given(LISTS, st.integers(1, 4), st.integers(0, 3))
def test_each_event_but_a_users_first_is_asked_for_once(causal, sizes, length, number):
    lists = flat(sizes)
    asked = []
    for rows in Windows(lists, length, causal).epoch(0, number, 3):
        assert rows.shape[1] == length + 1
        assert len(rows) <= 3
        for row in rows.tolist():
            events = [one - 1 for one in row if one]
            assert events == list(range(events[0], events[-1] + 1))  # neighbours in order
            places = range(1, length + 1) if causal else [length]
            asked += [row[at] - 1 for at in places if row[at] and row[at - 1]]
    owner = np.repeat(np.arange(len(sizes)), sizes)
    expected = np.flatnonzero(np.diff(owner, prepend=-1) == 0)
    assert sorted(asked) == expected.tolist()


def test_tiles_begin_elsewhere_in_each_epoch_and_alike_for_a_seed():
    windows = Windows(flat([30, 40]), 5, causal=True)
    first, again, other = (
        np.sort(np.vstack(list(windows.epoch(0, number, 100))), axis=0) for number in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or (first != other).any()


def test_without_a_second_event_there_is_nothing_to_learn():
    for causal in (True, False):
        assert list(Windows(flat([1, 0, 1]), 5, causal).epoch(0, 1, 8)) == []


def test_the_step_size_rises_to_its_own():
    training = CodeTraining(lr=0.2, warmup=4)
    assert [training.rate(step) for step in (0, 1, 3, 4, 100)] == pytest.approx([0.05, 0.1, 0.2, 0.2, 0.2])
    assert CodeTraining(lr=0.2, warmup=0).rate(0) == 0.2
