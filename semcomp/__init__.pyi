# Data: loaded, split, audited
from semcomp.api import load_dataset as load_dataset
from semcomp.api import data_sets as data_sets
from semcomp.api import usual_recipe as usual_recipe
from semcomp.api import parse_columns as parse_columns
from semcomp.data.filters import Recipe as Recipe
from semcomp.data.dataset import Dataset as Dataset
from semcomp.data.splits import split as split
from semcomp.data.splits import import_split as import_split
from semcomp.data.splits import Split as Split
from semcomp.data.audits import audit as audit

# Item texts as vectors
from semcomp.text import embed as embed
from semcomp.text import text_statistics as text_statistics
from semcomp.core.text_matrix import TextMatrix as TextMatrix

# Views, what they are fitted to, and what they rank
from semcomp.core.inputs import Inputs as Inputs
from semcomp import views as views
from semcomp import align as align
from semcomp import sequential as sequential
from semcomp import tokens as tokens
from semcomp import generative as generative
from semcomp import fuse as fuse
from semcomp.core.view import View as View
from semcomp.core.rank import rank as rank
from semcomp.core.topk import TopK as TopK

# What a shop serves of them
from semcomp import serve as serve

# How good a ranking is
from semcomp.evidence import evaluate as evaluate
from semcomp.evidence import compare as compare
from semcomp.evidence import beyond_accuracy as beyond_accuracy

# What two or more views find together
from semcomp.evidence import diagnose as diagnose
from semcomp.evidence import diagnose_several as diagnose_several
from semcomp.evidence import attribute as attribute
from semcomp.evidence import conditional_information as conditional_information
from semcomp.study import separating_statistics as separating_statistics

# How their vectors are related
from semcomp.evidence.geometry.report import geometry as geometry
from semcomp.evidence import GeometrySettings as GeometrySettings
from semcomp.evidence import probe as probe
from semcomp.evidence import ProbeSettings as ProbeSettings
from semcomp.evidence import decompose as decompose
from semcomp.evidence import DecompositionSettings as DecompositionSettings
from semcomp.evidence import alignment_hypothesis as alignment_hypothesis

# What a measurement says
from semcomp.core.evidence import Evidence as Evidence
from semcomp.core.evidence import Value as Value
from semcomp.evidence import verdict as verdict

# Worlds whose truth is known
from semcomp import planted as planted

# A data set under a budget, as the book's chapters use it
from semcomp.study import Study as Study
from semcomp.study import BUDGETS as BUDGETS
from semcomp.study import check_parameters as check_parameters

# What a shop is to do with its texts
from semcomp.advice import advise as advise
from semcomp.advice import Advice as Advice

from semcomp.errors import SemcompError as SemcompError

__version__: str
