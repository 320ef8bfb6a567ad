"""What is compared, and which pairs were named before any was looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One method.

    Attributes:
        view: of the registry; its options are those tuned for it.
        differs: from the control, in words.
        shuffled: whether every item gets the text of another one, drawn anew with each seed.
        fitted_once: it has no seed.
    """

    view: str
    differs: str
    shuffled: bool = False
    fitted_once: bool = False


SHUFFLED = "fusion of shuffled text"

#: Those that are trained share width (128), loss, negatives, decay, number of trials and rule of selection.
ROWS: Mapping[str, Row] = {
    "wide LightGCN": Row("wide LightGCN", "the control: one LightGCN, no text"),
    "twin LightGCN": Row("twin LightGCN", "two LightGCN halves, no text"),
    SHUFFLED: Row("fusion", "a text half that reads the text of other items", shuffled=True),
    "fusion": Row("fusion", "a text half"),
    "aligned": Row("aligned", "one LightGCN, pulled towards the text"),
    "EASE": Row("EASE", "closed form, no text, no width", fitted_once=True),
    "item-kNN": Row("item-kNN", "counted, no text, no width", fitted_once=True),
}

#: (one, other, what "one is better" would say), the family on each data set.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("fusion", "wide LightGCN", "the fusion beats its control without text"),
    ("fusion", "twin LightGCN", "the fusion beats two halves without text"),
    ("fusion", SHUFFLED, "the fusion beats itself with the text of other items"),
    ("fusion", "aligned", "fusion beats alignment"),
    ("aligned", "wide LightGCN", "alignment helps its own backbone"),
    ("twin LightGCN", "wide LightGCN", "two halves beat one piece, without any text"),
    ("fusion", "EASE", "the fusion beats the closed form without text"),
)
