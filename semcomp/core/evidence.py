"""A measurement: named values, each with its interval, its null and its n, and the table they came from."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import pandas as pd

from semcomp.checks import checked
from semcomp.core.tables import (
    count,
    escape_latex,
    escape_markdown,
    latex_number,
    latex_table,
    markdown_table,
    number,
    span,
    text_table,
)
from semcomp.display import Table, card, summary
from semcomp.errors import SemcompError, unknown_name

ERRORS = ("errors", "excess_errors")  # of a value, what is no single number


@checked
@dataclass(frozen=True)
class Value:
    """One number and what is needed to interpret it.

    Attributes:
        value: the estimate.
        low, high: its 95 % interval (bootstrap over the units of the table), None if none was requested.
        null: the same number measured where no effect exists (another seed, shuffled pairs, chance).
        excess_low, excess_high: 95 % interval of `value - null`, both from the same resamples.
        n: the number of units (users, items, hits) behind it.
        p: two-sided p-value of "the value is 0", None if none was requested.
        excess_p: two-sided p-value of "value − null is 0".
        seeds: the number of trainings behind it.
        of_seeds, excess_of_seeds: the part of the squared standard error of the value, or of value − null,
            that is due to the spread between trainings; None of a single training.
        errors, excess_errors: what the p-value of "it is x" is made of, for any x: the standard error over
            units, and of several trainings their standard deviation, and the part of it that the sampling of
            units explains. Empty where no interval was requested, and in older records.

    >>> round(sc.Value(0.3, null=0.1).excess, 3)
    0.2
    """

    value: float
    low: float | None = None
    high: float | None = None
    null: float | None = None
    excess_low: float | None = None
    excess_high: float | None = None
    n: int = 0
    p: float | None = None
    excess_p: float | None = None
    seeds: int = 1
    of_seeds: float | None = None
    excess_of_seeds: float | None = None
    errors: tuple[float, ...] = ()
    excess_errors: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ERRORS:  # lists in a record
            object.__setattr__(self, name, tuple(getattr(self, name)))

    @property
    def excess(self) -> float | None:
        return None if self.null is None else self.value - self.null

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval of the excess excludes zero; False where there is none."""
        low, high = self.excess_low, self.excess_high
        return low is not None and high is not None and (low > 0 or high < 0)


COLUMNS = tuple(one.name for one in fields(Value) if one.name not in ERRORS)
WHOLE = ("n", "seeds")  # of these, the whole numbers
HEAD = ("", "value", "95 % interval", "null", "value − null", "n")
#: Names of values and columns in older records, as patterns, and what replaces them.
RENAMED = {
    r"oracle\.budget": "oracle.at_k",
    r"adds\.(.+)": r"marginal_recall.\1",
    r"(.+)\.room": r"\1.slack",
    r"sole": "exclusive",
    r"r2_of_ceiling": "r2_of_seed",
}
MARKED = "* The 95 % interval of value − null excludes zero."


@checked
@dataclass(frozen=True, eq=False)
class Evidence:
    """Named values with the table they are computed from. Prints as a table; round-trips through JSON.

    In a notebook it shows its headline first, then the values.

    Attributes:
        name: what was measured, e.g. "diagnose(LightGCN, text)".
        values: by name; a dot groups them ("hits.common").
        table: one row per unit (user or item), the columns the values are computed from.
        provenance: data hash, protocol, configurations, seeds, versions.
        headline: the answer in a sentence, its verdict and the number it rests on; None where nothing is
            decided, and in records older than headlines.

    >>> sorted(added.values)[0], added["gain"].n
    ('gain', 657)
    """

    name: str
    values: Mapping[str, Value]
    table: pd.DataFrame
    provenance: Mapping[str, Any] = field(default_factory=dict)
    headline: str | None = None

    def __getitem__(self, key: str) -> Value:
        if key not in self.values:
            raise unknown_name("value", key, self.values)
        return self.values[key]

    def frame(self) -> pd.DataFrame:
        """One row per value, columns as the numbers of `Value`: float64 with NaN for None, or int64.

        >>> added.frame().columns[0]
        'value'
        """
        rows = [asdict(value) for value in self.values.values()]
        kinds = {column: "int64" if column in WHOLE else "float64" for column in COLUMNS}
        return pd.DataFrame(rows, index=list(self.values), columns=list(COLUMNS)).astype(kinds)

    def to_markdown(self) -> str:
        """The values as a pipe table: value, interval, null, excess with its interval, n.

        An excess whose interval excludes zero is starred. This is not adjusted for multiple testing: where
        many values are read at once, adjust their p-values (`holm`).

        >>> print(added.to_markdown().splitlines()[1])
        | :--- | ---: | ---: | ---: | ---: | ---: |
        """
        note = escape_markdown(MARKED) if self._marked else ""
        return markdown_table(HEAD, self._rows(escape_markdown, str, r"\*"), note)

    def to_latex(self) -> str:
        r"""As `to_markdown`, a `tabular` for booktabs; the caption is left to the paper.

        >>> added.to_latex().startswith(r"\begin{tabular}")
        True
        """
        head = ("", "value", r"95\,\% interval", "null", "value $-$ null", "n")
        note = r"* The 95\,\% interval of value $-$ null excludes zero." if self._marked else ""
        return latex_table(head, self._rows(escape_latex, latex_number, "*"), note)

    @property
    def _marked(self) -> bool:
        return any(value.excludes_zero for value in self.values.values())

    def _rows(
        self, name: Callable[[str], str], written: Callable[[str], str], star: str
    ) -> list[tuple[str, ...]]:
        rows: list[tuple[str, ...]] = []
        for key, v in self.values.items():
            excess = written(number(v.excess))
            if v.excess_low is not None:
                excess += f" ({written(span(v.excess_low, v.excess_high))})" + (
                    star if v.excludes_zero else ""
                )
            interval = written(span(v.low, v.high))
            rows.append(
                (name(key), written(number(v.value)), interval, written(number(v.null)), excess, count(v.n))
            )
        return rows

    def to_dict(self, *, table: bool = True) -> dict[str, Any]:
        """Plain types only. `table=False` omits the per-unit table (records kept next to the book).

        >>> list(added.to_dict(table=False))[:3]
        ['name', 'values', 'provenance']
        """
        record: dict[str, Any] = {
            "name": self.name,
            "values": {key: asdict(value) for key, value in self.values.items()},
            "provenance": in_order(self.provenance),
        }
        if self.headline is not None:
            record["headline"] = self.headline
        if table:
            record["table"] = table_record(self.table)
        return record

    def to_json(self, *, table: bool = True) -> str:
        """`to_dict` as text. Raises ValueError for a number that is NaN or infinite.

        >>> sc.Evidence.from_json(added.to_json())["gain"] == added["gain"]
        True
        """
        return json.dumps(self.to_dict(table=table), indent=1, allow_nan=False)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Evidence:
        """What `to_dict` wrote. Raises SemcompError where name, values or provenance are missing or odd.

        >>> sc.Evidence.from_dict(added.to_dict()).name == added.name
        True
        """
        missing = {"name", "values", "provenance"} - set(record)
        if missing:
            raise SemcompError(f"not an evidence record: {', '.join(sorted(missing))} missing")
        try:
            values = {current_name(key): Value(**value) for key, value in record["values"].items()}
        except (AttributeError, TypeError) as error:
            raise SemcompError(
                f"the values of evidence record {record['name']!r} cannot be read ({error}); each is a "
                f"mapping with some of {', '.join(COLUMNS)}"
            ) from error
        table = table_of(record.get("table")).rename(columns=current_name)
        return cls(record["name"], values, table, record["provenance"], record.get("headline"))

    @classmethod
    def from_json(cls, text: str) -> Evidence:
        """What `to_json` wrote, equal to the last digit.

        >>> sc.Evidence.from_json(added.to_json()).name == added.name
        True
        """
        return cls.from_dict(record_in(text))

    def __repr__(self) -> str:
        unit = f"{self.table.index.name or 'row'}s" if len(self.table) else "rows"
        told = f"; {self.headline}" if self.headline else ""
        return f"<Evidence {self.name!r}: {len(self.values)} values, {len(self.table):,} {unit}{told}>"

    def _repr_html_(self) -> str:
        title, facts = (self.headline, [self.name]) if self.headline else (self.name, [])
        table = Table(HEAD, self._rows(str, str, "*"))
        marked = MARKED if self._marked else ""
        return card(title, [*facts, summary(self.provenance)], table, notes=[marked])

    def __str__(self) -> str:
        rows = [
            (key, number(v.value), span(v.low, v.high), number(v.null), count(v.n))
            for key, v in self.values.items()
        ]
        return f"{self.name}\n{text_table(('', 'value', '95 % interval', 'null', 'n'), rows)}"


def current_name(key: str) -> str:
    """What a value or column is called today, for reading records that were written before a renaming."""
    for old, new in RENAMED.items():
        if re.fullmatch(old, key):
            return re.sub(old, new, key)
    return key


def in_order(provenance: Any) -> Any:
    """A provenance with sorted keys at any depth: the same bytes, be it just made or read back."""
    if isinstance(provenance, Mapping):
        return {key: in_order(provenance[key]) for key in sorted(provenance)}
    if isinstance(provenance, list | tuple):
        return [in_order(value) for value in provenance]
    return provenance


def table_record(table: pd.DataFrame) -> dict[str, Any]:
    """A per-unit table as plain types: the unit, index, columns and rows."""
    return {"unit": table.index.name} | table.to_dict(orient="split")


def table_of(record: Mapping[str, Any] | None) -> pd.DataFrame:
    """The table that a record of `table_record` holds; an empty one for None. SemcompError for another."""
    if record is None:
        return pd.DataFrame()
    try:
        index = pd.Index(record["index"], name=record["unit"])
        return pd.DataFrame(record["data"], index=index, columns=record["columns"])
    except (KeyError, TypeError, ValueError) as error:
        raise SemcompError(
            f"the table of a record cannot be read ({error}); give what `to_json` wrote"
        ) from error


def record_in(text: str) -> Mapping[str, Any]:
    """The record in a JSON text; SemcompError for another text."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise SemcompError(
            f"the text is not a record in JSON ({error}); give what `to_json` wrote"
        ) from error
    if not isinstance(record, dict):
        raise SemcompError(
            f"the text is {type(record).__name__} in JSON; give the record that `to_json` wrote"
        )
    return record
