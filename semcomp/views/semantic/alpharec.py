"""AlphaRec: mapped text, smoothed over the interaction graph.

Sheng et al., "Language Representations Can Be What Recommenders Need: Findings and Potentials", ICLR 2025.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.kernels.propagation import normalized_adjacency, propagate
from semcomp.views.checks import check_options
from semcomp.views.collaborative.lightgcn import check_size
from semcomp.views.semantic.mlp import perceptron
from semcomp.views.semantic.projection import MappedText, linear_map
from semcomp.views.semantic.text_inputs import TextInputs, known_and_unseen, text_inputs
from semcomp.views.training import Encoder, Training, train_view


class ConvolvedText(Encoder):
    """mean_l Â^l f(X), l = 0 … L: the map of all nodes' text, propagated, in every call.

    Text never changes and propagation is linear, but f is not: nothing of it can be worked out in advance.
    """

    adjacency: Tensor

    def __init__(self, inputs: TextInputs, mapping: nn.Module, adjacency: Tensor, layers: int) -> None:
        super().__init__()
        self.inputs, self.mapping, self.layers = inputs, mapping, layers
        self.register_buffer("adjacency", adjacency, persistent=False)  # (U+I, U+I)

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        mapped = torch.cat([self.mapping(side) for side in self.inputs()])  # (U+I, d)
        nodes = propagate(self.adjacency, mapped.float(), self.layers)
        n_users = len(self.inputs.users)
        if users is None or items is None:
            return nodes[:n_users], nodes[n_users:]
        both = F.embedding(torch.cat([users, items + n_users]), nodes)
        return both[: len(users)], both[len(users) :]

    def unseen(self) -> Tensor:
        """f(x) / (L + 1): what is in no graph has layer 0 alone."""
        mapped: Tensor = self.mapping(self.inputs.unseen)
        return mapped / (self.layers + 1)


@checked
@dataclass(frozen=True)
class AlphaRec:
    """`mean_l Â^l f(X)`, l = 0 … L, score = cosine; X stacks user and item text, f maps every row.

    Items enter by their unit text, users by the unit mean of it over their train items; f is a perceptron
    with one hidden layer and a leaky ReLU of slope 0.01, Â the normalised bipartite train graph. Text is
    frozen; nothing is kept for single users or items. With `linear`, f(x) = W x without bias, the authors'
    "homomorphism": there Â^l (X W) = (Â^l X) W, so the text is propagated once, before training, and a step
    costs no more than the projection's. Otherwise every step maps all U + I rows, about 4 (U+I) · D · hidden
    operations whatever the batch; a larger batch makes an epoch cheaper.

    An item without text has its neighbours' by way of the graph. A user without items is a row of zeros if
    f is linear, and shares one vector with all others of its kind if not.

    Differs from the authors' code (github.com/LehengTHU/AlphaRec):

    - Users and items enter with unit rows, as in the re-implementation of Wang et al. (SIGIR 2026), so that
      the scale of an encoder's vectors and the coherence of a user's history play no part.
      `normalize=False` is the authors': the encoder's rows as they are, and their plain mean.
    - The hidden width is a number of its own; there it is a multiple of the text's width D (D/2 at 3072, 2 D
      at 1536, 8 D at 768), so that W₁ has 4.7 million weights whatever the encoder; ours has 98,304 at 384.
    - In what all our trained views share: negatives are drawn once per batch, excluding a user's own train
      items (there 256 for each pair); no batch is dropped for being short; selection by
      validation NDCG@20. Their τ is 0.15 (books, movies) or 0.2 (games), lr 5e-4, batch 4096.

    Attributes:
        dim: width of the vectors. hidden: width of the hidden layer, of no effect if linear.
        layers: propagation steps L; 0 for none. linear: map by one matrix. normalize: unit rows first.
    """

    dim: int = 64
    hidden: int = 256
    layers: int = 2
    linear: bool = False
    normalize: bool = True
    training: Training = field(default_factory=Training)

    def __post_init__(self) -> None:
        check_size(self, self.dim, self.layers)
        check_options(self, "AlphaRec option", whole=("dim", "hidden"))

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train on `split.train`, stop on `split.valid`."""
        split, text = Inputs.of(inputs).with_text(self)
        name = "AlphaRec, linear" if self.linear else "AlphaRec"
        encoder = self.encoder(split, text, seed)
        return train_view(name, self, encoder, split, seed, text=text, checkpoint=checkpoint)

    def encoder(self, split: Split, text: TextMatrix, seed: int) -> Encoder:
        """What is trained; for the linear version, over text that is propagated already."""
        inputs = text_inputs(split, text) if self.normalize else plain_inputs(split, text)
        adjacency = normalized_adjacency(split.known.train)
        width = text.matrix.shape[1]
        if not self.linear:
            mapping = perceptron(width, self.hidden, self.dim, seed, "init.mlp")
            return ConvolvedText(inputs, mapping, adjacency, self.layers)
        smooth = propagate(adjacency, torch.cat(inputs()), self.layers).numpy()  # (U+I, D)
        users, items = np.split(smooth, [split.n_users])
        projection = linear_map(width, self.dim, seed, "init.projection", bias=False)
        unseen = (inputs.unseen / (self.layers + 1)).numpy()  # in no graph: layer 0 alone
        return MappedText(TextInputs(users, items, unseen), projection)


def plain_inputs(split: Split, text: TextMatrix) -> TextInputs:
    """Item text as the encoder gives it, and each user's mean of it over train items; zero without any."""
    items, unseen = known_and_unseen(split, text.rows_for(split.item_ids))
    train = split.known.train
    counts = np.maximum(np.diff(train.indptr), 1)[:, None]
    return TextInputs(np.asarray((train @ items) / counts, dtype=np.float32), items, unseen)
