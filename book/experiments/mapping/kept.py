"""What is kept of the measurements of page 11, and what all of its pieces share."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from semcomp.core.evidence import Evidence
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.evidence.decomposition.readings import read_decomposition
from semcomp.evidence.hypothesis.alignment import alignment_hypothesis
from semcomp.study import Study

SEED, OTHER_SEEDS = 0, (1, 2)
USERS = 4000  # that are ranked, at most
MEASURES = (
    "r2_train",
    "r2_train_weighted",
    "r2_test",
    "r2_test_weighted",
    "r2_of_seed",
    "reliability",
    "reliability_weighted",
    "r2_of_reliable",
    "r2_of_reliable_weighted",
    "cosine",
    "cosine_centred",
    "neighbour_jaccard",
    "neighbour_jaccard_chance",
    "spearman",
    "recall_true",
    "recall_mapped",
    "recall_mapped_rescaled",
    "recall_mapped_heldout",
    "recall_mapped_heldout_rescaled",
    "drop_percent",
    "drop_percent_rescaled",
    "list_jaccard",
)
Rows = list[dict[str, Any]]


def rows_of(source: TextMatrix | View, study: Study) -> Any:
    return source.items if isinstance(source, View) else source.rows_for(study.split.item_ids)


def spent(study: Study) -> dict[str, Any]:
    """What rankings and intervals may cost."""
    return {"resamples": study.budget.resamples, "max_users": USERS}


def hypothesis_of(rows: Any, target: View, study: Study, seeds: Sequence[View]) -> dict[str, Any]:
    """The alignment hypothesis of a source, with the path from own to mapped vectors."""
    tested = alignment_hypothesis(rows, target, study.split, seeds=seeds, resamples=study.budget.resamples)
    return bare(tested.evidence()) | {
        "verdict": tested.verdict,
        "parts": json.loads(tested.frame().to_json(orient="index", double_precision=6)),
        "path": json.loads(tested.path.to_json(orient="records", double_precision=6)),
    }


def with_readings(evidence: Evidence) -> dict[str, Any]:
    """A decomposition with its statements in words."""
    said = {one.says: str(verdict) for one, verdict in read_decomposition(evidence).items()}
    return bare(evidence) | {"readings": said}


def bare(evidence: Evidence) -> dict[str, Any]:
    return evidence.to_dict(table=False)


def table(frame: pd.DataFrame) -> Rows:
    """The rows of the page's measures, floats to six digits."""
    kept = frame[frame["measure"].isin(MEASURES)]
    rows: Rows = json.loads(kept.to_json(orient="records", double_precision=6))
    return rows
