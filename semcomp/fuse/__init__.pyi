# What all weighted fusions are
from semcomp.fuse.mixture import Mixture as Mixture

# Sums of scores
from semcomp.fuse.sums import WeightedSum as WeightedSum
from semcomp.fuse.sums import EnsRec as EnsRec
from semcomp.fuse.experts import ProductOfExperts as ProductOfExperts

# Of lists
from semcomp.fuse.lists import CombMNZ as CombMNZ
from semcomp.fuse.lists import Borda as Borda
from semcomp.fuse.interleaving import Interleaving as Interleaving

# Learnt
from semcomp.fuse.gate import Gate as Gate
from semcomp.fuse.stacking import Stacking as Stacking

# Of vectors
from semcomp.fuse.sharing import SelectiveSharing as SelectiveSharing

# Of members in closed form
from semcomp.fuse.closed_form import ClosedFormFusion as ClosedFormFusion

# All by name
from semcomp.fuse.registry import FUSIONS as FUSIONS
