"""What was measured beforehand and is committed with the sources: read as tables, for the pages about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.study.build import find_checkout
from semcomp.study.prose import Row
from semcomp.views.registry import REGISTRY


def results_folder() -> Path:
    """`benchmarks/results` of the checkout that this package runs from.

    Raises SemcompError where the package was installed without its sources.
    """
    return find_checkout(Path(__file__)) / "benchmarks" / "results"


def read_result(name: str) -> Any:
    """The content of a results file, e.g. "parity"; SemcompError where there is none of that name."""
    path = results_folder() / f"{name}.json"
    if not path.is_file():
        raise SemcompError(f"there are no committed results {path}; measure them with benchmarks/")
    return json.loads(path.read_text("utf8"))


def by_data_set(kind: str) -> dict[str, dict[str, Any]]:
    """What is kept in a folder of results, e.g. "mapping", by data set, the fewest train pairs first."""
    found = [json.loads(path.read_text("utf8")) for path in (results_folder() / kind).glob("*.json")]
    return {one["dataset"]: one for one in sorted(found, key=lambda one: one["data"]["train pairs"])}


def origins(kept: Mapping[str, Mapping[str, Any]], view: str = "LightGCN") -> str:
    """Where a view's settings come from, in words, and for which data sets.

    >>> kept = {name: {"settings": {"LightGCN": "defaults"}} for name in ("books", "games")}
    >>> origins({"tiny": {"settings": {"LightGCN": "tuned on tiny"}}, **kept})
    'tuned on tiny (tiny); defaults (books, games)'
    """
    found: dict[str, list[str]] = {}
    for name, one in kept.items():
        found.setdefault(one["settings"][view], []).append(name)
    return "; ".join(f"{origin} ({', '.join(names)})" for origin, names in found.items())


def views_table() -> pd.DataFrame:
    """One row a fit: dataset, view, family, seed, recall, ndcg, valid_ndcg, best_epoch, width, seconds, …

    Made by `benchmarks/views.py`, which keeps every fit as it is done; data sets and views in the order they
    are listed there. A data set on which a view is missing that others have is left out.
    """
    frame = _fits("views")
    complete = frame.groupby("dataset")["view"].transform("nunique") == frame["view"].nunique()
    return frame[complete].reset_index(drop=True)


def longer_training(metric: str) -> pd.DataFrame:
    """What more epochs bring: the trained fits in `longer` beside those of the same seed in `views_table`.

    Rows by (dataset, view); of "epochs" (at most), "best_epoch" and `metric` on the test part a column
    "short" and a column "long" each. Made by `benchmarks/views.py` with more epochs, otherwise the same.
    """
    same = ["dataset", "view", "seed", "settings"]
    long = _fits("longer").dropna(subset="epochs")
    both = long.merge(views_table(), on=same, suffixes=(" long", " short")).set_index(same[:2])
    shown = [(name, length) for name in ("epochs", "best_epoch", metric) for length in ("short", "long")]
    return pd.DataFrame({(name, length): both[f"{name} {length}"] for name, length in shown})


def _fits(kind: str) -> pd.DataFrame:
    """The fits in a folder of results of `benchmarks/views.py`, as in `views_table`."""
    rows = []
    for path in sorted((results_folder() / kind).glob("*.json")):
        about = json.loads(path.read_text("utf8"))
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

    Rows by dataset and kind, columns view and score (mean of `metric` over seeds). What reads no text, the
    wide LightGCN too, is of two kinds: "closed-form", by counting or in closed form, and "trained", by
    gradients. What does is "semantic" or "joint". Of equals the first wins.
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
    """Our mean test metric with RecBole's as the null, by "data set, model"; n is the number of paired seeds.

    Made by `benchmarks/parity.py`.
    """
    found = {}
    for dataset, models in read_result("parity")["results"].items():
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
    for row in read_result("reported-lightgcn")["rows"]:
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
