"""What was observed: ids, interactions, item texts, splits, and named sources."""

from __future__ import annotations

from semcomp.data.audits import Audit, audit
from semcomp.data.dataset import Dataset, Source
from semcomp.data.fetch import fetch
from semcomp.data.filters import Recipe, Step
from semcomp.data.formats import FORMATS, open_tables
from semcomp.data.loading import load_tables, read_folder
from semcomp.data.named_source import NamedSource
from semcomp.data.popularity import STRATA, item_counts, strata, thresholds
from semcomp.data.sources import (
    Place,
    available,
    catalogue,
    describe_source,
    from_anywhere,
    load_named,
    resolve,
)
from semcomp.data.splits import (
    STRATEGIES,
    Split,
    Strategy,
    binary_csr,
    import_split,
    part_counts,
    read_pairs,
    split,
    split_from_pairs,
)
from semcomp.data.writing import write_folder

__all__ = [
    "FORMATS",
    "STRATA",
    "STRATEGIES",
    "Audit",
    "Dataset",
    "NamedSource",
    "Place",
    "Recipe",
    "Source",
    "Split",
    "Step",
    "Strategy",
    "audit",
    "available",
    "binary_csr",
    "catalogue",
    "describe_source",
    "fetch",
    "from_anywhere",
    "import_split",
    "item_counts",
    "load_named",
    "load_tables",
    "open_tables",
    "part_counts",
    "read_folder",
    "read_pairs",
    "resolve",
    "split",
    "split_from_pairs",
    "strata",
    "thresholds",
    "write_folder",
]
