"""A good call of every public name: the arguments that an attack changes one of."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import semcomp as sc
from tests.attack.bench import WORLD, Bench

Arguments = dict[str, Any]

#: The arguments of a good call by the name of a parameter that has no default; `Bench` attributes.
USUAL = {
    "split": "split",
    "data": "data",
    "scorer": "cf",
    "topk": "a",
    "a": "a",
    "b": "b",
    "given": "cf",
    "added": "sem",
    "source": "sem",
    "target": "cf",
    "semantic": "sem",
    "collaborative": "cf",
    "x": "x",
    "y": "y",
    "rows": "x",
    "joint": "joint",
    "evidence": "evidence",
    "diagnosis": "evidence",
    "value": "value",
    "columns": "columns",
    "statistics": "statistics",
    "view": "cf",
    "frame": "frame",
}
#: Good calls that need what is not here: an order of events, the network.
UNREADY = ("Split.sequences", "Inputs.with_order", "data.fetch")


def good(name: str, bench: Bench) -> Arguments:
    """The arguments of a good call, where `USUAL` does not say it."""
    ids = bench.split.user_ids, bench.split.item_ids
    pairs = bench.split.train
    special: dict[str, Callable[[], Arguments]] = {
        "load_dataset": lambda: {"name": bench.tables},
        "usual_recipe": lambda: {"name": "planted"},
        "parse_columns": lambda: {"text": "user=u item=i"},
        "Dataset": lambda: {
            key: getattr(bench.data, key)
            for key in ("name", "user_ids", "item_ids", "user", "item", "items", "texts")
        },
        "import_split": lambda: {
            "data": bench.data,
            **{part: _ids_file(bench, part) for part in ("train", "test")},
        },
        "Split": lambda: {
            "user_ids": ids[0],
            "item_ids": ids[1],
            "train": pairs,
            "valid": bench.split.valid,
            "test": bench.split.test,
            "provenance": {},
        },
        "TextMatrix": lambda: {"item_ids": ids[1], "matrix": bench.text.matrix},
        "Inputs": lambda: {"split": bench.split, "text": bench.text, "views": [bench.cf]},
        "View": lambda: {
            "name": "mine",
            "users": bench.cf.users,
            "items": bench.cf.items,
            "user_ids": ids[0],
            "item_ids": ids[1],
        },
        "TopK": lambda: {
            "name": "mine",
            "ids": bench.a.ids,
            "scores": bench.a.scores,
            "n_items": bench.a.n_items,
        },
        "compare": lambda: {
            "methods": {"a": bench.a, "b": bench.b},
            "split": bench.split,
            "resamples": 10,
            "permutations": 99,
        },
        "diagnose_several": lambda: {
            "rankings": [bench.a, bench.b, bench.c],
            "split": bench.split,
            "k": 10,
            "resamples": 10,
        },
        "separating_statistics": lambda: {
            "a": bench.cf,
            "b": bench.sem,
            "split": bench.split,
            "null": bench.other,
            "ensemble": [bench.view("e", 9)],
            "resamples": 10,
        },
        "geometry": lambda: {"a": bench.sem, "b": bench.cf, "settings": bench.measuring},
        "alignment_hypothesis": lambda: {
            "source": bench.sem,
            "target": bench.cf,
            "split": bench.split,
            "seeds": [bench.other, bench.view("e", 9)],
            "k": 5,
            "clusters": 2,
            "resamples": 10,
        },
        "Evidence": lambda: {"name": "e", "values": {"v": bench.value}, "table": bench.frame},
        "Value": lambda: {"value": 0.3},
        "Study": lambda: {"dataset": "planted", "budget_name": "smoke", "k": 10},
        "check_parameters": lambda: {"namespace": {"seed": 1}, "seed": int},
        "data.describe_source": lambda: {"name": "ml-100k"},
        "data.from_anywhere": lambda: {"name_or_path": "ml-100k"},
        "data.load_named": lambda: {"name_or_path": bench.tables},
        "data.resolve": lambda: {"name_or_path": bench.tables},
        "data.fetch": lambda: {"name": "ml-1m", "offline": True, "into": bench.folder / "into"},
        "data.open_tables": lambda: {"place": bench.tables},
        "data.load_tables": lambda: {
            "name": "t",
            "tables": sc.data.open_tables(bench.tables),
            "recipe": sc.Recipe(),
            "source": sc.data.Source(),
        },
        "data.read_folder": lambda: {"place": bench.tables},
        "data.write_folder": lambda: {"data": bench.data, "folder": bench.folder / "written"},
        "data.binary_csr": lambda: {
            "user": np.zeros(1, np.int32),
            "item": np.zeros(1, np.int32),
            "shape": (2, 3),
        },
        "data.part_counts": lambda: {"n": np.array([10, 5])},
        "data.read_pairs": lambda: {"path": bench.files["train"]},
        "data.split_from_pairs": lambda: {
            **bench.files,
            "n_users": bench.split.n_users,
            "n_items": bench.split.n_items,
        },
        "data.item_counts": lambda: {"matrix": pairs},
        "data.strata": lambda: {"counts": np.arange(120)},
        "data.thresholds": lambda: {"counts": np.arange(120)},
        "text.resolve": lambda: {"encoder": "own", "data": bench.data},
        "text.SentenceModel": lambda: {"model": "no-such/model"},
        "text.Precomputed": lambda: {"path": bench.folder / "gone.npy"},
        "views.rrf": lambda: {"lists": [bench.a, bench.b]},
        "evidence.against_nulls": lambda: {"diagnoses": {"x": bench.evidence}, "keys": ["jaccard"]},
        "evidence.popularity_list": lambda: {"split": bench.split, "k": 5},
        "evidence.random_list": lambda: {"split": bench.split, "k": 5, "seed": 0},
        "evidence.shuffled_items": lambda: {"view": bench.cf, "seed": 0},
        "evidence.report_arrays": lambda: {"views": {"a": bench.cf, "b": bench.sem}, "split": bench.split},
        "evidence.nearest": lambda: {"rows": bench.x, "k": 5},
        "evidence.neighbour_jaccard": lambda: {"a": bench.x, "b": bench.y, "k": 5},
        "evidence.row_cosines": lambda: {"a": bench.x, "b": bench.y},
        "evidence.learning_curve": lambda: {
            "source": bench.sem,
            "target": bench.cf,
            "split": bench.split,
            "sizes": [10, 20],
        },
        "evidence.ItemHoldout": lambda: {"name": "h", "fitted": np.arange(30), "held": np.arange(30, 120)},
        "evidence.probe_all": lambda: {
            "source": bench.sem,
            "target": bench.cf,
            "split": bench.split,
            "kinds": ["ridge"],
        },
        "evidence.ajive": lambda: {"semantic": bench.x, "collaborative": bench.y, "draws": 20},
        "evidence.inter_battery": lambda: {"semantic": bench.x, "collaborative": bench.y, "rank": 1},
        "evidence.read_decomposition": lambda: {"evidence": bench.parts},
        "evidence.bootstrap_means": lambda: {"columns": bench.x, "resamples": 10, "seed": 0},
        "evidence.contrast": lambda: {"one": bench.quality, "other": bench.quality, "column": "recall"},
        "evidence.jackknife": lambda: {"of": lambda rows: {"n": float(len(rows))}, "n": 120, "groups": 5},
        "evidence.exchange": lambda: {
            "columns": bench.columns,
            "statistics": bench.statistics,
            "null": {"m": np.arange(120.0)[::-1]},
            "permutations": 99,
        },
        "evidence.sign_flip": lambda: {"differences": bench.x[:, 0], "permutations": 99},
        "evidence.minimal_detectable_effect": lambda: {"differences": bench.x[:, 0]},
        "evidence.users_for_effect": lambda: {"differences": bench.x[:, 0], "effect": 0.1},
        "evidence.mcnemar": lambda: {"a": bench.x[:, 0] > 0, "b": bench.y[:, 0] > 0},
        "evidence.benjamini_hochberg": lambda: {"family": {"a": 0.01, "b": 0.5}},
        "evidence.holm": lambda: {"family": {"a": 0.01, "b": 0.5}},
        "evidence.judge_family": lambda: {"effects": {"a": bench.value}},
        "evidence.Pair": lambda: {"a": bench.a, "b": bench.b},
        "evidence.estimate_over_seeds": lambda: {
            "columns": {"m": np.ones((2, 120))},
            "statistics": bench.statistics,
            "resamples": 10,
        },
        "planted.oracle_recall": lambda: {"world": WORLD, "draws": 1},
        "planted.random_joint": lambda: {"seed": 0},
        "planted.alignment_losses": lambda: {"worlds": 5},
        "planted.alignment_loss": lambda: {"joint": np.full((2, 2, 2), 0.125)},
        "Inputs.with_text": lambda: {"model": sc.views.RawText()},
        "Inputs.with_order": lambda: {"model": sc.views.RawText()},
        "Inputs.with_views": lambda: {"model": sc.views.CombSum()},
        "plots.probes": lambda: {"by_kind": {"ridge": bench.probed}},
        "plots.where_hits_are": lambda: {
            "attribution": sc.attribute(bench.a, bench.b, bench.split, resamples=10),
            "labels": ("a", "b"),
        },
        "plots.agreement": lambda: {"pairs": {"x": bench.compared}},
        "plots.excess_over_nulls": lambda: {
            "frame": sc.evidence.against_nulls({"x": bench.evidence}, ["jaccard"]),
            "labels": {"x": "x"},
        },
        "plots.gain_over_seeds": lambda: {
            "found": {"x": sc.separating_statistics(**good("separating_statistics", bench))},
            "labels": ("a", "b"),
        },
        "plots.against_shared_fraction": lambda: {
            "frame": pd.DataFrame({"a": [0.1, 0.2]}, index=[0.0, 1.0]),
            "styles": {"a": ("a", "#000000", "o")},
            "label": "l",
        },
        "plots.capacity": lambda: {"frame": bench.curve},
        "plots.learning": lambda: {"frame": bench.curve},
        "plots.shift_table": lambda: {
            "frame": sc.evidence.probe_all(
                bench.sem, bench.cf, bench.split, ["ridge"], settings=bench.probing
            )
        },
        "plots.hypothesis_path": lambda: {
            "frame": sc.alignment_hypothesis(**good("alignment_hypothesis", bench)).path
        },
        "plots.long_tail": lambda: {"counts": [5, 3, 1]},
        "plots.recall_by_split": lambda: {"recall": {"random": {"cf": bench.value}}},
        "plots.split_maps": lambda: {"data": bench.data, "splits": {"random": bench.split}},
        "plots.differences": lambda: {"rows": {"a": bench.value}, "label": "l"},
        "plots.recall_of_views": lambda: {"views": {"a": bench.quality}},
        "plots.by_depth": lambda: {"diagnosis": bench.evidence, "null_label": "null"},
        "plots.oracles": lambda: {"diagnosis": bench.evidence, "labels": ("a", "b")},
        "plots.overlap": lambda: {"diagnosis": bench.evidence, "labels": ("a", "b"), "null_label": "null"},
        "plots.strata": lambda: {"diagnosis": bench.evidence, "labels": ("a", "b")},
        "plots.recall_of_parts": lambda: {"evidence": bench.parts},
        "plots.variance_shares": lambda: {"pairs": {"a": bench.parts}},
        "text.Rows": lambda: {"matrix": bench.x, "model": "m", "revision": "r"},
        "View.scores": lambda: {"users": np.array([0, 1])},
        "View.save": lambda: {"path": bench.folder / "v.safetensors"},
        "View.load": lambda: {"path": bench.cf.save(bench.folder / "kept.safetensors"), "split": bench.split},
        "TextMatrix.rows_for": lambda: {"item_ids": ids[1]},
        "TextMatrix.save": lambda: {"path": bench.folder / "t.npz"},
        "TextMatrix.load": lambda: {"path": bench.text.save(bench.folder / "kept.npz")},
        "Dataset.named_pair": lambda: {"pair": 0},
        "Split.of_users": lambda: {"rows": np.array([0, 1])},
        "Split.of_items": lambda: {"rows": np.array([0, 1])},
        "Split.placed": lambda: {"known": np.ones((bench.split.n_items, 2))},
        "Split.without": lambda: {"part": "valid"},
        "Split.history": lambda: {"mask": "train"},
        "TopK.top": lambda: {"k": 5},
        "TopK.hits": lambda: {"truth": bench.split.test},
        "Inputs.of": lambda: {"given": bench.split},
        "Evidence.from_dict": lambda: {"record": bench.quality.to_dict()},
        "Evidence.from_json": lambda: {"text": bench.quality.to_json()},
        "Evidence.__getitem__": lambda: {"key": "recall"},
        **{
            f"Study.{name}": lambda: {"name": "popularity"}
            for name in ("settings", "inputs", "scorer", "view", "rank", "ranks")
        },
        "Study.says": lambda: {"verdict": sc.verdict(bench.value)},
        "evidence.signal_rank": lambda: {"view": bench.sem.items, "second": bench.other.items},
        "Study.strength": lambda: {"name": "aligned"},
        "Study.fit": lambda: {"model": sc.views.Popularity()},
    }
    probes = {"settings": bench.probing} if name in ("evidence.probe_all", "evidence.learning_curve") else {}
    if name in special:
        return special[name]() | probes
    if name.endswith(".fit"):
        return {"inputs": sc.Inputs(bench.split, bench.text, (bench.cf, bench.sem)), "seed": 0}
    if name.startswith("planted.") and name[8:9].islower():
        return (
            {"world": WORLD}
            if name not in ("planted.alignment_loss", "planted.common_part", "planted.mutual_information")
            else {"joint": bench.joint}
        )
    found = {}
    for key, parameter in inspect.signature(target(name, bench)).parameters.items():
        if parameter.default is parameter.empty and parameter.kind in (
            parameter.POSITIONAL_OR_KEYWORD,
            parameter.KEYWORD_ONLY,
        ):
            found[key] = getattr(bench, USUAL[key])
        elif key in ("resamples", "permutations"):
            found[key] = 20
        elif key in ("settings",) and "probe" in name:
            found[key] = bench.probing
    return found


def _ids_file(bench: Bench, part: str) -> Path:
    file = bench.folder / f"{part}.csv"
    rows, columns = getattr(bench.split, part).nonzero()
    pairs = zip(bench.split.user_ids[rows], bench.split.item_ids[columns], strict=True)
    file.write_text("user_id,item_id\n" + "".join(f"{u},{i}\n" for u, i in pairs))
    return file


def target(name: str, bench: Bench) -> Callable[..., Any]:
    """What is called under a name; a method is bound to a good object."""
    owners: dict[str, Callable[[], Any]] = {
        "View": lambda: bench.cf,
        "TextMatrix": lambda: bench.text,
        "Dataset": lambda: bench.data,
        "Split": lambda: bench.split,
        "TopK": lambda: bench.a,
        "Inputs": lambda: sc.Inputs(bench.split, bench.text, (bench.cf, bench.sem)),
        "Evidence": lambda: bench.quality,
        "Study": lambda: bench.study,
    }
    first, *rest = name.split(".")
    if rest and first in owners:
        return getattr(owners[first](), rest[0])  # type: ignore[no-any-return]
    one: Any = sc
    for part in name.split("."):
        if part == "fit" and inspect.isclass(one):
            one = _quick(one)
        one = getattr(one, part)
    return one  # type: ignore[no-any-return]


def _quick(model: type) -> Any:
    """A model that is fitted in no time."""
    parameters = inspect.signature(model).parameters
    chosen: Arguments = (
        {"training": sc.views.Training(epochs=1, batch=256, device="cpu")} if "training" in parameters else {}
    )
    if "dim" in parameters and isinstance(parameters["dim"].default, int):
        chosen["dim"] = 8
    return model(**chosen)
