"""What a user's mistakes are made with, and how each is told: in one line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import semcomp as sc


@dataclass(frozen=True)
class Bench:
    """What a mistake is made with: a folder, a split of 3 users and 6 items, a text, a view, a ranking."""

    tmp: Path
    split: sc.Split
    monkeypatch: pytest.MonkeyPatch

    @property
    def text(self) -> sc.TextMatrix:
        return sc.TextMatrix(self.split.item_ids, np.eye(6, 4, dtype=np.float32) + 1)

    def view(self, name: str = "mine", users: int = 3, items: int = 6, width: int = 2) -> sc.View:
        rng = np.random.default_rng(0)
        return sc.View(name, rng.standard_normal((users, width)), rng.standard_normal((items, width)))

    def ranking(self, k: int = 3, **options: str) -> sc.TopK:
        return sc.rank(self.view(), self.split, k, **options)

    def tables(self, interactions: dict | None = None, items: dict | None = None) -> Path:
        """Write the two tables as csv; what is not given is right."""
        good = {"user_id": ["u", "v"], "item_id": ["a", "b"], "rating": [5.0, 3.0]}
        pl.DataFrame(interactions or good).write_csv(self.tmp / "interactions.csv")
        pl.DataFrame(items or {"item_id": ["a", "b"], "title": ["A", "B"]}).write_csv(self.tmp / "items.csv")
        return self.tmp

    def environment(self, **variables: str) -> None:
        for name, value in variables.items():
            self.monkeypatch.setenv(name, value)

    def refuse_to_write(self) -> None:
        """A folder without the right to write: taking the right away would not stop root."""

        def refused(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        self.monkeypatch.setattr("semcomp.storage.tempfile.TemporaryFile", refused)

    def world(self, **dials: object) -> None:
        sc.planted.World(**dials)  # type: ignore[arg-type]


Call = Callable[[Bench], object]


@pytest.fixture
def bench(tmp_path: Path, cache: Path, make_split, monkeypatch: pytest.MonkeyPatch) -> Bench:
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)
    monkeypatch.chdir(tmp_path)
    train = [(user, user) for user in range(3)]
    return Bench(tmp_path, make_split((3, 6), train, [(0, 3)], [(0, 5), (1, 4)]), monkeypatch)


def told_to_python(act: Call, message: str, bench: Bench) -> None:
    """A mistake made from Python gives this error, in one line; `{tmp}` stands for the folder of the test."""
    with pytest.raises(sc.SemcompError) as error:
        act(bench)
    found = str(error.value)
    assert "\n" not in found
    assert found == message.replace("{tmp}", str(bench.tmp))
