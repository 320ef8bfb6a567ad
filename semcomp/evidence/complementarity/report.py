"""From arrays to a record: the whole diagnosis of views given as arrays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import pandas as pd
import scipy.sparse as sp

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.core.rank import rank
from semcomp.core.topk import TopK
from semcomp.core.view import View, of_split
from semcomp.data import Split
from semcomp.data.popularity import item_counts
from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.complementarity import measures, several
from semcomp.evidence.complementarity.diagnostics import against_nulls, diagnose, read_diagnosis
from semcomp.evidence.complementarity.measures import HEADLINES
from semcomp.evidence.complementarity.pair import Pair, StrataFrom, same_lists
from semcomp.evidence.complementarity.reference_lists import popularity_list, random_list, shuffled_items
from semcomp.evidence.complementarity.several import find_together
from semcomp.evidence.quality.beyond import beyond_accuracy
from semcomp.evidence.statistics.measured import is_count
from semcomp.evidence.statistics.verdicts import Statement, Verdict

Fuse = Callable[[View, View], View]
NORMALIZE = ("none", "l2")
BINS = 10  # of similar popularity, within which items are shuffled
#: Said next to verdicts on views given as arrays, one training each.
ALONE = (
    "Intervals and verdicts are over users, of these views as they are: what another training of a view, or "
    "of the null, would give is not in them. For several trainings: semcomp.evidence.diagnose_over_seeds."
)
COUNTED = (*measures.TABLE, *several.PER_VIEW, *several.together_table(()))


@checked
@dataclass(frozen=True)
class Protocol:
    """How views given as arrays are ranked and measured.

    Attributes:
        k: length of the lists. mask: history to exclude, as for `rank`. strata, resamples, seed: as for
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
        view = of_split(view, split)
        return view.normalized() if self.normalize == "l2" else view


class _Rankings:
    """The views of one report, each ranked once, and the pairs that are made of them."""

    def __init__(self, split: Split, protocol: Protocol, fuse: Fuse | None) -> None:
        self.split, self.protocol, self.fuse = split, protocol, fuse
        self.places = min(2 * protocol.k, split.n_items)

    def rank(self, view: View, times: int = 2) -> TopK:
        """The view's ranking of `times` · k places, or as many as there are items."""
        places = min(times * self.protocol.k, self.split.n_items)
        return rank(view, self.split, places, mask=self.protocol.mask)

    def pair(self, a: View, b: View, of_a: TopK, of_b: TopK) -> Pair:
        """Their first 2k places, and the ranking of their fusion."""
        fused = None
        if self.fuse is not None:
            fused = rank(self.fuse(a, b), self.split, self.protocol.k, mask=self.protocol.mask)
        return Pair(of_a.top(self.places), of_b.top(self.places), fused)

    def diagnose(self, pair: Pair, null: TopK | Pair | None = None) -> Evidence:
        p = self.protocol
        found = diagnose(
            pair.a,
            pair.b,
            self.split,
            k=p.k,
            fused=pair.fused,
            null=null,
            strata=p.strata,
            resamples=p.resamples,
            seed=p.seed,
        )
        made = {**found.provenance, "mask": p.mask, "normalize": p.normalize}
        return replace(found, provenance=made)

    def reference_nulls(self, a: View, b: View, of_a: TopK) -> dict[str, TopK | Pair]:
        """In place of b: what knows nothing about the user, and what does not know which item is which."""
        split, p = self.split, self.protocol
        counts, bins = item_counts(split.train), min(BINS, split.n_items)
        shuffled = {
            "items shuffled": shuffled_items(b, p.seed),
            "items shuffled within popularity": shuffled_items(b, p.seed, strata=bins, counts=counts),
        }
        return {
            "popular items": popularity_list(split, self.places, mask=p.mask),
            "random list": random_list(split, self.places, p.seed, mask=p.mask),
            **{name: self.pair(a, view, of_a, self.rank(view)) for name, view in shuffled.items()},
        }


@checked
@dataclass(frozen=True, eq=False)
class Report:
    """Attributes:
    pairs: a diagnosis of every two views, with their fusion, against the first null.
    nulls: for every two, the same diagnosis against each of the nulls.
    quality: of each view beyond accuracy.
    together: what all views find; None where there are two.
    """

    pairs: Mapping[tuple[str, str], Evidence]
    nulls: Mapping[tuple[str, str], Mapping[str, Evidence]]
    quality: Mapping[str, Evidence]
    together: Evidence | None = None

    def __repr__(self) -> str:
        return f"<Report of {', '.join(self.quality)}: {len(self.pairs)} pairs>"

    def _repr_html_(self) -> str:
        shown = [] if self.together is None else [self.together]
        return "".join(one._repr_html_() for one in [*shown, *self.pairs.values(), *self.quality.values()])

    def record(self) -> dict[str, Any]:
        """Plain types: of two views `shell_record` of their diagnosis, of more one per pair under `pairs`.

        Next to it `nulls` (each null's headline values), `readings`, what they are `about`, and the records
        of `quality`.
        """
        both = {
            names: shell_record(found)
            | {
                "nulls": {null: _headlines(one) for null, one in self.nulls.get(names, {}).items()},
                "readings": [
                    {"says": one.says, "value": one.key, "least": one.least.amount, **verdict.to_dict()}
                    for one, verdict in read_diagnosis(found).items()
                ],
                "about": ALONE,
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
            parts += [
                f"{null} are one of these two views, and so no null of theirs"
                for null in found.provenance.get("omitted_nulls", ())
            ]
            parts.append("\n".join(_told(one, said) for one, said in read_diagnosis(found).items()))
            parts.append(ALONE)
        return "\n\n".join([*parts, *map(str, self.quality.values())])


@checked
def report_arrays(
    views: Mapping[str, View],
    split: Split,
    protocol: Protocol = Protocol(),
    *,
    fuse: Fuse | None = None,
    null: View | None = None,
    nulls: bool = True,
    categories: sp.csr_array | None = None,
) -> Report:
    """A full comparison of two or more views of one split.

    Args:
        views: by name, two or more. The first is the one that others should add to.
        fuse: makes one view of two, e.g. CombSUM with its weight picked on the validation part; without it
            no pair has a fusion.
        null: another seed of the first view. Where there is one, it is the null of every pair with the
            first view in it; other pairs have none but the reference nulls. It is taken as it is: intervals
            are over users, and know nothing of other trainings (`diagnose_over_seeds` does).
        nulls: also compare every pair with uninformed references: the most popular items, a random list, the
            second view with its item vectors permuted, and permuted among items of similar popularity. One
            that is a view of the pair itself is omitted there, and named in the provenance of the pair's
            diagnosis under "omitted_nulls".
        categories: (items, categories) of the items, for their calibration.

    Raises:
        SemcompError: fewer than two views, and as `diagnose` and `rank`.
    """
    if len(views) < 2:
        raise SemcompError(f"{len(views)} views given; at least 2 are needed to compare")
    made = _Rankings(split, protocol, fuse)
    ready = {name: protocol.prepared(view, split) for name, view in views.items()}
    seed_null = None if null is None else protocol.prepared(null, split)
    first = next(iter(ready))
    lists = {name: made.rank(view, max(2, len(ready))) for name, view in ready.items()}
    seeds = None
    if seed_null is not None:
        seeds = made.pair(ready[first], seed_null, lists[first], made.rank(seed_null))
    pairs, controls = {}, {}
    for a, b in combinations(ready, 2):
        pair = made.pair(ready[a], ready[b], lists[a], lists[b])
        found: dict[str, TopK | Pair] = {}
        if seeds is not None and a == first:
            found["another seed"] = seeds
        references = made.reference_nulls(ready[a], ready[b], lists[a]) if nulls else {}
        omitted = [name for name, one in references.items() if _is_of(pair, one)]
        found |= {name: one for name, one in references.items() if name not in omitted}
        held = {name: made.diagnose(pair, one) for name, one in found.items()}
        main = held["another seed"] if "another seed" in held else made.diagnose(pair)
        if omitted:
            main = replace(main, provenance={**main.provenance, "omitted_nulls": omitted})
        pairs[a, b] = main
        controls[a, b] = held
    k, resamples, seed = protocol.k, protocol.resamples, protocol.seed
    vectors = {name: view.items for name, view in ready.items()}
    quality = {
        name: beyond_accuracy(
            one.top(k), split, k=k, vectors=vectors, categories=categories, resamples=resamples, seed=seed
        )
        for name, one in lists.items()
    }
    together = None
    if len(lists) > 2:
        together = find_together(lists, split, k=k, strata=protocol.strata, resamples=resamples, seed=seed)
    return Report(pairs, controls, quality, together)


def _is_of(pair: Pair, null: TopK | Pair) -> bool:
    """Whether a null's list is that of a view of the pair: the most popular items next to popularity."""
    if isinstance(null, Pair):
        return same_lists(null.b, pair.a)
    return any(same_lists(null, one) for one in (pair.a, pair.b))


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
        place[last] = int(value.value) if is_count(COUNTED, key) else value.value
    record["detail"] = {
        "name": evidence.name,
        "values": {key: asdict(value) for key, value in evidence.values.items()},
        "provenance": dict(evidence.provenance),
    }
    return record


def _told(statement: Statement, verdict: Verdict) -> str:
    return f"{statement.says}, by more than {statement.least}: {verdict}"


def _headlines(evidence: Evidence) -> dict[str, Any]:
    found = {key: evidence.values[key] for key in HEADLINES if key in evidence.values}
    return {key: asdict(value) for key, value in found.items() if value.null is not None}


def _shown(frame: pd.DataFrame) -> str:
    return frame.to_string(float_format=lambda number: f"{number:.4f}", na_rep="")
