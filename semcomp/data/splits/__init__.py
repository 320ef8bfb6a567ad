"""Splitting the interactions into train, validation and test."""

from __future__ import annotations

from semcomp.data.splits.category import Category
from semcomp.data.splits.cold import ColdItems, ColdUsers
from semcomp.data.splits.order import EventOrder, Sequences
from semcomp.data.splits.per_user import LeaveLastOut, RandomPerUser, part_counts
from semcomp.data.splits.popularity_shift import PopularityShift
from semcomp.data.splits.published import import_split
from semcomp.data.splits.rows import read_pairs, split_from_pairs
from semcomp.data.splits.split import Split, binary_csr
from semcomp.data.splits.splitting import STRATEGIES, split
from semcomp.data.splits.strategy import Strategy
from semcomp.data.splits.temporal import Temporal

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
