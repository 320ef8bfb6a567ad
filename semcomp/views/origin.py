"""What a view that is computed, not trained, says of its origin."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.kernels.random import whole_seed


def origin(
    model: Any, split: Split, seed: int, text: TextMatrix | None = None, **more: object
) -> dict[str, Any]:
    """Model, configuration, seed, split, the text's provenance where one was read, and what else is told."""
    config = {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(model).items()}
    told = {
        "model": type(model).__name__,
        "config": config,
        "seed": whole_seed(seed),
        "split": split.fingerprint,
    }
    return {**told, **({} if text is None else {"text": dict(text.provenance)}), **more}
