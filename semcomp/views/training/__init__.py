"""How views are trained: one loop, exchangeable losses, early stopping on validation, resumable."""

from semcomp.views.training.configuration import Training, described
from semcomp.views.training.cost import Meter
from semcomp.views.training.encoder import Batch, Encoder, Term
from semcomp.views.training.loop import train_view
from semcomp.views.training.losses import BPR, DirectAU, Drawn, FullSoftmax, Loss, SampledSoftmax
from semcomp.views.training.selection import is_cut_off, validation_ndcg

__all__ = [
    "BPR",
    "Batch",
    "DirectAU",
    "Drawn",
    "Encoder",
    "FullSoftmax",
    "Loss",
    "Meter",
    "SampledSoftmax",
    "Term",
    "Training",
    "described",
    "is_cut_off",
    "train_view",
    "validation_ndcg",
]
