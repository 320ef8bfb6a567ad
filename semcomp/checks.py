"""What callers give, checked by the annotations: a wrong argument is one line at once, not a traceback later.

`@checked` goes above public functions and classes. Annotations say of what type an argument is, `RANGES` what
numbers of its name may be, since a name means the same everywhere. What depends on several arguments is left
to the function. What another library has for a number, a list, an array, a sparse matrix or a path becomes
the plain one; nothing else is changed.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeVar

from semcomp.argument_types import Span, Wrong, as_annotated, in_words, is_nan, shown
from semcomp.errors import SemcompError

Thing = TypeVar("Thing", bound=Callable[..., Any])

SEEDS = 2**63 - 1
#: The least, and the most that is of use: beyond it a slip of the hand fills the memory, or days. Where the
#: least is None, functions say it themselves.
RANGES: dict[str, Span] = {
    "seed": (0, SEEDS),
    "split_seed": (0, SEEDS),
    "draw": (0, SEEDS),
    "memory": (1, 2**50),
    "resamples": (None, 200_000),
    "permutations": (None, 1_000_000),
    "shuffles": (None, 10_000),
    "rsa_items": (None, 10_000),
    "core": (None, 2**31),
    "min_characters": (None, 2**31),
    "epochs": (None, 100_000),
    "dim": (None, 2**16),
    "hidden": (None, 2**16),
    "batch_size": (1, 2**20),
    "processes": (1, 1_024),
    "draws": (None, 100_000),
    "worlds": (None, 100_000),
    "most": (None, 100),
    "intents": (None, 2**16),
    "layers": (None, 1_000),
    "hops": (None, 1_000),
    "iterations": (None, 100_000),
}


def checked(thing: Thing) -> Thing:
    """A function whose arguments are checked at every call; of a class, its maker and its public methods.

    Raises:
        SemcompError: at a call, for an argument of another type or out of the range of its name. Arguments
            that lack or are unknown are Python's TypeError, as ever.

    >>> from semcomp.checks import checked
    >>> @checked
    ... def double(seed: int) -> int:
    ...     return 2 * seed
    >>> double(-1)
    Traceback (most recent call last):
    semcomp.errors.SemcompError: double: seed = -1; it must be a whole number from 0 to 9,223,...
    """
    if not isinstance(thing, type):
        return _guarded(thing, f"{thing.__name__}:", [thing.__module__])  # type: ignore[no-any-return]
    modules = [base.__module__ for base in thing.__mro__]
    for key, member in list(vars(thing).items()):
        name = f"{thing.__name__} option" if key == "__init__" else f"{thing.__name__}.{key}:"
        if key.startswith("_") and key != "__init__":
            continue
        if isinstance(member, types.FunctionType):
            setattr(thing, key, _guarded(member, name, modules))
        elif isinstance(member, staticmethod | classmethod):
            setattr(thing, key, type(member)(_guarded(member.__func__, name, modules)))
    return thing


def _guarded(function: Any, name: str, modules: Sequence[str]) -> Any:
    signature = inspect.signature(function)

    @functools.cache
    def kinds() -> dict[str, Any]:
        """At the first call, when all that annotations name can be imported."""
        return {
            key: annotated(parameter.annotation, modules)
            for key, parameter in signature.parameters.items()
            if parameter.annotation is not parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            given = signature.bind(*args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{function.__qualname__}() {error}") from None
        for key, kind in kinds().items():
            if key in given.arguments:
                value, span = given.arguments[key], RANGES.get(key)
                try:
                    if is_nan(value) and kind not in (Any, object):
                        raise Wrong
                    given.arguments[key] = as_annotated(value, kind, span)
                except Wrong:
                    wanted = in_words(kind, span if isinstance(value, int) else None)
                    raise SemcompError(f"{name} {key} = {shown(value)}; it must be {wanted}") from None
        return function(*given.args, **given.kwargs)

    return call


def annotated(annotation: Any, modules: Sequence[str]) -> Any:
    """What an annotation means in the first module that knows its names, else among the public names."""
    scope = {key: one for module in reversed(modules) for key, one in vars(sys.modules[module]).items()}
    while isinstance(annotation, str):
        try:
            annotation = eval(annotation, scope)  # of this package's own text
        except NameError as error:
            name = str(error.name)
            scope[name] = getattr(import_module("semcomp"), name)
    return annotation
