"""A good line of every command of `semcomp`, by option; and values that are no good, by kind of option.

`{w}` stands for the folder of inputs and `{r}` for an empty one, the working folder.
"""

from __future__ import annotations

import os

from tests.attack import disk
from tests.attack.disk import LONG

SPLIT = {"--train": ["{w}/train.inter"], "--valid": ["{w}/valid.inter"], "--test": ["{w}/test.inter"]}
JSON = {"--json": ["{r}/out.json"]}
GOOD: dict[str, dict[str, list[str]]] = {
    "geometry": {
        "geometry": ["{w}/a_items.npy", "{w}/b_items.npy"],
        "--counts": ["{w}/counts.npy"],
        **JSON,
        "--k": ["5"],
        "--anchors": ["10"],
        "--groups": ["3"],
        "--shuffles": ["2"],
        "--resamples": ["10"],
        "--seed": ["0"],
    },
    "diagnose": {
        "diagnose": [],
        **SPLIT,
        "--view-a": ["{w}/a_users.npy", "{w}/a_items.npy"],
        "--view-b": ["{w}/b_users.npy", "{w}/b_items.npy"],
        "--null": ["{w}/c_users.npy", "{w}/c_items.npy"],
        "--categories": ["{w}/cats.inter"],
        **JSON,
        "--k": ["5"],
        "--mask": ["train"],
        "--normalize": ["none"],
        "--strata": ["train"],
        "--resamples": ["10"],
        "--seed": ["0"],
    },
    "probe": {
        "probe": [],
        **SPLIT,
        "--source": ["{w}/a_items.npy"],
        "--target-users": ["{w}/b_users.npy"],
        "--target-items": ["{w}/b_items.npy"],
        "--ceiling": ["{w}/c_items.npy"],
        "--first-seen": ["{w}/first.npy"],
        "--kind": ["ridge"],
        "--shift": ["temporal"],
        "--target-as": ["raw"],
        **JSON,
        "--k": ["5"],
        "--mask": ["train"],
        "--epochs": ["2"],
        "--resamples": ["10"],
        "--seed": ["0"],
    },
    "decompose": {
        "decompose": [],
        **SPLIT,
        "--semantic": ["{w}/a_users.npy", "{w}/a_items.npy"],
        "--collaborative": ["{w}/b_users.npy", "{w}/b_items.npy"],
        "--second": ["{w}/c_users.npy", "{w}/c_items.npy"],
        **JSON,
        "--method": ["inter-battery"],
        "--rank": ["1"],
        "--k": ["5"],
        "--mask": ["train"],
        "--groups": ["3"],
        "--permutations": ["19"],
        "--resamples": ["10"],
        "--max-users": ["20"],
        "--seed": ["0"],
    },
    "describe": {
        "data": ["describe", "{w}/ratings.csv"],
        "--items": ["{w}/items.csv"],
        "--columns": ["rating=rating"],
        "--format": ["auto"],
        "--min-rating": ["1"],
        "--core": ["0"],
        "--duplicates": ["last"],
        "--unknown-items": ["refuse"],
        "--empty-text": ["drop"],
        "--min-characters": ["1"],
        "--template": ["{title}"],
        "--keep": ["channel"],
        "--encoder": ["tfidf"],
    },
    "prepare": {
        "data": ["prepare", "{w}/ratings.csv", "{r}/made"],
        "--items": ["{w}/items.csv"],
        "--min-rating": ["1"],
        "--core": ["0"],
        "--template": ["{title}"],
    },
    "audit": {
        "data": ["audit", "{w}/shop"],
        "--strategy": ["random"],
        "--seed": ["0"],
        "--encoder": ["tfidf"],
    },
    "fetch": {"data": ["fetch", "ml-100k"], "--into": ["{r}/into"], "--offline": []},
    "tune": {
        "tune": ["{w}/shop"],
        "--view": ["raw text"],
        "--trials": ["1"],
        "--seed": ["0"],
        "--epochs": ["1"],
        "--patience": ["1"],
        "--out": ["{r}/settings"],
        "--encoder": ["tfidf"],
        "--jobs": ["1"],
    },
    "book": {
        "book": [],
        "--dataset": ["{w}/shop"],
        "--budget": ["smoke"],
        "--out": ["{r}/book"],
        "--jobs": ["1"],
    },
}

ARRAYS = {
    ("geometry", "geometry"): (0, 1),
    ("geometry", "--counts"): (0,),
    ("diagnose", "--view-a"): (0, 1),
    ("diagnose", "--view-b"): (1,),
    ("diagnose", "--null"): (1,),
    ("probe", "--source"): (0,),
    ("probe", "--target-users"): (0,),
    ("probe", "--target-items"): (0,),
    ("probe", "--ceiling"): (0,),
    ("probe", "--first-seen"): (0,),
    ("decompose", "--semantic"): (0, 1),
    ("decompose", "--collaborative"): (1,),
    ("decompose", "--second"): (1,),
}
#: Vectors that may be taken: as wide and as long as the good ones, and finite.
FINE_ARRAYS = {
    "half",
    "big_endian",
    "fortran",
    "integers",
    "zeros",
    "equal_rows",
    "negative",
    "flags",
    "one_column",
}
ODD = (*disk.odd_arrays(), "objects")
RAW = tuple(disk.raw_arrays(b""))
#: Paths of no file that can be read as anything.
NOWHERE = (
    "{w}/gone",
    "{w}/gone/deeper/x.npy",
    "",
    "{w}",
    ".",
    "..",
    "/",
    "{w}/loop",
    "{w}/dangling",
    "{w}/socket",
    "{w}/unreadable.npy",
    "{w}/locked/x.npy",
    "{w}/ratings.csv/x.npy",
    "{w}/" + LONG,
    LONG * 20,
    "~nobody/x.npy",
    "~no_such_user/x.npy",
    "~",
    "{w}/ünï✓\u202e.npy",
    "{w}/two\nlines.npy",
    "{w}/\x1b[31mred\x07.npy",
    "{w}/" + os.fsdecode(b"\xff\xfe") + ".npy",
    "-",
    "{w}/*.npy",
    "{w}/[ab]_items.npy",
    "/dev/null",
    "http://127.0.0.1:9/x.npy",
)
ENDLESS = ("{w}/fifo", "{w}/zero")  # a file that says nothing, and one that never ends

TABLES = {
    ("diagnose", "--train"): (0,),
    ("diagnose", "--valid"): (0,),
    ("diagnose", "--test"): (0,),
    ("diagnose", "--categories"): (0,),
    ("probe", "--test"): (0,),
    ("probe", "--categories"): (0,),
    ("decompose", "--train"): (0,),
}
TABLE_FILES = tuple(disk.odd_tables(b"", b"", b""))
PAIRS = [
    name.removesuffix(".inter") for name in TABLE_FILES if name.endswith(".inter") and name != "head.inter"
]
FINE_PAIRS = {"mark", "crlf", "gzip", "blanks", "utf16", "three_columns"}
DATA = (*(name for name in TABLE_FILES if not name.endswith(".inter")), "train.inter", "a_items.npy")
FINE_DATA = {"no_gzip.csv.gz", "utf16.csv", "surrogate.jsonl", "array.json"}

NUMBERS = {
    "geometry": ("--k", "--anchors", "--groups", "--shuffles", "--resamples", "--seed"),
    "diagnose": ("--k", "--resamples", "--seed"),
    "probe": ("--k", "--epochs", "--resamples", "--seed"),
    "decompose": ("--rank", "--k", "--groups", "--permutations", "--resamples", "--max-users", "--seed"),
    "describe": ("--core", "--min-characters"),
    "audit": ("--seed",),
    "tune": ("--trials", "--seed", "--epochs", "--patience", "--jobs"),
    "book": ("--jobs",),
}
NO_NUMBERS = ("-1", "1.5", "nan", "inf", "-inf", "x", "", "½", "0x10", "1e9", "9" * 5000, "-0.0")
LARGE = ("1000000000", "9" * 25)

CHOICES = {
    "diagnose": ("--mask", "--normalize", "--strata"),
    "probe": ("--kind", "--shift", "--target-as", "--mask"),
    "decompose": ("--method", "--mask"),
    "describe": ("--format", "--duplicates", "--unknown-items", "--empty-text", "--encoder"),
    "audit": ("--strategy", "--encoder"),
    "tune": ("--view", "--encoder"),
    "book": ("--budget",),
}
NO_NAMES = (
    "",
    "bogus",
    "n" * 5000,
    "ünï✓",
    "a\nb",
    "\x1b[31mred\x07",
    "../..",
    "*",
    os.fsdecode(b"\xff"),
    "~nobody",
)

TARGETS = {
    "geometry": "--json",
    "diagnose": "--json",
    "probe": "--json",
    "decompose": "--json",
    "prepare": "data",
    "fetch": "--into",
    "tune": "--out",
    "book": "--out",
}
#: What an output may not be, by how the working folder is prepared; `{r}/target` is the place.
NO_TARGETS = (
    "null device",
    "full device",
    "fifo",
    "socket",
    "link loop",
    "link to a device",
    "read-only file",
    "in a read-only folder",
    "link into a read-only folder",
)
NO_TARGET_WORDS = (
    "{r}/" + LONG,
    "{r}/" + LONG + "/x",
    "{w}/ratings.csv/x",
    "~no_such_user/x",
    "",
    "/",
)
TEMPLATES = (
    "",
    "{",
    "}",
    "{gone}",
    "{title",
    "{}",
    "{0}",
    "{title!r}",
    "{title:>1000000000}",
    "{title.__class__}",
    "{title[0]}",
    "[[",
    "[",
    "]",
    "no column",
    "{title}" * 3000,
    "\x1b[31m{title}",
    "{" * 5000,
    "[" * 5000 + "{title}" + "]" * 5000,
)
COLUMNS = (
    "",
    "=",
    "user",
    "user=",
    "=x",
    "user=gone",
    "user=user_id=x",
    "bogus=user_id",
    "item=" + "y" * 100_000,
    "user=item_id",
    "item=user_id",
    "rating=user_id",
    "user=user_id\n",
    "USER=user_id",
    "timestamp=item_id",
)
