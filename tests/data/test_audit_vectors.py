"""The leakage audit of vectors: users pooled over held-out items, text rows on the wrong items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from audited_world import ITEMS, embedded, leak, observed, state, vectors, with_text

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, unit_rows
from semcomp.data import Dataset, Split, audit, split
from semcomp.errors import SemcompError
from semcomp.views import Popularity


@pytest.fixture(scope="module")
def data() -> Dataset:
    return observed()


@pytest.fixture(scope="module")
def made(data: Dataset) -> Split:
    return split(data, seed=3)


POOLS = [
    ("test",),
    ("valid",),
    ("valid", "test"),
    ("train", "test"),
    ("train", "valid"),
    ("train", "valid", "test"),
]


@pytest.mark.parametrize("pool", POOLS, ids=" + ".join)
@pytest.mark.parametrize("rows", ["as they are", "unit"])
@pytest.mark.parametrize("scale", ["mean", "unit", "half precision"])
def test_user_vectors_pooled_over_held_out_items(data, made, pool, rows, scale):
    items = vectors(data)
    pooled = sum(getattr(made, part) for part in pool) @ (unit_rows(items) if rows == "unit" else items)
    users = pooled / np.maximum(1, np.asarray(sum(getattr(made, part) for part in pool).sum(axis=1))[:, None])
    users = users if scale == "mean" else unit_rows(users.astype(np.float32))
    users = users.astype(np.float16) if scale == "half precision" else users
    finding = leak(audit(data, made, view=View("pooled", users, items)), "user vectors over held-out items")
    held_out = sum(getattr(made, part) for part in pool if part != "train")
    assert finding.count == (np.diff(held_out.tocsr().indptr) > 0).sum()
    assert finding.example.endswith(f"pooled over {' + '.join(pool)}")


def test_pools_of_the_text_rows_are_seen_through_the_text(data, made):
    text = embedded(data)
    users = unit_rows(np.asarray((made.train + made.test) @ unit_rows(text.matrix)))
    other_items = np.random.default_rng(0).standard_normal(text.matrix.shape)
    view = View("mixed", users, other_items)
    assert state(audit(data, made, view=view), "user vectors over held-out items") == "passed"
    assert state(audit(data, made, view=view, text=text), "user vectors over held-out items") == "leak"


def test_single_users_count(data, made):
    items = vectors(data)
    users = np.asarray(made.train @ items)
    some = np.flatnonzero(np.diff(made.test.indptr))[:3]
    users[some] += (made.test @ items)[some]
    assert (
        leak(audit(data, made, view=View("v", users, items)), "user vectors over held-out items").count == 3
    )


def test_train_pools_that_held_out_items_hardly_move(data, made):
    """Item rows that all but agree, in half precision: other pools fit too, but none better than train."""
    items = vectors(data) + 1000
    users = unit_rows(np.asarray(made.train @ items)).astype(np.float16)
    near = unit_rows(np.asarray((made.train + made.test) @ items)) - users
    assert np.linalg.norm(near, axis=1).max() < 1e-3  # within what counts as a fit
    assert audit(data, made, view=View("half", users, items)).leaks == ()


def test_views_that_say_nothing_about_pools(data, made):
    check = "user vectors over held-out items"
    assert state(audit(data, made, view=Popularity().fit(made)), check) == "not applicable"
    same = np.ones((ITEMS, 8), np.float32)  # every pool has the same direction
    assert state(audit(data, made, view=View("same", np.ones((120, 8)), same)), check) == "passed"
    assert state(audit(data, made, view=View("none", np.zeros((120, 8)), same)), check) == "passed"
    with pytest.raises(SemcompError, match=f"the view has 7 user rows and {ITEMS} item rows"):
        audit(data, made, view=View("short", np.ones((7, 8)), same))


# --- the text matrix ------------------------------------------------------------------------------------


def test_rows_are_joined_by_id_not_by_place(data, made):
    order = np.random.default_rng(0).permutation(ITEMS)
    shuffled = TextMatrix(data.item_ids[order], vectors(data)[order])
    assert audit(data, made, text=shuffled).leaks == ()


def test_rows_of_other_items(data, made):
    ids = data.item_ids.copy()
    ids[3] = "stranger"
    finding = leak(audit(data, made, text=TextMatrix(ids, vectors(data))), "text rows joined by id")
    assert finding.count == 2
    assert finding.example == "item 'i0004', not in the text matrix"


def test_changed_rows_ids_or_texts_break_the_digests(data, made):
    whole = embedded(data)
    assert audit(data, made, text=whole).leaks == ()
    check = "text rows as embedded"
    two = np.arange(ITEMS)
    two[[5, 9]] = [9, 5]
    rows = TextMatrix(whole.item_ids, whole.matrix[two], whole.provenance)
    finding = leak(audit(data, made, text=rows), check)  # two rows exchanged: no statistic would notice
    assert finding.example == "the rows"
    ids = TextMatrix(whole.item_ids[two], whole.matrix, whole.provenance)
    assert leak(audit(data, made, text=ids), check).example == "the item ids or their order"
    other = with_text(data, 0, "quite another text")
    assert leak(audit(other, made, text=whole), check).example == "the item texts"
    without = TextMatrix(whole.item_ids, whole.matrix)
    assert state(audit(data, made, text=without), check) == "not applicable"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("slip", ["permuted", "one further", "one back"])
def test_rows_on_the_wrong_items_without_a_digest(seed, slip):
    data = observed(seed)
    s = split(data)
    rows = vectors(data)
    check = "text rows follow the texts"
    by = {"one further": 1, "one back": -1}
    wrong = (
        rows[np.random.default_rng(seed).permutation(ITEMS)]
        if slip == "permuted"
        else np.roll(rows, by[slip], axis=0)
    )
    assert leak(audit(data, s, text=TextMatrix(data.item_ids, wrong), seed=seed), check).count == ITEMS


def test_a_slip_among_similar_neighbours(made):
    """Neighbours are alike, so rows moved by one are still related to the texts, but less than in place."""
    data = observed()
    order = np.argsort([text.split()[0] for text in data.texts], kind="stable")
    data = replace(data, texts=tuple(data.texts[row] for row in order))
    moved = TextMatrix(data.item_ids, np.roll(vectors(data), 1, axis=0))
    found = audit(data, made, text=moved)
    assert "but rows moved by one place are" in next(o.why for o in found.outcomes if o.state == "leak")


def test_numeric_ids_slip_in_the_order_of_numbers(made):
    data = observed()
    numbers = np.arange(ITEMS)
    order = np.argsort(numbers.astype(str))  # rows go by the id as a string: 0, 1, 10, 100, …
    data = replace(data, item_ids=numbers.astype(str)[order])
    rows = vectors(data)
    wrong = np.empty_like(rows)
    wrong[np.argsort(order)] = np.roll(rows[np.argsort(order)], 1, axis=0)  # off by one in the numeric order
    s = split(data)
    assert audit(data, s, text=TextMatrix(data.item_ids, rows)).leaks == ()
    found = audit(data, s, text=TextMatrix(data.item_ids, wrong))
    assert "but rows moved by one place are" in next(o.why for o in found.outcomes if o.state == "leak")


def test_texts_that_tell_too_little_to_judge_rows(made):
    data = replace(observed(), texts=tuple(f"planted item {i}" for i in range(ITEMS)))
    rows = np.random.default_rng(0).standard_normal((ITEMS, 8))
    assert (
        state(audit(data, made, text=TextMatrix(data.item_ids, rows)), "text rows follow the texts")
        == "not applicable"
    )


def test_rows_that_are_all_alike(data, made):
    text = TextMatrix(data.item_ids, np.ones((ITEMS, 8)))
    assert state(audit(data, made, text=text), "text rows follow the texts") == "leak"


def test_equal_texts_with_different_rows_are_reported(data, made):
    twin = with_text(data, 7, data.texts[3])
    rows = vectors(twin)
    found = audit(twin, split(twin), text=TextMatrix(twin.item_ids, rows))
    finding = next(f for f in found.findings if f.check == "text rows follow the texts")
    assert (finding.state, finding.count) == ("report", 1)
    rows[7] = 2 * rows[3]
    found = audit(twin, split(twin), text=TextMatrix(twin.item_ids, rows))
    assert state(found, "text rows follow the texts") == "passed"
