"""Views made of both: aligned, fused while training, fused afterwards."""

from semcomp.views.joint.aligned import AlignedLightGCN
from semcomp.views.joint.ensemble import ensemble
from semcomp.views.joint.fusion import FusionControl, NormConcatNorm, TwinLightGCN
from semcomp.views.joint.late import CombSum
from semcomp.views.joint.low_rank_ease import LowRankEASE
from semcomp.views.joint.rank_fusion import RRF, rrf
from semcomp.views.joint.text_autoencoders import CEASE, L3AE, AddEASE
from semcomp.views.joint.text_ials import TextIALS

__all__ = [
    "CEASE",
    "L3AE",
    "RRF",
    "AddEASE",
    "AlignedLightGCN",
    "CombSum",
    "FusionControl",
    "LowRankEASE",
    "NormConcatNorm",
    "TextIALS",
    "TwinLightGCN",
    "ensemble",
    "rrf",
]
