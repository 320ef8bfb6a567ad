"""What `make bench` kept, read for the page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from book.experiments.results import read

RESULTS = Path(__file__).parents[3] / "benchmarks" / "results"


def comparison(machine: str) -> Any:
    """The report of `benchmarks/bench.py` from a machine; SemcompError where it was not run there."""
    return read(RESULTS / f"bench-{machine}.json")


def serving(machine: str) -> Any:
    """The report of `benchmarks/serving.py` from a machine; SemcompError where it was not run there."""
    return read(RESULTS / f"serving-{machine}.json")


def aligning(machine: str) -> Any:
    """The report of `benchmarks/aligning.py` from a machine; SemcompError where it was not run there."""
    return read(RESULTS / f"aligning-{machine}.json")
