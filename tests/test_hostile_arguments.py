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

import semcomp as sc
from semcomp.lazy import names

ROOMS = [
    "semcomp",
    *(f"semcomp.{room}" for room in ("data", "text", "views", "evidence", "planted", "study")),
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
    return {
        "Dataset": data,
        "Split": split,
        "Inputs | Split": sc.Inputs(split, text, views[:2]),
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


def needed(call: Callable[..., Any], right: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments that a call cannot do without; None where there is no right value of that type here."""
    given = {}
    for key, parameter in inspect.signature(call).parameters.items():
        if parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            kind = str(parameter.annotation).removesuffix(" | None")
            if key == "self":
                return None
            if kind not in right:
                return None
            given[key] = right[kind]
    return given


@pytest.mark.parametrize("name", PUBLIC)
def test_a_wrong_argument_is_told_in_one_line(name, right, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))
    call = PUBLIC[name]
    if "." in name and "self" in inspect.signature(call).parameters:
        owner = right.get(name.split(".")[0])
        if owner is None:
            pytest.skip("no instance")
        call = getattr(owner, name.split(".")[1])
    given = needed(call, right)
    if given is None:
        pytest.skip("not filled")
    import time

    wrong = []
    for key, parameter in inspect.signature(call).parameters.items():
        for what, value in HOSTILE.items():
            if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
                continue
            t = time.time()
            try:
                call(**given | {key: value})
            except sc.SemcompError as error:
                if "\n" in str(error) or len(str(error)) > SHOWN:
                    wrong.append(f"{key} = {what}: {str(error)[:100]!r}")
            except Exception as error:
                wrong.append(f"{key} = {what}: {type(error).__name__} {error}"[:150])
            if time.time() - t > 0.5:
                print("SLOW", name, key, what, round(time.time() - t, 2))
    assert wrong == []
