"""Chapter 5's questions over trainings: the means of the single answers, and refusals."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import semcomp as sc
from semcomp.core.view import View
from semcomp.data import split
from semcomp.errors import SemcompError
from semcomp.evidence.decomposition.report import decompose_over_seeds
from semcomp.evidence.decomposition.settings import DecompositionSettings
from semcomp.planted import World
from semcomp.study.mapping_claims import hypothesis_of, parts_of, probes_of

WORLD = World(users=80, items=150, dim=2, seed=2)


@pytest.fixture(scope="module")
def made() -> tuple:
    """Three trainings of either view: the planted one with noise of its own each time."""
    truth, rng = WORLD.truth(), np.random.default_rng(0)
    views: dict[str, list[View]] = {}
    for role, view in truth.views().items():
        views[role] = [
            replace(view, items=view.items + 0.3 * rng.standard_normal(view.items.shape).astype(np.float32))
            for _ in range(3)
        ]
    return split(WORLD.dataset(), seed=1), views["semantic"], views["collaborative"]


def test_probes_are_means_of_those_of_each_training(made) -> None:
    parts, semantic, collaborative = made
    found = probes_of(semantic, collaborative, parts, k=5, epochs=2, resamples=50)
    settings = sc.ProbeSettings(k=5, epochs=2, resamples=50)
    one_by_one = {
        kind: [
            sc.probe(
                semantic[at],
                collaborative[at],
                parts,
                kind=kind,
                ceiling=collaborative[(at + 1) % 3],
                settings=settings,
            )
            for at in range(3)
        ]
        for kind in ("ridge", "mlp-1")
    }
    for kind, each in one_by_one.items():
        for key in ("r2_test", "r2_of_reliable"):
            assert found[kind][key].value == pytest.approx(np.mean([one[key].value for one in each]))
            assert found[kind][key].seeds == 3
    error = found["capacity"]["squared_error"]
    means = {
        kind: np.mean([one.table["squared_error"].mean() for one in each])
        for kind, each in one_by_one.items()
    }
    assert (error.value, error.null) == pytest.approx((means["mlp-1"], means["ridge"]))
    assert error.seeds == 3
    with pytest.raises(SemcompError, match="3 trainings of one model, 2"):
        probes_of(semantic, collaborative[:2], parts)


def test_parts_are_means_of_those_of_each_training(made) -> None:
    """Own columns are those of one pair at a time; the trainings' variance is in the intervals."""
    parts, semantic, collaborative = made
    settings = DecompositionSettings(permutations=19, groups=4, resamples=50, shuffles=4, k=10)
    found = decompose_over_seeds(semantic, collaborative, parts, rank=2, settings=settings)
    each = [
        sc.decompose(
            semantic[at],
            collaborative[at],
            parts,
            second=collaborative[(at + 1) % 3],
            second_semantic=semantic[(at + 1) % 3],
            rank=2,
            settings=settings,
        )
        for at in range(3)
    ]
    for key in (
        "recall.collaborative.private",
        "share.semantic.private",
        "reliable.collaborative.full",
        "reliable.semantic.private",
        "marginal_recall.collaborative.with_semantic_private",
    ):
        assert found[key].value == pytest.approx(np.mean([one[key].value for one in each])), key
        assert found[key].seeds == 3
    assert found["recall.collaborative.full"].of_seeds is not None
    for key, times in {"share.semantic.private": 1, "reliable.semantic.private": 2}.items():
        spread = np.std([one[key].value for one in each], ddof=1)
        assert found[key].errors[1] == pytest.approx(times * spread), key
    two = decompose_over_seeds(semantic[:2], collaborative[:2], parts, rank=2, settings=settings)
    of_second = {name for name in two.values if re.match(r"reliable|.*private_(reliable|noise)", name)}
    assert len(of_second) == 10
    for name, value in two.values.items():
        known = name not in of_second and found[name].low is not None
        assert (value.low is not None) == known, name
        assert value.seeds == 2
    np.testing.assert_allclose(
        found.table["recall.collaborative.private"],
        np.mean([one.table["recall.collaborative.private"] for one in each], axis=0),
    )
    assert len(found.provenance["trainings"]) == 3
    once = decompose_over_seeds(semantic[:1], collaborative[:1], parts, rank=2, settings=settings)
    alone = sc.decompose(semantic[0], collaborative[0], parts, rank=2, settings=settings)
    assert once.values == alone.values
    fixed = decompose_over_seeds(semantic[:1], collaborative, parts, rank=2, settings=settings)
    assert "reliable.collaborative.full" in fixed.values
    assert "reliable.semantic.full" not in fixed.values
    with pytest.raises(SemcompError, match="2 semantic and 3 collaborative"):
        decompose_over_seeds(semantic[:2], collaborative, parts)


@pytest.mark.parametrize("ask", [parts_of, decompose_over_seeds, probes_of])
def test_one_training_given_twice_is_refused(made, ask: Callable[..., object]) -> None:
    parts, semantic, collaborative = made
    twice = [*collaborative[:2], replace(collaborative[0], name="another name")]
    with pytest.raises(SemcompError, match="training 0, and 'another name', training 2, have"):
        ask(semantic, twice, parts)
    with pytest.raises(SemcompError, match=r"training 0, .* training 1, have"):
        ask([semantic[0]] * 3, collaborative, parts)
    with pytest.raises(SemcompError, match=r"training 0, .* training 2, have"):
        hypothesis_of(WORLD.truth().semantic_vectors, twice, parts)


def test_the_hypothesis_is_asked_of_each_target(made) -> None:
    parts, _, collaborative = made
    text = WORLD.truth().semantic_vectors
    found = hypothesis_of(text, collaborative, parts, k=5, resamples=50)
    slacks = [
        sc.alignment_hypothesis(
            text,
            target,
            parts,
            seeds=[one for one in collaborative if one is not target],
            k=5,
            resamples=50,
        )
        .parts["existence"]
        .slack
        for target in collaborative
    ]
    slack = found.evidence()["existence.slack"]
    assert slack.value == pytest.approx(np.mean([one.value for one in slacks]))
    assert slack.high - slack.low > np.mean([one.high - one.low for one in slacks])
    assert slack.errors[1] == pytest.approx(4 * np.std([one.value for one in slacks], ddof=1))
    two = hypothesis_of(text, collaborative[:2], parts, k=5, resamples=50)
    assert {part.verdict.word for part in two.parts.values()} == {"undecided"}
    assert found.parts["existence"].slack == slack


@pytest.mark.parametrize("ask", [parts_of, probes_of, hypothesis_of])
def test_a_null_is_for_a_single_training(made, ask: Callable[..., object]) -> None:
    """Of several it would be ignored, as each is another's."""
    parts, semantic, collaborative = made
    text = WORLD.truth().semantic_vectors

    def asked(number: int, null: View | None) -> None:
        first = text if ask is hypothesis_of else semantic[:number]
        ask(first, collaborative[:number], parts, null=null)

    with pytest.raises(SemcompError, match="1 trainings and no null; of one training give another as null"):
        asked(1, None)
    with pytest.raises(SemcompError, match=r"2 trainings and a null; .* of several none"):
        asked(2, collaborative[2])
