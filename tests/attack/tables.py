"""Tables whose content is known, written with the quirks of the world: it comes back exactly, or is refused.

What is read otherwise than written is right only where that is told (a note on the data set).
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import semcomp as sc
from tests.attack import forks, series
from tests.attack.contents import CONTENTS, Content, Known, known, midnight, surrogates
from tests.attack.forms import LATE, Form, forms
from tests.attack.judge import Outcome, wrong_message

SECONDS = 15


def found(data: sc.Dataset) -> Known:
    kept = data.interactions
    columns = [
        kept[name].to_list() if name in kept.columns else [None] * data.n_interactions
        for name in ("rating", "timestamp")
    ]
    users, items = data.user_ids[data.user].tolist(), data.item_ids[data.item].tolist()
    pairs = {
        f"{user}\0{item}": [rating, stamp]
        for user, item, rating, stamp in zip(users, items, *columns, strict=True)
    }
    return {
        "pairs": pairs,
        "titles": dict(zip(data.item_ids.tolist(), data.items["title"].fill_null("").to_list(), strict=True)),
    }


@dataclass(frozen=True)
class Case:
    form: str
    content: str

    @property
    def what(self) -> str:
        return f"{self.form}: {self.content}"

    @property
    def kind(self) -> str:
        return f"tables, {self.form.partition(',')[0].partition(' ')[0].removesuffix('.gz')}"


def cases() -> list[Case]:
    return [Case(name, content) for name, form in forms().items() for content in form.which]


def attack(chosen: Sequence[Case], folder: Path) -> Iterator[Outcome]:
    """Each case written and read."""
    known_forms = forms()

    def attacks(place: Path) -> series.Attacks:
        for case in chosen:
            work = place / "work"
            shutil.rmtree(work, ignore_errors=True)
            work.mkdir()
            yield case.what, partial(judged, case, known_forms[case.form], work)

    return series.in_children("tables", attacks, folder)


def judged(case: Case, form: Form, work: Path) -> Outcome | None:
    """None where the form cannot hold the content."""
    content = surrogates() if case.content == "surrogates" else CONTENTS[case.content]()
    kind = case.kind
    try:
        place, items = form.write(content, work)
    except (csv.Error, UnicodeEncodeError):
        return None
    expected = _expected(content, form)

    def wrong(cause: str, detail: object = "") -> Outcome:
        return Outcome(kind, case.what, "wrong", cause, str(detail)[:400])

    recipe = sc.Recipe(template="{title}", empty_text="keep")
    try:
        with forks.limited(SECONDS):
            data = sc.load_dataset(place, items=None if items == place else items, recipe=recipe)
    except sc.SemcompError as error:
        names = {place.name, items.name, *(path.name for path in work.rglob("*"))}
        cause = wrong_message(str(error).replace(str(work), ""), names)
        if form.reads and case.content.partition(",")[0] in ("plain", "times"):
            cause = "refused, though it is right"
        return (
            wrong(cause, error)
            if cause
            else Outcome(kind, case.what, "refused", detail=str(error)[:300].replace(str(work), ""))
        )
    except forks.TooLong:
        return wrong("does not end in time")
    except BaseException as error:
        return wrong(f"raw {type(error).__name__}", error)
    got = found(data)
    if form.lost and got != expected:
        return wrong("accepted, though it has no reading", _first(got, expected))
    if got == expected:
        return Outcome(kind, case.what, "right")
    told = [note for note in data.notes if "ratings are not looked at" not in note]
    if told and (got in content.told or form.loose):
        return Outcome(kind, case.what, "right", detail="; ".join(told)[:300])
    if got in content.told:
        return wrong("changed, and not told", _first(got, expected))
    return wrong(
        "other content in silence" if not told else "other content", f"{_first(got, expected)}; told: {told}"
    )


def _expected(content: Content, form: Form) -> Known:
    expected = content.wanted or known(content.rows, content.titles)
    pairs, options = expected["pairs"], form.options
    if options.get("digits"):
        pairs = {"\0".join(one[1:] for one in pair.split("\0")): value for pair, value in pairs.items()}
        return {"pairs": pairs, "titles": {item[1:]: title for item, title in expected["titles"].items()}}
    if user := options.get("user"):
        pairs = {pair.replace("u0\0", f"{user}\0"): value for pair, value in pairs.items()}
    if options.get("late"):
        pairs = {f"w{n}\0i0": [None, None] for n in range(LATE)} | pairs
    if options.get("meant") == "ratings boolean":
        pairs = {pair: [float(rating > 3), stamp] for pair, (rating, stamp) in pairs.items()}
    if options.get("meant") == "times date":
        pairs = {pair: [rating, midnight(int(stamp))] for pair, (rating, stamp) in pairs.items()}
    return {**expected, "pairs": pairs}


def _first(got: Known, expected: Known) -> str:
    """The first difference."""
    for part in ("pairs", "titles"):
        if set(got[part]) != set(expected[part]):
            here, there = set(got[part]), set(expected[part])
            new, gone = sorted(here - there)[:2], sorted(there - here)[:2]
            return f"{part}: {len(got[part])} for {len(expected[part])}; {new!r} for {gone!r}"[:250]
        for key in expected[part]:
            if got[part][key] != expected[part][key]:
                return f"{part}, {key!r}: {got[part][key]!r} for {expected[part][key]!r}"[:250]
    return ""
