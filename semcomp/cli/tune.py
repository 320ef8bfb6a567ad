"""`semcomp tune`: the options of views, picked on the validation part."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click


@click.command()
@click.argument("dataset", metavar="NAME_OR_PATH")
@click.option("--view", "views", multiple=True, metavar="NAME", help="A view; repeat it.  [default: all]")
@click.option("--trials", type=int, default=10, help="Of every view, the defaults among them; at most 20.")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the proposals and of the fits.")
@click.option("--epochs", type=int, default=30, help="At most, in every trial.")
@click.option("--patience", type=int, default=3, help="Validations without gain before a trial stops.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    default=Path("settings"),
    help="Settings files are DIR/<data set>/<view>.json; a study that is there is resumed.",
)
@click.option("--encoder", default="auto", metavar="NAME", help="Of the text, for views that read it.")
@click.option("--jobs", type=click.IntRange(1), default=1, help="Views tuned at a time, one thread each.")
def tune(
    dataset: str,
    views: tuple[str, ...],
    trials: int,
    seed: int,
    epochs: int,
    patience: int,
    out: Path,
    encoder: str,
    jobs: int,
) -> None:
    """Tune views on the validation part of a data set: Optuna, the same number of trials for each.

    Interrupt it at any time; the same command resumes. Prints the best validation NDCG@20 of every view.
    """
    from semcomp.study.tuning import Tuning
    from semcomp.study.tuning_runs import tune as tune_views

    tuning = Tuning(trials, seed, epochs, patience)
    say = partial(click.echo, err=True)
    tuned = tune_views(dataset, views, tuning, out, encoder=encoder, jobs=jobs, say=say)
    width = max(len(view) for view in tuned)
    for view, settings in tuned.items():
        if settings.best is not None:
            click.echo(f"{view:{width}}  {settings.best.valid_ndcg:.4f}  trial {settings.best.number}")
