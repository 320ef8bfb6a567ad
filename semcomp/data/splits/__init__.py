"""Splitting the interactions into train, validation and test."""

from __future__ import annotations

from semcomp.data.splits.split import Split, binary_csr
from semcomp.data.splits.strategies import STRATEGIES, part_counts, split

__all__ = ["STRATEGIES", "Split", "binary_csr", "part_counts", "split"]
