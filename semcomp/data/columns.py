"""What columns are called: the declared table of names, and the user's own mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from semcomp.errors import SemcompError, shortened, unknown_name

INTERACTIONS: dict[str, tuple[str, ...]] = {
    "user_id": ("user", "uid", "reviewer id", "customer id", "member id"),
    "item_id": (
        "item",
        "iid",
        "movie id",
        "product id",
        "asin",
        "parent asin",
        "book id",
        "isbn",
        "business id",
    ),
    "rating": ("overall", "score", "stars", "book rating"),
    "timestamp": ("time", "unix review time", "unix time"),
    "position": ("position in sequence",),
    "review": ("review text", "review body", "text"),
}
ITEMS: dict[str, tuple[str, ...]] = {
    "item_id": INTERACTIONS["item_id"],
    "title": ("name", "item name", "movie title", "product title", "book title"),
    "year": ("release year", "year of publication"),
    "genres": ("genre",),
    "categories": ("category",),
    "brand": ("manufacturer",),
    "description": ("item description", "product description"),
}
KNOWN_OF_A_PAIR = ("rating", "timestamp", "position")  # the columns that are numbers
REQUIRED = {"interactions": ("user_id", "item_id"), "items": ("item_id",)}
OF_ITEMS = "items."  # in front of a standard name: what it is called in the table of items alone
SHORT = {"user": "user_id", "item": "item_id", "time": "timestamp"}


def chosen_columns(columns: Mapping[str, str] | None) -> dict[str, str]:
    """The user's mapping with standard names in full: {"user": "reviewerID"} gives {"user_id": "reviewerID"}.

    A name counts for both tables, with "items." in front for the table of items alone, where it goes first:
    {"item": "artistID", "items.item": "id"}.

    Raises SemcompError for a name that is not standard, a standard name given twice ("user" and "user_id"),
    and one column given to two standard names.
    """
    out: dict[str, str] = {}
    for name, stored in (columns or {}).items():
        only = OF_ITEMS if name.startswith(OF_ITEMS) else ""
        bare = name.removeprefix(OF_ITEMS)
        standard = only + SHORT.get(bare, bare)
        if standard.removeprefix(only) not in (ITEMS if only else INTERACTIONS | ITEMS):
            raise unknown_name("column", name, {*SHORT, *INTERACTIONS, *ITEMS})
        if standard in out:
            raise SemcompError(
                f"columns give {standard} twice, as {out[standard]!r} and {stored!r}; keep one"
            )
        same = [
            key for key, value in out.items() if value == stored and key.startswith(OF_ITEMS) == bool(only)
        ]
        if same:
            raise SemcompError(f"columns give {stored!r} to both {same[0]} and {standard}; keep one")
        out[standard] = stored
    return out


def standard_names(
    stored: Sequence[str],
    role: str,
    chosen: Mapping[str, str],
    label: str,
    *,
    also: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """{stored name: standard name} for the columns of a table that have one; the others keep their names.

    In this order: the user's choice; `also` (stored -> standard), what a publisher's layout declares; the
    standard name itself; the declared table of other names. Names of the table compare without regard to
    case, blanks, "_" and "-", so "UserID" and "user id" are one. A column that bears a standard name which
    the user gave to another column is omitted (mapped to "").

    Args:
        role: "interactions" or "items".

    Raises SemcompError where two columns could stand for one standard name, and where a required one is
    missing.
    """
    declared = INTERACTIONS if role == "interactions" else ITEMS
    only = OF_ITEMS if role == "items" else ""
    chosen = _for_table(chosen, role)
    out: dict[str, str] = {}
    for standard, names in declared.items():
        if standard in chosen and chosen[standard] in stored:
            out[chosen[standard]] = standard
            if standard in stored and chosen[standard] != standard:
                out.setdefault(standard, "")
            continue
        published = [name for name in stored if (also or {}).get(name) == standard]
        found = published or [name for name in stored if name == standard]
        taken = {chosen.get(other) for other in declared if other != standard}
        folded = {_fold(standard), *map(_fold, names)}
        found = found or [name for name in stored if _fold(name) in folded and name not in taken]
        found = [name for name in found if out.get(name, standard) == standard]
        if len(found) > 1:
            short = next((key for key, value in SHORT.items() if value == standard), standard)
            raise SemcompError(
                f"{label}: columns {' and '.join(map(repr, found))} could each be {standard}; "
                f"say which, for example {only}{short}={found[0]}"
            )
        if found:
            out[found[0]] = standard
    for standard in REQUIRED[role]:
        if standard not in out.values():
            raise _missing(only + standard, stored, out, chosen.get(standard), label)
    return out


def _for_table(chosen: Mapping[str, str], role: str) -> dict[str, str]:
    """The user's choice as it counts for one table; a name that clears another of its own is omitted."""
    plain = {name: stored for name, stored in chosen.items() if not name.startswith(OF_ITEMS)}
    if role == "interactions":
        return plain
    own = {name.removeprefix(OF_ITEMS): s for name, s in chosen.items() if name.startswith(OF_ITEMS)}
    return {name: stored for name, stored in plain.items() if stored not in own.values()} | own


def _missing(
    standard: str, stored: Sequence[str], found: Mapping[str, str], chosen: str | None, label: str
) -> SemcompError:
    """The error for a required column that is not there, with a choice that would be accepted."""
    bare = standard.removeprefix(OF_ITEMS)
    what = f"column {chosen!r} for {bare}" if chosen else f"column {bare!r}"
    free = [name for name in stored if name not in found]
    remedy = "add it"
    if free:
        near = get_close_matches(chosen, free, 1) if chosen else []
        short = next(key for key, value in SHORT.items() if value == bare)
        word = f"{standard.removesuffix(bare)}{short}={(near or free)[0]}"
        word = f"'{word}'" if re.search(r"\s", word) else word
        remedy = f"rename one or say which it is, for example {word}"
    if not found:
        remedy += " (if these are not names but data, put a header line above them)"
    return SemcompError(f"{label} has no {what} (it has {', '.join(map(shortened, stored))}); {remedy}")


def check_chosen(chosen: Mapping[str, str], stored: Mapping[str, Sequence[str]], label: str) -> None:
    """Raise SemcompError for a chosen column that none of the tables has; `stored` is their names by role."""
    for standard, name in chosen.items():
        known = {
            one
            for role, names in stored.items()
            for one in names
            if role == "items" or not standard.startswith(OF_ITEMS)
        }
        if name not in known:
            raise unknown_name(f"column for {standard} in {label}:", name, known)


def names_an_id(name: str) -> bool:
    """Whether a column of this name is taken for the ids of users or items."""
    known = {_fold(one) for key in REQUIRED["interactions"] for one in (key, *INTERACTIONS[key])}
    return _fold(name) in known


def _fold(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name).casefold()
