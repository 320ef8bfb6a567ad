"""Which interactions and items count: a recipe, the filters it is made of, and what each of them removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data.columns import KNOWN_OF_A_PAIR as KNOWN_OF_A_PAIR
from semcomp.errors import SemcompError, unknown_name
from semcomp.progress import progress_bar

DUPLICATES = ("best", "first", "last", "refuse")
EMPTY_TEXT = ("drop", "keep", "refuse")
UNKNOWN_ITEMS = ("drop", "refuse")
BLOCK = 1 << 22  # pairs per step of the core filter: temporaries of a few tens of MB


@checked
@dataclass(frozen=True)
class Recipe:
    """What loading does to the tables.

    In this order: unknown items, duplicates, rating, text, idle rows, core.

    Attributes:
        unknown_items: what becomes of interactions with items that the item table does not hold: "refuse" to
            load, or "drop" them.
        duplicates: which interaction stays where a user has several with one item. "last": the latest by
            `timestamp` (by `position` where there is none), of equally late ones the best rated; "first":
            the earliest, of equally early ones the best rated; "best": the best rated, of equally rated ones
            the latest; "refuse": none, a repeated pair is an error. What is unknown gives way to what is
            known. All that is kept of a pair comes from the one interaction that stays.
        min_rating: keep the pairs rated at least this; None keeps all and looks at no rating. A table
            without ratings is implicit: all its pairs are kept, and a note says so.
        template: how an item's text is put together (see `item_text.Template`); None takes those of
            `title`, `year`, `genres`, `categories` that the item table has.
        min_characters: a text shorter than this counts as empty.
        empty_text: what becomes of an item with an empty text: "drop" it with its interactions, "refuse" to
            load, or "keep" it as it is.
        core: repeat until nothing changes: drop users and items with fewer interactions than this.
        keep: further columns of the interactions to keep, as strings.

    >>> sc.Recipe(min_rating=4, core=5).duplicates
    'last'
    """

    min_rating: float | None = None
    duplicates: str = "last"
    empty_text: str = "drop"
    min_characters: int = 1
    core: int = 0
    template: str | None = None
    keep: tuple[str, ...] = ()
    unknown_items: str = "refuse"

    def __post_init__(self) -> None:
        if self.duplicates not in DUPLICATES:
            raise unknown_name("rule for duplicates", self.duplicates, DUPLICATES)
        if self.empty_text not in EMPTY_TEXT:
            raise unknown_name("policy for empty texts", self.empty_text, EMPTY_TEXT)
        if self.unknown_items not in UNKNOWN_ITEMS:
            raise unknown_name("policy for unknown items", self.unknown_items, UNKNOWN_ITEMS)
        for name, lowest in (("core", 0), ("min_characters", 1)):
            value = getattr(self, name)
            if value < lowest:
                raise SemcompError(f"{name} = {value!r} is not usable; give a whole number from {lowest} on")
        if self.min_rating is not None and not isfinite(self.min_rating):
            raise SemcompError(
                f"min_rating = {self.min_rating!r} is not a number; use None for no rating filter"
            )
        if self.template is not None:
            from semcomp.data.item_text import Template  # which brings polars

            Template.parse(self.template)
        object.__setattr__(self, "keep", tuple(dict.fromkeys(self.keep)))
        for column in self.keep:
            if column in ("user_id", "item_id", *KNOWN_OF_A_PAIR):
                raise SemcompError(f"column {column!r} is kept anyway; take it out of keep")


SENTENCES = {
    "unknown items": "dropped {interaction} {rule}",
    "duplicates": "dropped {repeated interaction} of a user with the same item (the {rule} of each kept)",
    "rating": "dropped {interaction} {rule}",
    "text": "dropped {item} {rule} and their {interaction}",
    "idle items": "dropped {item} {rule}",
    "idle users": "dropped {user} {rule}",
    "core": "{rule}-core: dropped {user}, {item} and {interaction}, "
    "until every user and item left had {rule}",
}

LOOSER = {
    "unknown items": "add the rows of these items",
    "rating": "lower min_rating",
    "text": "name other columns in a template, or set empty_text to 'keep'",
    "core": "lower core",
}


@checked
@dataclass(frozen=True)
class Step:
    """One filter, its rule in words, and how many users, items and interactions it removed.

    Users and items whose last interaction goes do not leave at once but in the steps "idle users" and "idle
    items", or within "core". So over all steps: what the files hold = what the data set holds + removed.
    Users of the files are those with interactions; items are the rows of the item table, or, without one,
    those with interactions.
    """

    name: str
    rule: str
    users: int = 0
    items: int = 0
    interactions: int = 0

    @property
    def removed_nothing(self) -> bool:
        return not (self.users or self.items or self.interactions)

    def __str__(self) -> str:
        counts = {
            "user": counted(self.users, "user"),
            "item": counted(self.items, "item"),
            "interaction": counted(self.interactions, "interaction"),
            "repeated interaction": counted(self.interactions, "repeated interaction"),
        }
        return SENTENCES[self.name].format(rule=self.rule, **counts)


def nothing_left(name: str, steps: Sequence[Step]) -> SemcompError:
    """The error for filters that together leave nothing: what each removed, and what to do about the last."""
    removing = [step for step in steps if step.interactions]
    said = "; ".join(map(str, removing))
    return SemcompError(f"data set {name!r} has no interactions left: {said}; {LOOSER[removing[-1].name]}")


def counted(number: int, noun: str) -> str:
    """The number with the noun in its singular or plural.

    >>> counted(1, "item"), counted(1200, "item")
    ('1 item', '1,200 items')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def one_a_pair(
    user: NDArray[np.integer], item: NDArray[np.integer], keys: Sequence[NDArray[np.generic]]
) -> NDArray[np.int64]:
    """Which row stays of each distinct pair, in ascending order of (user, item).

    Of equal pairs the row with the largest first key stays, of those the one with the largest second, and so
    on. Rows that agree in everything are one and the same to this function: any of them may stay.
    """
    if len(user) == 0:
        return np.zeros(0, dtype=np.int64)
    pair = (user - user.min()).astype(np.int64) * (int(item.max()) + 1) + item
    order = np.argsort(pair)
    ordered = pair[order]
    first = np.append(True, ordered[1:] != ordered[:-1])
    kept: NDArray[np.int64] = order[first]
    repeated = ~(first & np.append(first[1:], True))  # only these need comparing
    if keys and repeated.any():
        rows = order[repeated]
        rows = rows[np.lexsort([*(key[rows] for key in reversed(keys)), pair[rows]])]
        last = np.append(pair[rows][1:] != pair[rows][:-1], True)
        kept[(np.cumsum(first) - 1)[repeated & first]] = rows[last]
    return kept


def preference(
    rule: str, known: dict[str, NDArray[np.float64]], content: NDArray[np.generic] | None = None
) -> list[NDArray[np.generic]]:
    """The keys by which `one_a_pair` applies a rule for duplicates; NaN is unknown and comes last.

    All columns at hand take part, so that the choice never falls back on the order of the rows; `content`
    stands for what else is known of a row and decides where the numbers do not.
    """
    sign = -1.0 if rule == "first" else 1.0
    times = [_unknown_last(sign * known[name]) for name in ("timestamp", "position") if name in known]
    ratings = [_unknown_last(known["rating"])] if "rating" in known else []
    keys: list[NDArray[np.generic]] = (
        [*ratings, *times] if rule == "best" else [*times[:1], *ratings, *times[1:]]
    )
    return keys if content is None else [*keys, content]


def _unknown_last(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.where(np.isnan(values), -np.inf, values))


def k_core(
    user: NDArray[np.integer], item: NDArray[np.integer], core: int, *, progress: bool = False
) -> NDArray[np.bool_]:
    """(n,) which of n distinct pairs survive when users and items with fewer than `core` pairs keep leaving.

    The result is the largest set of pairs in which every user and every item occurs at least `core` times;
    it does not depend on the order in which they leave. May be empty. Beside the result it needs two counts
    per user and item and a few tens of MB.
    """
    keep = np.ones(len(user), dtype=bool)
    blocks = [slice(start, start + BLOCK) for start in range(0, len(user), BLOCK)]
    users, items = (_occurrences(side, blocks) for side in (user, item))
    with progress_bar(None, f"{core}-core", "round", wanted=progress) as bar:
        while True:
            weak_users, weak_items = users < core, items < core
            removed = 0
            for block in blocks:
                leaving = keep[block] & (weak_users[user[block]] | weak_items[item[block]])
                if leaving.any():
                    removed += int(leaving.sum())
                    keep[block] &= ~leaving
                    np.subtract.at(users, user[block][leaving], 1)
                    np.subtract.at(items, item[block][leaving], 1)
            bar.update()
            if not removed:
                return keep


def _occurrences(side: NDArray[np.integer], blocks: list[slice]) -> NDArray[np.int64]:
    out = np.zeros(int(side.max(initial=-1)) + 1, dtype=np.int64)
    for block in blocks:  # bincount makes an int64 copy of what it counts
        out += np.bincount(side[block], minlength=len(out))
    return out
