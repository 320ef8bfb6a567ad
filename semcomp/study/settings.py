"""Tuned settings: a file for each data set and view, with the study that found them; and who uses which.

`semcomp tune` writes them. Those that come with the package lie in `settings/<data set>/<view>.json`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.storage import atomic_write
from semcomp.views.configurations import build, from_described
from semcomp.views.registry import RENAMED, entry

PACKAGED = Path(__file__).resolve().parent / "settings"


@dataclass(frozen=True)
class Trial:
    """One configuration that was tried.

    Attributes:
        number: from 0, which is the default configuration.
        params: the tuned options by dotted name, e.g. "training.lr".
        seconds: of the whole fit.
        valid_ndcg: NDCG@20 on the validation part; None where the trial failed.
        best_epoch: the epoch it was reached at. epochs: how many there were. None for what is not trained.
        failed: why, where it did.
    """

    number: int
    params: Mapping[str, Any]
    seconds: float
    valid_ndcg: float | None = None
    best_epoch: int | None = None
    epochs: int | None = None
    failed: str | None = None


@dataclass(frozen=True, eq=False)
class Settings:
    """A settings file: what was tuned on what, every trial, and the best configuration.

    Attributes:
        view: its name in tables.
        dataset: name, data (fingerprint), split (fingerprint), users, items, pairs (of train), density.
        text: encoder, model and sha256 of the text it read; None where it reads none.
        seed, epochs, patience: of every trial. asked: the number of trials that were asked for.
        space: the bounds of every option. code: digest of the code that made the trials.
        config: `described` configuration of the best trial; None where there is none.
        trials: in the order they were made. versions: of the package and its libraries. date: of the last.
    """

    view: str
    dataset: Mapping[str, Any]
    text: Mapping[str, Any] | None
    seed: int
    epochs: int
    patience: int
    asked: int
    space: Mapping[str, str]
    code: str
    config: Mapping[str, Any] | None = None
    trials: tuple[Trial, ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    date: str = ""

    @property
    def best(self) -> Trial | None:
        """The trial with the highest validation NDCG@20, ties go to the first; None where all failed."""
        done = [trial for trial in self.trials if trial.valid_ndcg is not None]
        return max(done, key=lambda trial: (trial.valid_ndcg, -trial.number)) if done else None

    @property
    def model(self) -> Any:
        """The model of the best trial; SemcompError where there is none, or where it cannot be built."""
        if self.config is None:
            raise SemcompError(f"no trial of {self.view} on {self.dataset['name']} gave a result")
        return from_described(self.config)

    def save(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        best = self.best
        summary = best and {key: getattr(best, key) for key in ("number", "valid_ndcg", "best_epoch")}
        body = {"view": self.view, "best": summary, **asdict(self)}
        body["trials"] = [
            {key: value for key, value in asdict(trial).items() if value is not None} for trial in self.trials
        ]
        with atomic_write(path) as part:
            part.write_text(json.dumps(body, indent=1, allow_nan=False) + "\n", encoding="utf8")


def read_settings(path: Path) -> Settings:
    """The settings in a file.

    Raises:
        SemcompError: no settings file, or one whose configuration cannot be built; it names the file.
    """
    try:
        body = json.loads(path.read_text("utf8"))
        body.pop("best")
        body["view"] = RENAMED.get(body["view"], body["view"])
        trials = tuple(Trial(**one) for one in body.pop("trials"))
        settings = Settings(**body, trials=trials)
        if settings.config is not None:
            made = type(settings.model)
            if made is not type(entry(settings.view).model):
                raise SemcompError(f"{settings.view} is not {made.__name__}")
    except FileNotFoundError as error:
        raise SemcompError(f"there is no settings file {path}; make it with semcomp tune") from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise SemcompError(
            f"settings file {path} cannot be used ({' '.join(str(error).split())}); "
            "remove it and run semcomp tune again"
        ) from error
    return settings


def settings_path(folder: Path, dataset: str, view: str) -> Path:
    """Where the settings of a view on a data set lie below a folder.

    >>> settings_path(Path("settings"), "ml-100k", "wide LightGCN").as_posix()
    'settings/ml-100k/wide-lightgcn.json'
    """
    return folder / _file_name(dataset) / f"{_file_name(view)}.json"


def settings_for(dataset: str, split: Split, view: str, *, folder: Path = PACKAGED) -> tuple[Any, str]:
    """The model of a view for a data set, and where its options come from.

    1. "tuned on books": `folder` has settings of this view from a data set of this name and content.
    2. "carried over from ml-100k": it has settings of this view from other data; those of the nearest data
       set in |log density - log density'| are taken, with density = train pairs / (users · items); of two
       that are equally near, the first by name. Density is what changes most between data sets of this kind,
       and with it how much is to be smoothed and penalised.
    3. "defaults": it has none of this view.

    Args:
        dataset: its name. split: of it; its provenance tells which content it was made from, where it knows.
        folder: `<data set>/<view>.json` below it, as `semcomp tune` writes them.

    Raises:
        SemcompError: an unknown view, a settings file that cannot be used.
    """
    return settings_of(described_data(dataset, split), view, folder=folder)


def settings_of(data: Mapping[str, Any], view: str, *, folder: Path = PACKAGED) -> tuple[Any, str]:
    """`settings_for` of a data set that is not at hand, by its `described_data`: name, data and density."""
    found = _nearest(data, view, folder)
    if found is None:
        return build(view), "defaults"
    return (
        found.model,
        f"{'tuned on' if _is_of(found, data) else 'carried over from'} {found.dataset['name']}",
    )


def nearest_settings(dataset: str, split: Split, view: str, *, folder: Path = PACKAGED) -> Settings | None:
    """The settings that `settings_for` takes, with the study behind them; None for the defaults."""
    return _nearest(described_data(dataset, split), view, folder)


def _nearest(data: Mapping[str, Any], view: str, folder: Path) -> Settings | None:
    entry(view)
    names = [view, *(old for old, new in RENAMED.items() if new == view)]
    paths = sorted(path for name in names for path in folder.glob(f"*/{_file_name(name)}.json"))
    usable = [one for path in paths if (one := read_settings(path)).config]
    here = math.log(data["density"])

    def distance(one: Settings) -> tuple[bool, float, str]:
        apart = round(abs(math.log(one.dataset["density"]) - here), 9)
        return not _is_of(one, data), apart, one.dataset["name"]

    return min(usable, key=distance, default=None)


def _is_of(settings: Settings, data: Mapping[str, Any]) -> bool:
    """Whether the settings were tuned on this data set; content counts where the split knew its own."""
    return settings.dataset["name"] == data["name"] and data["data"] in (None, settings.dataset["data"])


def density(split: Split) -> float:
    """Train pairs / (users · items), in (0, 1]."""
    return float(split.train.nnz / (split.n_users * split.n_items))


def described_data(dataset: str, split: Split) -> dict[str, Any]:
    """What settings remember of the data they were tuned on."""
    return {
        "name": dataset,
        "data": split.provenance.get("data"),
        "split": split.fingerprint,
        "users": split.n_users,
        "items": split.n_items,
        "pairs": int(split.train.nnz),
        "density": density(split),
    }


def _file_name(name: str) -> str:
    plain = re.sub(r"[^a-z0-9._]+", "-", name.lower().replace("'", "")).strip("-.")
    if not plain:
        raise SemcompError(f"data set {name!r} gives no folder name for its settings; rename its folder")
    return plain
