"""The values of a report as one table: what each is called, how it is computed, what it says.

A report has per-user columns and a table of `Measured`. `statistics_of` makes of the table what the bootstrap
estimates, `statements_of` the sentences that the values decide; nothing else repeats a value's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from string import Formatter

from semcomp.evidence.statistics.bootstrap import Statistic, total_of
from semcomp.evidence.statistics.least import ANY, Least
from semcomp.evidence.statistics.verdicts import Statement, below_null, by_itself, over_null


@dataclass(frozen=True)
class Measured:
    """A value of a report, or a value for each member of the groups that its key names in braces.

    Attributes:
        key: the value's name, "jaccard" or "hits.{kind}".
        formula: takes the names of columns and returns the statistic: `mean_of`, `share_of`, `total_of` or a
            function of the report's own.
        columns: those names, braces as in the key; by default the key alone. A value that lacks one of its
            columns is omitted.
        null: what the null must have of its own for the value to be held against it; None for a value that
            has no null.
        less: whether a complementary pair has less of it than its null.
        says: what the value says by itself, if it is above `least`. against: what it says against its null.
        least: the smallest effect that counts. unit: what the value's n counts.
    """

    key: str
    formula: Callable[..., Statistic]
    columns: tuple[str, ...] = ()
    null: tuple[str, ...] | None = ()
    less: bool = False
    says: str | None = None
    against: str | None = None
    least: Least = ANY
    unit: str = "users"

    def members(self, groups: Mapping[str, Sequence[str]]) -> Iterator[dict[str, str]]:
        """For each value: the member of each group that it is of."""
        names = [name for _, name, _, _ in Formatter().parse(self.key) if name]
        for chosen in product(*(groups[name] for name in names)):
            yield dict(zip(names, chosen, strict=True))

    def names(self, key: str) -> bool:
        """Whether this is the key of one of its values."""
        return re.fullmatch(re.sub(r"\\{\w+\\}", ".+", re.escape(self.key)), key) is not None


Table = Sequence[Measured]


def statistics_of(
    table: Table,
    columns: Container[str],
    groups: Mapping[str, Sequence[str]] | None = None,
    *,
    null: Iterable[str] = (),
) -> dict[str, Statistic]:
    """What to estimate, by the name of the value, in the order of the table.

    Args:
        columns: those that there are.
        groups: the members of the groups that keys name in braces.
        null: what the null has of its own.
    """
    own, found = set(null), {}
    for row in table:
        for at in row.members(groups or {}):
            names = [column.format_map(at) for column in row.columns or (row.key,)]
            if all(name in columns for name in names):
                compared = row.null is not None and {part.format_map(at) for part in row.null} <= own
                found[row.key.format_map(at)] = replace(row.formula(*names), against_null=compared)
    return found


def statements_of(table: Table) -> list[Statement]:
    """What the values of the table say, in its order: by itself, then against the null."""
    found = []
    for row in table:
        if row.says is not None:
            found.append(Statement(row.says, row.key, by_itself, unit=row.unit, least=row.least))
        if row.against is not None:
            effect = below_null if row.less else over_null
            found.append(Statement(row.against, row.key, effect, True, row.unit, row.least))
    return found


def is_count(table: Table, key: str) -> bool:
    """Whether the value of that name is a whole number of things counted."""
    return any(row.formula is total_of and row.names(key) for row in table)
