"""Late features: projected text, smoothed over the interaction graph, joined to the vectors at the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from semcomp.align.backbones import Parts, parts_of
from semcomp.align.method import Method
from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.checks import check_options
from semcomp.views.joint.fusion import ConcatEncoder, check_halves
from semcomp.views.semantic.alpharec import AlphaRec
from semcomp.views.training import Encoder

JOINS = ("sum", "mean", "concat")


class JoinedLate(ConcatEncoder):
    """n(c) and w · n(s), summed, averaged or side by side; side by side with unit rows."""

    def __init__(self, collaborative: Encoder, semantic: Encoder, join: str, weight: float) -> None:
        super().__init__(collaborative, semantic)
        self.join, self.weight = join, weight
        self.unseen_length = weight / (1 + weight**2) ** 0.5  # what the text has in the others

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        halves = zip(self.collaborative(users, items), self.semantic(users, items), strict=True)
        user, item = (self.joined(F.normalize(c), self.weight * F.normalize(s)) for c, s in halves)
        return user, item

    def joined(self, c: Tensor, s: Tensor) -> Tensor:
        if self.join == "concat":
            return F.normalize(torch.cat([c, s], 1))
        return c + s if self.join == "sum" else (c + s) / 2

    def unseen(self) -> Tensor:
        """The same of the text alone, the other half being zero."""
        text = self.semantic.unseen()
        assert text is not None  # it is mapped text
        return self.joined(torch.zeros_like(text), self.weight * F.normalize(text))


@checked
@dataclass(frozen=True)
class LateFeatures(Method):
    """A backbone's vectors n(c), joined with `weight` · n(s), s = mean_l Â^l X W, l = 0 … layers.

    X are the unit texts of items and the users' unit means of them, W one matrix, Â the backbone's graph: s
    is a linear `AlphaRec`, trained together with the backbone. "sum" adds the two, "mean" halves the sum,
    which for a loss over cosines is the same; "concat" puts them side by side and gives each half of the
    backbone's width, so that its score is (cos_c + w² cos_s) / (1 + w²). With weight 1 it is Norm-Concat-Norm
    with smoothed text. An item that is not known in train has its text alone.

    After MMGCF, in github.com/enoche/MMRec (`mmgcf.py`). Differs from that code:

    - There the features are added to items alone and pass through no graph; users have none.
    - There "concat" is followed by a trained matrix back to the width of the vectors.
    - Of its weightings this is the one by norms; a learnt scalar and no weighting are left out, as is the
      dropout of edges.

    Attributes:
        join: "sum", "mean" or "concat". layers: steps that the text is propagated.
    """

    label: ClassVar[str] = "late features"

    weight: float = 1.0
    join: str = "concat"
    layers: int = 2

    def __post_init__(self) -> None:
        super().__post_init__()
        check_options(self, "LateFeatures option", whole=("layers",))
        if self.join not in JOINS:
            raise SemcompError(f"LateFeatures option join = {self.join!r}; use {', '.join(JOINS)}")
        if self.join == "concat":
            check_halves(self, self.backbone.dim)

    def changed(self, parts: Parts, split: Split, text: TextMatrix, seed: int) -> Parts:
        if self.join == "concat":
            half = replace(self.backbone, dim=self.backbone.dim // 2)
            parts = parts_of(half, split, seed)
        features = AlphaRec(dim=parts.width, layers=self.layers, linear=True).encoder(split, text, seed)
        return parts.within(JoinedLate(parts.encoder, features, self.join, self.weight))
