"""The free tables behind a LightGCN: its vectors before the graph smooths them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.random import whole_seed
from semcomp.views.collaborative.lightgcn import GraphTables, LightGCN
from semcomp.views.training import Training, train_view


@dataclass(frozen=True)
class LayerZero:
    """Layer 0 of a LightGCN at an epoch: the tables E of `mean_l Â^l E`, rows as learnt (not of unit length).

    A view keeps what it is ranked by, and unit rows cannot be unsmoothed, so the model is trained again, as
    before and just as long: on a CPU the tables are those that the view's vectors came from.

    Attributes:
        model: the LightGCN. epochs: how long, its view's `provenance["training"]["best_epoch"]`; 0 gives the
            random start.
    """

    model: LightGCN = field(default_factory=LightGCN)
    epochs: int = 1

    def __post_init__(self) -> None:
        if type(self.epochs) is not int or self.epochs < 0:
            raise SemcompError(f"LayerZero has epochs = {self.epochs!r}; give a whole number from 0")

    @property
    def training(self) -> Training:
        return self.model.training.stopped_after(self.epochs)

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        """Train for `epochs`; the inner products of the tables are not LightGCN's scores."""
        split = Inputs.of(inputs).split
        encoder = GraphTables(split, self.model.dim, self.model.layers, seed)
        provenance: dict[str, object] = {
            "model": "LayerZero",
            "seed": whole_seed(seed),
            "split": split.fingerprint,
        }
        if self.epochs:
            again = replace(self.model, training=self.training)
            provenance["of"] = train_view(
                "LightGCN", again, encoder, split, seed, checkpoint=checkpoint
            ).provenance
        users, items = encoder.rows(encoder.table.detach().float().cpu(), None, None)
        sides = users.numpy(), split.placed(items.numpy())
        return View("LightGCN, layer 0", *sides, provenance, split.user_ids, split.item_ids)
