"""Checks of options, in one wording: the offender, its value, what it must be."""

from __future__ import annotations

import math
from collections.abc import Sequence

from semcomp.errors import SemcompError


def check_options(
    thing: object,
    label: str,
    *,
    whole: Sequence[str] = (),
    positive: Sequence[str] = (),
    not_negative: Sequence[str] = (),
    share: Sequence[str] = (),
) -> None:
    """Raise unless the named attributes are of their kind, also those of classes that are not `checked`.

    Args:
        label: of the message, `{label} {option} = {value}; it must …`.
        whole: whole numbers from 1. positive: numbers above 0. not_negative: numbers from 0, whole ones too.
        share: numbers from 0 to 1.
    """
    for option in (*whole, *positive, *not_negative, *share):
        value = getattr(thing, option)
        if type(value) is not int and (option in whole or type(value) is not float):
            kind = "a whole number" if option in whole else "a number"
            raise SemcompError(f"{label} {option} = {value!r}; it must be {kind}")
        if option in share:
            if not 0 <= value <= 1:
                raise SemcompError(f"{label} {option} = {value}; it must be between 0 and 1")
        elif option in not_negative:
            if not 0 <= value < math.inf:
                raise SemcompError(f"{label} {option} = {value}; it must not be negative")
        elif not 0 < value < math.inf:
            raise SemcompError(f"{label} {option} = {value}; it must be above zero")
