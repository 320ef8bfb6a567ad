"""What the codes of two views have in common, level by level: adjusted mutual information, with its nulls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.special import gammaln

from semcomp.checks import checked
from semcomp.core.joining import rows_of
from semcomp.core.tables import number, span, text_table
from semcomp.display import Table, card
from semcomp.errors import SemcompError
from semcomp.kernels.random import generator
from semcomp.tokens.codes import Codes

Labels = NDArray[np.int64]
LEAST = 8  # items that both sides have a code for


@checked
@dataclass(frozen=True, eq=False)
class Overlap:
    """Adjusted mutual information of two codes of the same items.

    Attributes:
        name: what was compared.
        table: a row for each level, and for each prefix, the tokens up to a level taken as one: "tokens"
            ("2", or "1-2"), "one" and "other" (labels that either side has), "ami", "shuffled", "low",
            "high" (mean and 95 % of it where the other's items are shuffled), "null" and "again" (NaN where
            they were not given). Prefixes of most items are theirs alone soon, and say little from there on.
        n: items that both sides have a code for.
        provenance: of both sides.

    >>> one, other = (sc.tokens.ResidualKMeans(2, 8).fit(view).codes for view in (cf, sem))
    >>> sc.tokens.overlap(one, other, shuffles=5)["1"]["ami"] < 0.5
    True
    """

    name: str
    table: pd.DataFrame
    n: int
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, tokens: str) -> dict[str, float]:
        """The row of a level ("2") or of a prefix ("1-2")."""
        found = self.table[self.table["tokens"] == tokens]
        if found.empty:
            known = ", ".join(self.table["tokens"])
            raise SemcompError(f"there are no tokens {tokens!r} in {self.name}; there are {known}")
        return {str(key): float(value) for key, value in found.iloc[0].items() if key != "tokens"}

    def _lines(self) -> tuple[list[str], list[list[str]]]:
        head = ["tokens", "one", "other", "AMI", "shuffled", "another seed", "tokenised again"]
        rows = [
            [
                row["tokens"],
                f"{row['one']:,}",
                f"{row['other']:,}",
                number(row["ami"]),
                span(row["low"], row["high"]),
                *("" if np.isnan(row[key]) else number(row[key]) for key in ("null", "again")),
            ]
            for row in self.table.to_dict("records")
        ]
        return head, rows

    def __str__(self) -> str:
        return f"{self.name}, {self.n:,} items\n{text_table(*self._lines())}"

    def __repr__(self) -> str:
        return f"<Overlap {self.name!r}: {self.n:,} items, {len(self.table)} rows>"

    def _repr_html_(self) -> str:
        head, rows = self._lines()
        return card(f"{self.name}, {self.n:,} items", [], Table(head, rows, len(rows)))


@checked
def overlap(
    one: Codes,
    other: Codes,
    *,
    null: Codes | None = None,
    again: Codes | None = None,
    shuffles: int = 20,
    seed: int = 0,
) -> Overlap:
    """AMI of the tokens of two views: 1 if either says all of the other, 0 if neither says anything.

    AMI = (I - E[I]) / (½ (H_one + H_other) - E[I]), with I the mutual information of the labels and E[I] its
    mean over all ways to shuffle them (Vinh, Epps and Bailey, JMLR 2010; `adjusted_mutual_info_score` of
    scikit-learn). Codes need no common space, so that this is asked of a text and a behaviour view directly.
    The levels of two tokenizers are compared in order, first with first; items are joined by id, and those
    without a code on either side are left out.

    Args:
        one: e.g. codes of a text. other: e.g. codes of a collaborative view.
        null: codes of another seed of the other's view. AMI with `other` is what two views have in common
            that differ by chance alone, so the ceiling of what could be found.
        again: codes of the other's very vectors by another seed of the tokenizer: what tokenising loses.
        shuffles: of the items of `other`; 0 for none.

    Raises:
        SemcompError: items that only one side knows, fewer than 8 that both have a code for.

    >>> codes = sc.tokens.ResidualKMeans(levels=2, size=8).fit(cf).codes
    >>> round(sc.tokens.overlap(codes, codes, shuffles=0)["1-2"]["ami"], 6)
    1.0
    """
    pairs = {"ami": (one, other), "null": (null, other), "again": (again, other)}
    rows = np.flatnonzero(one.known)
    sides = {side: _joined(one, side) for side in (other, null, again) if side is not None}
    for codes in sides.values():
        rows = rows[codes[rows, 0] >= 0]
    if len(rows) < LEAST:
        raise SemcompError(
            f"{one.name!r} and {other.name!r} have {len(rows)} items in common that have a code; "
            f"at least {LEAST} are needed"
        )
    draws = [generator(seed, "shuffles", at) for at in range(shuffles)]
    shuffled = [torch.randperm(len(rows), generator=draw).numpy() for draw in draws]
    table = []
    for tokens, here in _tokens(min(side.levels for side in (one, *sides))):
        labels = {id(side): _labels(codes[rows, here]) for side, codes in [(one, one.codes), *sides.items()]}
        mine, theirs = labels[id(one)], labels[id(other)]
        found = {
            key: np.nan if first is None else ami(labels[id(first)], labels[id(second)])
            for key, (first, second) in pairs.items()
        }
        chance = [ami(mine, theirs[order]) for order in shuffled] or [np.nan]
        low, high = np.quantile(chance, [0.025, 0.975])
        counts = {"one": int(mine.max()) + 1, "other": int(theirs.max()) + 1}
        spread = {"shuffled": float(np.mean(chance)), "low": float(low), "high": float(high)}
        table.append({"tokens": tokens, **counts, **found, **spread})
    made = {"one": dict(one.provenance), "other": dict(other.provenance), "shuffles": shuffles, "seed": seed}
    return Overlap(f"overlap({one.name}, {other.name})", pd.DataFrame(table), len(rows), made)


def ami(one: Labels, other: Labels) -> float:
    """Adjusted mutual information of two labellings of n rows, labels from 0; 1 if both have one label, or n.

    As scikit-learn's, but E[I] is summed once for each pair of sizes instead of each pair of labels, so that
    thousands of labels are no matter.
    """
    n = len(one)
    a, b = np.bincount(one), np.bincount(other)
    both = np.unique(one * len(b) + other, return_counts=True)[1]
    entropies = _entropy(a, n) + _entropy(b, n)
    mutual, expected = entropies - _entropy(both, n), _expected(a, b, n)
    room = entropies / 2 - expected
    return float((mutual - expected) / room) if room > 1e-12 else 1.0


def _entropy(counts: Labels, n: int) -> float:
    p = counts[counts > 0] / n
    return float(-(p * np.log(p)).sum())


def _expected(a: Labels, b: Labels, n: int) -> float:
    """E[I] of labels of these sizes, shuffled: a sum of hypergeometric terms, once for each pair of sizes."""
    log_factorial = gammaln(np.arange(n + 1) + 1.0)
    (of_a, times_a), (of_b, times_b) = (np.unique(one[one > 0], return_counts=True) for one in (a, b))
    total = 0.0
    for size, times in zip(of_a, times_a, strict=True):
        low, high = np.maximum(1, size + of_b - n), np.minimum(size, of_b)
        steps = high - low + 1
        at = np.repeat(np.arange(len(of_b)), steps)
        both = np.arange(steps.sum()) - np.repeat(np.cumsum(steps) - steps, steps) + low[at]
        theirs = of_b[at]
        p = np.exp(
            log_factorial[size]
            + log_factorial[theirs]
            + log_factorial[n - size]
            + log_factorial[n - theirs]
            - log_factorial[n]
            - log_factorial[both]
            - log_factorial[size - both]
            - log_factorial[theirs - both]
            - log_factorial[n - size - theirs + both]
        )
        total += times * float((times_b[at] * both / n * np.log(n * both / (size * theirs)) * p).sum())
    return total


def _joined(one: Codes, side: Codes) -> NDArray[np.int64]:
    """The codes of a side in the order of the items of the first."""
    if np.array_equal(side.item_ids, one.item_ids):
        return side.codes
    remedy = "give codes of the same items"
    return side.codes[rows_of(side.item_ids, one.item_ids, owner=side.name, unit="item", remedy=remedy)]


def _tokens(levels: int) -> list[tuple[str, slice]]:
    """Each level by itself, then the prefixes of two and more."""
    alone = [(f"{at + 1}", slice(at, at + 1)) for at in range(levels)]
    return alone + [(f"1-{end}", slice(0, end)) for end in range(2, levels + 1)]


def _labels(codes: NDArray[np.int64]) -> Labels:
    return np.asarray(np.unique(codes, axis=0, return_inverse=True)[1].ravel(), dtype=np.int64)
