"""Every sequential model, small and quick, promises what `conformance.py` tests of every view."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from conformance import Case, Conformance
from ordered_worlds import cycle, ordered, with_text

from semcomp.sequential import SEQUENTIAL, SequenceTraining, TextStart

QUICK = SequenceTraining(epochs=6, batch=64, lr=0.03, every=2, patience=4)
SMALL = {"dim": 8, "length": 10, "hidden": 16, "layers": 1, "dropout": 0.1, "training": QUICK}


def quick(name: str) -> Any:
    """The model of that name with the options of `SMALL` that it has."""
    model = SEQUENTIAL[name]
    names = {one.name for one in fields(model)}
    return replace(model, **{option: value for option, value in SMALL.items() if option in names})


def case_of(name: str) -> Case:
    """What fills in masks learns too slowly for a few steps; `test_planted.py` gives it time."""
    return Case(name, lambda: quick(name), learns=name != "BERT4Rec")


def started() -> Case:
    """A model that starts from the text, which has six columns."""
    return Case("GRU4Rec", lambda: replace(quick("GRU4Rec"), dim=4, start=TextStart("pca")), text=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test for the models that it applies to, model by model, so that a scorer is made once."""
    applies = getattr(metafunc.function, "applies", lambda case: True)
    if "case" in metafunc.fixturenames:
        cases = [*map(case_of, SEQUENTIAL), started()]
        chosen = [case for case in cases if applies(case)]
        names = [f"{case.name}, from text" if case.text else case.name for case in chosen]
        metafunc.parametrize("case", chosen, ids=names, scope="module")


@pytest.fixture(scope="module")
def world():
    return with_text(cycle(200, 240, 10))


@pytest.fixture(scope="module")
def cold_world():
    return with_text(cycle(100, 120, 10, "cold-items"))


@pytest.fixture
def make_split(make_split):
    return ordered(make_split)


class TestConformance(Conformance):
    """Every model, test by test."""
