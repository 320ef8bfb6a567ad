"""One pair, LightGCN and the projection of the text, diagnosed next to each of several nulls."""

from __future__ import annotations

from collections.abc import Sequence

from semcomp.core.evidence import Evidence
from semcomp.core.rank import rank
from semcomp.core.topk import TopK
from semcomp.core.view import View
from semcomp.evidence import Pair, diagnose
from semcomp.study.nulls import null_pair
from semcomp.study.pairs import fused_pair
from semcomp.study.study import Study

#: Of `NULLS`, those that every chapter can afford: lists, closed forms, and one training each.
CHEAP = (
    "random list",
    "popular list",
    "shuffled text",
    "text shuffled within popularity",
    "spectral",
    "iALS",
    "two projection seeds",
    "two seeds",
)


def null_rankings(name: str, study: Study, seed: int = 0) -> Pair:
    """A null pair as test rankings of 2k places, with the list of their CombSUM where both are views.

    The weight of the fusion is picked on validation, as that of the pair of interest.

    Raises:
        SemcompError: as `null_pair`.
    """
    a, b = null_pair(name, study, seed)
    if isinstance(b, View):
        return fused_pair(a, b, study.split, study.k)
    other = b if isinstance(b, TopK) else rank(b, study.split, 2 * study.k)
    return Pair(rank(a, study.split, 2 * study.k), other)


def diagnose_against_nulls(
    study: Study, names: Sequence[str] = CHEAP, *, seed: int = 0
) -> dict[str, Evidence]:
    """`diagnose` of LightGCN, the projection and their CombSUM, once for each null of `NULLS`.

    What `against_nulls` compares. A null of which one side is a mere list has no fusion, and the fusion's
    values then have no null.

    Raises:
        SemcompError: as `null_pair`.
    """
    a, b, fused = (study.rank(name, seed) for name in ("LightGCN", "projection", "CombSUM"))
    return {
        name: diagnose(
            a,
            b,
            study.split,
            k=study.k,
            fused=fused,
            null=null_rankings(name, study, seed),
            resamples=study.budget.resamples,
        )
        for name in names
    }
