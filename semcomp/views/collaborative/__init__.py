"""Views of the interactions alone."""

from semcomp.views.collaborative.autocf import AutoCF
from semcomp.views.collaborative.dccf import DCCF
from semcomp.views.collaborative.ease import EASE
from semcomp.views.collaborative.edlae import EDLAE
from semcomp.views.collaborative.ials import IALS
from semcomp.views.collaborative.item_knn import ItemKNN
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.collaborative.lr_gccf import LRGCCF
from semcomp.views.collaborative.matrix_factorization import BPRMF
from semcomp.views.collaborative.ncl import NCL
from semcomp.views.collaborative.popularity import Popularity
from semcomp.views.collaborative.sgl import SGL
from semcomp.views.collaborative.simgcl import SimGCL, XSimGCL
from semcomp.views.collaborative.spectral import GFCF, Spectral

__all__ = [
    "BPRMF",
    "DCCF",
    "EASE",
    "EDLAE",
    "GFCF",
    "IALS",
    "LRGCCF",
    "NCL",
    "SGL",
    "AutoCF",
    "ItemKNN",
    "LightGCN",
    "Popularity",
    "SimGCL",
    "Spectral",
    "XSimGCL",
]
