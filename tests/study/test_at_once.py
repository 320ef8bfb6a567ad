"""Two runs at once on one cache or one folder, and a run after another: the same result, the same bytes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pandas as pd
from conformance import bytes_of

from semcomp.core.evidence import Evidence, Value
from semcomp.core.rank import rank
from semcomp.study.records import Record, keep
from semcomp.study.settings import read_settings
from semcomp.study.study import Study
from semcomp.study.tuning import Tuning
from semcomp.study.tuning_runs import tune
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.training import Training, checkpoint


def test_a_record_has_the_same_bytes_in_whatever_order_it_was_put_together(tmp_path):
    made = {"view": {"b": 1, "a": [{"d": None, "c": 2}]}, "split": "x"}
    turned = {"split": "x", "view": {"a": [{"c": 2, "d": None}], "b": 1}}
    written = [
        keep(tmp_path / name, record_of(provenance)).read_bytes()
        for name, provenance in (("one", made), ("two", turned))
    ]
    assert written[0] == written[1]


def record_of(provenance: dict[str, object]) -> Record:
    found = Evidence("e", {"b": Value(1.0), "a": Value(2.0)}, pd.DataFrame(), provenance)
    return Record("planted", "tiny", "03_data", {"e": found})


def test_a_record_has_the_same_bytes_when_the_views_come_from_the_cache(study_cache, tmp_path):
    """Fresh, from the cache, and from a checkpoint of a killed run."""

    def record(name: str) -> bytes:
        study = Study("planted", "tiny")
        made = [rank(study.scorer(view, 3), study.split, 5).provenance for view in ("LightGCN", "projection")]
        return keep(tmp_path / name, record_of({"origins": made})).read_bytes()

    assert record("fresh") == record("kept")


def test_two_tunings_of_one_folder_share_the_work(study_cache, tmp_path):
    """Each opens the lock's file, so threads stand for processes. Every trial is made once."""
    said: list[str] = []

    def run(_: int) -> dict[str, object]:
        tuning = Tuning(trials=2, epochs=1, patience=1)
        return tune("planted", ["LightGCN"], tuning, tmp_path / "out", say=said.append)

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(run, range(2))
    kept = read_settings(tmp_path / "out" / "planted" / "lightgcn.json")
    assert len(kept.trials) == 2
    assert one["LightGCN"].trials == other["LightGCN"].trials == kept.trials
    assert sum(": trial " in line for line in said) == 2
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["planted", "lightgcn.json"]


def test_two_fits_with_one_checkpoint_end_alike(make_split, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "EVERY", 0.0)
    split = make_split((6, 5), [(u, i) for u in range(6) for i in range(5) if (u + i) % 2], [(0, 0), (2, 2)])
    model = LightGCN(2, training=Training(epochs=30, batch=8, every=1, patience=30))
    expected = bytes_of(model.fit(split))
    with ThreadPoolExecutor(2) as pool:
        both = pool.map(lambda _: model.fit(split, checkpoint=Path(tmp_path, "run.pt")), range(2))
        assert [bytes_of(view) for view in both] == [expected, expected]
    assert not list(tmp_path.iterdir())
    assert bytes_of(replace(model).fit(split)) == expected
