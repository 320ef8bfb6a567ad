"""Verdicts on attacks: what was tried, whether it went well, and the table of all by kind."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Word = Literal["right", "refused", "wrong"]
LONGEST = 500  # characters of a message that is still one line


@dataclass(frozen=True)
class Outcome:
    """One attack: its kind, what exactly was tried, how it ended, and why where it is wrong."""

    kind: str
    what: str
    verdict: Word
    cause: str = ""
    detail: str = ""
    part: str = ""


def wrong_message(text: str, named: Iterable[str] = ()) -> str:
    """What is wrong with an error's message: "" where it is one line that names the offender.

    Args:
        named: words, one of which is to be in the message; none where any will do.
    """
    if not text.strip():
        return "message is empty"
    if "\n" in text.strip():
        return "message has several lines"
    if len(text) > LONGEST:
        return "message is too long"
    if not text.isprintable() and any(ord(one) < 32 or ord(one) == 127 for one in text.strip()):
        return "message has control characters"
    words = [word.casefold() for word in named if word]
    if words and not any(word in text.casefold() for word in words):
        return "offender is not named"
    return ""


def table(outcomes: Iterable[Outcome]) -> str:
    """Tried, right, refused well and wrong by kind, and below them the causes, most frequent first."""
    by_kind: dict[str, Counter[str]] = defaultdict(Counter)
    causes: Counter[tuple[str, str]] = Counter()
    for one in outcomes:
        by_kind[one.kind][one.verdict] += 1
        if one.verdict == "wrong":
            causes[one.kind, one.cause] += 1
    rows = [("kind", "tried", "right", "refused", "wrong")]
    for kind, counts in [*sorted(by_kind.items()), ("all", sum(by_kind.values(), Counter()))]:
        numbers = counts.total(), *(counts[word] for word in ("right", "refused", "wrong"))
        rows.append((kind, *map(str, numbers)))
    width = max(len(row[0]) for row in rows)
    lines = [f"{kind:{width}}" + "".join(f"{number:>9}" for number in rest) for kind, *rest in rows]
    lines += [f"{count:5}  {kind}: {cause}" for (kind, cause), count in causes.most_common()]
    return "\n".join(lines)


def write(outcomes: Iterable[Outcome], path: Path) -> None:
    """All outcomes as JSON, with the counts of each kind."""
    listed = list(outcomes)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for one in listed:
        counts[one.kind][one.verdict] += 1
    record = {"counts": counts, "outcomes": [asdict(one) for one in listed]}
    path.write_text(json.dumps(record, indent=1, default=repr), encoding="utf8", errors="backslashreplace")
