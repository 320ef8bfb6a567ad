"""From arrays to a record: the whole diagnosis of views that someone brought along."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from semcomp.core.evidence import Evidence
from semcomp.core.rank import rank
from semcomp.core.topk import TopK
from semcomp.core.view import View, check_fits, unit_rows
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.complementarity.diagnostics import diagnose
from semcomp.evidence.complementarity.pair import Pair
from semcomp.evidence.complementarity.people import StrataFrom
from semcomp.evidence.complementarity.readings import Reading, against_nulls, read_diagnosis
from semcomp.evidence.complementarity.reference_lists import popularity_list, random_list, shuffled_items
from semcomp.evidence.complementarity.several import find_together
from semcomp.evidence.quality.beyond import beyond_accuracy

NORMALIZE = ("none", "l2")
BINS = 10  # of like popularity, within which items are shuffled
COUNTS = ("users.", "hits.", "found_by.", "only.")  # groups of values that are whole numbers
HEADLINES = ("jaccard", "oracle.gain", "union_minus_2k", "fusion.gain_ndcg")


@dataclass(frozen=True, eq=False)
class Listed:
    """A view and its ranking, made once for all that it is compared with."""

    view: View
    ranking: TopK


@dataclass(frozen=True)
class Protocol:
    """How views that someone brought along are ranked and measured.

    Attributes:
        k: length of the lists. mask: history left out, as for `rank`. strata, resamples, seed: as for
            `diagnose`.
        normalize: "none", or "l2" to give all views unit rows first (scores become cosines).
    """

    k: int = 20
    mask: str = "train+valid"
    normalize: str = "none"
    strata: StrataFrom = "train"
    resamples: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        if self.normalize not in NORMALIZE:
            raise unknown_name("normalisation", self.normalize, NORMALIZE)

    def prepared(self, view: View, split: Split) -> View:
        """The view as it is ranked; SemcompError for one that does not fit the split, or for k above it."""
        if self.k > split.n_items:
            raise SemcompError(f"k = {self.k} is above the number of items, {split.n_items}; lower k")
        check_fits(view, (split.n_users, split.n_items))
        return view.normalized() if self.normalize == "l2" else view

    def places(self, split: Split, times: int = 2) -> int:
        """`times` · k, or as many as there are items."""
        return min(times * self.k, split.n_items)

    def listed(self, view: View, split: Split, times: int = 2) -> Listed:
        """The view with its ranking of `times` · k places."""
        return Listed(view, rank(view, split, self.places(split, times), mask=self.mask))

    def pair(self, a: Listed, b: Listed, split: Split) -> Pair:
        """Their first 2k places, and the ranking of their frozen fusion."""
        fused = rank(frozen_fusion(a.view, b.view), split, self.k, mask=self.mask)
        places = self.places(split)
        return Pair(a.ranking.top(places), b.ranking.top(places), fused)

    def diagnose(self, pair: Pair, split: Split, null: TopK | Pair | None = None) -> Evidence:
        found = diagnose(
            pair.a,
            pair.b,
            split,
            k=self.k,
            fused=pair.fused,
            null=null,
            strata=self.strata,
            resamples=self.resamples,
            seed=self.seed,
        )
        provenance = {**found.provenance, "mask": self.mask, "normalize": self.normalize}
        return Evidence(found.name, found.values, found.table, provenance)


@dataclass(frozen=True, eq=False)
class Report:
    """Attributes:
    pairs: a diagnosis of every two views, with the fusion of both as they are, against the first null.
    nulls: for every two, the same diagnosis against each of the nulls.
    quality: of each view beyond accuracy.
    together: what all views find; None where there are two.
    """

    pairs: Mapping[tuple[str, str], Evidence]
    nulls: Mapping[tuple[str, str], Mapping[str, Evidence]]
    quality: Mapping[str, Evidence]
    together: Evidence | None = None

    def readings(self) -> dict[tuple[str, str], list[Reading]]:
        return {names: read_diagnosis(found) for names, found in self.pairs.items()}

    def record(self) -> dict[str, Any]:
        """Plain types: of two views `shell_record` of their diagnosis, of more one a pair under `pairs`.

        Beside it `nulls` (each null's headline values), `readings`, and the records of `quality`.
        """
        both = {
            names: shell_record(found)
            | {
                "nulls": {null: _headlines(one) for null, one in self.nulls.get(names, {}).items()},
                "readings": [
                    {"says": one.says, "value": one.key, **asdict(one.judgement)}
                    for one in read_diagnosis(found)
                ],
            }
            for names, found in self.pairs.items()
        }
        quality = {name: found.to_dict(table=False) for name, found in self.quality.items()}
        if self.together is None:
            return next(iter(both.values())) | {"quality": quality}
        pairs = [{"a": a, "b": b, **record} for (a, b), record in both.items()]
        return {"together": shell_record(self.together), "pairs": pairs, "quality": quality}

    def __str__(self) -> str:
        parts = [] if self.together is None else [str(self.together)]
        for names, found in self.pairs.items():
            parts.append(str(found))
            if self.nulls.get(names):
                parts.append(f"against each null\n{_shown(against_nulls(self.nulls[names], HEADLINES))}")
            parts.append("\n".join(map(str, read_diagnosis(found))))
        return "\n\n".join([*parts, *map(str, self.quality.values())])


def report_arrays(
    views: Mapping[str, View],
    split: Split,
    protocol: Protocol = Protocol(),
    *,
    null: View | None = None,
    nulls: bool = True,
    categories: sp.csr_array | None = None,
) -> Report:
    """All that two or more views of one split tell of each other.

    Args:
        views: by name, two or more. The first is the one that others should add to.
        null: another seed of the first view. Where there is one, it is the null of every pair with the
            first view in it; other pairs have none but the reference nulls.
        nulls: also hold every pair against what knows nothing: the most popular items, a random list, the
            second view with its item vectors dealt out anew, and dealt out among items of like popularity.
        categories: (items, categories) of the items, for their calibration.

    Raises:
        SemcompError: fewer than two views, and as `diagnose` and `rank`.
    """
    if len(views) < 2:
        raise SemcompError(f"{len(views)} views given; at least 2 are needed to compare")
    ready = {name: protocol.prepared(view, split) for name, view in views.items()}
    seed_null = None if null is None else protocol.prepared(null, split)
    first = next(iter(ready))
    listed = {name: protocol.listed(view, split, max(2, len(ready))) for name, view in ready.items()}
    seeds = None
    if seed_null is not None:
        seeds = protocol.pair(listed[first], protocol.listed(seed_null, split), split)
    knowing_nothing = reference_lists(split, protocol) if nulls else {}
    pairs, controls = {}, {}
    for a, b in combinations(listed, 2):
        pair = protocol.pair(listed[a], listed[b], split)
        found: dict[str, TopK | Pair] = {}
        if seeds is not None and a == first:
            found["another seed"] = seeds
        found |= knowing_nothing
        if nulls:
            found |= shuffled_nulls(listed[a], ready[b], split, protocol)
        held = {name: protocol.diagnose(pair, split, one) for name, one in found.items()}
        pairs[a, b] = held["another seed"] if "another seed" in held else protocol.diagnose(pair, split)
        controls[a, b] = held
    vectors = {name: view.items for name, view in ready.items()}
    quality = {
        name: beyond_accuracy(
            one.ranking.top(protocol.k),
            split,
            k=protocol.k,
            vectors=vectors,
            categories=categories,
            resamples=protocol.resamples,
            seed=protocol.seed,
        )
        for name, one in listed.items()
    }
    together = None
    if len(listed) > 2:
        together = find_together(
            {name: one.ranking for name, one in listed.items()},
            split,
            k=protocol.k,
            strata=protocol.strata,
            resamples=protocol.resamples,
            seed=protocol.seed,
        )
    return Report(pairs, controls, quality, together)


def diagnose_arrays(a: View, b: View, split: Split, *, null: View | None = None, **protocol: Any) -> Evidence:
    """Rank two views at 2k places (as far as there are items), diagnose them at k with their frozen fusion.

    Args:
        null: another seed of a; its pair with a, and their fusion, is the null.
        protocol: fields of `Protocol`.

    Raises:
        SemcompError: as `diagnose` and `rank`, and for an unknown `normalize`.
    """
    given = Protocol(**protocol)
    ready = [given.prepared(view, split) for view in ((a, b) if null is None else (a, b, null))]
    one, other, *seeds = (given.listed(view, split) for view in ready)
    control = given.pair(one, seeds[0], split) if seeds else None
    return given.diagnose(given.pair(one, other, split), split, control)


def reference_lists(split: Split, protocol: Protocol) -> dict[str, TopK]:
    """What stands in b's place and knows nothing of the user."""
    places = protocol.places(split)
    return {
        "popular items": popularity_list(split, places, mask=protocol.mask),
        "random list": random_list(split, places, protocol.seed, mask=protocol.mask),
    }


def shuffled_nulls(a: Listed, b: View, split: Split, protocol: Protocol) -> dict[str, Pair]:
    """What stands in b's place and knows nothing of which item is which."""
    counts = item_counts(split.train)
    mixed = {
        "items shuffled": shuffled_items(b, protocol.seed),
        "items shuffled within popularity": shuffled_items(
            b, protocol.seed, strata=min(BINS, split.n_items), counts=counts
        ),
    }
    return {name: protocol.pair(a, protocol.listed(view, split), split) for name, view in mixed.items()}


def frozen_fusion(a: View, b: View) -> View:
    """Norm-concat-norm of two views as they are: `n([n(a); n(b)])` for users and items.

    Where no row is zero its score is the mean of the two cosines.
    """
    users = unit_rows(np.hstack([unit_rows(a.users), unit_rows(b.users)]))
    items = unit_rows(np.hstack([unit_rows(a.items), unit_rows(b.items)]))
    return View("fused", users, items, {"a": dict(a.provenance), "b": dict(b.provenance)})


def shell_record(evidence: Evidence) -> dict[str, Any]:
    """The JSON of `semcomp diagnose`: dotted names become nested plain numbers, counts become integers.

    Under `detail`: `values`, each with interval, null and n by its dotted name; `name`; `provenance`.
    """
    record: dict[str, Any] = {}
    for key, value in evidence.values.items():
        *groups, last = key.split(".")
        place = record
        for group in groups:
            place = place.setdefault(group, {})
        counted = key in ("fusion.synergy", "fusion.lost") or key.startswith(COUNTS)
        place[last] = int(value.value) if counted else value.value
    record["detail"] = {
        "name": evidence.name,
        "values": {key: asdict(value) for key, value in evidence.values.items()},
        "provenance": dict(evidence.provenance),
    }
    return record


def _headlines(evidence: Evidence) -> dict[str, Any]:
    found = {key: evidence.values[key] for key in HEADLINES if key in evidence.values}
    return {key: asdict(value) for key, value in found.items() if value.null is not None}


def _shown(frame: pd.DataFrame) -> str:
    return frame.to_string(float_format=lambda number: f"{number:.4f}", na_rep="")
