"""What long experiments share: work that is kept piece by piece, so that an interrupted run is resumed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from inspect import isroutine
from pathlib import Path
from typing import Any

from tqdm import tqdm

from semcomp.errors import SemcompError
from semcomp.storage import atomic_write
from semcomp.study.code import code_digest, modules_of
from semcomp.study.workers import in_batches, in_processes

Row = dict[str, Any]  # of a simulated world: "world", its key, and what was found in it
Key = tuple[Any, ...]


def simulated(
    row_of: Callable[[Any], Row],
    worlds: Sequence[Key],
    out: Path,
    text_of: Callable[[list[Row]], str],
    *,
    jobs: int,
    every: int,
) -> list[Row]:
    """A row for each world, those in `out` not again; it is written after every so many, and at the end.

    The file also says which code made the rows; one that does not is resumed, and goes on not to.

    Args:
        text_of: what the file holds, a JSON object with "rows" among its keys.

    Raises:
        SemcompError: the rows in `out` were made by other code.
    """
    earlier: Row = json.loads(out.read_text("utf8")) if out.exists() else code_of(row_of)
    now = code_of(row_of)
    rows: list[Row] = earlier.get("rows", [])
    if earlier.get("code", now["code"]) != now["code"]:
        raise SemcompError(f"the rows in {out} were made by other code; move it away to make them again")
    stamp = ",\n ".join(f'"{key}": {json.dumps(now[key])}' for key in now if key in earlier)

    def text(rows: list[Row]) -> str:
        return text_of(rows).replace("{", f"{{\n {stamp},", 1) if stamp else text_of(rows)

    done = {tuple(row["world"]) for row in rows}
    waiting = [world for world in worlds if world not in done]
    made = in_batches(row_of, waiting, jobs, every)
    for at, (_, row) in enumerate(tqdm(made, total=len(waiting), unit="world"), 1):
        if isinstance(row, Exception):
            raise row
        rows.append(row)
        if at % every == 0:
            written(out, text(rows))
    written(out, text(rows))
    return rows


def code_of(*things: Any) -> Row:
    """The modules of configurations and of functions, and the digest of what they do now.

    Of a function of the script that runs it is the script's, under the name that it is imported by.
    """
    main = sys.modules["__main__"]
    script = main.__spec__.name if main.__spec__ else "__main__"
    modules = {
        script if module == "__main__" else module
        for one in things
        for module in ([one.__module__] if isroutine(one) else modules_of(one))
    }
    return {"modules": sorted(modules), "code": code_digest(*sorted(modules))}


def in_order(rows: Sequence[Row], worlds: Sequence[Key]) -> list[Row]:
    """The rows in the order of the worlds, unknown ones last."""
    place = {world: at for at, world in enumerate(worlds)}
    return sorted(rows, key=lambda row: place.get(tuple(row["world"]), len(place)))


def line_by_line(head: Row, tables: dict[str, Sequence[Any]]) -> str:
    """A JSON object of the head's entries and of lists; an entry, and an element of a list, has a line."""
    entries = [f' "{key}": {json.dumps(value)}' for key, value in head.items()]
    for key, rows in tables.items():
        lines = ",\n".join(json.dumps(row) for row in rows)
        entries.append(f' "{key}": [\n{lines}\n]')
    return "{\n" + ",\n".join(entries) + "\n}"


def indented(record: Row) -> str:
    """A JSON object; numbers that JSON does not have are refused."""
    return json.dumps(record, indent=1, allow_nan=False)


def written(path: Path, text: str) -> None:
    """The file, whole or as it was."""
    with atomic_write(path) as part:
        part.write_text(f"{text}\n", encoding="utf8")


class Attempts:
    """Tasks in processes of their own. What fails is told, remembered, and costs the others nothing."""

    def __init__(self) -> None:
        self.wrong: list[str] = []

    def __call__(
        self,
        work: Callable[[Any], Any],
        tasks: Sequence[tuple[Any, ...]],
        jobs: int,
        name: Callable[[tuple[Any, ...]], str] = lambda task: f"{task[0]}, {task[-1]}",
    ) -> Iterator[tuple[tuple[Any, ...], Any]]:
        """Each task with its result, as they finish; `name` is what a task is called where it fails."""
        for task, result in in_processes(work, tasks, jobs):
            if isinstance(result, Exception):
                self.wrong.append(f"{name(task)}: {result}")
                say(self.wrong[-1])
            else:
                yield task, result

    def end(self) -> None:
        """Exit with what failed, if anything did."""
        if self.wrong:
            sys.exit("failed:\n" + "\n".join(self.wrong))


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
