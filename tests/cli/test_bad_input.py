"""Mistakes with data, folders and texts, made from Python: one line names the offender and the remedy."""

from __future__ import annotations

import numpy as np
import pytest
from mistakes import Bench, Call, told_to_python

import semcomp as sc
from semcomp.core.inputs import Inputs
from semcomp.data import Recipe, read_folder
from semcomp.storage import cache_folder

RATED = {"user_id": ["u", "v"], "item_id": ["a", "b"]}

# name -> (what is done, the whole message, in which {tmp} stands for the folder of the test)
CALLS: dict[str, tuple[Call, str]] = {
    # data
    "missing column": (
        lambda b: sc.load_dataset(b.tables({"who": ["u"], "item_id": ["a"]})),
        "{tmp}/interactions.csv has no column 'user_id' (it has who, item_id); "
        "rename one or say which it is, for example user=who",
    ),
    "interaction with an unknown item": (
        lambda b: sc.load_dataset(b.tables({"user_id": ["u", "v"], "item_id": ["a", "zz"]})),
        "{tmp}/interactions.csv names 1 item that {tmp}/items.csv does not hold, e.g. 'zz'; "
        "add their rows, or drop the interactions by unknown_items = 'drop'",
    ),
    "item in two rows": (
        lambda b: sc.load_dataset(b.tables(items={"item_id": ["a", "b", "a"], "title": ["A", "B", "C"]})),
        "{tmp}/items.csv, line 4: item 'a' is in {tmp}/items.csv, line 2 already; keep one row per item",
    ),
    "null id": (
        lambda b: sc.load_dataset(b.tables({"user_id": ["u", None], "item_id": ["a", "b"]})),
        "{tmp}/interactions.csv, line 3: column 'user_id' is empty; fill in an id or remove the row",
    ),
    "NaN rating under a filter": (
        lambda b: read_folder(
            b.tables({**RATED, "rating": [5.0, float("nan")]}), recipe=Recipe(min_rating=4)
        ),
        "{tmp}/interactions.csv, line 3: rating 'NaN' is not a number; "
        "fill it in or remove the row, or set no rating filter",
    ),
    "nothing left": (
        lambda b: read_folder(b.tables(), name="d", recipe=Recipe(core=9)),
        "data set 'd' has no interactions left: 9-core: dropped 2 users, 2 items and 2 interactions, "
        "until every user and item left had 9; lower core",
    ),
    "folder without tables": (
        lambda b: sc.load_dataset(b.tmp),
        "{tmp} has no interactions.parquet or interactions.csv and no known layout (no data files); "
        "put a table of interactions there, or the files of a publisher "
        "(published, recbole, movielens-100k, movielens-1m, movielens, amazon-2014, amazon-2018, "
        "amazon-2023, tables)",
    ),
    "unknown data set": (
        lambda b: sc.load_dataset("plantde"),
        "unknown data set 'plantde'; did you mean 'planted'? Known: ml-100k, planted",
    ),
    "name that climbs out of the data folder": (
        lambda b: [b.environment(SEMCOMP_DATA=str(b.tmp)), sc.load_dataset("../no/such")],
        "data set '../no/such' climbs out of where it starts and is not an existing folder; "
        "give a plain name or a path to a folder that exists",
    ),
    "known data set without a data folder": (
        lambda b: sc.load_dataset("books"),
        "data set 'books' is looked for in the folder SEMCOMP_DATA names, which is not set; set it",
    ),
    "unknown split strategy": (
        lambda b: sc.split(sc.planted.World(users=5, items=20).dataset(), strategy="ramdom"),
        "unknown split strategy 'ramdom'; did you mean 'random'? Known: category, cold-items, cold-users, "
        "leave-last-out, popularity-shift, random, temporal",
    ),
    "negative split seed": (
        lambda b: sc.split(sc.planted.World(users=5, items=20).dataset(), seed=-1),
        "split: seed = -1; it must be a whole number from 0 to 9,223,372,036,854,775,807",
    ),
    "unknown mask": (
        lambda b: b.ranking(mask="valid"),
        "unknown mask 'valid'; use 'train+valid', 'train' or 'none'",
    ),
    # environment
    "data folder that is not there": (
        lambda b: [b.environment(SEMCOMP_DATA=f"{b.tmp}/gone"), sc.load_dataset("games")],
        "SEMCOMP_DATA names {tmp}/gone, which is not a folder; correct it or unset it",
    ),
    "cache folder with a file in its way": (
        lambda b: [
            (b.tmp / "file").write_text(""),
            b.environment(SEMCOMP_CACHE=f"{b.tmp}/file"),
            cache_folder("views"),
        ],
        "the cache folder {tmp}/file/views cannot be written (Not a directory); "
        "make it writable or point SEMCOMP_CACHE at another folder",
    ),
    "read-only cache folder": (
        lambda b: [b.refuse_to_write(), sc.Study("planted", "smoke").view("LightGCN")],
        "the cache folder {tmp}/cache/views cannot be written (Permission denied); "
        "make it writable or point SEMCOMP_CACHE at another folder",
    ),
    # text
    "text of an item that the data does not know": (
        lambda b: sc.TextMatrix(np.array(["a", "b"]), np.ones((2, 3))).rows_for(np.array(["a"])),
        "text matrix has 1 items that the data does not know, e.g. 'b'; embed the same data set",
    ),
    "text that lacks an item": (
        lambda b: sc.views.RawText().fit(
            Inputs(b.split, sc.TextMatrix(b.split.item_ids[:-1], np.ones((5, 3), np.float32)))
        ),
        "text matrix lacks 1 items, e.g. 'i05'; embed the same data set",
    ),
    "text with an item in two rows": (
        lambda b: sc.TextMatrix(np.array(["a", "b", "a"]), np.ones((3, 2))),
        "text matrix has item id 'a' twice; one row per item is needed",
    ),
    "text with fewer rows than ids": (
        lambda b: sc.TextMatrix(np.array(["a", "b"]), np.ones((1, 2))),
        "text matrix has 1 rows for 2 item ids; one id per row is needed",
    ),
    "unknown encoder": (
        lambda b: sc.embed(sc.planted.World(users=5, items=20).dataset(), encoder="minilmm"),
        "unknown encoder 'minilmm'; did you mean 'minilm'? Known: auto, bge-m3, minilm, own, smollm2, tfidf",
    ),
    "own encoder without vectors": (
        lambda b: sc.embed(read_folder(b.tables(), name="d"), encoder="own"),
        "data set 'd' has no vectors of its own; use encoder 'minilm'",
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_from_python(case: str, bench: Bench) -> None:
    told_to_python(*CALLS[case], bench)
