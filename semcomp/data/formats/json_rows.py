"""One JSON object per line: what the lines hold, and what to do about a line that holds none."""

from __future__ import annotations

import ast
import json
from math import isinf
from pathlib import Path
from shlex import quote
from typing import Any

from semcomp.data.formats.text import lines, packed
from semcomp.errors import SemcompError

MOST_KEYS = 10_000
HALF = "\\ud"  # how the escape of half a pair begins, in lower case


def _bounded(number: str) -> float:
    value = float(number)
    if isinf(value) or (abs(value) >= 2.0**127 and number.lstrip("-").isdigit()):
        raise ValueError(f"the number {number[:20]}… is too large")
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in row if keys.count(key) > 1)!r} is there twice")
    return row


# json.loads would make a decoder for each line
PLAIN = json.JSONDecoder(parse_constant=_refuse, object_pairs_hook=_each_once)
STRICT = json.JSONDecoder(
    parse_constant=_refuse, object_pairs_hook=_each_once, parse_int=_bounded, parse_float=_bounded
)


def parsed(path: Path, number: int, text: str, *, strict: bool = False) -> dict[str, Any]:
    """The object on a line; SemcompError where there is none.

    Args:
        strict: also refuse numbers that are too large to be read, which takes longer.
    """
    where = f"{path}, line {number}"
    try:
        row = (STRICT if strict else PLAIN).decode(text)
    except (ValueError, RecursionError) as error:
        if number == 1 and text.lstrip().startswith("["):
            raise _array(path, text) from error
        if isinstance(error, json.JSONDecodeError) and _is_literal(text):
            every = _converting(path, "sys.stdin if o.strip()", "ast.literal_eval(o.strip())")
            raise SemcompError(f"{where}: a Python dict, not JSON; write it as JSON: {every}") from error
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        reason = "nested too deeply" if isinstance(error, RecursionError) else reason
        remedy = "write one object per line" if text.strip() == "{" else "correct the line"
        raise SemcompError(f"{where}: no complete JSON object ({reason}); {remedy}") from error
    if isinstance(row, dict):
        return row
    if number == 1 and isinstance(row, list):
        raise _array(path, text)
    raise SemcompError(f"{where}: a JSON {type(row).__name__} where an object was expected; correct the line")


def _array(path: Path, text: str) -> SemcompError:
    first = text.lstrip()[1:].lstrip()[:1]  # of the first element, where it is on this line
    remedy = f": {_converting(path, 'json.load(sys.stdin)', 'o')}"
    if first not in ("", "{"):
        remedy = ", in pandas by DataFrame.to_json(file, orient='records', lines=True)"
    return SemcompError(f"{path}, line 1: a JSON array; write one object per line{remedy}")


def _converting(path: Path, each: str, written: str) -> str:
    """The command that writes the file anew, next to it, with an object per line."""
    new = path.name.split(".")[0] + ".jsonl"
    new = new if new != path.name else f"new-{new}"
    code = f"import ast, json, sys; [print(json.dumps({written})) for o in {each}]"
    return f'{"gzip -dc" if packed(path) else "cat"} {quote(path.name)} | python -c "{code}" > {quote(new)}'


def _is_literal(text: str) -> bool:
    """Whether a line is a Python dict."""
    try:
        return isinstance(ast.literal_eval(text.strip()), dict)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False


def has_half(text: str, row: dict[str, Any]) -> bool:
    """Whether a string or key of the row, which is written as `text`, holds half a surrogate pair."""
    if HALF not in text.lower():
        return False
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def surveyed(path: Path) -> tuple[dict[str, set[str]], int, bool]:
    """The sorts of value that each key has, how many objects there are, and whether one has half a pair."""
    sorts: dict[str, set[str]] = {}
    rows, halves = 0, False
    for number, text in lines(path, label=f"looking for the keys of {path.name}"):
        if not text.strip():
            continue
        rows += 1
        row = parsed(path, number, text)
        if has_half(text, row):
            halves = True
            if has_half(text, dict.fromkeys(row)):
                raise SemcompError(f"{path}, line {number}: a key holds half a surrogate pair; rename it")
        for key, value in row.items():
            sorts.setdefault(key, set()).add(_sort(value))
        if len(sorts) > MOST_KEYS:
            raise SemcompError(
                f"{path}, line {number}: the lines up to here have more than {MOST_KEYS:,} keys; "
                "write objects that share their keys, the ids as values"
            )
    return sorts, rows, halves


def _sort(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, list):
        return "nested" if any(isinstance(part, (list, dict)) for part in value) else "list"
    return "nested" if isinstance(value, dict) else "plain"
