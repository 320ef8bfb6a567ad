"""One function per figure: evidence, data or splits in, a matplotlib figure out."""

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
from semcomp.plots.probing import capacity, learning, shift_table
from semcomp.plots.style import BLUE, GREEN, GREY, ORANGE, ROLE, SKY, VERMILION, WIDTH

__all__ = [
    "BLUE",
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
    "by_depth",
    "capacity",
    "differences",
    "excess_over_nulls",
    "gain_over_seeds",
    "hypothesis_path",
    "learning",
    "long_tail",
    "oracles",
    "overlap",
    "probes",
    "recall_by_split",
    "recall_of_parts",
    "recall_of_views",
    "shift_table",
    "spectra",
    "split_maps",
    "strata",
    "variance_shares",
    "where_hits_are",
]
