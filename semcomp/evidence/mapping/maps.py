"""The maps a probe can use, by name: each a small configuration that knows how to fit itself."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from semcomp.errors import unknown_name
from semcomp.evidence.mapping.kernel_ridge import KernelRidge
from semcomp.evidence.mapping.networks import Contrastive, Network
from semcomp.evidence.mapping.reduced_rank import ReducedRank
from semcomp.evidence.mapping.regression import LeastSquares, Procrustes, ValidatedRidge


class Map(Protocol):
    """A fitted map: (n, p) source rows -> (n, q) float64 predictions of target rows."""

    def predict(self, x: ArrayLike) -> NDArray[np.float64]: ...


class Kind(Protocol):
    """A frozen configuration of a map."""

    def fit(self, x: NDArray[np.float64], y: NDArray[np.float64], seed: int) -> Map:
        """(n, p) source rows and (n, q) target rows -> a map from p to q dimensions."""
        ...


KINDS: dict[str, Kind] = {
    "ridge": ValidatedRidge(),
    "linear": LeastSquares(),
    "reduced-rank": ReducedRank(),
    "procrustes": Procrustes(),
    "kernel-ridge": KernelRidge(),
    "contrastive": Contrastive(),
    # as published: 400 epochs of Adam, neither weight decay nor early stopping
    "linear-adam": Network(layers=0),
    "mlp-1": Network(layers=1, hidden=512),
    "mlp-2": Network(layers=2, hidden=2048),
    "mlp-3": Network(layers=3, hidden=2048),
    # the same networks, prevented from memorising
    "mlp-1-early-stopping": Network(layers=1, hidden=512, weight_decay=1e-2, patience=20),
    "mlp-2-early-stopping": Network(layers=2, hidden=2048, weight_decay=1e-2, patience=20),
    "mlp-3-early-stopping": Network(layers=3, hidden=2048, weight_decay=1e-2, patience=20),
}


def kind_of(kind: str | Kind, epochs: int | None = None) -> tuple[str, Kind]:
    """Name and configuration: by name with other `epochs` where it is trained, or a configuration of its own.

    A configuration is called by its class and the settings that differ from the class's own.

    Raises SemcompError for an unknown name.
    """
    if not isinstance(kind, str):
        return _called(kind), kind
    if kind not in KINDS:
        raise unknown_name("probe", kind, KINDS)
    config = KINDS[kind]
    if epochs is not None and isinstance(config, Network | Contrastive):
        config = replace(config, epochs=epochs)
    return kind, config


def _called(config: Kind) -> str:
    """`ReducedRank(rank=3)`: the class, and what differs from its defaults."""
    name = type(config).__name__
    if not is_dataclass(config):
        return name
    own = [(one.name, getattr(config, one.name), one.default) for one in fields(config)]
    changed = [f"{field}={value!r}" for field, value, default in own if value != default]
    return f"{name}({', '.join(changed)})" if changed else name
