"""What is measured on views and rankings: metrics, diagnostics, probes, and the statistics behind them."""

from semcomp.evidence.complementarity.diagnostics import diagnose
from semcomp.evidence.complementarity.overlap import chance_jaccard, jaccard
from semcomp.evidence.complementarity.report import diagnose_arrays, frozen_fusion, shell_record
from semcomp.evidence.mapping.neighbours import nearest, neighbour_jaccard, row_cosines
from semcomp.evidence.mapping.probe import KINDS, SHIFTS, probe
from semcomp.evidence.mapping.regression import MLP, Ridge, fit_mlp, fit_ridge
from semcomp.evidence.quality.metrics import evaluate
from semcomp.evidence.statistics.bootstrap import bootstrap_means, estimate, interval
from semcomp.evidence.statistics.contrast import contrast
from semcomp.evidence.statistics.discordance import Discordance, discordance, mcnemar
from semcomp.evidence.statistics.families import benjamini_hochberg, holm
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.evidence.statistics.permutation import Permuted, exchange, sign_flip
from semcomp.evidence.statistics.power import minimal_detectable_effect, users_for_effect
from semcomp.evidence.statistics.verdicts import Judgement, judge, users_needed, verdict

__all__ = [
    "KINDS",
    "MLP",
    "SHIFTS",
    "Discordance",
    "Judgement",
    "Permuted",
    "Ridge",
    "benjamini_hochberg",
    "bootstrap_means",
    "chance_jaccard",
    "contrast",
    "diagnose",
    "diagnose_arrays",
    "discordance",
    "estimate",
    "estimate_over_seeds",
    "evaluate",
    "exchange",
    "fit_mlp",
    "fit_ridge",
    "frozen_fusion",
    "holm",
    "interval",
    "jaccard",
    "judge",
    "mcnemar",
    "minimal_detectable_effect",
    "nearest",
    "neighbour_jaccard",
    "probe",
    "row_cosines",
    "shell_record",
    "sign_flip",
    "users_for_effect",
    "users_needed",
    "verdict",
]
