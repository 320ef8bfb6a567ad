"""Fits of every view, parity with RecBole and what others report, as tables for page 9."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from book.experiments.results import read
from semcomp.core.evidence import Value
from semcomp.study.prose import Row
from semcomp.views.registry import REGISTRY

RESULTS = Path(__file__).parent / "results"


def fits() -> pd.DataFrame:
    """One row per fit: dataset, view, family, seed, recall, ndcg, epochs, waiting, best_epoch, width, …

    Data sets by their number of train pairs, views in the order of the registry. `measure` keeps every fit as
    it is done; a data set that lacks a view which others have is omitted.
    """
    frame = _fits("fits")
    complete = frame.groupby("dataset")["view"].transform("nunique") == frame["view"].nunique()
    return frame[complete].reset_index(drop=True)


def longer_training(metric: str) -> pd.DataFrame:
    """What more epochs bring: the trained fits in `longer` next to those of the same seed in `fits`.

    Rows by (dataset, view); of "epochs" (at most), "best_epoch" and `metric` on the test part a column
    "short" and a column "long" each. Both are made by `measure`, with other epochs and otherwise the same.
    """
    same = ["dataset", "view", "seed", "settings"]
    long = _fits("longer").dropna(subset="epochs")
    both = long.merge(fits(), on=same, suffixes=(" long", " short")).set_index(same[:2])
    shown = [(name, length) for name in ("epochs", "best_epoch", metric) for length in ("short", "long")]
    return pd.DataFrame({(name, length): both[f"{name} {length}"] for name, length in shown})


def _fits(kind: str) -> pd.DataFrame:
    """The fits in a folder of results, as in `fits`."""
    rows = []
    for path in sorted((RESULTS / kind).glob("*.json")):
        about = read(path)
        for cell in about["cells"]:
            training = cell["config"].get("training", {})
            rows.append(
                {
                    "dataset": about["dataset"],
                    "pairs": about["train pairs"],
                    "view": cell["view"],
                    "family": REGISTRY[cell["view"]].family,
                    "seed": cell["seed"],
                    "recall": cell["recall@20"],
                    "ndcg": cell["ndcg@20"],
                    "valid_ndcg": cell["valid ndcg@20"],
                    "epochs": training.get("epochs"),
                    "waiting": training.get("every", 0) * training.get("patience", 0) or None,
                    "best_epoch": cell["best epoch"],
                    "width": cell["width"],
                    "seconds": cell["seconds"],
                    "peak_bytes": cell["peak bytes"],
                    "settings": cell["settings"],
                }
            )
    frame = pd.DataFrame(rows)
    frame["view"] = pd.Categorical(frame["view"], list(REGISTRY), ordered=True)
    return frame.sort_values(["pairs", "view", "seed"], kind="stable").reset_index(drop=True)


def over_seeds(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Rows by (dataset, view): mean, sd, lowest, highest and number of seeds of a metric."""
    grouped = frame.groupby(["dataset", "view"], observed=True, sort=False)[[metric]]
    found = grouped.agg(["mean", "std", "min", "max", "count"])
    found.columns = pd.Index(["mean", "sd", "low", "high", "seeds"])
    return found


def strongest(fits: pd.DataFrame, metric: str) -> pd.DataFrame:
    """The view with the best mean validation NDCG@20 of each kind, and what it reaches on the test part.

    Rows by dataset and kind, columns view and score (mean of `metric` over seeds). Views that read no text,
    the wide LightGCN among them, are of two kinds: "closed-form", counting included, and "trained", by
    gradients. Those that do are "semantic" or "joint". Ties go to the first.
    """
    without = ~fits["view"].map(lambda view: REGISTRY[view].reads_text).astype(bool)
    kind = fits["family"].mask(without, "trained").mask(without & fits["best_epoch"].isna(), "closed-form")
    means = fits.assign(kind=kind).groupby(["dataset", "kind", "view"], observed=True, sort=False)
    of_view = means[["valid_ndcg", metric]].mean()
    best = of_view["valid_ndcg"].groupby(["dataset", "kind"], sort=False).idxmax()
    found: pd.DataFrame = of_view.loc[best.to_list(), metric].rename("score").reset_index("view")
    found["view"] = found["view"].astype(str)
    return found


def parity(metric: str = "ndcg") -> dict[str, Value]:
    """Our mean test metric with RecBole's as the null, by "data set, model"; n is that of paired seeds."""
    found = {}
    for dataset, models in read(RESULTS / "parity.json")["results"].items():
        for model, result in models.items():
            test = result["test"][metric]
            half = test["half-width"]
            found[f"{dataset}, {model}"] = Value(
                value=test["semcomp mean"],
                null=test["recbole mean"],
                excess_low=test["difference"] - half,
                excess_high=test["difference"] + half,
                n=len(result["seeds"]),
            )
    return found


def reported(model: str) -> tuple[list[str], list[Row]]:
    """Head and rows of a table of what others report for a model at 20, under a line on each source."""
    by_source: dict[str, dict[tuple[str, str], dict[str, float]]] = {}
    for row in read(RESULTS / "reported-lightgcn.json")["rows"]:
        if model in row["model"] and row["metric"] in ("Recall@20", "NDCG@20"):
            found = by_source.setdefault(f"{row['paper']}: {row['protocol']}. {row['source']}", {})
            found.setdefault((row["dataset"], row["model"]), {})[row["metric"]] = row["value"]

    rows: list[Row] = []
    for source, found in by_source.items():
        rows.append(source)
        for place, numbers in found.items():
            at_20 = (numbers.get(metric) for metric in ("Recall@20", "NDCG@20"))
            rows.append([*place, *("" if number is None else f"{number:.4f}" for number in at_20)])
    return ["data", "model", "Recall@20", "NDCG@20"], rows
