"""Reading folders: ids, texts, filters, the counts of known data, and the line that each bad folder gives."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.data import Dataset, Recipe, read_folder
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
    assert data.template == "{title}[ ({year})][. {genres}]"
    assert data.notes == ("dropped 1 item without an interaction",)
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
        "dropped 1 repeated interaction of a user with the same item (the last of each kept)",
        "dropped 1 interaction rated below 4",
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
    assert data.notes == ("dropped 1 item without a text and their 2 interactions",)
    kept = read_folder(tmp_path, recipe=Recipe(empty_text="keep"))
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


def test_the_template_is_the_recipes(tmp_path):
    recipe = Recipe(template="{genres}[. {title}]")
    data = read_folder(write(tmp_path), recipe=recipe)
    assert data.texts == ("Ten", "Drama, War. Two")
    assert data.template == recipe.template


def test_the_core_filter_says_what_it_dropped(tmp_path):
    inter = {"user_id": list("aabbc"), "item_id": ["2", "10", "2", "10", "7"]}
    data = read_folder(write(tmp_path, inter), recipe=Recipe(core=2))
    assert (data.n_users, data.n_items) == (2, 2)
    assert data.notes == (
        "2-core: dropped 1 user, 1 item and 1 interaction, until every user and item left had 2",
    )


def test_users_may_lose_everything(tmp_path):
    table = INTERACTIONS | {"rating": [5, 1, 2, 4]}
    data = read_folder(write(tmp_path / "one", table), recipe=Recipe(min_rating=4))
    assert data.user_ids.tolist() == ["b"]
    assert "dropped 1 user without an interaction" in data.notes
    with pytest.raises(SemcompError, match=r"left: dropped 4 interactions rated below 6; lower min_rating$"):
        read_folder(write(tmp_path / "none", table), recipe=Recipe(min_rating=6, core=2))


@pytest.mark.parametrize(
    ("recipe", "message", "remedy"),
    [
        (
            {"min_rating": 4, "core": 3},
            r"dropped 2 interactions rated below 4; 3-core: dropped 1 user, 2 items and 2 .*; lower core$",
            {"core": 1},
        ),
        (
            {"min_rating": 4, "template": "{genres}", "duplicates": "refuse", "core": 9},
            r"dropped 2 items without a text and their 1 interaction; 9-core: .*; lower core$",
            {"core": 0},
        ),
        ({"min_rating": 9}, r"dropped 4 interactions rated below 9; lower min_rating$", {"min_rating": 5}),
    ],
)
def test_what_left_nothing_is_told_and_its_remedy_works(tmp_path, recipe, message, remedy):
    folder = write(tmp_path / "shop", INTERACTIONS | {"rating": [5, 1, 2, 4]})
    with pytest.raises(SemcompError, match=r"^data set 'shop' has no interactions left: .*" + message):
        read_folder(folder, recipe=Recipe(**recipe))
    assert read_folder(folder, recipe=Recipe(**recipe | remedy)).n_interactions > 0


def test_items_that_left_nothing_are_told_and_the_remedies_work(tmp_path):
    folder = write(tmp_path / "shop", {"user_id": ["a"], "item_id": ["10"]})
    recipe = Recipe(template="{genres}")
    message = r"dropped 2 items without a text and their 1 interaction; name other columns in a template, or"
    with pytest.raises(SemcompError, match=message):
        read_folder(folder, recipe=recipe)
    assert read_folder(folder, recipe=replace(recipe, template="{title}")).n_interactions == 1
    assert read_folder(folder, recipe=replace(recipe, empty_text="keep")).n_interactions == 1
    folder, recipe = (
        write(tmp_path / "new", {"user_id": ["a"], "item_id": ["11"]}),
        Recipe(unknown_items="drop"),
    )
    with pytest.raises(
        SemcompError, match=r"with items that the item table does not hold; add the rows of these"
    ):
        read_folder(folder, recipe=recipe)
    more = {column: [*values, values[0]] for column, values in ITEMS.items()} | {
        "item_id": ["2", "10", "7", "11"]
    }
    assert read_folder(write(folder, {"user_id": ["a"], "item_id": ["11"]}, more), recipe=recipe).n_items == 1


@pytest.mark.parametrize("empty_text", ["drop", "refuse"])
def test_no_text_at_all_is_told_and_its_remedies_work(tmp_path, empty_text):
    folder = write(
        tmp_path / "shop", INTERACTIONS, {**ITEMS, "title": ["", None, " "], "brand": ["A", "B", "C"]}
    )
    message = (
        r"items\.parquet: none of the 3 items has a text by {title}; "
        r"name other columns in a template \(year, genres, brand\), or set empty_text to 'keep'$"
    )
    recipe = Recipe(empty_text=empty_text, template="{title}")
    with pytest.raises(SemcompError, match=message):
        read_folder(folder, recipe=recipe)
    assert read_folder(folder, recipe=replace(recipe, template="{title}[{brand}]")).texts == ("B", "A")
    assert read_folder(folder, recipe=replace(recipe, empty_text="keep")).n_interactions == 4
    with pytest.raises(
        SemcompError, match=r"has a text of 9 characters by .*, or set min_characters to 1, or set"
    ):
        read_folder(write(tmp_path / "short"), recipe=replace(recipe, min_characters=9))
    assert read_folder(tmp_path / "short", recipe=replace(recipe, min_characters=1)).n_items == 2


def test_markers_of_missing_values_are_told_and_kept(tmp_path):
    items = {**ITEMS, "title": ["None", "NaN", "Seven"], "genres": [r"\N", "Drama", "n/a"]}
    data = read_folder(write(tmp_path / "shop", items=items))
    assert data.texts == ("NaN. Drama", r"None (1995). \N")
    told = "and kept as text; empty the cells if nothing is known there"
    assert data.notes[-2:] == (
        f"title is 'NaN' or 'None' for 2 items {told}",
        rf"genres is '\\N' for 1 item {told}",
    )
    emptied = {**ITEMS, "title": [None, "", "Seven"], "genres": ["", "Drama", ""]}
    assert not read_folder(write(tmp_path / "emptied", items=emptied)).notes[2:]


def without(table: dict, column: str) -> dict:
    return {key: value for key, value in table.items() if key != column}


BAD = {
    "no user column": (
        without(INTERACTIONS, "user_id"),
        ITEMS,
        None,
        r"interactions\.parquet has no column 'user_id'",
    ),
    "nothing to make texts of": (
        INTERACTIONS,
        {"item_id": ["2", "10"], "brand": ["A", "B"]},
        None,
        r"items\.parquet has none of the columns .*\(it has item_id, brand\); .* title=brand, .* empty_text",
    ),
    "unknown item": (
        {"user_id": ["a"], "item_id": ["99"]},
        ITEMS,
        None,
        r"names 1 item that .*items\.parquet does not hold, e\.g\. '99'",
    ),
    "null id": (
        {"user_id": ["a", None], "item_id": ["2", "2"]},
        ITEMS,
        None,
        r"interactions\.parquet, row 2: column 'user_id' is empty",
    ),
    "empty id": (
        {"user_id": ["a", "b", "a"], "item_id": ["2", " ", "10"]},
        ITEMS,
        None,
        r"interactions\.parquet, row 2: column 'item_id' is empty",
    ),
    "decimal id": ({"user_id": [1.0], "item_id": ["2"]}, ITEMS, None, r"'user_id' holds decimals"),
    "item twice": (
        INTERACTIONS,
        {"item_id": ["2", "2", "10"], "title": list("abc")},
        None,
        r"items\.parquet, row 2: item '2' is in .*items\.parquet, row 1 already",
    ),
    "NaN rating": (
        INTERACTIONS | {"rating": [1.0, float("nan"), 5.0, 5.0]},
        ITEMS,
        Recipe(min_rating=4),
        r"interactions\.parquet, row 2: rating nan is not a number",
    ),
    "wordy rating": (
        INTERACTIONS | {"rating": ["5", "good", "5", "5"]},
        ITEMS,
        Recipe(min_rating=4),
        r"interactions\.parquet, row 2: rating 'good' is not a number; .* or set no rating filter",
    ),
    "missing rating": (
        INTERACTIONS | {"rating": [1.0, 2.0, None, 5.0]},
        ITEMS,
        Recipe(duplicates="best"),
        r"interactions\.parquet, row 3: rating is missing; .* another rule for duplicates than 'best'",
    ),
    "wordy time": (
        INTERACTIONS | {"timestamp": ["1", "2", "3", "noon"]},
        ITEMS,
        None,
        r"interactions\.parquet, row 4: timestamp 'noon' is not a number",
    ),
    "half a date": (
        INTERACTIONS | {"timestamp": ["2013-02-28", "2013-02-28T10:00:00Z", "2013-02", None]},
        ITEMS,
        None,
        r"interactions\.parquet, row 3: timestamp '2013-02' is not a number",
    ),
    "ratings under another name": (
        INTERACTIONS | {"ratng": [5, 4, 3, 2]},
        ITEMS,
        Recipe(min_rating=4),
        r"no column 'rating' but 'ratng'.*rating=ratng",
    ),
    "nothing to keep": (
        INTERACTIONS | {"reviews": "fine"},
        ITEMS,
        Recipe(keep=("review",)),
        r"'review'.*did you mean 'reviews'.*item_id, reviews, user_id",
    ),
    "empty texts refused": (
        INTERACTIONS,
        ITEMS,
        Recipe(empty_text="refuse", template="{genres}"),
        r"1 item with interactions has a text below 1 character, e\.g\. item '10'",
    ),
    "nothing left": (INTERACTIONS, ITEMS, Recipe(core=3), r"has no interactions left"),
    "no text column": (
        INTERACTIONS,
        ITEMS,
        Recipe(template="{plot}"),
        r"text column .*'plot'.*item_id, title",
    ),
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


@pytest.mark.parametrize("recipe", [Recipe(min_rating=4), Recipe(duplicates="best")])
def test_a_table_without_ratings_is_implicit(tmp_path, recipe):
    folder = write(tmp_path, INTERACTIONS, ITEMS)
    data = read_folder(folder, recipe=recipe)
    assert data.fingerprint == read_folder(folder).fingerprint
    assert any("no ratings" in note for note in data.notes)


def test_bad_folders(tmp_path):
    def refuses(path, message):
        with pytest.raises(SemcompError, match=message) as error:
            read_folder(path)
        assert "\n" not in str(error.value)

    refuses(tmp_path / "nowhere", "there is no folder")
    refuses(tmp_path, r"has no interactions\.parquet or interactions\.csv")
    file = tmp_path / "file"
    file.write_text("x")
    both = write(write(tmp_path / "both"), kind="csv")
    refuses(both, r"has both interactions\.csv and interactions\.parquet")
    broken = write(tmp_path / "broken")
    (broken / "items.parquet").write_bytes(b"not a table at all, not even close")
    refuses(broken, r"items\.parquet cannot be read")
    ragged = write(tmp_path / "ragged", kind="csv")
    (ragged / "interactions.csv").write_text("user_id,item_id\na,2\na,2,3,4\n")
    refuses(ragged, r"interactions\.csv, line 3: 4 cells where 2 were expected")
    (ragged / "interactions.csv").write_text("")
    refuses(ragged, r"interactions\.csv is empty")


# Users, items and interactions of the files and of a 5-core of them, from the SOURCE.md in each folder.
PUBLISHED = {
    "games": ((50_546, 16_859, 452_989), (50_546, 16_859, 452_989)),
    "beauty": ((22_363, 12_101, 198_502), (22_363, 12_101, 198_502)),
    "movies": ((21_081, 12_611, 141_695), (5_973, 3_119, 102_461)),
    "books": ((6_616, 8_853, 110_662), (6_616, 8_853, 110_662)),
}


def counts(data: Dataset) -> tuple[int, int, int]:
    return data.n_users, data.n_items, data.n_interactions


@pytest.mark.parametrize("name", PUBLISHED)
def test_counts_of_the_publishers(name):
    root = os.environ.get("SEMCOMP_DATA")
    if not root or not (Path(root) / name).is_dir():
        pytest.skip(f"SEMCOMP_DATA names no folder with {name}")
    files, core = PUBLISHED[name]
    raw = read_folder(Path(root) / name, recipe=Recipe(empty_text="keep", duplicates="refuse"))
    assert counts(raw) == files
    filtered = read_folder(Path(root) / name, recipe=Recipe(empty_text="keep", core=5))
    assert counts(filtered) == core
    step = filtered.steps[-1]
    assert (step.users, step.items, step.interactions) == tuple(np.subtract(files, core))
    assert read_folder(Path(root) / name, recipe=Recipe(core=5), memory=1 << 18).n_items == (
        8_520 if name == "books" else core[1]  # 248 of its 253 items without a title still have none
    )
