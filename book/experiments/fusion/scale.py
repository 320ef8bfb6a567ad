"""What a closed form of low rank gives up, and what it costs, beside the exact one and on large catalogues.

    python -m book.experiments.fusion.scale [--data NAME ...] [--items 10000 100000 1000000] [--out FILE]

On data sets: CEASE and EDLAE, and `LowRankEASE` with the options of either at several widths; options are
those of `semcomp tune`. On synthetic catalogues, of as many users as items with ten random pairs each, only
the cost is measured. Seconds are of the processor, on one core, and memory is the most that arrays of the fit
take at once. A line is kept as soon as it is measured, and not measured again unless its settings, data or
code have changed.
"""

from __future__ import annotations

import argparse
import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp

from book.experiments.datasets import origin
from book.experiments.matched.measure import USUAL, study_of
from book.experiments.resumed import line_by_line, say, written
from semcomp.core.inputs import Inputs, Model
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.storage import digest
from semcomp.study.code import code_digest, modules_of
from semcomp.study.settings import settings_for
from semcomp.views.joint.low_rank_ease import LowRankEASE
from semcomp.views.training import described, validation_ndcg

KEPT = Path(__file__).resolve().parent / "scale.json"
DATA = ("ml-100k", "movies", "beauty")
ITEMS = (10_000, 100_000, 1_000_000)
DIMS = (128, 256, 512, 1024)
EXACT = ("CEASE", "EDLAE")
SMALL_DIM, COLUMNS, PAIRS = 32, 64, 10  # of synthetic catalogues: width, columns of text, pairs of a user
K = 20


def models(dataset: str, split: Split) -> Iterator[tuple[str, Model, str]]:
    """Each closed form with its name and the origin of its options, the cheap ones first."""
    for name in EXACT:
        model, where = settings_for(dataset, split, name)
        weight = getattr(model, "weight", 0.0)
        for dim in DIMS:
            low = LowRankEASE(dim, model.regularization, model.dropout, weight)
            yield f"{name}, rank {dim}", low, where
        yield name, model, where


def synthetic(items: int) -> Inputs:
    """As many users as items, ten random pairs for each, and a random text."""
    draw = np.random.default_rng(0)
    columns = draw.integers(items, size=PAIRS * items)
    rows = np.repeat(np.arange(items), PAIRS)
    train = sp.csr_array((np.ones(len(rows), np.float32), (rows, columns)), shape=(items, items))
    train.sum_duplicates()
    train.data[:] = 1
    none = sp.csr_array((items, items), dtype=np.float32)
    ids = np.char.mod("%07d", np.arange(items))
    split = Split(ids, ids, train, none, none, {"data": f"{items} random items"})
    return Inputs(split, TextMatrix(ids, draw.standard_normal((items, COLUMNS), np.float32)))


def fitted(model: Model, inputs: Inputs) -> tuple[Any, dict[str, Any]]:
    """The scorer, and what it cost."""
    tracemalloc.start()
    began = time.process_time()
    scorer = model.fit(inputs)
    cost = {
        "seconds": round(time.process_time() - began, 2),
        "peak bytes": tracemalloc.get_traced_memory()[1],
    }
    tracemalloc.stop()
    return scorer, cost


def measured(model: Model, inputs: Inputs) -> dict[str, Any]:
    """Cost, and NDCG@20 and Recall@20 on both parts where the split has them."""
    split = inputs.split
    scorer, found = fitted(model, inputs)
    if split.test.nnz:
        of_users = per_user(rank(scorer, split, K), split.test, K)
        found["valid ndcg@20"] = validation_ndcg(scorer, split)
        found |= {f"test {name}@20": float(of_users[name].mean()) for name in ("ndcg", "recall")}
    return found


def tasks(data: list[str], items: list[int]) -> Iterator[tuple[dict[str, Any], Model, Inputs]]:
    """Each line without its numbers, the model, and what it is fitted to."""
    for dataset in data:
        study = study_of(dataset, USUAL)
        for name, model, where in models(study.data.name, study.split):
            yield {"data": dataset, "row": name, "settings": where}, model, Inputs(study.split, study.text)
    for count in items:
        model = LowRankEASE(SMALL_DIM)
        yield (
            {"data": "synthetic", "row": f"CEASE, rank {SMALL_DIM}", "settings": "defaults"},
            model,
            synthetic(count),
        )


def read(path: Path = KEPT) -> list[dict[str, Any]]:
    """The lines that were kept; SemcompError where there are none."""
    if not path.is_file():
        raise SemcompError(f"there is no file {path}; make it with python -m book.experiments.fusion.scale")
    lines: list[dict[str, Any]] = json.loads(path.read_text("utf8"))["lines"]
    return lines


def table(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """One row per line: data, items, closed form, rank, both metrics of both parts, seconds, GiB."""
    rows = []
    for one in lines:
        name, _, rank_of = one["row"].partition(", rank ")
        rows.append(
            {
                "data": one["data"],
                "items": one["items"],
                "closed form": name,
                "rank": int(rank_of) if rank_of else None,
                **{key: one.get(key) for key in ("valid ndcg@20", "test ndcg@20", "test recall@20")},
                "seconds": one["seconds"],
                "GiB": one["peak bytes"] / 2**30,
            }
        )
    return pd.DataFrame(rows).astype({"rank": "Int64"})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", nargs="*", default=list(DATA), metavar="NAME")
    parser.add_argument("--items", nargs="*", type=int, default=list(ITEMS), metavar="N")
    parser.add_argument("--out", type=Path, default=KEPT)
    given = parser.parse_args()

    lines = read(given.out) if given.out.is_file() else []
    for line, model, inputs in tasks(given.data, given.items):
        code = code_digest(*modules_of(model))
        text = inputs.text.provenance.get("sha256") if inputs.text else None
        split = inputs.split
        key = digest(described(model), split.fingerprint, text, code)
        if key in {one["key"] for one in lines}:
            continue
        about = {"items": split.n_items, "users": split.n_users, "pairs": int(split.train.nnz)}
        made = {
            **line,
            **about,
            **measured(model, inputs),
            "config": described(model),
            "key": key,
            **origin(),
        }
        place = line["data"], line["row"], split.n_items
        lines = [one for one in lines if (one["data"], one["row"], one["items"]) != place] + [made]
        written(given.out, line_by_line({"k": K}, {"lines": lines}))
        say(f"{line['data']}, {line['row']}: {made['seconds']} s, {made['peak bytes'] / 2**30:.2f} GiB")


if __name__ == "__main__":
    main()
