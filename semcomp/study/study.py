"""One data set under one budget: its split, its text, its views by name, and where evidence is kept."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from semcomp.api import load_dataset
from semcomp.checks import checked
from semcomp.core.inputs import Inputs, Model, as_view
from semcomp.core.joining import Ids
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.core.view import Scorer, View
from semcomp.data import Dataset, Split, Strategy, audit, split
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence import evaluate
from semcomp.kernels.random import whole_seed
from semcomp.storage import digest
from semcomp.study.artifacts import cached_view
from semcomp.study.budgets import BUDGETS, Budget
from semcomp.study.code import has_code, modules_of
from semcomp.study.reservations import NOT_JUDGED, reservation
from semcomp.study.settings import settings_for
from semcomp.text import Encoder, embed
from semcomp.views.configurations import budgeted, changed
from semcomp.views.registry import entry, reads_order
from semcomp.views.training import described, is_cut_off, validation_ndcg

#: Of the audit's checks, those that can refuse a split, and those that can refuse a text.
SPLIT_CHECKS = ("pairs in two parts", "pairs of the data", "promises of the strategy")
TEXT_CHECKS = (
    "text names its own user",
    "text carries a held-out review",
    "text rows joined by id",
    "text rows as embedded",
    "text rows follow the texts",
)


@checked
@dataclass(frozen=True)
class Study:
    """Everything a chapter needs, computed on request and kept for the next chapter.

    Attributes:
        dataset: a name or a path, as for `load_dataset`, or a data set that is already loaded.
        budget_name: "smoke", "standard" or "full".
        split_seed: of the 8:1:1 split.
        k: the length of the lists that are judged.
        strategy: of the split, as for `split`: a name, or a strategy with its options.
        encoder: of the text, as for `embed`.

    >>> study = sc.Study("planted", "smoke")
    >>> study.data.n_items
    200
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
                f"k = {self.k}, but lists of 2k are ranked and {data.name!r} has {data.n_items} items; "
                f"it takes {2 * self.k} items, or a k of at most {data.n_items // 2}"
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
        """The text's vectors, audited: rows of other items are refused."""
        matrix = embed(self.data, self.encoder)
        audit(self.data, self.split, text=matrix, checks=TEXT_CHECKS).raise_if_leaking()
        return matrix

    def settings(self, name: str, **options: Any) -> tuple[Any, str]:
        """The tuned model behind a view, at the study's budget, and where its options come from.

        Args:
            options: those that are set otherwise, e.g. `weight=0.3`.

        >>> study.settings("LightGCN")[0].dim
        64
        """
        model, origin = settings_for(self.data.name, self.split, name)
        spend = self.budget
        model = budgeted(model, spend.epochs, spend.patience, spend.schedule, spend.rate)
        return changed(model, options, name), origin

    def inputs(self, name: str, seed: int = 0) -> Inputs:
        """What a view of the registry is fitted to: the split, the text if it reads one, and its views.

        >>> study.inputs("projection").text is study.text
        True
        """
        known = entry(name)
        return Inputs(
            self.split,
            self.text if known.reads_text else None,
            [self.scorer(one, seed) for one in known.views],
        )

    def scorer(self, name: str, seed: int = 0, **options: Any) -> Scorer:
        """What can be ranked under a name of the registry, at the study's budget; trained at most once.

        Args:
            options: of the model, set otherwise than tuned or chosen: `study.scorer("aligned", weight=0.0)`.

        >>> study.scorer("EASE").name
        'EASE'
        """
        known = entry(name)
        if known.strength and known.strength not in options:
            options[known.strength] = self.strength(name)
        return self.fit(self.settings(name, **options)[0], seed, self.inputs(name, seed))

    def view(self, name: str, seed: int = 0, **options: Any) -> View:
        """As `scorer`, for those that have vectors; EASE and the neighbourhood models have none.

        >>> study.view("LightGCN", seed=0).shape
        (300, 200)
        """
        return as_view(self.scorer(name, seed, **options), "it can be ranked, but not mapped")

    def strength(self, name: str) -> float:
        """Of the budget's `align_weights`, the one with the best validation NDCG@20 at the first seed.

        For a view whose entry names an option as its `strength`. Ties go to the first.

        >>> study.strength("aligned") in study.budget.align_weights
        True
        """
        known = entry(name)
        if known.strength is None:
            raise SemcompError(f"{name} has no strength to choose; its options are those of its settings")
        if name not in self._strengths:
            seed, option = self.seeds[0], known.strength
            self._strengths[name] = max(
                self.budget.align_weights,
                key=lambda value: validation_ndcg(self.scorer(name, seed, **{option: value}), self.split),
            )
        return self._strengths[name]

    @cached_property
    def _strengths(self) -> dict[str, float]:
        return {}

    def rank(self, name: str, seed: int = 0) -> TopK:
        """The test ranking of a view, 2k places; train and validation items masked.

        >>> study.rank("popularity").n_users
        300
        """
        return rank(self.scorer(name, seed), self.split, 2 * self.k)

    def ranks(self, name: str) -> list[TopK]:
        """Test rankings of a view, one per seed of the budget.

        >>> len(study.ranks("popularity")) == len(study.seeds)
        True
        """
        return [self.rank(name, seed) for seed in self.seeds]

    @property
    def seed_null(self) -> TopK:
        """The ranking of a second LightGCN, which differs from the first in its seed alone."""
        return self.rank("LightGCN", self.budget.null_seed)

    @cached_property
    def reservation(self) -> str:
        """Why no verdict should be taken from this study; empty where nothing is against it.

        So it is at the budget "smoke", where the first LightGCN's recall is not above popularity's, and where
        a training of LightGCN or of the projection was cut off.
        """
        ours, popular = (
            evaluate(self.rank(name, self.seeds[0]), self.split, self.k, resamples=0)
            for name in ("LightGCN", "popularity")
        )
        late = () if self.budget_name == "smoke" else self.cut_off("LightGCN", "projection")
        return reservation(self.budget_name, ours, popular, late)

    def cut_off(self, *names: str) -> tuple[str, ...]:
        """Of these views those with a training, at any seed, that ended with the budget's epochs.

        A baseline that would still improve decides nothing: its clock is part of every difference from it.

        >>> study.cut_off("popularity", "LightGCN")
        ('LightGCN',)
        """
        fits = {name: [self.scorer(name, seed) for seed in self.seeds] for name in names}
        return tuple(name for name, made in fits.items() if any(map(is_cut_off, made)))

    def says(self, verdict: object) -> str:
        """A verdict as it may be shown: in its own words, or as "not judged" where there is a reservation.

        >>> study.says("holds")
        'not judged'
        """
        return NOT_JUDGED if self.reservation else str(verdict)

    def fit(self, model: Model, seed: int = 0, inputs: Inputs | Split | None = None) -> Scorer:
        """A model on `inputs`, or on the study's split alone; a view is trained at most once.

        A text and views are known by digests of their ids and rows, and the order of events by its own, for
        models that read it. What has no digest is fitted each time: views without vectors, options that are
        no plain values, and code that is in no file or in one that was changed since this process began (see
        `has_code`).

        >>> study.fit(sc.views.Popularity()).name
        'popularity'
        """
        seed = whole_seed(seed)
        given, modules = Inputs.of(self.split if inputs is None else inputs), modules_of(model)
        views = [view for view in given.views if isinstance(view, View)]
        if len(views) < len(given.views) or not modules or not has_code(*modules):
            return model.fit(given, seed)
        try:
            config = digest(described(model))
        except TypeError:  # an option that is no plain value
            return model.fit(given, seed)
        split, text = given.split, given.text
        recipe = {
            "config": config,
            "seed": seed,
            "split": split.fingerprint,
            "text": None if text is None else digest(text.item_ids.tolist(), text.matrix),
            "views": [
                digest(*map(_listed, (view.user_ids, view.item_ids)), view.users, view.items)
                for view in views
            ],
        }
        if reads_order(model):
            recipe["order"] = split.order_fingerprint
        return cached_view(recipe, lambda place: model.fit(given, seed, checkpoint=place), modules=modules)


def _listed(ids: Ids | None) -> list[str] | None:
    return None if ids is None else ids.tolist()
