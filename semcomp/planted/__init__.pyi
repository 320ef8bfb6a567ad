# Worlds
from semcomp.planted.world import WORLDS as WORLDS
from semcomp.planted.world import World as World
from semcomp.planted.truth import Truth as Truth
from semcomp.planted.regimes import REGIMES as REGIMES

# What is true in them, in closed form
from semcomp.planted.closed_forms import Ceilings as Ceilings
from semcomp.planted.closed_forms import canonical_correlations as canonical_correlations
from semcomp.planted.closed_forms import ceilings as ceilings
from semcomp.planted.closed_forms import gaussian_information as gaussian_information
from semcomp.planted.closed_forms import information_bounds as information_bounds
from semcomp.planted.closed_forms import shared_dimension as shared_dimension
from semcomp.planted.closed_forms import variance_shares as variance_shares

# What is true in them, computed
from semcomp.planted.oracle import PARTS as PARTS
from semcomp.planted.oracle import oracle_recall as oracle_recall
from semcomp.planted.information import AlignmentLoss as AlignmentLoss
from semcomp.planted.information import alignment_loss as alignment_loss
from semcomp.planted.information import alignment_losses as alignment_losses
from semcomp.planted.information import common_part as common_part
from semcomp.planted.information import mutual_information as mutual_information
from semcomp.planted.information import random_joint as random_joint
