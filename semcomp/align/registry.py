"""Every alignment method by its name in tables. A new one is a class with `changed` and a line here."""

from __future__ import annotations

from semcomp.align.carec import CARec
from semcomp.align.contrastive import Contrastive
from semcomp.align.darec import DaRec
from semcomp.align.delta import ContentDelta
from semcomp.align.dgmrec import GeneralAndSpecific
from semcomp.align.item_graph import ItemGraph
from semcomp.align.kar import KAR
from semcomp.align.late_features import LateFeatures
from semcomp.align.method import Method
from semcomp.align.regression import Regression
from semcomp.align.regression_by_count import RegressionByCount
from semcomp.align.rlmrec_con import RLMRecCon
from semcomp.align.rlmrec_gen import RLMRecGen
from semcomp.align.start import SemanticStart

#: In the order of tables: terms first, then what changes layer 0, then what changes the encoder.
METHODS: dict[str, Method] = {
    "regression": Regression(),
    "regression by count": RegressionByCount(),
    "contrastive": Contrastive(),
    "RLMRec-Con": RLMRecCon(),
    "RLMRec-Gen": RLMRecGen(),
    "DaRec": DaRec(),
    "KAR": KAR(weight=1.0),
    "CARec": CARec(),
    "semantic start": SemanticStart(weight=1.0),
    "content and delta": ContentDelta(),
    "item graph": ItemGraph(),
    "late features": LateFeatures(),
    "general and specific": GeneralAndSpecific(),
}
