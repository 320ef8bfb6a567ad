"""What the ledger asks of maps, parts and the alignment hypothesis, of two models' trainings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.core.items import Source
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence import (
    DecompositionSettings,
    Hypothesis,
    ProbeSettings,
    alignment_hypothesis,
    alignment_hypothesis_over_seeds,
    decompose,
    decompose_over_seeds,
    over_trainings,
    probe,
)
from semcomp.evidence.statistics.bootstrap import mean_of
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.evidence.statistics.over_trainings import check_trainings

KINDS = ("ridge", "mlp-1")


@checked
def probes_of(
    semantic: Sequence[View],
    collaborative: Sequence[View],
    split: Split,
    *,
    null: View | None = None,
    k: int = 20,
    epochs: int = 100,
    resamples: int = 1000,
    seed: int = 2024,
) -> dict[str, Evidence]:
    """Ridge and the network from each training of the text's model to one of the other, and their contrast.

    The ceiling of each pair is the next training of the target. Values are means over the pairs
    (`over_trainings`). "capacity" has `squared_error`, that of the network on held-out items, with ridge's
    as the null: a mean over items and trainings (`estimate_over_seeds`). The floor of each map is one
    shuffle, and no claim rests on it.

    Args:
        semantic, collaborative: views by training, as many of either.
        null: another training of the target's model; needed where there is one training, else refused.
        k: neighbours and places. epochs: of the network. resamples: of the bootstrap.
        seed: of the held-out items and of all else that is drawn.

    Raises:
        SemcompError: as `probe`, different numbers of views, and a training given twice.

    >>> probes_of([sem], [cf], split, null=null, k=5, epochs=2, resamples=50)["capacity"]["squared_error"].n
    40
    """
    trainings = _as_many(semantic, collaborative, null)
    settings = ProbeSettings(k=k, epochs=epochs, resamples=resamples, seed=seed)
    each = {
        kind: [
            probe(source, target, split, kind=kind, ceiling=ceiling, settings=settings)
            for source, target, ceiling in trainings
        ]
        for kind in KINDS
    }
    errors = {
        kind: np.array([one.table["squared_error"].to_numpy(np.float64) for one in found])
        for kind, found in each.items()
    }
    values = estimate_over_seeds(
        {"squared_error": errors["mlp-1"]},
        {"squared_error": mean_of("squared_error")},
        null={"squared_error": errors["ridge"]},
        resamples=resamples,
    )
    capacity = Evidence("contrast(mlp-1, ridge)", values, pd.DataFrame(), {})
    return {kind: over_trainings(found) for kind, found in each.items()} | {"capacity": capacity}


@checked
def parts_of(
    semantic: Sequence[View],
    collaborative: Sequence[View],
    split: Split,
    *,
    null: View | None = None,
    k: int = 20,
    max_users: int | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """`decompose_over_seeds` of the trainings; of a single pair `decompose`, with `null` as the second seed.

    Args:
        semantic, collaborative: views by training, as many of either.
        null: another training of the collaborative model; needed where there is one, else refused.
        k: places. max_users: that are ranked. resamples: of the bootstrap. seed: of what is drawn.

    Raises:
        SemcompError: as `decompose`, and different numbers of views.

    >>> parts_of([sem], [cf], split, null=null, resamples=50)["recall.collaborative.private"].null < 0.2
    True
    """
    settings = DecompositionSettings(k=k, resamples=resamples, max_users=max_users, seed=seed)
    (first, *others) = _as_many(semantic, collaborative, null)
    if others:
        return decompose_over_seeds(semantic, collaborative, split, settings=settings)
    return decompose(first[0], first[1], split, second=first[2], settings=settings)


@checked
def hypothesis_of(
    text: Source,
    collaborative: Sequence[View],
    split: Split,
    *,
    null: View | None = None,
    k: int = 20,
    resamples: int = 1000,
    seed: int = 0,
) -> Hypothesis:
    """`alignment_hypothesis_over_seeds`; of a single training `alignment_hypothesis` against `null`.

    Args:
        text: vectors of the split's items. collaborative: views by training.
        null: another training of that model; needed where there is one, else refused.
        k: neighbours and places. resamples: of the bootstrap. seed: of the folds and of what is drawn.

    Raises:
        SemcompError: as `alignment_hypothesis`.

    >>> hypothesis_of(text.matrix, [cf], split, null=null, resamples=50).parts["existence"].slack.seeds
    1
    """
    options: dict[str, Any] = {"k": k, "resamples": resamples, "seed": seed}
    seconds = _seconds(collaborative, null)
    if len(collaborative) == 1:
        return alignment_hypothesis(text, collaborative[0], split, seeds=seconds, **options)
    return alignment_hypothesis_over_seeds(text, collaborative, split, **options)


def _as_many(
    semantic: Sequence[View], collaborative: Sequence[View], null: View | None
) -> list[tuple[View, View, View]]:
    """Source, target and another training of the target; SemcompError where they cannot be had."""
    if len(semantic) != len(collaborative) or not semantic:
        raise SemcompError(
            f"{len(semantic)} trainings of one model, {len(collaborative)} of the other; "
            "give as many of either"
        )
    check_trainings(semantic)
    check_trainings(collaborative)
    return list(zip(semantic, collaborative, _seconds(collaborative, null), strict=True))


def _seconds(trainings: Sequence[View], null: View | None) -> list[View]:
    """For each training another one: of several the next, of a single one the null."""
    if null is not None and len(trainings) == 1:
        return [null]
    if null is not None or len(trainings) == 1:
        raise SemcompError(
            f"{len(trainings)} trainings and {'no' if null is None else 'a'} null; of one training give "
            "another as null, of several none: each is another's"
        )
    return [*trainings[1:], *trainings[:1]]
