"""Texts a second by `embed` and by calling the library directly, on the same texts.

    python benchmarks/encoders.py [--data NAME ...] [--texts N] [--out benchmarks/results/encoders-NAME.json]

Both sides load the model and encode; `embed` also counts tokens, hashes and writes its cache, which is
empty every time. They take turns, so that whatever else the machine does falls on both. "embed to library" is
the median over the turns of the ratio of throughputs: by the clock, and by the processor time of all threads,
which other work on the machine disturbs less. Afterwards: the same call when everything is cached, and TF-IDF
with truncated SVD.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import torch
from sentence_transformers import SentenceTransformer, __version__
from timing import reported

from semcomp.api import load_dataset
from semcomp.data import Dataset
from semcomp.text import TfidfSvd, embed, minilm
from semcomp.text.library import device, quietly


def shortened(data: Dataset, texts: int) -> Dataset:
    """The first items of a data set, each with one interaction."""
    n = min(texts, data.n_items)
    rows = np.arange(n, dtype=np.int32)
    items = data.items.head(n) if data.items.width else pl.DataFrame({"item_id": data.item_ids[:n]})
    return Dataset(
        name=data.name,
        user_ids=np.array(["u"]),
        item_ids=data.item_ids[:n],
        user=np.zeros(n, np.int32),
        item=rows,
        items=items,
        texts=data.texts[:n],
        template=data.template,
    )


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """By the clock, and of the processors."""
    clock, processors = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - clock, time.process_time() - processors


def directly(texts: list[str]) -> None:
    with quietly():
        model = SentenceTransformer(str(minilm().files().folder), device=device(), local_files_only=True)
        model.encode(texts, show_progress_bar=False)


def afresh(data: Dataset, **options: int) -> Callable[[], object]:
    def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["SEMCOMP_CACHE"] = folder
            embed(data, "minilm", progress=False, **options)

    return run


def ratio(turns: list[tuple[tuple[float, float], tuple[float, float]]], which: int) -> float:
    return round(statistics.median(library[which] / ours[which] for library, ours in turns), 3)


def measure(data: Dataset, repeats: int) -> dict[str, object]:
    texts = list(data.texts)
    directly(texts[:64])  # imports and first allocations
    turns = [(seconds(lambda: directly(texts)), seconds(afresh(data))) for _ in range(repeats)]
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SEMCOMP_CACHE"] = folder
        embed(data, "minilm", progress=False)
        again, _ = seconds(lambda: embed(data, "minilm", progress=False))
    embed(data, TfidfSvd(dim=8), progress=False)
    tfidf, _ = seconds(lambda: embed(data, "tfidf", progress=False))
    n = len(texts)
    return {
        "texts": n,
        "distinct": len(set(texts)),
        "words per text": round(statistics.mean(len(text.split()) for text in texts), 1),
        "texts a second, library": [round(n / library[0]) for library, _ in turns],
        "texts a second, embed": [round(n / ours[0]) for _, ours in turns],
        "embed to library, clock": ratio(turns, 0),
        "embed to library, processors": ratio(turns, 1),
        "seconds, embed when cached": round(again, 3),
        "texts a second, tfidf": round(n / tfidf),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", nargs="+", default=["ml-100k"])
    parser.add_argument("--texts", type=int, default=3000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    where = platform.machine() if device() == "cpu" else torch.cuda.get_device_name()
    sets = [load_dataset(name) for name in options.data]
    report = {
        "date": date.today().isoformat(),
        "device": where,
        "threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "sentence-transformers": __version__,
        "python": platform.python_version(),
        "model": "all-MiniLM-L6-v2",
        "results": {data.name: measure(shortened(data, options.texts), options.repeats) for data in sets},
    }
    reported(report, options.out)


if __name__ == "__main__":
    main()
