"""Matrix factorization by BPR: free vectors, no graph; the baseline for graph models.

Rendle et al., "BPR: Bayesian Personalized Ranking from Implicit Feedback", UAI 2009.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.views.collaborative.lightgcn import GraphTables, check_size
from semcomp.views.training import BPR, Training, train_view


@checked
@dataclass(frozen=True)
class BPRMF:
    """Collaborative view: one free vector per user and item, score = inner product.

    LightGCN without layers, so that the two differ in the graph alone. Adam instead of the original's plain
    stochastic steps; no item biases, as in RecBole.

    Attributes:
        dim: width of the vectors.
    """

    dim: int = 64
    training: Training = field(default_factory=lambda: Training(loss=BPR(), penalty=1e-4))

    def __post_init__(self) -> None:
        check_size(self, self.dim, 0)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`. A user without a pair keeps its random start."""
        split = Inputs.of(inputs).split
        encoder = GraphTables(split, self.dim, 0, seed)
        return train_view("BPR-MF", self, encoder, split, seed, checkpoint=checkpoint)
