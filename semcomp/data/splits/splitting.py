"""`split`, and the strategies it knows by name."""

from __future__ import annotations

from dataclasses import asdict, fields, is_dataclass
from typing import Any

import numpy as np

from semcomp.checks import checked
from semcomp.data.dataset import Dataset
from semcomp.data.splits.at_random import PopularityShift, RandomPerUser
from semcomp.data.splits.by_time import LeaveLastOut, Temporal
from semcomp.data.splits.category import Category
from semcomp.data.splits.cold import ColdItems, ColdUsers
from semcomp.data.splits.split import Split, assembled
from semcomp.data.splits.strategy import LEFT_OUT, TEST, Ratios, Strategy
from semcomp.errors import SemcompError, unknown_name

DEFAULT_RATIOS: Ratios = (0.8, 0.1, 0.1)

STRATEGIES: dict[str, type[Strategy]] = {
    strategy.name: strategy
    for strategy in (RandomPerUser, LeaveLastOut, Temporal, ColdItems, ColdUsers, Category, PopularityShift)
}


@checked
def split(
    data: Dataset,
    strategy: str | Strategy = "random",
    seed: int = 2020,
    *,
    ratios: Ratios = DEFAULT_RATIOS,
    **options: Any,
) -> Split:
    """Partition the interactions; every user and item keeps its row whatever part its interactions fall in.

    Args:
        strategy: a name of `STRATEGIES`, or one of its classes made with options. The docstring of each class
            says what the split can be used for, what leaks, and what cannot.
        seed: equal seeds give equal splits, whatever the order of rows in the input files was.
        ratios: shares of train, validation and test; not negative, they sum to 1, train and test above 0.
        options: fields of the strategy, e.g. `held_out=("Drama",)` with "category".

    The order of each user's events is kept where time stamps or positions tell it, see `EventOrder`. The
    provenance carries strategy, options, seed, ratios, sizes of the parts, what the strategy noted, and a
    sentence on the order.

    Raises SemcompError for an unknown strategy or option, unusable ratios or seed, data that the strategy
    cannot be used on, and where train or test would be empty.

    >>> parts = sc.split(data, strategy="random", seed=2020)
    >>> parts.train.shape, round(parts.train.nnz / data.n_interactions, 1)
    ((300, 200), 0.8)
    """
    rule = resolve_strategy(strategy, options)
    shares = _checked(ratios)
    if not rule.takes_ratios and shares != DEFAULT_RATIOS:
        raise SemcompError(
            f"strategy {rule.name!r} does not cut by shares, so ratios {ratios} cannot be met; leave them out"
        )
    made = rule.assign(data, int(seed), shares)
    if not (made.part == TEST).any():
        raise SemcompError(f"strategy {rule.name!r} gives {data.name!r} no test interactions")
    left_out = int((made.part == LEFT_OUT).sum())
    notes = [*made.notes, *([f"{left_out:,} interactions are left out of all parts"] if left_out else [])]
    about = {
        "strategy": rule.name,
        "options": options_of(rule),
        "seed": int(seed),
        "ratios": list(shares) if rule.takes_ratios else None,
        "facts": dict(made.facts),
        "notes": notes,
    }
    return assembled(data, made.part, about, known_from=made.known_from)


def resolve_strategy(strategy: str | Strategy, options: dict[str, Any]) -> Strategy:
    """The strategy object behind a name and its options; an object is given back as it is."""
    if not isinstance(strategy, str):
        if isinstance(strategy, type) or not is_dataclass(strategy) or not hasattr(strategy, "assign"):
            raise SemcompError(
                f"strategy = {strategy!r} is not usable; give a name ({', '.join(STRATEGIES)}) or a strategy "
                "that is made already, such as ColdItems()"
            )
        if options:
            raise SemcompError(
                f"option {min(options)!r} cannot be added to a strategy that is made already; "
                f"give it where {type(strategy).__name__} is made"
            )
        return strategy
    if strategy not in STRATEGIES:
        raise unknown_name("split strategy", strategy, STRATEGIES)
    made = STRATEGIES[strategy]
    known = [option.name for option in fields(made)]
    for option in options:
        if not known:
            raise SemcompError(f"strategy {strategy!r} has no options; leave out {option!r}")
        if option not in known:
            raise unknown_name(f"option of strategy {strategy!r}:", option, known)
    return made(**options)


def options_of(strategy: Strategy) -> dict[str, Any]:
    """The fields of a strategy, tuples as lists, ready for JSON."""
    values = asdict(strategy)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _checked(ratios: Ratios) -> Ratios:
    try:
        shares = np.asarray(ratios, dtype=np.float64)
    except (TypeError, ValueError):
        shares = np.zeros(0)
    if shares.shape != (3,) or not (shares >= 0).all() or shares[0] == 0 or shares[2] == 0:
        raise SemcompError(
            f"ratios {ratios} are not usable; give three shares, those of train and test above 0"
        )
    if abs(shares.sum() - 1) > 1e-9:
        raise SemcompError(f"ratios {ratios} sum to {shares.sum():g}; they must sum to 1")
    train, valid, test = shares.tolist()
    return train, valid, test
