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
from book.experiments.results import read
from book.experiments.resumed import line_by_line, say, written
from semcomp.core.inputs import Inputs, Model
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import Split
from semcomp.storage import digest
from semcomp.study.code import code_digest, modules_of
from semcomp.study.settings import settings_for
from semcomp.views.collaborative.ease import CELL
from semcomp.views.joint.low_rank_ease import LowRankEASE
from semcomp.views.training import described, validation_ndcg

KEPT = Path(__file__).resolve().parent / "scale.json"
DATA = ("ml-100k", "movies", "beauty")
ITEMS = (10_000, 100_000, 1_000_000)
DIMS = (128, 256, 512, 1024)
EXACT = ("CEASE", "EDLAE")
SMALL_DIM, COLUMNS, PAIRS = 32, 64, 10  # of synthetic catalogues: width, columns of text, pairs of a user
SYNTHETIC = "synthetic"
MEASURES = (
    ("test ndcg@20", "NDCG@20, test", "{:.4f}", 1),
    ("test recall@20", "Recall@20, test", "{:.4f}", 1),
    ("valid ndcg@20", "NDCG@20, validation", "{:.4f}", 1),
    ("seconds", "seconds of one core", "{:.1f}", 1),
    ("peak bytes", "GiB at most", "{:.2f}", 2**30),
)
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
            {"data": SYNTHETIC, "row": f"CEASE, rank {SMALL_DIM}", "settings": "defaults"},
            model,
            synthetic(count),
        )


def lines_of(path: Path = KEPT) -> list[dict[str, Any]]:
    """The lines that were kept; SemcompError where there is no file."""
    lines: list[dict[str, Any]] = read(path)["lines"]
    return lines


def by_rank(lines: list[dict[str, Any]], measure: str) -> pd.DataFrame:
    """A measure by data set and closed form, (data sets · forms, ranks and "exact"), small data first.

    Not yet measured: NaN.
    """
    rows = []
    for one in sorted(lines, key=lambda one: (one["items"], one["row"])):
        form, _, rank_of = one["row"].partition(", rank ")
        if one["data"] != SYNTHETIC:
            rows.append([f"{one['data']}, {form}", rank_of or "exact", one[measure]])
    long = pd.DataFrame(rows, columns=["", "rank", measure])
    wide = long.pivot(index="", columns="rank", values=measure).rename_axis(columns=None)
    return wide.reindex(index=long[""].unique(), columns=[*map(str, DIMS), "exact"])


def compared(lines: list[dict[str, Any]]) -> list[str | list[str]]:
    """What `as_table` shows of data sets: for each measure a line per data set and closed form."""
    shown: list[str | list[str]] = []
    for measure, called, form, unit in MEASURES:
        values = by_rank(lines, measure)
        shown.append(called)
        for name, row in values.iterrows():
            shown.append([str(name), *("" if pd.isna(one) else form.format(one / unit) for one in row)])
    return shown


def growth(lines: list[dict[str, Any]]) -> list[list[str]]:
    """What `as_table` shows of synthetic catalogues: items, pairs, seconds, GiB, GiB of the exact form."""
    found = sorted((one for one in lines if one["data"] == SYNTHETIC), key=lambda one: one["items"])
    return [
        [
            f"{one['items']:,}",
            f"{one['pairs']:,}",
            f"{one['seconds']:.1f}",
            f"{one['peak bytes'] / 2**30:.2f}",
            f"{CELL * one['items'] ** 2 / 2**30:,.0f}",
        ]
        for one in found
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", nargs="*", default=list(DATA), metavar="NAME")
    parser.add_argument("--items", nargs="*", type=int, default=list(ITEMS), metavar="N")
    parser.add_argument("--out", type=Path, default=KEPT)
    given = parser.parse_args()

    lines = lines_of(given.out) if given.out.is_file() else []
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
