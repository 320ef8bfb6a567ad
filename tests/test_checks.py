"""Arguments checked by their annotations: what fits passes unchanged, what does not is one line."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
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
    lists: Mapping[str, Sequence[int]] | None = None,
    matrix: sp.csr_array | None = None,
    reals: NDArray[np.float32] | None = None,
    call: Callable[[int], int] | None = None,
    view: sc.View | None = None,
    scorer: Any = None,
    seed: int = 0,
) -> dict[str, Any]:
    """What was given."""
    return dict(locals())


GOOD = [
    {"real": 3},
    {"real": float("inf")},
    {"maybe": None},
    {"choice": "c"},  # which names there are, the function says
    {"many": range(3)},
    {"many": [1, 2]},
    {"by_name": {"a": 1}},
    {"call": len},
    {"numbers": [[1, 2], [3, 4]]},
    {"numbers": pd.Series([1.0])},
    {"seed": 2**63 - 1},
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


class Folder:
    """A path of another library."""

    def __fspath__(self) -> str:
        return "x"


@pytest.mark.parametrize(
    ("key", "given", "plain"),
    [
        ("whole", np.int32(3), 3),
        ("real", np.float32(0.5), 0.5),
        ("real", np.longdouble(0.5), 0.5),
        ("flag", np.True_, True),
        ("maybe", np.int64(3), 3),
        ("place", Folder(), Path("x")),
        ("many", np.arange(3), (0, 1, 2)),
        ("many", [1, np.int64(2)], (1, 2)),
        ("many", pd.Series([1, 2]), (1, 2)),
        ("many", pd.Index([1, 2]), (1, 2)),
        ("many", {"a": 1, "b": 2}.values(), (1, 2)),
        ("many", {1: "a"}.keys(), (1,)),
        ("many", (i for i in range(2)), (0, 1)),
        ("pair", np.arange(2), (0, 1)),
        ("pair", (np.int64(1), 2), (1, 2)),
        ("by_name", {"a": np.float32(0.5)}, {"a": 0.5}),
        ("lists", {"a": (i for i in range(2)), "b": [1]}, {"a": (0, 1), "b": [1]}),
    ],
)
def test_what_another_library_has_for_it_becomes_plain(key, given, plain):
    got = taking(**{key: given})[key]
    assert got == plain
    assert type(got) is type(plain)
    assert not any(isinstance(one, np.generic) for one in (got if isinstance(got, tuple) else [got]))


@pytest.mark.parametrize("form", [sp.csr_matrix, sp.csc_array, sp.coo_array, sp.coo_matrix])
def test_sparse_matrices_of_any_form_become_rows(form):
    dense = np.array([[0, 1, 0], [2, 0, 3]])
    got = taking(matrix=form(dense))["matrix"]
    assert type(got) is sp.csr_array
    assert got.toarray().tolist() == dense.tolist()


@pytest.mark.parametrize(
    ("key", "given", "values"),
    [
        ("reals", pd.DataFrame({"x": [1.0, 2.5]}).astype("Float64"), [[1.0], [2.5]]),
        ("reals", pd.DataFrame({"x": [1, 2.5]}, dtype=object), [[1.0], [2.5]]),
        ("numbers", pd.DataFrame({"x": [1, 2.5]}, dtype=object), [[1.0], [2.5]]),
        ("rows", pd.Series([1, 2], dtype="Int64").astype(object), [1, 2]),
        ("rows", np.array([]), []),
        ("rows", pd.Series([], dtype=object), []),
        ("ids", pd.Series(["a", "bc"], dtype=object), ["a", "bc"]),
        ("ids", np.array([np.str_("a"), "bc"], dtype=object), ["a", "bc"]),
        ("ids", np.array([7, 8], dtype=object), ["7", "8"]),
    ],
)
def test_columns_of_objects_are_taken_for_what_they_hold(key, given, values):
    got = taking(**{key: given})[key]
    assert got.dtype.kind != "O"
    assert got.tolist() == values


def test_a_model_of_numpy_numbers_is_the_model_of_plain_ones():
    model = sc.views.LightGCN(dim=np.int64(32), layers=np.int8(1))
    assert model == sc.views.LightGCN(dim=32, layers=1)
    assert type(model.dim) is type(model.layers) is int
    loss = sc.views.SampledSoftmax(negatives=np.int64(5), temperature=np.float32(0.5))
    assert loss == sc.views.SampledSoftmax(negatives=5, temperature=0.5)
    json.dumps([vars(loss), model.dim])


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
    ({"many": {1: 2}}, "taking: many = {1: 2}; it must be a list, each a whole number"),
    ({"many": {1, 2}}, "taking: many = {1, 2}; it must be a list, each a whole number"),
    (
        {"many": np.ones((1, 1), int)},
        "taking: many = an array of int64 of shape (1, 1); it must be a list, each a whole number",
    ),
    (
        {"rows": np.array([True, False])},
        "taking: rows = an array of bool of shape (2,) (np.flatnonzero(mask) gives the rows of a mask); "
        "it must be an array of whole numbers, or None",
    ),
    (
        {"reals": np.ma.array([1.0, 2.0], mask=[True, False])},
        "taking: reals = an array of float64 of shape (2,) with masked values; "
        "it must be an array of real numbers, or None",
    ),
    ({"ids": ["a", 1.5, None]}, "taking: ids = ['a', 1.5, None]; it must be an array of ids, or None"),
    (
        {"ids": np.array(["a", 1], dtype=object)},
        "taking: ids = an array of object of shape (2,); it must be an array of ids, or None",
    ),
    ({"call": 3}, "taking: call = 3; it must be a function, or None"),
    ({"view": sc.View}, "taking: view = the class View; it must be a View (LightGCN().fit(split)), or None"),
    ({"seed": -1}, "taking: seed = -1; it must be a whole number from 0 to 9,223,372,036,854,775,807"),
    (
        {"seed": 2**63},
        "taking: seed = 9223372036854775808; it must be a whole number from 0 to 9,223,372,036,854,775,807",
    ),
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
    """It names the function."""
    with pytest.raises(TypeError, match=r"^taking\(\) got an unexpected keyword argument 'wholes'$"):
        taking(wholes=1)
    with pytest.raises(TypeError, match=r"^rank\(\) missing a required argument: 'split'$"):
        sc.rank(None)
    with pytest.raises(TypeError, match=r"^LightGCN.__init__\(\) got an unexpected keyword argument 'dims'$"):
        sc.views.LightGCN(dims=3)


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


def test_a_shape_may_be_a_list(make_split):
    split = make_split((2, 3), [(0, 0), (1, 1)], [], [(0, 1), (1, 2)])
    view = sc.View("view", np.eye(2), np.eye(3, 2))

    class Listed:
        name, shape, scores = "listed", [2, 3], staticmethod(view.scores)

    assert np.array_equal(sc.rank(Listed(), split, 2).ids, sc.rank(view, split, 2).ids)
