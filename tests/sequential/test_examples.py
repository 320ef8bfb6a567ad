"""The examples in the docstrings of the room run."""

from __future__ import annotations

import doctest
import inspect

import pytest
from ordered_worlds import cycle

import semcomp as sc

CLASSES = [
    name for name in dir(sc.sequential) if ">>>" in (inspect.getdoc(getattr(sc.sequential, name)) or "")
]


@pytest.mark.parametrize("name", CLASSES)
def test_the_example_of(name):
    said: list[str] = []
    given = {"sc": sc, "ordered": cycle(20, 15, 5)}
    examples = doctest.DocTestParser().get_doctest(
        inspect.getdoc(getattr(sc.sequential, name)) or "", given, name, None, None
    )
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=said.append)
    assert not said, "".join(said)
    assert "SASRec" in CLASSES
