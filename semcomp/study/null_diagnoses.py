"""One pair, LightGCN and the projection of the text, over trainings, next to each of several nulls."""

from __future__ import annotations

from collections.abc import Sequence

from semcomp.checks import checked
from semcomp.core.evidence import Evidence
from semcomp.core.rank import rank
from semcomp.core.topk import TopK
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence import Pair, diagnose_over_seeds
from semcomp.evidence.complementarity.over_seeds import SeedPairs
from semcomp.evidence.statistics.seed_pairs import pairs_of
from semcomp.study.nulls import NULLS, null_pair
from semcomp.study.pairs import fused_pair
from semcomp.study.study import Study

#: Of `NULLS`, those that every chapter can afford: lists, closed forms, and a training for each seed.
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


@checked
def two_views(
    a: Sequence[View],
    b: Sequence[View],
    split: Split,
    *,
    k: int = 20,
    null: View | None = None,
    depths: Sequence[int] = (),
    resamples: int = 1000,
    seed: int = 0,
) -> Evidence:
    """What the ledger asks of two models' lists: each training of A with one of B, and their CombSUM.

    The null is all pairs of A's trainings, with a CombSUM of their own; see `diagnose_over_seeds`. The
    weights of all fusions are picked on validation.

    Args:
        a, b: views by training, as many of either.
        k: places; lists of 2k are ranked.
        null: another training of A's model, in B's place; needed where A has one training, and refused where
            it has more, whose pairs are the null.
        depths, resamples, seed: as for `diagnose`.

    Raises:
        SemcompError: other numbers of views of A and of B, no null of a single training, or one too many, and
            as `diagnose`.

    >>> found = two_views([cf], [sem], split, null=null, resamples=100)
    >>> found["jaccard"].value < found["jaccard"].null
    True
    """
    if len(a) != len(b) or not a:
        raise SemcompError(f"{len(a)} trainings of one model, {len(b)} of the other; give as many of either")
    if (null is None) == (len(a) == 1):
        raise SemcompError(
            f"{len(a)} trainings of {a[0].name!r} and {'no' if null is None else 'a'} null; of one training "
            "give another as null, of several none: their pairs are the null"
        )
    pairs = [fused_pair(one, other, split, k) for one, other in zip(a, b, strict=True)]
    control: SeedPairs | list[Pair] = {(s, t): fused_pair(a[s], a[t], split, k) for s, t in pairs_of(len(a))}
    if null is not None:
        control = [fused_pair(a[0], null, split, k)]
    return diagnose_over_seeds(pairs, split, k=k, null=control, depths=depths, resamples=resamples, seed=seed)


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


def null_over_seeds(name: str, study: Study) -> SeedPairs | list[Pair]:
    """A null as `diagnose_over_seeds` takes it: all pairs of a model's trainings, or a pair for each seed.

    What is drawn (shuffled texts, random lists) is drawn anew for each seed.

    Raises:
        SemcompError: as `null_pair`.
    """
    if name in NULLS and (model := NULLS[name].of) and len(study.seeds) > 1:
        views = [study.view(model, seed) for seed in study.seeds]
        return {(s, t): fused_pair(views[s], views[t], study.split, study.k) for s, t in pairs_of(len(views))}
    return [null_rankings(name, study, seed) for seed in study.seeds]


def diagnose_against_nulls(study: Study, names: Sequence[str] = CHEAP) -> dict[str, Evidence]:
    """`diagnose_over_seeds` of LightGCN, the projection and their CombSUM, once for each null of `NULLS`.

    What `against_nulls` compares. A null of which one side is a mere list has no fusion, and the fusion's
    values then have no null.

    Raises:
        SemcompError: as `null_pair`.
    """
    pairs = [
        fused_pair(study.view("LightGCN", seed), study.view("projection", seed), study.split, study.k)
        for seed in study.seeds
    ]
    return {
        name: diagnose_over_seeds(
            pairs,
            study.split,
            k=study.k,
            null=null_over_seeds(name, study),
            depths=(),
            resamples=study.budget.resamples,
        )
        for name in names
    }
