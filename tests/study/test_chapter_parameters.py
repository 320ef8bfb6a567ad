"""The parameters of a chapter: checked, frozen, and read without running the cell."""

from __future__ import annotations

import types
from typing import Any

import pytest

from semcomp.errors import SemcompError
from semcomp.study.parameters import check_against_defaults, check_parameters, parameter_defaults


def test_parameters_become_one_frozen_object() -> None:
    namespace = {"seed": 3, "rate": 1, "budget": "full", "np": types, "glue": print, "_": 0, "In": []}
    p = check_parameters(namespace, seed=int, rate=float, budget=("smoke", "full"))
    assert (p.seed, p.rate, p.budget) == (3, 1, "full")
    with pytest.raises(AttributeError):
        p.seed = 4


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"sead": 1}, "unknown parameter 'sead'; did you mean 'seed'? Known: budget, rate, seed"),
        ({"seed": "1"}, "parameter seed = '1' is of type str; it must be int"),
        ({"seed": True}, "parameter seed = True is of type bool; it must be int"),
        ({"seed": 1.0}, "parameter seed = 1.0 is of type float; it must be int"),
        ({"rate": False}, "parameter rate = False is of type bool; it must be float"),
        ({"budget": "smok"}, "parameter budget = 'smok' (str) must be one of 'smoke', 'full'"),
        ({"budget": 1}, "parameter budget = 1 (int) must be one of 'smoke', 'full'"),
    ],
)
def test_parameters_that_do_not_fit(given: dict[str, object], message: str) -> None:
    namespace = {"seed": 1, "rate": 0.5, "budget": "full", **given}
    with pytest.raises(SemcompError) as caught:
        check_parameters(namespace, seed=int, rate=float, budget=("smoke", "full"))
    assert str(caught.value) == message


def test_a_missing_parameter_is_named() -> None:
    with pytest.raises(SemcompError, match="parameter seed is missing"):
        check_parameters({}, seed=int)


def test_running_the_check_again_does_not_mind_the_chapters_own_variables() -> None:
    namespace: dict[str, Any] = {"seed": 1}
    check_parameters(namespace, seed=int)
    namespace.update(seed=2, result=[1, 2])
    assert check_parameters(namespace, seed=int).seed == 2
    namespace["seed"] = "2"
    with pytest.raises(SemcompError, match="parameter seed"):
        check_parameters(namespace, seed=int)


def test_defaults_are_read_without_running_the_cell() -> None:
    cell = 'dataset = "planted"  # a name\nk: int = -3\nks = [5, 10]\nnothing = None'
    assert parameter_defaults(cell, "x.md") == {"dataset": "planted", "k": -3, "ks": [5, 10], "nothing": None}


@pytest.mark.parametrize("cell", ["import os", "k = 2 * n", "a = b = 1", "k =", "a, b = 1, 2", "x: int"])
def test_a_parameters_cell_holds_literals_only(cell: str) -> None:
    with pytest.raises(SemcompError, match=r"x\.md: the parameters cell may hold plain assignments only"):
        parameter_defaults(cell, "x.md")


def test_a_default_of_none_says_nothing_about_the_type() -> None:
    check_against_defaults({"limit": 3}, {"limit": None})
    with pytest.raises(SemcompError, match="unknown parameter 'limt'; did you mean 'limit'"):
        check_against_defaults({"limt": 3}, {"limit": None})
