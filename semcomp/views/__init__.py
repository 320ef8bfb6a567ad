"""Models. Each ends in a View (vectors for users and items, scored by inner product) or in a Scorer."""

from semcomp.views.collaborative import (
    BPRMF,
    DCCF,
    IALS,
    LRGCCF,
    NCL,
    SGL,
    AutoCF,
    ItemKNN,
    LightGCN,
    Popularity,
    SimGCL,
    XSimGCL,
)
from semcomp.views.joint import AlignedLightGCN, CombSum, FusionControl, NormConcatNorm, rrf
from semcomp.views.semantic import AlphaRec, MLPProjection, RawText, SemanticProjection
from semcomp.views.training import BPR, DirectAU, FullSoftmax, SampledSoftmax, Training

__all__ = [
    "BPR",
    "BPRMF",
    "DCCF",
    "IALS",
    "LRGCCF",
    "NCL",
    "SGL",
    "AlignedLightGCN",
    "AlphaRec",
    "AutoCF",
    "CombSum",
    "DirectAU",
    "FullSoftmax",
    "FusionControl",
    "ItemKNN",
    "LightGCN",
    "MLPProjection",
    "NormConcatNorm",
    "Popularity",
    "RawText",
    "SampledSoftmax",
    "SemanticProjection",
    "SimGCL",
    "Training",
    "XSimGCL",
    "rrf",
]
