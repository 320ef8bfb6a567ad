"""What a decomposition says, in sentences, each with its verdict."""

from __future__ import annotations

from semcomp.core.evidence import Evidence, Value
from semcomp.evidence.complementarity.readings import Reading, Sentence, read_sentences
from semcomp.evidence.statistics.effects import by_itself


def _over_null(value: Value) -> Value:
    return value


SENTENCES = (
    Sentence(
        "the views share more variance than shuffled items do",
        "share.collaborative.shared_least",
        _over_null,
        True,
        "items",
    ),
    Sentence(
        "a second seed predicts some of the collaborative private part",
        "reliable.collaborative.private",
        _over_null,
        True,
        "items",
    ),
    Sentence(
        "the collaborative private part ranks better than chance",
        "recall.collaborative.private",
        _over_null,
        True,
    ),
    Sentence(
        "the semantic private part ranks better than chance", "recall.semantic.private", _over_null, True
    ),
    Sentence(
        "the collaborative private part ranks better than chance beyond the average user",
        "recall.collaborative.private_personal",
        _over_null,
        True,
    ),
    Sentence(
        "the semantic private part ranks better than chance beyond the average user",
        "recall.semantic.private_personal",
        _over_null,
        True,
    ),
    Sentence(
        "the collaborative private part adds to the collaborative joint part",
        "adds.collaborative.joint_with_private",
        by_itself,
    ),
    Sentence(
        "the semantic private part adds to the semantic joint part",
        "adds.semantic.joint_with_private",
        by_itself,
    ),
    Sentence(
        "the semantic private part adds to the collaborative view",
        "adds.collaborative.with_semantic_private",
        by_itself,
    ),
    Sentence(
        "the collaborative private part adds to the semantic view",
        "adds.semantic.with_collaborative_private",
        by_itself,
    ),
    Sentence(
        "both private parts add to the shared part", "adds.semantic.joint_with_both_privates", by_itself
    ),
)


def read_decomposition(evidence: Evidence) -> list[Reading]:
    """The sentences that this decomposition can decide, judged as one family: p-values adjusted by Holm.

    A sentence whose value does not exist (no such part, no second seed, no split) is left out, and so is one
    about a null where there is none. "Would need about" counts items for shares and reliability, and users
    for recalls.
    """
    return read_sentences(SENTENCES, evidence)
