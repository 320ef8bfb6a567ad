"""Worlds whose shared and private parts are known, and what is true in them."""

from __future__ import annotations

from semcomp.planted.ceilings import (
    Ceilings,
    canonical_correlations,
    ceilings,
    gaussian_information,
    information_bounds,
    shared_dimension,
    variance_shares,
)
from semcomp.planted.information import (
    AlignmentLoss,
    alignment_loss,
    alignment_losses,
    common_part,
    mutual_information,
    random_joint,
)
from semcomp.planted.oracle import PARTS, oracle_recall
from semcomp.planted.regimes import REGIMES
from semcomp.planted.truth import Truth
from semcomp.planted.world import WORLDS, World

__all__ = [
    "PARTS",
    "REGIMES",
    "WORLDS",
    "AlignmentLoss",
    "Ceilings",
    "Truth",
    "World",
    "alignment_loss",
    "alignment_losses",
    "canonical_correlations",
    "ceilings",
    "common_part",
    "gaussian_information",
    "information_bounds",
    "mutual_information",
    "oracle_recall",
    "random_joint",
    "shared_dimension",
    "variance_shares",
]
