"""Metrics against ranx, against numbers worked out by hand, and against what must always hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.core.metrics import per_user
from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence import estimate, estimate_over_seeds, evaluate
from semcomp.evidence.statistics.bootstrap import mean_of

REFERENCE = Path(__file__).parents[2] / "reference" / "ranx.json"


def lists(ids: list[list[int]], n_items: int) -> TopK:
    places = np.array(ids, dtype=np.int32)
    return TopK("hand", places, np.where(places < 0, -np.inf, -np.arange(places.shape[1])), n_items)


def truth_of(rows: list[list[int]], n_items: int) -> sp.csr_array:
    matrix = np.zeros((len(rows), n_items), dtype=np.float32)
    for user, items in enumerate(rows):
        matrix[user, items] = 1
    return sp.csr_array(matrix)


def split_of(test: list[list[int]], n_items: int) -> Split:
    """A split whose test part is given; each user has trained on the last item."""
    n = len(test)
    train = truth_of([[n_items - 1]] * n, n_items)
    names = np.array([str(i) for i in range(max(n, n_items))])
    empty = sp.csr_array((n, n_items), dtype=np.float32)
    return Split(names[:n], names[:n_items], train, empty, truth_of(test, n_items), {})


def test_equal_to_ranx() -> None:
    record = json.loads(REFERENCE.read_text())
    assert record["ranx"] == "0.3.21"
    for case in record["cases"]:
        ranking = lists(case["lists"], record["items"])
        truth = truth_of(case["truth"], record["items"])
        for name, expected in case["metrics"].items():
            metric, k = name.split("@")
            found = per_user(ranking, truth, int(k))[metric].to_numpy()
            np.testing.assert_allclose(found, expected, atol=1e-11, err_msg=name)


def test_by_hand() -> None:
    # user 0 finds 1 of 3 at rank 2, user 1 has nothing to find, user 2 all of 1 at rank 1, user 3 none
    ranking = lists([[5, 1, 6], [0, 1, 2], [4, 2, -1], [7, -1, -1]], 8)
    truth = truth_of([[1, 2, 3], [], [4], [0, 1]], 8)
    table = per_user(ranking, truth, 3)
    assert table.index.tolist() == [0, 2, 3]
    assert table["n_truth"].tolist() == [3, 1, 2]
    assert table["hits"].tolist() == [1, 1, 0]
    np.testing.assert_allclose(table["recall"], [1 / 3, 1, 0])
    np.testing.assert_allclose(table["mrr"], [1 / 2, 1, 0])
    ideal = 1 + 1 / np.log2(3) + 1 / 2
    np.testing.assert_allclose(table["ndcg"], [(1 / np.log2(3)) / ideal, 1, 0])


def test_recall_divides_by_everything_to_be_found() -> None:
    table = per_user(lists([[0, 1]], 6), truth_of([[0, 1, 2, 3]], 6), 2)
    assert table["recall"].tolist() == [0.5]  # not 1: min(k, |G|) is not part of it
    assert table["ndcg"].tolist() == [1.0]  # the ideal list is no longer than k


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.integers(1, 8))
def test_what_always_holds(seed: int, n_users: int, k: int) -> None:
    rng = np.random.default_rng(seed)
    n_items = 12
    places = np.argsort(rng.random((n_users, n_items)), axis=1)[:, :8]
    truth = sp.csr_array((rng.random((n_users, n_items)) < 0.3).astype(np.float32))
    ranking = lists(places.tolist(), n_items)
    table, longer = per_user(ranking, truth, k), per_user(ranking, truth, 8)
    for metric in ("recall", "ndcg", "mrr"):
        assert table[metric].between(0, 1 + 1e-12).all()
    assert (longer["recall"] >= table["recall"]).all()
    assert (longer["mrr"] >= table["mrr"]).all()
    assert ((table["ndcg"] > 0) == (table["hits"] > 0)).all()
    np.testing.assert_allclose(table["recall"] * table["n_truth"], table["hits"])
    assert table["hits"].sum() == sum(
        int(truth[[u]].toarray()[0, i]) for u in range(n_users) for i in places[u, :k]
    )


def test_evaluate_means_nulls_and_pairing() -> None:
    split = split_of([[0], [1], [2], []], 6)
    good, bad = lists([[0, 3], [3, 1], [3, 4], [0, 1]], 6), lists([[3, 0], [3, 4], [3, 4], [0, 1]], 6)
    evidence = evaluate(good, split, 2, null=bad, resamples=200)
    assert evidence["recall"].value == pytest.approx(2 / 3)
    assert evidence["recall"].null == pytest.approx(1 / 3)
    assert evidence["mrr"].value == pytest.approx((1 + 0.5) / 3)
    assert evidence["recall"].n == 3
    same = evaluate(good, split, 2, null=good, resamples=200)
    assert (same["ndcg"].excess_low, same["ndcg"].excess_high) == (0.0, 0.0)


def seeded(count: int, of: int = 0, users: int = 60) -> list[TopK]:
    """Random lists of 4 of 9 items, one per seed."""
    rngs = [np.random.default_rng([of, seed]) for seed in range(count)]
    return [lists(np.argsort(rng.random((users, 9)), axis=1)[:, :4].tolist(), 10) for rng in rngs]


SIXTY = split_of([[user % 9, (user * 5 + 1) % 9] for user in range(60)], 10)
METRICS = ("recall", "ndcg", "mrr")


def by_seed(rankings: list[TopK]) -> dict[str, np.ndarray]:
    tables = [per_user(one, SIXTY.test, 4) for one in rankings]
    return {name: np.stack([table[name].to_numpy() for table in tables]) for name in METRICS}


def test_one_seed_has_the_users_intervals_to_the_last_bit() -> None:
    (one,), (other,) = seeded(1), seeded(1, of=1)
    found = evaluate(one, SIXTY, 4, null=[other], resamples=200, seed=3)
    columns, null = ({name: rows[0] for name, rows in by_seed([of]).items()} for of in (one, other))
    means = {name: mean_of(name) for name in METRICS}
    assert found.values == estimate(columns, means, null=null, resamples=200, seed=3)
    assert evaluate([one], SIXTY, 4, null=other, resamples=200, seed=3).to_json() == found.to_json()


def test_several_seeds_have_intervals_over_users_and_seeds() -> None:
    ours, theirs = seeded(3), seeded(3, of=1)
    found = evaluate(ours, SIXTY, 4, null=theirs, resamples=200)
    means = {name: mean_of(name) for name in METRICS}
    expected = estimate_over_seeds(by_seed(ours), means, null=by_seed(theirs), resamples=200)
    assert {name: found[name] for name in METRICS} == expected
    rows = by_seed(ours)["ndcg"]
    assert found["ndcg.seed_sd"].value == pytest.approx(rows.mean(axis=1).std(ddof=1))
    assert found["ndcg.seed_sd"].n == 3
    np.testing.assert_allclose(found.table["ndcg"], rows.mean(axis=0))


def test_seeds_that_differ_widen_the_interval() -> None:
    good, bad = lists([[0]] * 60, 10), lists([[1]] * 60, 10)
    split = split_of([[0]] * 40 + [[2]] * 20, 10)
    agreed = evaluate([good] * 2, split, 1, resamples=400)["recall"]
    apart = evaluate([good, bad], split, 1, resamples=400)["recall"]
    alone = evaluate(good, split, 1, resamples=400)["recall"]
    assert (agreed.low, agreed.high) == pytest.approx((alone.low, alone.high))
    assert apart.value == pytest.approx(1 / 3)
    assert apart.high - apart.low > 5 * (alone.high - alone.low)


def test_a_null_of_one_ranking_stands_beside_every_seed() -> None:
    ours, (one,) = seeded(3), seeded(1, of=1)
    found = evaluate(ours, SIXTY, 4, null=one, resamples=100)
    repeated = evaluate(ours, SIXTY, 4, null=[one] * 3, resamples=100)
    assert found.values == repeated.values
    turned = evaluate(one, SIXTY, 4, null=ours, resamples=100)
    assert turned["ndcg"].excess == pytest.approx(-found["ndcg"].excess)
    assert turned["ndcg"].excess_p == pytest.approx(found["ndcg"].excess_p)
    assert "ndcg.seed_sd" not in turned.values


def test_a_null_of_another_number_of_seeds_is_refused() -> None:
    with pytest.raises(SemcompError, match="3 rankings of 'hand', but 2 of 'hand'; give as many seeds"):
        evaluate(seeded(3), SIXTY, 4, null=seeded(2))
    for empty in ({"topk": []}, {"topk": seeded(1), "null": []}):
        with pytest.raises(SemcompError, match="no ranking to evaluate"):
            evaluate(**({"split": SIXTY, "k": 4} | empty))


def test_evidence_says_where_it_comes_from_and_is_the_same_again() -> None:
    first, again = (evaluate(seeded(2), SIXTY, 4, null=seeded(2, of=1), resamples=50) for _ in range(2))
    assert first.to_json() == again.to_json()
    told = first.provenance
    assert (told["split"], told["k"], told["resamples"]) == (SIXTY.fingerprint, 4, 50)
    assert [one["name"] for one in told["rankings"]] == ["hand", "hand"]
    assert "torch" in told["versions"]


@pytest.mark.parametrize(
    ("ranking", "test", "k", "message"),
    [
        (lists([[0, 1]], 5), [[0], [1]], 2, "ranking 'hand' is over 1 users and 5 items"),
        (lists([[0, 1]], 4), [[0]], 2, "over 1 users and 4 items, but the split has 1 users and 5"),
        (lists([[0, 1]], 5), [[0]], 3, "k = 3 is above the 2 places"),
        (lists([[0, 1]], 5), [[0]], 6, "k = 6 is above the number of items, 5"),
        (lists([[0, 1]], 5), [[0]], 0, "k = 0, but a list has at least 1 place"),
        (lists([[0, 1]], 5), [[]], 2, "the test part is empty"),
    ],
)
def test_refuses(ranking: TopK, test: list[list[int]], k: int, message: str) -> None:
    with pytest.raises(SemcompError, match=message) as raised:
        evaluate(ranking, split_of(test, 5), k)
    assert "\n" not in str(raised.value)


def test_refuses_a_ranking_of_another_split() -> None:
    split = split_of([[0]], 5)
    ranking = TopK("hand", np.array([[0]], np.int32), np.zeros((1, 1)), 5, {"split": "another"})
    with pytest.raises(SemcompError, match="made with another split"):
        evaluate(ranking, split, 1)
