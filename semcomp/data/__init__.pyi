# What was observed, and how it is filtered
from semcomp.data.dataset import Dataset as Dataset
from semcomp.data.dataset import Source as Source
from semcomp.data.filters import Recipe as Recipe
from semcomp.data.filters import Step as Step

# Data sets by name
from semcomp.data.sources import Place as Place
from semcomp.data.sources import available as available
from semcomp.data.sources import catalogue as catalogue
from semcomp.data.sources import describe_source as describe_source
from semcomp.data.sources import from_anywhere as from_anywhere
from semcomp.data.sources import load_named as load_named
from semcomp.data.sources import resolve as resolve
from semcomp.data.fetching import fetch as fetch
from semcomp.data.named_sources import NamedSource as NamedSource

# Tables of many layouts, read and written
from semcomp.data.formats import FORMATS as FORMATS
from semcomp.data.formats import open_tables as open_tables
from semcomp.data.loading import load_tables as load_tables
from semcomp.data.loading import read_folder as read_folder
from semcomp.data.writing import write_folder as write_folder

# Splits
from semcomp.data.splits import split as split
from semcomp.data.splits import import_split as import_split
from semcomp.data.splits import STRATEGIES as STRATEGIES
from semcomp.data.splits import Split as Split
from semcomp.data.splits import Strategy as Strategy
from semcomp.data.splits import binary_csr as binary_csr
from semcomp.data.splits import part_counts as part_counts
from semcomp.data.splits import read_pairs as read_pairs
from semcomp.data.splits import split_from_pairs as split_from_pairs

# Checks for leaks, and popularity
from semcomp.data.audits import Audit as Audit
from semcomp.data.audits import audit as audit
from semcomp.data.popularity import STRATA as STRATA
from semcomp.data.popularity import item_counts as item_counts
from semcomp.data.popularity import strata as strata
from semcomp.data.popularity import thresholds as thresholds
