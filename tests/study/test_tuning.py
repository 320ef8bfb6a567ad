"""Tuning: seeded, resumable to the byte, blind to the test part, the same for any number of jobs."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp
from click.testing import CliRunner

from semcomp.cli.tune import tune as command
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split, split, write_folder
from semcomp.errors import SemcompError
from semcomp.planted import World
from semcomp.study import tuning as tuning_module
from semcomp.study import tuning_runs
from semcomp.study.settings import Settings, Trial, read_settings
from semcomp.study.tuning import RANDOM_TRIALS, Tuning, proposal, tune_view, without_test
from semcomp.study.tuning_runs import clock, outlook, tune
from semcomp.study.workers import one_thread
from semcomp.views.collaborative.matrix_factorization import BPRMF
from semcomp.views.configurations import build
from semcomp.views.registry import REGISTRY, Entry, from_data
from semcomp.views.space import Choice, Range

QUICK = Tuning(trials=4, epochs=3, patience=1)
SMALL = World(users=100, items=80, dim=3, activity=20.0, sharpness=3.0)


@pytest.fixture(scope="module")
def small() -> Split:
    """A world on which a trial takes a blink."""
    return split(SMALL.dataset(), seed=1)


@pytest.fixture
def run(small, tmp_path) -> Callable[..., Settings]:
    """run(name="a"): BPR-MF tuned into a file of that name, on one thread."""

    def tuned(name: str = "a", tuning: Tuning = QUICK, parts=small, **options) -> Settings:
        with one_thread():
            return tune_view("BPR-MF", "small", parts, tuning, tmp_path / f"{name}.json", **options)

    return tuned


def timeless(settings: Settings) -> dict:
    """All of it but when, and how long."""
    plain = vars(settings) | {"date": None, "trials": [vars(t) | {"seconds": None} for t in settings.trials]}
    return json.loads(json.dumps(plain))


def test_trial_zero_is_the_default_configuration(run):
    first = run().trials[0]
    model = build("BPR-MF")
    assert first.params == {
        "training.lr": model.training.lr,
        "training.penalty": model.training.penalty,
        "training.batch": model.training.batch,
    }
    assert build("BPR-MF", first.params) == model


def test_the_best_on_validation_is_kept(run, small):
    made = run()
    values = [trial.valid_ndcg for trial in made.trials]
    assert len(values) == 4
    assert made.best.valid_ndcg == max(values)
    assert len(set(values)) > 1
    again = made.model.fit(without_test(small), seed=0)
    assert again.provenance["training"]["valid_ndcg"] == pytest.approx(max(values))
    assert (made.best.best_epoch, made.best.epochs) == (again.provenance["training"]["best_epoch"], 3)


def test_one_seed_gives_the_same_trials_and_another_gives_others(run):
    assert timeless(run("a")) == timeless(run("b"))
    other = run("c", replace(QUICK, seed=1))
    assert other.trials[0].params == run("a").trials[0].params
    assert all(
        one.params != two.params for one, two in zip(other.trials[1:], run("a").trials[1:], strict=True)
    )


def test_taken_up_after_any_trial_it_is_as_if_it_had_not_stopped(run):
    whole = run("whole")
    for stop in range(5):
        assert len(run("parts", limit=stop).trials) == stop
    assert timeless(run("parts")) == timeless(whole)


def test_more_trials_begin_with_those_there_were(run, small):
    long = replace(QUICK, trials=7)
    run("longer")
    assert timeless(run("longer", long)) == timeless(run("fresh", long))


def test_a_finished_study_is_read_and_not_run(run, monkeypatch, tmp_path):
    made = run()
    before = (tmp_path / "a.json").read_bytes()
    monkeypatch.setattr(BPRMF, "fit", None)
    assert vars(run()) == vars(made)
    assert (tmp_path / "a.json").read_bytes() == before


KILLED = """
import os, signal
from pathlib import Path
from semcomp import storage
from semcomp.data import split
from semcomp.planted import World
from semcomp.study.tuning import Tuning, tune_view
from semcomp.study.workers import one_thread

replaced, real = [], os.replace
def replace(source, target):
    replaced.append(target)
    if len(replaced) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    real(source, target)
storage.os.replace = replace
parts = split(World(users=100, items=80, dim=3, activity=20.0, sharpness=3.0).dataset(), seed=1)
with one_thread():
    tune_view("BPR-MF", "small", parts, Tuning(trials=4, epochs=3, patience=1), Path("killed.json"))
"""


def test_killed_while_it_writes_it_goes_on(run, tmp_path):
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=tmp_path, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(read_settings(tmp_path / "killed.json").trials) == 2
    assert timeless(run("killed")) == timeless(run("whole"))


def test_the_test_part_is_never_seen(run, small, monkeypatch):
    """Other test items, the same trials; and what is fitted has none at all."""
    free = (small.train + small.valid + small.test).toarray() == 0
    elsewhere = sp.csr_array(free.astype("float32"))
    other = replace(small, test=elsewhere)
    seen = []
    fit = BPRMF.fit
    monkeypatch.setattr(
        BPRMF, "fit", lambda self, given, **rest: seen.append(given.split) or fit(self, given, **rest)
    )
    one, two = timeless(run("a")), timeless(run("b", parts=other))
    assert one.pop("dataset")["split"] != two.pop("dataset")["split"]
    assert one == two
    assert len(seen) == 8
    assert {parts.test.nnz for parts in seen} == {0}
    assert {parts.valid.nnz for parts in seen} == {small.valid.nnz}


def test_a_trial_that_fails_counts_and_the_study_goes_on(run, monkeypatch, tmp_path):
    fit = BPRMF.fit

    def sometimes(self, parts, **rest):
        if self.training.lr == 0.003:
            raise SemcompError("it diverged")
        return fit(self, parts, **rest)

    monkeypatch.setattr(BPRMF, "fit", sometimes)
    made = run()
    assert [trial.failed for trial in made.trials] == ["it diverged", None, None, None]
    assert made.trials[0].valid_ndcg is None
    assert made.best.number > 0
    assert timeless(read_settings(tmp_path / "a.json")) == timeless(made)
    monkeypatch.setattr(BPRMF, "fit", lambda *_, **__: (_ for _ in ()).throw(SemcompError("never")))
    lost = run("lost")
    assert (lost.best, lost.config, len(lost.trials)) == (None, None, 4)


def test_a_defect_is_no_failed_trial(run, monkeypatch):
    monkeypatch.setattr(BPRMF, "fit", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        run()


def test_what_has_no_options_has_one_trial(small, tmp_path):
    made = tune_view("popularity", "small", small, QUICK, tmp_path / "p.json")
    assert (made.asked, len(made.trials)) == (1, 1)
    assert made.trials[0].params == {}
    assert made.trials[0].best_epoch is made.trials[0].epochs is None
    assert made.model == build("popularity")


@pytest.mark.parametrize("view", REGISTRY)
def test_proposals_stay_within_bounds_and_three_digits(view):
    trials = [Trial(0, proposal(view, [], 0), 1.0, 0.5)]
    for number in range(1, RANDOM_TRIALS + 3):
        value = None if number == 2 else number / 100
        trials.append(Trial(number, proposal(view, trials, 0), 1.0, value))
    for name, bounds in REGISTRY[view].space.items():
        for trial in trials:
            value = trial.params[name]
            if isinstance(bounds, Choice):
                assert value in bounds.values
            else:
                assert bounds.low <= value <= bounds.high
                assert value in (bounds.low, bounds.high) or value == float(f"{value:.3g}")
    assert len({json.dumps(trial.params) for trial in trials}) > 2 or not REGISTRY[view].space


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 21}, "trials = 21; it must be at most 20"),
        ({"trials": 0}, "trials = 0"),
        ({"epochs": 0}, "epochs = 0"),
        ({"patience": 1.5}, "patience = 1.5; it must be a whole number"),
        ({"seed": -1}, "seed = -1"),
    ],
)
def test_budgets_out_of_range_are_refused(options, message):
    with pytest.raises(SemcompError, match=message):
        Tuning(**options)


def test_the_file_of_another_study_is_refused(run, small, tmp_path):
    run()
    for changed in ({"seed": 1}, {"epochs": 4}, {"patience": 2}):
        with pytest.raises(SemcompError, match=f"a.json holds a study with another {next(iter(changed))}"):
            run(tuning=replace(QUICK, **changed))
    with pytest.raises(SemcompError, match="another dataset"):
        run(parts=split(SMALL.dataset(), seed=2))
    with pytest.raises(SemcompError, match="holds 4 trials, more than the 3 asked for"):
        run(tuning=replace(QUICK, trials=3))
    assert len(read_settings(tmp_path / "a.json").trials) == 4


def test_trials_of_earlier_code_are_kept_if_done_and_made_again_if_not(run, monkeypatch):
    said = []
    made = run("done")
    run("half", limit=2)
    monkeypatch.setattr(tuning_module, "code_digest", lambda module: "later")
    assert vars(run("done", say=said.append)) == vars(made)
    assert "BPR-MF keeps trials of earlier code" in said.pop()
    half = run("half", say=said.append)
    assert "BPR-MF begins again" in said[0]
    assert len(said) == 5
    assert half.code == "later"


def test_without_a_validation_part_there_is_nothing_to_tune_on(run, small):
    bare = replace(small, valid=sp.csr_array(small.valid.shape, dtype=small.valid.dtype))
    with pytest.raises(SemcompError, match="small has no validation part"):
        run(parts=bare)


class TestRuns:
    """Many views of a folder's data set."""

    @pytest.fixture
    def data(self, tmp_path, cache) -> str:
        return str(write_folder(replace(SMALL.dataset(), name="small"), tmp_path / "small data"))

    def test_two_jobs_find_what_one_finds(self, data, tmp_path):
        views, tuning = ("popularity", "BPR-MF"), replace(QUICK, trials=2)
        one = tune(data, views, tuning, tmp_path / "one", say=str)
        two = tune(data, views, tuning, tmp_path / "two", jobs=2, say=str)
        assert list(one) == list(two) == list(views)
        for view in views:
            assert timeless(one[view]) == timeless(two[view])
        assert sorted(path.name for path in (tmp_path / "two" / "small").iterdir()) == [
            "bpr-mf.json",
            "popularity.json",
        ]

    def test_all_get_their_defaults_tried_before_any_gets_more(self, data, tmp_path):
        said = []
        tune(data, ("BPR-MF", "LightGCN"), replace(QUICK, trials=2), tmp_path, say=said.append)
        trials = [line.split(",")[1].strip() for line in said if " trial " in line]
        assert [line.split(":")[0] for line in trials[:2]] == ["BPR-MF", "LightGCN"]
        assert [line[-1] for line in trials] == ["0", "0", "1", "1"]
        assert "0 of 2 views are tuned; about" in said[3]
        assert said[-1] == "small: 2 of 2 views are tuned"

    def test_a_view_that_fails_does_not_stop_the_others(self, data, tmp_path, monkeypatch, capsys):
        monkeypatch.setenv("SEMCOMP_TRACEBACK", "1")
        monkeypatch.setattr(BPRMF, "fit", lambda *_, **__: 1 / 0)
        with pytest.raises(
            SemcompError, match=r"1 of 2 views of small were not tuned: BPR-MF \(ZeroDivision"
        ):
            tune(data, ("BPR-MF", "popularity"), QUICK, tmp_path, say=str)
        assert read_settings(tmp_path / "small" / "popularity.json").best is not None
        assert "ZeroDivisionError" in capsys.readouterr().err

    def test_mistakes_are_told_before_any_trial(self, data, tmp_path):
        for views, options, message in (
            (("lightgnc",), {}, "did you mean 'LightGCN'"),
            ((), {"jobs": 0}, "jobs = 0"),
            (("raw text",), {"encoder": "minilmm"}, "unknown encoder"),
        ):
            with pytest.raises(SemcompError, match=message):
                tune(data, views, QUICK, tmp_path, say=str, **options)
        assert not list(tmp_path.glob("*.json"))

    def test_the_command_prints_the_best_of_each_view(self, data, tmp_path):
        given = [data, "--view", "BPR-MF", "--trials", "2", "--epochs", "3", "--out", str(tmp_path)]
        done = CliRunner().invoke(command, given, catch_exceptions=False)
        best = read_settings(tmp_path / "small" / "bpr-mf.json").best
        assert done.exit_code == 0
        assert done.stdout.split() == ["BPR-MF", f"{best.valid_ndcg:.4f}", "trial", str(best.number)]
        assert "small, BPR-MF: trial 1" in done.stderr
        with pytest.raises(SemcompError, match="at most 20"):
            CliRunner().invoke(command, [data, "--trials", "21"], catch_exceptions=False)


@dataclass(frozen=True)
class Powered:
    """Popularity to a power."""

    power: float = 1.0

    def fit(self, inputs, seed=0, *, checkpoint=None):
        counts = Inputs.of(inputs).split.train.sum(axis=0)[:, None]
        return View("powered", np.ones((inputs.split.n_users, 1)), np.asarray(counts) ** self.power)


def test_a_line_in_the_registry_is_tuned_by_all_who_name_no_view(small, tmp_path, cache, monkeypatch):
    """Its defaults first, within its bounds, and its configuration is made a model again."""
    line = Entry(Powered(), "collaborative", space={"power": Range(-1.0, 2.0)})
    monkeypatch.setitem(REGISTRY, "powered", line)
    assert "powered" in from_data()
    data = str(write_folder(replace(SMALL.dataset(), name="small"), tmp_path / "data"))
    monkeypatch.setattr(tuning_runs, "from_data", lambda: {"powered": line})
    made = tune(data, (), QUICK, tmp_path, say=str)["powered"]
    assert made.trials[0].params == {"power": 1.0}
    assert all(-1 <= trial.params["power"] <= 2 for trial in made.trials)
    assert made.model == Powered(made.best.params["power"])
    assert read_settings(tmp_path / "small" / "powered.json").space == {"power": "-1.0 to 2.0"}


def test_what_is_left_is_told_from_seconds_and_epochs(run):
    made = replace(run(), asked=6, epochs=30)
    trials = tuple(replace(trial, seconds=10.0, epochs=15) for trial in made.trials)
    assert outlook("books", [replace(made, trials=trials)], 2).endswith("; about 10 s left, at most 20 s")
    assert outlook("books", [made, replace(made, asked=4)], 2).startswith("books: 1 of 2 views are tuned; ")
    assert [clock(seconds) for seconds in (40, 1000, 10_000)] == ["40 s", "17 min", "2.8 h"]
