"""Where a measure misleads a reader in a world whose truth is known, and where it does not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from scipy import stats

from book.experiments.measures.tables import NAMES, draws, found_in, kept, rows_of
from semcomp.core.evidence import Value
from semcomp.evidence import judge

WORDS = {"holds": "misleads", "does not hold": "right", "undecided": "undecided"}


@dataclass(frozen=True)
class Case:
    """What a measure is asked in a world, and what is true.

    Attributes:
        world: as in `measure`. items: of which its row is. says: the measure, in words.
        asked: what a reader takes the number for. draws: what it says, one number per world drawn.
        truth: what is true of that. tolerance: how far off is too far.
    """

    world: str
    items: int
    says: str
    asked: str
    draws: Sequence[float]
    truth: float
    tolerance: float = 0.05

    @property
    def said(self) -> float:
        return fmean(self.draws)

    @property
    def word(self) -> str:
        """ "misleads" if the mean error over worlds is above the tolerance with its interval, "right" if it
        is below with it, else "undecided".
        """
        errors = np.asarray(self.draws) - self.truth
        mean, n = float(errors.mean()), len(errors)
        arm = float(stats.t.ppf(0.975, n - 1) * errors.std(ddof=1) / np.sqrt(n)) if n > 1 else np.inf
        off = Value(abs(mean), abs(mean) - arm, abs(mean) + arm, n=n)
        return WORDS[judge(off, least=self.tolerance, unit="worlds").word]


def cases(items: int = 1000, few: int = 300) -> list[Case]:
    """Where a reader may be misled, and where the same question is answered rightly.

    Args:
        items: of most rows. few: of those that ask what few items do.
            Nonlinear worlds are shown with the most.
    """
    truth, many = kept()["truth"], max(items for _, items, _ in rows_of("vectors"))

    def of(world: str, measure: str, asked: str, key: str, n: int = items, **more: float) -> Case:
        return Case(world, n, NAMES[measure], asked, draws(world, n, measure), truth[world][key], **more)

    nonlinear, narrow, size = "nonlinear link", "narrow nonlinear link", kept()["recall"]["items"]
    explained, shared_c = "what any map explains of C", "shared share of C"
    smooth, easy = (
        [one["kernel-ridge"][0] for one in found_in("maps", name, many)] for name in (nonlinear, narrow)
    )
    cka = [one["256"] for one in found_in("kernels", "shared 0.0", few)]
    blind, shown = (found_in("recalls", world, size) for world in ("private is noise", "exposed"))
    beyond = [part - null for part, null, *_ in (one["collaborative.private"] for one in blind)]
    observed, unbiased = ([one["behaviour"][at] - one["relevance"][at] for one in shown] for at in (0, 1))
    return [
        of(nonlinear, "probe.r2", "what a linear map explains of C", "probe.r2", many),
        of(nonlinear, "probe.r2", explained, "any map", many),
        Case(nonlinear, many, "kernel ridge R²", explained, smooth, truth[nonlinear]["any map"]),
        Case(narrow, many, "kernel ridge R²", explained, easy, truth[narrow]["any map"]),
        of(nonlinear, "C.least", shared_c, "C.joint", many),
        of(nonlinear, "C.most", shared_c, "C.joint", many),
        of("noisy text", "probe.r2", shared_c, "C.joint"),
        of("noisy text", "C.most", shared_c, "C.joint"),
        of("noisy text", "S.private", "private signal in S", "S.private"),
        of("noisy collaborative", "C.most", shared_c, "C.joint"),
        of("noisy collaborative", "C.least", shared_c, "C.joint"),
        of("noisy collaborative", "probe.of_seed", "share of the repeatable C in S", "of reliable"),
        of(
            "noisy collaborative", "reliable.private", "share of signal in the private part", "private signal"
        ),
        of("popular", "C.private", "private taste in C", "C.private"),
        of("mere noise", "C.private", "private signal in C", "C.private"),
        of("mere noise", "C.private_reliable", "private signal in C", "C.private_reliable"),
        of("shared 0.5", "C.joint", shared_c, "C.joint"),
        of("shared 0.5", "C.shared", shared_c, "C.joint"),
        Case("shared 0.0", few, "CKA, biased, 256 columns", "similarity", [one[0] for one in cka], 0.0),
        Case("shared 0.0", few, "CKA, unbiased, 256 columns", "similarity", [one[1] for one in cka], 0.0),
        of("shared 0.0", "top", "largest correlation", "top", few),
        of("shared 0.0", "information", "nats shared", "information", few, tolerance=0.1),
        of("shared 0.0", "information.heldout", "nats shared", "information", few, tolerance=0.1),
        of("shared 0.5", "information", "nats shared", "information", few, tolerance=0.1),
        of("shared 0.5", "information.heldout", "nats shared", "information", few, tolerance=0.1),
        Case(
            "faint",
            few,
            "dimension, above permuted",
            "shared dimensions",
            draws("faint", few, "dimension"),
            truth["faint"]["dimension"],
            tolerance=0.5,
        ),
        Case("private is noise", size, "recall of C's private part, above null", "use of it", beyond, 0.0),
        Case(
            "exposed",
            size,
            "recall gained by what was shown",
            "gain if all were shown",
            observed,
            fmean(unbiased),
        ),
    ]
