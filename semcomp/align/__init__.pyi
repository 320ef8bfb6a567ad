# Terms that pull vectors towards text
from semcomp.align.regression import Regression as Regression
from semcomp.align.contrastive import Contrastive as Contrastive

# All by name, and what they are put over
from semcomp.align.registry import METHODS as METHODS
from semcomp.align.backbones import BACKBONES as BACKBONES
