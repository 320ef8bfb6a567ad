"""TIGER, small and quick, promises what `conformance.py` tests of every view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from coded_items import by_id
from conformance import Case, Conformance
from ordered_worlds import cycle, ordered, with_text

from semcomp import generative
from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.generative import CodeTraining

QUICK = CodeTraining(epochs=6, batch=64, lr=0.02, warmup=10, every=2, patience=4)
SIZES = (6, 7, 8)
NONE = by_id(cycle(4, 9, 4), SIZES)


@checked
@dataclass(frozen=True, eq=False)
class TIGER(generative.TIGER):
    """Codes are of the items of whatever split it is fitted to."""

    def fit(self, inputs: Any, seed: int = 0, *, checkpoint: Any = None) -> Any:
        codes = by_id(Inputs.of(inputs).split, SIZES)
        return super(TIGER, replace(self, codes=codes)).fit(inputs, seed, checkpoint=checkpoint)


#: Codes are learnt too slowly for a few steps; `test_scorer.py` gives it time.
CASE = Case(
    "TIGER",
    lambda: TIGER(NONE, dim=16, layers=1, heads=2, length=6, dropout=0.1, training=QUICK),
    learns=False,
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "case" in metafunc.fixturenames:
        applies = getattr(metafunc.function, "applies", lambda case: True)
        cases = [CASE] if applies(CASE) else []
        metafunc.parametrize("case", cases, ids=lambda case: case.name, scope="module")


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
    """Test by test."""
