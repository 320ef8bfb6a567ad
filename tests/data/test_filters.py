"""Recipes, and each filter against a plain reference in sets and loops."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.data import Dataset, Recipe, Source, Step, load_tables
from semcomp.data.filters import k_core
from semcomp.data.tables import Table, Tables
from semcomp.errors import SemcompError

Title = str | None
TITLES: dict[str, Title] = {"0": "Zero", "1": "One", "10": "", "2": "  ", "3": "III", "4": "long enough"}
TITLES |= {"5": None, "6": "V", "7": "I"}


@dataclass(frozen=True)
class Row:
    """One interaction as a file has it; None is an empty cell."""

    user: str
    item: str
    rating: float | None
    time: float | None


@pytest.fixture(autouse=True, scope="module")
def _cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def tables(rows: list[Row]) -> Tables:
    frame = pl.DataFrame(
        {
            "user_id": [row.user for row in rows],
            "item_id": [row.item for row in rows],
            "rating": [row.rating for row in rows],
            "timestamp": [row.time for row in rows],
        },
        schema={"user_id": pl.String, "item_id": pl.String, "rating": pl.Float64, "timestamp": pl.Float64},
    )
    items = pl.DataFrame({"item_id": list(TITLES), "title": list(TITLES.values())})
    return Tables("by hand", Table(frame.lazy(), "interactions", ()), Table(items.lazy(), "items", ()))


def load(rows: list[Row], recipe: Recipe, *, memory: int = 1 << 20) -> Dataset:
    return load_tables("t", tables(rows), recipe, Source(), memory=memory, progress=False)


Known = tuple[float | None, float | None]
Kept = dict[tuple[str, str], Known]


def reference(rows: list[Row], recipe: Recipe) -> tuple[Kept, list[tuple[str, int, int, int]]]:
    """What should be left, and (step, users, items, interactions removed), one row after the other."""
    steps = []
    kept: Kept = {}
    users, items, listed = {row.user for row in rows}, set(TITLES), rows
    if recipe.unknown_items == "drop":
        listed = [row for row in rows if row.item in TITLES]
        steps.append(("unknown items", 0, 0, len(rows) - len(listed)))
    for row in listed:
        pair, known = (row.user, row.item), (row.rating, row.time)
        if pair not in kept or better(known, kept[pair], recipe.duplicates):
            kept[pair] = known
    steps.append(("duplicates", 0, 0, len(listed) - len(kept)))
    if recipe.min_rating is not None:
        rated = {pair: known for pair, known in kept.items() if known[0] >= recipe.min_rating}
        steps.append(("rating", 0, 0, len(kept) - len(rated)))
        kept = rated
    if recipe.empty_text == "drop":
        mute = {item for item, title in TITLES.items() if len((title or "").strip()) < recipe.min_characters}
        heard = {pair: known for pair, known in kept.items() if pair[1] not in mute}
        steps.append(("text", 0, len(mute), len(kept) - len(heard)))
        kept, items = heard, items - mute
    left = {user for user, _ in kept}, {item for _, item in kept}
    steps.append(("idle items", 0, len(items - left[1]), 0))
    steps.append(("idle users", len(users - left[0]), 0, 0))
    if recipe.core > 1:
        before = len(left[0]), len(left[1]), len(kept)
        while weak := [
            pair
            for pair in kept
            if sum(user == pair[0] for user, _ in kept) < recipe.core
            or sum(item == pair[1] for _, item in kept) < recipe.core
        ]:
            kept.pop(weak[0])
        after = len({user for user, _ in kept}), len({item for _, item in kept}), len(kept)
        steps.append(("core", *(b - a for b, a in zip(before, after, strict=True))))
    return kept, steps


def better(one: Known, other: Known, rule: str) -> bool:
    """Whether (rating, time) `one` wins over `other`; what is unknown loses."""

    def key(known: Known) -> tuple[float, float]:
        rating = -math.inf if known[0] is None else known[0]
        time = -math.inf if known[1] is None else -known[1] if rule == "first" else known[1]
        return (rating, time) if rule == "best" else (time, rating)

    return key(one) > key(other)


def content(data: Dataset) -> Kept:
    pairs = list(zip(data.user_ids[data.user].tolist(), data.item_ids[data.item].tolist(), strict=True))
    assert pairs == sorted(pairs)
    known = data.interactions.select("rating", "timestamp").rows()
    return dict(zip(pairs, known, strict=True))


def row_lists(unknown_ratings: bool, unknown_items: bool = False) -> st.SearchStrategy[list[Row]]:
    rating = st.sampled_from([0.0, 1.0, 3.0, 4.0, 5.0])
    row = st.builds(
        Row,
        st.sampled_from(["a", "b", "B", "aa", "c", "é"]),
        # the last of the titles never has an interaction; "0a" and "9" have no row in the item table
        st.sampled_from([*sorted(TITLES)[:-1], *(["0a", "9"] if unknown_items else [])]),
        st.none() | rating if unknown_ratings else rating,
        st.none() | st.sampled_from([0.0, 1.0, 2.0, 1.5e9]),
    )
    return st.lists(row, min_size=1, max_size=40)


@settings(max_examples=150, deadline=None)
@given(
    st.data(),
    st.sampled_from(["last", "first", "best"]),
    st.none() | st.sampled_from([0.5, 4.0]),
    st.sampled_from(["drop", "keep"]),
    st.integers(1, 5),
    st.integers(0, 3),
    st.sampled_from([1, 1200, 1 << 30]),
    st.sampled_from(["drop", "refuse"]),
)
def test_all_filters_together(
    data, duplicates, min_rating, empty_text, min_characters, core, memory, unknown_items
):
    recipe = Recipe(min_rating, duplicates, empty_text, min_characters, core, unknown_items=unknown_items)
    rows = data.draw(row_lists(min_rating is None and duplicates != "best", unknown_items == "drop"))
    kept, steps = reference(rows, recipe)
    if not kept:
        with pytest.raises(SemcompError, match=r"interactions left: .*dropped|none of the .* has a text"):
            load(rows, recipe, memory=memory)
        return
    loaded = load(rows, recipe, memory=memory)
    assert content(loaded) == kept
    assert loaded.user_ids.tolist() == sorted({user for user, _ in kept})
    assert loaded.item_ids.tolist() == sorted({item for _, item in kept})
    assert loaded.items["item_id"].to_list() == loaded.item_ids.tolist()
    assert loaded.texts == tuple((TITLES[item] or "").strip() for item in loaded.item_ids)
    assert [(s.name, s.users, s.items, s.interactions) for s in loaded.steps] == steps
    before = len({row.user for row in rows}), len(TITLES), len(rows)
    after = loaded.n_users, loaded.n_items, loaded.n_interactions
    counts = [(step.users, step.items, step.interactions) for step in loaded.steps]
    removed = [sum(column) for column in zip(*counts, strict=True)]
    assert before == tuple(a + r for a, r in zip(after, removed, strict=True))


@settings(max_examples=60, deadline=None)
@given(row_lists(unknown_ratings=True), st.randoms(use_true_random=False), st.sampled_from(["last", "first"]))
def test_row_order_and_memory_do_not_matter(rows, random, duplicates):
    recipe = Recipe(duplicates=duplicates, empty_text="keep", core=2)
    shuffled = random.sample(rows, len(rows))
    results = []
    for order, memory in ((rows, 1 << 30), (shuffled, 1 << 30), (rows, 1), (shuffled, 500)):
        try:
            data = load(order, recipe, memory=memory)
            results.append((data.fingerprint, data.notes, data.steps, data.texts))
        except SemcompError as error:
            results.append(str(error))
    assert all(result == results[0] for result in results)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=50), st.integers(1, 4))
def test_k_core_is_the_largest_set_that_satisfies_itself(edges, core):
    user, item = (np.array(side, dtype=np.int32) for side in zip(*sorted(edges), strict=True))
    keep = k_core(user, item, core)
    users, items = Counter(user[keep].tolist()), Counter(item[keep].tolist())
    assert all(count >= core for count in (*users.values(), *items.values()))
    alive = set(edges)
    while weak := next(
        (
            (u, i)
            for u, i in alive
            if sum(o == u for o, _ in alive) < core or sum(o == i for _, o in alive) < core
        ),
        None,
    ):
        alive.discard(weak)
    assert set(zip(user[keep].tolist(), item[keep].tolist(), strict=True)) == alive


def test_k_core_in_small_blocks(monkeypatch):
    rng = np.random.default_rng(0)
    user, item = np.unique(rng.integers(0, 60, (900, 2)), axis=0).T
    whole = k_core(user, item, 9)
    assert 0 < whole.sum() < len(user)
    monkeypatch.setattr("semcomp.data.filters.BLOCK", 7)
    assert np.array_equal(k_core(user, item, 9), whole)


def test_k_core_of_nothing():
    none = np.zeros(0, dtype=np.int32)
    assert k_core(none, none, 5).tolist() == []


TWICE = [
    Row("a", "0", 2.0, 10.0),
    Row("a", "0", 5.0, 20.0),
    Row("a", "0", 4.0, 20.0),
    Row("a", "0", 5.0, 5.0),
    Row("a", "0", None, None),
    Row("a", "0", 3.0, 5.0),
]


@pytest.mark.parametrize(
    ("rule", "known"), [("last", (5.0, 20.0)), ("first", (5.0, 5.0)), ("best", (5.0, 20.0))]
)
def test_rules_for_duplicates_by_hand(rule, known):
    rows = [row for row in TWICE if row.rating is not None or rule != "best"]
    data = load(rows, Recipe(duplicates=rule))
    assert data.interactions.rows() == [known]
    assert data.notes[0] == (
        f"dropped {len(rows) - 1} repeated interactions of a user with the same item "
        f"(the {rule} of each kept)"
    )


def test_position_stands_in_for_time():
    frame = pl.DataFrame(
        {"user_id": ["a"] * 3, "item_id": ["0"] * 3, "rating": [5, 1, 3], "position": [0, 2, 1]}
    )
    given_tables = Tables("by hand", Table(frame.lazy(), "interactions", ()), tables([]).items)

    def kept(rule: str) -> list[tuple[float, float]]:
        recipe = Recipe(duplicates=rule)
        return load_tables("t", given_tables, recipe, Source(), progress=False).interactions.rows()

    assert (kept("last"), kept("first"), kept("best")) == ([(1.0, 2.0)], [(5.0, 0.0)], [(5.0, 0.0)])


def test_repeated_pairs_can_be_refused():
    rows = [
        Row("a", "0", 1.0, 1.0),
        Row("b", "3", 1.0, 1.0),
        Row("a", "1", 1.0, 1.0),
        Row("b", "3", 2.0, 2.0),
    ]
    assert load(rows[:3], Recipe(duplicates="refuse")).n_interactions == 3
    message = r"interactions, row 4 .*: user 'b' has item '3' again, first in interactions, row 2"
    for memory in (1, 1 << 30):
        with pytest.raises(SemcompError, match=message):
            load(rows, Recipe(duplicates="refuse"), memory=memory)


def test_minus_zero_is_zero():
    one, other = ([Row("a", "0", zero, 1.0), Row("a", "0", -zero, 1.0)] for zero in (0.0, -0.0))
    assert load(one, Recipe()).fingerprint == load(other, Recipe()).fingerprint


def test_sentences():
    assert str(Step("duplicates", "first", interactions=1)) == (
        "dropped 1 repeated interaction of a user with the same item (the first of each kept)"
    )
    assert (
        str(Step("rating", "rated below 4", interactions=1200)) == "dropped 1,200 interactions rated below 4"
    )
    assert str(Step("text", "without a text", items=2, interactions=1)) == (
        "dropped 2 items without a text and their 1 interaction"
    )
    assert str(Step("core", "5", 1, 0, 2)) == (
        "5-core: dropped 1 user, 0 items and 2 interactions, until every user and item left had 5"
    )


def test_short_texts_count_as_empty():
    rows = [Row("a", item, 1.0, 1.0) for item in ("0", "3", "4")]
    data = load(rows, Recipe(min_characters=4))
    assert data.item_ids.tolist() == ["0", "4"]
    assert "dropped 7 items with a text below 4 characters and their 1 interaction" in data.notes
    message = r"1 item with interactions has a text below 4 characters, e\.g\. item '3'"
    with pytest.raises(SemcompError, match=message):
        load(rows, Recipe(min_characters=4, empty_text="refuse"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"core": -1}, "core = -1 is not usable; give a whole number from 0 on"),
        ({"core": 2.5}, "core = 2.5; it must be a whole number"),
        ({"core": True}, "core = True; it must be a whole number"),
        ({"min_characters": 0}, "min_characters = 0 is not usable; give a whole number from 1 on"),
        ({"min_rating": float("nan")}, "min_rating = nan; it must be a number, or None"),
        ({"min_rating": float("inf")}, "min_rating = inf is not a number"),
        ({"min_rating": "4"}, "min_rating = '4'; it must be a number, or None"),
        (
            {"duplicates": "newest"},
            "unknown rule for duplicates 'newest'; .*best, first, last, refuse",
        ),
        ({"empty_text": "dropp"}, "unknown policy for empty texts 'dropp'; did you mean 'drop'"),
        ({"template": "{title"}, "template '{title'"),
        ({"template": ""}, "has no field"),
        ({"keep": "review"}, "keep = 'review'; it must be a list, each text"),
        ({"keep": ("rating",)}, "column 'rating' is kept anyway"),
    ],
)
def test_recipes_refuse_what_makes_no_sense(changes, message):
    with pytest.raises(SemcompError, match=message) as error:
        Recipe(**changes)
    assert "\n" not in str(error.value)


def test_recipes_are_values():
    assert Recipe(keep=["review", "review"]) == Recipe(keep=("review",))
    assert hash(Recipe(core=5)) == hash(Recipe(core=5))
