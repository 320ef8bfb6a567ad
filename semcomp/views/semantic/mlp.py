"""A map of item text with one hidden layer, trained on interactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from torch import nn

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.views.checks import check_options
from semcomp.views.semantic.projection import MappedText, linear_map
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import Training, train_view


def perceptron(wide: int, hidden: int, dim: int, seed: int, purpose: str) -> nn.Sequential:
    """W₂ φ(W₁ x + b₁) + b₂, φ(t) = max(t, t/100): (n, wide) -> (n, hidden) -> (n, dim)."""
    inner = linear_map(wide, hidden, seed, f"{purpose}.inner", bias=True)
    outer = linear_map(hidden, dim, seed, f"{purpose}.outer", bias=True)
    return nn.Sequential(inner, nn.LeakyReLU(), outer)


@checked
@dataclass(frozen=True)
class MLPProjection:
    """`z_i = f(n(x_i))`, `z_u = f(b_u)`, `f(x) = W₂ φ(W₁ x + b₁) + b₂`, score = cosine.

    φ is the leaky ReLU of slope 0.01; f is one map for users and items; n and b_u as in
    `SemanticProjection`, of which this is the version that need not be linear. AlphaRec without its graph
    (Sheng et al., "Language Representations Can Be What Recommenders Need: Findings and Potentials", ICLR
    2025). All items without text share the vector f(0), as do all users without items.

    Attributes:
        dim: width of the vectors. hidden: width of the hidden layer.
        leave_out: leave the positive out of its user's mean while training, as in `SemanticProjection`.
    """

    dim: int = 64
    hidden: int = 256
    leave_out: bool = False
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_options(self, "MLPProjection option", whole=("dim", "hidden"))

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`."""
        split, text = Inputs.of(inputs).with_text(self)
        rows = text_inputs(split, text, leave_out=self.leave_out)
        mapping = perceptron(text.matrix.shape[1], self.hidden, self.dim, seed, "init.mlp")
        name = "MLP projection (leave-one-out)" if self.leave_out else "MLP projection"
        encoder = MappedText(rows, mapping)
        return train_view(name, self, encoder, split, seed, text=text, checkpoint=checkpoint)
