"""The same argument has the same name, default and meaning everywhere in the public face."""

from __future__ import annotations

import inspect
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import semcomp as sc

NONE = "needed"  # no default
#: What a name means, and so its default wherever it has one. A default of None says: what is given decides.
DEFAULTS: dict[str, set[Any]] = {
    "k": {20, None},  # length of lists; None: as long as the rankings given are
    "mask": {"train+valid"},
    "resamples": {1000},  # of a bootstrap
    "null": {None},
    "split": {None},
    "strategy": {"random"},
    "encoder": {"auto"},
    "progress": {True},
    "item_ids": {None},
    "user_ids": {None},
}
#: One default seed per kind of randomness: which interactions or items are held out, and everything else.
SEEDS = {"split": 2020, "Study.split_seed": 2020, "ProbeSettings": 2024}
#: Names whose default differs for a reason.
DIFFERENT = {
    "groups": "a number of groups of the jackknife, but labels of the items in alignment_hypothesis",
    "least": "the smallest effect that counts: of a comparison in units of its metrics, else 0, any effect",
    "memory": "bytes: what blocks of scores, of a nearest-neighbour search or of an audit need differs",
    "permutations": "a number: cheap for differences of users, dear for canonical correlations",
    "settings": "of each measurement its own",
    "shuffles": "a number: of a mean alone in geometry, and of a mean and its scatter in decompose",
    "steps": "filters that were applied, and places on a path",
    "template": "how texts are made, and how they were made",
}


def functions() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions, classes (by what makes them) and their public methods."""
    for name in sc.__all__:
        one = getattr(sc, name)
        if inspect.isfunction(one):
            yield name, one
        elif inspect.isclass(one) and not issubclass(one, Exception):
            yield name, one
            for key, member in vars(one).items():
                method = getattr(member, "__func__", member)
                if inspect.isfunction(method) and not key.startswith("_"):
                    yield f"{name}.{key}", method


def arguments() -> dict[str, dict[str, Any]]:
    """argument -> where -> default, `NONE` where it has none; settings are public classes of their own."""
    found: dict[str, dict[str, Any]] = defaultdict(dict)
    for where, function in functions():
        for key, parameter in inspect.signature(function).parameters.items():
            empty = parameter.default is inspect.Parameter.empty
            found[key][where] = NONE if empty else parameter.default
    return found


FOUND = arguments()


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_name_has_the_default_that_it_should(name):
    others = {where: default for where, default in FOUND[name].items() if default is not NONE}
    assert {where: default for where, default in others.items() if default not in DEFAULTS[name]} == {}


def test_a_name_has_one_default():
    """Of names that are not listed above; a factory makes a fresh empty value, which is one default too."""
    several = {}
    for name, places in FOUND.items():
        defaults = {where: repr(default) for where, default in places.items() if default is not NONE}
        if len(set(defaults.values())) > 1 and name not in {*DEFAULTS, *DIFFERENT, "seed", "split_seed"}:
            several[name] = defaults
    assert several == {}


def test_there_is_one_default_seed_per_kind_of_randomness():
    seeds = {where: default for where, default in FOUND["seed"].items() if default is not NONE}
    seeds |= {f"{where}.split_seed": default for where, default in FOUND["split_seed"].items()}
    assert seeds == {where: SEEDS.get(where, 0) for where in seeds}


def test_what_is_different_is_still_there():
    """A reason for a difference that is gone is not kept."""
    assert {name for name in (*DIFFERENT, *DEFAULTS) if name not in FOUND} == set()
