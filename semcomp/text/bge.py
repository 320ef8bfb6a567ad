"""BGE-M3 through FlagEmbedding: dense rows for `embed`; sparse and multi-vector outputs within reach."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.checks import checked
from semcomp.data import Dataset
from semcomp.errors import SemcompError, unknown_name
from semcomp.text.encoder import Rows, Run
from semcomp.text.hub import WEIGHTS, ModelFiles, find_model
from semcomp.text.library import count_tokens, device, opening, precision, quietly
from semcomp.text.reading import read_texts
from semcomp.text.sentence import position_limit

HEADS = ("colbert_linear.pt", "sparse_linear.pt")
OUTPUTS = ("dense", "sparse", "multi")


@checked
@dataclass(frozen=True, eq=False)
class BgeOutputs:
    """What BGE-M3 says about n texts; None for what was not asked for.

    Attributes:
        dense: (n, D) float32 unit rows.
        sparse: (n, V) float32, a weight >= 0 for each token id of the vocabulary; the lexical score of two
            texts is the inner product of their rows.
        multi: n arrays (tokens − 1, D) float32 of unit rows, one per token after the first.
    """

    dense: NDArray[np.float32] | None
    sparse: sp.csr_array | None
    multi: tuple[NDArray[np.float32], ...] | None


@checked
@dataclass(frozen=True)
class BgeM3:
    """BGE-M3 (Chen et al. 2024, arXiv 2402.03216), or another model of its build.

    Attributes:
        model: a name on a hub, or a folder with the files of the model.
        revision: branch, tag or commit on the hub; the commit that was used is written down.
        max_tokens: cut texts to this many tokens, special ones included. FlagEmbedding's default; the
            published model reads up to 8192.
        name: how tables and errors call it.

    A folder without the two heads is refused: FlagEmbedding would go on with random ones.
    """

    model: str = "BAAI/bge-m3"
    revision: str | None = None
    max_tokens: int = 512
    name: str = "bge-m3"

    def __post_init__(self) -> None:
        if self.max_tokens < 3:
            raise SemcompError(f"max_tokens = {self.max_tokens} leaves no room for a text; give at least 3")

    def files(self) -> ModelFiles:
        """Where the files are; fetched if they are not here. Raises SemcompError as `find_model` does."""
        return find_model(self.model, self.revision, _lacks)

    def rows(self, data: Dataset, run: Run) -> Rows:
        """The dense vectors."""
        files = self.files()
        return read_texts(
            data,
            run,
            label=self.name,
            model=files.model,
            revision=files.revision,
            settings=(files.settings, self._limit(files.folder)),
            load=lambda: self.load(run, files),
        )

    def encode(
        self, texts: Sequence[str], outputs: Sequence[str] = ("dense",), *, run: Run | None = None
    ) -> BgeOutputs:
        """Any of the three outputs ("dense", "sparse", "multi") for some texts; nothing is cached.

        Raises SemcompError for an unknown output, for none, and for weights that are not there.
        """
        _check_outputs(outputs)
        with self.load(run) as model:
            return model.outputs(list(texts), outputs)

    @contextlib.contextmanager
    def load(self, run: Run | None = None, files: ModelFiles | None = None) -> Iterator[LoadedBge]:
        """The loaded model. FlagEmbedding is imported here because that takes seconds."""
        run, files = run or Run(), files or self.files()
        where = device()
        with quietly():
            from FlagEmbedding import BGEM3FlagModel
        with opening(files.folder):
            model = BGEM3FlagModel(str(files.folder), use_fp16=precision() == "float16", devices=where)
        yield LoadedBge(model, run.batch_on(where), self._limit(files.folder))

    def _limit(self, folder: Path) -> int:
        """`max_tokens`, or what the positions of the model allow if that is less."""
        return min(self.max_tokens, position_limit(folder) or self.max_tokens)


@dataclass(frozen=True, eq=False)
class LoadedBge:
    """A model in memory, with what `cached_rows` asks of it, and its other two outputs."""

    model: Any
    batch_size: int
    max_tokens: int

    KEYS: ClassVar[dict[str, str]] = {
        "dense": "return_dense",
        "sparse": "return_sparse",
        "multi": "return_colbert_vecs",
    }

    def tokens(self, texts: list[str]) -> NDArray[np.int64]:
        return count_tokens(self.model.tokenizer, texts)

    def rows(self, texts: list[str]) -> NDArray[np.float32]:
        return np.asarray(self._run(texts, ("dense",))["dense_vecs"], dtype=np.float32)

    def outputs(self, texts: list[str], which: Sequence[str]) -> BgeOutputs:
        """The outputs asked for, in the order of the texts."""
        _check_outputs(which)
        width = int(self.model.model.model.config.hidden_size)
        if not texts:
            none = np.zeros((0, width), np.float32)
            made: dict[str, Any] = {"dense_vecs": none, "lexical_weights": [], "colbert_vecs": []}
        else:
            made = self._run(texts, which)
        dense = np.asarray(made["dense_vecs"], np.float32) if "dense" in which else None
        sparse = self._matrix(made["lexical_weights"]) if "sparse" in which else None
        multi = tuple(np.asarray(v, np.float32) for v in made["colbert_vecs"]) if "multi" in which else None
        return BgeOutputs(dense, sparse, multi)

    def _run(self, texts: list[str], which: Sequence[str]) -> dict[str, Any]:
        flags = {key: output in which for output, key in self.KEYS.items()}
        with quietly():
            made = self.model.encode(texts, batch_size=self.batch_size, max_length=self.max_tokens, **flags)
        return dict(made)

    def _matrix(self, weights: list[dict[str, float]]) -> sp.csr_array:
        """Weights by token id as a sparse matrix."""
        column = [int(token) for row in weights for token in row]
        value = [float(weight) for row in weights for weight in row.values()]
        bounds = np.concatenate([[0], np.cumsum([len(row) for row in weights])])
        shape = (len(weights), int(self.model.model.model.config.vocab_size))
        matrix = sp.csr_array((np.array(value, np.float32), np.array(column, np.int64), bounds), shape=shape)
        matrix.sort_indices()
        return matrix


def _check_outputs(outputs: Sequence[str]) -> None:
    for output in outputs:
        if output not in OUTPUTS:
            raise unknown_name("BGE-M3 output", output, OUTPUTS)
    if not outputs:
        raise SemcompError(f"no output of BGE-M3 asked for; name at least one of {', '.join(OUTPUTS)}")


def _lacks(folder: Path) -> list[str]:
    missing = [name for name in ("config.json", *HEADS) if not (folder / name).is_file()]
    if not any((folder / name).is_file() for name in ("tokenizer.json", "sentencepiece.bpe.model")):
        missing.append("a tokenizer (tokenizer.json)")
    if not any(path.suffix in WEIGHTS and path.name not in HEADS for path in folder.iterdir()):
        missing.append("weights (model.safetensors or pytorch_model.bin)")
    return missing
