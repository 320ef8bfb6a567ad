"""The claim ledger: what the paper says, what was found, its null, and a verdict.

A family is all claims of this page on one data set under one budget. They were written down (`CLAIMS`) before
their numbers were looked at (that of the alignment hypothesis after it had been tried on ML-100K), each with
the smallest effect that counts, and a reader asks them of a data set together: "which of the paper's
statements hold here?" Their two-sided p-values are adjusted by Holm, so the chance of even one wrong word
among the lines of a data set, "holds" or "does not hold", is meant to be at most 5 %. Data sets do not form
one family: each is a replication, read by itself, and a verdict must not change because somebody ran another
data set. The price: of D data sets, 0.05 · D may have a wrong word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from semcomp.core.evidence import Value
from semcomp.core.tables import p_value
from semcomp.evidence import judge_family
from semcomp.evidence.decomposition.readings import adds
from semcomp.evidence.statistics import least as leasts
from semcomp.evidence.statistics.least import Least
from semcomp.evidence.statistics.verdicts import below, below_null, by_itself, over_null, without_excess
from semcomp.study.matrix import Judged, Line, as_matrix
from semcomp.study.records import Record
from semcomp.study.reservations import NOT_JUDGED


@dataclass(frozen=True)
class Claim:
    """A statement that an interval can decide.

    Attributes:
        says: the statement. published: the paper's own figure, as far as it is known.
        chapter, evidence, value: where the number is in the records.
        effect: turns the value into one whose interval above `least` means that the statement holds.
        least: the smallest effect that counts.
        trainings: the fewest that it can be judged by: several where the null is another training, 3 where
            it is pairs of them, since two trainings make one pair, whose spread is unknown.
    """

    says: str
    published: str
    chapter: str
    evidence: str
    value: str
    effect: Callable[[Value], Value] = over_null
    least: Least = leasts.ANY
    trainings: int = 1

    def of(self, value: Value) -> Value:
        """The value's effect, without an interval where there were too few trainings to know it."""
        return self.effect(value if value.seeds >= self.trainings else without_excess(value))


REACHABLE = 1000  # times the n at hand: what is needed beyond that is not worth a number
PAIR = "LightGCN and projection"
CHAPTERS = {
    "04_diagnostics": "The two views",
    "05_probes": "Maps and parts",
    "06_alignment_or_fusion": "Fusion and alignment",
}
CLAIMS = (
    Claim(
        "The two views' lists overlap less than those of two seeds of one model",
        "Jaccard@20 0.064 / 0.167 / 0.192 (Movies / Books / Games); no null",
        "04_diagnostics",
        PAIR,
        "jaccard",
        below_null,
        least=leasts.OVERLAP,
        trainings=3,
    ),
    Claim(
        "A larger share of hits is found by one view only than by one seed only",
        "0.630 / 0.560 / 0.571; no null",
        "04_diagnostics",
        PAIR,
        "unique_hit_ratio",
        least=leasts.UNIQUE,
        trainings=3,
    ),
    Claim(
        "The union of both lists gains more over the better one than the union of two seeds",
        "a large gain; the figures are not public, no null",
        "04_diagnostics",
        PAIR,
        "oracle.gain",
        least=leasts.RECALL,
        trainings=3,
    ),
    Claim(
        "The union of two lists finds more than the better view's own list of twice the length",
        "not asked",
        "04_diagnostics",
        PAIR,
        "union_minus_2k",
        by_itself,
        least=leasts.RECALL,
    ),
    Claim(
        "The text adds more log-likelihood to the seed ensemble than one more seed does",
        "not asked",
        "04_diagnostics",
        "separating",
        "ensemble.information.gain",
        least=leasts.INFORMATION,
        trainings=3,
    ),
    Claim(
        "A linear map from the text explains less than half of what a source without noise could",
        "R² 0.166 on held-out items; no ceiling",
        "05_probes",
        "ridge",
        "r2_of_reliable",
        below(0.5),
        least=leasts.ANY,  # a half is the limit already
    ),
    Claim(
        "A non-linear map does worse on unseen items than the linear one",
        "R² −0.495 for three hidden layers",
        "05_probes",
        "capacity",
        "squared_error",
        least=leasts.ANY,  # its unit is that of the vectors, which differs from model to model
    ),
    Claim(
        "One simple map is not enough: the text explains less than other seeds do, by over a tenth",
        "the alignment hypothesis, rejected by low R²; no ceiling, no margin",
        "05_probes",
        "hypothesis",
        "existence.slack",
        below(0.0),
        least=leasts.ANY,  # a tenth is allowed already
    ),
    Claim(
        "What the text cannot give is useful: the collaborative private part ranks better than shuffled",
        "private parts are said to be predictive; not measured",
        "05_probes",
        "parts",
        "recall.collaborative.private",
        least=leasts.RECALL,
    ),
    Claim(
        "The text's private part adds to the recall of the whole collaborative view",
        "private parts are said to be predictive; not measured",
        "05_probes",
        "parts",
        "marginal_recall.collaborative.with_semantic_private",
        adds,
        least=leasts.RECALL,
    ),
    Claim(
        "Fusion beats LightGCN",
        "best of all methods; LightGCN differs in loss, negatives and width",
        "06_alignment_or_fusion",
        "fusion against LightGCN",
        "ndcg",
        least=leasts.NDCG,
    ),
    Claim(
        "Fusion beats its control: the same loss and width without text",
        "no such control",
        "06_alignment_or_fusion",
        "fusion against wide LightGCN",
        "ndcg",
        least=leasts.NDCG,
    ),
    Claim(
        "What fusion adds is due to the text: it beats itself with the text of other items",
        "no such control",
        "06_alignment_or_fusion",
        "fusion against fusion of shuffled text",
        "ndcg",
        least=leasts.NDCG,
    ),
    Claim(
        "Fusion beats alignment",
        "+41.7 % Recall@20 on Movies, over an alignment method",
        "06_alignment_or_fusion",
        "fusion against aligned",
        "ndcg",
        least=leasts.NDCG,
    ),
    Claim(
        "Alignment hurts its own backbone",
        "alignment distorts",
        "06_alignment_or_fusion",
        "aligned against wide LightGCN",
        "ndcg",
        below_null,
        least=leasts.NDCG,
    ),
)


@dataclass(frozen=True)
class Finding:
    """A claim on one data set.

    Attributes:
        value: the number.
        p: of the claim's effect, adjusted for the family; None where no interval was asked for.
        verdict: "holds", "does not hold", "undecided" or "not judged".
        needed: if undecided, the n it would need; trainings: the trainings, where these are scarce.
        reservation: if not judged, why.
    """

    claim: Claim
    dataset: str
    budget: str
    value: Value
    p: float | None
    verdict: str
    needed: int | None
    trainings: int | None = None
    reservation: str = ""


def ledger(records: Sequence[Record]) -> list[Finding]:
    """The findings by claim, then by data set. Claims whose chapter was not run are omitted.

    "Holds" takes both: the whole 95 % interval of the effect above the claim's least, and an adjusted p of at
    most 0.05; "does not hold" the same below it. Without an interval, and with fewer trainings than the claim
    takes, nothing is decided. What was recorded with a reservation is "not judged".
    """
    asked = [
        (claim, record, record.evidence[claim.evidence][claim.value])
        for claim in CLAIMS
        for record in records
        if record.chapter == claim.chapter
        and claim.evidence in record.evidence
        and claim.value in record.evidence[claim.evidence].values
    ]
    families: dict[tuple[str, str], dict[str, Value]] = {}
    for place, (claim, record, value) in enumerate(asked):
        families.setdefault((record.dataset, record.budget), {})[str(place)] = claim.of(value)
    least = {str(place): claim.least.amount for place, (claim, _, _) in enumerate(asked)}
    judged = {
        place: one for family in families.values() for place, one in judge_family(family, least).items()
    }

    findings = []
    for place, (claim, record, value) in enumerate(asked):
        said, why = judged[str(place)], record.doubts(claim.evidence)
        word = NOT_JUDGED if why else said.word
        needed, trainings = (None, None) if why else (said.users_needed, said.trainings_needed)
        findings.append(
            Finding(claim, record.dataset, record.budget, value, said.p, word, needed, trainings, why)
        )
    return findings


def tally(findings: Sequence[Finding]) -> dict[str, str]:
    """The ledger in two phrases: `datasets` with their budgets, and `summary`, the verdicts counted."""
    if not findings:
        return {"datasets": "no data set yet", "summary": "no chapter has been run."}
    said = [finding.verdict for finding in findings]
    words = {"holds": "hold", "does not hold": "do not hold", "undecided": "are undecided"}
    if NOT_JUDGED in said:
        words = {kind: word for kind, word in words.items() if kind in said} | {NOT_JUDGED: "are not judged"}
    counts = ", ".join(f"{said.count(kind)} {word}" for kind, word in words.items())
    return {
        "datasets": ", ".join(dict.fromkeys(f"{one.dataset} ({one.budget})" for one in findings)),
        "summary": f"of {len(findings)} claims tested, {counts}.",
    }


def as_html(findings: Sequence[Finding]) -> str:
    """What is not judged and why, then the matrix of all claims; its columns are data sets and budgets."""
    doubts = dict.fromkeys((one.dataset, one.budget, one.reservation) for one in findings if one.reservation)
    said = [f"<p>{escape(f'{dataset} ({budget}). {why}')}</p>" for dataset, budget, why in doubts]
    groups: dict[str, list[Line]] = {}
    for claim, group in groupby(findings, key=lambda finding: finding.claim):
        least = f"; least effect that counts: {claim.least}" if claim.least.amount else ""
        cells = {f"{one.dataset} ({one.budget})": Judged(one.verdict, _detail(one)) for one in group}
        lines = groups.setdefault(CHAPTERS[claim.chapter], [])
        lines.append(Line(claim.says, cells, f"The paper: {claim.published}{least}."))
    return "".join([*said, as_matrix(groups)])


def _detail(finding: Finding) -> str:
    """The number, its interval, the null that it was tested against, p, and what is missing."""
    value = finding.value
    told = [f"{value.value:.3f}"]
    if value.low is not None and value.high is not None:
        told.append(f"95 % interval {value.low:.3f} to {value.high:.3f}")
    if value.null is not None:
        told.append(f"null {value.null:.3f}")
    if finding.p is not None:
        told.append(f"p (Holm) {p_value(finding.p)}")
    if finding.trainings is not None:
        told.append(f"would need about {finding.trainings:,} trainings")
    elif finding.needed is not None:
        within = finding.needed <= REACHABLE * max(value.n, 1)
        told.append(f"would need n ≈ {finding.needed:,}" if within else "undecided at any n at hand")
    return ", ".join(told)
