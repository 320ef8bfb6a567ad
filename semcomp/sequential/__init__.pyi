# Models
from semcomp.sequential.sasrec import SASRec as SASRec
from semcomp.sequential.gru4rec import GRU4Rec as GRU4Rec
from semcomp.sequential.bert4rec import BERT4Rec as BERT4Rec
from semcomp.sequential.bsarec import BSARec as BSARec
from semcomp.sequential.registry import SEQUENTIAL as SEQUENTIAL

# How they are trained
from semcomp.sequential.training import SequenceTraining as SequenceTraining
from semcomp.sequential.losses import FullCE as FullCE
from semcomp.sequential.losses import SampledCE as SampledCE
from semcomp.sequential.losses import BCE as BCE
from semcomp.sequential.losses import GBCE as GBCE

# Where their item tables start
from semcomp.sequential.starts import RandomStart as RandomStart
from semcomp.sequential.starts import TextStart as TextStart
from semcomp.sequential.frozen import NullSpaceStart as NullSpaceStart
from semcomp.sequential.frozen import WhitenedStart as WhitenedStart
from semcomp.sequential.frozen import DeltaStart as DeltaStart

# What they give, and what they read
from semcomp.sequential.scorer import SequentialScorer as SequentialScorer
from semcomp.sequential.past import histories as histories
