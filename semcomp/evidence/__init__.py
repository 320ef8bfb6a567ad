"""What is measured on views and rankings: metrics, diagnostics, probes, and the statistics behind them."""

from semcomp.evidence.bootstrap import bootstrap_means, estimate, interval
from semcomp.evidence.contrast import contrast
from semcomp.evidence.diagnostics import diagnose
from semcomp.evidence.discordance import Discordance, discordance, mcnemar
from semcomp.evidence.families import benjamini_hochberg, holm
from semcomp.evidence.hierarchical import estimate_over_seeds
from semcomp.evidence.metrics import evaluate
from semcomp.evidence.neighbours import nearest, neighbour_jaccard, row_cosines
from semcomp.evidence.overlap import chance_jaccard, jaccard
from semcomp.evidence.permutation import Permuted, exchange, sign_flip
from semcomp.evidence.power import minimal_detectable_effect, users_for_effect
from semcomp.evidence.probe import KINDS, SHIFTS, probe
from semcomp.evidence.regression import MLP, Ridge, fit_mlp, fit_ridge
from semcomp.evidence.report import diagnose_arrays, frozen_fusion, shell_record
from semcomp.evidence.verdicts import Judgement, judge, users_needed, verdict

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
