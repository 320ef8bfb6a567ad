"""Checkpoints of a few kilobytes, built on the spot, and a data set that is nothing but texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from semcomp.data import Dataset
from semcomp.text.library import quietly

TEXTS = ("Toy Story (1995). Animation", "Fargo (1996). Crime, Drama", "Toy Story (1995). Animation", "Heat")
POSITIONS = 64  # tokens that the tiny models can read, special ones included


def dataset(
    texts: Sequence[str] = TEXTS, vectors: np.ndarray | None = None, ids: Sequence[str] = ()
) -> Dataset:
    """One user who interacted with the first of these items."""
    item_ids = np.array(list(ids) or [f"i{i}" for i in range(len(texts))])
    return Dataset(
        name="d",
        user_ids=np.array(["u"]),
        item_ids=item_ids,
        user=np.zeros(1, np.int32),
        item=np.zeros(1, np.int32),
        items=pl.DataFrame({"item_id": item_ids}),
        texts=tuple(texts),
        template="{title}",
        vectors=vectors,
    )


def tiny_bge(folder: Path) -> Path:
    """A model of BGE-M3's build: two layers of an XLM-R with 32 dimensions, and the two heads."""
    from tokenizers import Tokenizer, models, pre_tokenizers, trainers
    from transformers import XLMRobertaConfig, XLMRobertaModel, XLMRobertaTokenizer

    trained = Tokenizer(models.Unigram())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    trainer = trainers.UnigramTrainer(
        vocab_size=200, special_tokens=special, unk_token="<unk>", show_progress=False
    )
    trained.train_from_iterator([*TEXTS, "abcdefghijklmnopqrstuvwxyz"] * 3, trainer)
    vocabulary = json.loads(trained.to_str())["model"]["vocab"]
    with quietly(), torch.random.fork_rng():
        torch.manual_seed(0)
        tokenizer = XLMRobertaTokenizer(vocab=[tuple(entry) for entry in vocabulary])
        tokenizer.save_pretrained(folder)
        config = XLMRobertaConfig(
            vocab_size=len(tokenizer),
            hidden_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=POSITIONS + 2,
            type_vocab_size=1,
        )
        XLMRobertaModel(config).save_pretrained(folder)
        torch.save(torch.nn.Linear(32, 32).state_dict(), folder / "colbert_linear.pt")
        torch.save(torch.nn.Linear(32, 1).state_dict(), folder / "sparse_linear.pt")
    return folder


def tiny_sentence_model(folder: Path) -> Path:
    """The same transformer as a sentence-transformers model: mean over the tokens, not normalised."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    body = tiny_bge(folder / "body")
    with quietly():
        transformer = Transformer(str(body), max_seq_length=POSITIONS)
        pooling = Pooling(32, pooling_mode="mean")
        SentenceTransformer(modules=[transformer, pooling], device="cpu").save(str(folder / "model"))
    return folder / "model"


def tiny_language_model() -> tuple[Any, Any]:
    """A tokenizer of letters, and a Llama of 30 layers with 8 dimensions and a head over its vocabulary."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    letters = {chr(code): code - 31 for code in range(32, 127)}
    tokenizer = Tokenizer(models.WordLevel({"?": 0, **letters}, unk_token="?"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    config = LlamaConfig(
        vocab_size=96,
        hidden_size=8,
        num_hidden_layers=30,
        num_attention_heads=2,
        num_key_value_heads=1,
        intermediate_size=16,
        initializer_range=0.3,
    )
    with quietly(), torch.random.fork_rng():
        torch.manual_seed(0)
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer), LlamaForCausalLM(config).eval()


def in_hub_cache(model: Path, cache: Path, name: str, commit: str) -> None:
    """Lay the files of a model out as the hub's own cache does, as the state of its main branch."""
    place = cache / f"models--{name.replace('/', '--')}"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(commit)
    (place / "snapshots").mkdir()
    (place / "snapshots" / commit).symlink_to(model, target_is_directory=True)
