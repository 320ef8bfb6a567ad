"""Every mistake that a user can make is told in one line that names the offender and the remedy.

`CALLS` are mistakes made from Python, `COMMANDS` mistakes made at the shell; each has the whole message.
`{tmp}` stands for the folder of the test.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import semcomp as sc
from semcomp.core.evidence import Evidence, Value
from semcomp.data import Recipe, read_folder
from semcomp.evidence import contrast
from semcomp.storage import cache_folder
from semcomp.study.study import VIEWS


@dataclass(frozen=True)
class Bench:
    """What a mistake is made with: a folder, a split of 3 users and 6 items, a text, a view, a ranking."""

    tmp: Path
    split: sc.Split
    monkeypatch: pytest.MonkeyPatch

    @property
    def text(self) -> sc.TextMatrix:
        return sc.TextMatrix(self.split.item_ids, np.eye(6, 4, dtype=np.float32) + 1)

    def view(self, name: str = "mine", users: int = 3, items: int = 6, width: int = 2) -> sc.View:
        rng = np.random.default_rng(0)
        return sc.View(name, rng.standard_normal((users, width)), rng.standard_normal((items, width)))

    def ranking(self, k: int = 3, **options: str) -> sc.TopK:
        return sc.rank(self.view(), self.split, k, **options)

    def tables(self, interactions: dict | None = None, items: dict | None = None) -> Path:
        """Write the two tables as csv; what is not given is right."""
        good = {"user_id": ["u", "v"], "item_id": ["a", "b"], "rating": [5.0, 3.0]}
        pl.DataFrame(interactions or good).write_csv(self.tmp / "interactions.csv")
        pl.DataFrame(items or {"item_id": ["a", "b"], "title": ["A", "B"]}).write_csv(self.tmp / "items.csv")
        return self.tmp

    def environment(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def refuse_to_write(self) -> None:
        """A folder without the right to write: taking the right away would not stop root."""

        def refused(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        self.monkeypatch.setattr("semcomp.storage.tempfile.TemporaryFile", refused)

    def world(self, **dials: object) -> None:
        sc.planted.World(**dials)  # type: ignore[arg-type]


def evidence(column: str, rows: int = 2) -> Evidence:
    return Evidence("e", {"v": Value(1.0)}, pd.DataFrame({column: np.arange(rows, dtype=float)}))


RATED = {"user_id": ["u", "v"], "item_id": ["a", "b"]}

# name -> (what is done, the whole message)
CALLS: dict[str, tuple[Callable[[Bench], object], str]] = {
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
        "{tmp}/items.csv, line 4: item 'a' is in {tmp}/items.csv, line 2 already; keep one row an item",
    ),
    "null id": (
        lambda b: sc.load_dataset(b.tables({"user_id": ["u", None], "item_id": ["a", "b"]})),
        "{tmp}/interactions.csv, line 3: column 'user_id' is empty; fill in an id or remove the row",
    ),
    "NaN rating under a filter": (
        lambda b: read_folder(
            b.tables({**RATED, "rating": [5.0, float("nan")]}), recipe=Recipe(min_rating=4)
        ),
        "{tmp}/interactions.csv, line 3: rating 'NaN' is no number; "
        "fill it in or remove the row, or set no rating filter",
    ),
    "nothing left": (
        lambda b: read_folder(b.tables(), name="d", recipe=Recipe(core=9)),
        "data set 'd' has no interactions left; loosen its filters",
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
        "data set '../no/such' climbs out of where it starts and is no existing folder; "
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
        "seed = -1 is not usable; give a whole number from 0 on",
    ),
    "unknown mask": (
        lambda b: b.ranking(mask="valid"),
        "unknown mask 'valid'; use 'train+valid', 'train' or 'none'",
    ),
    # environment
    "data folder that is not there": (
        lambda b: [b.environment(SEMCOMP_DATA=f"{b.tmp}/gone"), sc.load_dataset("games")],
        "SEMCOMP_DATA names {tmp}/gone, which is no folder; correct it or unset it",
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
            b.split, sc.TextMatrix(b.split.item_ids[:-1], np.ones((5, 3), np.float32))
        ),
        "text matrix lacks 1 items, e.g. 'i05'; embed the same data set",
    ),
    "text with an item in two rows": (
        lambda b: sc.TextMatrix(np.array(["a", "b", "a"]), np.ones((3, 2))),
        "text matrix has item id 'a' twice; one row an item is needed",
    ),
    "text with fewer rows than ids": (
        lambda b: sc.TextMatrix(np.array(["a", "b"]), np.ones((1, 2))),
        "text matrix has 1 rows for 2 item ids",
    ),
    "unknown encoder": (
        lambda b: sc.embed(sc.planted.World(users=5, items=20).dataset(), encoder="minilmm"),
        "unknown encoder 'minilmm'; did you mean 'minilm'? Known: auto, bge-m3, minilm, own, tfidf",
    ),
    "own encoder without vectors": (
        lambda b: sc.embed(read_folder(b.tables(), name="d"), encoder="own"),
        "data set 'd' brings no vectors of its own; use encoder 'minilm'",
    ),
    # views and ranking
    "NaN in a view": (
        lambda b: sc.View("mine", [[1, 2], [np.nan, 3]], [[1, 2]]),
        "view 'mine', users has NaN or infinite values in 1 rows, first in row 1; remove or impute them",
    ),
    "3-D array": (
        lambda b: sc.View("mine", [[1, 2]], np.zeros((4, 2, 1))),
        "view 'mine', items has shape (4, 2, 1); a matrix with one row an entity is needed",
    ),
    "words for vectors": (
        lambda b: sc.View("mine", [["one", "two"]], [[1, 2]]),
        "view 'mine', users is not a numeric matrix; give one row of numbers an entity",
    ),
    "no rows": (
        lambda b: sc.View("mine", np.zeros((0, 2)), [[1, 2]]),
        "view 'mine', users is empty, shape (0, 2); at least one row and one column are needed",
    ),
    "users and items of different width": (
        lambda b: sc.View("mine", [[1, 2]], [[1, 2, 3]]),
        "view 'mine': users have 2 columns and items 3; an inner product needs the same width",
    ),
    "user rows that do not match": (
        lambda b: sc.rank(b.view(users=4), b.split),
        "view 'mine' has 4 user rows and 6 item rows, but the split has 3 users and 6 items; "
        "both must come from the same data",
    ),
    "k above the number of items": (
        lambda b: b.ranking(k=7),
        "k = 7, but it must lie between 1 and the number of items, 6",
    ),
    "k of zero": (
        lambda b: b.ranking(k=0),
        "k = 0, but it must lie between 1 and the number of items, 6",
    ),
    "scores that overflow": (
        lambda b: sc.rank(sc.View("long", np.full((3, 1), 1e30), np.full((6, 1), 1e30)), b.split, 1),
        "view 'long' has vectors so long that scores overflow; rescale it",
    ),
    "negative alignment weight": (
        lambda b: sc.views.AlignedLightGCN(weight=-0.5),
        "AlignedLightGCN option weight = -0.5; it must not be negative",
    ),
    "alignment weight that is no number": (
        lambda b: sc.views.AlignedLightGCN(weight=float("nan")),
        "AlignedLightGCN option weight = nan; it must not be negative",
    ),
    "odd fusion width": (
        lambda b: sc.views.NormConcatNorm(dim=65),
        "NormConcatNorm needs an even dim of at least 2 (two halves), not 65",
    ),
    "width of zero": (
        lambda b: sc.views.FusionControl(dim=0),
        "FusionControl needs dim >= 1 and layers >= 0, not dim=0, layers=2",
    ),
    "negative depth": (
        lambda b: sc.views.LightGCN(layers=-1),
        "LightGCN needs dim >= 1 and layers >= 0, not dim=64, layers=-1",
    ),
    "projection of width zero": (
        lambda b: sc.views.SemanticProjection(dim=0),
        "SemanticProjection needs dim >= 1, not 0",
    ),
    "learning rate of zero": (
        lambda b: sc.views.Training(lr=0),
        "training option lr = 0; it must be above zero",
    ),
    "half an epoch": (
        lambda b: sc.views.Training(epochs=0.5),
        "training option epochs = 0.5; it must be a whole number",
    ),
    "negative weight decay": (
        lambda b: sc.views.Training(weight_decay=-1e-4),
        "training option weight_decay = -0.0001; it must not be negative",
    ),
    "fusion weight above one": (
        lambda b: sc.views.CombSum(weight=1.1),
        "CombSum needs weights between 0 and 1, not 1.1",
    ),
    "rank fusion of nothing": (
        lambda b: sc.views.rrf([]),
        "RRF needs at least one list, all over the same users and items",
    ),
    "rank fusion over two masks": (
        lambda b: sc.views.rrf([b.ranking(), b.ranking(mask="none")], 3),
        "RRF was given lists of different masks; rank them all in one way",
    ),
    # evidence
    "empty test part": (
        lambda b: sc.evaluate(b.ranking(), replace(b.split, test=b.split.history("none")), 3),
        "the test part is empty; split with a test share above 0",
    ),
    "lists shorter than k": (
        lambda b: sc.evaluate(b.ranking(), b.split, 4),
        "k = 4 is above the 3 places of ranking 'mine'; rank with k = 4",
    ),
    "lists of another split": (
        lambda b: sc.diagnose(
            b.ranking(), sc.rank(b.view(), replace(b.split, valid=b.split.history("none")), 3), b.split
        ),
        "ranking 'mine' was made with another split; rank again with this one",
    ),
    "lists under two masks": (
        lambda b: sc.diagnose(b.ranking(), b.ranking(mask="train"), b.split),
        "ranking 'mine' masks 'train+valid', 'mine' masks 'train'; rank both with one mask",
    ),
    "unknown strata": (
        lambda b: sc.diagnose(b.ranking(), b.ranking(), b.split, strata="test"),  # type: ignore[arg-type]
        "unknown strata option 'test'; Known: all, train",
    ),
    "unknown probe": (
        lambda b: sc.probe(b.view(), b.view(), b.split, kind="rigde"),
        "unknown probe 'rigde'; did you mean 'ridge'? Known: linear, mlp-1, ridge",
    ),
    "unknown shift": (
        lambda b: sc.probe(b.view(), b.view(), b.split, shift="popular"),
        "unknown shift 'popular'; did you mean 'popularity'? Known: popularity, random",
    ),
    "contrast of a column that is not there": (
        lambda b: contrast(evidence("recall"), evidence("ndcg"), "recall"),
        "e has no column 'recall' in its table; choose one that both have",
    ),
    "value that was not measured": (
        lambda b: evidence("recall")["recal"],
        "unknown value 'recal'; Known: v",
    ),
    # planted worlds
    "dial out of range": (
        lambda b: b.world(shared=1.5),
        "planted world: shared = 1.5 must be between 0 and 1",
    ),
    "dial of the wrong kind": (
        lambda b: b.world(items=30.0),
        "planted world: items = 30.0 must be a whole number",
    ),
    # studies and chapters
    "unknown budget": (
        lambda b: sc.Study("planted", "fulll"),
        "unknown budget 'fulll'; did you mean 'full'? Known: full, smoke, standard",
    ),
    "unknown view": (
        lambda b: sc.Study("planted", "smoke").view("fussion"),
        f"unknown view 'fussion'; did you mean 'fusion'? Known: {', '.join(sorted(VIEWS))}",
    ),
    "k too large for the data": (
        lambda b: sc.Study("planted", "smoke", k=401).data,
        "k = 401, but lists of 2k are ranked and 'planted' has 800 items",
    ),
    "unknown parameter": (
        lambda b: sc.check_parameters({"budget": "smoke", "sed": 1}, budget=str, seed=int),
        "unknown parameter 'sed'; did you mean 'seed'? Known: budget, seed",
    ),
    "parameter of the wrong type": (
        lambda b: sc.check_parameters({"seed": "1"}, seed=int),
        "parameter seed = '1' is of type str; it must be int",
    ),
    "parameter that is none of the choices": (
        lambda b: sc.check_parameters({"budget": "huge"}, budget=("smoke", "full")),
        "parameter budget = 'huge' (str) must be one of 'smoke', 'full'",
    ),
    "missing parameter": (
        lambda b: sc.check_parameters({}, seed=int),
        "parameter seed is missing; give it a value in the cell tagged 'parameters'",
    ),
}


@pytest.fixture
def bench(tmp_path: Path, cache: Path, make_split, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    train = [(user, user) for user in range(3)]
    return Bench(tmp_path, make_split((3, 6), train, [(0, 3)], [(0, 5), (1, 4)]), monkeypatch)


@pytest.mark.parametrize("case", CALLS)
def test_from_python(case: str, bench: Bench) -> None:
    act, message = CALLS[case]
    with pytest.raises(sc.SemcompError) as error:
        act(bench)
    found = str(error.value)
    assert "\n" not in found
    assert found == message.replace("{tmp}", str(bench.tmp))


# name -> (the changes to a command that works, the status, the whole line behind "semcomp: error: ")
# Status 2 is the parser's, whose wording is its own: there the message is a pattern for the line.
COMMANDS: dict[str, tuple[dict[str, object], int, str]] = {
    "words for ids": (
        {"--train": "user\titem\n0\t0\n1\tToy Story\n"},
        1,
        "{tmp}/train, line 3: '1\\tToy Story' is no pair of integers; ids are rows of the matrices, from 0",
    ),
    "item beyond the rows": (
        {"--test": "user\titem\n0\t6\n"},
        1,
        "{tmp}/test names item 6, but the item matrix has 6 rows; an id is a row of the matrix, 0 to 5",
    ),
    "user beyond the rows": (
        {"--valid": "user\titem\n3\t0\n"},
        1,
        "{tmp}/valid names user 3, but the user matrix has 3 rows; an id is a row of the matrix, 0 to 2",
    ),
    "negative id": (
        {"--test": "user\titem\n0\t-1\n"},
        1,
        "{tmp}/test, line 2: item id -1 is negative; ids are rows, from 0",
    ),
    "no header": (
        {"--train": "0\t1\n1\t2\n"},
        1,
        "{tmp}/train has no header line, its first line is ('0', '1'); add one, e.g. user<TAB>item",
    ),
    "nothing to find": (
        {"--test": "user\titem\n"},
        1,
        "{tmp}/test holds no pairs; the test part needs at least one",
    ),
    "pair in two parts": (
        {"--test": "user\titem\n0\t0\n"},
        1,
        "1 user-item pairs stand in both train and test; each belongs to one part",
    ),
    "missing pairs": ({"--valid": "{tmp}/gone"}, 1, "there is no file {tmp}/gone; check the path"),
    "missing array": (
        {"--view-b": ("{tmp}/gone.npy", np.ones((6, 2)))},
        1,
        "there is no file {tmp}/gone.npy; give a .npy file of vectors",
    ),
    "no array": (
        {"--view-a": (b"user,x,y\n0,1,2\n", np.ones((6, 2)))},
        1,
        "{tmp}/view-a-0.npy is not a .npy array of numbers; save one with numpy.save",
    ),
    "empty file for an array": (
        {"--view-a": (b"", np.ones((6, 2)))},
        1,
        "{tmp}/view-a-0.npy is not a .npy array of numbers; save one with numpy.save",
    ),
    "pickled objects": (
        {"--view-a": (np.array([{"a": 1}], dtype=object), np.ones((6, 2)))},
        1,
        "{tmp}/view-a-0.npy is not a .npy array of numbers; save one with numpy.save",
    ),
    "array in three dimensions": (
        {"--view-a": (np.ones((3, 2, 1)), np.ones((6, 2)))},
        1,
        "view 'a', users has shape (3, 2, 1); a matrix with one row an entity is needed",
    ),
    "infinite vectors": (
        {"--view-b": (np.ones((3, 2)), np.full((6, 2), np.inf))},
        1,
        "view 'b', items has NaN or infinite values in 6 rows, first in row 0; remove or impute them",
    ),
    "views of other sizes": (
        {"--view-b": (np.ones((3, 2)), np.ones((7, 2)))},
        1,
        "view 'b' has 3 user rows and 7 item rows, but the split has 3 users and 6 items; "
        "both must come from the same data",
    ),
    "k that is no number": (
        {"--k": "many"},
        2,
        r"Invalid value for '--k': 'many' is not a valid integer.*",
    ),
    "k of zero": ({"--k": "0"}, 2, r"Invalid value for '--k': 0 is not in the range x>=1.*"),
    "k above the items": ({"--k": "7"}, 1, "k = 7 is above the number of items, 6; lower k"),
    "unknown mask": (
        {"--mask": "test"},
        2,
        r"Invalid value for '--mask': 'test' is not one of 'train', 'train\+valid'.*",
    ),
    "unknown normalisation": (
        {"--normalize": "l1"},
        2,
        r"Invalid value for '--normalize': 'l1' is not one of 'none', 'l2'.*",
    ),
    "no folder for the result": (
        {"--json": "{tmp}/gone/out.json"},
        1,
        "the folder of --json, {tmp}/gone, is not there; create it",
    ),
    "a folder for the result": (
        {"--json": "{tmp}"},
        1,
        "--json names {tmp}, which is a folder; give the path of a file",
    ),
    "unknown option": (
        {"--masks": "train"},
        2,
        r"No such option.*--masks.*--mask\b.*",
    ),
}

OTHER_COMMANDS: dict[str, tuple[list[str], int, str]] = {
    "unknown command": (["bogus"], 2, r"No such command 'bogus'.*"),
    "unknown data set": (
        ["data", "describe", "planned"],
        1,
        "unknown data set 'planned'; did you mean 'planted'? Known: ml-100k, planted",
    ),
    "nothing to describe": (["data", "describe"], 2, r"Missing argument 'NAME_OR_PATH'.*"),
    "missing options": (["diagnose"], 2, r"Missing option '--train'.*"),
    "unknown budget": (
        ["book", "--budget", "huge"],
        2,
        r"Invalid value for '--budget': 'huge' is not one of 'smoke', 'standard', 'full'.*",
    ),
    "book outside a checkout": (
        ["book"],
        1,
        "semcomp book runs inside a checkout of semcomp, and {tmp} is in none; cd into one",
    ),
}


def told_in_one_line(result, message: str, status: int) -> None:
    assert result.status == status
    assert result.out == ""
    assert "Traceback" not in result.err
    assert result.err.count("\n") == 1
    if status == 2:
        assert re.fullmatch(rf"semcomp: error: {message} \(see --help\)\n", result.err)
    else:
        assert result.err == f"semcomp: error: {message}\n"


@pytest.mark.parametrize("case", COMMANDS)
def test_diagnose(case: str, bench: Bench, shell) -> None:
    changes, status, message = COMMANDS[case]
    options: dict[str, object] = {
        "--train": "user\titem\n0\t0\n1\t1\n2\t2\n",
        "--valid": "user\titem\n",
        "--test": "user\titem\n0\t5\n1\t4\n",
        "--view-a": (np.eye(3, 2), np.eye(6, 2)),
        "--view-b": (np.eye(3, 2), np.eye(6, 2)),
        "--json": "{tmp}/out.json",
        "--k": "2",
        "--resamples": "0",
    }
    where = str(bench.tmp)

    def on_disk(option: str, value: object) -> list[str]:
        """The words of an option: text with a line end becomes a file, arrays and bytes become .npy files."""
        if isinstance(value, tuple):
            return [word for n, one in enumerate(value) for word in on_disk(f"{option}-{n}.npy", one)]
        file = bench.tmp / option.lstrip("-")
        if isinstance(value, np.ndarray):
            np.save(file, value)
        elif isinstance(value, bytes):
            file.write_bytes(value)
        elif "\n" in str(value):
            file.write_text(str(value))
        else:
            return [str(value).replace("{tmp}", where)]
        return [str(file)]

    def command(given: dict[str, object]) -> list[str]:
        return ["diagnose", *(w for name, value in given.items() for w in [name, *on_disk(name, value)])]

    told_in_one_line(shell(*command(options | changes)), message.replace("{tmp}", where), status)
    assert not (bench.tmp / "out.json").exists()
    assert shell(*command(options)).status == 0  # it is the change that was refused


@pytest.mark.parametrize("case", OTHER_COMMANDS)
def test_other_commands(case: str, bench: Bench, shell) -> None:
    arguments, status, message = OTHER_COMMANDS[case]
    told_in_one_line(shell(*arguments), message.replace("{tmp}", str(bench.tmp)), status)
