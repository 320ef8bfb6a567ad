"""Many probes at once: every kind of map on every cut of the items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import pandas as pd
import scipy.sparse as sp
from numpy.typing import ArrayLike
from tqdm import tqdm

from semcomp.core.evidence import COLUMNS, Evidence
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.item_cuts import ItemCut
from semcomp.evidence.mapping.maps import Kind, kind_of
from semcomp.evidence.mapping.measuring import check_lists, given_of, measure, task_of
from semcomp.evidence.mapping.sources import Source


def probe_all(
    source: Source,
    target: View,
    split: Split,
    kinds: Sequence[str | Kind],
    cuts: Sequence[str | ItemCut] = ("random",),
    *,
    target_as: str = "as is",
    k: int = 20,
    mask: str = "train+valid",
    seed: int = 2024,
    ceiling: Source | None = None,
    epochs: int = 400,
    resamples: int = 1000,
    max_users: int | None = None,
    first_seen: ArrayLike | None = None,
    categories: ArrayLike | sp.sparray | None = None,
) -> pd.DataFrame:
    """Every kind of map on every cut; each number is that of `probe` with the same arguments.

    True neighbourhoods are found once a cut, true rankings once for all cuts (once a cut where the form of
    the target depends on it). Floors and ceilings are fitted kind by kind: each map stands between its own.

    Args:
        kinds, cuts: what `probe` takes as kind and shift, at least one of each, no name twice.

    Returns:
        One row a cut, kind and value: columns cut, kind, measure ("r2_test" …), those of `Value`, and ceiling
        (NaN where there is none).

    Raises:
        SemcompError: no or repeated kinds or cuts, and whatever `probe` refuses, before the first fit.
    """
    configs = [kind_of(kind, epochs) for kind in kinds]
    given = given_of(source, target, split, ceiling, target_as, seed)
    chosen = given.cuts(cuts, first_seen, categories)
    _distinct("kinds", [name for name, _ in configs])
    _distinct("cuts", [cut.name for cut in chosen])
    for cut in chosen:
        check_lists(cut, split, k, mask, max_users)

    frames = []
    lists = None
    with tqdm(
        total=len(chosen) * len(configs), desc="probes", unit="probe", delay=3, leave=False, disable=None
    ) as bar:
        for cut in chosen:
            task = task_of(given, cut, k, mask, resamples, max_users, lists)
            lists = task.lists if target_as in ("as is", "normalised") else None  # the same on every cut
            for name, config in configs:
                frames.append(_rows(measure(task, name, config), cut.name, name))
                bar.update()
    return pd.concat(frames, ignore_index=True)


def _rows(evidence: Evidence, cut: str, kind: str) -> pd.DataFrame:
    values = evidence.values
    rows = []
    for measure_name, value in values.items():
        if measure_name.startswith("ceiling."):
            continue
        top = values.get(f"ceiling.{measure_name}")
        place = {"cut": cut, "kind": kind, "measure": measure_name}
        rows.append(place | asdict(value) | {"ceiling": None if top is None else top.value})
    numbers = {column: "int64" if column == "n" else "float64" for column in (*COLUMNS, "ceiling")}
    return pd.DataFrame(rows).astype(numbers)


def _distinct(label: str, names: Sequence[str]) -> None:
    if not names:
        raise SemcompError(f"there are no {label} to probe; name at least one")
    for name in names:
        if names.count(name) > 1:
            raise SemcompError(f"{name!r} stands among the {label} twice; name each once")
