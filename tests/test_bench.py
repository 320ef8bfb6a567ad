"""`make bench`: what its peers compute, what is kept and taken up again, and what becomes of the times."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import scipy.sparse as sp
from packaging.requirements import Requirement

import semcomp as sc
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
MODULES = ("inputs", "ours", "pieces", "report", "running", "training")


@pytest.fixture(scope="module")
def speed() -> Any:
    """The modules of the benchmark by name, with `loop` and `libraries` of the peers."""
    paths = [str(BENCHMARKS), str(BENCHMARKS / "peers")]
    sys.path[:0] = paths
    try:
        found = {name: importlib.import_module(f"speed.{name}") for name in MODULES}
        found |= {
            "loop": importlib.import_module("peers.per_user_loop"),
            "libraries": importlib.import_module("library_runs"),
        }
    finally:
        for path in paths:
            sys.path.remove(path)
    return SimpleNamespace(**found)


def views_of(split: Split, dim: int = 6) -> list[View]:
    rng = np.random.default_rng(5)
    return [
        View(name, rng.normal(size=(split.n_users, dim)), rng.normal(size=(split.n_items, dim)))
        for name in ("a", "b", "null")
    ]


@pytest.fixture(scope="module")
def arrays(speed: Any, world: tuple[Split, TextMatrix]) -> dict[str, np.ndarray]:
    split, _ = world
    vectors = speed.inputs.of_views({view.name: view for view in views_of(split)})
    return speed.inputs.of_split(split) | {name: rows.copy() for name, rows in vectors.items()}


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
    speed: Any, world: tuple[Split, TextMatrix], arrays: dict[str, np.ndarray], k: int
) -> None:
    split, _ = world
    rankings = [sc.rank(view, split, k) for view in views_of(split)[:2]]
    loop = speed.loop.measures(*(one.ids.tolist() for one in rankings), arrays, k)
    evidence = sc.diagnose(*rankings, split, resamples=0).values
    assert {name for name in loop if loop[name]} <= set(evidence)
    assert len(loop) > 25
    for name in set(loop) & set(evidence):
        assert evidence[name].value == pytest.approx(loop[name], abs=1e-12), name


def test_the_loop_ranks_as_we_do(
    speed: Any, world: tuple[Split, TextMatrix], arrays: dict[str, np.ndarray]
) -> None:
    split, _ = world
    view = views_of(split)[0]
    lists = speed.loop.lists_of(
        view.users, view.items, arrays["history_indptr"], arrays["history_indices"], 20
    )
    assert lists == sc.rank(view, split, 20).ids.tolist()
    all_but_two = np.arange(split.n_items - 2)
    assert speed.loop.lists_of(view.users[:1], view.items, np.array([0, len(all_but_two)]), all_but_two, 20)[
        0
    ] == sorted(range(split.n_items - 2, split.n_items), key=lambda item: -view.users[0] @ view.items[item])


def test_both_sides_of_the_diagnosis_are_held_against_each_other(
    speed: Any, arrays: dict[str, np.ndarray]
) -> None:
    mine = speed.ours.diagnosis(arrays, k=10, null=True, resamples=3)
    mine.warm()
    kept = mine.kept(mine.run())
    assert speed.report.same_numbers(kept, arrays) < 1e-12
    wrong = kept["values"].copy()
    wrong[list(kept["names"]).index("recall.b")] += 0.25
    assert speed.report.same_numbers(kept | {"values": wrong}, arrays) == pytest.approx(0.25)
    fewer = [name != "recall.b" for name in kept["names"]]
    with pytest.raises(RuntimeError, match=r"recall\.b"):
        speed.report.same_numbers(
            kept | {"names": kept["names"][fewer], "values": kept["values"][fewer]}, arrays
        )
    loop = speed.ours.user_by_user(arrays, k=10)
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


def test_the_plain_pair_finds_the_same_items(speed: Any, arrays: dict[str, np.ndarray]) -> None:
    sides = [maker(arrays, k=15) for maker in (speed.ours.ranking, speed.ours.plain_pair)]
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
    speed: Any, world: tuple[Split, TextMatrix], arrays: dict[str, np.ndarray]
) -> None:
    split, _ = world
    back = speed.inputs.split_of(arrays)
    for part in ("train", "valid", "test"):
        assert (getattr(back, part) != getattr(split, part)).nnz == 0
    assert arrays["activity"].tolist() == split.train.sum(axis=1).tolist()
    assert arrays["popularity"].tolist() == split.train.sum(axis=0).tolist()


def test_a_random_shape_has_what_it_says(speed: Any, tmp_path: Path) -> None:
    made = speed.inputs.random_shape(tmp_path, 50, 400, 8)
    split = speed.inputs.split_of(made)
    assert (np.diff(split.train.indptr) == 9).all()
    assert (np.diff(split.test.indptr) == 1).all()
    assert made["b_items"].shape == (400, 8)


# --- pieces


def test_every_row_and_side_is_there(speed: Any) -> None:
    places = {
        speed.pieces.OWN: speed.ours.MAKERS,
        speed.pieces.TRAINING: speed.training.SIDES,
        speed.pieces.PEERS: speed.libraries.SIDES,
        speed.pieces.RECBOLE: speed.libraries.SIDES,
    }
    for sizes in speed.pieces.SIZES.values():
        every = list(speed.pieces.pieces(sizes, "games", "ml-100k"))
        assert len({piece.name for piece in every}) == len(every)
        for piece in every:
            assert piece.given.maker in speed.inputs.MAKERS
            for side in piece.sides.values():
                assert side.maker in places[side.where]
            for row in piece.rows:
                assert {row.ours, row.peer} <= set(piece.sides)
        targets = [row.target for piece in every for row in piece.rows if row.target]
        assert targets == [4, 1, 10, 100]
        assert sum(piece.point is not None for piece in every) == 7


def test_other_arguments_are_another_input(speed: Any) -> None:
    one, same, other = (speed.pieces.Input("vectors", {"items": n}).key for n in (1, 1, 2))
    assert one == same != other


def small_piece(speed: Any, resamples: int = 20) -> Any:
    make = speed.pieces
    return make.Piece(
        "resampling",
        "resampling",
        make.Input("users_table", {"users": 40, "columns": 2}),
        {
            "semcomp": make.Side("resampled", {"resamples": resamples}),
            "loop": make.Side("index_draws", {"resamples": 10, "of": resamples}),
        },
        (make.Row("semcomp", "loop"),),
        rounds=2,
    )


def test_what_was_measured_is_not_measured_again(
    speed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def here(work: Any, tasks: Any, jobs: int) -> Any:
        for task in tasks:
            done.append(task.name if hasattr(task, "name") else "input")
            yield task, work(task)

    monkeypatch.setattr(speed.running, "in_processes", here)
    places = speed.running.Places(tmp_path, Path("unused"), Path("unused"))

    def measured(piece: Any, **options: Any) -> list[str]:
        done.clear()
        found = list(speed.running.ensure([piece], places, **options))
        assert [task.name for task, _ in found] == ["semcomp", "loop"] * 2
        return list(done)

    piece = small_piece(speed)
    assert measured(piece) == ["input", "semcomp", "loop", "semcomp", "loop"]  # in turn
    assert measured(piece) == []
    lost = speed.running.tasks_of(piece, places)[2]
    lost.path.with_suffix(".json").unlink()
    assert measured(piece) == ["semcomp"]
    assert measured(piece, force=True)[0] == "input"
    assert measured(small_piece(speed, resamples=30)) == ["semcomp", "loop"] * 2
    row = speed.report.rows_of(list(speed.running.ensure([piece], places)))[0]
    assert set(row["check"]) == {"standard error, semcomp", "standard error, loop"}


def test_a_failure_is_told_and_what_was_done_stays(
    speed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(work: Any, tasks: Any, jobs: int) -> Any:
        for task in tasks:
            failed = getattr(task, "name", "") == "loop"
            yield task, RuntimeError("lost") if failed else work(task)

    monkeypatch.setattr(speed.running, "in_processes", here)
    places = speed.running.Places(tmp_path, Path("unused"), Path("unused"))
    with pytest.raises(RuntimeError, match="lost"):
        list(speed.running.ensure([small_piece(speed)], places))
    first, second, *_ = speed.running.tasks_of(small_piece(speed), places)
    assert first.stored()["peak_bytes"] >= 0
    assert second.stored() is None


# --- training


def test_seconds_to_a_level(speed: Any) -> None:
    def curve(*points: tuple[float, float]) -> list[dict[str, float]]:
        return [{"seconds": seconds, "valid_ndcg": ndcg} for seconds, ndcg in points]

    ours, theirs = curve((1, 0.1), (2, 0.3), (3, 0.2)), curve((10, 0.1), (20, 0.25), (30, 0.2))
    assert speed.training.common_level(ours, theirs) == 0.25
    assert speed.training.seconds_to(ours, 0.25) == 2
    assert speed.training.seconds_to(theirs, 0.25) == 20
    assert speed.training.seconds_to(theirs, 0.26) == float("inf")


@pytest.mark.parametrize("way", ["book", "bpr"])
def test_our_curve_is_that_of_the_fit(
    speed: Any, world: tuple[Split, TextMatrix], monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    split, _ = world
    monkeypatch.setattr(speed.training, "split_named", lambda _: split)
    before = speed.training.loop.validation_ndcg
    found = speed.training.with_semcomp("ml-100k", 4, way)
    assert speed.training.loop.validation_ndcg is before
    curve = found["curve"]
    assert curve[-1]["epoch"] == 4
    seconds = [point["seconds"] for point in curve]
    assert 0 < seconds[0] < seconds[-1]
    assert seconds == sorted(seconds)
    if way == "bpr":
        model = speed.training.our_model("LightGCN", speed.training.settings_of("ml-100k", 4))
        plain = model.fit(split, seed=0).provenance["training"]["curve"]
        assert [point["valid_ndcg"] for point in curve] == [point["valid_ndcg"] for point in plain]


def test_a_point_has_the_time_of_its_own_validation(
    speed: Any, world: tuple[Split, TextMatrix], monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = iter(range(100))
    monkeypatch.setattr(speed.training, "split_named", lambda _: world[0])
    monkeypatch.setattr(speed.training, "time", SimpleNamespace(perf_counter=lambda: next(ticks)))
    found = speed.training.with_semcomp("ml-100k", 4, "bpr")
    # tick 0 is the beginning, tick 1 the validation of the untrained vectors
    assert [(point["epoch"], point["seconds"]) for point in found["curve"]] == [(2, 2), (4, 3)]


# --- rows


def found_of(speed: Any, tmp_path: Path, ours: list[Any], peer: list[Any], target: float | None) -> Any:
    make = speed.pieces
    side = make.Side("unused")
    piece = make.Piece(
        "p", "work", make.Input("vectors", {}), {"x": side, "y": side}, (make.Row("x", "y", target),)
    )
    places = speed.running.Places(tmp_path, Path("unused"), Path("unused"))
    return [
        (speed.running.Task(piece, name, turn, places), report)
        for name, reports in (("x", ours), ("y", peer))
        for turn, report in enumerate(reports)
    ]


@pytest.mark.parametrize(("target", "met"), [(None, None), (3.0, True), (3.01, False)])
def test_a_row_has_medians_and_their_ratio(
    speed: Any, tmp_path: Path, target: float | None, met: bool | None
) -> None:
    ours = [{"seconds": s, "peak_bytes": b} for s, b in ((2.0, 10), (1.0, 30), (8.0, 20))]
    peer = [{"seconds": s, "peak_bytes": 7} for s in (6.0, 5.0, 50.0)]
    (row,) = speed.report.rows_of(found_of(speed, tmp_path, ours, peer, target))
    assert (row["our_seconds"], row["peer_seconds"], row["ratio"]) == (2, 6, 3)
    assert (row["our_peak_bytes"], row["peer_peak_bytes"]) == (20, 7)
    assert row["spread"] == [8, 10]
    assert row["met"] is met
    assert ("MISSED" in speed.report.table([row])) is (met is False)


def test_curves_are_compared_at_the_level_that_both_reach(speed: Any, tmp_path: Path) -> None:
    def report(*points: tuple[float, float]) -> list[dict[str, Any]]:
        curve = [{"seconds": seconds, "valid_ndcg": ndcg} for seconds, ndcg in points]
        return [{"curve": curve, "peak_bytes": 0}]

    found = found_of(speed, tmp_path, report((1, 0.2), (4, 0.4)), report((9, 0.1), (18, 0.2)), 10.0)
    (row,) = speed.report.rows_of(found)
    assert (row["our_seconds"], row["peer_seconds"]) == (1, 18)
    assert list(row["check"].values()) == [0.4, 0.2]
    assert (row["ratio"], row["met"]) == (18, True)


def test_growth_has_the_middle_in_every_series(speed: Any, tmp_path: Path) -> None:
    sizes = speed.pieces.SMOKE
    places = speed.running.Places(tmp_path, Path("unused"), Path("unused"))
    pieces = {
        piece.name: [
            (speed.running.Task(piece, "semcomp", 0, places), {"seconds": at, "peak_bytes": 100 * at})
        ]
        for at, piece in enumerate(speed.pieces.growing(sizes))
    }
    rows = speed.report.growth_of(pieces)
    assert [row["varied"] for row in rows] == ["users"] * 3 + ["items"] * 3 + ["k"] * 3
    for name, values in sizes.growth.items():
        assert tuple(row[name] for row in rows if row["varied"] == name) == values
    assert rows[1]["seconds"] == rows[4]["seconds"] == rows[7]["seconds"]
    assert speed.report.growth_of({}) == []


def test_the_peers_compute_with_the_same_numpy_and_scipy() -> None:
    def pins(file: Path) -> dict[str, str]:
        lines = [line for line in file.read_text("utf8").splitlines() if line and not line.startswith("#")]
        return {Requirement(line).name: str(Requirement(line).specifier) for line in lines}

    ours, theirs = pins(ROOT / "requirements.lock"), pins(BENCHMARKS / "peers" / "requirements-bench.txt")
    assert all(pin.startswith("==") for pin in theirs.values())
    assert (theirs["numpy"], theirs["scipy"]) == (ours["numpy"], ours["scipy"])
    assert {"implicit", "faiss-cpu", "ranx"} <= set(theirs)
