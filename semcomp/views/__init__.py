"""Models. Each ends in a View: vectors for users and items, scored by inner product."""

from semcomp.views.aligned import AlignedLightGCN
from semcomp.views.fusion import FusionControl, NormConcatNorm
from semcomp.views.late import CombSum, rrf
from semcomp.views.lightgcn import LightGCN
from semcomp.views.popularity import Popularity
from semcomp.views.semantic import RawText, SemanticProjection
from semcomp.views.training import Training

__all__ = [
    "AlignedLightGCN",
    "CombSum",
    "FusionControl",
    "LightGCN",
    "NormConcatNorm",
    "Popularity",
    "RawText",
    "SemanticProjection",
    "Training",
    "rrf",
]
