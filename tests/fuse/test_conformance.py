"""Every fusion of the registry promises what `conformance.py` tests of views, with two views of its own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from conformance import Case, Conformance

from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.fuse import FUSIONS
from semcomp.fuse.registry import OF_VECTORS
from semcomp.views import EASE, IALS, Whitened

VIEWS = (
    Case("whitened text", lambda: Whitened(dim=8), text=True, places=True),
    Case("iALS", lambda: IALS(dim=8, regularization=0.1), seeded=True),
)
QUICK = {"selective sharing": {"permutations": 19}}


def case_of(name: str) -> Case:
    model = replace(FUSIONS[name], **QUICK.get(name, {}))
    return Case(name, lambda: model, views=VIEWS, places=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    applies = getattr(metafunc.function, "applies", lambda case: True)
    if "case" in metafunc.fixturenames:
        chosen = [case for case in map(case_of, FUSIONS) if applies(case)]
        metafunc.parametrize("case", chosen, ids=lambda case: case.name, scope="module")


class TestConformance(Conformance):
    """Every fusion, test by test."""


@pytest.mark.parametrize("name", FUSIONS)
def test_one_view_and_views_of_other_data_are_refused(name, world):
    split = world[0]
    good = View("good", np.ones((200, 2)), np.ones((240, 2)))
    if name != "RRF":  # which takes one list too
        with pytest.raises(SemcompError, match=r"needs 2 .*given 1; fit it to Inputs\(split, views="):
            FUSIONS[name].fit(Inputs(split, views=[good]))
    other = View("other", np.ones((200, 2)), np.ones((239, 2)))
    with pytest.raises(SemcompError, match="'other' has 200 user rows and 239 item rows"):
        FUSIONS[name].fit(Inputs(split, views=[good, other]))


@pytest.mark.parametrize("name", FUSIONS)
def test_scorers_without_vectors_are_fused_or_refused_with_a_remedy_that_works(name, world):
    split, text = world
    views = [EASE(regularization=20.0).fit(split), *(case.fit(split, text) for case in VIEWS[:1])]
    if name in OF_VECTORS:
        with pytest.raises(SemcompError, match=r"EASE scores without vectors.*WeightedSum\(\)"):
            FUSIONS[name].fit(Inputs(split, views=views))
    else:
        ids = rank(FUSIONS[name].fit(Inputs(split, views=views)), split, 240, mask="none").ids
        assert (np.sort(ids, axis=1) == np.arange(240)).all()
