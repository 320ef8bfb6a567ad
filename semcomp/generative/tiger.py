"""TIGER: the next item's code, token by token.

Rajput et al., "Recommender systems with generative retrieval", NeurIPS 2023.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.data import Split
from semcomp.data.splits.order import Sequences
from semcomp.errors import SemcompError
from semcomp.generative.catalogue import codes_for, told_of
from semcomp.generative.loop import train_codes
from semcomp.generative.network import CodeNetwork
from semcomp.generative.scorer import GenerativeScorer
from semcomp.generative.training import CodeTraining
from semcomp.generative.windows import Windows
from semcomp.tokens import Codes
from semcomp.views.checks import check_options
from semcomp.views.training.configuration import described


@checked
@dataclass(frozen=True, eq=False)
class TIGER:
    """An encoder-decoder like T5 over the codes of a history, which writes the code of the next item.

    `loss = -(1/L) Σ_l log p(c_l | history, c_1 … c_{l-1})`, p a softmax over the tokens of a level. At this
    size it is made for a CPU: some minutes for the 100,000 events of MovieLens.

    Differs from the authors' code: the encoder reads from left to right, item by item, so that all prefixes
    of a history are learnt from in one pass (`causal=False` reads both ways, a prefix at a time, at some
    twenty times the cost); tokens of other levels are no candidates in the softmax; there are no user tokens;
    and it is smaller. Prefixes that lead to no item are not searched, where theirs are filtered afterwards.

    Attributes:
        codes: of the split's items, joined by id.
        dim: width of tokens and states. layers: of encoder and decoder each. heads: of attention, a divisor
            of `dim`. length: items of a history that are read, the latest ones.
        dropout: share of activations that training sets to zero, below 1.
        distinct: items that share a code are told apart by one more token; otherwise they score alike.
        beams: of the search that validates, at least 20.
        training: the loop.

    Raises SemcompError, before training, for an item that train knows and that has no code, for a code that
    is no item's, and for a split without the order of events.

    >>> sc.generative.TIGER(codes, dim=32)
    TIGER(codes=<Codes 'counted': 15 items, 2 levels of 4 × 4 codes>, dim=32, layers=2, ...
    """

    label: ClassVar[str] = "TIGER"

    codes: Codes
    dim: int = 64
    layers: int = 2
    heads: int = 4
    length: int = 20
    dropout: float = 0.1
    distinct: bool = True
    causal: bool = True
    beams: int = 20
    training: CodeTraining = field(default_factory=CodeTraining)

    def __post_init__(self) -> None:
        label = f"{type(self).__name__} option"
        check_options(self, label, whole=("dim", "layers", "heads", "length", "beams"), share=("dropout",))
        if self.dropout == 1:
            raise SemcompError(f"{label} dropout = 1 leaves nothing; it must be below 1")
        if self.dim % self.heads:
            raise SemcompError(f"{label} heads = {self.heads} does not divide dim = {self.dim}; change one")

    def network(self, sizes: tuple[int, ...]) -> CodeNetwork:
        """Untrained; weights are drawn from torch's global generator."""
        return CodeNetwork(
            sizes,
            self.length,
            dim=self.dim,
            layers=self.layers,
            heads=self.heads,
            dropout=self.dropout,
            causal=self.causal,
        )

    def losses(
        self,
        network: CodeNetwork,
        items: NDArray[np.int64],
        codes: Tensor,
        lists: Sequences,
        seed: int,
        epoch: int,
    ) -> Iterator[Tensor]:
        """Of windows of histories, see `Windows`; every event of train but a user's first is asked for."""
        for rows in Windows(lists, self.length, self.causal).epoch(seed, epoch, self.training.batch):
            window = codes[rows.to(codes.device)]  # (B, length + 1, L)
            asked = window[:, 1:] if self.causal else window[:, -1:]
            first = window[:, :-1][:, -asked.shape[1] :, :1] < 0  # a first item follows nothing
            yield network.loss(window[:, :-1], asked.masked_fill(first, -1), self.training.temperature)

    def fit(
        self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None
    ) -> GenerativeScorer:
        """Train on `split.train` in order, stop on `split.valid`.

        Raises:
            SemcompError: see the class; otherwise as `train_codes`.
        """
        split = Inputs.of(inputs).with_order(self)
        codes = codes_for(self.codes, split)
        codes = codes.distinct() if self.distinct else codes
        return train_codes(self.label, self, split, codes, seed, checkpoint=checkpoint)

    def described(self) -> dict[str, Any]:
        """The configuration as plain JSON; of the codes their name, sizes, provenance and digest."""
        made: dict[str, Any] = described(replace(self, codes=_NO_CODES))
        return {**made, "codes": told_of(self.codes)}


_NO_CODES = Codes("", np.zeros((1, 1), np.int64), (1,), np.array([""]))
