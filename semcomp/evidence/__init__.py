"""What is measured on views and rankings: metrics, diagnostics, probes, and the statistics behind them."""

from semcomp.evidence.complementarity.attribute import attribute
from semcomp.evidence.complementarity.conditional import conditional_information
from semcomp.evidence.complementarity.diagnostics import diagnose
from semcomp.evidence.complementarity.overlap import chance_jaccard, chance_rbo, jaccard, jaccard_at, rbo
from semcomp.evidence.complementarity.pair import Pair
from semcomp.evidence.complementarity.readings import Reading, against_nulls, read_diagnosis
from semcomp.evidence.complementarity.reference_lists import popularity_list, random_list, shuffled_items
from semcomp.evidence.complementarity.report import (
    Protocol,
    Report,
    diagnose_arrays,
    frozen_fusion,
    report_arrays,
    shell_record,
)
from semcomp.evidence.complementarity.several import Several, diagnose_several, find_together
from semcomp.evidence.geometry.neighbours import nearest, neighbour_jaccard, row_cosines
from semcomp.evidence.mapping.probe import KINDS, SHIFTS, probe
from semcomp.evidence.mapping.regression import MLP, Ridge, fit_mlp, fit_ridge
from semcomp.evidence.quality.beyond import beyond_accuracy
from semcomp.evidence.quality.compared import Comparison, Difference
from semcomp.evidence.quality.comparison import compare
from semcomp.evidence.quality.metrics import evaluate
from semcomp.evidence.statistics.bootstrap import bootstrap_means, estimate, interval
from semcomp.evidence.statistics.contrast import contrast
from semcomp.evidence.statistics.discordance import Discordance, discordance, mcnemar
from semcomp.evidence.statistics.families import benjamini_hochberg, holm
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.evidence.statistics.permutation import Permuted, exchange, sign_flip
from semcomp.evidence.statistics.power import minimal_detectable_effect, users_for_effect
from semcomp.evidence.statistics.pvalues import p_of_effect
from semcomp.evidence.statistics.verdicts import Judgement, judge, judge_family, users_needed, verdict

__all__ = [
    "KINDS",
    "MLP",
    "SHIFTS",
    "Comparison",
    "Difference",
    "Discordance",
    "Judgement",
    "Pair",
    "Permuted",
    "Protocol",
    "Reading",
    "Report",
    "Ridge",
    "Several",
    "against_nulls",
    "attribute",
    "benjamini_hochberg",
    "beyond_accuracy",
    "bootstrap_means",
    "chance_jaccard",
    "chance_rbo",
    "compare",
    "conditional_information",
    "contrast",
    "diagnose",
    "diagnose_arrays",
    "diagnose_several",
    "discordance",
    "estimate",
    "estimate_over_seeds",
    "evaluate",
    "exchange",
    "find_together",
    "fit_mlp",
    "fit_ridge",
    "frozen_fusion",
    "holm",
    "interval",
    "jaccard",
    "jaccard_at",
    "judge",
    "judge_family",
    "mcnemar",
    "minimal_detectable_effect",
    "nearest",
    "neighbour_jaccard",
    "p_of_effect",
    "popularity_list",
    "probe",
    "random_list",
    "rbo",
    "read_diagnosis",
    "report_arrays",
    "row_cosines",
    "shell_record",
    "shuffled_items",
    "sign_flip",
    "users_for_effect",
    "users_needed",
    "verdict",
]
