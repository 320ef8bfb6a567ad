"""Hostile command lines: each good command of `semcomp` with one thing in it that is wrong or odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

from tests.attack.commands import (
    ARRAYS,
    CHOICES,
    COLUMNS,
    DATA,
    ENDLESS,
    FINE_ARRAYS,
    FINE_DATA,
    FINE_PAIRS,
    GOOD,
    JSON,
    LARGE,
    NO_NAMES,
    NO_NUMBERS,
    NO_TARGET_WORDS,
    NO_TARGETS,
    NOWHERE,
    NUMBERS,
    ODD,
    PAIRS,
    RAW,
    TABLES,
    TARGETS,
    TEMPLATES,
)

Must = Literal["refuse", "accept", "either"]


@dataclass(frozen=True)
class Line:
    """One command line, in which `{w}` is the folder of inputs and `{r}` an empty one, the working folder.

    Attributes:
        kind: what is attacked, as the table names it.
        must: whether it has to be refused, has to work, or may do either.
        named: words of which a refusal has to hold one; none where any will do.
        prepare: what lies in the working folder beforehand (see `shell.prepare`).
        kept: paths that have to be as they were, even if the command succeeds.
        how: options of `forks.run`.
    """

    kind: str
    words: tuple[str, ...]
    must: Must = "either"
    named: tuple[str, ...] = ()
    prepare: str = ""
    kept: tuple[str, ...] = ()
    how: dict[str, object] = field(default_factory=dict)

    @property
    def what(self) -> str:
        """The words that are not those of the good command, after its name, and the circumstances."""
        command = self.words[1] if self.words[:1] == ("data",) and len(self.words) > 1 else self.words[0]
        good = _words(GOOD[command]) if command in GOOD else ()
        shown = [f"{word!r}" if len(word) <= 60 else f"{word[:40]!r}…({len(word)})" for word in self.words]
        if len(good) == len(self.words):
            last, shown_here = "", []
            for old, new, text in zip(good, self.words, shown, strict=True):
                last = old if old.startswith("--") else last
                shown_here += [last, text] if old != new else []
            shown = shown_here
        around = [self.prepare, *(f"{key}={value}" for key, value in self.how.items())]
        return " ".join([command, *shown, *(f"[{one}]" for one in around if one)])


def changed(command: str, option: str, place: int, value: str) -> tuple[str, ...]:
    """The good command with one word of one option replaced."""
    options = {name: list(words) for name, words in GOOD[command].items()}
    if option not in options:  # of a probe: categories are for a shift of their own
        del options["--first-seen"]
        options |= {"--shift": ["category"], "--categories": ["{w}/cats.inter"]}
    options[option][place] = value
    return _words(options)


def without(command: str, option: str) -> tuple[str, ...]:
    return _words({name: words for name, words in GOOD[command].items() if name != option})


def _words(options: dict[str, list[str]]) -> tuple[str, ...]:
    return tuple(word for name, words in options.items() for word in (name, *words))


def _names(command: str, option: str, value: str) -> tuple[str, ...]:
    """What a message may call the offender: the option, the file's name, or the start of the value."""
    base = value.rstrip("/").rpartition("/")[2].replace("{w}", "world").replace("{r}", "run")
    lines = " ".join("".join(one if one.isprintable() else " " for one in base).split())
    shown = [
        base[:20],
        lines[:20],
        base.encode("unicode_escape").decode()[:20],
        repr(base)[1:20],
        value[:15] if len(value) < 40 else "",
    ]
    escaped = [one.encode("utf8", "backslashreplace").decode() for one in shown]
    shown += {"~": ["run"], "": ["name of the data set is empty"]}.get(value, [])
    argument = {"data": "NAME_OR_PATH"}.get(option, option)
    if option == "geometry":
        escaped += ["A.npy", "B.npy", *(f"{one} {verb}" for one in "ab" for verb in ("has", "is", "holds"))]
    words = option.lstrip("-").replace("-", " ")
    return tuple(
        dict.fromkeys(
            one
            for one in (
                *shown,
                *escaped,
                argument,
                words,
                words.replace(" ", "_"),
                words.replace("view ", "view '"),
            )
            if one
        )
    )


def good_lines() -> Iterator[Line]:
    for command in GOOD:
        if command not in ("fetch", "book"):
            yield Line("good commands", _words(GOOD[command]), "accept")
            for option in GOOD[command]:
                if option.startswith("--"):
                    yield Line("options left out", without(command, option))
    yield from (
        Line("good commands", words, "accept") for words in (("data", "list"), ("--version",), ("-h",))
    )
    for command in ("geometry", "diagnose", "probe", "decompose", "tune", "book", "data"):
        yield Line("good commands", (command, "--help"), "accept")


def path_lines() -> Iterator[Line]:
    for (command, option), places in (ARRAYS | TABLES).items():
        for place in places:
            for value in (*NOWHERE, *ENDLESS):
                if value == "/dev/null" and option in ("--valid",):
                    continue
                yield Line(
                    "paths of inputs",
                    changed(command, option, place, value),
                    "refuse",
                    _names(command, option, value),
                    how={"seconds": 6.0} if value in ENDLESS else {},
                )
    for command in ("describe", "prepare", "audit", "tune", "book"):
        option = next(iter(GOOD[command]))
        options = (
            [(option, len(GOOD[command][option]) - (2 if command == "prepare" else 1))]
            if GOOD[command][option]
            else []
        )
        options += [(name, 0) for name in ("--items", "--dataset") if name in GOOD[command]]
        for name, place in options:
            for value in (*NOWHERE, *ENDLESS):
                yield Line(
                    "paths of data",
                    changed(command, name, place, value),
                    "either" if value in (".", "..", "{w}", "~", "/") else "refuse",
                    _names(command, name, value),
                    how={"seconds": 6.0} if value in ENDLESS else {},
                )


#: What a message may say in place of the file: whose vectors they are, or what does not fit.
SIDES = "users", "items", "source", "target", "seed", "semantic", "collaborative", "matrix", "views", "rows"


def array_lines() -> Iterator[Line]:
    for (command, option), places in ARRAYS.items():
        for place in places:
            counts = option in ("--counts", "--first-seen")
            for name in ODD:
                must: Must = "either" if name in FINE_ARRAYS or (counts and name in ("vector",)) else "refuse"
                if (
                    place == 0
                    and option not in ("geometry", "--source", "--target-items", "--ceiling")
                    and name in ("negative",)
                ):
                    must = "refuse" if option == "--counts" else "either"
                value = f"{{w}}/odd_{name}.npy"
                named = (*_names(command, option, value), *SIDES)
                yield Line(
                    "arrays of odd types, shapes and values",
                    changed(command, option, place, value),
                    must,
                    named,
                )
            for name in RAW:
                value = f"{{w}}/raw_{name}.npy"
                yield Line(
                    "damaged arrays",
                    changed(command, option, place, value),
                    "either" if name in ("longer", "named_npy_is_npz") else "refuse",
                    (*_names(command, option, value), *SIDES),
                )


def table_lines() -> Iterator[Line]:
    for (command, option), places in TABLES.items():
        for place in places:
            for name in PAIRS:
                value = f"{{w}}/{name}.inter"
                fine = name in FINE_PAIRS or (option == "--categories" and name == "huge_number")
                yield Line(
                    "damaged pairs",
                    changed(command, option, place, value),
                    "either" if fine else "refuse",
                    _names(command, option, value),
                )
    for command in ("describe", "prepare"):
        for name in DATA:
            for option in ("data", "--items"):
                value = f"{{w}}/{name}"
                place = 1 if option == "data" else 0
                must: Must = (
                    "either"
                    if name in FINE_DATA
                    or (
                        option == "--items"
                        and name in ("nested.jsonl", "bad_rating.csv", "bad_time.csv", "long_id.csv")
                    )
                    else "refuse"
                )
                yield Line(
                    "damaged tables",
                    changed(command, option, place, value),
                    must,
                    (*_names(command, option, value), "ratings.csv"),
                )


def number_lines() -> Iterator[Line]:
    for command, options in NUMBERS.items():
        for option in options:
            for value in NO_NUMBERS:
                yield Line(
                    "numbers",
                    changed(command, option, 0, value),
                    "refuse",
                    (option, f"{option.lstrip('-').replace('-', '_')} "),
                )
            for value in LARGE if command != "book" else ():  # jobs that have real chapters to execute
                named = (option, f"{option.lstrip('-').replace('-', '_')}", option.lstrip("-"))
                slow = {"seconds": 120.0} if option == "--jobs" else {}
                yield Line(
                    "numbers of 10^9 and more", changed(command, option, 0, value), "either", named, how=slow
                )
    for value in ("nan", "inf", "-inf", "1e400", "x", ""):
        yield Line(
            "numbers",
            changed("describe", "--min-rating", 0, value),
            "either" if value == "-inf" else "refuse",
            ("min-rating", "min_rating"),
        )


def word_lines() -> Iterator[Line]:
    for command, options in CHOICES.items():
        for option in options:
            for value in NO_NAMES:
                yield Line(
                    "names", changed(command, option, 0, value), "refuse", _names(command, option, value)
                )
    for value in NO_NAMES:
        yield Line(
            "names",
            changed("fetch", "data", 1, value),
            "refuse",
            (*_names("fetch", "NAME", value), "data set"),
        )
        yield Line(
            "names", changed("describe", "--keep", 0, value), "refuse", _names("describe", "keep", value)
        )
    for value in TEMPLATES:
        yield Line(
            "templates",
            changed("describe", "--template", 0, value),
            "either"
            if value in ("{title}" * 3000, "\x1b[31m{title}", "[" * 5000 + "{title}" + "]" * 5000)
            else "refuse",
            ("template", "text column"),
        )
    for value in COLUMNS:
        yield Line(
            "columns",
            changed("describe", "--columns", 0, value),
            "refuse" if value not in ("item=user_id", "timestamp=item_id") else "either",
            ("columns", "column", value.partition("=")[2][:20] or "columns"),
        )
    for odd in NO_NAMES:
        yield Line("commands", (odd,), "refuse", ())
        yield Line("commands", ("data", odd), "refuse", ())
        yield Line(
            "commands",
            ("geometry", "{w}/a_items.npy", "{w}/b_items.npy", *JSON, f"--{odd}", "1"),
            "refuse",
            (),
        )
    yield Line("commands", changed("diagnose", "--view-b", 1, "--view-b")[:-1], "refuse", ())
    yield Line(
        "commands",
        ("geometry", "{w}/a_items.npy", "{w}/a_items.npy", "--json", "{r}/out.json", "--json"),
        "refuse",
        (),
    )
    same = {**GOOD["diagnose"], "--view-b": GOOD["diagnose"]["--view-a"]}
    yield Line("a view with itself", _words(same), "refuse", ("view", "same"))
    null = {**GOOD["diagnose"], "--null": GOOD["diagnose"]["--view-a"]}
    yield Line("a view with itself", _words(null), "refuse", ("null", "seed", "same"))


def output_lines() -> Iterator[Line]:
    for command, option in TARGETS.items():
        place = 2 if command == "prepare" else 0
        target = changed(command, option, place, "{r}/target")
        folders = command in ("prepare", "fetch", "tune", "book")
        for prepare in NO_TARGETS:
            yield Line("outputs", target, "refuse", ("target", "device"), prepare, ("target",))
        for value in NO_TARGET_WORDS:
            if folders and value == "":
                continue
            yield Line(
                "outputs", changed(command, option, place, value), "refuse", _names(command, option, value)
            )
        if folders:
            yield Line("outputs", target, "refuse", ("target",), "file", ("target",))
        else:
            for value in ("{r}", ".", "{r}/none/out.json"):
                yield Line(
                    "outputs",
                    changed(command, option, place, value),
                    "refuse",
                    _names(command, option, value),
                )
            yield Line("links to outputs", target, "either", ("target",), "link to a file", ("target",))
            yield Line("links to outputs", target, "either", ("target",), "dangling link", ("target",))
            inputs = {
                "geometry": "b_items.npy",
                "probe": "b_items.npy",
                "decompose": "b_items.npy",
                "diagnose": "train.inter",
            }
            yield Line(
                "outputs over inputs",
                changed(command, option, place, "{w}/" + inputs[command]),
                "refuse",
                ("json", inputs[command]),
            )
        yield Line(
            "names of outputs",
            changed(command, option, place, "{r}/ünï✓ [x] *?"),
            "either" if command in ("fetch", "book") else "accept",
        )
        yield Line("full disks", target, "refuse", (), how={"file_size": 400})
        yield Line("full disks", target, "refuse", (), how={"file_size": 0})


def stream_lines() -> Iterator[Line]:
    """Streams that take nothing: the status says that what was to be printed is lost, without a traceback."""
    for command in ("geometry", "diagnose", "probe", "decompose", "describe", "audit", "tune", "prepare"):
        line = Line("streams", _words(GOOD[command]))
        yield replace(line, must="refuse", how={"out": "full"})
        yield replace(line, how={"out": "closed"})
        yield replace(line, how={"out": "none"})
        yield replace(line, how={"encoding": "ascii"})
        yield replace(line, how={"encoding": "cp1252"})
    for words in (("data", "list"), ("--help",), ("data", "describe", "planted"), ("--version",)):
        for out in ("full", "closed", "none"):
            yield Line("streams", words, "refuse" if out == "full" else "either", how={"out": out})
        yield Line("streams", words, how={"encoding": "ascii"})
    yield Line("streams", ("bogus ✓",), "refuse", how={"encoding": "ascii"})
    yield Line("streams", changed("describe", "--template", 0, "✓ {title} 雪"), how={"encoding": "ascii"})


def lines() -> Iterator[Line]:
    """All of them, in one order."""
    for part in (
        good_lines,
        path_lines,
        array_lines,
        table_lines,
        number_lines,
        word_lines,
        output_lines,
        stream_lines,
    ):
        yield from part()
