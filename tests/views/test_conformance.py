"""Every view of the registry, small and quick, promises what `conformance.py` tests; so do some variants."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conformance import QUICK, Case, Conformance, Fits

from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.checks import check_options
from semcomp.views.collaborative.spectral import GFCF
from semcomp.views.configurations import build
from semcomp.views.origin import origin
from semcomp.views.registry import REGISTRY, Entry
from semcomp.views.semantic.alpharec import AlphaRec
from semcomp.views.training import BPR

#: Of every model that has them: what makes it small. Other options are at their defaults.
SMALL = {"dim": 8, "hidden": 16, "intents": 8, "clusters": 10, "warm_up": 2}
#: What a view needs to be quick, or to learn from so little data, beyond that.
OPTIONS: dict[str, dict[str, Any]] = {
    "item-kNN": {"neighbours": 20},
    "EASE": {"regularization": 20.0},
    "BPR-MF": {"training": replace(QUICK, loss=BPR(), penalty=1e-4, epochs=20, every=4, lr=0.05)},
    "semantic kNN": {"neighbours": 10},
}
#: What is known of a view beyond what all promise.
KNOWN: dict[str, dict[str, Any]] = {
    "popularity": {"width": 1, "learns": False},
    "iALS": {"seeded": True, "width": 8},
    "iALS with text": {"seeded": True, "width": 8},
    "spectral": {"width": 8},
    "BPR-MF": {"unit": False, "width": 8},
    "LR-GCCF": {"width": 24},
    "raw text": {"unit": True, "learns": False},
    "whitened text": {"unit": True, "width": 8, "learns": False},
    "ACE": {"unit": True, "width": 8, "learns": False},
    "semantic kNN": {"learns": False},
    "low-rank EASE": {"seeded": True, "width": 8},
    "aligned": {"places": False},
    "CombSUM": {"width": 16},
}


def quick(view: str) -> Any:
    """The model of that name with the options of `SMALL` and `OPTIONS`, and few epochs."""
    model = build(view)
    names = {one.name for one in fields(model)}
    small = {name: value for name, value in SMALL.items() if name in names}
    if "training" in names:
        loss = (
            replace(model.training.loss, negatives=64) if model.training.loss.cosine else model.training.loss
        )
        small["training"] = replace(QUICK, loss=loss, weight_decay=model.training.weight_decay)
    return replace(model, **small | OPTIONS.get(view, {}))


def case_of(view: str) -> Case:
    """The case of a view of the registry."""
    known = REGISTRY[view]
    made = quick(view)
    usual = {"unit": True, "width": made.dim} if hasattr(made, "training") and hasattr(made, "dim") else {}
    views = [case_of(one) for one in known.views]
    usual["places"] = known.reads_text or any(one.places for one in views)
    return Case(view, lambda: quick(view), text=known.reads_text, views=views, **usual | KNOWN.get(view, {}))


def cases() -> Iterator[Case]:
    """All views of the registry as it is now, and variants that are in no table."""
    yield from map(case_of, REGISTRY)
    yield Case("GF-CF", lambda: GFCF(dim=8))
    linear = AlphaRec(8, linear=True, training=QUICK)
    yield Case("AlphaRec, linear", lambda: linear, text=True, unit=True, width=8, places=True)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each test for the cases that it applies to, case by case, so that a view is made once."""
    applies = getattr(metafunc.function, "applies", lambda case: True)
    if "case" in metafunc.fixturenames:
        chosen = [case for case in cases() if applies(case)]
        metafunc.parametrize("case", chosen, ids=lambda case: case.name, scope="module")


class TestConformance(Conformance):
    """Every view, test by test."""


@dataclass(frozen=True)
class Leaning:
    """Popularity, and a little of the text's first column."""

    lean: float = 0.01

    def __post_init__(self) -> None:
        check_options(self, "Leaning option", not_negative=("lean",))

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> View:
        split, text = Inputs.of(inputs).with_text(self)
        counts, lean = split.train.sum(axis=0), self.lean * text.rows_for(split.item_ids)[:, 0]
        users = np.ones((split.n_users, 1))
        return View("leaning", users, (counts + lean)[:, None], origin(self, split, seed, text))


def test_a_line_in_the_registry_is_a_case(world, cold_world, make_split, tmp_path, monkeypatch):
    """A class that the package does not know, in the dict, goes through all tests; here one by one."""
    monkeypatch.setitem(REGISTRY, "leaning", Entry(Leaning(), "semantic", ("text",)))
    (case,) = (case for case in cases() if case.name == "leaning")
    case = replace(case, learns=False)
    given = {"case": case, "world": world, "fits": Fits(case, world), "make_split": make_split}
    given["cold_world"] = cold_world
    given |= {"tmp_path": tmp_path, "monkeypatch": monkeypatch, "shape": (1, 3)}
    tests = [test for name, test in vars(Conformance).items() if name.startswith("test_")]
    chosen = [test for test in tests if getattr(test, "applies", lambda case: True)(case)]
    for test in chosen:
        names = list(inspect.signature(test).parameters)[1:]
        test(Conformance(), **{name: given[name] for name in names})
    assert len(chosen) > 10
    with pytest.raises(AssertionError):
        Conformance().test_it_finds_more_than_chance_and_the_popular_list(given["fits"], world)


@pytest.mark.parametrize("name", ["LightGCN", "popularity", "iALS"])
def test_a_seed_is_a_whole_number_of_any_kind(name, world, tmp_path):
    """Those of an array too: they come back as plain numbers, and can be kept."""
    model = REGISTRY[name].model
    model = replace(model, training=QUICK) if hasattr(model, "training") else model
    made = model.fit(world[0], np.arange(5)[4], checkpoint=tmp_path / "run.checkpoint")
    assert View.load(made.save(tmp_path / "view.safetensors")).provenance["seed"] == 4
    for seed in (None, "4", 1.5, -1, True):
        with pytest.raises(SemcompError, match=rf"seed = {seed!r}; it must be a whole number"):
            model.fit(world[0], seed)
