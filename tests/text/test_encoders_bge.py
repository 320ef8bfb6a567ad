"""BGE-M3 through FlagEmbedding, for real, on a checkpoint of a few kilobytes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_models import POSITIONS, TEXTS, dataset, tiny_bge

from semcomp.errors import SemcompError
from semcomp.text import BgeM3, embed
from semcomp.text.library import quietly


@pytest.fixture(autouse=True)
def _own_cache(cache):
    return cache


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    return tiny_bge(tmp_path_factory.mktemp("bge"))


def by_hand(folder: Path, texts: list[str]) -> dict[str, np.ndarray]:
    """Last hidden states of the texts, and what the two heads make of them, with nothing but transformers."""
    from transformers import AutoModel, AutoTokenizer

    with quietly(), torch.no_grad():
        tokens = AutoTokenizer.from_pretrained(folder)(texts, padding=True, return_tensors="pt")
        hidden = AutoModel.from_pretrained(folder).eval()(**tokens).last_hidden_state
        heads = {head: torch.load(folder / f"{head}_linear.pt") for head in ("colbert", "sparse")}
        multi = hidden[:, 1:] @ heads["colbert"]["weight"].T + heads["colbert"]["bias"]
        weights = torch.relu(hidden @ heads["sparse"]["weight"].T + heads["sparse"]["bias"])[..., 0]
    return {
        "ids": tokens["input_ids"].numpy(),
        "mask": tokens["attention_mask"].numpy(),
        "cls": hidden[:, 0].numpy(),
        "multi": multi.numpy(),
        "weights": weights.numpy(),
    }


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def test_dense_is_the_normalised_first_token_of_the_transformer(folder, capfd):
    text = embed(dataset(), BgeM3(str(folder)))
    assert capfd.readouterr() == ("", "")
    np.testing.assert_allclose(text.matrix, unit(by_hand(folder, list(TEXTS))["cls"]), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(text.matrix, axis=1), 1, atol=1e-6)
    assert np.array_equal(text.matrix[0], text.matrix[2])  # the same text
    assert (text.provenance["encoder"], text.provenance["max_tokens"]) == ("bge-m3", POSITIONS)
    assert embed(dataset(), str(folder)).matrix.tobytes() == text.matrix.tobytes()  # known by its heads


def test_sparse_weights_are_the_highest_of_each_token(folder):
    texts = list(TEXTS)
    found = BgeM3(str(folder)).encode(texts, ("sparse",))
    assert found.dense is None
    assert found.multi is None
    expected = np.zeros(found.sparse.shape, np.float32)
    hand = by_hand(folder, texts)
    for row, (ids, weights) in enumerate(zip(hand["ids"], hand["weights"], strict=True)):
        for token, weight in zip(ids, weights, strict=True):
            if token > 3:  # the first four ids are start, padding, end and unknown
                expected[row, token] = max(expected[row, token], weight)
    np.testing.assert_allclose(found.sparse.toarray(), expected, atol=1e-5)
    assert found.sparse.nnz > 0


def test_multi_vectors_are_one_unit_row_a_token_behind_the_first(folder):
    texts = list(TEXTS)
    found = BgeM3(str(folder)).encode(texts, ("dense", "multi"))
    assert found.dense.shape == (4, 32)
    hand = by_hand(folder, texts)
    for vectors, rows, mask in zip(found.multi, hand["multi"], hand["mask"], strict=True):
        np.testing.assert_allclose(vectors, unit(rows[: mask.sum() - 1]), atol=1e-5)


def test_no_texts_give_empty_outputs(folder):
    found = BgeM3(str(folder)).encode([], ("dense", "sparse", "multi"))
    assert (found.dense.shape, found.sparse.shape[0], found.multi) == ((0, 32), 0, ())


def test_texts_beyond_the_limit_are_cut_and_counted(folder):
    long = "a b c d e f g h " * 20
    text = embed(dataset(("Heat", long, long + "tail")), BgeM3(str(folder)))
    assert text.provenance["truncated"] == 2
    assert np.array_equal(text.matrix[1], text.matrix[2])  # they differ behind the limit only
    limit = int(by_hand(folder, ["Heat"])["mask"].sum())
    short = embed(dataset(("Heat", "Heat a b c d e f")), BgeM3(str(folder), max_tokens=limit))
    assert (short.provenance["max_tokens"], short.provenance["truncated"]) == (limit, 1)


@pytest.mark.parametrize(
    "gone", ["colbert_linear.pt", "sparse_linear.pt", "config.json", "model.safetensors", "tokenizer.json"]
)
def test_a_folder_that_lacks_a_file_is_refused_before_loading(folder, tmp_path, monkeypatch, gone):
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / gone).unlink()
    monkeypatch.setattr(BgeM3, "load", None)  # nothing gets that far
    with pytest.raises(SemcompError, match=rf"broken lacks .*{gone.split('.')[0]}"):
        embed(dataset(), BgeM3(str(broken)))


def test_a_damaged_checkpoint_is_one_clear_error(folder, tmp_path):
    broken = tmp_path / "broken"
    shutil.copytree(folder, broken)
    (broken / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(SemcompError, match=r"broken cannot be loaded \(.+\); is it complete\?") as error:
        embed(dataset(), BgeM3(str(broken)))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (("dens",), r"unknown BGE-M3 output 'dens'; did you mean 'dense'\?"),
        ((), "no output of BGE-M3 asked for"),
    ],
)
def test_bad_outputs(folder, outputs, message):
    with pytest.raises(SemcompError, match=message):
        BgeM3(str(folder)).encode(["a"], outputs)


def test_a_limit_without_room_is_refused():
    with pytest.raises(SemcompError, match="max_tokens = 2 leaves no room"):
        BgeM3(max_tokens=2)
