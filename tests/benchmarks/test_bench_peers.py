"""`make bench`: what its peers compute, compared with ours and by hand, and what both sides are given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from bench_modules import BENCHMARKS, views_of
from packaging.requirements import Requirement

import semcomp as sc
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split

# --- the loop over users


def test_the_loop_by_hand(speed: Any) -> None:
    known = {
        "test_indptr": np.array([0, 2, 3, 3]),  # the third user has nothing to find
        "test_indices": np.array([0, 5, 3]),
        "activity": np.array([1, 3, 7]),
        "popularity": np.array([4, 0, 0, 0, 0, 1]),
        "stratum": np.array([2, 0, 0, 0, 0, 1]),
    }
    found = speed.loop.measures([[0, 1], [1, 2], [0, 1]], [[5, 0], [4, 2], [3, 4]], known, 2)
    assert found["jaccard"] == pytest.approx(1 / 3)  # {0, 1} and {0, 5}; {1, 2} and {2, 4}
    assert (found["users.both"], found["users.none"]) == (1, 1)
    assert (found["hits.common"], found["hits.b_unique"], found["unique_hit_ratio"]) == (1, 1, 0.5)
    assert found["log_activity.both"] == pytest.approx(np.log(2))
    assert found["log_popularity.common"] == pytest.approx(np.log(5))
    assert (found["recall.a"], found["recall.b"], found["oracle.union"]) == (0.25, 0.5, 0.5)
    assert found["ndcg.a"] == pytest.approx(1 / (1 + 1 / np.log2(3)) / 2)
    assert (found["recall_by_stratum.a.hot"], found["recall_by_stratum.a.mid"]) == (1, 0)
    assert found["recall_by_stratum.union.cold"] == 0


@pytest.mark.parametrize("k", [3, 20])
def test_the_loop_and_the_diagnosis_agree(
    speed: Any, world: tuple[Split, TextMatrix], bench_arrays: dict[str, np.ndarray], k: int
) -> None:
    split, _ = world
    rankings = [sc.rank(view, split, k) for view in views_of(split)[:2]]
    loop = speed.loop.measures(*(one.ids.tolist() for one in rankings), bench_arrays, k)
    evidence = sc.diagnose(*rankings, split, resamples=0).values
    assert {name for name in loop if loop[name]} <= set(evidence)
    assert len(loop) > 25
    for name in set(loop) & set(evidence):
        assert evidence[name].value == pytest.approx(loop[name], abs=1e-12), name


def test_the_loop_ranks_as_we_do(
    speed: Any, world: tuple[Split, TextMatrix], bench_arrays: dict[str, np.ndarray]
) -> None:
    split, _ = world
    view = views_of(split)[0]
    lists = speed.loop.lists_of(
        view.users, view.items, bench_arrays["history_indptr"], bench_arrays["history_indices"], 20
    )
    assert lists == sc.rank(view, split, 20).ids.tolist()
    all_but_two = np.arange(split.n_items - 2)
    assert speed.loop.lists_of(view.users[:1], view.items, np.array([0, len(all_but_two)]), all_but_two, 20)[
        0
    ] == sorted(range(split.n_items - 2, split.n_items), key=lambda item: -view.users[0] @ view.items[item])


def test_both_sides_of_the_diagnosis_are_held_against_each_other(
    speed: Any, bench_arrays: dict[str, np.ndarray]
) -> None:
    mine = speed.ours.diagnosis(bench_arrays, k=10, null=True, resamples=3)
    mine.warm()
    kept = mine.kept(mine.run())
    assert speed.report.same_numbers(kept, bench_arrays) < 1e-12
    wrong = kept["values"].copy()
    wrong[list(kept["names"]).index("recall.b")] += 0.25
    assert speed.report.same_numbers(kept | {"values": wrong}, bench_arrays) == pytest.approx(0.25)
    fewer = [name != "recall.b" for name in kept["names"]]
    with pytest.raises(RuntimeError, match=r"recall\.b"):
        speed.report.same_numbers(
            kept | {"names": kept["names"][fewer], "values": kept["values"][fewer]}, bench_arrays
        )
    loop = speed.ours.user_by_user(bench_arrays, k=10)
    loop.warm()
    theirs = loop.kept(loop.run())
    assert np.array_equal(theirs["a"], kept["a"])
    assert speed.report.same_items(theirs["b"], kept["b"]) == 1


# --- peers that find candidates


def test_what_was_seen_is_taken_out(speed: Any) -> None:
    rng = np.random.default_rng(0)
    seen = sp.csr_array(rng.random((30, 12)) < 0.4)
    ids = np.array([rng.permutation(12) for _ in range(30)])
    ids[3, 5:] = -1
    found = speed.libraries.first_unseen(ids, seen.indptr, seen.indices, 6)
    for user in range(30):
        history = seen.indices[seen.indptr[user] : seen.indptr[user + 1]]
        left = [item for item in ids[user] if item >= 0 and item not in history][:6]
        assert found[user].tolist() == left + [-1] * (6 - len(left))
    nothing = speed.libraries.first_unseen(ids[:2], np.zeros(3, int), np.zeros(0, int), 4)
    assert np.array_equal(nothing, ids[:2, :4])


def test_the_plain_pair_finds_the_same_items(speed: Any, bench_arrays: dict[str, np.ndarray]) -> None:
    sides = [maker(bench_arrays, k=15) for maker in (speed.ours.ranking, speed.ours.plain_pair)]
    ours, pair = (side.kept(side.run())["ids"] for side in sides)
    assert speed.report.same_items(ours, pair) == 1
    other = pair.copy()
    other[0, 0] = next(item for item in range(240) if item not in pair[0])
    assert speed.report.same_items(ours, other) == pytest.approx(1 - 1 / len(ours))


def test_a_loop_that_is_run_in_part_is_scaled(speed: Any) -> None:
    table = {"table": np.random.default_rng(0).random((400, 3))}
    loop, whole = (
        speed.ours.index_draws(table, resamples=300, of=3000),
        speed.ours.resampled(table, resamples=300),
    )
    assert (loop.times, whole.times) == (10, 1)
    found = loop.run()
    assert found.shape == (300, 3)
    expected = table["table"].std(axis=0).mean() / np.sqrt(400)
    for side in (loop, whole):
        assert side.kept(side.run())["standard_error"] == pytest.approx(expected, rel=0.15)


def test_ridge_and_adam_are_judged_alike(speed: Any, tmp_path: Path) -> None:
    given = speed.inputs.vectors(tmp_path, 600, 20, 5)
    ridge, adam = speed.ours.ridge_path(given), speed.ours.adam_epochs(given, epochs=2, of=400)
    assert ridge.kept(ridge.run())["unexplained"] == pytest.approx(0.5, abs=0.05)
    assert adam.times == 200
    assert adam.kept(adam.run())["unexplained"] > 0.7


# --- inputs


def test_a_split_comes_back(
    speed: Any, world: tuple[Split, TextMatrix], bench_arrays: dict[str, np.ndarray]
) -> None:
    split, _ = world
    back = speed.inputs.split_of(bench_arrays)
    for part in ("train", "valid", "test"):
        assert (getattr(back, part) != getattr(split, part)).nnz == 0
    assert bench_arrays["activity"].tolist() == split.train.sum(axis=1).tolist()
    assert bench_arrays["popularity"].tolist() == split.train.sum(axis=0).tolist()


def test_a_random_shape_has_what_it_says(speed: Any, tmp_path: Path) -> None:
    made = speed.inputs.random_shape(tmp_path, 50, 400, 8)
    split = speed.inputs.split_of(made)
    assert (np.diff(split.train.indptr) == 9).all()
    assert (np.diff(split.test.indptr) == 1).all()
    assert made["b_items"].shape == (400, 8)


def test_the_peers_compute_with_the_same_numpy_and_scipy() -> None:
    def pins(file: Path) -> dict[str, str]:
        lines = [line for line in file.read_text("utf8").splitlines() if line and not line.startswith("#")]
        return {Requirement(line).name: str(Requirement(line).specifier) for line in lines}

    ours, theirs = (
        pins(BENCHMARKS.parent / "requirements.lock"),
        pins(BENCHMARKS / "peers" / "requirements-bench.txt"),
    )
    assert all(pin.startswith("==") for pin in theirs.values())
    assert (theirs["numpy"], theirs["scipy"]) == (ours["numpy"], ours["scipy"])
    assert {"implicit", "faiss-cpu", "ranx"} <= set(theirs)
