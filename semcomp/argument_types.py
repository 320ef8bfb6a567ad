"""Whether a value is of an annotated type, and types and values in words."""

from __future__ import annotations

import os
import reprlib
import types
from collections.abc import Callable, Collection, Iterable, KeysView, Mapping, Sequence, Set
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import numpy as np
import scipy.sparse as sp
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
#: Types that other values become: of a list, each value has to be looked at.
MADE_OF_OTHERS = (int, float, bool, Path, sp.csr_array)
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
    """The value as the type has it: a plain number, a path, a tuple, an array; raises Wrong where it cannot.

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
        _each(value, parts[0], span)
        values = value.values()
        made = _each(values, parts[1], span)
        return value if made is values else dict(zip(value, made, strict=True))
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
        more = " (np.flatnonzero(mask) gives the rows of a mask)" if value.dtype.kind == "b" else ""
        more = " with masked values" if np.ma.is_masked(value) else more
        return f"an array of {value.dtype} of shape {value.shape}{more}"
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
        _only_if(fits and (least is None or value >= least) and (most is None or value <= most), value)
        return kind(value) if isinstance(value, np.generic) else value
    if kind is bool:
        return bool(_only_if(isinstance(value, bool | np.bool_), value))
    if kind is Path and isinstance(value, str | os.PathLike):
        return value if isinstance(value, Path) else Path(value)
    if kind is sp.csr_array and sp.issparse(value) and not isinstance(value, sp.csr_array):
        return sp.csr_array(value)
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
    _only_if(like, value)
    given, array = _plain(value)
    return _only_if(array.dtype.kind in "biuf", value if given is array else array)


def _listed(value: Any, origin: type, parts: Sequence[Any], span: Span | None) -> Any:
    """The value, or a tuple of a column or of what can be gone through only once; sets have no order."""
    fits = isinstance(value, Iterable) and not isinstance(value, str | bytes)
    _only_if(fits and getattr(value, "ndim", 1) == 1, value)
    if not (isinstance(value, origin) and isinstance(value, Collection)) or hasattr(value, "tolist"):
        _only_if(isinstance(value, KeysView) or not isinstance(value, Set | Mapping), value)
        value = tuple(value.tolist() if hasattr(value, "tolist") else value)
    if origin is not tuple or parts[-1] is ...:
        return _each(value, parts[0], span)
    _only_if(len(value) == len(parts), value)
    return tuple(as_annotated(one, kind, span) for one, kind in zip(value, parts, strict=True))


def _each(values: Collection[Any], kind: Any, span: Span | None) -> Collection[Any]:
    """They, or where one changes a tuple of what they become.

    Words and instances are looked at once for each type, since there may be millions.
    """
    if isinstance(kind, type) and kind not in MADE_OF_OTHERS:
        for one in {type(one): one for one in values}.values():
            as_annotated(one, kind, span)
        return values
    made = tuple(as_annotated(one, kind, span) for one in values)
    return values if all(one is its for one, its in zip(values, made, strict=True)) else made


def _array_kind(wanted: Any) -> tuple[str, str]:
    wanted = get_origin(wanted) or wanted
    known = (named for base, named in ARRAYS.items() if isinstance(wanted, type) and issubclass(wanted, base))
    return next(known, ("", "numbers"))


def _array(value: Any, wanted: Any) -> NDArray[Any]:
    """The value as an array; ids may be whole numbers or a list of text."""
    _only_if(not np.ma.is_masked(value), value)  # an array would be without the mask
    kinds, _ = _array_kind(wanted)
    _, array = _plain(value)
    if wanted is np.str_ and array.dtype.kind in "iuT":
        array = array.astype(np.str_)
    if array.shape == (0,):  # an empty list is of any type
        array = array.astype(EMPTY.get(kinds, array.dtype))
    _only_if(array.ndim > 0 and (not kinds or array.dtype.kind in kinds), array)
    return array


def _plain(value: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """The value as an array, and as one of numbers or of text where pandas keeps these as objects."""
    _only_if(value is not None and not isinstance(value, str | bytes | Mapping | type), value)
    try:
        given = np.asarray(value)
        array = np.array(given.tolist()) if given.dtype.kind == "O" and given.ndim else given
    except (TypeError, ValueError, RuntimeError) as error:
        raise Wrong from error
    mixed = array is not given and array.dtype.kind == "U" and not all(isinstance(o, str) for o in given.flat)
    return given, given if mixed else array
