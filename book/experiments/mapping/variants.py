"""Page 11's questions with one thing changed: the model that is mapped onto, or the encoder of the texts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from book.experiments.mapping.kept import (
    OTHER_SEEDS,
    SEED,
    hypothesis_of,
    rows_of,
    spent,
    table,
    with_readings,
)
from semcomp.evidence.decomposition.report import decompose
from semcomp.evidence.decomposition.settings import DecompositionSettings
from semcomp.evidence.mapping.probe import probe_all
from semcomp.evidence.mapping.task import ProbeSettings
from semcomp.study import Study

R2 = "r2_test_weighted"


@dataclass(frozen=True)
class Variant:
    """What is mapped onto, and which encoder reads the texts."""

    model: str = "LightGCN"
    encoder: str = "minilm"


VARIANTS = {
    "LightGCN, MiniLM": Variant(),
    "iALS, MiniLM": Variant(model="iALS"),
    "LightGCN, TF-IDF": Variant(encoder="tfidf"),
}


def variants_piece(study: Study) -> dict[str, Any]:
    """By name of `VARIANTS`."""
    return {
        name: measured(Study(study.data, study.budget_name, encoder=variant.encoder), variant.model)
        for name, variant in VARIANTS.items()
    }


def measured(study: Study, model: str) -> dict[str, Any]:
    """Of ridge from the raw text, the parts of text and model, and the hypothesis: what the page tells."""
    target, second, *others = (study.view(model, seed) for seed in (SEED, *OTHER_SEEDS))
    spend = spent(study)
    ridge = probe_all(
        study.text, target, study.split, ["ridge"], ceiling=second, settings=ProbeSettings(**spend)
    )
    parts = decompose(
        study.view("raw text", SEED),
        target,
        study.split,
        second=second,
        settings=DecompositionSettings(**spend),
    )
    tested = hypothesis_of(rows_of(study.text, study), target, study, [second, *others])
    return {
        "ridge": [row for row in table(ridge) if row["measure"] == R2],
        "parts": {"readings": with_readings(parts)["readings"]},
        "hypothesis": {key: tested[key] for key in ("verdict", "parts")},
    }
