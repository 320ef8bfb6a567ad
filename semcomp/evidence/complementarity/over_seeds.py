"""The diagnosis of several trainings: the interval covers what another training would give."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.core.provenance import measured
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence.complementarity.attribution import Columns
from semcomp.evidence.complementarity.diagnostics import ANSWERS, DEPTHS, checked_depths, own_of, plain_table
from semcomp.evidence.complementarity.measures import (
    OVER_THE_BETTER,
    STATEMENTS,
    TABLE,
    pair_columns,
    pair_statistics,
)
from semcomp.evidence.complementarity.pair import Pair, StrataFrom, Users, same_lists
from semcomp.evidence.statistics.hierarchical import estimate_over_seeds
from semcomp.evidence.statistics.seed_pairs import pseudo_columns
from semcomp.evidence.statistics.verdicts import with_headline, without_excess

SeedPairs = Mapping[tuple[int, int], Pair]
SIDES = re.compile(r"(?<=\.)[ab](?=$|[._])")  # the a of "recall.a", "hits.a_unique" and the like
SIDE = re.compile(r"\.[ab]$")
#: `TABLE` of several trainings, where the better list is that of each pair of trainings (`_better_columns`):
#: the better of two means over trainings would be chosen from other numbers in a pair than in its null.
TABLE_OVER_SEEDS = tuple(
    replace(row, columns=tuple(SIDE.sub(".better", column) for column in row.columns))
    if row.formula in OVER_THE_BETTER
    else row
    for row in TABLE
)


@checked
def diagnose_over_seeds(
    pairs: Sequence[Pair],
    split: Split,
    *,
    k: int | None = None,
    null: SeedPairs | Sequence[Pair] | None = None,
    depths: Sequence[int] = DEPTHS,
    strata: StrataFrom = "train",
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """`diagnose` of two models by several trainings: intervals over users and trainings.

    Two trainings of one model, taken as fixed, are a null for those two alone: of models that do not differ,
    far too many pairs look more complementary than their one null. So the trainings are drawn as users are
    (`estimate_over_seeds`), those of the null too. Values are means over trainings, also of what is gained
    over the better list: that of each pair of trainings.

    Args:
        pairs: the rankings of the two models, one pair per training, each with its own fusion.
        null: where no effect exists, by training. *All pairs of the trainings of one model*, by their places
            among `pairs`: {(0, 1): …, (1, 2): …, (2, 0): …}. Their mean is a U-statistic whose variance over
            trainings is that of `pseudo_columns`; which of a pair is a and which b makes a difference to
            `interleaved.*` alone, whose lists begin with a.
            Or a sequence: *one pair for each of `pairs`*, in its order (the same A beside a list of popular
            items, beside shuffled text).
        k, depths, strata, resamples, seed: as for `diagnose`.

    Returns:
        Evidence as `diagnose`'s, but with one row per user of means over trainings, and no group of users.
        Of two trainings and their one pair the null's variance is unknown: the excess has no interval, and
        what is said against that null is undecided. Of one training (and a sequence of one null) it is
        `diagnose`'s: nothing is known about trainings, and the interval is over users alone.

    Raises:
        SemcompError: no pairs, a null of other trainings, pairs that were not measured alike (only some have
            a fusion, or lists of 2k places), and as `diagnose`.

    >>> pairs = [sc.evidence.Pair(a, b), sc.evidence.Pair(c, b)]
    >>> found = sc.evidence.diagnose_over_seeds(pairs, split, k=20, resamples=100)
    >>> found["jaccard"].seeds
    2
    """
    if not pairs:
        raise SemcompError("there is no pair to diagnose; give one per training")
    users = Users(split, strata)
    k = min(one.k for pair in pairs for one in (pair.a, pair.b)) if k is None else k
    together = isinstance(null, Mapping)
    controls = [] if null is None else list(null.values() if isinstance(null, Mapping) else null)
    if null is not None and (not controls or (not together and len(controls) != len(pairs))):
        raise SemcompError(
            f"{len(pairs)} pairs and {len(controls)} of the null; give one for each, or all pairs of the "
            "trainings of one model by their places"
        )
    depths = checked_depths([*pairs, *controls], split, k, depths)

    def measured_of(pair: Pair) -> Columns:
        columns = pair_columns(pair, k, depths, users)
        return columns | _better_columns(columns)

    columns = _stacked([measured_of(pair) for pair in pairs])
    of_null, own = None, []
    if controls:
        measured_null = [measured_of(pair) for pair in controls]
        own_a = any(not any(same_lists(one.a, pair.a) for pair in pairs) for one in controls)
        own = own_of(controls[0], measured_null[0], own_a)
        if isinstance(null, Mapping):
            of_null = _of_seed_pairs(dict(zip(null, measured_null, strict=True)), len(pairs))
        else:
            of_null = _stacked(measured_null)
        of_null = {name: of_null[name] for name in of_null if name in columns}
    table = TABLE if len(pairs) == 1 else TABLE_OVER_SEEDS
    statistics = pair_statistics(columns, depths, own, table)
    values = estimate_over_seeds(columns, statistics, null=of_null, resamples=resamples, seed=seed)
    if together and len(pairs) < 3:
        values = {name: without_excess(value) for name, value in values.items()}
    described = [pair.described() for pair in pairs]
    provenance = measured(
        split,
        k=k,
        strata=strata,
        resamples=resamples,
        seed=seed,
        pairs=described,
        null=None if null is None else [pair.described() for pair in controls],
    )
    a, b = pairs[0].a.name, pairs[0].b.name
    means = {name: column.mean(axis=0) for name, column in columns.items()}
    found = Evidence(f"diagnose({a}, {b})", values, plain_table(means, users), provenance)
    return with_headline(found, STATEMENTS, ANSWERS)


def _stacked(by_seed: Sequence[Columns]) -> Columns:
    """(S, n) by name; SemcompError where one pair has columns that another lacks."""
    names = set(by_seed[0])
    odd = sorted(name for one in by_seed for name in names ^ set(one))
    if odd:
        raise SemcompError(
            f"only some of the pairs have {odd[0]!r}; give all of them a fusion or none, and lists of the "
            "same length"
        )
    return {name: np.stack([one[name] for one in by_seed]) for name in by_seed[0]}


def _of_seed_pairs(pairs: Mapping[tuple[int, int], Columns], seeds: int) -> Columns:
    """(S, n) by name, from columns that are the same whichever of two trainings is a."""
    _stacked(list(pairs.values()))
    alike = {places: _either_way(columns) for places, columns in pairs.items()}
    if seeds > 2:
        return pseudo_columns(alike, seeds)
    if seeds < 2 or len(alike) != 1 or set(next(iter(alike))) != {0, 1}:
        raise SemcompError(
            f"pairs {list(pairs)} of {seeds} trainings; give all pairs of their places, or one pair for each "
            "training as a sequence"
        )
    (only,) = alike.values()
    return {name: np.broadcast_to(column, (2, *column.shape)) for name, column in only.items()}


def _either_way(columns: Columns) -> Columns:
    """The mean of the columns and of those with a and b exchanged."""
    other = {name: SIDES.sub(lambda side: "ba"["ab".index(side[0])], name) for name in columns}
    return {
        name: column if other[name] == name else (column + columns[other[name]]) / 2
        for name, column in columns.items()
    }


def _better_columns(columns: Columns) -> Columns:
    """`recall.better` and the like: the column of the list with the higher mean."""
    found: Columns = {}
    for name, column in columns.items():
        other = columns.get(SIDE.sub(".b", name))
        if name.endswith(".a") and other is not None:
            found[SIDE.sub(".better", name)] = column if column.mean() >= other.mean() else other
    return found
