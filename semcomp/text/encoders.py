"""Item text to vectors: `embed`, and what its encoder argument may be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import as_matrix
from semcomp.data import Dataset
from semcomp.data.item_text import text_digest
from semcomp.errors import SemcompError, unknown_name
from semcomp.storage import digest
from semcomp.text.bge import HEADS, BgeM3
from semcomp.text.encoder import Encoder, Run
from semcomp.text.language_model import LanguageModel
from semcomp.text.precomputed import OwnVectors, Precomputed
from semcomp.text.sentence import SentenceModel, minilm
from semcomp.text.tfidf import TfidfSvd
from semcomp.text.vector_files import SUFFIXES

ENCODERS: dict[str, Callable[[], Encoder]] = {
    "bge-m3": BgeM3,
    "minilm": minilm,
    "own": OwnVectors,
    "smollm2": LanguageModel,
    "tfidf": TfidfSvd,
}


@checked
def embed(
    data: Dataset,
    encoder: str | Path | Encoder = "auto",
    *,
    batch_size: int | None = None,
    processes: int | None = None,
    progress: bool = True,
) -> TextMatrix:
    """One vector per item, (I, D) float32, rows in the order of `data.item_ids`.

    Args:
        encoder: one of
            - "minilm": the packaged all-MiniLM-L6-v2, 384-d, at most 256 tokens, no network;
            - "bge-m3": BGE-M3 through FlagEmbedding, 1024-d; its weights come from a hub;
            - "smollm2": hidden states of a small language model, 576-d; weights from the package index;
            - "tfidf": TF-IDF and truncated SVD, the plain baseline;
            - "own": the vectors that come with the data;
            - "auto": "own" where there are any, else "minilm";
            - the path of a folder with a sentence-transformers or a BGE-M3 model;
            - the path of a file of vectors (.npy, .npz, .parquet, .csv), joined by item id;
            - a hub name "organisation/model" of a sentence-transformers model;
            - an encoder object with settings of its own, e.g. `TfidfSvd(dim=128)`.
        batch_size: texts that a model reads at a time; changes only the last bits of a vector. None: 32 on a
            CPU, 256 on a GPU.
        processes: workers on the CPU, for sentence-transformers models; None: see `sentence.PROCESSES`.
        progress: show a bar on stderr if that is a terminal.

    A text of white space alone is not encoded: its row is zero, and `provenance["empty"]` counts such items.
    A text with more tokens than the model reads is cut at the end; `provenance["truncated"]` counts them.
    Rows are normalised only where the model itself does it. What a model computed is kept by content (model,
    revision, template, texts and whatever else changes the numbers); an interrupted run is
    resumed. On a GPU models run in half precision (the language model
    does not), on a CPU in float32.

    The matrix carries `dataset`, `data` (its fingerprint), `encoder`, `model`, `revision`, `template`, `dim`,
    `empty`, `sha256` (of the rows), `ids` (of the item ids, in order) and `texts` (of the pairs of id and
    text), and what the encoder adds.

    Raises SemcompError for an unknown encoder, weights that are not there, ids that do not match, a data set
    without any text, and settings out of range; all before any long work.

    >>> sc.embed(data).matrix.shape
    (200, 6)
    """
    run = Run(batch_size, processes, progress)
    chosen = resolve(encoder, data)
    made = chosen.rows(data, run)
    matrix = as_matrix(made.matrix, f"what encoder {chosen.name!r} made")
    provenance = {
        "dataset": data.name,
        "data": data.fingerprint,
        "encoder": chosen.name,
        "model": made.model,
        "revision": made.revision,
        "template": data.template,
        "dim": int(matrix.shape[1]),
        "empty": sum(not text.strip() for text in data.texts),
        "sha256": digest(matrix),
        "ids": digest(data.item_ids.tolist()),
        "texts": text_digest(data.item_ids.tolist(), data.texts),
        **made.facts,
    }
    return TextMatrix(data.item_ids, matrix, provenance)


@checked
def resolve(encoder: str | Path | Encoder, data: Dataset) -> Encoder:
    """The encoder that a name, a path or an object stands for; nothing is loaded yet.

    A name of `ENCODERS` comes first, then an existing path, then a hub name, which has exactly one "/".
    """
    if not isinstance(encoder, str | Path):
        return encoder
    text = str(encoder).strip()
    if text == "auto":
        text = "minilm" if data.vectors is None else "own"
    if text in ENCODERS:
        return ENCODERS[text]()
    path = Path(text).expanduser()
    if text and path.is_dir():
        return BgeM3(text) if any((path / head).exists() for head in HEADS) else SentenceModel(text)
    if path.suffix in SUFFIXES:
        return Precomputed(path)
    if text.startswith((".", "~", "/")) or isinstance(encoder, Path):
        raise SemcompError(f"there is no folder or file {text} to take an encoder from; check the path")
    if text == BgeM3.model:
        return BgeM3()
    if text.count("/") == 1 and all(text.split("/")):
        return SentenceModel(text)
    raise unknown_name("encoder", text, {"auto", *ENCODERS})
