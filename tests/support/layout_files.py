"""Files in the layouts of publishers, and the rows that are read from them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pytest

from semcomp.data.formats import open_tables
from semcomp.data.tables import Table
from semcomp.errors import SemcompError

USER_A, USER_B = "A2SUAM1J3GNN3B", "AGKHLEW2SOWHNMFQIJGBECAF7INQ"


@pytest.fixture
def cache_apart(tmp_path_factory, monkeypatch):
    """An empty cache that does not lie in the folder that is read."""
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))


def collect(table: Table | None) -> pl.DataFrame:
    assert table is not None
    with table.reading():
        return pl.concat(table.frame.collect_batches(engine="streaming"))


def rows(table: Table | None) -> list[dict]:
    return collect(table).to_dicts()


def put(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """A text file, packed where the name ends in .gz."""
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = text.encode(encoding)
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    return path


def objects(*values: dict) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def refuses(message: str, place: Path, **options) -> None:
    with pytest.raises(SemcompError, match=message) as error:
        collect(open_tables(place, **options).interactions)
    assert "\n" not in str(error.value)


INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t10\t4.0\t88\n2\t007\t3\t99\n"


def review_2014(user: str, item: str, stamp: int = 1390176000) -> dict:
    return {
        "reviewerID": user,
        "asin": item,
        "reviewerName": "N",
        "helpful": [3, 3],
        "reviewText": "Works, really",
        "overall": 5.0,
        "summary": "Great",
        "unixReviewTime": stamp,
        "reviewTime": "01 20, 2014",
    }


USERS = [f"A{i:02}TATAQ9V7YF" for i in range(20)]
ITEMS = [f"B{i:09}" for i in range(10)] + [f"{i:09}X" for i in range(10)]


def ratings(order: str, stamp: int = 1369699200, users: list[str] = USERS) -> str:
    pairs = list(zip(users, ITEMS, strict=True))
    lines = [f"{u},{i}" if order == "user first" else f"{i},{u}" for u, i in pairs]
    return "".join(f"{line},5.0,{stamp}\n" for line in lines)
