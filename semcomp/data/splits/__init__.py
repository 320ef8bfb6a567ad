"""Splitting the interactions into train, validation and test."""

from __future__ import annotations

from semcomp.data.splits.at_random import PopularityShift, RandomPerUser, part_counts
from semcomp.data.splits.by_time import LeaveLastOut, Temporal
from semcomp.data.splits.category import Category
from semcomp.data.splits.cold import ColdItems, ColdUsers
from semcomp.data.splits.matrices import binary_csr
from semcomp.data.splits.order import EventOrder, Sequences
from semcomp.data.splits.published import import_split, read_pairs, split_from_pairs
from semcomp.data.splits.split import Split
from semcomp.data.splits.splitting import STRATEGIES, split
from semcomp.data.splits.strategy import Strategy

__all__ = [
    "STRATEGIES",
    "Category",
    "ColdItems",
    "ColdUsers",
    "EventOrder",
    "LeaveLastOut",
    "PopularityShift",
    "RandomPerUser",
    "Sequences",
    "Split",
    "Strategy",
    "Temporal",
    "binary_csr",
    "import_split",
    "part_counts",
    "read_pairs",
    "split",
    "split_from_pairs",
]
