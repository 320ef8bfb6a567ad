"""BPR-MF, LightGCN and NCL with their published losses, compared with RecBole 1.2.1's.

    python -m book.experiments.views.parity --prepare --work DIR       RecBole's own environment, once
    python -m book.experiments.views.parity --pick --work DIR          learning rates, by RecBole's validation
    python -m book.experiments.views.parity --side recbole --work DIR  one side's runs alone
    python -m book.experiments.views.parity --work DIR --out book/experiments/views/results/parity.json

With `--finished` nothing is run: what is there is compared. What `--out` holds of other models and data sets
is kept, as long as their split is the same.

Both sides get the same split, width, layers, batches, optimiser (Adam), learning rate, epochs, negatives (one
per pair, uniform over the items the user has not had in train) and rule of selection (validation NDCG@20 with
train items masked, the same patience); the penalty of NCL alone cannot be given alike
(`benchmarks/peers/settings.py`).
Learning rates are those that RecBole's own validation prefers at seed 0, so that what choice there is favours
RecBole (the report lists what was tried). Each run ends in two files of DIR/runs; what is there is not run
again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
import torch

import semcomp as sc
from benchmarks.peers.comparison import METRICS, agreement, over_seeds, over_users, test_metrics
from benchmarks.peers.recbole_side import K, Run, prepare, run_recbole
from benchmarks.peers.settings import SETTINGS, our_model, recbole_configuration
from book.experiments.resumed import indented, written
from semcomp.core.view import View

SPLIT_SEED = 2020
RATES = (1e-3, 2e-3, 5e-3)
TRIAL_EPOCHS = 200  # of the runs that rates are picked by; what counts is the best within the epochs allowed


def run_semcomp(run: Run, split: sc.Split) -> None:
    began, processors = time.perf_counter(), time.process_time()
    view: View = our_model(run.model, run.settings).fit(split, seed=run.seed)
    seconds, processors = time.perf_counter() - began, time.process_time() - processors
    np.savez(run.path.with_suffix(".npz"), users=view.users, items=view.items)
    training = view.provenance["training"]
    epochs = training["curve"][-1]["epoch"]
    report = {
        "valid_ndcg": training["valid_ndcg"],
        "best_epoch": training["best_epoch"],
        "epochs": epochs,
        "seconds": round(seconds, 1),
        "processor_seconds": round(processors, 1),
        "curve": training["curve"],
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "semcomp": sc.__version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "pandas": pd.__version__,
        },
    }
    written(run.path.with_suffix(".json"), indented(report))


def ensure(run: Run, split: sc.Split, python: Path) -> dict[str, Any]:
    """What the run gave; done now if it is not there yet."""
    run.path.parent.mkdir(parents=True, exist_ok=True)
    if run.stored() is None:
        began = time.perf_counter()
        if run.side == "recbole":
            run_recbole(run, split, python)
        else:
            run_semcomp(run, split)
        print(f"{run.path.name}: {time.perf_counter() - began:.0f} s", file=sys.stderr, flush=True)
    found = run.stored()
    assert found is not None, "a run writes what it was asked for"
    return found


def compare(pairs: list[tuple[Run, Run]], split: sc.Split, python: Path) -> dict[str, Any]:
    """One model on one data set: both sides' runs of all seeds."""
    ours, theirs, agreed, stored = [], [], [], []
    for mine, other in pairs:
        stored.append((ensure(mine, split, python), ensure(other, split, python)))
        there = other.vectors()
        here = mine.vectors()
        ours.append(test_metrics(here["users"], here["items"], split, K))
        theirs.append(test_metrics(there["users"], there["items"], split, K))
        agreed.append(agreement(theirs[-1], there["test_users"], there["test_hits"], stored[-1][1]["test"]))
    kept = ("valid_ndcg", "best_epoch", "epochs", "seconds", "processor_seconds", "seconds_an_epoch")
    return {
        "settings": asdict(pairs[0][0].settings),
        "recbole settings": recbole_configuration(pairs[0][1].model, pairs[0][1].settings),
        "seeds": [run.seed for run, _ in pairs],
        "test": {
            metric: over_seeds([t[metric].mean() for t in ours], [t[metric].mean() for t in theirs])
            for metric in METRICS
        },
        "users": {metric: over_users(ours, theirs, metric) for metric in METRICS},
        "evaluators": agreed,
        "training": {
            side: [{key: found[at][key] for key in kept if key in found[at]} for found in stored]
            for at, side in enumerate(("semcomp", "recbole"))
        },
        "versions": {side: stored[0][at]["versions"] for at, side in enumerate(("semcomp", "recbole"))},
    }


def with_kept(report: dict[str, Any], out: Path) -> dict[str, Any]:
    """The report, and what the file holds of models that it does not compare, on splits that are the same."""
    if not out.is_file():
        return report
    earlier = json.loads(out.read_text("utf8"))
    splits, results = dict(report["splits"]), dict(report["results"])
    for name, models in earlier["results"].items():
        split = earlier["splits"][name]
        if splits.setdefault(name, split)["fingerprint"] == split["fingerprint"]:
            results[name] = {**models, **results.get(name, {})}
    order = [name for name in SETTINGS if name in results]
    return {
        **report,
        "splits": {name: splits[name] for name in order},
        "results": {
            name: {model: results[name][model] for model in SETTINGS[name] if model in results[name]}
            for name in order
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder for finished runs")
    parser.add_argument("--python", type=Path, help="RecBole's Python; by default of DIR/venv")
    parser.add_argument("--prepare", action="store_true")
    parser.add_argument("--pick", action="store_true")
    parser.add_argument("--side", choices=("both", "recbole", "semcomp"), default="both")
    parser.add_argument("--data", nargs="+", choices=tuple(SETTINGS), default=list(SETTINGS))
    parser.add_argument("--models", nargs="+", choices=("BPR", "LightGCN", "NCL"), default=None)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--finished", action="store_true", help="run nothing, compare what is there")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    work = options.work.absolute()
    python = (options.python or work / "venv" / "bin" / "python").absolute()
    if options.prepare:
        prepare(python)
        return
    splits = {
        name: sc.split(sc.load_dataset(name), strategy="random", seed=SPLIT_SEED) for name in options.data
    }
    chosen = [(name, model) for name in options.data for model in options.models or SETTINGS[name]]

    def run(name: str, model: str, seed: int, side: str, **changed: Any) -> Run:
        settings = replace(SETTINGS[name][model], **changed)
        return Run(name, model, seed, side, settings, splits[name].fingerprint, work)

    def trial(name: str, model: str, rate: float) -> Run:
        epochs = SETTINGS[name][model].epochs if model == "NCL" else TRIAL_EPOCHS
        return run(name, model, 0, "recbole", lr=rate, epochs=epochs)

    def tried(name: str, model: str) -> dict[float, float]:
        """The best validation NDCG within the epochs allowed, by learning rate; of the runs that are done."""
        stored = {rate: trial(name, model, rate).stored() for rate in RATES}
        allowed = SETTINGS[name][model].epochs
        return {
            rate: round(max(p["valid_ndcg"] for p in found["curve"] if p["epoch"] <= allowed), 6)
            for rate, found in stored.items()
            if found
        }

    if options.pick:
        for name, model in chosen:
            for rate in RATES:
                ensure(trial(name, model, rate), splits[name], python)
            print(name, model, tried(name, model), flush=True)
        return
    if options.side != "both":
        for name, model in chosen:
            for seed in options.seeds:
                ensure(run(name, model, seed, options.side), splits[name], python)
        return
    results: dict[str, dict[str, Any]] = {name: {} for name in options.data}
    for name, model in chosen:
        pairs = [
            (run(name, model, seed, "semcomp"), run(name, model, seed, "recbole")) for seed in options.seeds
        ]
        if options.finished:
            pairs = [pair for pair in pairs if all(one.stored() for one in pair)]
        if not pairs:
            continue
        results[name][model] = {"date": date.today().isoformat()} | compare(pairs, splits[name], python)
        results[name][model]["learning rates tried"] = tried(name, model)
    report = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread per run; other work beside it, "
        "processor seconds can be compared, seconds cannot",
        "k": K,
        "splits": {
            name: {"sizes": made.counts, "fingerprint": made.fingerprint} for name, made in splits.items()
        },
        "results": results,
    }
    print(json.dumps(report, indent=1))
    if options.out:
        written(options.out, indented(with_kept(report, options.out)))


if __name__ == "__main__":
    main()
