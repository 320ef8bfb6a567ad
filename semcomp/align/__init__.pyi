# Terms that pull vectors towards text
from semcomp.align.regression import Regression as Regression
from semcomp.align.contrastive import Contrastive as Contrastive

from semcomp.align.rlmrec_con import RLMRecCon as RLMRecCon
from semcomp.align.rlmrec_gen import RLMRecGen as RLMRecGen
from semcomp.align.darec import DaRec as DaRec

# What layer 0 is made of, or starts from
from semcomp.align.kar import KAR as KAR
from semcomp.align.start import SemanticStart as SemanticStart

# All by name, and what they are put over
from semcomp.align.registry import METHODS as METHODS
from semcomp.align.backbones import BACKBONES as BACKBONES
