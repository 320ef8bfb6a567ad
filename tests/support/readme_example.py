"""The README's example, run once as it is printed: what it defines and what it prints."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import semcomp as sc

SMALL = sc.planted.World(users=300, items=200, dim=3)
README = Path(__file__).parents[2] / "README.md"


class Ran(NamedTuple):
    names: dict[str, Any]
    printed: str


def code() -> str:
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text("utf8"), re.DOTALL)
    return block


@pytest.fixture(scope="session")
def readme(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """On a small world, with a cache of its own."""
    names: dict[str, Any] = {}
    printed = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("readme")))
        patch.delenv("SEMCOMP_DATA", raising=False)
        patch.setitem(sc.planted.WORLDS, "planted", SMALL)
        with contextlib.redirect_stdout(printed):
            exec(compile(code(), str(README), "exec"), names)
    return Ran(names, printed.getvalue())
