"""The ledger's questions, asked of a replicate by the functions that the chapters ask them by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import semcomp as sc
from book.experiments.calibration.pools import KINDS, K, Replicate, seeds_of
from semcomp.core.evidence import Evidence
from semcomp.core.rank import rank
from semcomp.core.topk import TopK
from semcomp.core.view import View
from semcomp.study.claims import CLAIMS, PAIR, Claim
from semcomp.study.mapping_claims import hypothesis_of, parts_of, probes_of
from semcomp.study.null_diagnoses import two_views
from semcomp.study.pairs import fused_pair
from semcomp.study.separation import gains_over_seeds

Found = dict[str, Evidence]
COMPARED = [claim.evidence for claim in CLAIMS if " against " in claim.evidence]


@dataclass(frozen=True)
class Question:
    """What is asked at once.

    Attributes:
        ask: gives what the chapter would have recorded, by the names of the records.
        claims: of the ledger, that are read from it.
        kinds: of replicates that it is asked of: of seeds alone only where they answer it with "nothing".
    """

    ask: Callable[[Replicate], Found]
    claims: Sequence[Claim]
    kinds: Sequence[str] = KINDS


def lists(one: Replicate) -> Found:
    """Chapter 4, the two views' lists."""
    a, null = _collaborative(one)
    return {PAIR: two_views(a, one.views("projection"), one.split, null=null, **_options(one))}


def one_null(one: Replicate) -> Found:
    """The same of one training of each view, with one pair of seeds as the null, both taken as they are."""
    first, text = one.views("LightGCN")[0], one.views("projection")[0]
    pair, null = (fused_pair(first, other, one.split, K) for other in (text, one.null))
    options = {**_options(one), "fused": pair.fused, "null": null, "depths": ()}
    return {PAIR: sc.diagnose(pair.a, pair.b, one.split, **options)}


def information(one: Replicate) -> Found:
    """Chapter 4, a view or one more seed."""
    texts, users = one.views("projection"), one.budget.max_users
    options = {"max_users": users, "resamples": one.budget.resamples, "seed": one.seed}
    b = texts if len(texts) > 1 else texts[0]
    return {"separating": gains_over_seeds(one.views("LightGCN"), b, one.split, **options)}


def maps(one: Replicate) -> Found:
    """Chapter 5, the probes."""
    a, null = _collaborative(one)
    options = {**_options(one), "null": null, "epochs": one.budget.probe_epochs}
    return probes_of(one.views("projection"), a, one.split, **options)


def parts(one: Replicate) -> Found:
    """Chapter 5, shared and private."""
    a, null = _collaborative(one)
    options = {**_options(one), "null": null, "max_users": one.budget.max_users}
    return {"parts": parts_of(one.views("projection"), a, one.split, **options)}


def hypothesis(one: Replicate) -> Found:
    """Chapter 5, the alignment hypothesis."""
    a, null = _collaborative(one)
    return {"hypothesis": hypothesis_of(one.text, a, one.split, null=null, **_options(one)).evidence()}


def comparisons(one: Replicate) -> Found:
    """Chapter 6."""
    pairs = [(name.split(" against ")[0], name.split(" against ")[1]) for name in COMPARED]
    views = {name: one.views(name) for pair in pairs for name in pair}
    views["LightGCN"] = _collaborative(one)[0]
    ranked: dict[str, list[TopK]] = {
        name: [rank(view, one.split, K) for view in of] for name, of in views.items()
    }
    compared = sc.compare(ranked, one.split, metrics=["ndcg"], against=pairs, **_options(one))
    return {f"{a} against {b}": compared.evidence(a, b) for a, b in pairs}


def _collaborative(one: Replicate) -> tuple[list[View], View | None]:
    """The LightGCNs of the budget's seeds, and that of the null where there is but one."""
    found = zip(one.views("LightGCN"), seeds_of(one.budget), strict=True)
    several = [view for view, seed in found if seed in one.budget.seeds]
    return several, one.null if len(several) == 1 else None


def _options(one: Replicate) -> dict[str, Any]:
    return {"k": K, "resamples": one.budget.resamples, "seed": one.seed}


def _of(*evidence: str) -> list[Claim]:
    """The claims that are read from such evidence."""
    return [one for one in CLAIMS if one.evidence in evidence]


#: The values of two lists that have a null, and the question that asks them of one training of each view.
AGAINST_SEEDS, ONE_NULL = ("jaccard", "unique_hit_ratio", "oracle.gain"), "one null"
QUESTIONS: dict[str, Question] = {
    "lists": Question(lists, _of(PAIR)),
    ONE_NULL: Question(
        one_null, [replace(one, trainings=1) for one in _of(PAIR) if one.value in AGAINST_SEEDS]
    ),
    "information": Question(information, _of("separating")),
    "maps": Question(maps, _of("ridge", "capacity"), KINDS[:1]),
    "parts": Question(parts, _of("parts"), KINDS[:1]),
    "hypothesis": Question(hypothesis, _of("hypothesis"), KINDS[:1]),
    "comparisons": Question(comparisons, _of(*COMPARED)),
}
