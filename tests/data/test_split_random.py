"""The strategy "random": RecBole's counts, equal chances, bytes that stay; options no strategy takes."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from observed_pairs import dataset

from semcomp.data import item_counts, part_counts, split
from semcomp.errors import SemcompError
from semcomp.planted import World

TABLE = {  # n: train/valid/test of RecBole 1.2.1's RatioSplit [0.8, 0.1, 0.1]
    1: (1, 0, 0), 2: (1, 0, 1), 3: (1, 1, 1), 4: (2, 1, 1), 5: (3, 1, 1), 9: (7, 1, 1), 10: (8, 1, 1),
    11: (9, 1, 1), 15: (13, 1, 1), 19: (17, 1, 1), 20: (16, 2, 2), 25: (21, 2, 2), 30: (24, 3, 3),
    33: (27, 3, 3),
}  # fmt: skip


def test_counts_are_recboles():
    n = np.array(list(TABLE))
    assert part_counts(n).tolist() == [list(row) for row in TABLE.values()]
    s = split(dataset(list(TABLE)))
    parts = np.stack([np.diff(m.indptr) for m in (s.train, s.valid, s.test)], axis=1)
    assert parts.tolist() == [list(row) for row in TABLE.values()]


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=12).filter(lambda c: max(c) >= 2), st.integers(0, 2**32)
)
def test_a_split_is_a_partition(counts, seed):
    data = dataset(counts)
    s = split(data, seed=seed)
    whole = sp.csr_array((np.ones(len(data.user)), (data.user, data.item)), shape=s.train.shape)
    assert (
        abs(s.train + s.valid + s.test - whole).sum() == 0
    )  # each pair once, so the parts are disjoint as well
    assert split(data, seed=seed).fingerprint == s.fingerprint


def test_seeds_differ_and_every_place_is_equally_likely():
    data = dataset([10] * 2000)
    one, other = split(data, seed=1), split(data, seed=2)
    assert one.fingerprint != other.fingerprint
    share = item_counts(one.test)[:10] / 2000  # each of ten items is the test item of a tenth of the users
    assert np.abs(share - 0.1).max() < 4 * np.sqrt(0.1 * 0.9 / 2000)


def test_provenance_names_the_data_and_the_recipe():
    data = dataset([5, 5])
    provenance = split(data, seed=7, ratios=(0.6, 0.2, 0.2)).provenance
    assert provenance["data"] == data.fingerprint
    assert (provenance["strategy"], provenance["seed"], provenance["ratios"]) == (
        "random",
        7,
        [0.6, 0.2, 0.2],
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "randm"}, r"unknown split strategy 'randm'; did you mean 'random'"),
        ({"ratios": (0.8, 0.1, 0.2)}, r"sum to 1\.1"),
        ({"ratios": (0.9, 0.1)}, "it must be 3 values, each a number"),
        (
            {"ratios": ("most", 0.1, 0.1)},
            "it must be 3 values, each a number",
        ),
        ({"ratios": (0.9, 0.1, 0.0)}, "give three shares"),
        ({"ratios": (1.2, -0.3, 0.1)}, "give three shares"),
        ({"ratios": (float("nan"), 0.1, 0.1)}, "give three shares"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": 0.5}, "seed = 0.5"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(SemcompError, match=message):
        split(dataset([5, 5]), **options)


def test_no_test_item_at_all():
    with pytest.raises(SemcompError, match="no user of 'd' gets a test item"):
        split(dataset([1, 1, 1]))


# The bytes of "random" at the first release, for two worlds: a published number stays reproducible.
PINNED = [
    (
        World(users=60, items=50, dim=2),
        {},
        "ed12d248fe750f3f5e5c73446beebaf2d5e6f2ec42af64d5e7ba1f0694ddedee",
    ),
    (
        World(users=300, items=150, dim=2, seed=4),
        {"seed": 7, "ratios": (0.6, 0.2, 0.2)},
        "34678f2002782b7859f0cafb51187d01483897135ea6ee6f70ad95ca7c282553",
    ),
]


@pytest.mark.parametrize(("world", "options", "fingerprint"), PINNED)
def test_random_keeps_its_bytes(world, options, fingerprint):
    assert split(world.dataset(), **options).fingerprint == fingerprint
