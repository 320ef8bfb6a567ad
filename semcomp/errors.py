"""The one exception that user mistakes raise: a single line that names the offender and the remedy."""

from __future__ import annotations

import os
import re
import traceback
from collections.abc import Iterable
from difflib import get_close_matches

LONGEST_VALUE = 100  # characters of one value that a message shows
LONGEST_MESSAGE = 480
TRACEBACK = "SEMCOMP_TRACEBACK"  # set to anything: where an error came from is printed before it is told

_ENDLESS = re.compile(rf"[^\s/]{{{LONGEST_VALUE + 1},}}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")


class SemcompError(ValueError):
    """Input that cannot be worked with. The message is one line; it is shown without a traceback.

    Whatever a message repeats of the input, it stays one line of bounded length: control characters are
    written as \\n, \\x1b and so on, and the middle is cut out of words that do not end and of messages above
    480 characters.
    """

    def __init__(self, message: object = "") -> None:
        line = _CONTROL.sub(_escaped, str(message).strip())
        line = _ENDLESS.sub(lambda word: shortened(word.group()), line)
        super().__init__(shortened(line, LONGEST_MESSAGE))

    def _render_traceback_(self) -> list[str]:
        """What IPython shows; a traceback only with SEMCOMP_TRACEBACK=1, as in a shell."""
        if os.environ.get(TRACEBACK):
            return traceback.format_exception(self)
        return [f"{type(self).__name__}: {self}"]


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()


def shortened(text: object, limit: int = LONGEST_VALUE) -> str:
    """The text, without its middle where it has more than `limit` characters.

    >>> shortened("x" * 50 + "y" * 50, 9)
    'xxxxx…yyy'
    """
    whole = str(text)
    if len(whole) <= limit:
        return whole
    tail = limit // 3
    return f"{whole[: limit - tail - 1]}…{whole[-tail:]}"


def shown(value: object) -> str:
    """A value of the input as a message repeats it: with quote marks if it is text, and shortened.

    >>> shown("a b")
    "'a b'"
    """
    return repr(shortened(value)) if isinstance(value, str) else shortened(repr(value))


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
