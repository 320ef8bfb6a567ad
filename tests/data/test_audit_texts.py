"""The leakage audit of texts: names of users, held-out reviews, near-duplicates of cold items."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from audited_world import ITEMS, first_pairs, leak, observed, renamed, state, with_text

from semcomp.data import Dataset, Split, audit, split
from semcomp.errors import SemcompError


@pytest.fixture(scope="module")
def data() -> Dataset:
    return observed()


@pytest.fixture(scope="module")
def made(data: Dataset) -> Split:
    return split(data, seed=3)


@pytest.mark.parametrize(
    "text",
    ["liked by {}", "by:{}!", "reviewer=({}),", "{}", "a\n{} b", "Review by <{}>"],
)
def test_text_that_names_its_user(data, text):
    user, item = int(data.user[0]), int(data.item[0])
    for name in ("A3SGXH7AUHU8GW", "740193852"):
        own = renamed(data, [name])
        told = with_text(own, item, text.format(name))
        assert own.user_ids[user] == name
        finding = leak(audit(told, split(told)), "text names its own user")
        assert finding.count == 1
        assert name in finding.example
        shouted = with_text(own, item, text.format(name.lower()))
        assert state(audit(shouted, split(shouted)), "text names its own user") == "leak"


def test_ids_with_punctuation_inside(data):
    own = renamed(data, ["Jo.hn_doe-9"])
    told = with_text(own, int(data.item[0]), "signed, jo.hn_doe-9.")
    assert state(audit(told, split(told)), "text names its own user") == "leak"


@pytest.mark.parametrize("name", ["5", "1999", "12345", "Shakespeare", "ps4"])
def test_ids_that_are_words_or_short_numbers_never_count(data, name):
    own = renamed(data, [name])
    told = with_text(own, int(data.item[0]), f"Toy Story {name}: the {name} edition")
    assert state(audit(told, split(told)), "text names its own user") == "not applicable"


def test_the_name_of_somebody_else_is_no_leak(data, made):
    item = 0
    strangers = np.setdiff1d(np.arange(data.n_users), data.user[data.item == item])
    told = with_text(data, item, f"like what {data.user_ids[strangers[0]]} bought")
    assert state(audit(told, split(told)), "text names its own user") == "passed"
    part = with_text(data, item, f"x{data.user_ids[data.user[data.item == item][0]]}x")  # inside another word
    assert state(audit(part, split(part)), "text names its own user") == "passed"


@pytest.mark.parametrize("part", ["valid", "test"])
@pytest.mark.parametrize("cut", [None, 80])
def test_text_that_carries_a_held_out_review(data, made, part, cut):
    user, item = (int(side[0]) for side in first_pairs(getattr(made, part), 1))
    row = int(np.flatnonzero((data.user == user) & (data.item == item))[0])
    review = data.interactions["review"][row]
    text = f"A fine thing. {review.upper().replace(' ', '  ')}"[:cut]
    told = with_text(data, item, text)
    finding = leak(audit(told, split(told, seed=3)), "text carries a held-out review")
    assert finding.count == 1
    assert finding.example == f"user '{data.user_ids[user]}', item '{data.item_ids[item]}'"


def test_reviews_that_may_stand_in_a_text(data, made):
    check = "text carries a held-out review"
    user, item = (int(side[0]) for side in first_pairs(made.train, 1))
    row = int(np.flatnonzero((data.user == user) & (data.item == item))[0])
    train_review = with_text(data, item, data.interactions["review"][row])
    assert state(audit(train_review, split(train_review, seed=3)), check) == "passed"
    user, item = (int(side[0]) for side in first_pairs(made.test, 1))
    row = int(np.flatnonzero((data.user == user) & (data.item == item))[0])
    elsewhere = with_text(data, (item + 1) % ITEMS, data.interactions["review"][row])
    assert state(audit(elsewhere, split(elsewhere, seed=3)), check) == "passed"


def test_reviews_are_joined_by_id(data, made):
    bare = replace(data, interactions=data.interactions.select("timestamp"))
    user, item = (int(side[0]) for side in first_pairs(made.test, 1))
    reviews = pl.DataFrame(
        {
            "user_id": ["nobody", str(data.user_ids[user]), str(data.user_ids[user])],
            "item_id": ["nothing", str(data.item_ids[item]), str(data.item_ids[item])],
            "review": ["unknown ids are passed over", None, "the best purchase of my whole life"],
        }
    )
    told = with_text(bare, item, "Customers say: The best  purchase of my whole life")
    found = audit(told, split(told, seed=3), reviews=reviews)
    assert leak(found, "text carries a held-out review").count == 1
    short = reviews.with_columns(review=pl.lit("great game"))
    told = with_text(bare, item, "a great game")
    assert (
        state(audit(told, split(told, seed=3), reviews=short), "text carries a held-out review")
        == "not applicable"
    )
    with pytest.raises(SemcompError, match="reviews have no column 'review'"):
        audit(bare, made, reviews=reviews.drop("review"))


# --- near-duplicates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [256 << 20, 1])
def test_near_duplicates_of_cold_items(data, memory):
    s = split(data, "cold-items", 1)
    cold, other_cold = np.flatnonzero(np.asarray(s.test.sum(axis=0)))[:2]
    trained = np.flatnonzero(np.asarray(s.train.sum(axis=0)))[0]
    base = "The Complete Adventures of Sherlock Holmes and Doctor Watson, illustrated"
    texts = np.array(
        [f"{w} " * 3 for w in np.random.default_rng(0).permutation(10 * 10**6)[:ITEMS]], dtype=object
    )
    texts[trained], texts[cold], texts[other_cold] = (
        base,
        base.upper().replace(" ", "  "),
        base.replace("Doctor", "Dr"),
    )
    doubled = replace(data, texts=tuple(texts.tolist()))
    found = audit(doubled, split(doubled, "cold-items", 1), memory=memory)
    assert found.leaks == ()
    (finding,) = found.findings
    assert (finding.check, finding.state, finding.count) == ("near-duplicates of cold items", "report", 2)
    assert f"'{data.item_ids[trained]}'" in finding.example
    assert "1 of them with an equal text" in str(found)


def test_no_near_duplicates(data):
    rng = np.random.default_rng(0)
    texts = tuple("".join(chr(97 + c) for c in rng.integers(0, 26, 40)) for _ in range(ITEMS))
    lonely = replace(data, texts=texts)
    found = audit(lonely, split(lonely, "cold-items", 1))
    assert state(found, "near-duplicates of cold items") == "passed"
    silent = replace(data, texts=("",) * ITEMS)
    assert (
        state(audit(silent, split(silent, "cold-items", 1)), "near-duplicates of cold items")
        == "not applicable"
    )
