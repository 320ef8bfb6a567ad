"""BPR-MF, LightGCN and NCL with the losses they were published with, beside RecBole 1.2.1's.

    python benchmarks/parity.py --prepare --work DIR            RecBole's own environment, once
    python benchmarks/parity.py --pick --work DIR               learning rates, by RecBole's validation
    python benchmarks/parity.py --side recbole --work DIR       one side's runs alone
    python benchmarks/parity.py --work DIR --out benchmarks/results/parity.json

With `--finished` nothing is run: what is there is compared. What `--out` holds of other models and data sets
is kept, as long as their split is the same.

Both sides get the same split, width, layers, batches, optimiser (Adam), learning rate, epochs, negatives (one
a pair, uniform over the items the user has not had in train) and rule of selection (validation NDCG@20 with
train items masked, the same patience); the penalty of NCL alone cannot be given alike (`peers/settings.py`).
Learning rates are those that RecBole's own validation prefers at seed 0, so that what choice there is favours
RecBole (the report lists what was tried). Each run ends in two files of DIR/runs; what is there is not run
again.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
import venv
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
import torch
from peers.comparison import METRICS, agreement, over_seeds, over_users, test_metrics
from peers.settings import SETTINGS, Settings, our_model, recbole_configuration

import semcomp as sc
from semcomp.core.view import View
from semcomp.storage import atomic_write, digest

HERE = Path(__file__).parent
K = 20
SPLIT_SEED = 2020
RATES = (1e-3, 2e-3, 5e-3)
TRIAL_EPOCHS = 200  # of the runs that rates are picked by; what counts is the best within the epochs allowed


@dataclass(frozen=True)
class Run:
    """One training run of one side, and where its files lie."""

    data: str
    model: str
    seed: int
    side: str
    settings: Settings
    fingerprint: str
    work: Path

    @property
    def path(self) -> Path:
        """Without suffix; other settings or another split give other names."""
        made = digest(asdict(self.settings), self.fingerprint)[:8]
        return self.work / "runs" / f"{self.data}-{self.model}-{self.seed}-{self.side}-{made}"

    def stored(self) -> dict[str, Any] | None:
        """What this run gave, if it is done."""
        file = self.path.with_suffix(".json")
        return json.loads(file.read_text(encoding="utf8")) if file.exists() else None

    def vectors(self) -> dict[str, np.ndarray]:
        with np.load(self.path.with_suffix(".npz")) as stored:
            return dict(stored)


def export(split: sc.Split, folder: Path, name: str) -> None:
    """The split as files for RecBole's `benchmark_filename`; ids are rows."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in ("train", "valid", "test"):
        pairs = getattr(split, part).tocoo()
        table = pd.DataFrame({"user_id:token": pairs.row, "item_id:token": pairs.col})
        table.to_csv(folder / f"{name}.{part}.inter", sep="\t", index=False)


def run_recbole(run: Run, split: sc.Split, python: Path) -> None:
    # not called by the bare name: RecBole takes its own copy of "ml-100k", whatever the folder says
    name = f"{run.data}-split"
    folder = run.work / "data"
    export(split, folder / name, name)
    job = {
        "folder": str(folder),
        "name": name,
        "model": run.model,
        "seed": run.seed,
        "k": K,
        "out": str(run.path),
        "config": recbole_configuration(run.model, run.settings),
    }
    file = run.path.with_suffix(".job.json")
    file.write_text(json.dumps(job), encoding="utf8")
    alone = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    script = HERE / "peers" / "recbole_runs.py"
    subprocess.run([python, script, file.absolute()], cwd=run.work, env=alone, check=True)
    file.unlink()


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
    write(run.path.with_suffix(".json"), report)


def write(file: Path, report: dict[str, Any]) -> None:
    with atomic_write(file) as part:
        part.write_text(json.dumps(report, indent=1) + "\n", encoding="utf8")


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


def prepare(python: Path) -> None:
    """RecBole and what it needs, in an environment of its own."""
    if not python.exists():
        venv.create(python.parent.parent, with_pip=True)
    wanted = HERE / "peers" / "requirements.txt"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)


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
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, one thread a run; other work beside it, "
        "processor seconds can be compared, seconds cannot",
        "k": K,
        "splits": {
            name: {"sizes": made.counts, "fingerprint": made.fingerprint} for name, made in splits.items()
        },
        "results": results,
    }
    print(json.dumps(report, indent=1))
    if options.out:
        write(options.out, with_kept(report, options.out))


if __name__ == "__main__":
    main()
