"""Named sources: a catalogue of well-formed facts, and how names and paths are resolved."""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl
import pytest

from semcomp.data import (
    Recipe,
    available,
    catalogue,
    describe_source,
    fetch,
    from_anywhere,
    load_named,
    movielens,
    resolve,
)
from semcomp.data.formats import open_tables
from semcomp.data.named_sources import CATALOGUE, NamedSource, RemoteFile
from semcomp.data.remote.checksum import Checksum
from semcomp.errors import SemcompError

INTERACTIONS = {"user_id": ["b", "a", "a", "b"], "item_id": ["2", "10", "2", "10"]}
ITEMS = {"item_id": ["2", "10", "7"], "title": ["Two", "Ten", "Seven"]}
FILES = [(entry.name, file) for entry in CATALOGUE.values() for file in entry.files]


def write(folder: Path, kind: str = "parquet") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, table in (("interactions", INTERACTIONS), ("items", ITEMS)):
        file = folder / f"{stem}.{kind}"
        frame = pl.DataFrame(table)
        frame.write_parquet(file) if kind == "parquet" else frame.write_csv(file)
    return folder


@pytest.fixture(autouse=True)
def nothing_at_hand(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache, no data folder, no network that would be missed, a current folder without data."""
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)
    monkeypatch.setenv("SEMCOMP_OFFLINE", "1")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


# --- the table ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CATALOGUE)
def test_an_entry_is_well_formed(name):
    entry = CATALOGUE[name]
    assert entry.name == name
    assert re.fullmatch(r"[a-z0-9][a-z0-9-]*", name)  # a folder name everywhere
    assert urlsplit(entry.address).scheme == "https"
    assert all((entry.title, entry.publisher, entry.licence, entry.citation))
    assert re.search(r"\((19|20)\d\d\)", entry.citation)
    assert isinstance(entry.recipe, Recipe)
    assert bool(entry.files) != bool(entry.obtained)  # fetched, or a word on how it is come by
    kept = [kept for file in entry.files for kept in file.kept]
    assert len(kept) == len(set(kept))
    assert "receipt.json" not in kept


@pytest.mark.parametrize(("name", "file"), FILES, ids=[f"{name}-{file.name}" for name, file in FILES])
def test_a_file_is_well_formed(name, file):
    address = urlsplit(file.url)
    assert (address.scheme, address.query, address.fragment) == ("https", "", "")
    assert file.name == address.path.rsplit("/", 1)[1]
    assert file.size is None or file.size > 100_000
    assert file.checksum is None or file.checksum.algorithm == "sha256"
    assert bool(file.members) == file.name.endswith(".zip")
    for inside, outside in zip(file.members, file.kept, strict=False):
        assert inside.endswith(f"/{outside}")
        assert "/" not in outside
        assert not outside.startswith(".")


def test_no_hash_or_address_stands_twice():
    urls = [file.url for _, file in FILES]
    hashes = [file.checksum.hex for _, file in FILES if file.checksum]
    assert len(set(urls)) == len(urls)
    assert len(set(hashes)) == len(hashes)


def test_what_the_table_holds():
    assert {"ml-100k", "games", "beauty", "movies", "books"} < set(CATALOGUE)
    assert {"ml-100k-grouplens", "ml-1m", "ml-latest-small", "ml-20m", "ml-25m", "ml-32m"} < set(CATALOGUE)
    for edition, beauty in ((2014, "beauty"), (2018, "all-beauty"), (2023, "all-beauty")):
        for category in ("movies-and-tv", "books", "video-games", beauty):
            reviews, items = CATALOGUE[f"amazon-{edition}-{category}"].files
            assert "5" in reviews.name or "5core" in reviews.url
            assert items.name.startswith("meta_")
    assert all(entry.files[0].checksum for name, entry in CATALOGUE.items() if name.startswith("ml-1m"))


def test_the_recipes_of_the_book():
    recipes = {name: (e.recipe.min_rating, e.recipe.core) for name, e in CATALOGUE.items()}
    assert recipes["ml-100k"] == (4.0, 0)
    assert recipes["games"] == recipes["beauty"] == (None, 0)
    assert recipes["movies"] == recipes["books"] == (None, 5)


def test_catalogue_gives_a_copy():
    catalogue().clear()
    assert "ml-1m" in catalogue()


def test_a_description_has_all_there_is_to_know():
    text = describe_source("ml-1m")
    for part in (
        "publisher: GroupLens Research, https://grouplens.org/datasets/movielens/1m/",
        "licence: research use with acknowledgement",
        "cite: Harper and Konstan (2015)",
        "used: ratings of 4 or more",
        "file: https://files.grouplens.org/datasets/movielens/ml-1m.zip; 5,917,549 bytes; sha256 a6898adb",
        "of it README, movies.dat, ratings.dat, users.dat",
        "here: no",
    ):
        assert part in text
    assert "size not published; hash not published" in describe_source("amazon-2018-books")
    assert "used: the 5-core" in describe_source("movies")
    assert "no download of its own" in describe_source("games")
    assert f"sha256 {movielens.WHEEL_SHA256}" in describe_source("ml-100k")
    assert "here: package index" in describe_source("ml-100k")
    with pytest.raises(SemcompError, match="unknown data set 'ml-20'; did you mean 'ml-20m'"):
        describe_source("ml-20")


# One row of each publisher's files, by the end of their names.
FLAGS = "|".join(["0"] * 18 + ["1"])
ROWS = {
    "ml-100k-grouplens": {
        "u.data": "1\t7\t5\t881250949\n",
        "u.item": f"7|One (1995)|01-Jan-1995||http://x|{FLAGS}\n",
        "u.genre": "unknown|0\n",
        "u.user": "1|24|M|technician|85711\n",
    },
    "ml-1m": {
        "ratings.dat": "1::7::5::978300760\n",
        "movies.dat": "7::One (1995)::Drama\n",
        "users.dat": "1::F::1::10::48067\n",
    },
    "ml-": {
        "ratings.csv": "userId,movieId,rating,timestamp\n1,7,5.0,964982703\n",
        "movies.csv": "movieId,title,genres\n7,One (1995),Drama\n",
    },
    "amazon-2014": {
        "_5.json.gz": '{"reviewerID": "A1YJEY40YUW4SE", "asin": "7806397051", "helpful": [3, 4], '
        '"overall": 5.0, "unixReviewTime": 1391040000, "reviewText": "Good"}\n',
        ".json.gz": "{'asin': '7806397051', 'title': 'One', 'categories': [['Beauty', 'Makeup']]}\n",
    },
    "amazon-2018": {
        "_5.json.gz": '{"overall": 5.0, "verified": true, "reviewerID": "A1YJEY40YUW4SE", '
        '"asin": "B00006L9LC", "unixReviewTime": 1391040000, "reviewText": "Good"}\n',
        ".json.gz": '{"category": ["Games"], "title": "One", "asin": "B00006L9LC", "main_cat": "Games"}\n',
    },
    "amazon-2023": {
        ".csv.gz": "user_id,parent_asin,rating,timestamp\n"
        "AGKHLEW2SOWHNMFQIJGBECAF7INQ,B00006L9LC,5.0,1391040000000\n",
        ".jsonl.gz": '{"main_category": "Games", "title": "One", "parent_asin": "B00006L9LC", '
        '"categories": []}\n',
    },
}


@pytest.mark.parametrize("name", [name for name, entry in CATALOGUE.items() if entry.files])
def test_what_a_fetch_leaves_is_recognised(name, tmp_path):
    """A folder with the files under the names they are kept by, the README and the receipt next to them."""
    rows = next(rows for start, rows in ROWS.items() if name.startswith(start))
    for kept in (kept for file in CATALOGUE[name].files for kept in file.kept):
        text = next((row for end, row in rows.items() if kept.endswith(end)), "Summary\n=======\n").encode()
        (tmp_path / kept).write_bytes(gzip.compress(text) if kept.endswith(".gz") else text)
    (tmp_path / "receipt.json").write_text(json.dumps({"name": name, "files": {}}, indent=1))
    (tmp_path / ".fetch.lock").touch()
    tables = open_tables(tmp_path)
    pairs = tables.interactions.frame.collect()
    assert pairs.select(pl.len(), pl.col("rating").cast(float).first()).row(0) == (1, 5.0)
    items = tables.items.frame.collect()
    assert (items["title"].to_list(), items["item_id"].to_list()) == (["One"], pairs["item_id"].to_list())


# --- names and paths ----------------------------------------------------------------------------------------


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
    assert resolve("movies").known.source.licence == "MIT (ratings, titles, genres)"
    assert resolve("data/movies").known is None  # a path has no recipe
    assert list(available()) == ["ml-100k", "movies", "shop"]
    assert resolve("ml-100k").path is None


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shoop", r"unknown data set 'shoop'; did you mean 'shop'\? Known: ml-100k, planted, shop$"),
        ("plantd", r"did you mean 'planted'"),
        ("ml-1n", r"did you mean 'ml-1m'"),
        ("ml-1m", r"'ml-1m' is known but not fetched yet; run: semcomp data fetch ml-1m"),
        ("../secret", r"climbs out of where it starts"),
        ("shop/../../secret", r"climbs out of where it starts"),
        ("/no/such/folder", r"there is no folder /no/such/folder"),
        ("", r"is empty"),
        ("n" * 5000, r"unknown data set 'nnn"),
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
    assert list(available()) == ["ml-100k"]
    with pytest.raises(
        SemcompError, match="'books' is looked for in the folder SEMCOMP_DATA names, which is not"
    ):
        load_named("books")
    monkeypatch.setenv("SEMCOMP_DATA", str(tmp_path / "gone"))
    with pytest.raises(SemcompError, match=r"SEMCOMP_DATA names .*gone, which is not a folder"):
        load_named("books")
    assert resolve("ml-100k").path is None  # needs no data folder


# --- what was fetched ---------------------------------------------------------------------------------------


@pytest.fixture
def toy(tmp_path, cache, monkeypatch) -> Path:
    """An entry of the catalogue whose two files lie in its place in the cache, as put there by hand."""
    folder = write(cache / "data" / "toy", kind="csv")
    files = tuple(
        RemoteFile(f"https://data.invalid/{path.name}", None, None) for path in sorted(folder.iterdir())
    )
    entry = NamedSource(
        "toy", "A toy", "Nobody", "https://x.invalid", "CC0", "Nobody (2000)", Recipe(core=2), files
    )
    monkeypatch.setitem(CATALOGUE, "toy", entry)
    return folder


def test_a_fetched_data_set_loads_by_its_name_with_its_recipe(toy, cache, monkeypatch, tmp_path):
    assert list(available()) == ["ml-100k"]  # the files alone are no fetch
    assert fetch("toy", say=lambda _: None) == toy
    assert available() == {"ml-100k": available()["ml-100k"], "toy": f"fetched, {toy}"}
    assert describe_source("toy").endswith(f"here: fetched, {toy}")
    place = resolve("toy")
    assert (place.path, place.known.recipe.core, place.known.source.licence) == (toy, 2, "CC0")
    data = load_named("toy")
    assert data.name == "toy"
    assert data.n_interactions == 4
    assert data.source.publisher == "A toy, Nobody"
    assert set(data.source.sha256) == {"interactions.csv", "items.csv"}
    own = write(tmp_path / "own" / "toy")
    monkeypatch.setenv("SEMCOMP_DATA", str(own.parent))  # the user's own comes first
    assert resolve("toy").path == own
    assert available()["toy"] == str(own)


def test_an_unfinished_fetch_does_not_load(toy):
    fetch("toy", say=lambda _: None)
    (toy / "items.csv").unlink()
    assert list(available()) == ["ml-100k"]
    with pytest.raises(SemcompError, match="known but not fetched yet"):
        load_named("toy")
    write(toy, kind="csv")
    receipt = json.loads((toy / "receipt.json").read_text())
    assert load_named("toy").n_items == 2
    assert receipt["name"] == "toy"


def test_a_cache_that_cannot_be_used_does_not_matter_for_paths(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "file"))
    assert load_named(write(tmp_path / "shop")).n_items == 2
    assert load_named(str(write(tmp_path / "shop"))).n_items == 2
    assert list(available()) == ["ml-100k"]


def test_checksums_read_like_what_they_are():
    assert str(Checksum("md5", "0" * 32)) == f"md5 {'0' * 32}"


def test_how_a_data_set_is_come_by_in_a_few_words():
    found = {name: source.getting for name, source in catalogue().items()}
    assert found["ml-1m"] == "6 MB, 1 of 1 file with a published hash"
    assert found["ml-100k"] == "by pip from the package index, at the first use"
    assert found["books"] == "no download of its own"
    assert found["amazon-2023-books"] == "size not published, 1 of 2 files with a published hash"


def test_a_bare_folder_name_reaches_any_folder(tmp_path, monkeypatch):
    here = tmp_path / "here"
    write(here / "my_shop")
    assert load_named("my_shop").name == "my_shop"
    for given in ("my_shop", "./my_shop", str(here / "my_shop"), Path("my_shop")):
        assert from_anywhere(given) == str(here / "my_shop")
    monkeypatch.setenv("SEMCOMP_DATA", str(tmp_path / "mine"))
    write(tmp_path / "mine" / "games")
    for known in ("ml-100k", "games", "planted"):
        assert from_anywhere(known, also=("planted",)) == known
    with pytest.raises(SemcompError, match=r"'my_shp'"):
        from_anywhere("my_shp")


def test_a_known_name_goes_before_a_folder_here_and_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("SEMCOMP_DATA", str(tmp_path / "mine"))
    write(tmp_path / "mine" / "games")
    write(tmp_path / "here" / "games")
    assert resolve("games").path == tmp_path / "mine" / "games"
    assert any("./games" in note for note in load_named("games").notes)
    assert from_anywhere("games") == "games"
    (tmp_path / "here" / "ml-100k").mkdir()
    assert "./ml-100k" in resolve("ml-100k").note
    monkeypatch.chdir(tmp_path / "mine")  # there the name and the folder are one
    assert resolve("games").note == ""
    assert not any("./games" in note for note in load_named("games").notes)
