"""No argument of the public face ends in a traceback: a SemcompError says in one line what is wrong."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import semcomp as sc
from semcomp.argument_types import Wrong, as_annotated
from semcomp.checks import RANGES, annotated
from semcomp.evidence import Pair
from semcomp.lazy import names
from semcomp.text import Run

ROOMS = [
    "semcomp",
    *(f"semcomp.{room}" for room in ("data", "text", "views", "align", "sequential", "tokens", "generative")),
    *(f"semcomp.{room}" for room in ("fuse", "serve", "evidence", "planted", "study", "advice")),
]
SHOWN = 400  # characters of a message at most
#: Given for every argument, unless a call may well be meant so.
HOSTILE: dict[str, Any] = {
    "None": None,
    "minus one": -1,
    "a fraction": 1.5,
    "a huge number": 10**9,
    "NaN": float("nan"),
    "True": True,
    "a word": "x",
    "an object": object(),
    "nothing": [],
    "no rows": np.zeros((0, 2)),
    "a wide array": np.ones((3, 7)),
    "complex numbers": np.full((40, 4), 1j),
    "texts": [["a", "b"]],
    "a dict": {"a": 1},
    "a mask": np.array([True]),
    "a sparse matrix": sp.coo_array(np.ones((3, 7))),
    "columns of objects": pd.DataFrame({"x": [1, 2.5]}, dtype=object),
    "a class": sc.View,
}


def public() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every function and class of every room, and their public methods, once."""
    seen: set[int] = set()
    for room in ROOMS:
        for name in names(Path(import_module(room).__file__ or "").with_suffix(".pyi")):
            one = getattr(import_module(room), name)
            if id(one) in seen or not callable(one) or getattr(one, "_is_protocol", False):
                continue
            seen.add(id(one))
            if inspect.isfunction(one):
                yield name, one
            elif inspect.isclass(one) and not issubclass(one, Exception | tuple):
                yield name, one
                for key, member in vars(one).items():
                    if not key.startswith("_") and inspect.isfunction(getattr(member, "__func__", member)):
                        yield f"{name}.{key}", getattr(one, key)


PUBLIC = dict(public())


@pytest.fixture(scope="module")
def right() -> dict[str, Any]:
    """A value that is right for each annotation, of a small world."""
    data = sc.planted.World(users=60, items=40, dim=2).dataset()
    split = sc.split(data)
    text = sc.embed(data)
    rng = np.random.default_rng(0)
    views = [sc.View(n, rng.normal(size=(60, 4)), rng.normal(size=(40, 4))) for n in "abc"]
    lists = [sc.rank(view, split, 10) for view in views]
    found = sc.diagnose(*lists[:2], split, k=5, resamples=10)
    numbers = rng.normal(size=(40, 4))
    tokenizer = sc.tokens.ResidualKMeans(levels=2, size=4).fit(views[0])
    return {
        "Dataset": data,
        "Split": split,
        "Inputs": sc.Inputs(split, text, views[:2]),
        "Inputs | Split": sc.Inputs(split, text, views[:2]),
        "World": sc.planted.World(users=60, items=40, dim=2),
        "Comparison": sc.compare(
            {"one": lists[0], "two": lists[1]}, split, k=5, resamples=10, permutations=19
        ),
        "MultiViewDiagnosis": sc.diagnose_several(lists, split, k=5, resamples=0),
        "Pair": Pair(*lists[:2]),
        "Run": Run(),
        "Codes": tokenizer.codes,
        "Tokenizer": tokenizer,
        "Recipe": sc.Recipe(),
        "Parameters": sc.planted.World(users=60, items=40, dim=2),
        "str | Path": "somewhere",
        "str | Sequence[str]": "a=b",
        "str | Dataset": data,
        "str | Path | Encoder": "own",
        "TopK | Sequence[TopK]": lists[0],
        "Mapping[str, Sequence[TopK] | TopK]": {"one": lists[0], "two": lists[1]},
        "Mapping[str, TopK] | Sequence[TopK]": lists,
        "Mapping[str, View]": dict(zip("abc", views, strict=True)),
        "tuple[int, int]": (60, 40),
        "tuple[str, ...]": ("a",),
        "tuple[int, ...]": (1,),
        "tuple[float, ...]": (1.0,),
        "object": object(),
        "TextMatrix": text,
        "View": views[0],
        "Scorer": views[0],
        "TopK": lists[0],
        "Evidence": found,
        "Value": found["jaccard"],
        "Source": views[0],
        "ArrayLike": numbers,
        "Floats": numbers,
        "NDArray[np.float64]": numbers,
        "NDArray[np.float32]": numbers.astype(np.float32),
        "NDArray[np.int64]": np.arange(40),
        "NDArray[np.int32]": np.arange(40, dtype=np.int32),
        "NDArray[np.str_]": data.item_ids,
        "Ids": data.item_ids,
        "sp.csr_array": split.train,
        "pd.DataFrame": pd.DataFrame({"x": [1.0]}),
        "int": 2,
        "float": 0.5,
        "str": "a",
        "bool": True,
        "Path": Path("somewhere"),
        "Sequence[View]": views,
        "Sequence[TopK]": lists,
        "Mapping[str, TopK]": dict(zip("abc", lists, strict=True)),
        "Mapping[str, Evidence]": {"one": found},
        "Mapping[str, Value]": dict(found.values),
        "Mapping[str, Floats]": {"a": np.ones(60)},
        "Mapping[str, Any]": {},
        "Sequence[str]": ["a"],
        "Sequence[int]": [5],
        "Sequence[float]": [0.5],
        "Iterable[str]": ["a"],
    }


def kind_of(parameter: inspect.Parameter) -> str:
    return str(parameter.annotation).removesuffix(" | None")


def modules_of(call: Any) -> list[str]:
    """Where its annotations are read: of a class also the modules of its bases, whose options it inherits."""
    return [one.__module__ for one in getattr(call, "__mro__", [call])]


def may_be_meant(parameter: inspect.Parameter, value: str, modules: list[str]) -> bool:
    """Whether a call with it is right, and may take its time."""
    kind = annotated(parameter.annotation, modules)
    try:
        as_annotated(HOSTILE[value], kind, RANGES.get(parameter.name))
    except Wrong:
        return False
    return value in ("None", "True", "a class") or parameter.name in ("seed", "checkpoint")


def instance(name: str, right: dict[str, Any]) -> Any:
    """One of the class: from the table, or made with its defaults."""
    if name in right:
        return right[name]
    try:
        return PUBLIC[name]()
    except TypeError:
        return None


@pytest.mark.parametrize("name", PUBLIC)
def test_a_wrong_argument_is_told_in_one_line(name, right, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))
    call = PUBLIC[name]
    parameters = inspect.signature(call).parameters
    if "self" in parameters:
        owner = instance(name.split(".")[0], right)
        if owner is None:
            pytest.skip("no instance of it here")
        call = getattr(owner, name.split(".")[1])
        parameters = inspect.signature(call).parameters
    given = {key: right.get(kind_of(one)) for key, one in parameters.items() if one.default is one.empty}
    given = {key: value for key, value in given.items() if parameters[key].kind not in (2, 4)}
    wrong = []
    for key, value in ((key, value) for key in parameters for value in HOSTILE):
        if parameters[key].kind in (2, 4) or may_be_meant(parameters[key], value, modules_of(call)):
            continue
        try:
            arguments = given | {key: HOSTILE[value]}
            first = [arguments.pop(key) for key, one in parameters.items() if one.kind == one.POSITIONAL_ONLY]
            call(*first, **arguments)
        except sc.SemcompError as error:
            told = str(error).split("; Known: ")[0]  # the names that there are may be many
            if "\n" in str(error) or len(told) > SHOWN:
                wrong.append(f"{key} = {value}: {str(error)!r}")
        except Exception as error:
            wrong.append(f"{key} = {value}: {type(error).__name__} {error}")
    assert wrong == []
