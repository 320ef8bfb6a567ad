"""What a decomposition says, in statements, each with its verdict."""

from __future__ import annotations

from semcomp.checks import checked
from semcomp.core.evidence import Evidence, Value
from semcomp.evidence.statistics.least import EXPLAINED, RECALL
from semcomp.evidence.statistics.verdicts import Statement, Verdict, by_itself, decide, over_null


def adds(value: Value) -> Value:
    """For "it adds": more than zero, and more than shuffled rows where they add more than zero."""
    return over_null(value) if value.null is not None and value.null > 0 else by_itself(value)


STATEMENTS = (
    Statement(
        "some direction of the views correlates more than in shuffled items",
        "correlation.top",
        over_null,
        True,
        "items",
    ),
    Statement(
        "a second seed predicts some of the collaborative private part",
        "reliable.collaborative.private",
        over_null,
        True,
        "items",
        EXPLAINED,
    ),
    Statement(
        "the collaborative private part ranks better than chance",
        "recall.collaborative.private",
        over_null,
        True,
        least=RECALL,
    ),
    Statement(
        "the semantic private part ranks better than chance",
        "recall.semantic.private",
        over_null,
        True,
        least=RECALL,
    ),
    Statement(
        "the collaborative private part ranks better than chance beyond the average user",
        "recall.collaborative.private_personal",
        over_null,
        True,
        least=RECALL,
    ),
    Statement(
        "the semantic private part ranks better than chance beyond the average user",
        "recall.semantic.private_personal",
        over_null,
        True,
        least=RECALL,
    ),
    Statement(
        "the collaborative private part adds to the collaborative joint part",
        "marginal_recall.collaborative.joint_with_private",
        adds,
        least=RECALL,
    ),
    Statement(
        "the semantic private part adds to the semantic joint part",
        "marginal_recall.semantic.joint_with_private",
        adds,
        least=RECALL,
    ),
    Statement(
        "the semantic view adds to the collaborative view",
        "marginal_recall.collaborative.with_semantic",
        adds,
        least=RECALL,
    ),
    Statement(
        "the semantic private part adds to the collaborative view",
        "marginal_recall.collaborative.with_semantic_private",
        adds,
        least=RECALL,
    ),
    Statement(
        "the collaborative private part adds to the semantic view",
        "marginal_recall.semantic.with_collaborative_private",
        adds,
        least=RECALL,
    ),
    Statement(
        "both private parts add to the shared part",
        "marginal_recall.semantic.joint_with_both_privates",
        adds,
        least=RECALL,
    ),
)


@checked
def read_decomposition(evidence: Evidence) -> dict[Statement, Verdict]:
    """Verdicts on what this decomposition can decide, as one family: p-values adjusted by Holm.

    Each is about its least effect (`Statement.least`): a recall counts above 0.001, an R² above 0.01.

    A statement about an undefined value (no such part, no second seed, no split) is omitted, and so is one
    about a null where there is none. "Would need about" counts items for shares and reliability, and users
    for recalls.
    """
    return decide(STATEMENTS, evidence)
