"""Whether a value is of an annotated type, and types and values in words."""

from __future__ import annotations

import reprlib
import types
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np
from numpy.typing import ArrayLike, NDArray

Span = tuple[int | None, int]  # the least, if any, and the most
NUMBER = (int, float, np.integer, np.floating)
ARRAY_LIKE = set(get_args(ArrayLike))
#: Kinds of arrays that are taken for arrays of a type, and the type in words.
ARRAYS: dict[type, tuple[str, str]] = {
    np.bool_: ("b", "truth values"),
    np.integer: ("iu", "whole numbers"),
    np.floating: ("iuf", "real numbers"),
    np.str_: ("U", "ids"),
}
EMPTY = {"iu": np.int64, "U": np.str_, "b": np.bool_}
#: How that is made which is missing most often.
MADE = {
    "Dataset": "load_dataset(name)",
    "Split": "split(data)",
    "TextMatrix": "embed(data)",
    "View": "LightGCN().fit(split)",
    "Scorer": "e.g. LightGCN().fit(split)",
    "Model": "LightGCN(), a configured one; study.scorer takes its name",
    "TopK": "rank(view, split)",
    "Evidence": "diagnose(a, b, split)",
}
BRIEF = reprlib.Repr()
BRIEF.maxlevel, BRIEF.maxstring, BRIEF.maxlong = 2, 60, 30


class Wrong(Exception):
    """The value is not of the type."""


def as_annotated(value: Any, kind: Any, span: Span | None = None) -> Any:
    """The value, as an array or a path where that is the type; raises Wrong where it is of another type.

    Args:
        kind: what the annotation means. Types that are not known here fit everything.
        span: the least and the most of a number.
    """
    if kind in (Any, object) or isinstance(kind, TypeVar):
        return value
    if isinstance(kind, type) and get_origin(kind) is None:
        return _of_class(value, kind, span)
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return _only_if(isinstance(value, tuple(map(type, parts))), value)  # names: the function knows more
    if kind is None:
        return _only_if(value is None, value)
    if origin in (Union, types.UnionType):
        return _of_union(value, parts, span)
    if origin is np.ndarray:
        return _array(value, get_args(parts[1])[0])
    if origin is Callable:
        return _only_if(callable(value), value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _only_if(isinstance(value, origin), value)
        for side, its_kind in zip((value.keys(), value.values()), parts, strict=True):
            _each(side, its_kind, span)
        return value
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return _listed(value, origin, parts, span)
    return value


def in_words(kind: Any, span: Span | None = None) -> str:
    """What is needed, for a message.

    >>> in_words(int | None, (0, 5))
    'a whole number from 0 to 5, or None'
    """
    origin, parts = get_origin(kind), get_args(kind)
    plain = {int: "a whole number", float: "a number", bool: "True or False", str: "text", Path: "a path"}
    if kind in plain:
        return plain[kind] + (_from_to(*span) if span and kind is int else "")
    if kind in (None, types.NoneType):
        return "None"
    if origin is Literal:
        return "one of " + ", ".join(map(repr, parts))
    if origin in (Union, types.UnionType):
        like = ["an array of real numbers"] if set(parts) >= ARRAY_LIKE else []
        words = [in_words(part, span) for part in parts if not (like and part in ARRAY_LIKE)]
        return ", or ".join(dict.fromkeys(words + like))
    if origin is np.ndarray:
        return f"an array of {_array_kind(get_args(parts[1])[0])[1]}"
    if origin is Callable:
        return "a function"
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return f"a dict, each value {in_words(parts[1])}"
    if isinstance(origin, type) and issubclass(origin, Iterable):
        counted = origin is tuple and parts[-1] is not ...
        return (f"{len(parts)} values" if counted else "a list") + f", each {in_words(parts[0], span)}"
    name = getattr(kind, "__name__", str(kind))
    return _a(name) + (f" ({MADE[name]})" if name in MADE else "")


def is_nan(value: Any) -> bool:
    """Whether a value is a number that is none."""
    return isinstance(value, float | np.floating) and bool(np.isnan(value))


def shown(value: Any) -> str:
    """A value in a message: numbers, words and short lists as they are, anything else by its type."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str | list | tuple | dict | set):
        return BRIEF.repr(value)
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    name = type(value).__name__
    return _a(name) + (" (it goes into Inputs(split, text))" if name == "TextMatrix" else "")


def _a(name: str) -> str:
    return f"{'an' if name[:1] in 'AEIOaeio' else 'a'} {name}"


def _from_to(least: int | None, most: int) -> str:
    return f" up to {most:,}" if least is None else f" from {least:,} to {most:,}"


def _only_if(fits: bool, value: Any) -> Any:
    if not fits:
        raise Wrong
    return value


def _of_class(value: Any, kind: type, span: Span | None) -> Any:
    if kind is int or kind is float:
        fits = isinstance(value, NUMBER[::2] if kind is int else NUMBER) and not isinstance(value, bool)
        least, most = span or (None, None)
        return _only_if(fits and (least is None or value >= least) and (most is None or value <= most), value)
    if kind is bool:
        return _only_if(isinstance(value, bool | np.bool_), value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    if getattr(kind, "_is_protocol", False):
        names = [name for name in {**vars(kind), **kind.__annotations__} if not name.startswith("_")]
        return _only_if(not isinstance(value, type) and all(hasattr(value, name) for name in names), value)
    return _only_if(isinstance(value, kind), value)


def _of_union(value: Any, parts: Sequence[Any], span: Span | None) -> Any:
    like = set(parts) >= ARRAY_LIKE
    for part in parts:
        if not (like and part in ARRAY_LIKE):
            try:
                return as_annotated(value, part, span)
            except Wrong:
                continue
    _only_if(like and value is not None and not isinstance(value, str | bytes | Mapping | type), value)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise Wrong from error
    return _only_if(array.dtype.kind in "biuf", value)


def _listed(value: Any, origin: type, parts: Sequence[Any], span: Span | None) -> Any:
    if origin is tuple and isinstance(value, list):
        value = tuple(value)
    if isinstance(value, np.ndarray):
        _only_if(value.ndim == 1 and origin is not tuple, value)
    else:
        _only_if(not isinstance(value, str | bytes) and isinstance(value, origin), value)
    if origin is tuple and parts[-1] is not ...:
        _only_if(len(value) == len(parts), value)
        for one, kind in zip(value, parts, strict=True):
            as_annotated(one, kind, span)
    elif isinstance(value, Collection):  # what can be gone through only once is left to the function
        _each(value, parts[0], span)
    return value


def _each(values: Iterable[Any], kind: Any, span: Span | None) -> None:
    """Words and instances are looked at once for each type, since there may be millions."""
    alike = isinstance(kind, type) and kind not in (int, float)
    for one in {type(one): one for one in values}.values() if alike else values:
        as_annotated(one, kind, span)


def _array_kind(wanted: Any) -> tuple[str, str]:
    wanted = get_origin(wanted) or wanted
    known = (named for base, named in ARRAYS.items() if isinstance(wanted, type) and issubclass(wanted, base))
    return next(known, ("", "numbers"))


def _array(value: Any, wanted: Any) -> NDArray[Any]:
    """The value as an array; ids may be whole numbers or a list of text."""
    _only_if(value is not None and not isinstance(value, str | bytes | Mapping | type), value)
    try:
        array = np.asarray(value)
    except (TypeError, ValueError, RuntimeError) as error:
        raise Wrong from error
    if (
        wanted is np.str_
        and array.ndim
        and (
            array.dtype.kind in "iuT"
            or (array.dtype.kind == "O" and all(type(one) is str for one in array.flat))
        )
    ):
        array = array.astype(np.str_)
    kinds, _ = _array_kind(wanted)
    if array.size == 0 and isinstance(value, list | tuple):  # an empty list is of any type
        array = array.astype(EMPTY.get(kinds, array.dtype))
    _only_if(array.ndim > 0 and (not kinds or array.dtype.kind in kinds), array)
    return array
