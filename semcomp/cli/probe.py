"""`semcomp probe`: what of a target's item vectors a map from a source's recovers, given as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from semcomp.cli.options import FILE, Names
from semcomp.errors import SemcompError

FIXED = ("shift", "target_as", "k", "mask", "epochs", "seed")  # what --published decides


@click.command()
@click.option(
    "--train", type=FILE, required=True, help="Pairs `user item`: integers, tab-separated, one header line."
)
@click.option("--valid", type=FILE, required=True, help="Pairs held out for validation.")
@click.option("--test", type=FILE, required=True, help="Pairs to be found.")
@click.option("--source", type=FILE, required=True, metavar="ITEMS.npy", help="What is mapped; row = item.")
@click.option("--target-users", type=FILE, required=True, metavar="USERS.npy", help="Row = user.")
@click.option("--target-items", type=FILE, required=True, metavar="ITEMS.npy", help="What is predicted.")
@click.option("--ceiling", type=FILE, metavar="ITEMS.npy", help="The target's items under another seed.")
@click.option(
    "--kind",
    type=Names("semcomp.evidence.mapping.maps:KINDS"),
    help="The map.  [default: ridge; published: linear-adam]",
)
@click.option(
    "--shift",
    type=Names("semcomp.evidence.mapping.holdouts:SHIFTS"),
    default="random",
    help="Which items are held out.",
)
@click.option(
    "--target-as",
    type=Names("semcomp.evidence.mapping.task:TARGETS"),
    default="raw",
    help="Form of the target.",
)
@click.option(
    "--first-seen", type=FILE, metavar="TIMES.npy", help="First interaction of each item, for temporal."
)
@click.option("--categories", type=FILE, help="Pairs `item category`, as in --train, for category.")
@click.option("--published", is_flag=True, help="The published recipe: its holdout, mask, k and epochs.")
@click.option(
    "--json", "output", type=FILE, required=True, metavar="OUT", help="Where the result is written."
)
@click.option("--k", type=click.IntRange(1), default=20, help="Neighbours, and length of the lists.")
@click.option(
    "--mask",
    type=click.Choice(["train", "train+valid", "none"]),
    default="train+valid",
    help="History to exclude.",
)
@click.option("--epochs", type=click.IntRange(1), default=400, help="Of trained maps.")
@click.option("--resamples", type=click.IntRange(0), default=1000, help="Bootstrap resamples.")
@click.option(
    "--seed", type=click.IntRange(0, 2**32 - 1), default=2024, help="Of the holdout, the nulls and the map."
)
def probe(
    train: Path,
    valid: Path,
    test: Path,
    source: Path,
    target_users: Path,
    target_items: Path,
    ceiling: Path | None,
    kind: str | None,
    first_seen: Path | None,
    categories: Path | None,
    published: bool,
    output: Path,
    resamples: int,
    **options: Any,
) -> None:
    """Map a source's item vectors to a target's: R², neighbours and recall, with floor and ceiling.

    The printed table is that of the JSON, which also has one row per held-out item.
    """
    from semcomp.array_files import read_npy
    from semcomp.cli.arrays import check_output, read_array, read_categories, read_view, write_json
    from semcomp.data import split_from_pairs
    from semcomp.evidence.mapping.probe import probe as probe_views
    from semcomp.evidence.mapping.probe import published_probe
    from semcomp.evidence.mapping.task import ProbeSettings

    check_output(output)
    if published:
        _check_published(click.get_current_context())
    else:
        _check_known(options["shift"], first_seen, categories)
    target = read_view("target", (target_users, target_items))
    split = split_from_pairs(train, valid, test, *target.shape)
    above = None if ceiling is None else read_array(ceiling)
    if published:
        evidence = published_probe(
            read_array(source), target, split, kind=kind or "linear-adam", ceiling=above, resamples=resamples
        )
    else:
        known: dict[str, Any] = {}
        if first_seen is not None:
            known["first_seen"] = read_npy(first_seen)
        if categories is not None:
            known["categories"] = read_categories(categories, target.shape[1])
        evidence = probe_views(
            read_array(source),
            target,
            split,
            kind=kind or "ridge",
            shift=options.pop("shift"),
            ceiling=above,
            known=known,
            settings=ProbeSettings(resamples=resamples, **options),
        )
    write_json(evidence.to_json(), output)
    click.echo(evidence)


def _check_known(shift: str, first_seen: Path | None, categories: Path | None) -> None:
    """Raise where a shift lacks what it is made of, or another one is given it."""
    if shift == "temporal" and first_seen is None:
        raise SemcompError("--shift temporal needs --first-seen, the first interaction of each item")
    if shift == "category" and categories is None:
        raise SemcompError("--shift category needs --categories, pairs `item category`")
    for option, given, its_shift in (
        ("--first-seen", first_seen, "temporal"),
        ("--categories", categories, "category"),
    ):
        if given is not None and shift != its_shift:
            raise SemcompError(f"{option} is for --shift {its_shift}, not {shift}; leave one of the two out")


def _check_published(context: click.Context) -> None:
    """Raise for an option that the published recipe decides itself."""
    given = click.core.ParameterSource.COMMANDLINE
    for name in (*FIXED, "first_seen", "categories"):
        if context.get_parameter_source(name) == given:
            option = name.replace("_", "-")
            raise SemcompError(f"--published decides --{option} itself; leave one of the two out")
