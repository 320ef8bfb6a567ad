"""What the page on maps and private parts reads: made-up records with known answers, and whatever is kept."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pandas as pd
import pytest

from book.experiments.mapping import maps, tables
from book.experiments.separation import tables as separation
from semcomp.core.evidence import Evidence, Value
from semcomp.evidence.decomposition.readings import adds
from semcomp.evidence.statistics.verdicts import verdict


def around(value: float, null: float | None = 0.0, arm: float = 0.01) -> Value:
    if null is None:
        return Value(value, value - arm, value + arm, n=50)
    excess = value - null
    return Value(value, value - arm, value + arm, null, excess - arm, excess + arm, 50)


def evidence(values: dict[str, Value]) -> dict:
    return Evidence("made up", values, pd.DataFrame(), {"weights": {}}).to_dict(table=False)


def row(measure: str, value: Value, ceiling: float | None = 0.9, kind="ridge", holdout="random") -> dict:
    return {"holdout": holdout, "kind": kind, "measure": measure, **asdict(value), "ceiling": ceiling}


def record(name: str = "toys", pairs: int = 10, **pieces: object) -> dict:
    return {"dataset": name, "data": {"train pairs": pairs}, "pieces": pieces, "seconds": {"probes": 3.0}}


def probes(*rows: dict, source: str = "raw text") -> dict:
    return {"toys": record(probes={source: list(rows)})}


def r2(value: float, arm: float = 0.01, **place: str) -> dict:
    return row(maps.R2, around(value, -0.01, arm), **place)


# --- records


def test_a_variant_is_told_in_words():
    parts = {"existence": {"verdict": "holds"}, "geometry": {"verdict": "undecided"}}
    said = {"the semantic private part adds to the collaborative view": "undecided, would need more"}
    found = {
        "ridge": [{"value": 0.2, "null": -0.01, "ceiling": 0.7}],
        "hypothesis": {"verdict": "undecided", "parts": parts},
        "parts": {"readings": said},
    }
    kept = {"toys": record("toys", 2, variants={"iALS, MiniLM": found})}
    (row,) = tables.variants(kept).to_dict("records")
    assert list(row.values()) == ["0.200 (-0.010; 0.700)", "undecided", "existence", "", "undecided"]
    assert tables.variants({"toys": record("toys", 2)}).empty


def test_records_by_size_and_what_they_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tables, "RESULTS", tmp_path)
    assert tables.records() == {}
    for one in (record("large", 99, probes={}), record("small", 2, **{key: {} for key in tables.PIECES})):
        (tmp_path / f"{one['dataset']}.json").write_text(json.dumps(one))
    kept = tables.records()
    assert list(kept) == ["small", "large"]
    assert tables.gaps(kept) == [
        "large: geometry, targets, published, curves, cold, parts, hypothesis, variants"
    ]
    assert list(tables.having(kept, "cold")) == ["small"]
    spent = tables.seconds(kept)
    assert spent.loc["maps on every holdout"].tolist() == [3.0, 3.0]
    assert spent.drop("maps on every holdout").isna().all(axis=None)


def test_every_table_of_nothing_is_empty():
    for kept in ({}, {"toys": record()}):
        for table in (
            tables.spaces(kept),
            tables.shares(kept, "projection, ajive"),
            tables.readings(kept, "projection, ajive"),
            tables.hypotheses(kept),
            maps.kinds_by_dataset(kept, "raw text"),
            maps.holdouts_by_dataset(kept, "raw text"),
            maps.less_under_shift(kept, "raw text"),
            maps.recalls(kept, "raw text"),
            maps.by_source(kept, tables.SOURCES),
            maps.cold(kept),
            maps.targets(kept),
            maps.pitfalls(kept),
        ):
            assert table.empty
        assert maps.published(kept).columns.tolist() == ["paper"]
        assert maps.more_than_ridge(kept, "raw text") == maps.not_converged(kept) == {}


@pytest.mark.parametrize(
    ("value", "ceiling", "text"),
    [
        (Value(0.1234), None, "0.123"),
        (Value(0.1234, null=-0.0001), None, "0.123 (0.000)"),
        (Value(0.1234, null=-0.01), 0.7, "0.123 (-0.010; 0.700)"),
        (Value(0.1234), 0.7, "0.123 (–; 0.700)"),
    ],
)
def test_a_cell(value: Value, ceiling: float | None, text: str):
    assert tables.cell(value, ceiling).replace(tables.NO_BREAK, " ") == text
    assert " " not in tables.cell(value, ceiling)[6:]  # lines break before the bracket only


def test_tallies_and_extremes():
    assert tables.tally(["holds", "undecided", "holds"]) == "2 of 3"
    assert tables.tally(["does not hold"], "does not hold") == "1 of 1"
    assert tables.tally([]) == "0 of 0"
    assert tables.extremes([0.3, None, -0.1]) == (-0.1, 0.3)
    assert all(one != one for one in tables.extremes([]))


# --- geometry


def geometry() -> dict:
    values = {"information": around(12.0, 10.0, 0.5), "knn.jaccard": around(0.03, 0.01)}
    values |= {f"knn.overlap.{stratum}": around(0.1) for stratum in ("cold", "hot")}
    values |= {"a.effective_rank": around(130.0, 330.0), "b.effective_rank": around(35.0, 60.0)}
    values |= {"a.isoscore": around(0.2, 0.8), "b.isoscore": around(0.3, 0.9)}
    seed = {**values, "a.isoscore": around(0.31, 0.9)}
    return {"toys": record(geometry={"raw text": evidence(values), "another seed": evidence(seed)})}


def test_agreement_above_its_null():
    found = tables.agreements(geometry(), "information", above=True)["toys"]["raw text"]
    assert (found.value, found.low, found.high, found.null) == (2.0, 1.5, 2.5, None)
    assert tables.agreements(geometry(), "knn.jaccard")["toys"]["another seed"].null == 0.01
    assert tables.agreements(geometry(), "rsa") == {"toys": {}}


def test_strata_that_a_data_set_lacks_are_left_out():
    found = tables.by_stratum(geometry(), "knn.overlap")
    assert list(found["toys"]["raw text"]) == ["cold", "hot"]


def test_each_space_once():
    table = tables.spaces(geometry())
    assert list(table.index) == ["toys, raw text", "toys, LightGCN"]  # the second seed is not another space
    assert table["effective rank"].tolist() == ["130 (330)", "35 (60)"]
    assert table["IsoScore"].tolist() == ["0.20 (0.80)", "0.30 (0.90)"]
    assert set(table["hubness"]) == {""}


# --- maps


def test_a_value_with_what_there_is_of_it():
    rows = pd.DataFrame([r2(0.1), row("recall_true", Value(0.5, n=3), None)])
    value, ceiling = maps.one_of(rows, maps.R2)
    assert (value, ceiling) == (around(0.1, -0.01), 0.9)
    assert maps.one_of(rows, "recall_true") == (Value(0.5, n=3), None)
    assert maps.one_of(rows, maps.R2, "mlp-1") is None
    assert maps.one_of(rows, maps.R2, holdout="cluster") is None


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [(0.5, 0.4, "holds"), (0.4, 0.5, "does not hold"), (0.4, 0.415, "undecided")],
)
def test_intervals_that_do_not_overlap(one: float, other: float, said: str):
    assert maps.is_larger(around(one), around(other)) == said
    assert maps.is_larger(Value(one), around(other)) == "undecided"
    assert maps.is_larger(around(one), Value(other)) == "undecided"


@pytest.mark.parametrize(
    ("kernel", "network", "said"),
    [
        (0.2, 0.0, "holds"),
        (0.105, 0.0, "undecided"),
        (0.05, 0.0, "does not hold"),
    ],
)
def test_one_larger_map_that_explains_more_is_enough(kernel: float, network: float, said: str):
    kept = probes(r2(0.1), r2(kernel, kind="kernel-ridge"), r2(network, kind="mlp-1"), r2(0.9, kind="linear"))
    assert maps.more_than_ridge(kept, "raw text") == {"toys": (said, "kernel-ridge")}
    assert maps.more_than_ridge(kept, "projection") == {}
    assert maps.more_than_ridge(probes(r2(0.1)), "raw text") == {}


def test_shift():
    kept = probes(
        r2(0.1), r2(0.05, holdout="cluster"), r2(0.2, holdout="popularity"), r2(0.1, holdout="temporal")
    )
    table = maps.less_under_shift(kept, "raw text")
    assert table["toys"].to_dict() == {
        "cluster": "holds",
        "popularity": "does not hold",
        "temporal": "undecided",
    }


def test_panels_take_the_place_of_cuts():
    kept = probes(
        r2(0.1), r2(0.2, kind="mlp-1"), r2(0.05, holdout="cluster"), r2(0.3, kind="mlp-1", holdout="cluster")
    )
    kinds = maps.kinds_by_dataset(kept, "raw text")
    assert kinds[["holdout", "kind", "value"]].values.tolist() == [
        ["toys", "ridge", 0.1],
        ["toys", "mlp-1", 0.2],
    ]
    holdouts = maps.holdouts_by_dataset(kept, "raw text")
    assert holdouts[["holdout", "kind", "value"]].values.tolist() == [
        ["toys", "random", 0.1],
        ["toys", "cluster", 0.05],
    ]


def test_tables_of_maps():
    kept = probes(
        r2(0.1),
        row("recall_true", Value(0.5, n=3), None),
        row("recall_mapped", around(0.1, 0.01), 0.4),
        row("drop_percent", around(80.0, 98.0), 20.0),
    )
    table = maps.recalls(kept, "raw text").map(lambda text: text.replace(tables.NO_BREAK, " "))
    assert table["toys"].tolist() == ["0.500", "0.100 (0.010; 0.400)", "", "", "", "80 (98; 20)", ""]
    table = maps.by_source(kept, ("raw text", "ACE"))
    assert table.loc["toys", "raw text"].startswith("0.100 (-0.010;")
    assert maps.values(kept, "raw text")["toys"] == around(0.1, -0.01)
    assert maps.ceilings(kept, "raw text") == {"toys": 0.9}
    assert maps.of_ceiling(kept, "raw text") == {"toys": pytest.approx(0.1 / 0.9**0.5)}
    exact = probes(r2(0.1), row("r2_of_reliable_weighted", around(0.12), None))
    assert maps.of_ceiling(exact, "raw text") == {"toys": 0.12}
    assert maps.of_ceiling(probes(row(maps.R2, around(0.1), -0.1)), "raw text") == {}
    kept = {"toys": record(targets={"raw": [r2(0.1)], "layer 0": [r2(0.2)]})}
    assert [text[:4] for text in maps.targets(kept)["toys"]] == ["0.10", "0.20"]


def test_cold_items_beside_their_floor():
    rows = [
        {"source": "raw text", **row("recall_mapped", value, None, kind, "strict-cold")}
        for kind, value in (("ridge", around(0.1, 0.02)), ("mlp-1-early-stopping", around(0.02, 0.02)))
    ]
    table = maps.cold({"toys": record(cold=rows)})
    assert table.loc["toys, raw text"].tolist() == ["0.100 (0.020) holds", "0.020 (0.020) undecided"]


def test_curves_have_names_of_their_own():
    numbers = {"low": 0.0, "high": 0.2, "floor": 0.0, "ceiling": None}
    rank = {"rank": 3, "r2_test": 0.7, "r2_train": 0.8, "r2_test_weighted": 0.1, "r2_train_weighted": 0.2}
    items = {"items": 10, "r2_test": 0.3, "r2_train": 0.4}
    kept = {"toys": record(curves={"rank": [rank | numbers], "items": [items | numbers]})}
    for along, at, expected in (("rank", 3, [0.1, 0.2]), ("items", 10, [0.3, 0.4])):
        frame = maps.curves(kept, along)["toys"]
        assert frame.loc[at, ["held-out", "fitted"]].tolist() == expected
        assert frame.loc[at, "ceiling":].isna().all()


# --- the published recipe


def published(linear_lists=0.2, network_lists=0.5, linear_r2=0.1, network_r2=-0.3) -> dict:
    def of(train: float, test: float, lists: float) -> dict:
        values = {"r2_train": around(train), "r2_test": around(test), "ceiling.r2_test": around(0.8, None)}
        return evidence(values | {"list_jaccard": around(lists), "recall_true": around(0.4, None)})

    pieces = {
        "published": {
            "linear-adam": of(0.15, linear_r2, linear_lists),
            "mlp-1": of(0.9, network_r2, network_lists),
        },
        "probes": {"projection": [row("r2_train", Value(0.25, n=9), kind="linear")]},
    }
    return {"toys": record(**pieces)}


def test_the_recipe_stands_beside_the_solved_map_and_the_report():
    table = maps.published(published()).map(lambda text: text.replace(tables.NO_BREAK, " "))
    assert table["paper"]["Adam: fitted"] == "0.171"
    assert table["toys"].to_dict() == {
        "Adam: fitted": "0.15 (0.00)",
        "closed form: fitted": "0.25 (–; 0.90)",
        "ridge: fitted": "",
        "MLP-1: fitted": "0.90 (0.00)",
        "Adam: held out": "0.10 (0.00; 0.80)",
        "closed form: held out": "",
        "ridge: held out": "",
        "MLP-1: held out": "-0.30 (0.00; 0.80)",
        "MLP-3: held out": "",
    }
    others = maps.pitfalls(published())["toys"]
    assert others["MLP-1: Jaccard of lists"] == "0.50 (0.00)"
    assert others["recall, true"] == "0.40"
    assert maps.not_converged(published()) == pytest.approx({"toys": 0.1})


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "holds"),
        ({"network_lists": 0.205}, "undecided"),
        ({"network_r2": 0.2}, "does not hold"),
        ({"network_lists": 0.1}, "does not hold"),
    ],
)
def test_memorising_pays_if_lists_gain_and_items_lose(changed: dict[str, float], said: str):
    assert maps.memorising_pays(published(**changed)) == {"toys": said}


# --- parts and hypothesis


def test_parts():
    values = {
        "dimension": around(9.0, 0.0),
        "dimension.strong": around(4.0, 0.0),
        "share.collaborative.shared_least": around(0.2, 0.01),
        "recall.collaborative.full": around(0.4, 0.02),
        "recall.collaborative.without_joint": around(0.3, 0.02),
    }
    one = evidence(values) | {"readings": {"the views share": "holds", "it ranks": "undecided"}}
    kept = {"toys": record(parts={"projection, ajive": one}), "other": record("other", parts={})}
    which = "projection, ajive"
    table = tables.shares(kept, which)
    assert list(table.index) == ["toys, collaborative", "toys, semantic"]
    assert table.loc["toys, collaborative", ["above chance", "strong", "shared at least"]].tolist() == [
        "9 (0)",
        "4 (0)",
        "0.20 (0.01)",
    ]
    assert table.loc["toys, semantic", "shared at least"] == ""
    assert tables.readings(kept, which)["toys"].tolist() == ["holds", "undecided"]
    ranked = tables.rankings(kept, which, "collaborative")
    assert {name: value.value for name, value in ranked["toys"].items()} == {
        "whole view": 0.4,
        "without joint": 0.3,
    }
    assert tables.rankings(kept, which, "semantic") == {"toys": {}}


def test_shuffles_behind_a_null_are_told():
    def made(**provenance) -> dict:
        return {
            "projection, ajive": Evidence("x", {}, pd.DataFrame(), {"weights": {}, **provenance}).to_dict()
        }

    kept = {name: record(name, parts=made()) for name in ("books", "movies")}
    kept["toys"] = record("toys", parts=made(shuffles=20))
    assert tables.shuffles(kept) == "20 on toys; 1 on books, movies"
    assert tables.shuffles({}) == ""


def test_parts_at_weights_that_nobody_picked_are_not_read():
    old = evidence({"recall.collaborative.full": around(0.4)}) | {"readings": {"it adds": "does not hold"}}
    old["provenance"] = {}
    kept = {"toys": record(**{key: {} for key in tables.PIECES} | {"parts": {"projection, ajive": old}})}
    assert tables.parts(kept, "projection, ajive") == {}
    assert tables.readings(kept, "projection, ajive").empty
    assert tables.gaps(kept) == ["toys: parts"]


ADDS = (
    "marginal_recall.collaborative.with_semantic",
    "marginal_recall.collaborative.with_semantic_private",
)


def test_no_part_harms_a_sum_that_validation_weighs():
    """Two pages on the same views do not contradict each other, in what is kept.

    Whole views added up are CombSUM: where that gains, adding the text to LightGCN is not said not to. And no
    weight from 0 on, picked on validation, makes a sum worse than the view by itself.
    """
    gains = separation.records()
    kept = tables.parts(tables.records(), "projection, inter-battery")
    assert set(kept) & set(gains)
    for name in set(kept) & set(gains):
        combined = separation.diagnosis(gains[name])["fusion.gain_recall"]
        for key in ADDS:
            added = kept[name][key]
            assert added.high >= 0, (name, key)
            if verdict(combined) == "holds" and key == ADDS[0]:
                assert verdict(adds(added)) != "does not hold", name


def test_verdicts_that_depend_on_the_method():
    said = {"a": "holds", "b": "undecided", "c": "undecided, would need about 900 users", "d": "holds"}
    other = {
        "a": "does not hold",
        "b": "undecided, would need about 80 items",
        "c": "undecided",
        "e": "holds",
    }
    both = {
        name: evidence({}) | {"readings": one} for name, one in {"x, one": said, "x, other": other}.items()
    }
    kept = {"toys": record(parts=both), "books": record("books", parts={"x, one": both["x, one"]})}
    assert tables.unlike(kept, "x, one", "x, other") == ["toys: a"]
    assert tables.unlike({}, "x, one", "x, other") == []


def test_the_hypothesis_and_its_path():
    steps = [{"t": t, "path": path, "recall": 0.3} for path in ("text", "other seed") for t in (0.0, 1.0)]
    part = {"verdict": "does not hold", "lost": 0.63, "allowed": 0.07}
    one = {"verdict": "does not hold", "parts": {"existence": part}, "path": steps}
    kept = {"toys": record(hypothesis={"raw text": one})}
    said = tables.hypotheses(kept).loc["toys, raw text"]
    assert said["existence"].replace(tables.NO_BREAK, " ") == "does not hold (0.63 of 0.07)"
    found = tables.paths(kept)["toys"]
    assert list(found) == ["raw text", "another seed"]
    assert set(found["raw text"]["path"]) == {"text"}
    assert set(found["another seed"]["path"]) == {"other seed"}


# --- what is kept


@pytest.mark.parametrize(
    "name", list(tables.records()) or [pytest.param("", marks=pytest.mark.skip("none kept"))]
)
def test_kept_results_of_a_data_set(name: str):
    kept = {name: tables.records()[name]}
    pieces = kept[name]["pieces"]
    assert set(pieces) <= set(tables.PIECES)
    if "geometry" in pieces:
        assert set(tables.agreements(kept, "knn.jaccard")[name]) == {*tables.SOURCES, tables.SEED}
        assert len(tables.spaces(kept)) == 4
        assert (tables.spaces(kept) != "").all(axis=None)
    if "probes" in pieces:
        for source in tables.SOURCES:
            if source != "ACE":  # from which ridge alone may be tried
                assert maps.more_than_ridge(kept, source)[name][1] in maps.LARGER
            assert len(maps.less_under_shift(kept, source)) >= 3
            assert (maps.recalls(kept, source) != "").all(axis=None)
    if "published" in pieces:
        assert set(maps.memorising_pays(kept)) == {name}
    if tables.having(kept, "parts"):
        for which in pieces["parts"]:
            assert not tables.readings(kept, which).empty
            assert "whole view" in tables.rankings(kept, which, "collaborative")[name]
    if "cold" in pieces:
        assert len(maps.cold(kept)) == 2
    if "hypothesis" in pieces:
        assert tables.hypotheses(kept).shape == (2, 5)
    for along in ("rank", "items"):
        assert all(
            frame.loc[:, :"floor"].notna().all(axis=None) for frame in maps.curves(kept, along).values()
        )
