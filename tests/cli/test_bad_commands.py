"""Mistakes made at the shell: one line names the offender and the remedy, and nothing is written."""

from __future__ import annotations

import re

import numpy as np
import pytest
from mistakes import Bench

# name -> (the changes to a command that works, the status, the whole line behind "semcomp: error: ")
# Status 2 is the parser's, whose wording is its own: there the message is a pattern for the line.
# {tmp} stands for the folder of the test.
COMMANDS: dict[str, tuple[dict[str, object], int, str]] = {
    "words for ids": (
        {"--train": "user\titem\n0\t0\n1\tToy Story\n"},
        1,
        "{tmp}/train, line 3: '1\\tToy Story' is not a pair of integers; "
        "ids are rows of the matrices, from 0",
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
        "1 user-item pairs are in both train and test; each belongs to one part",
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
        "{tmp}/view-a-0.npy holds pickled Python objects (object), which are never read; "
        "save numbers with numpy.save",
    ),
    "complex numbers": (
        {"--view-a": (np.eye(3, 2) * 1j, np.eye(6, 2))},
        1,
        "{tmp}/view-a-0.npy holds complex128 of shape (3, 2); "
        "real numbers are needed, one row per user or item",
    ),
    "an archive for an array": (
        {"--view-a": (b"PK\x03\x04", np.eye(6, 2))},
        1,
        "{tmp}/view-a-0.npy is an archive of arrays (.npz), not one array; save one array with numpy.save",
    ),
    "one file for two": (
        {"--view-a": ("{tmp}/view-b-0.npy",)},
        2,
        "Invalid value for '--view-a': --view-b is where a path belongs; give USERS.npy ITEMS.npy",
    ),
    "the same view twice": (
        {"--view-b": (np.eye(3, 2), np.eye(6, 2))},
        1,
        "rankings 'a' and 'b' are the same lists, which say nothing about each other; "
        "give the ranking of another view, or as null of another seed",
    ),
    "more resamples than are of use": (
        {"--resamples": "1000000000"},
        1,
        "Protocol option resamples = 1000000000; it must be a whole number up to 200,000",
    ),
    "array in three dimensions": (
        {"--view-a": (np.ones((3, 2, 1)), np.ones((6, 2)))},
        1,
        "view 'a', users has shape (3, 2, 1); a matrix with one row per user or item is needed",
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
    "k that is not a number": (
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
        "the folder of --json, {tmp}/gone, does not exist; create it",
    ),
    "an input for the result": (
        {"--json": "{tmp}/view-a-0.npy"},
        1,
        "--json names {tmp}/view-a-0.npy, which is read; give another file",
    ),
    "no name of a file": (
        {"--train": ""},
        2,
        "Invalid value for '--train': an empty word is where a path belongs; give a file.*",
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
    "book of nothing": (
        ["book", "--dataset", "my_shop"],
        1,
        "unknown data set 'my_shop'; Known: ml-100k, planted",
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
        "--view-b": (np.ones((3, 2)), np.eye(6, 2)[::-1]),
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
