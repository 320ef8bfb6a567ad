"""Files damaged in many small ways: what reads them notices, and never gives another result in silence."""

from __future__ import annotations

import io
import os
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import semcomp as sc
from semcomp.storage import digest
from tests.attack import forks, series
from tests.attack.judge import Outcome, wrong_message
from tests.attack.readers import Subject

SECONDS = 10
Damage = tuple[str, Callable[[Path], None]]


def damages(size: int, count: int, seed: str) -> list[Damage]:
    """`count` flipped bits, half of them near the ends, a fifth as many cuts and zeros, and others."""
    draw = random.Random(seed)

    def flip(place: int, bit: int) -> Callable[[Path], None]:
        def act(file: Path) -> None:
            content = bytearray(file.read_bytes())
            content[place] ^= 1 << bit
            file.write_bytes(content)

        return act

    def cut(length: int) -> Callable[[Path], None]:
        return lambda file: os.truncate(file, length)

    def zeros(place: int) -> Callable[[Path], None]:
        def act(file: Path) -> None:
            content = bytearray(file.read_bytes())
            content[place : place + 16] = bytes(len(content[place : place + 16]))
            file.write_bytes(content)

        return act

    def place() -> int:
        edge = min(600, size)
        return draw.choice(
            (draw.randrange(size), draw.choice((draw.randrange(edge), size - 1 - draw.randrange(edge))))
        )

    found: list[Damage] = []
    for _ in range(count):
        at, bit = place(), draw.randrange(8)
        found.append((f"bit {bit} of byte {at} flipped", flip(at, bit)))
    for n in range(count // 5):
        at = place()
        found.append((f"cut after {at} bytes", cut(at)) if n % 2 else (f"16 zeros from byte {at}", zeros(at)))
    others = [(name, partial(_replaced, content)) for name, content in _others().items()]
    return found + draw.sample(others, min(count, len(others)))


def _others() -> dict[str, bytes | None]:
    """What may be in a file's place; None: a folder."""
    array, archive = io.BytesIO(), io.BytesIO()
    np.save(array, np.ones((3, 2)))
    np.savez(archive, x=np.ones(2))
    return {
        "empty": b"",
        "a folder": None,
        "a plain .npy": array.getvalue(),
        "another .npz": archive.getvalue(),
        "text": b"not what was here\n",
        "PK alone": b"PK\x03\x04",
        "zeros": bytes(4096),
        "JSON nested deep": b"[" * 100_000,
        "a null": b"null",
    }


def _replaced(content: bytes | None, file: Path) -> None:
    file.unlink()
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)


def attack(subject: Subject, count: int, folder: Path) -> Iterator[Outcome]:
    """All damages of one kind of file."""

    def attacks(place: Path) -> series.Attacks:
        good, work = place / "good", place / "work"
        good.mkdir()
        file = subject.make(good).relative_to(good)
        shutil.copytree(good, work, symlinks=True)
        right = digest(*_plain(subject.read(work, work / file)))

        def act(name: str, harm: Callable[[Path], None]) -> Outcome:
            shutil.rmtree(work)
            shutil.copytree(good, work, symlinks=True)
            harm(work / file)
            return _judged(subject, name, work, work / file, right)

        for name, harm in damages((good / file).stat().st_size, count, subject.name):
            yield name, partial(act, name, harm)

    return series.in_children(subject.name, attacks, folder)


def _plain(result: Any) -> list[Any]:
    return result if isinstance(result, list) else [result]


def _judged(subject: Subject, name: str, work: Path, file: Path, right: str) -> Outcome:
    def wrong(cause: str, detail: object = "") -> Outcome:
        return Outcome(subject.name, name, "wrong", cause, str(detail)[:300])

    try:
        with forks.limited(SECONDS):
            found = digest(*_plain(subject.read(work, file)))
    except sc.SemcompError as error:
        if subject.rule == "healed":
            return wrong("not healed", error)
        cause = wrong_message(
            str(error).replace(str(work), ""),
            [path.name for path in (file, *file.parent.iterdir())] if subject.named else (),
        )
        return wrong(cause, error) if cause else Outcome(subject.name, name, "refused")
    except forks.TooLong:
        return wrong("does not end in time")
    except BaseException as error:
        return wrong(f"raw {type(error).__name__}", error)
    if found != right and subject.rule != "any or refused":
        return wrong("another result in silence")
    if any(".part" in path.name and not path.name.endswith(".parts") for path in work.rglob("*")):
        return wrong("a part file is left")
    return Outcome(subject.name, name, "right")
