"""One function a figure: evidence, data or splits in, a matplotlib figure out."""

from __future__ import annotations

from semcomp.plots.data import PARTS, long_tail, recall_by_split, split_maps
from semcomp.plots.evidence import (
    against_shared_fraction,
    differences,
    oracles,
    overlap,
    probes,
    recall_of_views,
    strata,
)
from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, ROLE, SKY, VERMILION, WIDTH
from semcomp.plots.views import FAMILY, views_by_dataset

__all__ = [
    "BLUE",
    "FAMILY",
    "GREEN",
    "GREY",
    "ORANGE",
    "PARTS",
    "ROLE",
    "SKY",
    "VERMILION",
    "WIDTH",
    "against_shared_fraction",
    "differences",
    "long_tail",
    "oracles",
    "overlap",
    "probes",
    "recall_by_split",
    "recall_of_views",
    "split_maps",
    "strata",
    "views_by_dataset",
]
