"""DaRec: both views are split in two, and only the structure of the shared parts is aligned.

Yang et al., "DaRec: A Disentangled Alignment Framework for Large Language Model and Recommender System", ICDE
2025.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from semcomp.align.backbones import Parts
from semcomp.align.darec_losses import (
    centres,
    global_structure,
    local_structure,
    matched,
    orthogonality,
    spread,
)
from semcomp.align.method import Method
from semcomp.align.watched import distinct
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.errors import unknown_name
from semcomp.kernels.kmeans import assign, kmeans
from semcomp.kernels.random import generator
from semcomp.views.checks import check_options
from semcomp.views.semantic.mlp import perceptron
from semcomp.views.semantic.text_inputs import TextInputs, text_inputs
from semcomp.views.training import Batch, Term


class Disentangled(Term):
    """λ (L_or + L_uni + L_glo + L_loc) of nodes of the batch, at most `rows` users and as many items."""

    def __init__(self, inputs: TextInputs, model: DaRec, wide: int, width: int, seed: int) -> None:
        super().__init__()
        self.inputs, self.model = inputs, model
        self.parts = nn.ModuleDict(
            {
                f"{part}_{view}": perceptron(columns, width, width, seed, f"init.darec.{part}.{view}")
                for view, columns in (("vectors", width), ("text", wide))
                for part in ("specific", "shared")
            }
        )
        self.begin(seed, 0)

    def begin(self, seed: int, epoch: int) -> None:
        self.draw, self.step = generator(seed, "darec.rows", epoch), 0

    def forward(self, batch: Batch) -> Tensor:
        vectors, texts = self.drawn(batch)
        seen = {"vectors": vectors, "text": texts}
        specific = {view: self.parts[f"specific_{view}"](rows) for view, rows in seen.items()}
        shared = {view: self.parts[f"shared_{view}"](rows) for view, rows in seen.items()}
        total = global_structure(shared["vectors"], shared["text"])
        total = total + self.local(shared["vectors"], shared["text"])
        for view in seen:
            total = total + orthogonality(specific[view], shared[view]) + spread(specific[view])
        return self.model.weight * total

    def drawn(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """(n, d), (n, D): vectors and texts of distinct users of the batch, then of distinct items."""
        vectors, texts = [], []
        sides = (
            (batch.users, batch.anchors, self.inputs.users),
            (batch.items, batch.positives, self.inputs.items),
        )
        for names, rows, text in sides:
            order = torch.randperm(len(names), generator=self.draw).to(names.device)
            first = distinct(names[order])[1].sort().values  # in random order, each node once
            some = order[first[: self.model.rows]]
            vectors.append(rows[some])
            texts.append(text[names[some]])
        return torch.cat(vectors), torch.cat(texts)

    def local(self, vectors: Tensor, texts: Tensor) -> Tensor:
        """L_loc of the centres that both views have rows of; these are found again every `refresh` steps."""
        count = self.model.clusters
        if self.step % self.model.refresh == 0:
            found = [kmeans(rows.detach(), count, self.draw)[0] for rows in (vectors, texts)]
            partner = matched(found[0], found[1], greedy=self.model.matching == "greedy")
            self.centres = found[0], found[1][partner]
        self.step += 1
        made = []
        for rows, known in zip((vectors, texts), self.centres, strict=True):
            made.append(centres(rows, assign(rows.detach(), known), len(known)))
        both = made[0][1] & made[1][1]
        return local_structure(made[0][0][both], made[1][0][both])


@checked
@dataclass(frozen=True)
class DaRec(Method):
    """DaRec: a backbone + `weight` · (L_or + L_uni + L_glo + L_loc) of parts of vectors and of their text.

    Four perceptrons make a specific and a shared part of either view. L_or is the mean squared cosine of a
    row's two parts, L_uni the uniformity of the specific parts, L_glo the mean squared difference of the
    cosines between shared parts, L_loc that of matched centres of them, `darec_losses` has all four. Only
    structure is aligned: no shared part has to equal the other.

    There is no public code, and the paper leaves open: λ, K, the rows drawn, the perceptrons, how often
    centres are found again, what G does before uniformity (here rows get unit length), and how the two parts
    are joined for ranking. Here the backbone's vectors are ranked, and:

    - the rows of a step are distinct nodes of the batch, at most `rows` users and `rows` items, so that
      nothing is propagated a second time; L_glo is a mean over pairs, so that λ does not depend on how many;
    - cosines instead of inner products in L_glo, for the same reason;
    - centres are means of the step's rows around k-means of the latest `refresh` steps, matched greedily as
      published, or by the Hungarian method; gradients go through the means and not through the assignment.

    Attributes:
        clusters: K. rows: users, and items, of a step. refresh: steps between two k-means.
        matching: "greedy" or "hungarian".
    """

    label: ClassVar[str] = "DaRec"

    clusters: int = 8
    rows: int = 256
    refresh: int = 10
    matching: str = "greedy"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "DaRec option", whole=("clusters", "rows", "refresh"))
        if self.matching not in MATCHINGS:
            raise unknown_name("matching", self.matching, MATCHINGS)

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        inputs = text_inputs(split, text)
        return parts.plus(Disentangled(inputs, self, text.matrix.shape[1], parts.width, seed))


MATCHINGS = ("greedy", "hungarian")
