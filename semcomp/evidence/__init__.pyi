# How good a ranking is
from semcomp.evidence.quality.beyond import beyond_accuracy as beyond_accuracy
from semcomp.evidence.quality.compared import Comparison as Comparison
from semcomp.evidence.quality.compared import Difference as Difference
from semcomp.evidence.quality.comparison import compare as compare
from semcomp.evidence.quality.metrics import evaluate as evaluate

# Whether two rankings complement each other
from semcomp.evidence.complementarity.attribution import attribute as attribute
from semcomp.evidence.complementarity.conditional import conditional_information as conditional_information
from semcomp.evidence.complementarity.diagnostics import against_nulls as against_nulls
from semcomp.evidence.complementarity.diagnostics import diagnose as diagnose
from semcomp.evidence.complementarity.diagnostics import read_diagnosis as read_diagnosis
from semcomp.evidence.complementarity.over_seeds import diagnose_over_seeds as diagnose_over_seeds
from semcomp.evidence.complementarity.pair import Pair as Pair
from semcomp.evidence.complementarity.reference_lists import popularity_list as popularity_list
from semcomp.evidence.complementarity.reference_lists import random_list as random_list
from semcomp.evidence.complementarity.reference_lists import shuffled_items as shuffled_items
from semcomp.evidence.complementarity.report import Protocol as Protocol
from semcomp.evidence.complementarity.report import Report as Report
from semcomp.evidence.complementarity.report import report_arrays as report_arrays
from semcomp.evidence.complementarity.several import MultiViewDiagnosis as MultiViewDiagnosis
from semcomp.evidence.complementarity.several import diagnose_several as diagnose_several

# How alike two representations are
from semcomp.evidence.geometry.cca import CCA as CCA
from semcomp.evidence.geometry.cca import fit_cca as fit_cca
from semcomp.evidence.geometry.cka import linear_cka as linear_cka
from semcomp.evidence.geometry.cka import unbiased_cka as unbiased_cka
from semcomp.evidence.geometry.neighbours import nearest as nearest
from semcomp.evidence.geometry.neighbours import neighbour_jaccard as neighbour_jaccard
from semcomp.evidence.geometry.neighbours import row_cosines as row_cosines
from semcomp.evidence.geometry.report import GeometrySettings as GeometrySettings
from semcomp.evidence.geometry.shared_dimension import SharedDimension as SharedDimension
from semcomp.evidence.geometry.shared_dimension import shared_dimension as shared_dimension

# Whether one is mapped onto the other
from semcomp.evidence.mapping.curves import capacity_curve as capacity_curve
from semcomp.evidence.mapping.curves import learning_curve as learning_curve
from semcomp.evidence.mapping.holdouts import SHIFTS as SHIFTS
from semcomp.evidence.mapping.holdouts import ItemHoldout as ItemHoldout
from semcomp.evidence.mapping.maps import KINDS as KINDS
from semcomp.evidence.mapping.probe import PUBLISHED as PUBLISHED
from semcomp.evidence.mapping.probe import probe as probe
from semcomp.evidence.mapping.probe import published_probe as published_probe
from semcomp.evidence.mapping.regression import Ridge as Ridge
from semcomp.evidence.mapping.regression import fit_ridge as fit_ridge
from semcomp.evidence.mapping.probe import probe_all as probe_all
from semcomp.evidence.mapping.task import ProbeSettings as ProbeSettings
from semcomp.evidence.mapping.task import TARGETS as TARGETS

# What they share, and what is private
from semcomp.evidence.decomposition.ajive import ajive as ajive
from semcomp.evidence.decomposition.inter_battery import inter_battery as inter_battery
from semcomp.evidence.decomposition.parts import Parts as Parts
from semcomp.evidence.decomposition.readings import read_decomposition as read_decomposition
from semcomp.evidence.decomposition.report import decompose as decompose
from semcomp.evidence.decomposition.report import decompose_over_seeds as decompose_over_seeds
from semcomp.evidence.decomposition.settings import DecompositionSettings as DecompositionSettings
from semcomp.evidence.decomposition.signal import signal_rank as signal_rank

# Whether they can be aligned
from semcomp.evidence.hypothesis.alignment import alignment_hypothesis as alignment_hypothesis
from semcomp.evidence.hypothesis.alignment import (
    alignment_hypothesis_over_seeds as alignment_hypothesis_over_seeds,
)
from semcomp.evidence.hypothesis.result import Hypothesis as Hypothesis

# Intervals, tests and verdicts
from semcomp.evidence.statistics.bootstrap import bootstrap_means as bootstrap_means
from semcomp.evidence.statistics.bootstrap import contrast as contrast
from semcomp.evidence.statistics.bootstrap import estimate as estimate
from semcomp.evidence.statistics.discordance import Discordance as Discordance
from semcomp.evidence.statistics.discordance import discordance as discordance
from semcomp.evidence.statistics.discordance import mcnemar as mcnemar
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds as estimate_over_seeds
from semcomp.evidence.statistics.jackknife import jackknife as jackknife
from semcomp.evidence.statistics.least import LEASTS as LEASTS
from semcomp.evidence.statistics.least import Least as Least
from semcomp.evidence.statistics.needed import trainings_needed as trainings_needed
from semcomp.evidence.statistics.needed import users_needed as users_needed
from semcomp.evidence.statistics.over_trainings import over_trainings as over_trainings
from semcomp.evidence.statistics.permutation import Permuted as Permuted
from semcomp.evidence.statistics.permutation import exchange as exchange
from semcomp.evidence.statistics.permutation import sign_flip as sign_flip
from semcomp.evidence.statistics.power import minimal_detectable_effect as minimal_detectable_effect
from semcomp.evidence.statistics.power import users_for_effect as users_for_effect
from semcomp.evidence.statistics.pvalues import benjamini_hochberg as benjamini_hochberg
from semcomp.evidence.statistics.pvalues import holm as holm
from semcomp.evidence.statistics.seed_pairs import pseudo_columns as pseudo_columns
from semcomp.evidence.statistics.verdicts import Statement as Statement
from semcomp.evidence.statistics.verdicts import Verdict as Verdict
from semcomp.evidence.statistics.verdicts import judge as judge
from semcomp.evidence.statistics.verdicts import judge_family as judge_family
from semcomp.evidence.statistics.verdicts import verdict as verdict
