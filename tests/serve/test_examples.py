"""Every public function, class and method of the room has an example that runs on the README's world."""

from __future__ import annotations

import doctest
import inspect

import numpy as np
import pytest

import semcomp as sc

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NAMES = {name: getattr(sc.serve, name) for name in sc.serve.__all__}
NAMES |= {
    f"{name}.{key}": getattr(one, key)
    for name, one in NAMES.items()
    if inspect.isclass(one)
    for key, member in vars(one).items()
    if inspect.isfunction(getattr(member, "__func__", member)) and not key.startswith("_")
}


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of(name, readme, tmp_path):
    names = readme.names | {"np": np, "folder": tmp_path}
    examples = doctest.DocTestParser().get_doctest(inspect.getdoc(NAMES[name]) or "", names, name, None, None)
    assert examples.examples, f"{name} has no example (>>>) in its docstring"
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(examples, out=said.append)
    assert not said, "".join(said)
