"""One function a figure: evidence, data or splits in, a matplotlib figure out."""

from __future__ import annotations

from semcomp.plots.complementarity import (
    by_depth,
    excess_over_nulls,
    gain_over_seeds,
    oracles,
    overlap,
    strata,
    where_hits_are,
)
from semcomp.plots.data import PARTS, long_tail, recall_by_split, split_maps
from semcomp.plots.decomposition import recall_of_parts, variance_shares
from semcomp.plots.evidence import against_shared_fraction, differences, probes, recall_of_views
from semcomp.plots.geometry import agreement, spectra
from semcomp.plots.hypothesis import path as hypothesis_path
from semcomp.plots.hypothesis import power as hypothesis_power
from semcomp.plots.planted import alignment_bound
from semcomp.plots.probing import capacity, learning, shift_table
from semcomp.plots.separation import partner_gains, separation_table
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
    "agreement",
    "alignment_bound",
    "by_depth",
    "capacity",
    "differences",
    "excess_over_nulls",
    "gain_over_seeds",
    "hypothesis_path",
    "hypothesis_power",
    "learning",
    "long_tail",
    "oracles",
    "overlap",
    "partner_gains",
    "probes",
    "recall_by_split",
    "recall_of_parts",
    "recall_of_views",
    "separation_table",
    "shift_table",
    "spectra",
    "split_maps",
    "strata",
    "variance_shares",
    "views_by_dataset",
    "where_hits_are",
]
