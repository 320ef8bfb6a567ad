"""`rank`: which history is excluded, how far lists go, and scorers without vectors."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError

USERS, ITEMS = 25, 40
LEFT_OUT = {"train+valid": (1, 2), "train": (1,), "none": ()}


class Table:
    """A scorer without vectors: a table of scores."""

    name = "table"

    def __init__(self, table: np.ndarray) -> None:
        self.table = table
        self.asked: list[int] = []

    @property
    def shape(self) -> tuple[int, int]:
        return self.table.shape

    def scores(self, users: np.ndarray) -> np.ndarray:
        self.asked.append(len(users))
        return self.table[users].astype(np.float32)


@pytest.fixture(scope="module")
def part() -> np.ndarray:
    """(U, I) 0 where nothing happened, else 1, 2, 3 for train, valid, test; user 0 has almost no 0."""
    rng = np.random.default_rng(1)
    parts = rng.choice(4, size=(USERS, ITEMS), p=[0.6, 0.2, 0.1, 0.1])
    parts[0] = 1
    parts[0, [4, 9, 30]] = [2, 3, 0]
    return parts


@pytest.fixture(scope="module")
def split(make_split, part):
    return make_split((USERS, ITEMS), *(np.argwhere(part == n).tolist() for n in (1, 2, 3)))


@pytest.fixture(scope="module")
def view() -> View:
    """Small integers: sums are exact, ties are many."""
    rng = np.random.default_rng(2)
    return View(
        "integers", rng.integers(-2, 3, (USERS, 3)), rng.integers(-2, 3, (ITEMS, 3)), {"model": "integers"}
    )


def by_hand(view: View, part: np.ndarray, k: int, mask: str) -> list[list[int]]:
    scores = (view.users @ view.items.T).astype(int)
    rows = []
    for user in range(USERS):
        free = [item for item in range(ITEMS) if part[user, item] not in LEFT_OUT[mask]]
        best = sorted(free, key=lambda item: (-scores[user, item], item))[:k]
        rows.append(best + [-1] * (k - len(best)))
    return rows


@pytest.mark.parametrize("mask", LEFT_OUT)
@pytest.mark.parametrize("k", [1, 7, ITEMS])
def test_the_history_of_the_mask_is_left_out(view, split, part, k, mask):
    topk = rank(view, split, k, mask=mask)
    assert topk.ids.tolist() == by_hand(view, part, k, mask)
    assert topk.ids.dtype == np.int32
    assert (topk.n_users, topk.k, topk.n_items) == (USERS, k, ITEMS)
    listed = topk.ids >= 0
    expected = np.take_along_axis(view.users @ view.items.T, np.maximum(topk.ids, 0), 1)
    np.testing.assert_array_equal(topk.scores[listed], expected[listed])
    assert np.isneginf(topk.scores[~listed]).all()


def test_the_default_is_the_mask_of_the_test(view, split, part):
    assert rank(view, split).ids.tolist() == by_hand(view, part, 20, "train+valid")


def test_a_user_with_few_candidates_is_padded(view, split):
    assert sorted(rank(view, split, 5).ids[0].tolist()) == [-1, -1, -1, 9, 30]
    assert sorted(rank(view, split, 5, mask="train").ids[0].tolist()) == [-1, -1, 4, 9, 30]


@pytest.mark.parametrize("memory", [1, 3_000, 2**30])
def test_the_memory_budget_changes_no_byte(split, memory):
    rng = np.random.default_rng(3)
    items = rng.standard_normal((ITEMS, 16)).astype(np.float32)
    items[20:] = items[:20]  # every score is there twice
    view = View("doubled", rng.standard_normal((USERS, 16)), items)
    expected, got = rank(view, split, 12), rank(view, split, 12, memory=memory)
    assert got.ids.tobytes() == expected.ids.tobytes()
    assert got.scores.tobytes() == expected.scores.tobytes()
    table = Table(rng.integers(0, 5, (USERS, ITEMS)))
    assert rank(table, split, 12, memory=memory).ids.tobytes() == rank(table, split, 12).ids.tobytes()


@pytest.mark.parametrize("mask", LEFT_OUT)
def test_a_scorer_that_is_no_view_is_ranked_alike(view, split, mask):
    table = Table(view.users @ view.items.T)
    one, other = rank(view, split, 15, mask=mask), rank(table, split, 15, mask=mask)
    np.testing.assert_array_equal(other.ids, one.ids)
    np.testing.assert_array_equal(other.scores, one.scores)
    assert other.name == "table"
    assert other.provenance == {"mask": mask, "split": split.fingerprint}
    table.asked.clear()
    rank(table, split, 15, memory=64 * ITEMS * 4)
    assert max(table.asked) == 4  # never the whole matrix at once
    assert sum(table.asked) == USERS


def test_provenance_names_view_split_and_mask(view, split):
    assert rank(view, split, mask="train").provenance == {
        "mask": "train",
        "split": split.fingerprint,
        "view": {"model": "integers"},
    }


def test_the_view_is_left_as_it_was_and_the_device_can_be_named(view, split):
    before = view.users.tobytes()
    np.testing.assert_array_equal(rank(view, split, 9, device="cpu").ids, rank(view, split, 9).ids)
    assert view.users.tobytes() == before
    assert not view.users.flags.writeable


def test_the_length_of_a_view_does_not_change_its_lists(split):
    rng = np.random.default_rng(4)
    users, items = rng.standard_normal((USERS, 4)), rng.standard_normal((ITEMS, 4))
    expected = rank(View("v", users, items), split, 20).ids
    for factor in (2.0**-60, 2.0**60):
        np.testing.assert_array_equal(rank(View("v", users, items * factor), split, 20).ids, expected)


@pytest.mark.parametrize("k", [0, -3, ITEMS + 1])
def test_k_out_of_range(view, split, k):
    with pytest.raises(
        SemcompError, match=f"^k = {k}, but it must lie between 1 and the number of items, {ITEMS}$"
    ):
        rank(view, split, k)


def test_scores_that_overflow_are_refused(view, split):
    for length in (5e18, 1e20):  # the norms themselves overflow in the second
        huge = View("huge", np.full((USERS, 1), length), np.full((ITEMS, 1), length))
        with pytest.raises(
            SemcompError, match="view 'huge' has vectors so long that scores overflow; rescale"
        ):
            rank(huge, split)
    long = View("long", view.users * 2.0**56, view.items * 2.0**56)
    np.testing.assert_array_equal(rank(long, split, 9).ids, rank(view, split, 9).ids)


def test_a_view_of_other_data_is_refused(view, split):
    short = View("short", view.users[1:], view.items)
    with pytest.raises(
        SemcompError, match="view 'short' has 24 user rows and 40 item rows, but the split has 25"
    ):
        rank(short, split)
    with pytest.raises(SemcompError, match="view 'table' has 25 user rows and 39 item rows"):
        rank(Table(np.zeros((USERS, ITEMS - 1))), split)


def test_an_unknown_mask_is_refused(view, split):
    with pytest.raises(SemcompError, match="unknown mask 'test'; use 'train\\+valid', 'train' or 'none'"):
        rank(view, split, mask="test")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_gives_the_bytes_of_the_cpu(split):
    rng = np.random.default_rng(5)
    view = View("v", rng.standard_normal((USERS, 32)), rng.standard_normal((ITEMS, 32)))
    cpu, gpu = (rank(view, split, 20, device=device) for device in ("cpu", "cuda"))
    assert cpu.ids.tobytes() == gpu.ids.tobytes()
    assert cpu.scores.tobytes() == gpu.scores.tobytes()


def test_what_a_view_cost_is_left_out_at_any_depth(make_split):
    """Evidence is to be the same, byte by byte; a fusion carries the origins of its parts."""
    split = make_split((2, 3), train=[(0, 0), (1, 1)], test=[(0, 1)])
    made = {"model": "fused", "cost": {"seconds": 1.0}, "of": [{"seed": 0, "cost": {"seconds": 2.0}}]}
    rng = np.random.default_rng(0)
    view = View("fused", rng.random((split.n_users, 2)), rng.random((split.n_items, 2)), made)
    assert rank(view, split, 1).provenance["view"] == {"model": "fused", "of": [{"seed": 0}]}


class Scored:
    """A scorer of one's own, whose scores are changed by what is under test."""

    name = "mine"

    def __init__(self, split, change):
        self.shape = (split.n_users, split.n_items)
        self.change = change

    def scores(self, users):
        return self.change(np.tile(np.arange(self.shape[1], dtype=np.float64), (len(users), 1)), users)


def put(value):
    def change(scores, users):
        scores[users == 2, 3] = value
        return scores

    return change


WRONG_SCORES = {
    "NaN": (put(np.nan), "'mine' scores items of user row 2 NaN or infinite"),
    "infinity": (put(np.inf), "'mine' scores items of user row 2 NaN or infinite"),
    "beyond float32": (put(1e300), "'mine' scores items of user row 2 NaN or infinite"),
    "a column short": (
        lambda s, _: s[:, 1:],
        r"'mine' gives scores of shape \(3, 5\) where \(3, 6\) is needed",
    ),
    "one row": (lambda s, _: s[0], r"'mine' gives scores of shape \(6,\)"),
    "complex": (lambda s, _: s * 1j, "what 'mine' scores holds complex128"),
    "None": (lambda s, _: None, "what 'mine' scores holds object"),
    "words": (lambda s, _: s.astype(str), "what 'mine' scores holds <U32"),
}


@pytest.mark.parametrize("case", WRONG_SCORES)
def test_scores_that_cannot_be_ranked_are_named(case, make_split):
    """NaN was ranked as "nothing left", and recall was 0."""
    change, message = WRONG_SCORES[case]
    split = make_split((3, 6), [(user, user) for user in range(3)])
    with pytest.raises(SemcompError, match=message):
        rank(Scored(split, change), split, 2)


def test_minus_infinity_takes_an_item_out(make_split):
    split = make_split((3, 6), [(user, user) for user in range(3)])
    lists = rank(Scored(split, put(-np.inf)), split, 6, mask="none")
    assert lists.ids[1].tolist() == [5, 4, 3, 2, 1, 0]
    assert lists.ids[2].tolist() == [5, 4, 2, 1, 0, -1]


def test_a_view_with_ids_is_joined_to_the_split(make_split):
    split = make_split((3, 6), [(user, user) for user in range(3)])
    rng = np.random.default_rng(0)
    view = View("v", rng.normal(size=(3, 2)), rng.normal(size=(6, 2)), {}, split.user_ids, split.item_ids)
    turned = View("v", view.users[::-1], view.items[::-1], {}, split.user_ids[::-1], split.item_ids[::-1])
    np.testing.assert_array_equal(rank(turned, split, 4).ids, rank(view, split, 4).ids)
    foreign = replace(view, item_ids=np.array(list("abcdef")))
    with pytest.raises(SemcompError, match=r"view 'v' lacks 6 items, e.g. 'i00'; use the split of the data"):
        rank(foreign, split, 4)
