"""Every public function, class and method has an example, and the examples run.

They use the names of the README's example, and `study`, `folder` (an empty one), `np` and `Path`.
"""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from readme_example import SMALL, Ran

import semcomp as sc

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def public() -> Iterator[tuple[str, Any]]:
    """Every function and class of `sc.__all__`, and the public methods of the classes."""
    for name in sc.__all__:
        one = getattr(sc, name)
        if inspect.isfunction(one):
            yield name, one
        elif inspect.isclass(one) and not issubclass(one, Exception):
            yield name, one
            for key, member in vars(one).items():
                method = getattr(member, "__func__", member)  # of a static or class method
                if inspect.isfunction(method) and not key.startswith("_"):
                    yield f"{name}.{key}", method


PUBLIC = dict(public())


@pytest.fixture(scope="module")
def names(readme: Ran, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What examples may use, with the README's small world as "planted" and a cache of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SEMCOMP_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("SEMCOMP_DATA", raising=False)
        patch.setitem(sc.planted.WORLDS, "planted", SMALL)
        yield readme.names | {"np": np, "Path": Path, "study": sc.Study("planted", "smoke")}


@pytest.mark.parametrize("name", PUBLIC)
def test_the_example_of(name, names, tmp_path):
    examples = doctest.DocTestParser().get_doctest(
        inspect.getdoc(PUBLIC[name]) or "", names | {"folder": tmp_path}, name, None, None
    )
    assert examples.examples, f"{name} has no example (>>>) in its docstring"
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(examples, out=said.append, clear_globs=False)
    assert not said, "".join(said)
