"""Can one view's items be mapped onto the other's? A probe fitted on some items and judged on the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

import pandas as pd
from tqdm import tqdm

from semcomp.checks import checked
from semcomp.core.evidence import COLUMNS, WHOLE, Evidence
from semcomp.core.items import Source
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.mapping.holdouts import ItemHoldout
from semcomp.evidence.mapping.item_metrics import held_out_values, train_values
from semcomp.evidence.mapping.maps import Kind, kind_of
from semcomp.evidence.mapping.recommendation import TrueLists, recommendation_values, true_lists
from semcomp.evidence.mapping.task import ProbeSettings, Problem, Task

# what the published scripts call their numbers -> what they are called here
PUBLISHED = {
    "r2": "r2_test",
    "cosine": "cosine",
    "geojac": "neighbour_jaccard",
    "spearman": "spearman",
    "rec_cf": "recall_true",
    "rec_ps": "recall_mapped",
    "drop_percent": "drop_percent",
    "list_jaccard": "list_jaccard",
}


SAME_EVERYWHERE = ("raw", "normalised")  # forms of the target that no holdout changes
USUAL = ProbeSettings()
NOTHING: Mapping[str, Any] = {}


@checked
def probe(
    source: Source,
    target: View,
    split: Split,
    *,
    kind: str | Kind = "ridge",
    shift: str | ItemHoldout = "random",
    ceiling: Source | None = None,
    known: Mapping[str, Any] = NOTHING,
    settings: ProbeSettings = USUAL,
) -> Evidence:
    """Fit a map from the source's item vectors to the target's on some of the items; measure it on others.

    On the held-out items, with predictions ĉ and targets c of d dimensions:

    - `r2_test`: mean over dimensions of 1 − SSE / SST, SST around the held-out mean (the uniform average of
      sklearn's r2_score; a dimension that does not vary over the items is omitted from the mean, and the
      value is omitted if none varies); `r2_test_weighted`: 1 − ΣSSE / ΣSST; `r2_train`, `r2_train_weighted`:
      the same of the fitted items, without interval;
    - `cosine` of ĉ and c, and `cosine_centred` after taking the fitted items' mean target from both;
    - `neighbour_jaccard`: Jaccard of the k cosine neighbours, within the held-out items, by ĉ and by c;
      `neighbour_jaccard_chance`: its expectation for random neighbours;
    - `spearman`: rank correlation of an item's cosines to held-out items (1,000 of them at random where there
      are more), by ĉ and by c;
    - `recall_true`, `recall_mapped`: Recall@k of the target's user vectors against true and against mapped
      item vectors (all items mapped, the fitted ones included), all items ranked, the held-out items of the
      test part to be found, over users with any; `drop_percent` = 100 (true − mapped) / true;
      `recall_mapped_heldout`: only held-out items mapped, so that they compete with true vectors;
    - `…_rescaled` of these three: predictions given the lengths of the true vectors, so that only directions
      are tested. A map that is unsure predicts short vectors, which lose to true ones;
    - `list_jaccard`: Jaccard of a user's k best items by true and by mapped vectors, nothing masked, over the
      users with test items (1,000 of them at random where there are more).

    The null of each is the floor: the same probe fitted on the same items with the pairs shuffled, once, so
    that on a few hundred items it scatters by some hundredths. (For
    neighbourhoods it lies above chance: any linear map keeps some of the source's own geometry.) With
    `ceiling` each is also measured for the map from that view's items, as `ceiling.r2_test` and so on. That
    is what one seed predicts of another; both are noisy, so a source without noise can explain more:

    - `reliability`, at most this: the mean of √R² over dimensions, R² being that of the ceiling's map
      (attenuation, see `item_metrics.reliability`); `reliability_weighted`: along principal axes, weighted
      by variance. Too low where the ceiling's map is learnt badly, from few items;
    - `r2_of_reliable`, `r2_of_reliable_weighted`: `r2_test` and `r2_test_weighted` over these, the share of
      what can be explained at all; `r2_of_seed`: `r2_test` over the ceiling's, which may exceed 1.

    Definitions: methods of arXiv 2604.22195, with the controls added. A zero row has cosine 0 to all; values
    over no user are omitted.

    Which items are held out (`shift`):

    - "random": a fifth; "popularity": the fifth with fewest train interactions; "popularity-reversed": with
      most; "temporal": the fifth seen last; "category", "cluster": whole categories, or k-means clusters of
      the source's vectors, about a fifth of the items;
    - "strict-cold": the items without train interactions. The target was never trained on them, so what
      compares with its vectors (R², cosines, neighbours, lists, true recall, drop, ceiling, rescaling) is
      omitted: `recall_mapped`, `recall_mapped_heldout` and `r2_train` remain. (In other holdouts such items
      count with whatever vectors the target has.)

    Args:
        source: a view of the split's items, a `TextMatrix` (joined by id) or an array (I, D). It is used
            unchanged, so normalise it first if desired.
        target: a view; another layer of a model is another view.
        kind: a name of `KINDS`, or a configuration of its own. In closed form: "ridge" (penalty by 5 folds of
            the fitted items), "linear" (least squares), "reduced-rank" (rank and penalty by folds),
            "procrustes" (turn, scale and shift), "kernel-ridge" (RBF on 500 landmarks). Trained:
            "linear-adam", "mlp-1", "mlp-2", "mlp-3" as published; "mlp-1-early-stopping" … with
            early stopping on fitted items and weight decay; "contrastive" (InfoNCE, then one scale).
        ceiling: the target's model under another seed: what a map reaches from a noisy copy of the target.
        known: of the items: `first_seen`, (I,) time of each item's first interaction, for "temporal";
            `categories`, (I,) labels or a sparse (I, categories) matrix, for "category".
        settings: form of the target, k, mask, seed, epochs, resamples.

    Returns:
        Evidence whose table has one row per held-out item.

    Raises:
        SemcompError: sides that do not fit the split, an unknown kind, shift, form or mask, fewer than 10
            items on a side, k not between 1 and the number of held-out items less 1, a shift without the
            data it needs.

    >>> few = sc.ProbeSettings(resamples=100)
    >>> sc.probe(text, cf, split, ceiling=null, settings=few)["r2_test"].value < 1
    True
    """
    name, config = kind_of(kind, settings.epochs)
    problem = Problem.of(source, target, split, ceiling, settings, known)
    task = Task.of(problem, problem.holdout(shift))
    return _measure(task, true_lists(problem, task.goal), name, config)


@checked
def published_probe(
    source: Source,
    target: View,
    split: Split,
    *,
    kind: str = "linear-adam",
    ceiling: Source | None = None,
    resamples: int = 1000,
) -> Evidence:
    """The probe of arXiv 2604.22195 as in its scripts; `PUBLISHED` says which number is which.

    A random fifth of the items by numpy's seed 2024, train history masked, k = 20, uncentred cosines, and
    maps of 400 epochs of Adam: "linear-adam", "mlp-1", "mlp-2" or "mlp-3". Known of this recipe: on few items
    the linear map has not converged after 400 epochs; the networks memorise; `recall_mapped` and
    `list_jaccard` map the fitted items too and reward that; a target with a mean direction gives a constant
    prediction a cosine above 0. Floor, ceiling and intervals are ours.

    Raises:
        SemcompError: as `probe`.
    """
    settings = ProbeSettings(k=20, mask="train", seed=2024, epochs=400, resamples=resamples)
    return probe(source, target, split, kind=kind, ceiling=ceiling, settings=settings)


@checked
def probe_all(
    source: Source,
    target: View,
    split: Split,
    kinds: Sequence[str | Kind],
    holdouts: Sequence[str | ItemHoldout] = ("random",),
    *,
    ceiling: Source | None = None,
    known: Mapping[str, Any] = NOTHING,
    settings: ProbeSettings = USUAL,
) -> pd.DataFrame:
    """Every kind of map on every holdout; each number is that of `probe` with the same arguments.

    True neighbourhoods are found once per holdout, true rankings once for all holdouts (once per holdout
    where the form of the target depends on it). Floors and ceilings are fitted kind by kind: each map is
    read between its own.

    Args:
        kinds, holdouts: what `probe` takes as kind and shift, at least one of each, no name twice.

    Returns:
        One row per holdout, kind and value: columns holdout, kind, measure ("r2_test" …), those of `Value`,
        and ceiling (NaN where there is none).

    Raises:
        SemcompError: no or repeated kinds or holdouts, and whatever `probe` refuses, before the first fit.
    """
    configs = [kind_of(kind, settings.epochs) for kind in kinds]
    problem = Problem.of(source, target, split, ceiling, settings, known)
    chosen = [problem.holdout(shift) for shift in holdouts]
    _distinct("kinds", [name for name, _ in configs])
    _distinct("holdouts", [holdout.name for holdout in chosen])
    tasks = [Task.of(problem, holdout) for holdout in chosen]

    frames = []
    lists: TrueLists | None = None
    with tqdm(
        total=len(tasks) * len(configs), desc="probes", unit="probe", delay=3, leave=False, disable=None
    ) as bar:
        for task in tasks:
            if lists is None or settings.target_as not in SAME_EVERYWHERE:
                lists = true_lists(problem, task.goal)
            for name, config in configs:
                frames.append(_rows(_measure(task, lists, name, config), task.holdout.name, name))
                bar.update()
    return pd.concat(frames, ignore_index=True)


def _measure(task: Task, lists: TrueLists | None, name: str, config: Kind) -> Evidence:
    """All values of one map on one holdout; the table has one row per held-out item."""
    problem, holdout = task.problem, task.holdout
    predictions = task.predictions(config)
    values = train_values(task, predictions)
    table = pd.DataFrame(
        {"item_id": problem.split.item_ids[holdout.held].astype(object)},
        index=pd.Index(holdout.held, name="item"),
    )
    if not holdout.cold:
        found, columns = held_out_values(task, predictions)
        values |= found
        table["squared_error"] = columns["sse"].sum(axis=1)
        for column in ("cosine", "neighbour_jaccard", "spearman"):
            table[column] = columns[column]
    if lists is not None:
        values |= recommendation_values(task, lists, predictions)
    title = f"probe({problem.source.name} -> {problem.target.name}, {name})"
    return Evidence(title, values, table, _provenance(task, name, config))


def _provenance(task: Task, name: str, config: Kind) -> dict[str, Any]:
    """The split, the configuration and the sides, as plain types."""
    problem, settings = task.problem, task.problem.settings
    known: dict[str, Any] = asdict(config) if is_dataclass(config) and not isinstance(config, type) else {}
    return {
        "split": problem.split.fingerprint,
        "kind": name,
        "map": known,
        "shift": task.holdout.name,
        **asdict(settings),
        "epochs": known.get("epochs"),
        "items": {"fitted": len(task.holdout.fitted), "held_out": len(task.holdout.held)},
        **problem.record(),
    }


def _rows(evidence: Evidence, holdout: str, kind: str) -> pd.DataFrame:
    values = evidence.values
    rows = []
    for measure_name, value in values.items():
        if measure_name.startswith("ceiling."):
            continue
        top = values.get(f"ceiling.{measure_name}")
        place = {"holdout": holdout, "kind": kind, "measure": measure_name}
        numbers = {name: getattr(value, name) for name in COLUMNS}
        rows.append(place | numbers | {"ceiling": None if top is None else top.value})
    numbers = {column: "int64" if column in WHOLE else "float64" for column in (*COLUMNS, "ceiling")}
    return pd.DataFrame(rows).astype(numbers)


def _distinct(label: str, names: Sequence[str]) -> None:
    if not names:
        raise SemcompError(f"there are no {label} to probe; name at least one")
    for name in names:
        if names.count(name) > 1:
            raise SemcompError(f"{name!r} is among the {label} twice; name each once")
