"""One data set under one budget: its split, its text, its views by name, and where evidence is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from semcomp import views
from semcomp.api import load_dataset
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.core.view import Scorer, View
from semcomp.data import Dataset, Split, Strategy, audit, split
from semcomp.errors import SemcompError, unknown_name
from semcomp.storage import digest
from semcomp.study.artifacts import cached_view
from semcomp.study.budgets import BUDGETS, Budget
from semcomp.study.settings import settings_for
from semcomp.study.zoo import ZOO, budgeted
from semcomp.text import Encoder, embed
from semcomp.views.training import described, validation_ndcg

VIEWS = (*ZOO, "CombSUM")
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

    def settings(self, name: str) -> tuple[Any, str]:
        """The tuned model behind a view, at the study's budget, and where its options come from."""
        model, origin = settings_for(self.data.name, self.split, name)
        return budgeted(model, self.budget.epochs, self.budget.patience), origin

    def scorer(self, name: str, seed: int = 0) -> Scorer:
        """What can be ranked under a name of `VIEWS`, at the study's budget; trained at most once."""
        if name not in VIEWS:
            raise unknown_name("view", name, VIEWS)
        if name == "aligned":
            return self.aligned(self.align_weight, seed)
        if name == "CombSUM":
            return views.CombSum().fit(self.split, self.view("projection", seed), self.view("LightGCN", seed))
        return self.fit(self.settings(name)[0], seed, self.text if ZOO[name].reads_text else None)

    def view(self, name: str, seed: int = 0) -> View:
        """As `scorer`, for those that have vectors; EASE and the neighbourhood models have none."""
        made = self.scorer(name, seed)
        if not isinstance(made, View):
            raise SemcompError(f"{name} scores without vectors; it can be ranked, but it is no view to map")
        return made

    def aligned(self, weight: float, seed: int = 0) -> View:
        """LightGCN with alignment of strength λ = `weight`, all else as tuned."""
        made = self.fit(replace(self.settings("aligned")[0], weight=weight), seed, self.text)
        assert isinstance(made, View)
        return made

    @cached_property
    def align_weight(self) -> float:
        """The λ of the budget's list with the best validation NDCG@20 at the first seed."""
        seed = self.seeds[0]
        return max(
            self.budget.align_weights, key=lambda w: validation_ndcg(self.aligned(w, seed), self.split)
        )

    def rank(self, name: str, seed: int = 0) -> TopK:
        """The test ranking of a view, 2k places; train and validation items masked."""
        return rank(self.scorer(name, seed), self.split, 2 * self.k)

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

    def fit(self, model: Any, seed: int = 0, text: TextMatrix | None = None) -> Scorer:
        """A model on the study's split, and on `text` if it reads one; trained at most once.

        A text is known by its rows' digest, `provenance["sha256"]` where it has one.
        """
        recipe = {"config": described(model), "seed": seed, "split": self.split.fingerprint}
        recipe["text"] = None if text is None else text.provenance.get("sha256") or digest(text.matrix)
        inputs = (self.split,) if text is None else (self.split, text)

        def make(checkpoint: Path) -> Scorer:
            kept = {"checkpoint": checkpoint} if hasattr(model, "training") else {}
            made: Scorer = model.fit(*inputs, seed=seed, **kept)
            return made

        return cached_view(recipe, make)
