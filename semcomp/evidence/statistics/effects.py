"""A value turned so that an interval above zero means that a statement about it holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from semcomp.core.evidence import Value


def below_null(value: Value) -> Value:
    """For "there is less of it than in the null": the difference the other way round."""
    flip = [None if bound is None else -bound for bound in (value.excess_high, value.excess_low)]
    null = None if value.null is None else -value.null
    return replace(
        value, value=-value.value, null=null, low=None, high=None, excess_low=flip[0], excess_high=flip[1]
    )


def by_itself(value: Value) -> Value:
    """For "there is more than zero of it": the value's own interval, whatever its null."""
    return replace(value, null=None, excess_low=None, excess_high=None)


def below(limit: float) -> Callable[[Value], Value]:
    """For "it is less than `limit`"."""

    def effect(value: Value) -> Value:
        low, high = (None if bound is None else limit - bound for bound in (value.high, value.low))
        return Value(limit - value.value, low, high, n=value.n)

    return effect
