"""Reading folders: ids, texts, filters, names, and the line that each bad folder gives."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.data import Recipe, available, load_named, read_folder, resolve
from semcomp.data.filters import k_core
from semcomp.errors import SemcompError

INTERACTIONS = {"user_id": ["b", "a", "a", "b"], "item_id": ["2", "10", "2", "10"]}
ITEMS = {
    "item_id": ["2", "10", "7"],
    "title": ["Two", "Ten", "Seven"],
    "year": [1995, None, 2000],
    "genres": ["Drama, War", "", None],
}


def write(
    folder: Path, interactions: object = INTERACTIONS, items: object = ITEMS, kind: str = "parquet"
) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, table in (("interactions", interactions), ("items", items)):
        frame = pl.DataFrame(table)
        file = folder / f"{stem}.{kind}"
        frame.write_parquet(file) if kind == "parquet" else frame.write_csv(file)
    return folder


def pairs(data) -> list[tuple[str, str]]:
    return [(str(data.user_ids[u]), str(data.item_ids[i])) for u, i in zip(data.user, data.item, strict=True)]


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_a_small_folder_by_hand(tmp_path, kind):
    data = read_folder(write(tmp_path / "shop", kind=kind))
    assert data.name == "shop"
    assert data.user_ids.tolist() == ["a", "b"]
    assert data.item_ids.tolist() == ["10", "2"]  # as strings, not as numbers
    assert pairs(data) == [("a", "10"), ("a", "2"), ("b", "10"), ("b", "2")]
    assert data.items["title"].to_list() == ["Ten", "Two"]
    assert data.items.columns[0] == "item_id"
    assert data.texts == ("Ten", "Two (1995). Drama, War")
    assert data.template == "{title} ({year}). {genres}"
    assert data.notes == ("dropped 1 items without an interaction",)
    assert all(re.fullmatch("[0-9a-f]{64}", sha) for sha in data.source.sha256.values())


def test_csv_and_parquet_give_the_same_content(tmp_path):
    one = read_folder(write(tmp_path / "x", kind="csv"))
    other = read_folder(write(tmp_path / "y", kind="parquet"))
    assert one.fingerprint == other.fingerprint


def test_csv_ids_keep_their_zeros(tmp_path):
    table = {"user_id": ["007", "7"], "item_id": ["01", "1"]}
    data = read_folder(write(tmp_path, table, {"item_id": ["01", "1"], "title": ["A", "B"]}, "csv"))
    assert data.user_ids.tolist() == ["007", "7"]
    assert data.item_ids.tolist() == ["01", "1"]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_row_order_does_not_matter(tmp_path_factory, data):
    n = 40
    rng = np.random.default_rng(3)
    inter = pl.DataFrame(
        {
            "user_id": rng.integers(0, 6, n).astype(str),
            "item_id": rng.integers(0, 5, n).astype(str),
            "rating": rng.integers(1, 6, n).astype(float),
            "timestamp": rng.integers(0, 4, n),
        }
    )
    items = pl.DataFrame({"item_id": [str(i) for i in range(5)], "title": list("vwxyz")})
    order = data.draw(st.permutations(range(n)))
    item_order = data.draw(st.permutations(range(5)))
    recipe = Recipe(min_rating=3, core=2)
    straight = read_folder(write(tmp_path_factory.mktemp("s"), inter, items), name="d", recipe=recipe)
    shuffled = read_folder(
        write(tmp_path_factory.mktemp("t"), inter[order], items[item_order]), name="d", recipe=recipe
    )
    assert straight.fingerprint == shuffled.fingerprint
    assert straight.items.equals(shuffled.items)
    assert straight.notes == shuffled.notes


def test_the_latest_of_repeated_ratings_counts(tmp_path):
    inter = {
        "user_id": ["a", "a", "a"],
        "item_id": ["2", "2", "10"],
        "rating": [5, 1, 4],
        "timestamp": [1, 2, 0],
    }
    data = read_folder(write(tmp_path, inter), recipe=Recipe(min_rating=4))
    assert pairs(data) == [("a", "10")]
    assert data.notes == (
        "dropped 1 repeated interactions of a user with the same item (one of each kept)",
        "dropped 1 interactions rated below 4",
        "dropped 2 items without an interaction",
    )


def test_csv_time_stamps_are_compared_as_numbers(tmp_path):
    inter = {
        "user_id": ["a", "a", "a"],
        "item_id": ["2", "2", "10"],
        "rating": [5, 1, 4],
        "timestamp": [10, 9, 0],
    }
    data = read_folder(write(tmp_path, inter, kind="csv"), recipe=Recipe(min_rating=4))
    assert pairs(data) == [("a", "10"), ("a", "2")]


def test_items_without_a_text_go_with_their_interactions(tmp_path):
    items = {"item_id": ["2", "10"], "title": ["Two", " "]}
    data = read_folder(write(tmp_path, items=items))
    assert data.item_ids.tolist() == ["2"]
    assert data.notes == ("dropped 1 items without a text and their 2 interactions",)
    kept = read_folder(tmp_path, recipe=Recipe(drop_empty_text=False))
    assert kept.texts == ("", "Two")


def test_lists_and_odd_years_in_the_text(tmp_path):
    items = {
        "item_id": ["2", "10"],
        "title": ["Two", "Ten"],
        "year": ["unkonwn", "1990"],
        "categories": [["A", "B"], []],
    }
    data = read_folder(write(tmp_path, items=items))
    assert data.texts == ("Ten (1990)", "Two. A, B")


def test_text_columns_can_be_named(tmp_path):
    data = read_folder(write(tmp_path), recipe=Recipe(text_columns=("genres", "title")))
    assert data.texts == ("Ten", "Drama, War. Two")
    assert data.template == "{genres}. {title}"


@settings(max_examples=60, deadline=None)
@given(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=50), st.integers(1, 4))
def test_k_core_is_the_largest_set_that_satisfies_itself(edges, core):
    user, item = (np.array(side, dtype=np.int64) for side in zip(*sorted(edges), strict=True))
    keep = k_core(user, item, core)
    alive = set(range(len(user)))
    while True:  # the slow way: one pair after another
        weak = next(
            (
                e
                for e in sorted(alive)
                if sum(user[o] == user[e] for o in alive) < core
                or sum(item[o] == item[e] for o in alive) < core
            ),
            None,
        )
        if weak is None:
            break
        alive.discard(weak)
    assert set(np.flatnonzero(keep)) == alive


def test_the_core_filter_says_what_it_dropped(tmp_path):
    inter = {"user_id": list("aabbc"), "item_id": ["2", "10", "2", "10", "7"]}
    data = read_folder(write(tmp_path, inter), recipe=Recipe(core=2))
    assert (data.n_users, data.n_items) == (2, 2)
    assert data.notes == (
        "2-core: dropped 1 users, 1 items and 1 interactions, until every user and item left had 2",
    )


def test_users_may_lose_everything(tmp_path):
    table = INTERACTIONS | {"rating": [5, 1, 2, 4]}
    data = read_folder(write(tmp_path / "one", table), recipe=Recipe(min_rating=4))
    assert data.user_ids.tolist() == ["b"]
    assert "dropped 1 users without an interaction" in data.notes
    with pytest.raises(SemcompError, match="no interactions left"):
        read_folder(write(tmp_path / "none", table), recipe=Recipe(min_rating=6, core=2))


def without(table: dict, column: str) -> dict:
    return {key: value for key, value in table.items() if key != column}


BAD = {
    "no user column": (
        without(INTERACTIONS, "user_id"),
        ITEMS,
        None,
        r"interactions\.parquet has no column 'user_id'",
    ),
    "no title": (INTERACTIONS, without(ITEMS, "title"), None, r"items\.parquet has no column 'title'"),
    "unknown item": (
        {"user_id": ["a"], "item_id": ["99"]},
        ITEMS,
        None,
        r"names 1 items that .*items\.parquet does not hold, e\.g\. '99'",
    ),
    "null id": (
        {"user_id": ["a", None], "item_id": ["2", "2"]},
        ITEMS,
        None,
        r"'user_id' is empty in 1 rows, first in row 1",
    ),
    "empty id": ({"user_id": ["a", "b"], "item_id": ["2", ""]}, ITEMS, None, r"'item_id' is empty in 1 rows"),
    "decimal id": ({"user_id": [1.0], "item_id": ["2"]}, ITEMS, None, r"'user_id' holds decimals"),
    "item twice": (
        INTERACTIONS,
        {"item_id": ["2", "2", "10"], "title": list("abc")},
        None,
        r"item '2' in more than one row",
    ),
    "NaN rating": (
        INTERACTIONS | {"rating": [1.0, float("nan"), 5.0, 5.0]},
        ITEMS,
        Recipe(min_rating=4),
        r"1 ratings are missing or no numbers, e\.g\. of user 'a' and item '10'",
    ),
    "wordy rating": (
        INTERACTIONS | {"rating": ["5", "good", "5", "5"]},
        ITEMS,
        Recipe(min_rating=4),
        r"1 ratings are missing or no numbers",
    ),
    "no rating": (INTERACTIONS, ITEMS, Recipe(min_rating=4), r"no column 'rating'"),
    "nothing left": (INTERACTIONS, ITEMS, Recipe(core=3), r"has no interactions left"),
    "no text column": (INTERACTIONS, ITEMS, Recipe(text_columns=("plot",)), r"no text column 'plot'"),
    "no rows": (
        {"user_id": [], "item_id": []},
        ITEMS,
        None,
        r"interactions\.parquet has a header but no rows",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables(tmp_path, case):
    interactions, items, recipe, message = BAD[case]
    with pytest.raises(SemcompError, match=message) as error:
        read_folder(write(tmp_path, interactions, items), recipe=recipe)
    assert "\n" not in str(error.value)


def test_bad_folders(tmp_path):
    def refuses(path, message):
        with pytest.raises(SemcompError, match=message) as error:
            read_folder(path)
        assert "\n" not in str(error.value)

    refuses(tmp_path / "nowhere", "there is no folder")
    refuses(tmp_path, r"has no interactions\.parquet or interactions\.csv")
    file = tmp_path / "file"
    file.write_text("x")
    refuses(file, "is a file, not a folder")
    both = write(write(tmp_path / "both"), kind="csv")
    refuses(both, r"has both interactions\.parquet and interactions\.csv")
    broken = write(tmp_path / "broken")
    (broken / "items.parquet").write_bytes(b"not a table at all, not even close")
    refuses(broken, r"items\.parquet cannot be read")
    ragged = write(tmp_path / "ragged", kind="csv")
    (ragged / "interactions.csv").write_text("user_id,item_id\na,2\na,2,3,4\n")
    refuses(ragged, r"interactions\.csv cannot be read")
    (ragged / "interactions.csv").write_text("")
    refuses(ragged, r"interactions\.csv cannot be read")


def test_recipes_refuse_what_makes_no_sense():
    with pytest.raises(SemcompError, match="core = -1"):
        Recipe(core=-1)
    with pytest.raises(SemcompError, match="min_rating = nan"):
        Recipe(min_rating=float("nan"))


def test_names_and_paths(tmp_path, monkeypatch):
    root = tmp_path / "data"
    write(root / "shop")
    write(root / "movies", kind="csv")
    write(tmp_path / "secret")
    monkeypatch.setenv("SEMCOMP_DATA", str(root))
    monkeypatch.chdir(tmp_path)
    assert load_named("shop").name == "shop"
    assert load_named(str(root / "shop")).fingerprint == load_named("data/shop").fingerprint
    assert load_named("secret").n_items == 2  # an existing folder is a path
    assert resolve("movies").known.recipe.core == 5
    assert resolve("data/movies").known.recipe == Recipe()  # a path has no recipe
    assert list(available()) == ["ml-100k", "movies", "shop"]
    assert resolve("ml-100k").folder is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shoop", r"unknown data set 'shoop'; did you mean 'shop'\? Known: ml-100k, planted, shop"),
        ("plantd", r"did you mean 'planted'"),
        ("../secret", r"climbs out of where it starts"),
        ("shop/../../secret", r"climbs out of where it starts"),
        ("/no/such/folder", r"there is no folder /no/such/folder"),
        ("", "is empty"),
    ],
)
def test_bad_names(tmp_path, monkeypatch, name, message):
    write(tmp_path / "data" / "shop")
    write(tmp_path / "secret")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere" if name != "../secret" else tmp_path)
    monkeypatch.setenv("SEMCOMP_DATA", str(tmp_path / "data"))
    with pytest.raises(SemcompError, match=message) as error:
        load_named(name, also=["planted"])
    assert "\n" not in str(error.value)


def test_the_data_folder_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)
    assert list(available()) == ["ml-100k"]
    with pytest.raises(
        SemcompError, match="'books' is looked for in the folder SEMCOMP_DATA names, which is not set"
    ):
        load_named("books")
    monkeypatch.setenv("SEMCOMP_DATA", str(tmp_path / "gone"))
    with pytest.raises(SemcompError, match=r"SEMCOMP_DATA names .*gone, which is no folder"):
        load_named("books")
    assert resolve("ml-100k").folder is None  # needs no data folder
