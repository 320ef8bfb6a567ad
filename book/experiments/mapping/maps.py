"""Maps from text to collaborative vectors, as tables for page 11.

The maps are those of `probe_all` and `published_probe`. Data sets and maps that were not measured have an
empty cell or no row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd

from book.experiments.mapping.tables import Records, cell, filled, having
from semcomp.core.evidence import COLUMNS, Evidence, Value
from semcomp.evidence.statistics.verdicts import Word, verdict

LARGER = ("kernel-ridge", "contrastive", "mlp-1", "mlp-1-early-stopping")  # what can do more than a ridge map
R2 = "r2_test_weighted"
RECALLS = {
    "recall_true": "true",
    "recall_mapped": "all",
    "recall_mapped_rescaled": "all, rescaled",
    "recall_mapped_heldout": "held out",
    "recall_mapped_heldout_rescaled": "held out, rescaled",
    "drop_percent": "Drop %",
    "drop_percent_rescaled": "Drop %, rescaled",
}
FITTED, HELD_OUT = "fitted", "held out"
#: What the published recipe is to be read by: key of `published_probe` -> in words.
PITFALLS = {
    "cosine": "cosine",
    "cosine_centred": "cosine, centred",
    "list_jaccard": "Jaccard of lists",
    "recall_true": "recall, true",
    "recall_mapped": "recall, all",
    "recall_mapped_heldout": "recall, held out",
}
ADAM, SOLVED, RIDGE, NETWORK, DEEPER = "Adam", "closed form", "ridge", "MLP-1", "MLP-3"
TRAINED = {ADAM: "linear-adam", NETWORK: "mlp-1"}
CLOSED = {SOLVED: "linear", RIDGE: "ridge"}
#: By arXiv 2604.22195, means over dimensions. It names no data set with them (Movies, presumably).
REPORTED = {f"{ADAM}: {FITTED}": 0.171, f"{ADAM}: {HELD_OUT}": 0.166, f"{DEEPER}: {HELD_OUT}": -0.495}


def maps(kept: Records, source: str) -> dict[str, pd.DataFrame]:
    """Rows of `probe_all` from a source, by data set."""
    return {
        name: pd.DataFrame(found[source]) for name, found in having(kept, "probes").items() if source in found
    }


def one_of(
    rows: pd.DataFrame, measure: str, kind: str = "ridge", holdout: str = "random"
) -> tuple[Value, float | None] | None:
    """A value of a probe with its ceiling, if it has one; None where it was not measured."""
    chosen = rows[(rows["measure"] == measure) & (rows["kind"] == kind) & (rows["holdout"] == holdout)]
    if chosen.empty:
        return None
    row = chosen.iloc[0].dropna()
    value = Value(**{key: row[key] for key in COLUMNS if key in row} | {"n": int(row["n"])})
    return value, row.get("ceiling")


def _cell_of(rows: pd.DataFrame, measure: str, kind: str = "ridge", digits: int = 3) -> str:
    found = one_of(rows, measure, kind)
    return "" if found is None else cell(*found, digits=digits)


def kinds_by_dataset(kept: Records, source: str) -> pd.DataFrame:
    """For `shift_table`: all maps on the random holdout, which is named by the data set."""
    return _joined(
        rows[rows["holdout"] == "random"].assign(holdout=name) for name, rows in maps(kept, source).items()
    )


def holdouts_by_dataset(kept: Records, source: str, kind: str = "ridge") -> pd.DataFrame:
    """For `shift_table`: one map on all holdouts, named by the holdout, and these by the data set."""
    return _joined(
        rows[rows["kind"] == kind].assign(kind=rows["holdout"], holdout=name)
        for name, rows in maps(kept, source).items()
    )


def _joined(frames: Iterable[pd.DataFrame]) -> pd.DataFrame:
    return pd.concat([pd.DataFrame(columns=["holdout", "kind", "measure"]), *frames], ignore_index=True)


def is_larger(one: Value, other: Value) -> Word:
    """What two intervals say about "one is larger": undecided where they touch or one is missing.

    For values on the same items this is a conservative test of their difference.
    """
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return "undecided"
    if one.low > other.high:
        return "holds"
    return "does not hold" if one.high < other.low else "undecided"


def more_than_ridge(kept: Records, source: str) -> dict[str, tuple[Word, str]]:
    """By data set: whether any map that can do more explains more than ridge does, and the best of them.

    Held-out items of the random holdout. "holds" if one map's interval lies above ridge's, "does not hold" if
    all lie below, else "undecided".
    """
    found = {}
    for name, rows in maps(kept, source).items():
        ridge = one_of(rows, R2)
        larger = {kind: one for kind in LARGER if (one := one_of(rows, R2, kind)) is not None}
        if ridge is None or not larger:
            continue
        best = max(larger, key=lambda kind: larger[kind][0].value)
        said = {is_larger(one, ridge[0]) for one, _ in larger.values()}
        none: Word = "does not hold" if said == {"does not hold"} else "undecided"
        found[name] = "holds" if "holds" in said else none, best
    return found


def less_under_shift(kept: Records, source: str, kind: str = "ridge") -> pd.DataFrame:
    """By holdout and data set, what intervals say of "the map explains less here than on the random one"."""
    found: dict[str, dict[str, str]] = {}
    for name, rows in maps(kept, source).items():
        usual = one_of(rows, R2, kind)
        for holdout in rows["holdout"].unique():
            here = one_of(rows, R2, kind, holdout)
            if holdout != "random" and usual is not None and here is not None:
                found.setdefault(holdout, {})[name] = is_larger(usual[0], here[0])
    return filled(pd.DataFrame.from_dict(found, orient="index"))


def by_source(kept: Records, sources: Sequence[str], measure: str = R2, kind: str = "ridge") -> pd.DataFrame:
    """One row per data set, a column per source: a value of one map on the random holdout."""
    found = {
        source: {name: _cell_of(rows, measure, kind) for name, rows in maps(kept, source).items()}
        for source in sources
    }
    return filled(pd.DataFrame(found))


def values(kept: Records, source: str, measure: str = R2, kind: str = "ridge") -> dict[str, Value]:
    """A value of one map on the random holdout, by data set."""
    return {name: value for name, (value, _) in _found(kept, source, measure, kind).items()}


def ceilings(kept: Records, source: str, measure: str = R2, kind: str = "ridge") -> dict[str, float]:
    """The same map's value from another seed of the target, by data set."""
    found = _found(kept, source, measure, kind)
    return {name: ceiling for name, (_, ceiling) in found.items() if ceiling is not None}


def of_ceiling(kept: Records, source: str, kind: str = "ridge") -> dict[str, float]:
    """By data set, R² as a share of the ceiling, at least: of √R² of the map from another seed.

    `reliability_weighted` takes the root along each axis and lies at or below this; where it was measured, it
    is used. Data sets where the other seed explains nothing are omitted.
    """
    r2, seed = values(kept, source, R2, kind), ceilings(kept, source, R2, kind)
    measured = values(kept, source, "r2_of_reliable_weighted", kind)
    return {
        name: measured[name].value if name in measured else r2[name].value / top**0.5
        for name, top in seed.items()
        if name in measured or top > 0
    }


def _found(kept: Records, source: str, measure: str, kind: str) -> dict[str, tuple[Value, float | None]]:
    found = {name: one_of(rows, measure, kind) for name, rows in maps(kept, source).items()}
    return {name: one for name, one in found.items() if one is not None}


def recalls(kept: Records, source: str, kind: str = "ridge") -> pd.DataFrame:
    """One column per data set: recall of held-out items by true and by mapped vectors, and what is lost."""
    found = {
        name: {
            words: _cell_of(rows, measure, kind, digits=0 if measure.startswith("drop") else 3)
            for measure, words in RECALLS.items()
        }
        for name, rows in maps(kept, source).items()
    }
    return pd.DataFrame(found)


def cold(kept: Records, measure: str = "recall_mapped") -> pd.DataFrame:
    """One row per data set and source, a column per map: recall of items the target never saw, and its floor.

    After it the verdict on "more than the floor".
    """
    rows: dict[str, dict[str, str]] = {}
    for name, found in having(kept, "cold").items():
        frame = pd.DataFrame(found)
        for (source, kind), chosen in frame.groupby(["source", "kind"], sort=False):
            one = one_of(chosen, measure, str(kind), "strict-cold")
            if one is not None:
                text = f"{cell(one[0])} {verdict(one[0])}"
                rows.setdefault(f"{name}, {source}", {})[str(kind)] = text
    return filled(pd.DataFrame.from_dict(rows, orient="index"))


def targets(kept: Records) -> pd.DataFrame:
    """One row per form of the target, a column per data set: R² of ridge from the raw text."""
    found = {
        name: {form: _cell_of(pd.DataFrame(rows), R2, digits=2) for form, rows in forms.items()}
        for name, forms in having(kept, "targets").items()
    }
    return filled(pd.DataFrame(found))


def curves(kept: Records, along: str) -> dict[str, pd.DataFrame]:
    """By data set, along "rank" (R² weighted by variance) or "items" (mean over dimensions).

    Columns held-out, fitted, low, high, floor, ceiling.
    """
    weighted = "_weighted" if along == "rank" else ""
    names = {f"r2_test{weighted}": "held-out", f"r2_train{weighted}": "fitted"}
    columns = [*names.values(), "low", "high", "floor", "ceiling"]
    return {
        name: pd.DataFrame(found[along]).set_index(along).rename(columns=names)[columns].astype(float)
        for name, found in having(kept, "curves").items()
    }


# --- the published recipe


def recipe(kept: Records) -> dict[str, dict[str, Evidence]]:
    """Evidence of `published_probe` from the projection, by data set and map."""
    return {
        name: {words: Evidence.from_dict(kinds[kind]) for words, kind in TRAINED.items()}
        for name, kinds in having(kept, "published").items()
    }


def published(kept: Records) -> pd.DataFrame:
    """One row per map, on fitted and on held-out items, a column per data set: mean R² over dimensions.

    The published recipe and maps in closed form, all from the projection on the same holdout. The first
    column is what the paper reports, of other data.
    """
    found = {"paper": {row: f"{value:.3f}" for row, value in REPORTED.items()}}
    closed = maps(kept, "projection")
    for name, kinds in recipe(kept).items():
        column: dict[str, str] = {}
        for says, measure in ((FITTED, "r2_train"), (HELD_OUT, "r2_test")):
            column |= {f"{words}: {says}": _of_evidence(one, measure) for words, one in kinds.items()}
            if name in closed:
                for words, kind in CLOSED.items():
                    column[f"{words}: {says}"] = _cell_of(closed[name], measure, kind, digits=2)
        found[name] = column
    frame = pd.DataFrame(found)
    order = [f"{words}: {says}" for says in (FITTED, HELD_OUT) for words in (ADAM, *CLOSED, NETWORK, DEEPER)]
    return filled(frame.reindex([row for row in order if row in frame.index]))


def pitfalls(kept: Records) -> pd.DataFrame:
    """One row per map and another number of the published recipe, a column per data set."""
    found: dict[str, dict[str, str]] = {}
    for name, kinds in recipe(kept).items():
        for measure, says in PITFALLS.items():
            for words, evidence in kinds.items():
                row = says if measure == "recall_true" else f"{words}: {says}"  # no map is in it
                found.setdefault(row, {})[name] = _of_evidence(evidence, measure)
    return filled(pd.DataFrame.from_dict(found, orient="index"))


def _of_evidence(evidence: Evidence, measure: str) -> str:
    value, top = evidence.values.get(measure), evidence.values.get(f"ceiling.{measure}")
    return "" if value is None else cell(value, None if top is None else top.value, digits=2)


def not_converged(kept: Records) -> dict[str, float]:
    """By data set: R² on fitted items that the linear map by Adam lacks to the same map in closed form."""
    found = {}
    closed = maps(kept, "projection")
    for name, kinds in recipe(kept).items():
        solved = one_of(closed[name], "r2_train", CLOSED[SOLVED]) if name in closed else None
        if solved is not None:
            found[name] = solved[0].value - kinds[ADAM]["r2_train"].value
    return found


def memorising_pays(kept: Records) -> dict[str, Word]:
    """By data set: whether the published network's lists are closer to the true ones than the linear map's,
    and yet it explains less of held-out items. Lists hold fitted items too, which it has memorised.

    "holds" if neither pair of intervals overlaps and both lie that way, "does not hold" if one lies the other
    way round, else "undecided".
    """
    found: dict[str, Word] = {}
    for name, kinds in recipe(kept).items():
        linear, network = kinds[ADAM], kinds[NETWORK]
        if "list_jaccard" in network.values and "r2_test" in network.values:
            said = {
                is_larger(network["list_jaccard"], linear["list_jaccard"]),
                is_larger(linear["r2_test"], network["r2_test"]),
            }
            found[name] = _all_of(said)
    return found


def _all_of(said: set[Word]) -> Word:
    if "does not hold" in said:
        return "does not hold"
    return "holds" if said == {"holds"} else "undecided"
