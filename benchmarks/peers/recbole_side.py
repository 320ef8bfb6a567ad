"""A training run of RecBole on a given split, in RecBole's own environment: files in, files out."""

from __future__ import annotations

import json
import os
import subprocess
import venv
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import semcomp as sc
from semcomp.storage import digest

from .settings import Settings, recbole_configuration

HERE = Path(__file__).parent
K = 20


@dataclass(frozen=True)
class Run:
    """One training run of one side, and where its files are."""

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


def prepare(python: Path) -> None:
    """RecBole and what it needs, in an environment of its own."""
    if not python.exists():
        venv.create(python.parent.parent, with_pip=True)
    wanted = HERE / "requirements.txt"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", wanted], check=True)


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
    script = HERE / "recbole_runs.py"
    subprocess.run([python, script, file.absolute()], cwd=run.work, env=alone, check=True)
    file.unlink()
