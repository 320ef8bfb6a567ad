# Terms that pull vectors towards text
from semcomp.align.regression import Regression as Regression
from semcomp.align.regression_by_count import RegressionByCount as RegressionByCount
from semcomp.align.contrastive import Contrastive as Contrastive

from semcomp.align.rlmrec_con import RLMRecCon as RLMRecCon
from semcomp.align.rlmrec_gen import RLMRecGen as RLMRecGen
from semcomp.align.darec import DaRec as DaRec

# What layer 0 is made of, or starts from
from semcomp.align.kar import KAR as KAR
from semcomp.align.carec import CARec as CARec
from semcomp.align.start import SemanticStart as SemanticStart
from semcomp.align.delta import ContentDelta as ContentDelta

# Text beside alignment: a graph of it, features joined late, parts kept apart
from semcomp.align.item_graph import ItemGraph as ItemGraph
from semcomp.align.late_features import LateFeatures as LateFeatures
from semcomp.align.dgmrec import GeneralAndSpecific as GeneralAndSpecific

# From some data sets to another
from semcomp.align.transfer import zero_shot as zero_shot

# All by name, and what they are put over
from semcomp.align.registry import METHODS as METHODS
from semcomp.align.backbones import BACKBONES as BACKBONES
