"""Tuning: the same number of trials for every view, judged on the validation part alone, resumable.

Trial 0 is the default configuration, the next few are random, then Optuna's multivariate TPE proposes (Akiba
et al., "Optuna: A Next-generation Hyperparameter Optimization Framework", KDD 2019). What it proposes depends
on (seed, number of the trial, earlier trials) alone: every trial has a sampler of its own, told what came
before. So a study that was killed continues from its settings file as if nothing had happened.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from semcomp.core.inputs import Inputs, Model
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.study.code import code_digest
from semcomp.study.settings import Settings, Trial, described_data, read_settings
from semcomp.views.checks import check_options
from semcomp.views.configurations import budgeted, build, option
from semcomp.views.registry import entry
from semcomp.views.space import Choice, Range, Space, written
from semcomp.views.training import described, validation_ndcg

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

MAX_TRIALS = 20  # of any view: more would tune to the validation part
RANDOM_TRIALS = 5  # the default and four random ones, before there is anything to learn from

Say = Callable[[str], None]


@dataclass(frozen=True)
class Tuning:
    """Attributes:
    trials: of every view that has options, 1 to 20; a view without any has one.
    seed: of the proposals and of every fit.
    epochs, patience: of every trained trial, as in `Training`.
    """

    trials: int = 10
    seed: int = 0
    epochs: int = 30
    patience: int = 3

    def __post_init__(self) -> None:
        check_options(self, "tuning option", whole=("trials", "epochs", "patience"), not_negative=("seed",))
        if self.trials > MAX_TRIALS:
            raise SemcompError(f"tuning option trials = {self.trials}; it must be at most {MAX_TRIALS}")


def tune_view(
    view: str,
    dataset: str,
    inputs: Inputs | Split,
    tuning: Tuning,
    path: Path,
    *,
    limit: int = MAX_TRIALS,
    say: Say = lambda line: None,
) -> Settings:
    """Try configurations of a view until there are as many trials as requested; the best is its settings.

    A fit is never shown the test part. A trial that raises SemcompError (it diverged, say) has failed; it
    counts, and the study goes on.

    Args:
        view: its name in tables. dataset: the name of the data set.
        inputs: what it is fitted to, the split alone where the view needs no more.
        path: the settings file, written after every trial, and resumed from if it is there.
        limit: stop when there are so many trials, asked for or not.
        say: gets one line per trial.

    Raises:
        SemcompError: an unknown view; a split without validation part; a settings file of another study
            (data, text, seed, epochs or patience differ), or with more trials than asked for.
    """
    known, given = entry(view), Inputs.of(inputs)
    split, space = given.split, known.space
    if split.valid.nnz == 0:
        raise SemcompError(f"the split of {dataset} has no validation part to tune on; give it a share")
    asked = tuning.trials if space else 1
    begun = Settings(
        view=view,
        dataset=described_data(dataset, split),
        text=_described_text(given.with_text(known.model)[1]) if known.reads_text else None,
        seed=tuning.seed,
        epochs=tuning.epochs,
        patience=tuning.patience,
        asked=asked,
        space=written(space),
        code=code_digest(type(known.model).__module__),
    )
    settings = _resumed(path, begun, say)
    shown = replace(given, split=without_test(split))
    while len(settings.trials) < min(asked, limit):
        params = proposal(view, settings.trials, tuning.seed)
        model = budgeted(build(view, params), tuning.epochs, tuning.patience)
        trial = _tried(model, shown, params, len(settings.trials), tuning.seed)
        settings = replace(settings, trials=(*settings.trials, trial), date=date.today().isoformat())
        best = settings.best
        if best is trial:
            settings = replace(settings, config=described(model))
        settings.save(path)
        say(_line(dataset, settings, trial))
    return settings


def proposal(view: str, trials: Sequence[Trial], seed: int) -> dict[str, Any]:
    """The options of the next trial, by dotted name; numbers have three digits, as they are written down."""
    known = entry(view)
    space = known.space
    if not trials:
        return {name: option(known.model, name) for name in space}
    import optuna  # takes a second, and is needed by nothing else
    from optuna.trial import TrialState, create_trial

    bounds = {name: _distribution(one) for name, one in space.items()}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    own_seed = int(np.random.SeedSequence([seed, len(trials)]).generate_state(1)[0])
    sampler = optuna.samplers.TPESampler(n_startup_trials=RANDOM_TRIALS, seed=own_seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for trial in trials:
        state = TrialState.FAIL if trial.valid_ndcg is None else TrialState.COMPLETE
        study.add_trial(
            create_trial(params=dict(trial.params), distributions=bounds, value=trial.valid_ndcg, state=state)
        )
    asked = study.ask(bounds).params
    return {name: _rounded(asked[name], space, name) for name in space}


def without_test(split: Split) -> Split:
    """The split with an empty test part: what is not there cannot be looked at."""
    return split.without("test")


def _distribution(bounds: Range | Choice) -> BaseDistribution:
    from optuna import distributions

    if isinstance(bounds, Choice):
        return distributions.CategoricalDistribution(bounds.values)
    if isinstance(bounds.low, int) and isinstance(bounds.high, int):
        return distributions.IntDistribution(bounds.low, bounds.high)
    return distributions.FloatDistribution(bounds.low, bounds.high, log=bounds.log)


def _rounded(value: Any, space: Space, name: str) -> Any:
    one = space[name]
    if not isinstance(one, Range) or isinstance(value, int):
        return value
    return min(max(float(f"{value:.3g}"), one.low), one.high)


def _tried(model: Model, inputs: Inputs, params: Mapping[str, Any], number: int, seed: int) -> Trial:
    began = time.perf_counter()
    try:
        view = model.fit(inputs, seed=seed)
        history = getattr(view, "provenance", {}).get("training", {})
        selected = "valid_ndcg" in history  # by the one loop, while it trained
        reached = history["valid_ndcg"] if selected else validation_ndcg(view, inputs.split)
    except SemcompError as error:
        return Trial(number, params, _since(began), failed=str(error))
    seconds = _since(began)
    if not selected:
        return Trial(number, params, seconds, reached)
    ran = history["curve"][-1]["epoch"] if history["curve"] else 0
    return Trial(number, params, seconds, reached, history["best_epoch"], ran)


def _since(began: float) -> float:
    return round(time.perf_counter() - began, 2)


def _resumed(path: Path, begun: Settings, say: Say) -> Settings:
    """The study in the file where it is this one; an unfinished one that other code made is begun again."""
    if not path.exists():
        return replace(begun, versions=_versions())
    kept = read_settings(path)
    for name in ("view", "dataset", "text", "seed", "epochs", "patience"):
        if getattr(kept, name) != getattr(begun, name):
            raise SemcompError(
                f"settings file {path} holds a study with another {name} "
                f"({getattr(kept, name)}, not {getattr(begun, name)}); remove it or name another folder"
            )
    if len(kept.trials) > begun.asked:
        raise SemcompError(
            f"settings file {path} holds {len(kept.trials)} trials, more than the {begun.asked} asked for; "
            "ask for as many, remove it or name another folder"
        )
    finished = len(kept.trials) == begun.asked
    if (kept.code, kept.space) != (begun.code, begun.space):
        what = "keeps" if finished else "begins again: it was unfinished, with"
        say(f"{begun.view} {what} trials of earlier code or other bounds; remove {path} to tune it afresh")
        if not finished:
            return replace(begun, versions=_versions())
    return replace(kept, asked=begun.asked)


def _versions() -> dict[str, str]:
    return {name: version(name) for name in ("semcomp", "torch", "optuna")}


def _described_text(text: TextMatrix) -> dict[str, Any]:
    return {key: text.provenance.get(key) for key in ("encoder", "model", "sha256")}


def _line(dataset: str, settings: Settings, trial: Trial) -> str:
    best = settings.best
    if trial.failed:
        outcome = f"failed ({trial.failed})"
    else:
        at = f" at epoch {trial.best_epoch} of {trial.epochs}" if trial.epochs is not None else ""
        outcome = f"NDCG@20 {trial.valid_ndcg:.4f}{at}"
    so_far = f"; best {best.valid_ndcg:.4f}, trial {best.number}" if best else ""
    return (
        f"{dataset}, {settings.view}: trial {trial.number}, {outcome}, {trial.seconds:.1f} s{so_far}; "
        f"{settings.asked - len(settings.trials)} to go"
    )
