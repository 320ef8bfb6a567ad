"""The tokens of the language model that is at hand, as a table for `TokenSpace`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from semcomp.text.language_model import read_weights


def token_table() -> tuple[list[str], NDArray[np.float32]]:
    """The tokens of SmolLM2-135M-Instruct, and the (49,152, 576) rows that it reads for them.

    The file is fetched if it is not here, 93 MB, as by the encoder "smollm2"; the package gguf reads it (the
    extra `llm`).

    Raises:
        SemcompError: gguf is not installed, or the file is not here and cannot be fetched.
    """
    tokenizer, body = read_weights()
    rows = body.get_input_embeddings().weight.detach().float().numpy()
    return list(tokenizer.convert_ids_to_tokens(range(len(rows)))), rows
