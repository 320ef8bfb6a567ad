"""A measurement: named values, each with its interval, its null and its n, and the table they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from semcomp.errors import SemcompError, unknown_name


@dataclass(frozen=True)
class Value:
    """One number and what it takes to read it.

    Attributes:
        value: the estimate.
        low, high: its 95 % interval (bootstrap over the units of the table), None where none was asked for.
        null: the same number measured where no effect exists (another seed, shuffled pairs, chance).
        excess_low, excess_high: 95 % interval of `value - null`, both from the same resamples.
        n: the number of units (users, items, hits) behind it.
    """

    value: float
    low: float | None = None
    high: float | None = None
    null: float | None = None
    excess_low: float | None = None
    excess_high: float | None = None
    n: int = 0

    @property
    def excess(self) -> float | None:
        return None if self.null is None else self.value - self.null


@dataclass(frozen=True, eq=False)
class Evidence:
    """Named values with the per-unit table behind them. Prints as a table; round-trips through JSON.

    Attributes:
        name: what was measured, e.g. "diagnose(LightGCN, text)".
        values: by name; a dot groups them ("hits.common").
        table: one row a unit (user or item), the columns the values are computed from.
        provenance: data hash, protocol, configurations, seeds, versions.
    """

    name: str
    values: Mapping[str, Value]
    table: pd.DataFrame
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, key: str) -> Value:
        if key not in self.values:
            raise unknown_name("value", key, self.values)
        return self.values[key]

    def frame(self) -> pd.DataFrame:
        """One row a value; columns value, low, high, null, excess_low, excess_high, n."""
        return pd.DataFrame({key: asdict(value) for key, value in self.values.items()}).T.infer_objects()

    def to_dict(self, *, table: bool = True) -> dict[str, Any]:
        """Plain types only. `table=False` leaves the per-unit table out (records kept beside the book)."""
        record: dict[str, Any] = {
            "name": self.name,
            "values": {key: asdict(value) for key, value in self.values.items()},
            "provenance": dict(self.provenance),
        }
        if table:
            record["table"] = {"unit": self.table.index.name} | self.table.to_dict(orient="split")
        return record

    def to_json(self, *, table: bool = True) -> str:
        return json.dumps(self.to_dict(table=table), indent=1, allow_nan=False)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Evidence:
        missing = {"name", "values", "provenance"} - set(record)
        if missing:
            raise SemcompError(f"not an evidence record: {', '.join(sorted(missing))} missing")
        values = {key: Value(**value) for key, value in record["values"].items()}
        table = pd.DataFrame()
        if "table" in record:
            parts = record["table"]
            index = pd.Index(parts["index"], name=parts["unit"])
            table = pd.DataFrame(parts["data"], index=index, columns=parts["columns"])
        return cls(record["name"], values, table, record["provenance"])

    @classmethod
    def from_json(cls, text: str) -> Evidence:
        return cls.from_dict(json.loads(text))

    def __str__(self) -> str:
        def number(value: float | None) -> str:
            if value is None:
                return ""
            return (
                f"{value:,.0f}"
                if abs(value) >= 100 or (abs(value) >= 2 and value % 1 == 0)
                else f"{value:.4f}"
            )

        rows = [("", "value", "95 % interval", "null", "n")]
        for key, v in self.values.items():
            interval = f"{number(v.low)} – {number(v.high)}" if v.low is not None else ""
            rows.append((key, number(v.value), interval, number(v.null), f"{v.n:,}" if v.n else ""))
        widths = [max(len(row[c]) for row in rows) for c in range(5)]
        lines = [
            row[0].ljust(widths[0])
            + "".join("  " + cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))
            for row in rows
        ]
        return "\n".join([self.name, *(line.rstrip() for line in lines)])
