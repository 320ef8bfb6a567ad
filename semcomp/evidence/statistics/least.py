"""The smallest effects that count, by what they are measured in: declared here, before any number is known.

With enough users any difference is "shown", however small. So a sentence says that there is more than its
least effect. Leasts are absolute: a share of the control's own value would be an estimate as well, with a
variance that no interval knows, and would be another bar on every data set.
"""

from __future__ import annotations

from dataclasses import dataclass

from semcomp.checks import checked


@checked
@dataclass(frozen=True)
class Least:
    """An effect up to which a sentence counts as false. Prints as number and unit.

    Attributes:
        amount: 0 or more. unit: what it is measured in. why: what an effect of that size means.
    """

    amount: float
    unit: str
    why: str

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit}".strip()


ANY = Least(0.0, "", "the sentence names a limit itself, or is about any effect at all")
OVERLAP = Least(0.01, "Jaccard", "about a quarter of a place in two lists of 20")
UNIQUE = Least(0.01, "of hits", "one hit in a hundred")
RECALL = Least(0.001, "Recall", "one more test item in a thousand is found")
NDCG = Least(0.001, "NDCG", "one more test item in a thousand is found in the first place")
INFORMATION = Least(0.003, "nats", "a test item becomes more probable by a factor of 1.003")
EXPLAINED = Least(0.01, "R²", "a hundredth of the variance that could be explained")

LEASTS = (OVERLAP, UNIQUE, RECALL, NDCG, INFORMATION, EXPLAINED)
