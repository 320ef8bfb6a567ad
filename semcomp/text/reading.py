"""From a data set's texts to rows by a model that reads one text at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from semcomp.data import Dataset
from semcomp.errors import SemcompError
from semcomp.text.cache import Model, cached_rows
from semcomp.text.encoder import Rows, Run
from semcomp.text.library import precision


def read_texts(
    data: Dataset,
    run: Run,
    *,
    label: str,
    model: str,
    revision: str,
    settings: Sequence[Any],
    load: Callable[[], AbstractContextManager[Model]],
    numbers: str | None = None,
) -> Rows:
    """One row per item; zero for a text of white space alone.

    Args:
        settings: what changes the numbers besides model, revision, template and precision: limits, prompts …
        numbers: the kind that the model computes with, if that is not `precision()` everywhere.
    """
    empty = np.array([not text.strip() for text in data.texts])
    if empty.all():
        raise SemcompError(
            f"no item of {data.name!r} has a text to encode; use another template, or encoder 'own'"
        )
    numbers = numbers or precision()
    kept = cached_rows(
        [text for text in data.texts if text.strip()],
        (model, revision, data.template, numbers, list(settings)),
        load,
        progress=run.progress,
        label=label,
    )
    rows = kept.rows
    if empty.any():
        rows = np.zeros((len(empty), kept.rows.shape[1]), dtype=np.float32)
        rows[~empty] = kept.rows
    cut = int(kept.truncated.sum())
    facts = {"truncated": cut, "max_tokens": kept.max_tokens, "precision": numbers}
    return Rows(rows, model, revision, facts)
