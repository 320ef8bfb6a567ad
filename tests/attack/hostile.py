"""Values that are wrong or odd for a parameter, by its annotation, and which of them have to be refused."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import semcomp as sc
from tests.attack.bench import Bench


@dataclass(frozen=True)
class Hostile:
    """A value by name; `of(bench)` makes it."""

    name: str
    of: Callable[[Bench], Any]


def _constant(name: str, value: Any) -> Hostile:
    return Hostile(name, lambda bench: value)


ANY = [
    _constant("None", None),
    Hostile("object()", lambda bench: object()),
    _constant("'x'", "x"),
    _constant("-1", -1),
    _constant("1.5", 1.5),
    _constant("nan", float("nan")),
    _constant("10**9", 10**9),
    _constant("10**30", 10**30),
    _constant("[]", []),
    _constant("{}", {}),
    _constant("True", True),
    _constant("b'x'", b"x"),
]
WORDS = [
    _constant("''", ""),
    _constant("'n' * 5000", "n" * 5000),
    _constant("'\\0'", "a\0b"),
    _constant("'\\ud800'", "\ud800"),
    _constant("line end", "a\nb"),
    _constant("'~nobody/x'", "~nobody_at_all/x"),
    Hostile("folder", lambda bench: bench.folder),
    Hostile("missing", lambda bench: bench.folder / "gone" / "x"),
]
NUMBERS = [
    _constant("inf", float("inf")),
    _constant("0", 0),
    _constant("'3'", "3"),
    _constant("1+1j", 1 + 1j),
    Hostile("array", lambda bench: np.arange(3)),
]
ARRAYS = [
    Hostile("NaN array", lambda bench: np.where(bench.x > 1, np.nan, bench.x)),
    Hostile("inf array", lambda bench: np.where(bench.x > 1, np.inf, bench.x)),
    Hostile("complex array", lambda bench: bench.x + 1j),
    Hostile("dates", lambda bench: np.full((120, 4), "2020-01-01", "datetime64[D]")),
    Hostile("words", lambda bench: np.full((120, 4), "word")),
    Hostile("objects", lambda bench: np.full((120, 4), None)),
    Hostile("3-D", lambda bench: np.zeros((120, 4, 2))),
    Hostile("1-D", lambda bench: np.zeros(120)),
    Hostile("scalar", lambda bench: np.float64(1.0)),
    Hostile("no rows", lambda bench: np.zeros((0, 4))),
    Hostile("no columns", lambda bench: np.zeros((120, 0))),
    Hostile("fewer rows", lambda bench: bench.x[:7]),
    Hostile("structured", lambda bench: np.zeros(120, [("x", "f4")])),
    Hostile("ragged", lambda bench: [[1, 2], [3]]),
]
NOUNS = [
    Hostile("a data set", lambda bench: bench.data),
    Hostile("a split", lambda bench: bench.split),
    Hostile("a view", lambda bench: bench.cf),
    Hostile("a ranking", lambda bench: bench.a),
    Hostile("an evidence", lambda bench: bench.evidence),
    Hostile("a text", lambda bench: bench.text),
    Hostile("a class", lambda bench: sc.View),
    Hostile("a view of other rows", lambda bench: sc.View("small", np.ones((3, 2)), np.ones((4, 2)))),
    Hostile("a scorer of a wrong shape", lambda bench: Table(bench, lambda n: np.zeros((n, 3)))),
    Hostile(
        "a scorer with NaN", lambda bench: Table(bench, lambda n: np.full((n, bench.split.n_items), np.nan))
    ),
    Hostile(
        "a scorer of words", lambda bench: Table(bench, lambda n: np.full((n, bench.split.n_items), "word"))
    ),
    Hostile("a list of itself", lambda bench: [bench.a, bench.a]),
]


class Table:
    """A scorer that gives what it is told to."""

    name = "table"

    def __init__(self, bench: Bench, scores: Callable[[int], Any]) -> None:
        self.shape, self.given = (bench.split.n_users, bench.split.n_items), scores

    def scores(self, users: Any) -> Any:
        return self.given(len(users))


NOUN = re.compile(
    r"\b(Dataset|Split|View|TopK|Evidence|TextMatrix|Scorer|Inputs|Value|Pair|World|Parameters|Recipe|Tables|GeometrySettings|ProbeSettings|DecompositionSettings|Strategy|Encoder|Model|DataFrame)\b"
)
ARRAY = re.compile(r"NDArray|ArrayLike|Floats|Source|Rows|csr_array|Family|Sequence|Mapping|Ids|tuple")


def hostile(annotation: str) -> list[Hostile]:
    """What a parameter of that annotation is attacked with."""
    found = list(ANY)
    if re.search(r"\b(str|Path)\b", annotation) or "Literal" in annotation:
        found += WORDS
    if re.search(r"\b(int|float)\b", annotation):
        found += NUMBERS
    if ARRAY.search(annotation):
        found += ARRAYS
    if NOUN.search(annotation) or "Source" in annotation:
        found += NOUNS
    return found


def must_refuse(annotation: str, value: str) -> bool:
    """Whether no meaning of the parameter can hold the value."""
    plain = annotation.replace("'", "")
    if re.search(r"\b(Any|object|Callable|Rule|bool)\b", plain) or plain in ("", "Word", "Say"):
        return False
    optional = "None" in plain
    if value == "object()":
        return plain != "str"
    if value == "None":
        return not optional and not plain.startswith("str")
    base = plain.replace(" | None", "")
    if base == "int":
        return value in ("'x'", "-1", "1.5", "nan", "[]", "{}", "b'x'", "inf", "'3'", "1+1j", "array")
    if base == "float":
        return value in ("'x'", "nan", "[]", "{}", "b'x'", "'3'", "1+1j", "array")
    if base in (
        "Dataset",
        "Split",
        "View",
        "TopK",
        "Evidence",
        "TextMatrix",
        "Scorer",
        "Source",
        "Inputs | Split",
    ):
        nouns = {
            "a data set": "Dataset",
            "a split": "Split",
            "a view": "View",
            "a ranking": "TopK",
            "an evidence": "Evidence",
            "a text": "TextMatrix",
        }
        takes = {
            base,
            *(
                {"View", "TextMatrix", "Scorer"}
                if base == "Source"
                else {"View"}
                if base == "Scorer"
                else {"Split"}
                if "Split" in base
                else ()
            ),
        }
        if value in nouns:
            return nouns[value] not in takes
        return (
            value in ("'x'", "-1", "1.5", "nan", "10**9", "b'x'", "a class", "a view of other rows")
            or value.startswith("a scorer ")
            or value == "{}"
        )
    if base in ("ArrayLike", "Floats", "NDArray[np.float32]", "NDArray[np.float64]") or base == "Source":
        return value in (
            "'x'",
            "b'x'",
            "complex array",
            "dates",
            "words",
            "objects",
            "NaN array",
            "structured",
            "ragged",
            "nan",
        )
    return False
