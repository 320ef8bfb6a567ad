"""What is in the two tables of a shop: plain, or with one quirk of the world in it."""

from __future__ import annotations

import html
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import partial
from typing import Any

Row = tuple[Any, ...]
Known = dict[str, Any]


@dataclass(frozen=True)
class Content:
    """What is in the two tables.

    Attributes:
        rows: (user, item, rating, timestamp), as Python values.
        titles: (item, title).
        told: other readings, by a word, that are right where the data set has a note about them.
        wanted: the content that is right, where it is not what is written (dates as numbers, for example).
    """

    rows: tuple[Row, ...]
    titles: tuple[tuple[str, str], ...]
    told: tuple[Known, ...] = ()
    wanted: Known | None = None


def plain(seed: int = 0) -> Content:
    draw = random.Random(seed)
    pairs = sorted(
        {(f"u{draw.randrange(8)}", f"i{draw.randrange(6)}") for _ in range(25)}
        | {("u0", f"i{n}") for n in range(6)}
    )
    rows = tuple(
        (user, item, draw.choice((1, 2.5, 4, 5)), 1_500_000_000 + draw.randrange(10**6))
        for user, item in pairs
    )
    return Content(rows, tuple((f"i{n}", f"Title {n}") for n in range(6)))


def with_titles(*titles: str, told: Sequence[Callable[[str], str]] = ()) -> Content:
    """The plain content with these titles for the first items."""
    base = plain()
    new = tuple(
        (item, titles[n] if n < len(titles) else title) for n, (item, title) in enumerate(base.titles)
    )
    other = tuple(known(base.rows, [(item, change(title)) for item, title in new]) for change in told)
    return Content(base.rows, new, other)


def with_users(*users: str, told: Sequence[Callable[[str], str]] = ()) -> Content:
    base = plain()
    name = {f"u{n}": user for n, user in enumerate(users)}
    rows = tuple((name.get(user, user), *rest) for user, *rest in base.rows)
    other = tuple(known([(change(user), *rest) for user, *rest in rows], base.titles) for change in told)
    return Content(rows, base.titles, other)


def with_times(write: Callable[[int], Any], read: Callable[[int], float] = float) -> Content:
    """Timestamps written in another form; read: the seconds that they mean."""
    base = plain()
    rows = tuple((user, item, rating, write(stamp)) for user, item, rating, stamp in base.rows)
    meant = tuple((user, item, rating, read(stamp)) for user, item, rating, stamp in base.rows)
    return Content(rows, base.titles, wanted=known(meant, base.titles))


def with_ratings(write: Callable[[float], Any], read: Callable[[float], float | None] = float) -> Content:
    """Ratings written in another form. Those that are no numbers may be unknown, where that is told."""
    base = plain()
    rows, meant, unknown = (
        tuple((user, item, change(rating), stamp) for user, item, rating, stamp in base.rows)
        for change in (write, read, lambda rating: rating if _number(write(rating)) is not None else None)
    )
    return Content(rows, base.titles, (known(unknown, base.titles),), wanted=known(meant, base.titles))


def known(rows: Sequence[Row], titles: Sequence[tuple[str, str]]) -> Known:
    """Content as it is compared: (user, item) -> (rating, timestamp), and the title of each item."""
    return {
        "pairs": {f"{user}\0{item}": [_number(rating), _number(stamp)] for user, item, rating, stamp in rows},
        "titles": dict(titles),
    }


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _iso(style: str) -> Callable[[int], str]:
    def write(stamp: int) -> str:
        at = datetime.fromtimestamp(stamp, UTC)
        if style == "offset 0":
            return at.isoformat()
        if style == "offset +02:00":
            return at.astimezone(timezone(timedelta(hours=2))).isoformat()
        if style == "offset -0530":
            return at.astimezone(timezone(-timedelta(hours=5, minutes=30))).strftime("%Y-%m-%dT%H:%M:%S%z")
        if style == "blank and offset":
            return at.isoformat(sep=" ")
        if style == "Z":
            return at.strftime("%Y-%m-%dT%H:%M:%SZ")
        if style == "blank":
            return at.strftime("%Y-%m-%d %H:%M:%S")
        if style == "fraction":
            return at.strftime("%Y-%m-%dT%H:%M:%S.250Z")
        return at.strftime(style)

    return write


def midnight(stamp: int) -> float:
    return float(stamp - stamp % 86400)


def _minute(stamp: int) -> float:
    return float(stamp - stamp % 60)


CONTENTS: dict[str, Callable[[], Content]] = {
    "plain": plain,
    "quotes in titles": lambda: with_titles('He said "no"', '"all quoted"', '12" vinyl', "it's"),
    "quotes and delimiters": lambda: with_titles('a "b", c', 'tab\t"x"', "semi;colon", "pipe|pipe", ",", '"'),
    "backslashes": lambda: with_titles("C:\\new", "end\\", '\\"', "\\\\", "\\n"),
    "line ends in titles": lambda: with_titles("one\ntwo", "one\r\ntwo", "\nfirst", "last\n\n"),
    "unicode": lambda: with_titles("Zoë 雪 🎬", "مرحبا", "e\u0301", "\u202eabc", "\u2028line", "\x85next"),
    "control characters": lambda: with_titles("a\x01b", "\x1b[31m", "\x7f"),
    "NUL in a title": lambda: with_titles("a\0b", told=[lambda title: title.replace("\0", "\ufffd")]),
    "blanks around titles": lambda: with_titles(" a ", "\tb", "c\u00a0", told=[str.strip]),
    "words for nothing": lambda: with_titles("nan", "None", "NULL", "\\N", "N/A", "-"),
    "HTML entities": lambda: with_titles("Tom &amp; Jerry", "caf&eacute;", "a &lt; b", told=[html.unescape]),
    "all titles empty": lambda: with_titles(*[""] * 6),
    "numbers for titles": lambda: with_titles("007", "1e5", "1.0", "TRUE", "0x10"),
    "long titles": lambda: with_titles("t" * 100_000),
    "numbers with zeros for users": lambda: with_users("007", "7", "07", "7.0", "1e1"),
    "words for users": lambda: with_users("nan", "None", "NULL", "true", "-", "#N/A"),
    "blanks around users": lambda: with_users(" a", "b ", "\u00a0c", told=[str.strip]),
    "blanks that tell users apart": lambda: with_users("a", " a", "a "),
    "quotes in users": lambda: with_users('a"b', '"c"', "d'e"),
    "unicode users": lambda: with_users("é", "e\u0301", "雪", "🎬", "ß", "SS"),
    "users of 600 characters": lambda: with_users("x" * 600),
    "users of 100,000 characters": lambda: with_users("x" * 100_000),
    "line ends in users": lambda: with_users("a\nb", "c\rd"),
    "decimal commas": lambda: with_ratings(lambda rating: str(rating).replace(".", ",")),
    "blanks around ratings": lambda: with_ratings(lambda rating: f" {rating} "),
    "plus signs": lambda: with_ratings(lambda rating: f"+{rating}"),
    "ratings that are words": lambda: with_ratings(lambda rating: "good", lambda rating: None),
    "ratings that are infinite": lambda: with_ratings(lambda rating: "inf", lambda rating: None),
    **{
        f"times, {style}": partial(with_times, _iso(style))
        for style in ("offset 0", "offset +02:00", "offset -0530", "blank and offset", "Z", "blank")
    },
    "times, fraction": lambda: with_times(_iso("fraction"), lambda stamp: stamp + 0.25),
    "dates, ISO": lambda: with_times(_iso("%Y-%m-%d"), midnight),
    "dates as integers": lambda: with_times(lambda stamp: int(_iso("%Y%m%d")(stamp)), midnight),
    "times as integers": lambda: with_times(lambda stamp: int(_iso("%Y%m%d%H%M%S")(stamp))),
    "minutes as integers": lambda: with_times(lambda stamp: int(_iso("%Y%m%d%H%M")(stamp)), _minute),
    "milliseconds": lambda: with_times(lambda stamp: stamp * 1000),
    "microseconds": lambda: with_times(lambda stamp: stamp * 10**6),
    "dates, day first": lambda: with_times(_iso("%d/%m/%Y"), midnight),
    "dates with points": lambda: with_times(_iso("%d.%m.%Y"), midnight),
}


def surrogates() -> Content:
    """Half of an emoji, as JSON.stringify of a cut string writes it."""
    return with_titles(
        "cut \ud83d",
        "\ude00",
        "ok",
        told=[
            lambda title: title.encode("utf-16", "surrogatepass").decode("utf-16", "replace"),
            lambda title: "".join("\ufffd" if 0xD800 <= ord(one) < 0xE000 else one for one in title),
        ],
    )
