"""Per-user metrics of random rankings as ranx computes them, written to ranx.json next to this file.

Origin: ranx 0.3.21 (Bassani, ECIR 2022), metrics recall@k, ndcg@k (binary relevance) and mrr@k. Not part
of the test run, which only reads the file. Where ranx is installed: `python tests/reference/make_ranx.py`.
Scores are distinct, so the order of a list is beyond doubt.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import ranx

USERS, ITEMS, PLACES, CUTS = 12, 30, 12, (1, 5, 12)


def case(seed: int) -> dict[str, object]:
    rng = np.random.default_rng(seed)
    lists = [rng.permutation(ITEMS)[:PLACES].tolist() for _ in range(USERS)]
    truth = [sorted(rng.permutation(ITEMS)[: rng.integers(1, 15)].tolist()) for _ in range(USERS)]
    qrels = ranx.Qrels({f"{u:02d}": {str(i): 1 for i in items} for u, items in enumerate(truth)})
    run = ranx.Run(
        {f"{u:02d}": {str(i): float(PLACES - r) for r, i in enumerate(ids)} for u, ids in enumerate(lists)}
    )
    names = [f"{metric}@{k}" for metric in ("recall", "ndcg", "mrr") for k in CUTS]
    found = ranx.evaluate(qrels, run, names, return_mean=False)
    metrics = {name: [round(float(value), 12) for value in found[name]] for name in names}
    return {"lists": lists, "truth": truth, "metrics": metrics}


if __name__ == "__main__":
    record = {"ranx": "0.3.21", "items": ITEMS, "cases": [case(seed) for seed in (0, 1, 2)]}
    text = json.dumps(record, separators=(",", ":"))
    Path(__file__).with_name("ranx.json").write_text(text + "\n")
