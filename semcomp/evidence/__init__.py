"""What is measured on views and rankings: metrics, diagnostics, probes, and the statistics behind them."""

from semcomp.evidence.bootstrap import bootstrap_means, estimate, interval, users_needed, verdict
from semcomp.evidence.contrast import contrast
from semcomp.evidence.diagnostics import diagnose
from semcomp.evidence.metrics import evaluate
from semcomp.evidence.neighbours import nearest, neighbour_jaccard, row_cosines
from semcomp.evidence.overlap import chance_jaccard, jaccard
from semcomp.evidence.probe import KINDS, SHIFTS, probe
from semcomp.evidence.regression import MLP, Ridge, fit_mlp, fit_ridge
from semcomp.evidence.report import diagnose_arrays, frozen_fusion, shell_record

__all__ = [
    "KINDS",
    "MLP",
    "SHIFTS",
    "Ridge",
    "bootstrap_means",
    "chance_jaccard",
    "contrast",
    "diagnose",
    "diagnose_arrays",
    "estimate",
    "evaluate",
    "fit_mlp",
    "fit_ridge",
    "frozen_fusion",
    "interval",
    "jaccard",
    "nearest",
    "neighbour_jaccard",
    "probe",
    "row_cosines",
    "shell_record",
    "users_needed",
    "verdict",
]
