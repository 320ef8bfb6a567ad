"""The parts of the alignment hypothesis by hand: groups, losses, and what is made of several."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from semcomp.core.evidence import Value
from semcomp.data import Split, binary_csr
from semcomp.errors import SemcompError
from semcomp.evidence.hypothesis.groups import item_groups, spread
from semcomp.evidence.hypothesis.losses import Globality, against_the_others, less_r2, mean_r2, slack_of
from semcomp.evidence.statistics.verdicts import judge_family


def test_spread_and_that_of_permuted_labels():
    values, codes = np.array([1.0, 3, 5, 9]), np.array([0, 0, 1, 1])
    between, chance = spread(values, codes)
    assert between == pytest.approx(6.25)  # means 2 and 7 about 4.5
    assert chance == pytest.approx(values.var(ddof=1) / 4)
    rng = np.random.default_rng(0)
    values, codes = rng.exponential(size=40), rng.choice(5, size=40, p=[0.4, 0.3, 0.1, 0.1, 0.1])
    permuted = [spread(rng.permutation(values), codes)[0] for _ in range(4000)]
    assert spread(values, codes)[1] == pytest.approx(np.mean(permuted), abs=4 * np.std(permuted) / 4000**0.5)
    assert spread(values, codes * 3)[1] == pytest.approx(spread(values, codes)[1])  # codes without rows


def test_globality_by_hand():
    columns = {
        "total": np.full(6, 10.0),
        "text.held": np.array([4.0, 4, 4, 8, 8, 8]),
        "seed.0.held": np.full(6, 2.0),
    }
    moves = {"half": {"text": np.full(6, 3.0), "seed.0": np.full(6, 1.0), "times": np.full(6, 2.0)}}
    part = Globality(columns, moves, {"half": np.repeat([0, 1], 3)}, ["seed.0"], 0.5)
    found = part.numbers(np.arange(6))
    # excess 0.2 and 0.6: variance between groups 0.04, by chance s² / 6 = 0.048 / 6; reliable part 0.8
    assert found["spread.half"] == pytest.approx(0.2)
    assert found["lost.spread.half"] == pytest.approx((0.04 - 0.008) / (0.5 * 0.8))
    assert found["moved.half"] == pytest.approx(0.15)
    assert found["lost.moved.half"] == pytest.approx(0.1)
    assert found["allowed"] == pytest.approx(0.4)
    assert found["slack"] == pytest.approx(0.4 - 0.1)
    columns["seed.1.held"] = np.array([2.0, 2, 2, 7, 7, 7])
    moves["half"]["seed.1"] = np.full(6, 1.0)
    both = Globality(columns, moves, {"half": np.repeat([0, 1], 3)}, ["seed.0", "seed.1"], 0.5)
    # one seed against the other: 0 and 0.5, variance 0.0625 less 0.075 / 6; reliable 1 − (0.2 + 0.45) / 2
    assert both.numbers(np.arange(6))["allowed"] == pytest.approx(0.5 * 0.675)
    strict = Globality(columns, moves, {"half": np.repeat([0, 1], 3)}, ["seed.0", "seed.1"], 0.1)
    assert strict.numbers(np.arange(6))["allowed"] == pytest.approx(0.05 / (0.1 * 0.675))
    null = part.null(np.arange(6))
    assert null["spread.half"] == pytest.approx(0.008**0.5)
    assert null["moved.half"] == pytest.approx(0.05)


def test_slack_is_what_is_allowed_less_what_is_lost():
    def means(text: float, *seeds: float) -> dict[str, np.ndarray]:
        errors = {"text.held": text, **{f"seed.{at}.held": one for at, one in enumerate(seeds)}}
        return {"total": np.array([1.0]), **{name: np.array([error]) for name, error in errors.items()}}

    one = slack_of(less_r2, mean_r2, ["seed.0"], 0.1)
    assert one["allowed"].of(means(0.5, 0.2))[0] == pytest.approx(0.08)
    assert one["slack"].of(means(0.5, 0.2))[0] == pytest.approx(0.08 - 0.3)
    two = slack_of(less_r2, mean_r2, ["seed.0", "seed.1"], 0.1)
    assert two["allowed"].of(means(0.5, 0.2, 0.4))[0] == pytest.approx(0.2)
    assert two["slack"].of(means(0.5, 0.2, 0.4))[0] == pytest.approx(0.2 - 0.2)
    assert against_the_others(["a", "b", "c"])[1] == ("b", ["a", "c"])
    assert against_the_others(["a"]) == []


def test_a_refutation_has_to_stand_after_holm():
    slacks = {
        "weak": Value(-1.0, -1.95, -0.05, n=100, p=0.03),
        "strong": Value(-1.0, -1.1, -0.9, n=100, p=1e-9),
        "open": Value(0.1, -1.0, 1.0, n=100, p=0.8),
        "held": Value(1.0, 0.9, 1.1, n=100, p=1e-9),
        "little": Value(1.0, 0.05, 1.95, n=100, p=0.03),
    }
    found = judge_family(slacks)
    said = {name: one.word for name, one in found.items()}
    assert said == {
        "weak": "undecided",
        "strong": "does not hold",
        "open": "undecided",
        "held": "holds",
        "little": "undecided",
    }
    assert found["weak"].users_needed > 100
    assert found["weak"].effect == -1
    alone = judge_family({"weak": slacks["weak"]})
    assert alone["weak"].word == "does not hold"


def test_one_part_is_enough_to_fall(of_true, of_false):
    parts = of_true.parts | {"geometry": of_false.parts["geometry"]}
    assert replace(of_true, parts=parts).verdict == "does not hold"
    open_one = replace(
        of_true.parts["geometry"],
        verdict=replace(of_true.parts["geometry"].verdict, word="undecided"),
    )
    assert replace(of_true, parts=of_true.parts | {"geometry": open_one}).verdict == "undecided"


def plain_split(counts: np.ndarray) -> Split:
    """Item i has counts[i] train interactions; each user finds the next item in the test part."""
    n, users = len(counts), int(counts.max()) + 1
    rows = np.concatenate([np.arange(count) for count in counts]).astype(np.int32)
    train = binary_csr(rows, np.repeat(np.arange(n), counts).astype(np.int32), (users, n))
    empty = sp.csr_array((users, n), dtype=np.float32)
    names = np.array([str(at) for at in range(max(users, n))])
    return Split(names[:users], names[:n], train, empty, empty, {})


def test_groups_by_default_and_given():
    rng = np.random.default_rng(0)
    counts = np.repeat([1, 5, 30], [120, 40, 40])
    source = rng.normal(size=(200, 3)) + 50 * (np.arange(200) % 2)[:, None]
    parts = plain_split(counts)
    found = item_groups(source, parts, None, clusters=2, seed=0)
    assert list(found) == ["popularity", "clusters"]
    assert found["popularity"].tolist() == np.repeat([0, 1, 2], [120, 40, 40]).tolist()
    assert (found["clusters"] == found["clusters"][0]).tolist() == (np.arange(200) % 2 == 0).tolist()
    labels = np.repeat(["x", "y", "rare", "rarer"], [100, 85, 8, 7])
    given = item_groups(source, parts, {"kind": labels, "popularity": labels}, clusters=0, seed=0)
    assert list(given) == ["popularity", "kind"]
    assert np.bincount(given["kind"]).tolist() == [100, 85, 15]
    np.testing.assert_array_equal(given["popularity"], given["kind"])
    assert item_groups(source, parts, None, clusters=99, seed=0)["clusters"].max() <= 4  # 200 / 40 clusters
    flat = plain_split(np.ones(200, dtype=int))
    assert list(item_groups(source, flat, None, clusters=2, seed=0)) == ["clusters"]
    with pytest.raises(SemcompError, match="do not form two groups by popularity or cluster"):
        item_groups(source, flat, None, clusters=1, seed=0)
    with pytest.raises(SemcompError, match="'kind' does not have two groups"):
        item_groups(source, parts, {"kind": np.zeros(200)}, clusters=2, seed=0)
    with pytest.raises(SemcompError, match=r"'kind' has shape \(3,\)"):
        item_groups(source, parts, {"kind": ["a", "b", "c"]}, clusters=2, seed=0)
