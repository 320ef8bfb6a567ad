"""The advice: the answer in ten lines, as a page, as numbers, and with the lists that serve it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from semcomp.advice.asked import Asked, Group, percent, weakest
from semcomp.advice.texts import Headroom, Texts
from semcomp.checks import checked
from semcomp.core.evidence import in_order
from semcomp.core.tables import number
from semcomp.core.view import Scorer
from semcomp.data import Split
from semcomp.display import Table, card
from semcomp.serve import write_served
from semcomp.storage import atomic_folder, atomic_write
from semcomp.study.reservations import NOT_JUDGED

PAGE, RECORD, SERVED = "advice.html", "advice.json", "served"
ANSWERS = {"holds": "text helps", "does not hold": "text does not help", "undecided": "undecided"}


@checked
@dataclass(frozen=True)
class Recipe:
    """Members and weights that are recommended.

    Attributes:
        name: of the fusion. reads_text: whether text is among its inputs.
        weights: of each member, the mean over the seeds. valid_ndcg: of the fusion at the first seed.
        single: the member that is best on validation. worth: the question whether the fusion beats it.
        simple: whether the single member is recommended, since the fusion is not found to beat it.
    """

    name: str
    reads_text: bool
    weights: Mapping[str, float]
    valid_ndcg: float
    single: str
    worth: Asked
    simple: bool

    def __str__(self) -> str:
        weights = ", ".join(f"{name} {weight:.2f}" for name, weight in self.weights.items())
        if not self.simple:
            return f"{self.name}: {weights}"
        return f"{self.single} alone; the {self.name} ({weights}) is not found to be better"


@checked
@dataclass(frozen=True, eq=False)
class Advice:
    """Whether the texts of a data set help its recommendations, for whom, by which recipe, by how much.

    Prints as ten lines at most.

    Attributes:
        dataset, budget, k: what was asked, and the length of the lists.
        questions: whether the fusion with text beats the one without, another seed of it, and itself with
            shuffled text, by NDCG and Recall; adjusted together.
        groups: whether text helps some items and users, by NDCG; adjusted together.
        sparse: groups with too few test users for an interval.
        recipe: what is recommended. weights: of each fusion its members and weights.
        headroom: what the fusion makes of its members. texts: what the vectors look like.
        reservation: why no verdict is given; empty where one is.
        provenance: data hash, settings, seeds, versions.
        scorer, split: the recipe, fitted, and what it was fitted to.

    >>> advice = sc.advise(study)
    >>> len(str(advice).splitlines()) <= 10
    True
    """

    dataset: str
    budget: str
    k: int
    questions: Sequence[Asked]
    groups: Sequence[Group]
    sparse: Sequence[str]
    recipe: Recipe
    weights: Mapping[str, Mapping[str, float]]
    headroom: Headroom
    texts: Texts
    reservation: str
    provenance: Mapping[str, Any]
    scorer: Scorer = field(repr=False)
    split: Split = field(repr=False)

    @property
    def word(self) -> str:
        """On "text helps": "holds" where it does over all that it is compared with, by NDCG; "does not hold"
        where it does not over one of them; else "undecided", or "not judged".
        """
        return weakest([one.word for one in self.questions if one.metric == "ndcg"])

    @property
    def answer(self) -> str:
        """The word as a phrase."""
        return ANSWERS.get(self.word, NOT_JUDGED)

    @property
    def gain(self) -> Asked:
        """The question about NDCG over the fusion without text."""
        return self.questions[0]

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def __repr__(self) -> str:
        return f"<Advice on {self.dataset!r}: {self.answer}; {self.recipe}>"

    def _repr_html_(self) -> str:
        title, *facts = self.lines()
        rows = [(f"{one.called}, {one.name}", one.difference, one.said) for one in self.questions]
        rows += [(f"{one.gain.called}, {one.name}", one.gain.difference, one.word) for one in self.groups]
        table = Table(("what text adds", "difference (95 % interval)", "more than the least?"), rows)
        return card(title, facts, table, notes=[self.reservation])

    def lines(self) -> list[str]:
        """What is printed: the answer, what it rests on, for whom, the recipe, and what is left to gain.

        >>> sc.advise(study).lines()[0]
        'planted, ... test users: does text help? not judged'
        """
        first = {one.name: one for one in self.questions if one.metric == "ndcg"}
        recalls = "; ".join(
            f"{one.name} {one.difference}, {one.word}" for one in self.questions if one.metric == "recall"
        )
        head = f"{self.dataset}, {self.gain.value.n:,} test users: does text help? {self.answer}"
        return [
            head,
            *(f"{name}: {one}" for name, one in first.items()),
            f"Recall@{self.k}: {recalls}",
            f"for whom: {self.whom()}",
            f"recipe: {self.recipe}",
            f"to expect: {self.expected()}",
            f"left to gain: {self.left()}",
        ]

    def whom(self) -> str:
        """The groups by their word.

        >>> sc.advise(study).whom().startswith("not judged: rare items +")
        True
        """
        words = ("holds", "does not hold", "undecided", NOT_JUDGED)
        said = {word: ", ".join(str(one) for one in self.groups if one.word == word) for word in words}
        told = "; ".join(f"{word}: {names}" for word, names in said.items() if names)
        return told or "too few users in any group"

    def expected(self) -> str:
        """What is reached with text, from what without.

        >>> sc.advise(study).expected().startswith("NDCG@20 from 0.")
        True
        """
        parts = []
        for metric in ("ndcg", "recall"):
            one = next(asked for asked in self.questions if asked.metric == metric)
            reached = f"{one.called} from {number(one.value.null)} to {number(one.value.value)}"
            if (share := one.percent) is not None:
                reached += f", {percent(share.value)} %"
                if share.low is not None and share.high is not None:
                    reached += f" ({percent(share.low)} to {percent(share.high)})"
            parts.append(reached)
        return "; ".join(parts)

    def left(self) -> str:
        """What all members' lists hold together and the fusion does not, and what the texts lack.

        >>> "of the test items" in sc.advise(study).left()
        True
        """
        room, texts = self.headroom, self.texts
        rank = "" if texts.rank is None else f", effective rank {texts.rank:.0f} of {texts.width}"
        return (
            f"the members' lists together hold {room.union.value:.0%} of the test items, the fusion's "
            f"{room.fusion.value:.0%}, {room.name}'s {room.best.value:.0%}; {texts.without:,} of "
            f"{texts.items:,} items without text, {texts.near:,} nearly like another's{rank}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain types: all numbers, settings, seeds, versions and the hash of the data.

        >>> sc.advise(study).to_dict()["word"]
        'not judged'
        """
        recipe = asdict(self.recipe) | {"worth": self.recipe.worth.to_dict()}
        return {
            "dataset": self.dataset,
            "budget": self.budget,
            "k": self.k,
            "word": self.word,
            "answer": self.answer,
            "reservation": self.reservation,
            "lines": self.lines(),
            "questions": [one.to_dict() for one in self.questions],
            "groups": [one.to_dict() for one in self.groups],
            "sparse": list(self.sparse),
            "recipe": recipe,
            "weights": {name: dict(of) for name, of in self.weights.items()},
            "headroom": asdict(self.headroom),
            "texts": asdict(self.texts),
            "provenance": in_order(self.provenance),
        }

    def to_html(self) -> str:
        """One page that needs no other file.

        >>> sc.advise(study).to_html()[:15]
        '<!doctype html>'
        """
        from semcomp.advice.page import page_of  # matplotlib, only for pictures

        return page_of(self)

    def save_html(self, path: str | Path) -> Path:
        """Write the page, whole or not at all; returns the path.

        >>> sc.advise(study).save_html(folder / "advice.html").name
        'advice.html'
        """
        path = Path(path).expanduser()
        with atomic_write(path) as part:
            part.write_text(self.to_html(), encoding="utf8")
        return path

    def save(self, folder: str | Path) -> Path:
        """Write a new folder: the page, the numbers as JSON, and what serves the recipe; returns it.

        `advice.html`, `advice.json`, and in `served` what `sc.serve.write_served` writes. Whole or not at
        all.

        Raises:
            SemcompError: a folder that is not empty, or cannot be written.

        >>> sorted(one.name for one in sc.advise(study).save(folder / "advice").iterdir())
        ['advice.html', 'advice.json', 'served']
        """
        place = Path(folder).expanduser()
        with atomic_folder(place) as part:
            self.save_html(part / PAGE)
            record = json.dumps(self.to_dict(), indent=1, allow_nan=False)
            (part / RECORD).write_text(record + "\n", encoding="utf8")
            weights = dict(self.recipe.weights)
            told = {"recipe": str(self.recipe), "weights": weights, "answer": self.answer}
            write_served(self.scorer, self.split, part / SERVED, self.k, told=told)
        return place
