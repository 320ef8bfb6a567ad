"""Every fusion by the name of its result in tables. A new one is a class with `fit` and a line here."""

from __future__ import annotations

from semcomp.core.inputs import Model
from semcomp.fuse.experts import ProductOfExperts
from semcomp.fuse.gate import Gate
from semcomp.fuse.interleaving import Interleaving
from semcomp.fuse.lists import Borda, CombMNZ
from semcomp.fuse.sharing import SelectiveSharing
from semcomp.fuse.stacking import Stacking
from semcomp.fuse.sums import EnsRec, WeightedSum
from semcomp.views.joint.rank_fusion import RRF

#: In the order of tables: nothing is chosen, weights are chosen, a model is fitted.
FUSIONS: dict[str, Model] = {
    "equal sum": WeightedSum(equal=True),
    "EnsRec": EnsRec(),
    "CombMNZ": CombMNZ(),
    "Borda": Borda(),
    "RRF": RRF(),
    "team draft": Interleaving("team"),
    "alternating lists": Interleaving("alternate"),
    "weighted sum": WeightedSum(),
    "min-max sum": WeightedSum(scale="min-max"),
    "weighted RRF": WeightedSum(scale="reciprocal rank"),
    "sum of cosines": WeightedSum(scale="cosine"),
    "EnsRec (exponential)": EnsRec(exponential=True),
    "product of experts": ProductOfExperts(),
    "gate": Gate(),
    "stacking": Stacking(),
    "selective sharing": SelectiveSharing(),
}

#: Those that read vectors, and refuse scorers that have none; the last one takes two views.
OF_VECTORS = ("EnsRec", "sum of cosines", "EnsRec (exponential)", "selective sharing")
