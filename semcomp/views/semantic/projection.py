"""A linear map of item text, trained on interactions."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor, nn
from torch.nn.utils import skip_init

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.dense import Linear
from semcomp.kernels.random import generator, xavier
from semcomp.views.semantic.text_inputs import TextInputs, text_inputs
from semcomp.views.training import Encoder, Training, train_view


def linear_map(wide: int, dim: int, seed: int, purpose: str, *, bias: bool) -> Linear:
    """x W^T + b, (n, wide) -> (n, dim): W normal after Xavier, b uniform within ±1/√wide, as torch has it.

    b must not start at zero: an empty text, a row of zeros, would be mapped to zero, where the gradient of a
    cosine has no bound, and its first step would drown all later ones in the optimiser's moments.
    """
    layer: Linear = skip_init(Linear, wide, dim, bias=bias)
    layer.weight = nn.Parameter(xavier(dim, wide, seed, purpose))
    if bias:
        nn.init.uniform_(layer.bias, -(wide**-0.5), wide**-0.5, generator(seed, f"{purpose}.bias"))
    return layer


class MappedText(Encoder):
    """Fixed text of users and items, through one trained map for both: (n, D) -> (n, d)."""

    by_pair = True

    def __init__(self, inputs: TextInputs, mapping: nn.Module) -> None:
        super().__init__()
        self.inputs, self.mapping = inputs, mapping

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        users_in, items_in = self.inputs(users, items)
        return self.mapping(users_in), self.mapping(items_in)

    def unseen(self) -> Tensor:
        mapped: Tensor = self.mapping(self.inputs.unseen)
        return mapped


class TextProjection(MappedText):
    """One linear map for item text and pooled user text."""

    def __init__(
        self, split: Split, text: TextMatrix, dim: int, seed: int, *, bias: bool, leave_out: bool = False
    ) -> None:
        inputs = text_inputs(split, text, leave_out=leave_out)
        super().__init__(inputs, linear_map(text.matrix.shape[1], dim, seed, "init.projection", bias=bias))


@checked
@dataclass(frozen=True)
class SemanticProjection:
    """`z_i = W n(x_i)`, `z_u = W b_u`, b_u = n(Σ_{j ∈ T_u} n(x_j)), score = cosine.

    W is (dim × D), shared by users and items, without bias; n divides by the Euclidean norm; T_u are the
    user's train items. The scale of an item's text plays no part. An item without text, and a user without
    items, is a row of zeros and scores 0 everywhere; such an item keeps no trace in its users.

    The semantic view of Wang et al., "Rethinking Semantic-Collaborative Integration: Why Alignment Is Not
    Enough", SIGIR 2026.

    While training, b_u holds the text of the very item that the user is to be matched with, as published: a
    share of one in |T_u|, which is absent for future items. `leave_out` removes it, pair by pair and exactly,
    b_u without i = n(Σ_{j ∈ T_u} n(x_j) - n(x_i)); to rank, b_u is complete. A user with that one item only
    has a row of zeros in its pair, which then carries no gradient: nothing is known about the user.

    Differs from the published code in what all our trained views share: negatives are drawn once per batch,
    excluding a user's own train items (there: 256 for each pair, only the positive itself is avoided); W
    starts at Xavier's normal; no batch is dropped for being short; validation goes by NDCG@20.

    Attributes:
        dim: width of the vectors. leave_out: leave the positive out of its user's mean while training.
    """

    dim: int = 64
    leave_out: bool = False
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        if self.dim < 1:
            raise SemcompError(f"SemanticProjection needs dim >= 1, not {self.dim}")

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`."""
        split, text = Inputs.of(inputs).with_text(self)
        encoder = TextProjection(split, text, self.dim, seed, bias=False, leave_out=self.leave_out)
        name = "projection (leave-one-out)" if self.leave_out else "projection"
        return train_view(name, self, encoder, split, seed, text=text, checkpoint=checkpoint)
