"""One data set under one budget: its split, its text, its views by name, and where evidence is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from semcomp import views
from semcomp.api import load_dataset
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.core.view import View
from semcomp.data import Dataset, Split, Strategy, audit, split
from semcomp.errors import SemcompError, unknown_name
from semcomp.study.artifacts import cached_view
from semcomp.study.budgets import BUDGETS, Budget
from semcomp.text import Encoder, embed
from semcomp.views.training import described, validation_ndcg

FREE = ("popularity", "LightGCN", "fusion's control")  # views that never see a text
VIEWS = (
    "popularity",
    "raw text",
    "projection",
    "LightGCN",
    "aligned",
    "fusion",
    "fusion's control",
    "CombSUM",
)
#: Of the audit's checks, those that can refuse a split, and those that can refuse a text.
SPLIT_CHECKS = ("pairs in two parts", "pairs of the data", "promises of the strategy")
TEXT_CHECKS = (
    "text names its own user",
    "text carries a held-out review",
    "text rows joined by id",
    "text rows as embedded",
    "text rows follow the texts",
)
DEPTH = 200  # places of the lists that rank fusion reads


@dataclass(frozen=True)
class Study:
    """Everything a chapter asks for, computed when asked and kept for the next chapter.

    Attributes:
        dataset: a name or a path, as for `load_dataset`, or a data set that is loaded already.
        budget_name: "smoke", "standard" or "full".
        split_seed: of the 8:1:1 split.
        k: the length of the lists that are judged.
        strategy: of the split, as for `split`: a name, or a strategy with its options.
        encoder: of the text, as for `embed`.
    """

    dataset: str | Dataset
    budget_name: str = "standard"
    split_seed: int = 2020
    k: int = 20
    strategy: str | Strategy = "random"
    encoder: str | Encoder = "auto"

    def __post_init__(self) -> None:
        if self.budget_name not in BUDGETS:
            raise unknown_name("budget", self.budget_name, BUDGETS)
        if self.k < 1:
            raise SemcompError(f"k = {self.k}, but a list has at least 1 place")

    @property
    def budget(self) -> Budget:
        return BUDGETS[self.budget_name]

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.budget.seeds

    @cached_property
    def data(self) -> Dataset:
        data = self.dataset if isinstance(self.dataset, Dataset) else load_dataset(self.dataset)
        if 2 * self.k > data.n_items:
            raise SemcompError(
                f"k = {self.k}, but lists of 2k are ranked and {data.name!r} has {data.n_items} items"
            )
        return data

    @cached_property
    def split(self) -> Split:
        """The split, audited: one that leaks is refused before anything is trained on it."""
        parts = split(self.data, strategy=self.strategy, seed=self.split_seed)
        audit(self.data, parts, checks=SPLIT_CHECKS).raise_if_leaking()
        return parts

    @cached_property
    def text(self) -> TextMatrix:
        """The text's vectors, audited: rows that stand on other items are refused."""
        matrix = embed(self.data, self.encoder)
        audit(self.data, self.split, text=matrix, checks=TEXT_CHECKS).raise_if_leaking()
        return matrix

    def view(self, name: str, seed: int = 0) -> View:
        """A view of this study, one of `VIEWS`, at the study's budget; trained at most once."""
        if name not in VIEWS:
            raise unknown_name("view", name, VIEWS)
        if name == "aligned":
            return self.aligned(self.align_weight, seed)
        if name == "CombSUM":
            return views.CombSum().fit(self.split, self.view("projection", seed), self.view("LightGCN", seed))
        plain, hard = self.budget.training(), self.budget.training(fusion=True)
        models: dict[str, Any] = {
            "popularity": views.Popularity(),
            "raw text": views.RawText(),
            "projection": views.SemanticProjection(training=plain),
            "LightGCN": views.LightGCN(training=plain),
            "fusion": views.NormConcatNorm(training=hard),
            "fusion's control": views.FusionControl(training=hard),
        }
        return self._fit(models[name], seed, reads_text=name not in FREE)

    def aligned(self, weight: float, seed: int = 0) -> View:
        """LightGCN with alignment of strength λ = `weight`."""
        model = views.AlignedLightGCN(weight=weight, training=self.budget.training())
        return self._fit(model, seed, reads_text=True)

    @cached_property
    def align_weight(self) -> float:
        """The λ of the budget's list with the best validation NDCG@20 at the first seed."""
        seed = self.seeds[0]
        return max(
            self.budget.align_weights, key=lambda w: validation_ndcg(self.aligned(w, seed), self.split)
        )

    def rank(self, name: str, seed: int = 0) -> TopK:
        """The test ranking of a view, 2k places; train and validation items masked."""
        return rank(self.view(name, seed), self.split, 2 * self.k)

    def ranks(self, name: str) -> list[TopK]:
        """Test rankings of a view, one a seed of the budget."""
        return [self.rank(name, seed) for seed in self.seeds]

    def rrf(self, seed: int = 0) -> TopK:
        """Reciprocal rank fusion of the projection's and LightGCN's lists."""
        depth = min(DEPTH, self.split.n_items)
        pair = [rank(self.view(name, seed), self.split, depth) for name in ("projection", "LightGCN")]
        return views.rrf(pair, 2 * self.k)

    @property
    def null(self) -> TopK:
        """The ranking of a second LightGCN, which differs from the first in its seed alone."""
        return self.rank("LightGCN", self.budget.null_seed)

    def _fit(self, model: Any, seed: int, *, reads_text: bool) -> View:
        recipe = {"model": type(model).__name__, "config": described(model), "seed": seed}
        recipe |= {
            "split": self.split.fingerprint,
            "text": self.text.provenance["sha256"] if reads_text else None,
        }
        inputs = (self.split, self.text) if reads_text else (self.split,)
        return cached_view(recipe, lambda: model.fit(*inputs, seed=seed))
