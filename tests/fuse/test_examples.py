"""Every public class of the room has an example, and the examples run on the README's world."""

from __future__ import annotations

import doctest
import inspect

import numpy as np
import pytest

import semcomp as sc
from semcomp.fuse import FUSIONS
from semcomp.fuse.registry import OF_VECTORS

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
CLASSES = {
    name: getattr(sc.fuse, name) for name in sc.fuse.__all__ if inspect.isclass(getattr(sc.fuse, name))
}
METHODS = {
    f"{name}.{key}": member
    for name, one in {"Mixture": sc.fuse.Mixture}.items()
    for key, member in vars(one).items()
    if inspect.isfunction(member) and not key.startswith("_")
}


@pytest.mark.parametrize("name", [*CLASSES, *METHODS])
def test_the_example_of(name, readme):
    one = {**CLASSES, **METHODS}[name]
    names = readme.names | {"np": np}
    examples = doctest.DocTestParser().get_doctest(inspect.getdoc(one) or "", names, name, None, None)
    assert examples.examples, f"{name} has no example (>>>) in its docstring"
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(examples, out=said.append)
    assert not said, "".join(said)


def test_every_fusion_is_of_a_public_class_and_in_the_list_of_names():
    of_views = set(CLASSES) - {"Mixture", "ClosedFormFusion"}  # the latter fits its members itself
    assert {type(model).__name__ for model in FUSIONS.values()} - {"RRF"} == of_views
    assert set(OF_VECTORS) <= set(FUSIONS)
