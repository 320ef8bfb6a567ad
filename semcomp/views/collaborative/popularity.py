"""The view that every other must beat: the same list for every user."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.views.origin import origin


@checked
@dataclass(frozen=True)
class Popularity:
    """Score = number of train interactions of the item. One dimension, nothing trained."""

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        split = Inputs.of(inputs).split
        counts = np.asarray(split.train.sum(axis=0), dtype=np.float32).reshape(-1, 1)
        users = np.ones((split.n_users, 1), np.float32)
        made = origin(self, split, seed)
        return View("popularity", users, counts, made, split.user_ids, split.item_ids)
