"""semcomp: semantic and collaborative views of the same items. Align them, or fuse them?

import semcomp as sc

data = sc.load_dataset("ml-100k")
split = sc.split(data, seed=2020)
text = sc.embed(data)
cf = sc.views.LightGCN(dim=64).fit(split, seed=0)
sem = sc.views.SemanticProjection(dim=64).fit(sc.Inputs(split, text), seed=0)
null = sc.views.LightGCN(dim=64).fit(split, seed=1)
a, b, c = (sc.rank(view, split, k=40) for view in (cf, sem, null))
print(sc.diagnose(a, b, split, k=20, null=c))
"""

from semcomp import planted, views
from semcomp.api import (
    alignment_hypothesis,
    attribute,
    audit,
    beyond_accuracy,
    compare,
    conditional_information,
    data_sets,
    decompose,
    diagnose,
    diagnose_several,
    embed,
    evaluate,
    geometry,
    import_split,
    load_dataset,
    parse_columns,
    probe,
    rank,
    split,
    text_statistics,
    usual_recipe,
    verdict,
)
from semcomp.core.evidence import Evidence, Value
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.core.view import View
from semcomp.data import Dataset, Recipe, Split
from semcomp.errors import SemcompError
from semcomp.study import BUDGETS, Study, check_parameters

__version__ = "0.1.0"

__all__ = [
    "BUDGETS",
    "Dataset",
    "Evidence",
    "Inputs",
    "Recipe",
    "SemcompError",
    "Split",
    "Study",
    "TextMatrix",
    "TopK",
    "Value",
    "View",
    "alignment_hypothesis",
    "attribute",
    "audit",
    "beyond_accuracy",
    "check_parameters",
    "compare",
    "conditional_information",
    "data_sets",
    "decompose",
    "diagnose",
    "diagnose_several",
    "embed",
    "evaluate",
    "geometry",
    "import_split",
    "load_dataset",
    "parse_columns",
    "planted",
    "probe",
    "rank",
    "split",
    "text_statistics",
    "usual_recipe",
    "verdict",
    "views",
]
