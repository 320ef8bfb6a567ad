"""The whole attack: command lines, Python calls, damaged files, killed and simultaneous runs, odd tables.

    python -m tests.attack.whole                      # everything; about an hour of one core
    python -m tests.attack.whole lines tables         # some parts
    python -m tests.attack.whole lines --share 0.05   # a drawn share of each, in a minute or two
    python -m tests.attack.whole calls --only rank    # what has this word in its name
    python -m tests.attack.whole --quick              # a few of every kind: what the tests run

It prints what was tried, right, refused well and wrong of each kind, then the causes, and writes all outcomes
as JSON. The status is above zero where something is wrong. The same arguments try the same things.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))  # as pytest has it

from tests.attack import calls, damage, judge, lines, readers, runs, shell, tables, vectors
from tests.attack.judge import Outcome

Thing = TypeVar("Thing")
QUICK = 3  # of every kind
FLIPS = 250  # of every kind of file; a fifth as many other damages come on top
CHECKPOINT_FLIPS = 600
MOMENTS, PAIRS = 8, 2  # of every kind of run


def drawn(things: Sequence[Thing], share: float, kind: Callable[[Thing], str], quick: bool) -> list[Thing]:
    """A share of them, or `QUICK` of every kind, in their order; the same every time."""
    draw = random.Random(0)
    if not quick:
        places = draw.sample(range(len(things)), round(share * len(things)))
        return [things[place] for place in sorted(places)]
    by_kind: dict[str, list[Thing]] = {}
    for thing in things:
        by_kind.setdefault(kind(thing), []).append(thing)
    return [one for alike in by_kind.values() for one in draw.sample(alike, min(QUICK, len(alike)))]


@dataclass(frozen=True)
class Choice:
    """What of a part is tried: a share, what has `only` in its name, or a few of every kind."""

    share: float
    only: str
    quick: bool


def of_lines(choice: Choice, folder: Path) -> Iterator[Outcome]:
    chosen = [line for line in lines.lines() if choice.only in f"{line.kind}: {line.what}"]
    return shell.attack(drawn(chosen, choice.share, lambda line: line.kind, choice.quick), folder)


def of_calls(choice: Choice, folder: Path) -> Iterator[Outcome]:
    chosen = [name for name in calls.names() if choice.only in name]
    if choice.quick:
        chosen = drawn(chosen, 1.0, calls.room, True)
    return calls.attack(chosen, folder, calls.some(0.1 if choice.quick else choice.share))


def of_damage(choice: Choice, folder: Path) -> Iterator[Outcome]:
    for subject in readers.SUBJECTS:
        if choice.only in subject.name:
            flips = CHECKPOINT_FLIPS if subject.name == "training checkpoints" else FLIPS
            count = QUICK if choice.quick else max(1, round(choice.share * flips))
            yield from damage.attack(subject, count, folder)


def of_runs(choice: Choice, folder: Path) -> Iterator[Outcome]:
    for job in runs.JOBS:
        if choice.only in job.name and not (choice.quick and job.slow):
            yield from runs.kills(job, 2 if choice.quick else max(2, round(choice.share * MOMENTS)), folder)
            yield from runs.pairs(job, max(1, round(choice.share * PAIRS)), folder)


def of_tables(choice: Choice, folder: Path) -> Iterator[Outcome]:
    chosen = [case for case in tables.cases() if choice.only in case.what]
    return tables.attack(drawn(chosen, choice.share, lambda case: case.kind, choice.quick), folder)


def of_vectors(choice: Choice, folder: Path) -> Iterator[Outcome]:
    chosen = [name for name in vectors.forms() if choice.only in name]
    return vectors.attack(
        drawn(chosen, choice.share, lambda name: name.partition(",")[0], choice.quick), folder
    )


PARTS: dict[str, Callable[[Choice, Path], Iterator[Outcome]]] = {
    "lines": of_lines,
    "calls": of_calls,
    "damage": of_damage,
    "runs": of_runs,
    "tables": of_tables,
    "vectors": of_vectors,
}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS), default=list(PARTS))
    parser.add_argument("--share", type=float, help="of what is tried; of calls a quarter, unless said")
    parser.add_argument("--quick", action="store_true", help="a few of every kind")
    parser.add_argument("--only", default="", help="what has this in its name")
    parser.add_argument("--json", type=Path, default=Path(tempfile.gettempdir()) / "attack.json")
    given = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    os.environ.pop("SEMCOMP_DATA", None)
    shell.warm("torch._dynamo")
    found: list[Outcome] = []
    for part in given.parts:
        share = given.share or (0.25 if part == "calls" else 1.0)
        choice = Choice(share, given.only, given.quick)
        with tempfile.TemporaryDirectory(prefix="attack-", ignore_cleanup_errors=True) as folder:
            for outcome in PARTS[part](choice, Path(folder)):
                found.append(replace(outcome, part=part))
                if outcome.verdict == "wrong":
                    print(f"{outcome.kind} | {outcome.what} | {outcome.cause}", file=sys.stderr, flush=True)
                if len(found) % 200 == 0:
                    judge.write(found, given.json)
    judge.write(found, given.json)
    print(judge.table(found))
    print(given.json)
    return int(any(outcome.verdict == "wrong" for outcome in found))


if __name__ == "__main__":
    sys.exit(main())
