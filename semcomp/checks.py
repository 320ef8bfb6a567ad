"""What callers give, checked by the annotations: a wrong argument is one line at once, not a traceback later.

`@checked` goes above public functions and classes. Annotations say of what type an argument is, `RANGES` what
numbers of its name may be, since a name means the same everywhere. What depends on several arguments is left
to the function. Lists for arrays become arrays, text for a path a path; nothing else is changed.
"""

from __future__ import annotations

import functools
import inspect
import sys
import types
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TypeVar

from semcomp.argument_types import Span, Wrong, as_annotated, in_words, shown
from semcomp.errors import SemcompError

Thing = TypeVar("Thing", bound=Callable[..., Any])

SEEDS = 2**32 - 1
#: The least that is meant, and the most that is of use: beyond it a slip of the hand fills memory or days.
RANGES: dict[str, Span] = {
    "seed": (0, SEEDS),
    "split_seed": (0, SEEDS),
    "memory": (1, 2**50),
    "resamples": (0, 100_000),
    "permutations": (1, 1_000_000),
    "shuffles": (1, 10_000),
    "rsa_items": (1, 10_000),
    "epochs": (1, 100_000),
    "batch_size": (1, 2**20),
    "processes": (1, 1_024),
    "draws": (1, 100_000),
    "worlds": (1, 1_000_000),
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
    semcomp.errors.SemcompError: double: seed = -1; a whole number from 0 to 4,294,967,295 is needed
    """
    if not isinstance(thing, type):
        return _guarded(thing, thing.__name__, [thing.__module__])  # type: ignore[no-any-return]
    modules = [base.__module__ for base in thing.__mro__]
    for key, member in list(vars(thing).items()):
        name = thing.__name__ if key == "__init__" else f"{thing.__name__}.{key}"
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
        given = signature.bind(*args, **kwargs)
        for key, kind in kinds().items():
            if key in given.arguments:
                value, span = given.arguments[key], RANGES.get(key)
                try:
                    given.arguments[key] = as_annotated(value, kind, span)
                except Wrong:
                    wanted = in_words(kind, span)
                    raise SemcompError(f"{name}: {key} = {shown(value)}; {wanted} is needed") from None
        return function(*given.args, **given.kwargs)

    return call


def annotated(annotation: Any, modules: Sequence[str]) -> Any:
    """What an annotation means in the first module that knows its names, else among the public names."""
    scope = {key: one for module in reversed(modules) for key, one in vars(sys.modules[module]).items()}
    while isinstance(annotation, str):
        try:
            annotation = eval(annotation, scope)  # of this package's own text
        except NameError as error:
            scope[error.name] = getattr(import_module("semcomp"), error.name)
    return annotation
