"""The null of pairs of trainings: exact mean, known spread, and how often a sentence without effect holds."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from semcomp.core.evidence import Value
from semcomp.errors import SemcompError
from semcomp.evidence import estimate, estimate_over_seeds, judge_family, pseudo_columns
from semcomp.evidence.statistics.bootstrap import Statistic, mean_of, share_of
from semcomp.evidence.statistics.seed_pairs import pairs_of

GAIN = Statistic(lambda means: np.asarray(means["both"] - np.maximum(means["one"], means["other"])))
STATISTICS = {
    "mean": mean_of("both"),
    "ratio": share_of("both", "of"),
    "gain": GAIN,
}


@pytest.mark.parametrize("seeds", [2, 3, 4, 5, 8])
def test_every_pair_is_there_once_and_sides_are_balanced(seeds: int) -> None:
    pairs = pairs_of(seeds)
    assert {frozenset(pair) for pair in pairs} == {frozenset(pair) for pair in combinations(range(seeds), 2)}
    assert len(pairs) == seeds * (seeds - 1) // 2
    first = np.bincount([s for s, _ in pairs], minlength=seeds)
    assert first.max() - first.min() <= (seeds + 1) % 2


@given(st.integers(3, 7), st.integers(0, 2**32 - 1))
def test_the_mean_of_pseudo_values_is_that_of_the_pairs(seeds: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = {pair: {"x": rng.normal(size=4), "table": rng.normal(size=(4, 2))} for pair in pairs_of(seeds)}
    found = pseudo_columns(pairs, seeds)
    for name, column in found.items():
        assert column.shape[0] == seeds
        np.testing.assert_allclose(column.mean(axis=0), np.mean([of[name] for of in pairs.values()], axis=0))


def test_pseudo_values_of_a_sum_are_its_parts() -> None:
    """h(s, t) = 1 + g_s + g_t has p_s = 1 + 2 g_s, exactly; of a constant they are that constant."""
    g = np.array([0.5, -2.0, 3.0, 1.0])
    pairs = {(s, t): {"x": np.array([1 + g[s] + g[t]]), "c": np.ones(1)} for s, t in pairs_of(4)}
    found = pseudo_columns(pairs, 4)
    np.testing.assert_allclose(found["x"][:, 0], 1 + 2 * g)
    np.testing.assert_allclose(found["c"], 1.0)


@pytest.mark.parametrize("seeds", [3, 5])
def test_the_spread_of_pseudo_values_is_the_variance_of_their_mean_or_more(seeds: int) -> None:
    """Of trainings 4 σ² / S; of the pairing 4 σ² / (S (S − 2)), where 2 σ² / (S (S − 1)) is true."""
    rng = np.random.default_rng(seeds)
    spreads = []
    for _ in range(4000):
        g, r = rng.normal(size=seeds), rng.normal(size=(seeds, seeds))
        pairs = {(s, t): {"g": np.array([g[s] + g[t]]), "r": r[[s], t]} for s, t in pairs_of(seeds)}
        found = pseudo_columns(pairs, seeds)
        spreads.append([found[name].var(ddof=1) / seeds for name in ("g", "r")])
    of_trainings, of_pairing = np.mean(spreads, axis=0)
    assert of_trainings == pytest.approx(4 / seeds, rel=0.06)
    assert of_pairing == pytest.approx(4 / (seeds * (seeds - 2)), rel=0.06)


def test_too_few_trainings_and_wrong_pairs_are_refused() -> None:
    column = {"x": np.ones(3)}
    with pytest.raises(SemcompError, match="2 trainings have 1 pairs, whose spread is unknown"):
        pseudo_columns({(0, 1): column}, 2)
    for wrong in (
        [(0, 1), (1, 2)],
        [(0, 1), (1, 2), (2, 1)],
        [(0, 1), (1, 2), (2, 3)],
        [(0, 1), (1, 2), (2, 2)],
    ):
        with pytest.raises(SemcompError, match="give each pair of different trainings once"):
            pseudo_columns(dict.fromkeys(wrong, column), 3)


USERS, WORLDS = 120, 300


class Models:
    """Two models that do not differ, by columns of their pairs: what users, trainings and pairs bring."""

    def __init__(self, rng: np.random.Generator, seeds: int) -> None:
        self.rng, self.users = rng, rng.normal(size=USERS) * 0.5 + 3
        self.level = rng.normal(size=2 * seeds) * 0.06  # of a training, A's first
        self.own = rng.normal(size=(2 * seeds, USERS)) * 0.3  # what a training makes of a user

    def pair(self, s: int, t: int) -> dict[str, np.ndarray]:
        pairing = self.rng.normal() * 0.02 + self.rng.normal(size=USERS) * 0.3
        both = self.users + self.level[s] + self.level[t] + self.own[s] + self.own[t] + pairing
        noise = self.rng.normal(size=(2, USERS)) * 0.1
        return {
            "both": both,
            "of": self.users + 2,
            "one": both / 2 + self.own[s] + noise[0],
            "other": both / 2 + self.own[t] + noise[1],
        }


def said(seeds: int, *, one_null: bool) -> tuple[dict[str, float], float]:
    """How often "more than the null" is found in models that do not differ: of each sentence, and of any."""
    held = dict.fromkeys(STATISTICS, 0)
    wrong = 0
    for world in range(WORLDS):
        models = Models(np.random.default_rng([seeds, world]), seeds)
        effect = [models.pair(s, seeds + s) for s in range(seeds)]
        values: dict[str, Value]
        if one_null:
            null = models.pair(0, 1)
            values = estimate(effect[0], STATISTICS, null=null, resamples=100)
        else:
            columns = {name: np.stack([one[name] for one in effect]) for name in effect[0]}
            pairs = {pair: models.pair(*pair) for pair in pairs_of(seeds)}
            pseudo = pseudo_columns(pairs, seeds)
            values = estimate_over_seeds(columns, STATISTICS, null=pseudo, resamples=100)
        for name, value in values.items():
            held[name] += value.excess_low is not None and value.excess_low > 0
        wrong += any(one.word != "undecided" for one in judge_family(values).values())
    return {name: count / WORLDS for name, count in held.items()}, wrong / WORLDS


@pytest.mark.parametrize("seeds", [3, 5])
def test_where_models_do_not_differ_a_sentence_holds_by_chance_alone(seeds: int) -> None:
    """2.5 % each is meant; three standard errors of 300 worlds are 2.7 %. Any wrong word: 5 % and 3.8 %."""
    alone, family = said(seeds, one_null=False)
    assert max(alone.values()) <= 0.025 + 0.027, alone
    assert family <= 0.05 + 0.038


def test_one_null_training_taken_as_fixed_is_far_too_sure() -> None:
    alone, family = said(3, one_null=True)
    assert min(alone["mean"], alone["ratio"]) > 0.12, alone
    assert family > 0.15
