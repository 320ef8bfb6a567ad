"""Many views tuned in parallel: the defaults of all first, which says how long the rest will take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from semcomp.errors import SemcompError
from semcomp.outputs import output_file, output_place
from semcomp.storage import cache_folder, digest, exclusive
from semcomp.study.settings import Settings, settings_path
from semcomp.study.study import Study
from semcomp.study.tuning import MAX_TRIALS, Say, Tuning, tune_view
from semcomp.study.workers import run_tasks
from semcomp.views.registry import entry, from_data


@dataclass(frozen=True)
class Task:
    """One view to be tuned until it has `limit` trials; progress goes to `say`."""

    dataset: str
    encoder: str
    view: str
    tuning: Tuning
    out: Path
    say: Say
    limit: int


def tune(
    dataset: str,
    views: Sequence[str],
    tuning: Tuning,
    out: Path,
    *,
    encoder: str = "auto",
    jobs: int = 1,
    say: Say = print,
) -> dict[str, Settings]:
    """Tune views on the random split of a data set (seed 2020), each until it has the trials asked for.

    Every fit has one thread, so the settings are the same for any number of jobs. What was tried before is
    read from the files. A view that fails does not keep the others from being tuned.

    Args:
        dataset: a name or a path. views: names in tables; none for all that are made from the data alone.
        out: the folder of the settings files, `<out>/<data set>/<view>.json`.
        encoder: of the text, as for `embed`. jobs: processes at a time.
        say: gets one line per trial, and what is left; with several jobs, something that can be pickled.

    Raises:
        SemcompError: what is wrong with data, options or files, before any trial; at the end, which views
            could not be tuned and why.
    """
    if jobs < 1:
        raise SemcompError(f"jobs = {jobs}, but it takes at least 1 process")
    output_place(out, "out")
    chosen = list(dict.fromkeys(views)) or list(from_data())
    reading = sum(entry(view).reads_text for view in chosen)
    study = _study(dataset, encoder)
    name = study.data.name
    tasks = {view: Task(dataset, encoder, view, tuning, out, say, limit=0) for view in chosen}
    for view in chosen:
        output_file(settings_path(out, name, view), parents=True)
    known = {view: _tuned(task, study) for view, task in tasks.items()}
    say(f"{name}: {len(chosen)} views, {reading} of text; {tuning.trials} trials of each, jobs: {jobs}")
    failed: dict[str, str] = {}
    for limit in (1, MAX_TRIALS):
        todo = [
            replace(tasks[view], limit=limit)
            for view, one in known.items()
            if len(one.trials) < min(one.asked, limit) and view not in failed
        ]
        todo.sort(key=lambda task: -_expected(known[task.view])[0])  # long ones first; stable
        for task, result in run_tasks(tune_task, todo, jobs):
            if isinstance(result, Exception):
                failed[task.view] = str(result)
                say(f"{name}, {task.view}: not tuned, {result}")
                continue
            known[task.view] = result
            if limit > 1:
                say(outlook(name, list(known.values()), jobs))
        if limit == 1:
            say(outlook(name, list(known.values()), jobs))
    for view, one in known.items():
        if one.best is None and view not in failed:
            failed[view] = f"every trial failed, first: {one.trials[0].failed}"
    if failed:
        told = "; ".join(f"{view} ({reason})" for view, reason in failed.items())
        raise SemcompError(f"{len(failed)} of {len(chosen)} views of {name} were not tuned: {told}")
    return known


def tune_task(task: Task) -> Settings:
    """What a worker does."""
    return _tuned(task, _study(task.dataset, task.encoder))


def outlook(dataset: str, known: Sequence[Settings], jobs: int) -> str:
    """A line about the remaining time, from the seconds of the trials so far and of their epochs.

    >>> outlook("books", [], 2)
    'books: 0 of 0 views are tuned'
    """
    done = sum(len(one.trials) >= one.asked for one in known)
    usual, most = (sum(kind) / jobs for kind in zip((0, 0), *map(_expected, known), strict=True))
    left = f"; about {clock(usual)} left, at most {clock(most)}" if done < len(known) else ""
    return f"{dataset}: {done} of {len(known)} views are tuned{left}"


def clock(seconds: float) -> str:
    """Seconds in words.

    >>> clock(40), clock(1000), clock(10_000)
    ('40 s', '17 min', '2.8 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _expected(settings: Settings) -> tuple[float, float]:
    """Seconds that the trials to come will take: at the pace of those so far, and if none stops early."""
    left = settings.asked - len(settings.trials)
    seconds = sum(trial.seconds for trial in settings.trials)
    if not left or not settings.trials:
        return 0.0, 0.0
    usual = seconds / len(settings.trials) * left
    epochs = sum(trial.epochs or 0 for trial in settings.trials)
    return usual, seconds / epochs * settings.epochs * left if epochs else usual


def _study(dataset: str, encoder: str) -> Study:
    return Study(dataset, k=1, encoder=encoder)  # nothing is ranked by it, so data of any size will do


def _tuned(task: Task, study: Study) -> Settings:
    """The study of one view as far as its limit; a process that works on the same file is waited for."""
    name = study.data.name
    path = output_file(settings_path(task.out, name, task.view), parents=True)
    waiting = f"{name}, {task.view}: another process is tuning it; waiting for that"
    inputs = study.inputs(task.view, task.tuning.seed)
    with exclusive(cache_folder("locks") / digest(str(path)), lambda: task.say(waiting)):
        return tune_view(task.view, name, inputs, task.tuning, path, limit=task.limit, say=task.say)
