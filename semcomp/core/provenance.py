"""Where a measurement comes from: data, configuration and versions, as plain types.

What is recorded here is the same for every run on one machine, so that evidence is the same byte by byte: no
date, no duration, no path.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from semcomp.data import Split

PACKAGES = ("semcomp", "numpy", "scipy", "torch")  # what the numbers are computed with


class Made(Protocol):
    """A view or a ranking: it has a name, and says how it was made."""

    @property
    def name(self) -> str: ...
    @property
    def provenance(self) -> Mapping[str, Any]: ...


def measured(split: Split, **config: Any) -> dict[str, Any]:
    """The provenance of evidence on a split.

    `split`: its fingerprint; `dataset` and `data`: name and fingerprint of the data set, where the split
    knows them; then the configuration as given (k, resamples, seed, `origins` of rankings …), which must be
    plain types; and `versions` of Python and of the packages that compute the numbers.
    """
    made = split.provenance
    known: dict[str, Any] = {key: made[key] for key in ("dataset", "data") if key in made}
    return {"split": split.fingerprint, **known, **config, "versions": versions()}


def without_cost(provenance: Any) -> Any:
    """A provenance without what differs from run to run: `cost`, at any depth."""
    if isinstance(provenance, Mapping):
        return {key: without_cost(value) for key, value in provenance.items() if key != "cost"}
    if isinstance(provenance, list | tuple):
        return [without_cost(value) for value in provenance]
    return provenance


def origins(made: Sequence[Made]) -> list[dict[str, Any]]:
    """Name and provenance of each view or ranking."""
    return [{"name": one.name, **one.provenance} for one in made]


def versions() -> dict[str, str]:
    """Of Python and of `PACKAGES`; "unknown" for one that runs from a folder without being installed."""
    return {"python": platform.python_version(), **{name: _version(name) for name in PACKAGES}}


@cache
def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "unknown"
