"""What it costs to have a language model's own tokens as codes of behaviour.

    python -m book.experiments.tokens.language [--data ml-100k] [--seeds 1] [--epochs 60]

Four tokens for each item from LightGCN's vectors, as in Semantic Convergence: RQ-VAE with free codebooks as
wide as SmolLM2's token table, and the same with codebooks of its tokens (`TokenSpace`). Needs the extra
`llm`.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch

from book.experiments.datasets import options, origin
from book.experiments.resumed import indented, say, written
from book.experiments.tokens.measure import RESULTS, SIZE, behaviour, usage
from semcomp.study import Study
from semcomp.tokens import RQVAE, TokenSpace
from semcomp.tokens.language import token_table
from semcomp.views.training import described

SHOWN = 5  # tokens of a level that are named, those that most items have


def rows(study: Study, seed: int, epochs: int) -> list[dict[str, Any]]:
    """Usage with free codebooks and with tokens, and which tokens are used most."""
    words, table = token_table()
    found = []
    for tokens in (None, TokenSpace()):
        model = RQVAE(levels=4, size=SIZE, dim=table.shape[1], epochs=epochs, tokens=tokens)
        began = time.perf_counter()
        made = model.fit(behaviour(study, seed), seed, table=None if tokens is None else table)
        row = {"name": model.name, "seed": seed, "seconds": round(time.perf_counter() - began, 1)}
        row |= {"config": described(model), **usage(made)}
        if tokens:
            most = [
                np.bincount(level).argsort(kind="stable")[: -SHOWN - 1 : -1] for level in made.codes.codes.T
            ]
            row["tokens"] = [[words[tied[k]] for k in of] for tied, of in zip(made.tied, most, strict=True)]
        found.append(row)
        say(f"{study.data.name}, {model.name}, seed {seed}")
    return found


def main() -> None:
    parser = options(__doc__, RESULTS / "language")
    parser.set_defaults(data=("ml-100k",))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=60)
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in given.data:
        study = Study(name, given.budget)
        found = [row for seed in range(given.seeds) for row in rows(study, seed, given.epochs)]
        record = {"dataset": name, "split": study.split.fingerprint, **origin(), "rows": found}
        written(given.out / f"{name}.json", indented(record))


if __name__ == "__main__":
    main()
