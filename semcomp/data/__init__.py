"""What was observed: ids, interactions, item texts, splits, and named sources."""

from __future__ import annotations

from semcomp.data.bare import read_pairs, split_from_pairs
from semcomp.data.dataset import Dataset, Source
from semcomp.data.filters import Recipe
from semcomp.data.loading import read_folder
from semcomp.data.popularity import STRATA, item_counts, strata, thresholds
from semcomp.data.sources import KNOWN, Known, Place, available, load_named, resolve
from semcomp.data.splits import STRATEGIES, Split, binary_csr, part_counts, split

__all__ = [
    "KNOWN",
    "STRATA",
    "STRATEGIES",
    "Dataset",
    "Known",
    "Place",
    "Recipe",
    "Source",
    "Split",
    "available",
    "binary_csr",
    "item_counts",
    "load_named",
    "part_counts",
    "read_folder",
    "read_pairs",
    "resolve",
    "split",
    "split_from_pairs",
    "strata",
    "thresholds",
]
