"""Views of the interactions alone."""

from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.collaborative.matrix_factorization import BPRMF
from semcomp.views.collaborative.popularity import Popularity

__all__ = ["BPRMF", "LightGCN", "Popularity"]
