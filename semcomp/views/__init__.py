"""Models. Each ends in a View (vectors for users and items, scored by inner product) or in a Scorer."""

from semcomp.views.collaborative import BPRMF, LightGCN, Popularity
from semcomp.views.joint import AlignedLightGCN, CombSum, FusionControl, NormConcatNorm, rrf
from semcomp.views.semantic import RawText, SemanticProjection
from semcomp.views.training import BPR, SampledSoftmax, Training

__all__ = [
    "BPR",
    "BPRMF",
    "AlignedLightGCN",
    "CombSum",
    "FusionControl",
    "LightGCN",
    "NormConcatNorm",
    "Popularity",
    "RawText",
    "SampledSoftmax",
    "SemanticProjection",
    "Training",
    "rrf",
]
