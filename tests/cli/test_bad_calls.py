"""Mistakes with views, rankings, evidence and studies, made from Python: one line names the offender."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from mistakes import Bench, Call, told_to_python

import semcomp as sc
from semcomp.core.evidence import Evidence, Value
from semcomp.evidence import KINDS, SHIFTS, contrast
from semcomp.views.registry import REGISTRY


def evidence(column: str, rows: int = 2) -> Evidence:
    return Evidence("e", {"v": Value(1.0)}, pd.DataFrame({column: np.arange(rows, dtype=float)}))


# name -> (what is done, the whole message, in which {tmp} stands for the folder of the test)
CALLS: dict[str, tuple[Call, str]] = {
    # views and ranking
    "NaN in a view": (
        lambda b: sc.View("mine", [[1, 2], [np.nan, 3]], [[1, 2]]),
        "view 'mine', users has NaN or infinite values in 1 rows, first in row 1; remove or impute them",
    ),
    "3-D array": (
        lambda b: sc.View("mine", [[1, 2]], np.zeros((4, 2, 1))),
        "view 'mine', items has shape (4, 2, 1); a matrix with one row per user or item is needed",
    ),
    "words for vectors": (
        lambda b: sc.View("mine", [["one", "two"]], [[1, 2]]),
        "View option users = [['one', 'two']]; it must be an array of real numbers",
    ),
    "no rows": (
        lambda b: sc.View("mine", np.zeros((0, 2)), [[1, 2]]),
        "view 'mine', users is empty, shape (0, 2); at least one row and one column are needed",
    ),
    "users and items of different width": (
        lambda b: sc.View("mine", [[1, 2]], [[1, 2, 3]]),
        "view 'mine': users have 2 columns and items 3; an inner product needs the same width",
    ),
    "user rows that do not match": (
        lambda b: sc.rank(b.view(users=4), b.split),
        "view 'mine' has 4 user rows and 6 item rows, but the split has 3 users and 6 items; "
        "both must come from the same data",
    ),
    "k above the number of items": (
        lambda b: b.ranking(k=7),
        "k = 7, but it must lie between 1 and the number of items, 6",
    ),
    "k of zero": (
        lambda b: b.ranking(k=0),
        "k = 0, but it must lie between 1 and the number of items, 6",
    ),
    "scores that overflow": (
        lambda b: sc.rank(sc.View("long", np.full((3, 1), 1e30), np.full((6, 1), 1e30)), b.split, 1),
        "view 'long' has vectors so long that scores overflow; rescale it",
    ),
    "negative alignment weight": (
        lambda b: sc.views.AlignedLightGCN(weight=-0.5),
        "AlignedLightGCN option weight = -0.5; it must not be negative",
    ),
    "alignment weight that is not a number": (
        lambda b: sc.views.AlignedLightGCN(weight=float("nan")),
        "AlignedLightGCN option weight = nan; it must be a number",
    ),
    "odd fusion width": (
        lambda b: sc.views.NormConcatNorm(dim=65),
        "NormConcatNorm needs an even dim of at least 2 (two halves), not 65",
    ),
    "width of zero": (
        lambda b: sc.views.FusionControl(dim=0),
        "FusionControl needs dim >= 1 and layers >= 0, not dim=0, layers=2",
    ),
    "negative depth": (
        lambda b: sc.views.LightGCN(layers=-1),
        "LightGCN needs dim >= 1 and layers >= 0, not dim=64, layers=-1",
    ),
    "projection of width zero": (
        lambda b: sc.views.SemanticProjection(dim=0),
        "SemanticProjection needs dim >= 1, not 0",
    ),
    "learning rate of zero": (
        lambda b: sc.views.Training(lr=0),
        "training option lr = 0; it must be above zero",
    ),
    "half an epoch": (
        lambda b: sc.views.Training(epochs=0.5),
        "Training option epochs = 0.5; it must be a whole number",
    ),
    "negative weight decay": (
        lambda b: sc.views.Training(weight_decay=-1e-4),
        "training option weight_decay = -0.0001; it must not be negative",
    ),
    "fusion weight above one": (
        lambda b: sc.views.CombSum(weight=1.1),
        "CombSum needs weights between 0 and 1, not 1.1",
    ),
    "rank fusion of nothing": (
        lambda b: sc.views.rrf([]),
        "RRF needs at least one list, all over the same users and items",
    ),
    "rank fusion over two masks": (
        lambda b: sc.views.rrf([b.ranking(), b.ranking(mask="none")], 3),
        "RRF was given lists of different masks; rank them all the same way",
    ),
    # evidence
    "empty test part": (
        lambda b: sc.evaluate(b.ranking(), replace(b.split, test=b.split.history("none")), 3),
        "the test part is empty; split with a test share above 0",
    ),
    "lists shorter than k": (
        lambda b: sc.evaluate(b.ranking(), b.split, 4),
        "k = 4 is above the 3 places of ranking 'mine'; rank with k = 4",
    ),
    "lists of another split": (
        lambda b: sc.diagnose(
            b.ranking(), sc.rank(b.view(), replace(b.split, valid=b.split.history("none")), 3), b.split
        ),
        "ranking 'mine' was made with another split; rank again with this one",
    ),
    "lists under two masks": (
        lambda b: sc.diagnose(b.ranking(), b.ranking(mask="train"), b.split),
        "ranking 'mine' masks 'train+valid', 'mine' masks 'train'; rank both with one mask",
    ),
    "unknown strata": (
        lambda b: sc.diagnose(b.ranking(), b.ranking(), b.split, strata="test"),  # type: ignore[arg-type]
        "unknown strata option 'test'; Known: all, train",
    ),
    "unknown probe": (
        lambda b: sc.probe(b.view(), b.view(), b.split, kind="rigde"),
        f"unknown probe 'rigde'; did you mean 'ridge'? Known: {', '.join(sorted(KINDS))}",
    ),
    "unknown shift": (
        lambda b: sc.probe(b.view(), b.view(), b.split, shift="popular"),
        f"unknown shift 'popular'; did you mean 'popularity'? Known: {', '.join(sorted(SHIFTS))}",
    ),
    "contrast of a column that is not there": (
        lambda b: contrast(evidence("recall"), evidence("ndcg"), "recall"),
        "e has no column 'recall' in its table; choose one that both have",
    ),
    "value that was not measured": (
        lambda b: evidence("recall")["recal"],
        "unknown value 'recal'; Known: v",
    ),
    # planted worlds
    "parameter out of range": (
        lambda b: b.world(shared=1.5),
        "planted world: shared = 1.5 must be between 0 and 1",
    ),
    "parameter of the wrong kind": (
        lambda b: b.world(items=30.0),
        "World option items = 30.0; it must be a whole number",
    ),
    # studies and chapters
    "unknown budget": (
        lambda b: sc.Study("planted", "fulll"),
        "unknown budget 'fulll'; did you mean 'full'? Known: full, smoke, standard",
    ),
    "unknown view": (
        lambda b: sc.Study("planted", "smoke").view("fussion"),
        f"unknown view 'fussion'; did you mean 'fusion'? Known: {', '.join(sorted(REGISTRY))}",
    ),
    "k too large for the data": (
        lambda b: sc.Study("planted", "smoke", k=401).data,
        "k = 401, but lists of 2k are ranked and 'planted' has 800 items; it takes 802 items, "
        "or a k of at most 400",
    ),
    "unknown parameter": (
        lambda b: sc.check_parameters({"budget": "smoke", "sed": 1}, budget=str, seed=int),
        "unknown parameter 'sed'; did you mean 'seed'? Known: budget, seed",
    ),
    "parameter of the wrong type": (
        lambda b: sc.check_parameters({"seed": "1"}, seed=int),
        "parameter seed = '1' is of type str; it must be int",
    ),
    "parameter that is none of the choices": (
        lambda b: sc.check_parameters({"budget": "huge"}, budget=("smoke", "full")),
        "parameter budget = 'huge' (str) must be one of 'smoke', 'full'",
    ),
    "missing parameter": (
        lambda b: sc.check_parameters({}, seed=int),
        "parameter seed is missing; give it a value in the cell tagged 'parameters'",
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_from_python(case: str, bench: Bench) -> None:
    told_to_python(*CALLS[case], bench)
