"""Every alignment method, small and quick over LightGCN, promises what `conformance.py` tests of views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from conformance import QUICK, Case, Conformance

from semcomp.align import METHODS
from semcomp.views import LightGCN

#: What a method needs to be small.
OPTIONS: dict[str, dict[str, Any]] = {"contrastive": {"negatives": 64}, "RLMRec-Con": {"negatives": 64}}
#: What is known of a method beyond what all promise.
KNOWN: dict[str, dict[str, Any]] = {
    "semantic start": {"width": 4},  # the narrowest text of these tests
    "CARec": {"width": 4},
    "content and delta": {"width": 4, "places": True},
    "item graph": {"places": True},
    "late features": {"places": True},
}


def case_of(name: str) -> Case:
    known = {"text": True, "unit": True, "width": 8} | KNOWN.get(name, {})
    backbone = LightGCN(known["width"], training=QUICK)
    model = replace(METHODS[name], backbone=backbone, **OPTIONS.get(name, {}))
    return Case(name, lambda: model, **known)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    applies = getattr(metafunc.function, "applies", lambda case: True)
    if "case" in metafunc.fixturenames:
        chosen = [case for case in map(case_of, METHODS) if applies(case)]
        metafunc.parametrize("case", chosen, ids=lambda case: case.name, scope="module")


class TestConformance(Conformance):
    """Every method, test by test."""
