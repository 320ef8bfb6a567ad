# From a data set to what to do with its texts
from semcomp.advice.advising import advise as advise
from semcomp.advice.result import Advice as Advice
from semcomp.advice.result import Recipe as Recipe
from semcomp.advice.asked import Asked as Asked
from semcomp.advice.asked import Group as Group
