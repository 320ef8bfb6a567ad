"""One small shop in every layout and place: loaded, split, audited, embedded through the public face."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import semcomp as sc
from semcomp.core.inputs import Inputs
from semcomp.data import read_pairs, write_folder

RNG = np.random.default_rng(0)
N_USERS, N_ITEMS = 30, 25
PAIRS = sorted(
    {
        (int(u), int(i))
        for u, i in zip(RNG.integers(0, N_USERS, 400), RNG.integers(0, N_ITEMS, 400), strict=True)
    }
)
WORDS = [
    "red",
    "blue",
    "green",
    "toy",
    "car",
    "book",
    "game",
    "film",
    "pirate",
    "robot",
    "garden",
    "train",
    "ghost",
]
TITLES = [f"{' '.join(RNG.choice(WORDS, 3))} {i}" for i in range(N_ITEMS)]
USERS = [f"A{u:013d}" for u in range(N_USERS)]
ASINS = [f"B{i:09d}" for i in range(N_ITEMS)]


def put(path: Path, lines: list[str]) -> None:
    text = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)


def seconds(u: int, i: int) -> int:
    return 1_390_000_000 + 100 * u + i


def amazon_2014(folder: Path) -> None:
    reviews = [
        {
            "reviewerID": USERS[u],
            "asin": ASINS[i],
            "helpful": [0, 0],
            "reviewText": f"I liked the thing numbered {i} a lot, said {u}",
            "overall": 5.0,
            "unixReviewTime": seconds(u, i),
        }
        for u, i in PAIRS
    ]
    put(folder / "reviews_X_5.json.gz", [json.dumps(review) for review in reviews])
    meta = [{"asin": ASINS[i], "title": TITLES[i], "categories": [["Toys", "Cars"]]} for i in range(N_ITEMS)]
    put(folder / "meta_X.json.gz", [repr(row) for row in meta])  # Python, not JSON, as published


def amazon_2018(folder: Path) -> None:
    reviews = [
        {
            "reviewerID": USERS[u],
            "asin": ASINS[i],
            "verified": True,
            "overall": 4.0,
            "unixReviewTime": seconds(u, i),
        }
        for u, i in PAIRS
    ]
    put(folder / "X_5.json.gz", [json.dumps(review) for review in reviews])
    meta = [{"asin": ASINS[i], "title": TITLES[i], "category": ["Toys", "Cars"]} for i in range(N_ITEMS)]
    put(folder / "meta_X.json.gz", [json.dumps(row) for row in meta])


def amazon_2023(folder: Path) -> None:
    reviews = [
        {
            "user_id": USERS[u],
            "parent_asin": ASINS[i],
            "asin": "B",
            "rating": 4.0,
            "timestamp": 1000 * seconds(u, i),
        }
        for u, i in PAIRS
    ]
    put(folder / "X.jsonl.gz", [json.dumps(review) for review in reviews])
    meta = [
        {"parent_asin": ASINS[i], "main_category": "Toys", "title": TITLES[i], "categories": ["Toys", "Cars"]}
        for i in range(N_ITEMS)
    ]
    put(folder / "meta_X.jsonl.gz", [json.dumps(row) for row in meta])


def recbole(folder: Path) -> None:
    rows = [f"{USERS[u]}\t{ASINS[i]}\t4\t{seconds(u, i)}" for u, i in PAIRS]
    put(folder / "x.inter", ["user_id:token\titem_id:token\trating:float\ttimestamp:float", *rows])
    items = [f"{ASINS[i]}\t{TITLES[i]}\tToys, Cars" for i in range(N_ITEMS)]
    put(folder / "x.item", ["item_id:token\ttitle:token_seq\tcategories:token_seq", *items])


def movielens_1m(folder: Path) -> None:
    put(folder / "ratings.dat", [f"{u}::{i}::5::{seconds(u, i)}" for u, i in PAIRS])
    put(folder / "movies.dat", [f"{i}::{TITLES[i]} (1995)::Toys|Cars" for i in range(N_ITEMS)])


def movielens_csv(folder: Path) -> None:
    ratings = [f"{u},{i},4.5,{seconds(u, i)}" for u, i in PAIRS]
    put(folder / "ratings.csv", ["userId,movieId,rating,timestamp", *ratings])
    films = [f'{i},"{TITLES[i]} (1995)",Toys|Cars' for i in range(N_ITEMS)]
    put(folder / "movies.csv", ["movieId,title,genres", *films])


AMAZON, FILMS = "{title}[. {categories}]", "{title}[ ({year})][. {genres}]"
LAYOUTS: dict[str, tuple[Callable[[Path], None], str, str]] = {
    "amazon-2014": (amazon_2014, AMAZON, "{}. Toys, Cars"),
    "amazon-2018": (amazon_2018, AMAZON, "{}. Toys, Cars"),
    "amazon-2023": (amazon_2023, AMAZON, "{}. Toys, Cars"),
    "recbole": (recbole, AMAZON, "{}. Toys, Cars"),
    "movielens-1m": (movielens_1m, FILMS, "{} (1995). Toys, Cars"),
    "movielens": (movielens_csv, FILMS, "{} (1995). Toys, Cars"),
}


@pytest.fixture(autouse=True)
def own_cache(cache: Path) -> Path:
    return cache


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_layout_goes_all_the_way(tmp_path, layout):
    write, template, text = LAYOUTS[layout]
    write(tmp_path)
    data = sc.load_dataset(tmp_path)
    assert data.fingerprint == sc.load_dataset(tmp_path, format=layout).fingerprint
    assert (data.n_users, data.n_items, data.n_interactions) == (N_USERS, N_ITEMS, len(PAIRS))
    assert data.template == template
    assert sorted(data.texts) == sorted(text.format(title) for title in TITLES)
    times = data.interactions["timestamp"].to_list()
    assert sorted(times) == sorted(float(seconds(u, i)) for u, i in PAIRS)
    for strategy in ("random", "leave-last-out", "temporal", "cold-items", "cold-users"):
        sc.audit(data, sc.split(data, strategy)).raise_if_leaking()
    split = sc.split(data)
    matrix = sc.embed(data, "tfidf", progress=False)
    view = sc.views.RawText().fit(Inputs(split, matrix))
    assert sc.audit(data, split, text=matrix, view=view, graph=split.train).leaks == ()


def test_the_published_layout_brings_its_own_vectors(tmp_path):
    put(tmp_path / "toys.inter", ["user_id:token\titem_id:token", *(f"{u}\t{i}" for u, i in PAIRS)])
    vectors = RNG.standard_normal((N_ITEMS, 16)).astype(np.float32)
    np.save(tmp_path / "toys_item_embeddings.npy", vectors)
    data = sc.load_dataset(tmp_path)
    matrix = sc.embed(data)
    assert matrix.provenance["encoder"] == "own"
    rows = [data.item_ids.tolist().index(str(i)) for i in range(N_ITEMS)]
    assert np.array_equal(matrix.matrix[rows], vectors)
    sc.audit(data, sc.split(data), text=matrix).raise_if_leaking()


def test_reviews_are_kept_and_a_copied_one_is_a_leak(tmp_path):
    amazon_2014(tmp_path)
    recipe = sc.Recipe(keep=("review",))
    data = sc.load_dataset(tmp_path, recipe=recipe)
    sc.audit(data, sc.split(data)).raise_if_leaking()
    split = sc.split(data)
    user, item = (int(rows[0]) for rows in split.test.nonzero())
    meta = [{"asin": ASINS[i], "title": TITLES[i], "categories": [["Toys"]]} for i in range(N_ITEMS)]
    meta[item]["title"] = f"I liked the thing numbered {item} a lot, said {user}"
    put(tmp_path / "meta_X.json.gz", [repr(row) for row in meta])
    copied = sc.load_dataset(tmp_path, recipe=recipe)
    with pytest.raises(sc.SemcompError, match="text carries a held-out review: 1 found"):
        sc.audit(copied, sc.split(copied)).raise_if_leaking()


def test_a_kept_column_alone(tmp_path):
    """Nothing else is known of the pairs: no rating, no time."""
    put(tmp_path / "interactions.csv", ["user_id,item_id,review", "a,1,good", "b,1,bad", "a,2,so so"])
    put(tmp_path / "items.csv", ["item_id,title", "1,One", "2,Two"])
    data = sc.load_dataset(tmp_path, recipe=sc.Recipe(keep=("review",)))
    assert data.interactions.to_dict(as_series=False) == {"review": ["good", "so so", "bad"]}


# --- a path is a path, never a pattern ------------------------------------------------------------------


def as_tables(kind: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        pairs = pl.DataFrame(
            {"user_id": [USERS[u] for u, _ in PAIRS], "item_id": [ASINS[i] for _, i in PAIRS]}
        )
        items = pl.DataFrame({"item_id": ASINS, "title": TITLES})
        for name, frame in (("interactions", pairs), ("items", items)):
            path = folder / f"{name}.{kind}"
            if kind == "parquet":
                frame.write_parquet(path)
            else:
                put(path, (frame.write_ndjson() if "json" in kind else frame.write_csv()).splitlines())

    return write


def published(folder: Path) -> None:
    put(folder / "toys.inter", ["user_id:token\titem_id:token", *(f"{u}\t{i}" for u, i in PAIRS)])
    np.save(folder / "toys_item_embeddings.npy", np.eye(N_ITEMS, dtype=np.float32))


def movielens_100k(folder: Path) -> None:
    put(folder / "u.data", [f"{u}\t{i}\t5\t{seconds(u, i)}" for u, i in PAIRS])
    flags = "|".join(["1", *"0" * 18])
    put(folder / "u.item", [f"{i}|{TITLES[i]} (1995)|01-Jan-1995||url|{flags}" for i in range(N_ITEMS)])


ALL = {name: write for name, (write, *_) in LAYOUTS.items()} | {
    "published": published,
    "movielens-100k": movielens_100k,
    **{kind: as_tables(kind) for kind in ("parquet", "csv", "csv.gz", "jsonl", "jsonl.gz")},
}
NAME, ALIKE = "data [2023] *?", "data 2 xy"  # read as a pattern, the name would stand for the other folder


@pytest.mark.parametrize("layout", ALL)
def test_a_name_is_no_pattern(tmp_path, monkeypatch, layout):
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / f"cache {NAME}"))
    for name in ("plain", NAME, ALIKE):
        (tmp_path / name).mkdir()
        ALL[layout](tmp_path / name)
    for file in (tmp_path / ALIKE).iterdir():  # the same names, other content
        put(file, ["user_id,item_id", "decoy,1"])
    data, same = sc.load_dataset(tmp_path / "plain"), sc.load_dataset(tmp_path / NAME)
    assert same.fingerprint == data.fingerprint
    assert same.items.equals(data.items)
    assert same.name == NAME
    written = write_folder(same, tmp_path / f"written {NAME}")
    assert {file.name for file in written.iterdir()} >= {"interactions.parquet", "items.parquet"}
    assert sc.load_dataset(written).fingerprint == data.fingerprint
    assert sc.load_dataset(written, recipe=sc.Recipe(core=2, empty_text="keep")).n_interactions > 0


def test_file_names_are_no_patterns(tmp_path):
    for kind in ("csv", "jsonl", "parquet"):
        as_tables(kind)(tmp_path)
        for name in ("interactions", "items"):
            (tmp_path / f"{name}.{kind}").rename(tmp_path / f"{name}[1]*.{kind}")
            put(tmp_path / f"{name}1x.{kind}", ["user_id,item_id", "decoy,1"])
    found = {
        sc.load_dataset(
            tmp_path / f"interactions[1]*.{kind}", items=tmp_path / f"items[1]*.{kind}"
        ).fingerprint
        for kind in ("csv", "jsonl", "parquet")
    }
    assert len(found) == 1


def test_files_of_pairs_are_no_patterns(tmp_path):
    put(tmp_path / "train[1].inter", ["user\titem", "3\t4"])
    put(tmp_path / "train1.inter", ["user\titem", "9\t9"])
    users, items = read_pairs(tmp_path / "train[1].inter")
    assert (users.tolist(), items.tolist()) == ([3], [4])
