"""The same from a shell: `semcomp advise`, `book`, `data`, `diagnose`, `geometry`, `probe`, `decompose`,
`fuse`, `notebooks`, `tune`.

This file is what runs before anything else is imported, and what is left when all else has failed: whatever
happens, a command ends with a status and, if that is above zero, one line on stderr.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from semcomp.errors import LONGEST_MESSAGE, TRACEBACK, SemcompError, shortened, show_traceback


def main() -> None:
    """Entry point: a mistake is one line on stderr and an exit status above zero, never a traceback."""
    before = signal.getsignal(signal.SIGINT)
    ours = before is signal.default_int_handler and threading.current_thread() is threading.main_thread()
    if ours:  # else they are ignored, as behind nohup, or somebody else's
        signal.signal(signal.SIGINT, _interrupted)
    try:
        status = _run(sys.argv[1:])
        if sys.stdout is not None:
            sys.stdout.flush()
    except SystemExit:
        raise
    except BaseException as error:  # Rust's panics are no Exceptions
        show_traceback(error)
        message, status = _told(error)
        _fail(message)
    finally:
        if ours:
            signal.signal(signal.SIGINT, before)
    if status:
        sys.exit(status)


def _run(arguments: Sequence[str]) -> int:
    """The command of a command line; its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a character is shown its number
            stream.reconfigure(errors="backslashreplace")

    from click.exceptions import Exit, NoArgsIsHelpError
    from click.shell_completion import shell_complete

    from semcomp.cli.commands import app
    from semcomp.cli.reading import spread

    if asked := os.environ.get("_SEMCOMP_COMPLETE"):
        return shell_complete(app, {}, "semcomp", "_SEMCOMP_COMPLETE", asked)
    try:
        with app.make_context("semcomp", spread(arguments)) as context:
            app.invoke(context)
    except Exit as end:  # --help and --version
        return end.exit_code
    except NoArgsIsHelpError as error:
        print(error.format_message(), file=sys.stderr)
        return error.exit_code
    return 0


def _told(error: BaseException) -> tuple[str, int]:
    """What to say of an error, and the exit status."""
    from click.exceptions import Abort, ClickException

    if isinstance(error, ClickException):
        return f"{error.format_message()} (see --help)", error.exit_code
    if isinstance(error, SemcompError):
        return str(error), 1
    if isinstance(error, KeyboardInterrupt | Abort):
        return "interrupted", 130
    if isinstance(error, BrokenPipeError):
        return "", 141  # silent, like a tool that the signal of a broken pipe ends: `semcomp … | head`
    if isinstance(error, MemoryError):
        reason = f"memory ran out ({error}); give it less data at a time, or more memory"
    elif isinstance(error, RecursionError):
        reason = "something in the input is nested too deeply; flatten it"
    elif isinstance(error, OSError):
        reason = f"{error.filename or 'what is printed or read'}: {error.strerror or error}"
    else:
        reason = f"unexpected {type(error).__name__}: {error}"
    return f"{reason} ({TRACEBACK}=1 shows where)", 1


def _fail(message: str) -> None:
    """Print the one line, if there is something to say; what could not be printed is not tried again."""
    line = shortened(" ".join(message.split()), LONGEST_MESSAGE)
    for stream, text in ((sys.stdout, ""), (sys.stderr, f"semcomp: error: {line}\n" if line else "")):
        try:
            if stream is not None:
                stream.write(text)
                stream.flush()
        except (OSError, ValueError):
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _interrupted(_: int, frame: FrameType | None) -> None:
    """Ctrl-C. It ends an import at once: there libraries swallow the error, or tell it over many lines."""
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            if sys.stderr is not None:  # else 2 may be any file
                os.write(2, b"semcomp: error: interrupted\n")
            os._exit(130)
        frame = frame.f_back
    raise KeyboardInterrupt
