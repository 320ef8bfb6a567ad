# Trained on interactions
from semcomp.views.collaborative.lightgcn import LightGCN as LightGCN
from semcomp.views.collaborative.matrix_factorization import BPRMF as BPRMF
from semcomp.views.collaborative.lr_gccf import LRGCCF as LRGCCF
from semcomp.views.collaborative.sgl import SGL as SGL
from semcomp.views.collaborative.simgcl import SimGCL as SimGCL
from semcomp.views.collaborative.simgcl import XSimGCL as XSimGCL
from semcomp.views.collaborative.ncl import NCL as NCL
from semcomp.views.collaborative.dccf import DCCF as DCCF
from semcomp.views.collaborative.autocf import AutoCF as AutoCF

# In closed form, or counted
from semcomp.views.collaborative.ease import EASE as EASE
from semcomp.views.collaborative.edlae import EDLAE as EDLAE
from semcomp.views.collaborative.ials import IALS as IALS
from semcomp.views.collaborative.item_knn import ItemKNN as ItemKNN
from semcomp.views.collaborative.spectral import Spectral as Spectral
from semcomp.views.collaborative.spectral import GFCF as GFCF
from semcomp.views.collaborative.popularity import Popularity as Popularity

# From item texts
from semcomp.views.semantic.projection import SemanticProjection as SemanticProjection
from semcomp.views.semantic.mlp import MLPProjection as MLPProjection
from semcomp.views.semantic.alpharec import AlphaRec as AlphaRec
from semcomp.views.semantic.whitening import ACE as ACE
from semcomp.views.semantic.whitening import Whitened as Whitened
from semcomp.views.semantic.raw_text import RawText as RawText
from semcomp.views.semantic.semantic_knn import SemanticKNN as SemanticKNN
from semcomp.views.semantic.text_ease import TextEASE as TextEASE

# Of two views, or of both kinds of data
from semcomp.views.joint.late import CombSum as CombSum
from semcomp.views.joint.rank_fusion import RRF as RRF
from semcomp.views.joint.fusion import NormConcatNorm as NormConcatNorm
from semcomp.views.joint.fusion import FusionControl as FusionControl
from semcomp.views.joint.fusion import TwinLightGCN as TwinLightGCN
from semcomp.views.joint.text_autoencoders import AddEASE as AddEASE
from semcomp.views.joint.text_autoencoders import CEASE as CEASE
from semcomp.views.joint.text_autoencoders import L3AE as L3AE
from semcomp.views.joint.low_rank_ease import LowRankEASE as LowRankEASE
from semcomp.views.joint.text_ials import TextIALS as TextIALS
from semcomp.views.joint.aligned import AlignedLightGCN as AlignedLightGCN
from semcomp.views.joint.rank_fusion import rrf as rrf

# How a view is trained
from semcomp.views.training.configuration import Training as Training
from semcomp.views.training.losses import SampledSoftmax as SampledSoftmax
from semcomp.views.training.losses import FullSoftmax as FullSoftmax
from semcomp.views.training.losses import BPR as BPR
from semcomp.views.training.losses import DirectAU as DirectAU
