"""The language model's tokens: a row for each, and one line where the reader of its file is missing."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from semcomp.errors import SemcompError
from semcomp.text import language_model
from semcomp.tokens import RQVAE, TokenSpace, language, token_table


def test_codes_can_be_read_as_tokens(monkeypatch):
    table = torch.nn.Embedding(60, 6)
    words = SimpleNamespace(convert_ids_to_tokens=lambda ids: [f"word{at}" for at in ids])
    model = SimpleNamespace(get_input_embeddings=lambda: table)
    monkeypatch.setattr(language, "read_weights", lambda: (words, model))
    names, rows = token_table()
    assert rows.shape == (60, 6)
    x = np.random.default_rng(0).normal(size=(100, 6))
    made = RQVAE(levels=2, size=8, dim=6, hidden=(), epochs=4, tokens=TokenSpace()).fit(x, table=rows)
    code = made.codes.codes[0]
    assert [names[tied[k]] for tied, k in zip(made.tied, code, strict=True)] == [
        f"word{made.tied[0][code[0]]}",
        f"word{made.tied[1][code[1]]}",
    ]


def test_without_the_reader_of_the_file_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(language_model, "find_spec", lambda name: None)
    with pytest.raises(SemcompError, match="gguf"):
        token_table()
