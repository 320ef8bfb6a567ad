"""The comparison with RecBole: what it hands over, what it keeps, and what it says about two sets of runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.peers.recbole_side import export
from benchmarks.peers.settings import Settings
from book.experiments.views import parity
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split, split_from_pairs


def ranked_by_hand(
    users: np.ndarray, items: np.ndarray, split: Split, k: int
) -> tuple[np.ndarray, np.ndarray]:
    """Test users in descending order, and their hit marks with the number of truths, one user at a time."""
    rows, marks = [], []
    seen, truth = (split.train + split.valid).toarray() > 0, split.test.toarray() > 0
    for user in reversed(range(split.n_users)):
        if truth[user].any():
            scores = np.where(seen[user], -np.inf, items @ users[user])
            best = np.argsort(-scores, kind="stable")[:k]
            rows.append(user)
            marks.append([*truth[user][best].astype(int), truth[user].sum()])
    return np.array(rows), np.array(marks)


@pytest.fixture(scope="module")
def vectors(world: tuple[Split, TextMatrix]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    split, _ = world
    return (
        rng.normal(size=(split.n_users, 8)).astype(np.float32),
        rng.normal(size=(split.n_items, 8)).astype(np.float32),
    )


def test_interval_over_five_seeds() -> None:
    theirs = [0.10, 0.11, 0.12, 0.13, 0.14]
    found = parity.over_seeds(
        [a + d for a, d in zip(theirs, (0.01, 0.02, 0.03, 0.04, 0.05), strict=True)], theirs
    )
    # t quantile 2.776445 of 4 degrees of freedom, standard deviation 0.0158114, over the root of 5
    assert found["difference"] == pytest.approx(0.03)
    assert found["half-width"] == pytest.approx(0.019632, abs=1e-6)
    assert found["not below"]


@pytest.mark.parametrize(("shift", "holds"), [(0.0, True), (-0.0019, True), (-0.0021, False)])
def test_not_below_ends_at_the_half_width(shift: float, holds: bool) -> None:
    theirs = np.full(5, 0.2)
    noise = np.array([-2, -1, 0, 1, 2]) * 0.001  # half-width 0.001963
    found = parity.over_seeds(list(theirs + noise + shift), list(theirs))
    assert found["half-width"] == pytest.approx(0.001963, abs=1e-6)
    assert found["not below"] is holds


def test_one_seed_says_nothing() -> None:
    found = parity.over_seeds([0.2], [0.1])
    assert found["difference"] == pytest.approx(0.1)
    assert found["half-width"] is None
    assert found["not below"] is None


def test_users_are_paired_over_seeds() -> None:
    ours = [pd.DataFrame({"ndcg": values}) for values in ([0.4, 0.2, 0.0], [0.6, 0.2, 0.2])]
    theirs = [pd.DataFrame({"ndcg": values}) for values in ([0.5, 0.0, 0.3], [0.5, 0.0, 0.3])]
    found = parity.over_users(ours, theirs, "ndcg")  # means 0.5, 0.2, 0.1 against 0.5, 0.0, 0.3
    assert found["difference"] == pytest.approx(0.0)
    assert (found["better with semcomp"], found["better with recbole"]) == (1, 1)
    assert found["half-width"] == pytest.approx(1.96 * 0.2 / np.sqrt(3), abs=1e-6)


def test_exported_split_comes_back(world: tuple[Split, TextMatrix], tmp_path: Path) -> None:
    split, _ = world
    export(split, tmp_path, "name")
    files = [tmp_path / f"name.{part}.inter" for part in ("train", "valid", "test")]
    assert files[0].read_text().startswith("user_id:token\titem_id:token\n")
    back = split_from_pairs(*files, split.n_users, split.n_items)
    for part in ("train", "valid", "test"):
        assert (getattr(back, part) != getattr(split, part)).nnz == 0


def test_evaluators_agree_where_they_should(
    world: tuple[Split, TextMatrix], vectors: tuple[np.ndarray, np.ndarray]
) -> None:
    split, _ = world
    ours = parity.test_metrics(*vectors, split, 20)
    users, hits = ranked_by_hand(*vectors, split, 20)
    means = {metric: ours[metric].mean() for metric in ("ndcg", "recall")}
    found = parity.agreement(ours, users, hits, means)
    assert found["users that differ"] == 0
    assert max(found["difference of means"].values()) < 1e-12

    victim = int(hits[:, :20].sum(axis=1).argmax())
    hits[victim, :20] = 0
    lost = ours.loc[users[victim], "recall"] / len(ours)
    found = parity.agreement(ours, users, hits, means)
    assert found["users that differ"] == 1
    assert found["difference of means"]["recall"] == pytest.approx(lost)
    means["recall"] += 0.5
    assert parity.agreement(ours, users, hits, means)["difference of means"]["recall"] == pytest.approx(0.5)


def test_recbole_is_given_the_same_settings() -> None:
    settings = Settings(lr=0.004, epochs=30, every=3, patience=7, batch=512, dim=32, layers=1, penalty=0.1)
    given = parity.recbole_configuration("LightGCN", settings)
    model = parity.our_model("LightGCN", settings)
    assert (model.dim, model.layers) == (given["embedding_size"], given["n_layers"]) == (32, 1)
    assert (model.training.lr, model.training.batch) == (given["learning_rate"], given["train_batch_size"])
    assert (model.training.epochs, model.training.every) == (given["epochs"], given["eval_step"])
    assert model.training.patience == given["stopping_step"] + 1
    assert model.training.penalty == given["reg_weight"] == 0.1
    assert given["require_pow"]
    assert "reg_weight" not in parity.recbole_configuration("BPR", settings)
    ncl = parity.our_model("NCL", replace(settings, clusters=50))
    assert ncl.structure_weight == pytest.approx(512 * 1e-7)  # RecBole adds up over the batch, we average
    assert ncl.prototype_weight == pytest.approx(512 * 8e-8)
    assert ncl.clusters == parity.recbole_configuration("NCL", replace(settings, clusters=50))["num_clusters"]


def test_a_finished_run_is_not_run_again(
    world: tuple[Split, TextMatrix], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    split, _ = world
    settings = Settings(lr=0.01, epochs=2, every=1)
    run = parity.Run("world", "BPR", 0, "semcomp", settings, split.fingerprint, tmp_path)
    first = parity.ensure(run, split, Path("unused"))
    assert first["epochs"] == 2
    view = parity.our_model("BPR", settings).fit(split, seed=0)
    assert np.array_equal(run.vectors()["users"], view.users)

    def refuse(*_: Any) -> None:
        raise AssertionError("run again")

    monkeypatch.setattr(parity, "run_semcomp", refuse)
    assert parity.ensure(run, split, Path("unused")) == first
    for other in (
        replace(run, settings=replace(settings, lr=0.02)),
        replace(run, fingerprint="another split"),
    ):
        with pytest.raises(AssertionError, match="run again"):
            parity.ensure(other, split, Path("unused"))


def test_comparison_of_two_sides(
    world: tuple[Split, TextMatrix], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RecBole's place is taken by our own model, with the same seeds: nothing differs but the evaluator."""
    split, _ = world

    def stand_in(run: Any, split: Split, _: Path) -> None:
        parity.run_semcomp(run, split)
        made, stored = run.vectors(), run.stored()
        users, hits = ranked_by_hand(made["users"], made["items"], split, parity.K)
        np.savez(run.path.with_suffix(".npz"), **made, test_users=users, test_hits=hits)
        ours = parity.test_metrics(made["users"], made["items"], split, parity.K)
        stored["test"] = {metric: ours[metric].mean() for metric in ("ndcg", "recall")}
        parity.written(run.path.with_suffix(".json"), json.dumps(stored))

    monkeypatch.setattr(parity, "run_recbole", stand_in)
    settings = Settings(lr=0.02, epochs=4)

    def run(seed: int, side: str) -> Any:
        return parity.Run("world", "BPR", seed, side, settings, split.fingerprint, tmp_path)

    pairs = [(run(seed, "semcomp"), run(seed, "recbole")) for seed in (0, 1)]
    found = json.loads(json.dumps(parity.compare(pairs, split, Path("unused"))))
    test = found["test"]["ndcg"]
    assert test["semcomp"] == test["recbole"]
    assert test["semcomp"][0] != test["semcomp"][1]
    assert (test["difference"], test["half-width"], test["not below"]) == (0.0, 0.0, True)
    assert found["users"]["recall"]["better with semcomp"] == 0
    assert [row["users that differ"] for row in found["evaluators"]] == [0, 0]
    assert [row["epochs"] for row in found["training"]["recbole"]] == [4, 4]


def test_a_report_keeps_what_the_file_has_of_other_models_and_data(tmp_path):
    def report(data: str, split: str, **models: int) -> dict[str, Any]:
        return {"k": 20, "splits": {data: {"fingerprint": split}}, "results": {data: dict(models)}}

    out = tmp_path / "parity.json"
    fresh = report("books", "s1", LightGCN=1)
    assert parity.with_kept(fresh, out) == fresh
    out.write_text(json.dumps(fresh))
    more = parity.with_kept(report("books", "s1", BPR=2), out)
    assert list(more["results"]["books"].items()) == [("BPR", 2), ("LightGCN", 1)]
    assert parity.with_kept(report("books", "s1", LightGCN=3), out)["results"]["books"] == {"LightGCN": 3}
    other = parity.with_kept(report("ml-100k", "s0", NCL=4), out)
    assert other["results"] == {"ml-100k": {"NCL": 4}, "books": {"LightGCN": 1}}
    assert set(other["splits"]) == {"ml-100k", "books"}
    assert parity.with_kept(report("books", "s2", BPR=5), out)["results"]["books"] == {"BPR": 5}
