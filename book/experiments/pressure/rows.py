"""What is fitted: a backbone, methods that align it at rising weights, and what they are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from semcomp.align import METHODS
from semcomp.views import MLPProjection, NormConcatNorm

BACKBONE = "LightGCN"
#: Of every method, besides 0, which is the backbone itself.
WEIGHTS = (0.01, 0.1, 1.0, 10.0, 100.0)
LIMIT = "text alone"  # what is left where every vector is the map of its text
AGAIN, FUSED, SUM, SEEDS = "another seed", "joint fusion", "sum with the text", "sum of two seeds"
SHUFFLED = "with the text of other items"
#: Rows without a weight, in the order of tables, and what they are.
CONTROLS: Mapping[str, str] = {
    BACKBONE: "the backbone, no text",
    AGAIN: "the backbone with another seed: the null of every overlap",
    LIMIT: "a map of the text, trained with the backbone's loss: the vectors forced equal to it",
    FUSED: "Norm-Concat-Norm: a backbone half and a text half, trained together, as wide as the backbone",
    SUM: "backbone and text alone, trained apart, their scores added; the weight is chosen on validation",
    SEEDS: "two backbones, their scores added, no text: the null of every sum",
}
#: What a method does with the text, by method; in figures a colour each.
KINDS: Mapping[str, tuple[str, ...]] = {
    "a term pulls the vectors": (
        "regression",
        "regression by count",
        "contrastive",
        "RLMRec-Con",
        "RLMRec-Gen",
        "DaRec",
    ),
    "text below the graph": ("KAR", "CARec", "semantic start", "content and delta"),
    "text beside the vectors": ("item graph", "late features", "general and specific"),
}
#: (one, other, what "one is better" would say), asked of every method at the weight chosen on validation.
AGAINST: tuple[tuple[str, str], ...] = (
    (BACKBONE, "aligning helps the backbone"),
    (SHUFFLED, "it is the text that helps"),
    (SUM, "aligning is better than adding the scores"),
)
#: Asked of two methods, each at its own weight.
BETWEEN: tuple[tuple[str, str, str], ...] = (
    ("regression by count", "regression", "a weight of each item's own is better than one for all"),
)
#: Asked once.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (SUM, BACKBONE, "adding the text's scores helps the backbone"),
    (SUM, SEEDS, "adding the text is better than adding another seed"),
    (FUSED, BACKBONE, "the joint fusion beats the backbone"),
    (LIMIT, BACKBONE, "text alone is better than the backbone"),
)


@dataclass(frozen=True, order=True)
class Row:
    """A method of `METHODS` with its weight, or a control without one.

    Attributes:
        shuffled: whether every item has the text of another one, drawn anew with each seed.
    """

    method: str
    weight: float | None = None
    shuffled: bool = False

    @property
    def name(self) -> str:
        weight = "" if self.weight is None else f", weight {self.weight:g}"
        return f"{self.method}{weight}{', ' + SHUFFLED if self.shuffled else ''}"


def configuration(row: Row, backbone: Any) -> Any:
    """The model of a row, its loss, negatives, epochs and width those of the backbone; None for a sum."""
    if row.weight is not None:
        return replace(METHODS[row.method], backbone=backbone, weight=row.weight)
    training = backbone.training
    made: dict[str, Any] = {
        BACKBONE: backbone,
        AGAIN: backbone,
        LIMIT: MLPProjection(dim=backbone.dim, training=training),
        FUSED: NormConcatNorm(dim=backbone.dim, layers=backbone.layers, training=training),
    }
    return made.get(row.method)


def rows() -> list[Row]:
    """All that is fitted to the true texts, controls first."""
    return [Row(name) for name in CONTROLS] + [Row(name, weight) for weight in WEIGHTS for name in METHODS]
