"""Short calls: the fields of a settings object as arguments of the function that takes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any


def flat(function: Callable[..., Any], settings: type[Any]) -> Callable[..., Any]:
    """The function, called with the fields of its settings among the keywords."""
    names = {one.name for one in fields(settings)}

    def call(*given: Any, **more: Any) -> Any:
        own = {name: more.pop(name) for name in names & set(more)}
        return function(*given, settings=settings(**own), **more)

    return call
