"""A falling learning rate: validation NDCG@20 by the number of epochs, compared with fits at a constant rate.

    python -m book.experiments.schedule.measure [choice | confirmation | smoke] [--data NAME ...] [--table]

A fit has the view's tuned settings; what differs is the schedule, the number of epochs and `factor`, by which
the tuned step size is multiplied, since a rate that falls to zero goes half as far. "choice" are LightGCN
and the wide control (`CHOOSING`), "confirmation" the graph views with the plan that was chosen, three seeds.
They are compared with the committed fits of 30 epochs at a constant rate (`views/results/fits`). Validation
alone chooses; test NDCG@20 is recorded next to it. One thread; a fit that is in the results file is made
again only if the code of its view has changed. What was decided by them is in the section on budgets of
`book/protocol.md`.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import torch

from book.experiments.resumed import code_of, line_by_line, say, written
from semcomp import __version__
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.study import Study
from semcomp.study.settings import settings_for
from semcomp.study.workers import one_thread
from semcomp.views.training import described

HERE = Path(__file__).resolve().parent
RESULTS, CONSTANT = HERE / "results", HERE.parent / "views" / "results" / "fits"
DATA = ("ml-100k", "books")
CHOOSING = ("LightGCN", "wide LightGCN")
GRAPH = (*CHOOSING, "LR-GCCF", "SimGCL", "SGL", "XSimGCL", "NCL", "fusion", "aligned")
PLANS = ((24, 3.0), (14, 4.0), (14, 2.0), (20, 4.0), (20, 2.0), (8, 4.0), (24, 2.0), (14, 6.0), (8, 8.0))
PLAN = PLANS[0]
PATIENCE = 4
K = 20


@dataclass(frozen=True)
class Fit:
    """One fit; `factor` times the tuned step size."""

    view: str
    seed: int
    schedule: str
    epochs: int
    factor: float = 1.0


def choice() -> Iterator[Fit]:
    for epochs, factor in PLANS:
        for view in CHOOSING:
            yield Fit(view, 0, "linear", epochs, factor)


def confirmation() -> Iterator[Fit]:
    for view in GRAPH:
        for seed in range(3):
            yield Fit(view, seed, "linear", *PLAN)


def smoke() -> Iterator[Fit]:
    for view in CHOOSING:
        for schedule, factor in (("constant", 1.0), ("constant", 4.0), ("linear", 8.0)):
            yield Fit(view, 0, schedule, 4, factor)


PARTS = {"choice": choice, "confirmation": confirmation, "smoke": smoke}


def measured(study: Study, fit: Fit) -> dict[str, Any]:
    """The fit's numbers."""
    model, origin = settings_for(study.data.name, study.split, fit.view)
    given = {"schedule": fit.schedule, "epochs": fit.epochs, "patience": PATIENCE}
    training = replace(model.training, lr=model.training.lr * fit.factor, **given)
    inputs, began = study.inputs(fit.view), time.process_time()
    view = replace(model, training=training).fit(inputs, fit.seed)
    spent = time.process_time() - began
    history = view.provenance["training"]
    return {
        **asdict(fit),
        "settings": origin,
        "config": described(model),
        **code_of(model),
        "lr": training.lr,
        "patience": PATIENCE,
        "valid ndcg@20": history["valid_ndcg"],
        "best epoch": history["best_epoch"],
        "curve": [[point["epoch"], point["valid_ndcg"]] for point in history["curve"]],
        "test ndcg@20": float(per_user(rank(view, study.split, K), study.split.test, K)["ndcg"].mean()),
        "processor seconds": round(spent, 2),
        "machine": platform.machine(),
        "threads": torch.get_num_threads(),
        "versions": {"semcomp": __version__, "torch": torch.__version__},
        "date": date.today().isoformat(),
    }


def _code(study: Study, view: str) -> str:
    """The code that a fit of the view would be made with."""
    model, _ = settings_for(study.data.name, study.split, view)
    return str(code_of(model)["code"])


def fits_in(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text("utf8"))["fits"] if path.exists() else []
    return found


def table(name: str) -> str:
    """Mean over seeds of each view and plan, as a Markdown table, the constant rate of 30 epochs first."""
    constant = json.loads((CONSTANT / f"{name}.json").read_text("utf8"))["cells"]
    kept = [
        {**one, "schedule": "constant", "epochs": 30, "factor": 1.0, "test ndcg@20": one["ndcg@20"]}
        for one in constant
        if one["view"] in GRAPH
    ] + fits_in(RESULTS / f"{name}.json")
    lines = [
        f"### {name}",
        "",
        "| view | schedule | epochs | factor | seeds | valid NDCG@20 | by seed | test NDCG@20 |",
        "|---|---|---:|---:|---:|---:|---|---:|",
    ]
    for view in GRAPH:
        plans = {(one["schedule"], one["epochs"], one["factor"]): None for one in kept if one["view"] == view}
        for plan in plans:
            rows = sorted(
                (
                    one
                    for one in kept
                    if (one["view"], one["schedule"], one["epochs"], one["factor"]) == (view, *plan)
                ),
                key=lambda one: one["seed"],
            )
            lines.append(_line(view, plan, rows))
    return "\n".join(lines)


def _line(view: str, plan: tuple[str, int, float], rows: Sequence[dict[str, Any]]) -> str:
    valid, test = ([one[f"{part} ndcg@20"] for one in rows] for part in ("valid", "test"))
    seeds = ", ".join(f"{value:.4f}" for value in valid)
    means = f"{statistics.mean(valid):.4f} | {seeds} | {statistics.mean(test):.4f}"
    return f"| {view} | {plan[0]} | {plan[1]} | {plan[2]:g} | {len(rows)} | {means} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("part", nargs="?", choices=list(PARTS), default="choice")
    parser.add_argument("--data", nargs="+", default=DATA, metavar="NAME")
    parser.add_argument("--table", action="store_true", help="compute nothing, print what is kept")
    given = parser.parse_args()
    for name in given.data:
        path = RESULTS / f"{name}.json"
        if not given.table:
            study = Study(name)
            about = {"dataset": name, "data": study.data.fingerprint, "split": study.split.fingerprint}
            for fit in PARTS[given.part]():
                known = [one for one in fits_in(path) if asdict(fit).items() <= one.items()]
                if any(one.get("code") == _code(study, fit.view) for one in known):
                    continue
                with one_thread():
                    found = measured(study, fit)
                others = [one for one in fits_in(path) if one not in known]
                written(path, line_by_line(about, {"fits": [*others, found]}))
                say(f"{name}, {fit}: {found['valid ndcg@20']:.4f}")
        print(table(name), end="\n\n")


if __name__ == "__main__":
    main()
