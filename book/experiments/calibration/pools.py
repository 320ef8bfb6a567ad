"""Small planted worlds, many trainings of every view in each, and replicates of a study drawn from both.

A replicate is what somebody would have who had drawn other users from the same population and trained every
view with other seeds: as many users as the world has, drawn with replacement, and the budget's number of
trainings of each view, which no other replicate of the same world and kind has. Items, their texts and what
the views were trained on are the world's. Given the world, replicates of one kind are therefore independent
and alike, and their mean over many is what the effect is in truth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np

from semcomp.core.inputs import Inputs, as_view
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.planted import World
from semcomp.study import Study
from semcomp.study.budgets import BUDGETS, Budget
from semcomp.study.nulls import shuffled_text
from semcomp.views import AlignedLightGCN, FusionControl, LightGCN, NormConcatNorm, SemanticProjection
from semcomp.views.training import SampledSoftmax, Training

USERS, ITEMS, K = 500, 160, 10
SMALL = World(users=USERS, items=ITEMS, dim=6, activity=14.0, sharpness=2.5, popularity=0.5)
#: The text knows much that sparse behaviour hardly shows; and it knows nothing that matters to users but what
#: behaviour, which is denser, shows too.
WORLDS: dict[str, World] = {
    "private text": replace(SMALL, shared=0.4, semantic_private=1.5, noise=0.2, activity=7.0, seed=1),
    "redundant text": replace(SMALL, shared=0.8, semantic_private=0.0, noise=0.4, seed=3),
}
TRAINING = Training(SampledSoftmax(negatives=64), epochs=8, batch=1024, lr=0.05, every=4, patience=2)
DIM, WEIGHT = 16, 0.1
SHUFFLED = "fusion of shuffled text"
MODELS: dict[str, Any] = {
    "LightGCN": LightGCN(DIM, training=TRAINING),
    "projection": SemanticProjection(DIM, training=TRAINING),
    "aligned": AlignedLightGCN(2 * DIM, training=TRAINING, weight=WEIGHT),
    "fusion": NormConcatNorm(2 * DIM, training=TRAINING),
    "wide LightGCN": FusionControl(2 * DIM, training=TRAINING),
    SHUFFLED: NormConcatNorm(2 * DIM, training=TRAINING),
}
#: How a replicate's views are drawn: each as what it is called, or, where nothing is to be found, every one
#: from trainings of LightGCN that no other view of the replicate has.
KINDS = ("planted", "seeds alone")
#: Of each kind and budget in each world; at *smoke*, where nothing is judged, a few show why.
REPLICATES = {
    "planted": {"smoke": 6, "standard": 24, "full": 10},
    "seeds alone": {"smoke": 6, "standard": 24, "full": 10},
}
Key = tuple[str, str, str, int]  # kind, world, budget, replicate


@dataclass(frozen=True, eq=False)
class Replicate:
    """A study as it might have come out.

    Attributes:
        kind, world: see `KINDS` and `WORLDS`. budget: with its numbers of resamples and trainings.
        at: which replicate of its kind, world and budget.
    """

    kind: str
    world: str
    budget: Budget
    at: int

    @property
    def seed(self) -> int:
        """Of the users, and of whatever else is drawn: which items are held out, shuffles, resamples."""
        place = 1000 * list(BUDGETS).index(self.budget.name) + 10_000 * KINDS.index(self.kind)
        return 1 + self.at + place

    @cached_property
    def users(self) -> np.ndarray:
        """(U,) rows of the world's users, drawn with replacement."""
        return np.random.default_rng([WORLDS[self.world].seed, self.seed]).integers(0, USERS, USERS)

    @cached_property
    def split(self) -> Split:
        """That of the users drawn, under ids of their own."""
        whole = study_of(self.world).split
        return replace(whole.of_users(self.users), user_ids=whole.user_ids)

    @property
    def text(self) -> np.ndarray:
        """(I, D) the items' text vectors."""
        return study_of(self.world).text.rows_for(self.split.item_ids)

    def views(self, name: str) -> list[View]:
        """A view's trainings: one for each of the budget's seeds, and of LightGCN for the null's."""
        model, step = name if self.kind == "planted" else "LightGCN", stride(self.kind, self.budget)
        places = dealt(self.kind, self.budget)[name]
        return [self._drawn(trained(self.world, model, self.at * step + place)) for place in places]

    @property
    def null(self) -> View:
        """The LightGCN of the budget's null seed."""
        return self.views("LightGCN")[seeds_of(self.budget).index(self.budget.null_seed)]

    def _drawn(self, view: View) -> View:
        return View(view.name, view.users[self.users], view.items, view.provenance)


def seeds_of(budget: Budget) -> list[int]:
    """The seeds that LightGCN is trained with: the budget's own and that of the null."""
    return sorted({*budget.seeds, budget.null_seed})


def dealt(kind: str, budget: Budget) -> dict[str, list[int]]:
    """By view, which trainings of its model the first replicate has; the next has the next ones, as many."""
    of_null, several = len(seeds_of(budget)), len(budget.seeds)
    if kind == "planted":
        return {name: list(range(of_null if name == "LightGCN" else several)) for name in MODELS}
    own = range(of_null)
    second, third, fourth = (range(of_null + n * several, of_null + (n + 1) * several) for n in (0, 1, 2))
    return {"LightGCN": [*own], "projection": [*second], "fusion": [*second], "wide LightGCN": [*third],
            SHUFFLED: [*third], "aligned": [*fourth]}  # fmt: skip


def stride(kind: str, budget: Budget) -> int:
    """Trainings of LightGCN that a replicate takes; of no model does it take more."""
    return 1 + max(max(places) for places in dealt(kind, budget).values())


def all_keys(worlds: Sequence[str] = tuple(WORLDS)) -> list[Key]:
    """Replicates of every kind, world and budget, taking turns, so that a part of a run has some of each."""
    counts = {(kind, name): count for kind in KINDS for name, count in REPLICATES[kind].items()}
    turns = sorted((at / count, *of, at) for of, count in counts.items() for at in range(count))
    return [(kind, world, name, at) for _, kind, name, at in turns for world in worlds]


@cache
def study_of(world: str) -> Study:
    """The study of a world, whose cache holds the trainings."""
    return Study(WORLDS[world].dataset(), k=K)


@cache
def trained(world: str, model: str, seed: int) -> View:
    study = study_of(world)
    text = shuffled_text(study, seed) if model == SHUFFLED else study.text
    return as_view(study.fit(MODELS[model], seed, Inputs(study.split, text)), model)


def replicate(kind: str, world: str, budget: str, at: int) -> Replicate:
    """The replicate of that key; equal keys give equal replicates."""
    return Replicate(kind, world, BUDGETS[budget], at)
