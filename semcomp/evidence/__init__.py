"""What is measured on views and rankings: metrics, diagnostics, probes, and the statistics behind them."""

from semcomp.evidence.complementarity.attribution import attribute
from semcomp.evidence.complementarity.conditional import conditional_information
from semcomp.evidence.complementarity.diagnostics import against_nulls, diagnose, read_diagnosis
from semcomp.evidence.complementarity.overlap import chance_jaccard, chance_rbo, jaccard, jaccard_at, rbo
from semcomp.evidence.complementarity.pair import Pair
from semcomp.evidence.complementarity.reference_lists import popularity_list, random_list, shuffled_items
from semcomp.evidence.complementarity.report import Protocol, Report, report_arrays, shell_record
from semcomp.evidence.complementarity.several import MultiViewDiagnosis, diagnose_several, find_together
from semcomp.evidence.decomposition.ajive import ajive
from semcomp.evidence.decomposition.inter_battery import inter_battery
from semcomp.evidence.decomposition.neural import fit_neural_parts
from semcomp.evidence.decomposition.neural_training import NeuralParts
from semcomp.evidence.decomposition.parts import Parts
from semcomp.evidence.decomposition.readings import read_decomposition
from semcomp.evidence.decomposition.report import decompose
from semcomp.evidence.geometry.cca import CCA, fit_cca
from semcomp.evidence.geometry.cka import linear_cka, unbiased_cka
from semcomp.evidence.geometry.measures import MEASURES, Measure
from semcomp.evidence.geometry.neighbours import nearest, neighbour_jaccard, row_cosines
from semcomp.evidence.geometry.shared_dimension import SharedDimension, shared_dimension
from semcomp.evidence.hypothesis.alignment import alignment_hypothesis
from semcomp.evidence.hypothesis.result import Hypothesis
from semcomp.evidence.mapping.curves import capacity_curve, learning_curve
from semcomp.evidence.mapping.item_cuts import SHIFTS, ItemCut
from semcomp.evidence.mapping.maps import KINDS
from semcomp.evidence.mapping.networks import MLP, fit_mlp
from semcomp.evidence.mapping.probe import PUBLISHED, probe, published_probe
from semcomp.evidence.mapping.regression import Ridge, fit_ridge
from semcomp.evidence.mapping.sweep import probe_all
from semcomp.evidence.mapping.targets import TARGETS
from semcomp.evidence.quality.beyond import beyond_accuracy
from semcomp.evidence.quality.compared import Comparison, Difference
from semcomp.evidence.quality.comparison import compare
from semcomp.evidence.quality.metrics import evaluate
from semcomp.evidence.statistics.bootstrap import bootstrap_means, contrast, estimate, interval
from semcomp.evidence.statistics.discordance import Discordance, discordance, mcnemar
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.evidence.statistics.jackknife import jackknife
from semcomp.evidence.statistics.permutation import Permuted, exchange, sign_flip
from semcomp.evidence.statistics.power import minimal_detectable_effect, users_for_effect
from semcomp.evidence.statistics.pvalues import benjamini_hochberg, holm, p_of_effect
from semcomp.evidence.statistics.verdicts import (
    Statement,
    Verdict,
    judge,
    judge_family,
    users_needed,
    verdict,
)

__all__ = [
    "CCA",
    "KINDS",
    "MEASURES",
    "MLP",
    "PUBLISHED",
    "SHIFTS",
    "TARGETS",
    "Comparison",
    "Difference",
    "Discordance",
    "Hypothesis",
    "ItemCut",
    "Measure",
    "MultiViewDiagnosis",
    "NeuralParts",
    "Pair",
    "Parts",
    "Permuted",
    "Protocol",
    "Report",
    "Ridge",
    "SharedDimension",
    "Statement",
    "Verdict",
    "against_nulls",
    "ajive",
    "alignment_hypothesis",
    "attribute",
    "benjamini_hochberg",
    "beyond_accuracy",
    "bootstrap_means",
    "capacity_curve",
    "chance_jaccard",
    "chance_rbo",
    "compare",
    "conditional_information",
    "contrast",
    "decompose",
    "diagnose",
    "diagnose_several",
    "discordance",
    "estimate",
    "estimate_over_seeds",
    "evaluate",
    "exchange",
    "find_together",
    "fit_cca",
    "fit_mlp",
    "fit_neural_parts",
    "fit_ridge",
    "holm",
    "inter_battery",
    "interval",
    "jaccard",
    "jaccard_at",
    "jackknife",
    "judge",
    "judge_family",
    "learning_curve",
    "linear_cka",
    "mcnemar",
    "minimal_detectable_effect",
    "nearest",
    "neighbour_jaccard",
    "p_of_effect",
    "popularity_list",
    "probe",
    "probe_all",
    "published_probe",
    "random_list",
    "rbo",
    "read_decomposition",
    "read_diagnosis",
    "report_arrays",
    "row_cosines",
    "shared_dimension",
    "shell_record",
    "shuffled_items",
    "sign_flip",
    "unbiased_cka",
    "users_for_effect",
    "users_needed",
    "verdict",
]
