# What all methods are
from semcomp.align.method import Method as Method

# Terms that pull vectors towards text
from semcomp.align.regression import Regression as Regression
from semcomp.align.contrastive import Contrastive as Contrastive

# Text beside alignment: a graph of it, features joined late, parts kept apart
from semcomp.align.item_graph import ItemGraph as ItemGraph
from semcomp.align.late_features import LateFeatures as LateFeatures
from semcomp.align.dgmrec import GeneralAndSpecific as GeneralAndSpecific

# From some data sets to another
from semcomp.align.transfer import zero_shot as zero_shot

# All by name, and what they are put over
from semcomp.align.registry import METHODS as METHODS
from semcomp.align.backbones import BACKBONES as BACKBONES
