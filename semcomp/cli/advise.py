"""`semcomp advise`: from interactions and items to what to do with the texts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from semcomp.cli.options import FILE, Names
from semcomp.cli.reading import read, reading


@click.command()
@click.argument("dataset", metavar="NAME_OR_PATH")
@reading
@click.option(
    "--strategy", type=Names("semcomp.data.splits:STRATEGIES"), default="random", help="How to split."
)
@click.option("--split-seed", type=click.IntRange(0), default=2020, help="Seed of the split.")
@click.option("--encoder", default="auto", metavar="NAME", help="Of the text.")
@click.option("--k", type=click.IntRange(1), default=20, help="Length of the lists.")
@click.option(
    "--budget",
    type=Names("semcomp.study.budgets:BUDGETS"),
    default="standard",
    help="How many seeds, shuffles and resamples; smoke gives no verdicts.",
)
@click.option("--shuffles", type=click.IntRange(2), help="Draws of shuffled text.  [default: by the budget]")
@click.option("--seed", type=click.IntRange(0), default=0, help="Of the shuffles and of the resamples.")
@click.option("--out", type=FILE, required=True, metavar="DIR", help="A new folder for what is found.")
def advise(
    dataset: str,
    strategy: str,
    split_seed: int,
    encoder: str,
    k: int,
    budget: str,
    shuffles: int | None,
    seed: int,
    out: Path,
    **options: Any,
) -> None:
    """Whether texts help the recommendations of a data set, for whom, by which recipe and by how much.

    Prints ten lines; DIR gets them as a page (advice.html) with pictures and as numbers (advice.json), and
    the recipe as files that serve it (served).
    """
    from semcomp.advice import advise as advice_on
    from semcomp.outputs import output_folder
    from semcomp.study import Study

    output_folder(out, "--out")
    study = Study(read(dataset, **options), budget, split_seed, k, strategy=strategy, encoder=encoder)
    advice = advice_on(study, shuffles=shuffles, seed=seed)
    advice.save(out)
    click.echo(advice)
    click.echo(out)
