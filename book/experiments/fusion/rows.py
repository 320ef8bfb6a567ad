"""What is compared: single models, the closed-form fusion, its controls, and what is left without a part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from semcomp.views.registry import REGISTRY

LARGE = 13_000  # items; with more, what is not asked about in `QUESTIONS` is omitted
GFCF = "GF-CF"  # of the models, the one that is in no table of views
WITH_TEXT = ("CEASE", "EASE-text", "iALS", GFCF)
WITHOUT_TEXT = ("EDLAE", "item-kNN", "iALS", GFCF)


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        members: the models that are added; one alone is ranked as it is.
        differs: from the closed-form fusion, in words.
        shuffled: whether every item gets the text of another one, drawn anew with each seed.
        gated: whether weights follow what is known of a user (`semcomp.fuse.Gate`).
    """

    members: tuple[str, ...]
    differs: str
    shuffled: bool = False
    gated: bool = False

    @property
    def reads_text(self) -> bool:
        return any(name != GFCF and REGISTRY[name].reads_text for name in self.members)

    @property
    def seeded(self) -> bool:
        """Whether another seed makes it another one."""
        return self.shuffled or len(self.members) > 1 or self.members == ("iALS",)


FUSION, CONTROL, SHUFFLED = "closed-form fusion", "the same without text", "with the text of other items"
SINGLE = ("EASE", "EDLAE", "item-kNN", "iALS", GFCF, "EASE-text", "Add-EASE", "CEASE", "L3AE")

ROWS: Mapping[str, Row] = {
    **{name: Row((name,), "one model alone") for name in SINGLE},
    FUSION: Row(WITH_TEXT, "CEASE, EASE-text, iALS and GF-CF"),
    CONTROL: Row(WITHOUT_TEXT, "four members, none of which reads text"),
    SHUFFLED: Row(WITH_TEXT, "every item has the text of another one", shuffled=True),
    "popularity for text": Row(("EDLAE", "popularity", "iALS", GFCF), "popularity in the text's place"),
    "text added, not stacked": Row(("EDLAE", "EASE-text", "iALS", GFCF), "EDLAE for CEASE"),
    "text stacked, not added": Row(("CEASE", "iALS", GFCF), "no EASE-text"),
    "without iALS": Row(("CEASE", "EASE-text", GFCF), "no iALS"),
    "without GF-CF": Row(("CEASE", "EASE-text", "iALS"), "no GF-CF"),
    "gated": Row(WITH_TEXT, "weights of each user's own", gated=True),
}

#: Rows of the experiment with matched widths, on the same split, user by user.
TRAINED: Mapping[str, str] = {
    "wide LightGCN": "LightGCN, 128 wide, no text",
    "aligned": "the same, pulled towards the text",
    "fusion": "Norm-Concat-Norm, trained jointly",
}

#: (one, other, what "one is better" would say), the family on each split of a data set.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (FUSION, CONTROL, "the fusion beats the same number of members without text"),
    (FUSION, SHUFFLED, "the fusion beats itself with the text of other items"),
    (FUSION, "CEASE", "the fusion beats CEASE alone"),
    (FUSION, "EASE", "the fusion beats EASE"),
    ("CEASE", "EDLAE", "text stacked below the interactions helps"),
    ("gated", FUSION, "weights of each user's own are better than one for all"),
    (FUSION, "wide LightGCN", "the fusion beats a trained model without text"),
    (FUSION, "aligned", "the fusion beats alignment"),
    (FUSION, "fusion", "the fusion beats the one that is trained jointly"),
)


def measured(n_items: int, seed: int = 0) -> dict[str, Row]:
    """The rows that are measured: of a later seed what it changes, on large data what is asked about."""
    asked = {name for one, other, _ in QUESTIONS for name in (one, other)} - {"gated"}
    return {
        name: row
        for name, row in ROWS.items()
        if (seed == 0 or row.seeded)
        and (n_items <= LARGE or name in asked or (name in SINGLE and name != "L3AE"))
    }
