"""The examples in the docstrings of the room run."""

from __future__ import annotations

import doctest
import inspect

import numpy as np
import pytest
from coded_items import counted
from ordered_worlds import cycle

import semcomp as sc

CLASSES = [
    name for name in dir(sc.generative) if ">>>" in (inspect.getdoc(getattr(sc.generative, name)) or "")
]


@pytest.mark.parametrize("name", CLASSES)
def test_the_example_of(name):
    said: list[str] = []
    split = cycle(20, 15, 5)
    given = {"sc": sc, "np": np, "ordered": split, "codes": counted(split.item_ids, (4, 4))}
    examples = doctest.DocTestParser().get_doctest(
        inspect.getdoc(getattr(sc.generative, name)) or "", given, name, None, None
    )
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(examples, out=said.append)
    assert not said, "".join(said)
    assert "TIGER" in CLASSES
