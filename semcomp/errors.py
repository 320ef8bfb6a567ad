"""The one exception that user mistakes raise: a single line that names the offender and the remedy."""

from __future__ import annotations

import os
import traceback
from collections.abc import Iterable
from difflib import get_close_matches

TRACEBACK = "SEMCOMP_TRACEBACK"  # set to anything: where an error came from is printed before it is told


class SemcompError(ValueError):
    """Input that cannot be worked with. The message is one line, shown without a traceback."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows in place of a traceback."""
        return [f"{type(self).__name__}: {self}"]


def unknown_name(kind: str, name: object, known: Iterable[str]) -> SemcompError:
    """The error for a name that nothing answers to, with the nearest known names first.

    >>> str(unknown_name("encoder", "minilmm", ["minilm", "own"]))
    "unknown encoder 'minilmm'; did you mean 'minilm'? Known: minilm, own"
    """
    choices = sorted(known)
    folded = {choice.casefold(): choice for choice in choices}
    near = [folded[match] for match in get_close_matches(str(name).casefold(), folded, n=3)]
    hint = f"did you mean {' or '.join(repr(n) for n in near)}? " if near else ""
    return SemcompError(f"unknown {kind} {str(name)!r}; {hint}Known: {', '.join(choices) or 'none'}")


def show_traceback(error: BaseException) -> None:
    """Print where the error came from to stderr, if SEMCOMP_TRACEBACK is set."""
    if os.environ.get(TRACEBACK):
        traceback.print_exception(error)
