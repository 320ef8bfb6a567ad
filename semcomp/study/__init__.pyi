# A data set under a budget
from semcomp.study.study import Study as Study
from semcomp.study.budgets import BUDGETS as BUDGETS
from semcomp.study.budgets import Budget as Budget
from semcomp.study.parameters import check_parameters as check_parameters

# A complementary view, or one more seed?
from semcomp.study.separation import separating_statistics as separating_statistics
