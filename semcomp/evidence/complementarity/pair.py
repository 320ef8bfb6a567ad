"""Two rankings of the same users, and, where there is one, the ranking of their fusion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from semcomp.core.provenance import origins
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.quality.metrics import check_ranking


@dataclass(frozen=True, eq=False)
class Pair:
    """Attributes:
    a, b: rankings of one split under one mask.
    fused: the ranking of a fusion of both, under the same mask; None where there is none.
    """

    a: TopK
    b: TopK
    fused: TopK | None = None

    def __iter__(self) -> Iterator[TopK]:
        return iter([self.a, self.b] if self.fused is None else [self.a, self.b, self.fused])

    def check(self, split: Split, k: int, *, mask_of: TopK | None = None) -> None:
        """Raise SemcompError unless all lists fit the split, reach k places and leave one history out."""
        for ranking in self:
            check_ranking(ranking, split, k)
            check_same_mask(mask_of or self.a, ranking)

    def described(self) -> dict[str, object]:
        """Names and origins, for a provenance."""
        parts = {"a": self.a, "b": self.b, "fused": self.fused}
        return {key: one and origins([one])[0] for key, one in parts.items()}


def check_same_mask(a: TopK, b: TopK) -> None:
    """Raise if two rankings are known to leave different histories out."""
    masks = [ranking.provenance.get("mask") for ranking in (a, b)]
    if None not in masks and masks[0] != masks[1]:
        raise SemcompError(
            f"ranking {a.name!r} masks {masks[0]!r}, {b.name!r} masks {masks[1]!r}; rank both with one mask"
        )
