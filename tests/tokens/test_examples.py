"""Every public name of the room that needs no download has an example, and the examples run."""

from __future__ import annotations

import doctest
import inspect

import numpy as np
import pytest

import semcomp as sc

FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
NAMES = {name: getattr(sc.tokens, name) for name in sc.tokens.__all__ if name != "token_table"}
METHODS = {
    f"{name}.{key}": member
    for name, one in NAMES.items()
    if name in ("Codes", "Tokenizer", "ResidualKMeans", "RQVAE")
    for key, member in vars(one).items()
    if inspect.isfunction(member) and not key.startswith("_")
}


@pytest.mark.parametrize("name", [*NAMES, *METHODS])
def test_the_example_of(name, readme):
    one = {**NAMES, **METHODS}[name]
    names = readme.names | {"np": np}
    examples = doctest.DocTestParser().get_doctest(inspect.getdoc(one) or "", names, name, None, None)
    assert examples.examples, f"{name} has no example (>>>) in its docstring"
    said: list[str] = []
    doctest.DocTestRunner(optionflags=FLAGS).run(examples, out=said.append)
    assert not said, "".join(said)
