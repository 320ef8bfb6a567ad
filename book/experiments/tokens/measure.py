"""What tokens of text and of behaviour share, level by level, and how tokenizers differ.

    python -m book.experiments.tokens.measure [--data NAME ...] [--seeds 3] [--epochs 100] [--table]

Vectors are those of the book: the encoder's of every item, and LightGCN with the options that `semcomp tune`
picked. Two parts per data set, `results/<data set>.json`, a line for each row, kept as it is made:

    overlap     residual k-means of both, `SIZES` codes at each of three levels. The null is LightGCN of
                another seed; "again" the same vectors and another seed of the tokenizer; beside them is the
                share of 20 nearest neighbours that both views have (`mutual_knn`), and that two seeds have
    tokenizers  tokens of the text by each of `tokenizers`, `SIZE` codes; LETTER's collaborative vectors are
                LightGCN's. Overlap is that with codes of text and behaviour by residual k-means
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from book.experiments.datasets import options, origin, show
from book.experiments.resumed import code_of, line_by_line, say, written
from semcomp.core.view import View
from semcomp.evidence.geometry.neighbours import mutual_knn
from semcomp.study import Study
from semcomp.tokens import RQVAE, Codes, Letter, ResidualKMeans, Tokenizer, overlap
from semcomp.views.training import described

RESULTS = Path(__file__).resolve().parent / "results"
SIZES, SIZE, LEVELS, K = (16, 64, 256), 64, 3, 20
SHUFFLES = 40
AGAIN = 100  # added to the seed of a tokenizer that tokenises again
ALPHAS = (0.01, 0.1, 1.0, 10.0)
Row = dict[str, Any]


def tokenizers(epochs: int) -> dict[str, ResidualKMeans | RQVAE]:
    """What tokenises the text, by name; z is as wide as LightGCN's vectors, as LETTER needs it."""
    kind: Row = {"levels": LEVELS, "size": SIZE, "dim": 64, "epochs": epochs, "batch": 256}
    return {
        "residual k-means": ResidualKMeans(LEVELS, SIZE),
        "RQ-VAE": RQVAE(**kind),
        "RQ-VAE, first level": RQVAE(**kind, gradient="first level"),
        **{f"LETTER {alpha:g}": RQVAE(**kind, letter=Letter(alpha=alpha)) for alpha in ALPHAS},
        "LETTER as published": RQVAE(**kind, gradient="first level", letter=Letter(0.01, normalised=False)),
    }


def coded(vectors: Any, size: int, seed: int) -> Tokenizer:
    return ResidualKMeans(LEVELS, size).fit(vectors, seed)


def usage(made: Tokenizer) -> Row:
    """Codes used and perplexity by level, the collision rate, and R² by level."""
    codes = made.codes
    return {
        "sizes": list(codes.sizes),
        "used": codes.used().tolist(),
        "perplexity": codes.perplexity().round(2).tolist(),
        "collisions": round(codes.collision_rate(), 5),
        "r2": made.r2.round(4).tolist(),
    }


def overlaps(study: Study, seeds: int) -> Iterator[tuple[Row, Callable[[], Row]]]:
    """Size and seed of each row of "overlap", and what makes the rest of it."""
    text = study.text
    for seed in range(seeds):
        for size in SIZES:

            def row(size: int = size, seed: int = seed) -> Row:
                one, other = behaviour(study, seed), behaviour(study, (seed + 1) % max(2, seeds))
                words, acts = coded(text, size, seed), coded(one, size, seed)
                null, again = coded(other, size, seed), coded(one, size, seed + AGAIN)
                told = overlap(words.codes, acts.codes, null=null.codes, again=again.codes, shuffles=SHUFFLES)
                itself = overlap(words.codes, coded(text, size, seed + AGAIN).codes, shuffles=0)
                rows = study.text.rows_for(study.split.item_ids)
                return {
                    "items": told.n,
                    "rows": json.loads(told.table.round(5).to_json(orient="records")),
                    "text again": itself.table["ami"].round(5).tolist(),
                    "text": usage(words),
                    "behaviour": usage(acts),
                    "neighbours": round(mutual_knn(rows, one.items, K), 5),
                    "neighbours of seeds": round(mutual_knn(one.items, other.items, K), 5),
                }

            yield {"size": size, "seed": seed}, row


def fits(study: Study, seeds: int, epochs: int) -> Iterator[tuple[Row, Callable[[], Row]]]:
    """Name and seed of each row of "tokenizers", and what makes the rest of it."""
    text = study.text
    for seed in range(seeds):
        for name, model in tokenizers(epochs).items():

            def row(model: ResidualKMeans | RQVAE = model, seed: int = seed) -> Row:
                began = time.perf_counter()
                view = behaviour(study, seed)
                if isinstance(model, RQVAE):
                    made = model.fit(text, seed, collaborative=view if model.letter else None)
                else:
                    made = model.fit(text, seed)
                seconds = round(time.perf_counter() - began, 1)
                # references are tokenised with a seed of their own: no row shares its draws with them
                sides = {"text": coded(text, SIZE, AGAIN), "behaviour": coded(view, SIZE, AGAIN)}
                shared = {side: amis(made.codes, of_side.codes) for side, of_side in sides.items()}
                return {"seconds": seconds, "config": described(model), **usage(made), "ami": shared}

            yield {"name": name, "seed": seed}, row


def amis(one: Codes, other: Codes) -> list[float]:
    """By level."""
    return [float(round(overlap(one, other, shuffles=0)[f"{at + 1}"]["ami"], 5)) for at in range(LEVELS)]


def behaviour(study: Study, seed: int) -> View:
    return study.view("LightGCN", seed)


def head(study: Study) -> Row:
    """What a result file says of its data and its code."""
    split = study.split
    return {
        "dataset": study.data.name,
        "data": {
            "fingerprint": study.data.fingerprint,
            "users": split.n_users,
            "items": split.n_items,
            "train pairs": int(split.train.nnz),
            "encoder": study.text.provenance["encoder"],
        },
        "split": split.fingerprint,
        "settings": {"LightGCN": study.settings("LightGCN")[1]},
        **code_of(ResidualKMeans(), RQVAE(), Letter(), overlap),
        **origin(),
    }


def measured(path: Path, study: Study, part: str, made: Iterator[tuple[Row, Callable[[], Row]]]) -> None:
    """Add the rows of a part that a file lacks, each as soon as it is there."""
    for key, row in made:
        kept = json.loads(path.read_text("utf8")) if path.is_file() else {"overlap": [], "tokenizers": []}
        if any(all(one[name] == value for name, value in key.items()) for one in kept[part]):
            continue
        found = {**key, **row()}
        kept[part].append(found)
        written(path, line_by_line(head(study), {name: kept[name] for name in ("overlap", "tokenizers")}))
        say(f"{study.data.name}, {part}, {key}: {found.get('seconds', '')}")


def shown(record: Row) -> str:
    lines = [f"### {record['dataset']}"]
    for one in record["overlap"]:
        first = one["rows"][0]
        amis = f"AMI {first['ami']:.4f}, null {first['null']:.4f}, again {first['again']:.4f}"
        near = f"neighbours {one['neighbours']:.4f}, of seeds {one['neighbours of seeds']:.4f}"
        lines.append(f"{one['size']:4} codes, seed {one['seed']}: {amis}; {near}")
    for one in record["tokenizers"]:
        amis = ", ".join(f"AMI {side} {found[0]:.3f}" for side, found in one["ami"].items())
        quality = f"R² {one['r2'][-1]:.3f}, collisions {one['collisions']:.4f}"
        lines += [f"{one['name']:20} seed {one['seed']}: {quality}, {amis}, {one['seconds']:.0f} s"]
    return "\n".join(lines)


def main() -> None:
    parser = options(__doc__, RESULTS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--part", choices=["overlap", "tokenizers"])
    given = parser.parse_args()
    torch.set_num_threads(1)
    for name in () if given.table else given.data:
        path, study = given.out / f"{name}.json", Study(name, given.budget)
        if given.force:
            path.unlink(missing_ok=True)
        if given.part != "tokenizers":
            measured(path, study, "overlap", overlaps(study, given.seeds))
        if given.part != "overlap":
            measured(path, study, "tokenizers", fits(study, given.seeds, given.epochs))
    show(given.data, given.out, shown)


if __name__ == "__main__":
    main()
