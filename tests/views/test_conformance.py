"""The views that promise what `conformance.py` tests; a new one joins by a line in `CASES`."""

from __future__ import annotations

from dataclasses import replace

import pytest
from conformance import QUICK, Case, Conformance

from semcomp.views.collaborative.autocf import AutoCF
from semcomp.views.collaborative.dccf import DCCF
from semcomp.views.collaborative.ease import EASE
from semcomp.views.collaborative.ials import IALS
from semcomp.views.collaborative.item_knn import ItemKNN
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.collaborative.lr_gccf import LRGCCF
from semcomp.views.collaborative.matrix_factorization import BPRMF
from semcomp.views.collaborative.ncl import NCL
from semcomp.views.collaborative.popularity import Popularity
from semcomp.views.collaborative.sgl import SGL
from semcomp.views.collaborative.simgcl import SimGCL, XSimGCL
from semcomp.views.collaborative.spectral import GFCF, Spectral
from semcomp.views.joint.aligned import AlignedLightGCN
from semcomp.views.joint.fusion import FusionControl, NormConcatNorm
from semcomp.views.semantic.alpharec import AlphaRec
from semcomp.views.semantic.mlp import MLPProjection
from semcomp.views.semantic.projection import SemanticProjection
from semcomp.views.semantic.raw_text import RawText
from semcomp.views.semantic.semantic_knn import SemanticKNN
from semcomp.views.semantic.whitening import ACE, Whitened
from semcomp.views.training import BPR, SampledSoftmax

HARD = replace(QUICK, loss=SampledSoftmax(negatives=64, hard_pool=2), weight_decay=1e-4)
PAIRS = replace(QUICK, loss=BPR(), penalty=1e-4, epochs=20, every=4, lr=0.05)
GRAPH = {"trained": True, "unit": True, "width": 8}
TEXT = {**GRAPH, "text": True}

CASES = [
    Case("popularity", Popularity, width=1, learns=False),
    Case("item-kNN", lambda: ItemKNN(neighbours=20)),
    Case("EASE", lambda: EASE(regularization=20.0)),
    Case("spectral", lambda: Spectral(dim=8), width=8),
    Case("GF-CF", lambda: GFCF(dim=8)),
    Case("iALS", lambda: IALS(dim=8), seeded=True, width=8),
    Case("BPR-MF", lambda: BPRMF(8, training=PAIRS), trained=True, width=8),
    Case("LightGCN", lambda: LightGCN(8, training=QUICK), **GRAPH),
    Case("LR-GCCF", lambda: LRGCCF(8, training=QUICK), **{**GRAPH, "width": 24}),
    Case("SGL", lambda: SGL(8, training=QUICK), **GRAPH),
    Case("SimGCL", lambda: SimGCL(8, training=QUICK), **GRAPH),
    Case("XSimGCL", lambda: XSimGCL(8, training=QUICK), **GRAPH),
    Case("NCL", lambda: NCL(8, clusters=10, warm_up=2, training=QUICK), **GRAPH),
    Case("DCCF", lambda: DCCF(8, intents=8, training=QUICK), **GRAPH),
    Case("AutoCF", lambda: AutoCF(8, training=QUICK), **GRAPH),
    Case("raw text", RawText, text=True, unit=True, learns=False),
    Case("whitened text", lambda: Whitened(dim=8), text=True, unit=True, width=8, learns=False),
    Case("ACE", ACE, text=True, unit=True, learns=False),
    Case("semantic kNN", lambda: SemanticKNN(neighbours=10), text=True, learns=False),
    Case("projection", lambda: SemanticProjection(8, training=QUICK), **TEXT),
    Case(
        "projection, positive left out", lambda: SemanticProjection(8, leave_out=True, training=QUICK), **TEXT
    ),
    Case("MLP projection", lambda: MLPProjection(8, 16, training=QUICK), **TEXT),
    Case("AlphaRec", lambda: AlphaRec(8, 16, training=QUICK), **TEXT),
    Case(
        "AlphaRec, linear",
        lambda: AlphaRec(8, linear=True, training=QUICK),
        text=True,
        trained=True,
        unit=True,
        width=8,
    ),
    Case("aligned", lambda: AlignedLightGCN(8, training=QUICK), **TEXT),
    Case("fusion", lambda: NormConcatNorm(8, training=HARD), **TEXT),
    Case("fusion's control", lambda: FusionControl(8, training=HARD), **GRAPH),
]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test for the cases that it applies to, case by case, so that a view is made once."""
    applies = getattr(metafunc.function, "applies", lambda case: True)
    cases = [case for case in CASES if applies(case)]
    metafunc.parametrize("case", cases, ids=lambda case: case.name, scope="module")


class TestConformance(Conformance):
    """Every view, test by test."""
