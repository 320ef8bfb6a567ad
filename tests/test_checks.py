"""Arguments checked by their annotations: what fits passes unchanged, what does not is one line."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike, NDArray

import semcomp as sc
from semcomp.checks import checked


@checked
def taking(
    whole: int = 1,
    real: float = 1.0,
    flag: bool = False,
    word: str = "",
    maybe: int | None = None,
    place: Path | None = None,
    choice: Literal["a", "b"] = "a",
    rows: NDArray[np.int64] | None = None,
    ids: NDArray[np.str_] | None = None,
    numbers: ArrayLike = 0.0,
    many: Sequence[int] = (),
    by_name: Mapping[str, float] | None = None,
    pair: tuple[int, ...] = (),
    call: Callable[[int], int] | None = None,
    view: sc.View | None = None,
    scorer: Any = None,
    seed: int = 0,
) -> dict[str, Any]:
    """What was given."""
    return dict(locals())


GOOD = [
    {"whole": np.int32(3)},
    {"real": 3},
    {"real": np.float32(0.5)},
    {"real": float("inf")},
    {"flag": np.True_},
    {"maybe": None},
    {"choice": "c"},  # which names there are, the function says
    {"many": range(3)},
    {"many": np.arange(3)},
    {"by_name": {"a": 1}},
    {"call": len},
    {"numbers": [[1, 2], [3, 4]]},
    {"numbers": pd.Series([1.0])},
    {"seed": 2**32 - 1},
]


@pytest.mark.parametrize("given", GOOD)
def test_what_fits_passes_unchanged(given):
    ((key, value),) = given.items()
    assert taking(**given)[key] is value


def test_lists_become_arrays_and_text_a_path():
    assert taking(place="x")["place"] == Path("x")
    assert taking(rows=[1, 2])["rows"].dtype == np.int64
    assert taking(rows=[])["rows"].dtype == np.int64
    assert taking(ids=["a", "bc"])["ids"].dtype == np.dtype("<U2")
    assert taking(ids=np.array(["a", "b"], dtype=object))["ids"].tolist() == ["a", "b"]
    assert taking(ids=[7, 8])["ids"].tolist() == ["7", "8"]
    assert taking(pair=[1, 2])["pair"] == (1, 2)


BAD = [
    ({"whole": 1.5}, "taking: whole = 1.5; it must be a whole number"),
    ({"whole": True}, "taking: whole = True; it must be a whole number"),
    ({"whole": "1"}, "taking: whole = '1'; it must be a whole number"),
    ({"whole": None}, "taking: whole = None; it must be a whole number"),
    ({"real": float("nan")}, "taking: real = nan; it must be a number"),
    ({"real": 1j}, "taking: real = a complex; it must be a number"),
    ({"flag": 1}, "taking: flag = 1; it must be True or False"),
    ({"word": Path("x")}, "taking: word = a PosixPath; it must be text"),
    ({"maybe": "x"}, "taking: maybe = 'x'; it must be a whole number, or None"),
    ({"place": 3}, "taking: place = 3; it must be a path, or None"),
    ({"choice": 3}, "taking: choice = 3; it must be one of 'a', 'b'"),
    ({"rows": [0.5]}, "taking: rows = [0.5]; it must be an array of whole numbers, or None"),
    ({"ids": [None]}, "taking: ids = [None]; it must be an array of ids, or None"),
    ({"numbers": "abc"}, "taking: numbers = 'abc'; it must be an array of real numbers"),
    ({"numbers": [1j]}, "taking: numbers = [1j]; it must be an array of real numbers"),
    ({"many": "123"}, "taking: many = '123'; it must be a list, each a whole number"),
    ({"many": [1, "2"]}, "taking: many = [1, '2']; it must be a list, each a whole number"),
    (
        {"by_name": {"a": "b"}},
        "taking: by_name = {'a': 'b'}; it must be a dict, each value a number, or None",
    ),
    ({"call": 3}, "taking: call = 3; it must be a function, or None"),
    ({"view": sc.View}, "taking: view = the class View; it must be a View (LightGCN().fit(split)), or None"),
    ({"seed": -1}, "taking: seed = -1; it must be a whole number from 0 to 4,294,967,295"),
    ({"seed": 2**32}, "taking: seed = 4294967296; it must be a whole number from 0 to 4,294,967,295"),
]


@pytest.mark.parametrize(("given", "message"), BAD)
def test_what_does_not_fit_is_one_line(given, message):
    with pytest.raises(sc.SemcompError) as error:
        taking(**given)
    assert str(error.value) == message


def test_long_values_are_shortened():
    with pytest.raises(sc.SemcompError) as error:
        taking(whole="x" * 10**6)
    assert len(str(error.value)) < 200
    with pytest.raises(sc.SemcompError) as error:
        taking(many=["x"] * 10**6)
    assert len(str(error.value)) < 200


def test_a_call_that_does_not_fit_the_signature_is_pythons_error():
    with pytest.raises(TypeError, match="unexpected keyword argument 'wholes'"):
        taking(wholes=1)


@checked
@dataclass(frozen=True)
class Options:
    """Some."""

    rows: NDArray[np.int64]

    def at(self, row: int) -> int:
        """One of them."""
        return int(self.rows[row])

    @staticmethod
    def of(rows: NDArray[np.int64]) -> Options:
        """They."""
        return Options(rows)


def test_of_a_class_its_maker_and_its_methods():
    assert Options([4, 5]).at(1) == 5
    for act, message in (
        (lambda: Options(None), "Options option rows = None; it must be an array of whole numbers"),
        (lambda: Options.of("x"), "Options.of: rows = 'x'; it must be an array of whole numbers"),
        (lambda: Options([4]).at("x"), "Options.at: row = 'x'; it must be a whole number"),
    ):
        with pytest.raises(sc.SemcompError) as error:
            act()
        assert str(error.value) == message


def test_a_checked_function_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(sc.rank)) is sc.rank
