"""What experiments on data sets share: their options, and what a result file says about data and origin."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any

import torch

from book.experiments.resumed import code_of
from semcomp import __version__
from semcomp.study import Study
from semcomp.study.settings import density, settings_for
from semcomp.views.training import described

DATA = ("ml-100k", "books", "movies", "beauty", "games")


def options(about: str | None, results: Path) -> argparse.ArgumentParser:
    """A parser of the options that every such experiment has."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", nargs="+", default=DATA, metavar="NAME")
    parser.add_argument("--budget", default="standard")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--out", type=Path, default=results)
    parser.add_argument("--force", action="store_true", help="also what is there already")
    parser.add_argument("--table", action="store_true", help="compute nothing, print what is kept")
    return parser


def about(study: Study) -> dict[str, Any]:
    """What a result file says about its data: sizes, encoder, and the origin of both views' settings."""
    split, name = study.split, study.data.name
    return {
        "dataset": name,
        "budget": study.budget_name,
        "data": {
            "fingerprint": study.data.fingerprint,
            "users": split.n_users,
            "items": split.n_items,
            "train pairs": int(split.train.nnz),
            "encoder": study.text.provenance["encoder"],
        },
        "settings": {view: settings_for(name, split, view)[1] for view in ("LightGCN", "projection")},
    }


def made(study: Study, views: Iterable[str], *measures: Callable[..., Any]) -> dict[str, Any]:
    """What a part of a result file was made with, by which `book.experiments.agreement` judges it.

    Args:
        views: whose settings are recorded. measures: functions whose code is recorded with that of the views.
    """
    models = {view: study.settings(view) for view in views}
    return {
        "data": study.data.fingerprint,
        "split": study.split.fingerprint,
        "strategy": str(study.strategy),
        "density": density(study.split),
        "models": {
            view: {"origin": where, "config": described(model)} for view, (model, where) in models.items()
        },
        **code_of(*(model for model, _ in models.values()), *measures),
        **origin(),
    }


def origin() -> dict[str, Any]:
    """What a result was made with, and when."""
    return {
        "machine": f"{platform.machine()}, {torch.get_num_threads()} thread",
        "versions": {"semcomp": __version__, "torch": torch.__version__},
        "date": date.today().isoformat(),
    }


def show(names: Iterable[str], folder: Path, shown: Callable[[dict[str, Any]], str]) -> None:
    """Print what the files of the data sets say, of those that are there."""
    for name in names:
        path = folder / f"{name}.json"
        if path.is_file():
            print(shown(json.loads(path.read_text("utf8"))), end="\n\n")
