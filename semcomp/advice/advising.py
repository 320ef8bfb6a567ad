"""From a data set to its advice: six fusions or more, one table of users, two families of questions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from semcomp.advice.asked import Difference, Group, columns, difference, judged, over_shuffles, weakest
from semcomp.advice.fits import NAMES, Fits, check_room
from semcomp.advice.groups import GAIN, LEAST_USERS, Lists, by_group
from semcomp.advice.result import Advice, Recipe
from semcomp.advice.texts import headroom, texts_of
from semcomp.checks import checked
from semcomp.core.provenance import measured
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.core.view import Scorer
from semcomp.data import Dataset, Split
from semcomp.errors import SemcompError
from semcomp.fuse import Mixture
from semcomp.progress import progress_bar
from semcomp.study import Study
from semcomp.views.training.selection import validation_ndcg

SHUFFLES = {"smoke": 2, "standard": 8, "full": 16}
ANOTHER, SHUFFLED = "over another seed of that", "over shuffled text"
SMOKE = (
    "No verdicts are given: the budget “smoke” only checks that everything runs, with a single seed; "
    "run it with “standard”."
)


@checked
def advise(
    data: str | Path | Dataset | Study,
    *,
    text: TextMatrix | None = None,
    budget: str | None = None,
    shuffles: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Advice:
    """Whether text helps here, for whom, by which recipe and by how much; minutes on one core.

    The fusion with text (`sc.fuse.ClosedFormFusion`: CEASE, EASE-text, iALS and GF-CF, added with weights
    that validation picks) is compared by NDCG@k and Recall@k, over the test users, with

    - the fusion without text: as many members, EDLAE, item-kNN, iALS and GF-CF, seed by seed;
    - another seed of that: the next seed's;
    - itself with shuffled text: the vectors of other items at random, weights picked anew, several draws.

    Intervals are over users and seeds (`estimate_over_seeds`), and over shuffles as if our text were one more
    of them. Words are those of `judge_family`, adjusted by Holm over these six questions: "holds" takes more
    than the least effect that counts (0.001). "Text helps" holds where all three do by NDCG. For whom is a
    second family: each group of items or users is held against the fusion without text, and its gain against
    that of shuffled text.

    Recommended is the fusion with text where that holds, the one without where it does not, and else the one
    that is better on validation; of it the best single member where the fusion is not found to beat that.

    Args:
        data: a name or a path, a data set, or a study, whose split, encoder, k and budget are then used.
        text: vectors of the items; None for those of the study's encoder.
        budget: "smoke", "standard" or "full": the number of seeds, of shuffles (2, 8 or 16) and of resamples.
            None: the study's, else "standard".
        shuffles: other than by the budget.
        seed: of the shuffles and of the resamples.
        progress: show a bar on a terminal.

    Raises:
        SemcompError: before any fit, for no text, fewer than 30 test users, no validation part, more items
            than memory has room for, a budget besides a study; and as `Study`.

    >>> advice = sc.advise(study)
    >>> advice.word, advice.recipe.reads_text in (True, False)
    ('not judged', True)
    """
    study = _study(data, budget)
    if shuffles is not None and shuffles < 2:
        raise SemcompError(f"shuffles = {shuffles}; give at least 2, since one says nothing of their spread")
    split, k, judge = study.split, study.k, study.budget_name != "smoke"
    _check_split(split, study.data.name)
    check_room(split.n_items)
    text = study.text if text is None else text
    if not text.rows_for(split.item_ids).any():
        raise SemcompError(f"no item of {study.data.name!r} has a text; give other vectors, or texts to read")
    seeds, more = _seeds(study)
    draws = shuffles or SHUFFLES.get(study.budget_name, 2)
    options = {"resamples": study.budget.resamples, "seed": seed}
    with progress_bar(2 * len(seeds) + len(more) + draws, "advice", "fusion", wanted=progress) as bar:
        fits = Fits(split, text, lambda _: bar.update())
        ours = [fits.fused(one, text=True) for one in seeds]
        plain = [fits.fused(one, text=False) for one in (*seeds, *more)]
        at = [draw % len(seeds) for draw in range(draws)]  # whose seed a draw has
        texts = [fits.shuffled_text(seed + draw) for draw in range(draws)]
        shuffled = [rank(fits.shuffled(seeds[one], of), split, k) for one, of in zip(at, texts, strict=True)]
    of_text, of_plain = ([rank(one, split, k) for one in fitted] for fitted in (ours, plain))
    another = of_plain[1:] if more else [*of_plain[1:], of_plain[0]]
    plain, of_plain = plain[: len(seeds)], of_plain[: len(seeds)]

    lists = Lists(of_text, of_plain, shuffled, [of_plain[one] for one in at], texts)
    questions = judged(_questions(lists, another, split, k, options), k, judge)
    of_groups, sparse = by_group(split, text, lists, k, **options)
    word = weakest([one.verdict.word for one in questions if one.metric == "ndcg"])
    reads = word == "holds" or (word == "undecided" and _on_validation(ours[0]) >= _on_validation(plain[0]))
    fitted, of_fitted = (ours, of_text) if reads else (plain, of_plain)
    recipe, scorer = _recipe(fitted, of_fitted, split, k, options, reads, judge)
    members = [rank(one, split, k) for one in fitted[0].members]
    return Advice(
        dataset=study.data.name,
        budget=study.budget_name,
        k=k,
        questions=questions,
        groups=_groups(of_groups, k, judge),
        sparse=sparse,
        recipe=recipe,
        weights={NAMES[True]: _weights(ours), NAMES[False]: _weights(plain)},
        headroom=headroom(of_fitted[0], members, split, **options),
        texts=texts_of(text),
        reservation="" if judge else SMOKE,
        provenance=measured(
            split,
            budget=study.budget_name,
            k=k,
            seeds=list(seeds),
            another_seed=list(more),
            shuffles=draws,
            text=dict(text.provenance),
            **options,
        ),
        scorer=scorer,
        split=split,
    )


def _study(data: str | Path | Dataset | Study, budget: str | None) -> Study:
    if isinstance(data, Study):
        if budget is not None:
            raise SemcompError(f"budget {budget!r} was given with a study, which has one; leave it out")
        return data
    return Study(str(data) if isinstance(data, Path) else data, budget or "standard")


def _check_split(split: Split, name: str) -> None:
    """Raise where there is too little to choose weights by, or to judge by."""
    n = int(np.count_nonzero(np.diff(split.test.indptr)))
    if n < LEAST_USERS:
        raise SemcompError(
            f"{n} users of {name!r} have a test item, but advice takes at least {LEAST_USERS}; "
            "give more interactions, or filter fewer of them out"
        )
    if split.valid.nnz == 0:
        raise SemcompError(f"the split of {name!r} has no validation part, by which weights are chosen")


def _seeds(study: Study) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The seeds of iALS; of a single one, also another for the fusion without text."""
    seeds = study.seeds
    return seeds, (study.budget.null_seed,) if len(seeds) == 1 else ()


def _questions(
    lists: Lists, another: Sequence[TopK], split: Split, k: int, options: Mapping[str, int]
) -> dict[tuple[str, str], Difference]:
    """By what is compared and metric, NDCG first."""
    users = np.flatnonzero(np.diff(split.test.indptr))
    ours, plain, other, shuffled = (
        columns(one, split.test, k, users) for one in (lists.ours, lists.plain, another, lists.shuffled)
    )
    found = {}
    for metric in ours:
        everybody = np.ones_like(shuffled[metric])
        for name, null in ((GAIN, plain), (ANOTHER, other)):
            found[name, metric] = difference(metric, ours[metric], null[metric], **options)
        found[SHUFFLED, metric] = over_shuffles(
            metric, ours[metric], shuffled[metric], everybody[0], everybody, **options
        )
    return found


def _groups(found: Mapping[str, Mapping[tuple[str, str], Difference]], k: int, judge: bool) -> list[Group]:
    """All their questions as one family."""
    keys = {
        (f"{group}, {name}", metric): one for group, of in found.items() for (name, metric), one in of.items()
    }
    asked = iter(judged(keys, k, judge))
    return [Group(name, next(asked), next(asked)) for name in found]


def _recipe(
    fitted: Sequence[Mixture],
    lists: Sequence[TopK],
    split: Split,
    k: int,
    options: Mapping[str, int],
    reads: bool,
    judge: bool,
) -> tuple[Recipe, Scorer]:
    """The fusion, or its best member on validation where the fusion is not found to beat it."""
    members = fitted[0].members
    at = int(np.argmax([validation_ndcg(one, split) for one in members]))
    users = np.flatnonzero(np.diff(split.test.indptr))
    alone = [rank(one.members[at], split, k) for one in fitted]
    ours, theirs = (columns(one, split.test, k, users)["ndcg"] for one in (lists, alone))
    name = f"over {members[at].name} alone"
    (worth,) = judged({(name, "ndcg"): difference("ndcg", ours, theirs, **options)}, k, judge)
    simple = worth.verdict.word != "holds"
    recipe = Recipe(
        fitted[0].name, reads, _weights(fitted), _on_validation(fitted[0]), members[at].name, worth, simple
    )
    return recipe, members[at] if simple else fitted[0]


def _on_validation(mixture: Mixture) -> float:
    return float(mixture.provenance["valid_ndcg"])


def _weights(mixtures: Sequence[Mixture]) -> dict[str, float]:
    """By member, the mean over seeds."""
    mean = np.mean([one.weights for one in mixtures], axis=0)
    return {member.name: float(weight) for member, weight in zip(mixtures[0].members, mean, strict=True)}
