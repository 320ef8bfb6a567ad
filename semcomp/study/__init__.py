"""A run: configuration -> artifacts, computed once -> evidence records, and the book made of them."""

from semcomp.study.budgets import BUDGETS, Budget
from semcomp.study.parameters import check_parameters
from semcomp.study.separation import separating_statistics
from semcomp.study.study import Study

__all__ = ["BUDGETS", "Budget", "Study", "check_parameters", "separating_statistics"]
