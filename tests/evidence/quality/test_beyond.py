"""Everything beyond accuracy at once: against plain Python, evaluate, hand-made worlds and its own pieces."""

from __future__ import annotations

from math import log2

import numpy as np
import pytest
import scipy.sparse as sp
from hand_made_lists import bounds, lists, split_of

from semcomp.core.evidence import Evidence
from semcomp.core.topk import TopK
from semcomp.errors import SemcompError
from semcomp.evidence import evaluate
from semcomp.evidence.quality.beyond import beyond_accuracy
from semcomp.evidence.quality.calibration import calibration
from semcomp.evidence.quality.diversity import list_distance

GROUPS = ("light", "medium", "heavy")
PER_USER = ("exposure.cold", "exposure.mid", "exposure.hot", "novelty", "popularity_lift", "distance.text")
PER_USER += ("calibration", "calibration_js", "recall", "ndcg")


class World:
    """Uneven popularity and activity; users without history, targets or list; items without vector."""

    def __init__(self, seed: int = 0, users: int = 40, items: int = 30, k: int = 6) -> None:
        rng = np.random.default_rng(seed)
        chance = np.outer(rng.uniform(0.1, 1, users), rng.uniform(0, 0.6, items))
        train = rng.random((users, items)) < chance
        train[:2], train[2, 0] = False, True
        test = (rng.random((users, items)) < 0.1) & ~train
        test[5], test[6, 0], train[6, 0] = False, True, False
        self.split = split_of(train, test)
        self.vectors = rng.normal(size=(items, 4)).astype(np.float32)
        self.vectors[3] = 0
        self.categories = sp.csr_array((rng.random((items, 5)) < 0.3).astype(np.int64))
        self.a, self.b = (self.lists(rng, name, users, items, k) for name in "ab")

    @staticmethod
    def lists(rng: np.random.Generator, name: str, users: int, items: int, k: int) -> TopK:
        ids = np.argsort(rng.random((users, items)) ** rng.gamma(1.0, size=items), axis=1)[:, :k]
        filled = rng.integers(1, k + 1, size=users)
        filled[7] = 0
        return lists(np.where(np.arange(k) < filled[:, None], ids, -1), items, name)

    def measure(self, topk: TopK, k: int, *, null: TopK | None = None, resamples: int = 0) -> Evidence:
        return beyond_accuracy(
            topk,
            self.split,
            k=k,
            vectors={"text": self.vectors},
            categories=self.categories,
            null=null,
            resamples=resamples,
        )


def in_plain_python(world: World, topk: TopK, k: int) -> dict[str, float]:
    """One user and one item at a time."""
    split = world.split
    train = [set(np.flatnonzero(row).tolist()) for row in split.train.toarray()]
    test = [set(np.flatnonzero(row).tolist()) for row in split.test.toarray()]
    rows = [[i for i in row if i >= 0] for row in topk.ids[:, :k].tolist()]
    users = [u for u in range(split.n_users) if rows[u]]
    counts = [sum(i in one for one in train) for i in range(split.n_items)]
    active = sum(bool(one) for one in train)
    low, high = np.quantile([c for c in counts if c], [0.6, 0.8])
    strata = {"cold": [i for i, c in enumerate(counts) if c <= low], "hot": []}
    strata["mid"] = [i for i, c in enumerate(counts) if low < c <= high]
    strata["hot"] = [i for i, c in enumerate(counts) if c > high]
    light, medium = np.quantile([len(train[u]) for u in users if train[u]], [1 / 3, 2 / 3])
    members = {
        "": users,
        ".light": [u for u in users if len(train[u]) <= light],
        ".medium": [u for u in users if light < len(train[u]) <= medium],
        ".heavy": [u for u in users if len(train[u]) > medium],
    }
    seen = [i for u in users for i in rows[u]]
    exposure = [seen.count(i) for i in range(split.n_items)]
    values = {"coverage": len(set(seen)) / split.n_items}
    for name, items in strata.items():
        values[f"coverage.{name}"] = len(set(seen) & set(items)) / len(items)
    values["gini"] = sum(abs(x - y) for x in exposure for y in exposure) / (2 * split.n_items * len(seen))
    distance = list_distance(topk.ids[:, :k], world.vectors)
    found = calibration(topk.ids[:, :k], split.train, world.categories)
    for suffix, some in members.items():
        for name, items in strata.items():
            shares = [len(set(rows[u]) & set(items)) / len(rows[u]) for u in some]
            values[f"exposure.{name}{suffix}"] = float(np.mean(shares))
        novelty = [np.mean([log2(active / max(1, counts[i])) for i in rows[u]]) for u in some]
        values[f"novelty{suffix}"] = float(np.mean(novelty))
        known = [u for u in some if train[u]]
        means = [
            np.mean([np.mean([counts[i] for i in of[u]]) for u in known])
            for of in (rows, [list(one) for one in train])
        ]
        values[f"popularity_lift{suffix}"] = float(means[0] / means[1] - 1)
        if np.isfinite(distance[some]).any():  # lists of one item have no pair
            values[f"distance.text{suffix}"] = float(np.nanmean(distance[some]))
        values[f"calibration{suffix}"] = float(np.nanmean(found.kl[some]))
        values[f"calibration_js{suffix}"] = float(np.nanmean(found.jensen_shannon[some]))
        tested = [u for u in some if test[u]]
        recall = [len(set(rows[u]) & test[u]) / len(test[u]) for u in tested]
        values[f"recall{suffix}"] = float(np.mean(recall))
    return values


@pytest.mark.parametrize(("seed", "k"), [(0, 6), (1, 3), (2, 1)])
def test_equal_to_plain_python(seed: int, k: int) -> None:
    world = World(seed)
    evidence = world.measure(world.a, k)
    expected = in_plain_python(world, world.a, k)
    for key, value in expected.items():
        assert evidence[key].value == pytest.approx(value, abs=1e-12), key
    assert {key for key in evidence.values if not key.startswith("ndcg")} == set(expected)


def test_identities() -> None:
    world = World(3)
    evidence = world.measure(world.a, 6, resamples=50)
    value = {key: one.value for key, one in evidence.values.items()}
    for suffix in ("", *(f".{group}" for group in GROUPS)):
        assert sum(value[f"exposure.{s}{suffix}"] for s in ("cold", "mid", "hot")) == pytest.approx(1)
    for measure in PER_USER:
        # groups are disjoint and leave nobody out: their means add up to the whole mean
        assert sum(evidence[f"{measure}.{g}"].n for g in GROUPS) == evidence[measure].n
        if measure != "popularity_lift":
            parts = sum(evidence[f"{measure}.{g}"].n * value[f"{measure}.{g}"] for g in GROUPS)
            assert parts / evidence[measure].n == pytest.approx(value[measure])
    for key, one in evidence.values.items():
        low, high = bounds(one)
        assert low - 1e-12 <= one.value <= high + 1e-12, key
    for key in ("coverage", "coverage.cold", "gini"):
        low, high = bounds(evidence[key])
        assert 0 <= low <= high <= 1, key


def test_recall_is_that_of_evaluate() -> None:
    """The same users, the same draws: not only the means but their intervals agree."""
    world = World(4)
    split = world.split
    every = lists(np.tile(np.arange(6), (split.n_users, 1)), split.n_items)
    target = np.zeros(split.train.shape)  # one each, the first item that is not in train
    target[np.arange(split.n_users), split.train.toarray().argmin(axis=1)] = 1
    everyone = split_of(split.train.toarray(), target)
    evidence = beyond_accuracy(every, everyone, k=6, resamples=100, seed=3)
    other = evaluate(every, everyone, 6, resamples=100, seed=3)
    for metric in ("recall", "ndcg"):
        assert evidence[metric].value == pytest.approx(other[metric].value)
        assert evidence[metric].low == pytest.approx(other[metric].low)
        assert evidence[metric].high == pytest.approx(other[metric].high)


def test_two_worlds_made_by_hand() -> None:
    """One list for all against a list of its own for each user."""
    users, k = 10, 2
    train = np.zeros((users, 21))
    train[:, 20] = 1
    split = split_of(train, np.zeros_like(train))  # no test part is needed
    one = beyond_accuracy(lists([[0, 1]] * users, 21), split, k=k, resamples=50)
    own = beyond_accuracy(lists(np.arange(20).reshape(10, 2), 21), split, k=k, resamples=50)
    assert one["coverage"].value == pytest.approx(2 / 21)
    assert own["coverage"].value == pytest.approx(20 / 21)
    assert one["gini"].value == pytest.approx(19 / 21)
    assert own["gini"].value == pytest.approx(1 / 21)
    assert one["novelty"].value == own["novelty"].value == pytest.approx(log2(10))  # nobody trained on these
    assert one["popularity_lift"].value == -1
    assert one["exposure.cold"].value == 1
    # nobody alone adds or takes anything, or everybody the same
    for evidence in (one, own):
        low, high = bounds(evidence["coverage"])
        assert high - low < 1e-12
    assert one.table["exclusive"].eq(0).all()
    assert own.table["exclusive"].eq(2).all()
    assert not {"recall", "ndcg", "coverage.hot", "calibration"} & set(one.values)


def test_null_and_pairing() -> None:
    world = World(5)
    evidence = world.measure(world.a, 6, null=world.b, resamples=100)
    alone = world.measure(world.b, 6)  # both rankings have lists for the same users
    for key, one in evidence.values.items():
        assert one.null == pytest.approx(alone[key].value), key
        low, high = bounds(one, excess=True)
        assert low <= high, key
    same = world.measure(world.a, 6, null=world.a, resamples=50)
    for key, one in same.values.items():
        assert (one.excess_low, one.excess_high) == pytest.approx((0, 0), abs=1e-12), key
    assert evidence.name == "beyond_accuracy(a against b)"


def test_table_and_record() -> None:
    world = World(6)
    evidence = world.measure(world.a, 6, resamples=20)
    table = evidence.table
    assert table.index.tolist() == [u for u in range(40) if u != 7]
    assert set(table["activity"]) == set(GROUPS)
    assert table.loc[0, "n_train"] == 0
    assert not table.loc[0, "has.calibration"]
    assert not table.loc[5, "has.recall"]
    assert table["recall"].sum() / table["has.recall"].sum() == pytest.approx(evidence["recall"].value)
    assert "has.novelty" not in table  # everybody with a list has one
    assert not table.isna().any().any()
    again = Evidence.from_json(Evidence.from_json(evidence.to_json()).to_json())
    assert again.values == evidence.values
    assert again.table["exclusive"].tolist() == table["exclusive"].tolist()
    assert again.provenance["vectors"] == {"text": [30, 4]}
    assert "novelty.heavy" in str(evidence)


def test_a_seed_gives_the_same_again_and_another_one_does_not() -> None:
    world = World(7)
    first, again = (world.measure(world.a, 6, resamples=50) for _ in range(2))
    assert first.values == again.values
    other = beyond_accuracy(world.a, world.split, k=6, resamples=50, seed=1)
    assert other["coverage"].value == first["coverage"].value
    assert other["novelty"].low != first["novelty"].low


def test_refuses_bad_input() -> None:
    world = World(8)
    a, split = world.a, world.split
    with pytest.raises(SemcompError, match="k = 7 is not between 1 and the 6 places of ranking 'a'"):
        beyond_accuracy(a, split, k=7)
    with pytest.raises(SemcompError, match="k = 0 is not between"):
        beyond_accuracy(a, split, k=0)
    with pytest.raises(SemcompError, match="ranking 'b' is over 39 users"):
        beyond_accuracy(a, split, k=6, null=lists(world.b.ids[1:], 30, "b"))
    with pytest.raises(SemcompError, match="vectors 'text' has 29 rows, but there are 30 items"):
        beyond_accuracy(a, split, k=6, vectors={"text": world.vectors[1:]})
    broken = world.vectors.copy()
    broken[4, 0] = np.nan
    with pytest.raises(SemcompError, match="vectors 'text', row 4, is not finite"):
        beyond_accuracy(a, split, k=6, vectors={"text": broken})
    with pytest.raises(SemcompError, match="categories has 29 rows, but there are 30 items"):
        beyond_accuracy(a, split, k=6, categories=sp.csr_array(world.categories[1:]))
    with pytest.raises(SemcompError, match="ranking 'none' has no list"):
        beyond_accuracy(lists(np.full((40, 2), -1), 30, "none"), split, k=2)
    with pytest.raises(SemcompError, match="made with another split"):
        beyond_accuracy(TopK("a", a.ids, a.scores, 30, {"split": "another"}), split, k=6)
