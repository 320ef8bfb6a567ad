"""From the target's item vectors to the mapped ones in steps, and what recall does on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View, directions
from semcomp.data import Split
from semcomp.evidence.statistics.bootstrap import Floats


def on_the_way(goal: Floats, mapped: Floats, t: float) -> NDArray[np.float32]:
    """`‖c‖ · unit((1 − t) unit(c) + t unit(m))` a row: the direction turns from c to m, the length stays.

    Predictions are shorter than what they predict, the more so the worse they are, and lengths rank items.
    With the lengths held fixed, what happens along the path is owed to directions alone. A zero row of either
    side has no direction: it adds nothing, and a row of two such is zero. At t = 0 it is the target itself.
    """
    if t == 0:
        return goal.astype(np.float32)
    direction = (1 - t) * directions(goal) + t * directions(mapped)
    return np.asarray(np.linalg.norm(goal, axis=1, keepdims=True) * directions(direction), dtype=np.float32)


def path_recalls(
    target: View, mapped: Mapping[str, Floats], split: Split, steps: Sequence[float], k: int, mask: str
) -> tuple[NDArray[np.int64], dict[str, Floats]]:
    """Recall@k of each user with test items, by name and step, the users' vectors held fixed.

    Returns:
        (n,) user rows, and columns "name.t" of (n,) recalls. All names share the one at t = 0.
    """
    users = np.flatnonzero(np.diff(split.test.indptr))
    few = split.of_users(users)
    goal = target.items.astype(np.float64)

    def recall(items: NDArray[np.float32]) -> Floats:
        lists = rank(View("path", target.users[users], items), few, k, mask=mask)
        return per_user(lists, few.test, k)["recall"].to_numpy()

    start = recall(goal.astype(np.float32))
    columns: dict[str, Floats] = {}
    todo = [(name, t) for name in mapped for t in steps]
    for name, t in tqdm(todo, desc="path", unit="ranking", delay=3, leave=False, disable=None):
        columns[f"{name}.{t:g}"] = start if t == 0 else recall(on_the_way(goal, mapped[name], t))
    return users, columns
