"""Manners for the model libraries: what they run on, and their bars and notices kept off the screen."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomp.errors import SemcompError


def device() -> str:
    """Where models run: the first GPU if there is one, else the CPU."""
    import torch

    return "cuda:0" if torch.cuda.is_available() else "cpu"


def precision() -> str:
    """The kind of number models compute with here: half precision on a GPU."""
    return "float32" if device() == "cpu" else "float16"


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Inside, no library writes to stderr: no bars, warnings or log lines. Exceptions pass.

    Some bars cannot be switched off by an argument, and log handlers keep the stream they were made with;
    so stderr is turned away and logging below errors is disabled. Both are as before afterwards.
    """
    before = logging.root.manager.disable
    logging.disable(max(before, logging.WARNING))
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextlib.contextmanager
def opening(folder: Path) -> Iterator[None]:
    """Wrap what loads a model from a folder: quietly, and every failure as one SemcompError that names it."""
    with quietly():
        try:
            yield
        except Exception as error:  # the libraries read many kinds of files, each failing in its own way
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise SemcompError(
                f"the model in {folder} cannot be loaded ({reason}); is it complete?"
            ) from error


def count_tokens(tokenizer: Any, texts: list[str]) -> NDArray[np.int64]:
    """(n,) tokens of each text by a tokenizer of transformers, special ones included, nothing cut off."""
    with quietly():
        found = tokenizer(texts, truncation=False, return_attention_mask=False, return_token_type_ids=False)
    return np.array([len(ids) for ids in found["input_ids"]], dtype=np.int64)
