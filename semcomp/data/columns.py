"""What columns are called: the declared table of names, and the user's own mapping."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from semcomp.errors import SemcompError, unknown_name

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
SHORT = {"user": "user_id", "item": "item_id", "time": "timestamp"}


def chosen_columns(columns: Mapping[str, str] | None) -> dict[str, str]:
    """The user's mapping with standard names in full: {"user": "reviewerID"} gives {"user_id": "reviewerID"}.

    Raises SemcompError for a name that is not standard, a standard name given twice ("user" and "user_id"),
    and one column given to two standard names.
    """
    out: dict[str, str] = {}
    for name, stored in (columns or {}).items():
        standard = SHORT.get(name, name)
        if standard not in INTERACTIONS and standard not in ITEMS:
            raise unknown_name("column", name, {*SHORT, *INTERACTIONS, *ITEMS})
        if standard in out:
            raise SemcompError(
                f"columns give {standard} twice, as {out[standard]!r} and {stored!r}; keep one"
            )
        if stored in out.values():
            other = next(key for key, value in out.items() if value == stored)
            raise SemcompError(f"columns give {stored!r} to both {other} and {standard}; keep one")
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
                f"say which, for example {short}={found[0]}"
            )
        if found:
            out[found[0]] = standard
    for standard in REQUIRED[role]:
        if standard not in out.values():
            if standard in chosen:
                raise unknown_name(f"column for {standard} in {label}:", chosen[standard], stored)
            short = next(key for key, value in SHORT.items() if value == standard)
            raise SemcompError(
                f"{label} has no column {standard!r} (it has {', '.join(stored)}); "
                f"rename one or say which it is, for example {short}={stored[0]}"
            )
    return out


def check_chosen(chosen: Mapping[str, str], stored: Sequence[str], label: str) -> None:
    """Raise SemcompError for a chosen column that none of the tables has."""
    for standard, name in chosen.items():
        if name not in stored:
            raise unknown_name(f"column for {standard} in {label}:", name, set(stored))


def _fold(name: str) -> str:
    return re.sub(r"[\s_\-]+", "", name).casefold()
