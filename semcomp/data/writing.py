"""A data set as a folder of its own: two tables and a description, whole or absent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from semcomp.checks import checked
from semcomp.data.dataset import Dataset, Source
from semcomp.data.filters import KNOWN_OF_A_PAIR, SENTENCES, Recipe, Step
from semcomp.data.ids import without_blanks
from semcomp.data.item_text import Template
from semcomp.errors import SemcompError
from semcomp.outputs import expanded, unwritable
from semcomp.storage import atomic_folder, file_digest

DESCRIPTION = "dataset.json"
INTERACTIONS, ITEMS, TEXTS, VECTORS = "interactions.parquet", "items.parquet", "texts.parquet", "vectors.npy"
FILES = {INTERACTIONS, ITEMS, TEXTS, VECTORS}
VERSION = 1
BLOCK = 1 << 21  # interactions written at a time


@checked
def write_folder(data: Dataset, folder: str | Path) -> Path:
    """Write `interactions.parquet`, `items.parquet` and `dataset.json`; `read_folder` gives it back.

    Back come the same ids, pairs, texts and vectors (so the same fingerprint), the item table, name,
    template, source, notes and steps. `texts.parquet` is added where the template alone does not make the
    texts again, `vectors.npy` where the data has vectors. All is written next to `folder` and renamed in the
    end, so the folder is whole or absent. Returns the folder.

    Raises SemcompError for a folder that exists and is not empty, and where nothing can be written.
    """
    target = expanded(folder)
    with atomic_folder(target) as part:
        try:
            _write(data, part)
        except pl.exceptions.PolarsError as error:  # what the system said is in its text alone
            raise unwritable(target, error) from error
    return target


def _write(data: Dataset, folder: Path) -> None:
    _write_interactions(data, folder / INTERACTIONS)
    data.items.write_parquet(folder / ITEMS)
    if not _makes_the_texts(data):
        pl.DataFrame({"text": data.texts}, schema={"text": pl.String}).write_parquet(folder / TEXTS)
    if data.vectors is not None:
        np.save(folder / VECTORS, data.vectors)
    description = {
        "version": VERSION,
        "name": data.name,
        "template": data.template,
        "source": asdict(data.source),
        "notes": data.notes,
        "steps": [asdict(step) for step in data.steps],
        "idle_users": np.delete(data.user_ids, np.unique(data.user)).tolist(),
        "sha256": {file.name: file_digest(file) for file in sorted(folder.iterdir())},
    }
    (folder / DESCRIPTION).write_text(json.dumps(description, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _write_interactions(data: Dataset, file: Path) -> None:
    """Block by block: all ids of all pairs as strings would be many times the size of the data set."""
    from pyarrow.parquet import ParquetWriter

    users, items = (pl.Series(ids.tolist(), dtype=pl.String) for ids in (data.user_ids, data.item_ids))
    writer = None
    for start in range(0, data.n_interactions, BLOCK):
        rows = slice(start, start + BLOCK)
        ids = pl.DataFrame(
            {"user_id": users.gather(data.user[rows]), "item_id": items.gather(data.item[rows])}
        )
        block = ids.hstack(data.interactions[rows]).to_arrow()
        writer = writer or ParquetWriter(file, block.schema)
        writer.write_table(block)
    if writer:
        writer.close()


def _makes_the_texts(data: Dataset) -> bool:
    try:
        return tuple(Template.parse(data.template).render(data.items)) == data.texts
    except SemcompError:
        return False


@dataclass(frozen=True)
class Written:
    """The description of a folder that `write_folder` wrote, checked against its files."""

    folder: Path
    name: str
    template: str
    source: Source
    notes: tuple[str, ...]
    steps: tuple[Step, ...]
    idle_users: tuple[str, ...]
    files: frozenset[str]

    @property
    def has_texts(self) -> bool:
        return TEXTS in self.files

    @property
    def recipe(self) -> Recipe:
        """The recipe that changes nothing."""
        columns = pl.scan_parquet(self.folder / INTERACTIONS, glob=False).collect_schema().names()
        keep = tuple(name for name in columns if name not in ("user_id", "item_id", *KNOWN_OF_A_PAIR))
        template = None if self.has_texts else self.template
        return Recipe(duplicates="refuse", empty_text="keep", template=template, keep=keep)

    def restored(self, data: Dataset, *, filtered: bool, retold: bool) -> Dataset:
        """What was read from the folder, with what its tables cannot say.

        Args:
            filtered: by a recipe of the reader's own, whose notes and steps follow those of the folder.
            retold: by a template of the reader's own, which then counts.

        Raises SemcompError where ids of users or items differ in the blanks around them alone.
        """
        stored = pl.read_parquet(self.folder / ITEMS, columns=["item_id"], glob=False)["item_id"].to_numpy()
        items = without_blanks(stored.astype(np.str_))  # which may change their order
        order = np.argsort(items)
        rows = order[np.searchsorted(items, data.item_ids, sorter=order).clip(max=len(items) - 1)]
        if not np.array_equal(items[rows], data.item_ids):
            raise self._other_ids("items")
        changes: dict[str, Any] = {"notes": self.notes, "steps": self.steps}
        if filtered:
            added = tuple(note for note in data.notes if note not in self.notes)
            changes = {"notes": self.notes + added, "steps": self.steps + data.steps}
        else:
            idle = without_blanks(np.array(self.idle_users, dtype=np.str_))
            users = np.union1d(data.user_ids, idle)
            if len(users) < len(data.user_ids) + len(idle):
                raise self._other_ids("users")
            places = np.searchsorted(users, data.user_ids).astype(np.int32)
            changes |= {"user_ids": users, "user": places[data.user]}
        if not retold:
            changes["template"] = self.template
        if not retold and self.has_texts:
            texts = pl.read_parquet(self.folder / TEXTS, glob=False)["text"].to_list()
            changes["texts"] = tuple(texts[row] for row in rows)
        if VECTORS in self.files:
            changes["vectors"] = np.load(self.folder / VECTORS, allow_pickle=False)[rows]
        return replace(data, **changes)

    def _other_ids(self, kind: str) -> SemcompError:
        return SemcompError(
            f"{self.folder}: ids of {kind} are not those that were written, or differ in the blanks around "
            "them alone; give the data ids without such blanks and write the folder again"
        )


def read_description(place: Path) -> Written | None:
    """The description in a folder; None where there is none.

    Raises SemcompError for a description that cannot be read and for files that have changed since.
    """
    file = place / DESCRIPTION
    if not file.is_file():
        return None
    remedy = f"write the folder again, or remove {DESCRIPTION} to read the tables as they are"
    try:
        content = json.loads(file.read_text("utf-8"))
        _check(content)
    except (OSError, ValueError, RecursionError) as error:
        raise SemcompError(f"{file} is not a description of a data set ({error}); {remedy}") from error
    for name, sha in content["sha256"].items():
        if not (place / name).is_file() or file_digest(place / name) != sha:
            raise SemcompError(f"{place / name} is not the file that {DESCRIPTION} describes; {remedy}")
    return Written(
        place,
        content["name"],
        content["template"],
        Source(**content["source"]),
        tuple(content["notes"]),
        tuple(Step(**step) for step in content["steps"]),
        tuple(content["idle_users"]),
        frozenset(content["sha256"]),
    )


def _check(content: Any) -> None:
    """Raise ValueError unless every field of a description is there and of its type."""

    def strings(values: Any, kind: type) -> bool:
        every = [*values, *values.values()] if isinstance(values, dict) else values
        return isinstance(values, kind) and all(isinstance(one, str) for one in every)

    def step(one: Any) -> bool:
        counts = ("users", "items", "interactions")
        return (
            isinstance(one, dict)
            and set(one) == {"name", "rule", *counts}
            and isinstance(one["rule"], str)
            and one["name"] in list(SENTENCES)
            and all(type(one[count]) is int and one[count] >= 0 for count in counts)
        )

    def source(one: Any) -> bool:
        words = ("publisher", "licence", "citation")
        return (
            isinstance(one, dict)
            and set(one) == {*words, "sha256"}
            and all(isinstance(one[word], str) for word in words)
            and strings(one["sha256"], dict)
        )

    if not isinstance(content, dict):
        raise ValueError(f"it is a {type(content).__name__}")
    if content.get("version") != VERSION:
        raise ValueError(f"its version is {content.get('version')!r}, and {VERSION} is read here")
    right: dict[str, Callable[[Any], bool]] = {
        "name": lambda name: isinstance(name, str),
        "template": lambda text: isinstance(text, str),
        "source": source,
        "notes": lambda notes: strings(notes, list),
        "steps": lambda steps: isinstance(steps, list) and all(map(step, steps)),
        "idle_users": lambda ids: strings(ids, list),
        "sha256": lambda files: strings(files, dict) and {INTERACTIONS, ITEMS} <= set(files) <= FILES,
    }
    for field, test in right.items():
        if field not in content or not test(content[field]):
            raise ValueError(f"its field {field!r} is {'wrong' if field in content else 'missing'}")
    if content["template"]:
        Template.parse(content["template"])
