"""`make bench`: what is kept and resumed, curves in seconds, and what becomes of the times."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split

# --- pieces


def test_every_row_and_side_is_there(speed: Any) -> None:
    places = {
        speed.pieces.OWN: speed.ours.MAKERS,
        speed.pieces.TRAINING: speed.training.SIDES,
        speed.pieces.PEERS: speed.libraries.SIDES,
        speed.pieces.RECBOLE: speed.libraries.SIDES,
    }
    for sizes in speed.pieces.SIZES.values():
        every = list(speed.pieces.pieces(sizes, "games", ["ml-100k", "books"]))
        assert len({piece.name for piece in every}) == len(every)
        for piece in every:
            assert piece.given.maker in speed.inputs.MAKERS
            for side in piece.sides.values():
                assert side.maker in places[side.where]
            for row in piece.rows:
                assert {row.ours, row.peer} <= set(piece.sides)
        targets = [row.target for piece in every for row in piece.rows if row.target]
        assert targets == [4, 1, 10, 10, 100]
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


@pytest.mark.parametrize(("options", "place"), [(["--smoke"], "work/smoke"), ([], "results")])
def test_a_smoke_run_leaves_the_committed_results_alone(
    speed: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], place: str
) -> None:
    bench = speed.bench
    monkeypatch.setattr(bench, "HERE", tmp_path)
    monkeypatch.setattr(bench, "prepare", lambda places, needed: None)
    monkeypatch.setattr(bench, "run", lambda chosen, places, size, force: {"rows": [], "size": size})
    given = ["bench", *options, "--work", str(tmp_path / "work"), "--machine", "here"]
    monkeypatch.setattr("sys.argv", given)
    for folder in ("results", "work/smoke"):
        (tmp_path / folder).mkdir(parents=True)
    bench.main()
    assert [file.parent for file in tmp_path.rglob("*.json")] == [tmp_path / place]


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
