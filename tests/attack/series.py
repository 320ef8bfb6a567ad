"""Many attacks in one child, started again behind one that ends it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

from tests.attack import forks
from tests.attack.judge import Outcome

Attacks = Iterable[tuple[str, Callable[[], Outcome | None]]]  # None: there is nothing to try


def in_children(
    kind: str,
    attacks: Callable[[Path], Attacks],
    folder: Path,
    *,
    seconds: float = 900,
    memory: int = 3 << 30,
) -> Iterator[Outcome]:
    """The outcome of every attack.

    Args:
        attacks: called in a child with an empty folder; gives the name of each attack and what does it. The
            same at every start.
        seconds: that a child may take in all.
    """
    start = 0
    while True:
        ended = forks.run(partial(_child, attacks, folder, start), seconds=seconds, memory=memory)
        lines = [json.loads(line) for line in ended.out.splitlines()]
        begun = [line for line in lines if isinstance(line, str)]
        yield from (Outcome(**line) for line in lines if isinstance(line, dict) and line)
        if ended.status == 0:
            return
        if len(begun) == len(lines) - len(begun):
            yield Outcome(
                kind, begun[-1] if begun else "set up", "wrong", "cannot be set up", ended.err[-500:]
            )
            return
        cause = "does not end in time" if ended.timed_out else f"ends the process ({ended.status})"
        yield Outcome(kind, begun[-1], "wrong", cause, ended.err[-300:])
        start += len(begun)


def _child(attacks: Callable[[Path], Attacks], folder: Path, start: int) -> None:
    """A line of JSON before each attack, its name, and one behind it, its outcome."""
    said = sys.stdout
    with (
        open(os.devnull, "w", encoding="utf8") as nowhere,
        tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as place,
        contextlib.redirect_stdout(nowhere),
    ):
        os.environ.update(SEMCOMP_CACHE=f"{place}/cache", SEMCOMP_OFFLINE="1", HOME=place)
        os.environ.pop("SEMCOMP_DATA", None)
        os.chdir(place)
        for number, (name, act) in enumerate(attacks(Path(place))):
            if number >= start:
                print(json.dumps(name), file=said, flush=True)
                outcome = act()
                print(json.dumps(vars(outcome) if outcome else {}), file=said, flush=True)
