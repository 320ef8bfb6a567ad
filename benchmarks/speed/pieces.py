"""The pieces of work by name: what each side is given, and which side is compared with which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from semcomp.storage import digest

OWN, PEERS, RECBOLE, TRAINING = "own", "peers", "recbole", "training"
RECBOLE_CELLS = 4096  # RecBole's default `eval_batch_size`, in scores
LARGE_CELLS = 2**24
LONG = 3  # rounds of what takes minutes per side
HELD = 20  # k everywhere but in the growth by k


@dataclass(frozen=True)
class Input:
    """Attributes:
    maker: a key of `inputs.MAKERS`. arguments: of it.
    """

    maker: str
    arguments: Mapping[str, Any]

    @property
    def key(self) -> str:
        """The name of its file: other arguments give another."""
        return f"{self.maker}-{digest(dict(self.arguments))[:8]}"


@dataclass(frozen=True)
class Side:
    """Attributes:
    maker: a key of `ours.MAKERS`, or of `library_runs.SIDES`, or of `training.SIDES`, by `where`.
    where: the environment that it runs in; "training" are runs that end in a curve.
    """

    maker: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    where: str = OWN


@dataclass(frozen=True)
class Row:
    """One line of the table: `ours` against `peer`, both sides of one piece.

    Attributes:
        target: how many times faster ours is meant to be; None where nothing is asked for.
        note: what a reader of the line should know.
    """

    ours: str
    peer: str
    target: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Piece:
    """Attributes:
    name: in file names and results. what: in tables.
    sides: by name; measured in turn, so that a noisy machine hits all of them.
    rounds: how often each is measured. point: users, items and k, where growth is looked at.
    """

    name: str
    what: str
    given: Input
    sides: Mapping[str, Side]
    rows: tuple[Row, ...] = ()
    rounds: int = 3
    point: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Sizes:
    """How much is measured.

    Attributes:
        shapes: users and items of the top-k pieces. rounds: of short pieces; those that train have one.
        drawn: resamples that the loop of index draws is run for. adam: epochs that are run, of 400.
        epochs: at most, of LightGCN; None for what the settings say.
        growth: users, items and k that are varied, three of each; the middle ones are the point of departure.
    """

    name: str
    shapes: tuple[tuple[int, int], ...]
    rounds: int
    resamples: int
    drawn: int
    users: int
    columns: int
    probed: tuple[int, int, int]
    adam: int
    epochs: int | None
    growth: Mapping[str, tuple[int, int, int]]
    dim: int = 64


FULL = Sizes(
    name="full",
    shapes=((6_416, 8_520), (50_000, 17_000)),
    rounds=5,
    resamples=10_000,
    drawn=200,
    users=50_000,
    columns=20,
    probed=(10_000, 384, 64),
    adam=400,
    epochs=None,
    growth={"users": (12_500, 25_000, 50_000), "items": (4_250, 8_500, 17_000), "k": (10, 20, 40)},
)
SMOKE = Sizes(
    name="smoke",
    shapes=((600, 800), (2_000, 1_500)),
    rounds=2,
    resamples=500,
    drawn=20,
    users=2_000,
    columns=20,
    probed=(1_000, 64, 16),
    adam=40,
    epochs=4,
    growth={"users": (500, 1_000, 2_000), "items": (400, 800, 1_600), "k": (10, 20, 40)},
)
SIZES = {sizes.name: sizes for sizes in (FULL, SMOKE)}


def pieces(sizes: Sizes, data: str, trained: Sequence[str]) -> Iterator[Piece]:
    """All of them, in the order of the table.

    Args:
        data: the data set that is ranked, diagnosed and evaluated. trained: those that LightGCN learns.
    """
    of_data = Input("data_set", {"data": data, "dim": sizes.dim})
    yield diagnosing(sizes, of_data, data)
    for users, items in sizes.shapes:
        yield best_items(sizes, users, items)
    yield evaluating(sizes, of_data, data)
    for one in trained:
        yield learning(sizes, one)
    yield mapping(sizes)
    yield resampling(sizes)
    yield from growing(sizes)


def diagnosing(sizes: Sizes, given: Input, data: str) -> Piece:
    whole = f"semcomp, a null and {sizes.resamples:,} resamples"
    plain = {"k": HELD, "null": False, "resamples": 0}
    return Piece(
        "diagnosing",
        f"ranking and diagnosing two views of {data}",
        given,
        {
            "semcomp": Side("diagnosis", plain),
            whole: Side("diagnosis", {"k": HELD, "null": True, "resamples": sizes.resamples}),
            "loop over users": Side("user_by_user", {"k": HELD}),
        },
        (
            Row("semcomp", "loop over users", 4, "neither null nor resamples on either side"),
            Row(whole, "loop over users", 1, "the loop has neither null nor resamples"),
        ),
        min(sizes.rounds, LONG),
    )


def best_items(sizes: Sizes, users: int, items: int) -> Piece:
    k = {"k": HELD}
    return Piece(
        f"best-{users}-{items}",
        f"{HELD} best of {items:,} items for {users:,} users",
        Input("random_shape", {"users": users, "items": items, "dim": sizes.dim}),
        {
            "semcomp": Side("ranking", k),
            "implicit": Side("implicit", k, PEERS),
            "FAISS": Side("faiss", k, PEERS),
            "torch": Side("plain_pair", k),
            "product alone": Side("product", k),
        },
        (
            Row("semcomp", "implicit"),
            Row("semcomp", "FAISS", note="k and the longest history searched, then filtered"),
            Row("semcomp", "torch", note="product, mask and topk in blocks; no order among ties"),
            Row("semcomp", "product alone", note="nothing is selected"),
        ),
        sizes.rounds,
    )


def evaluating(sizes: Sizes, given: Input, data: str) -> Piece:
    k, job = {"k": HELD}, {"k": HELD, "name": f"{data}-split"}
    return Piece(
        "evaluating",
        f"Recall and NDCG of a view of {data}",
        given,
        {
            "semcomp": Side("evaluation", k),
            "RecBole": Side("recbole", {**job, "cells": RECBOLE_CELLS}, RECBOLE),
            "RecBole, large batches": Side("recbole", {**job, "cells": LARGE_CELLS}, RECBOLE),
            "semcomp, lists given": Side("list_metrics", k),
            "ranx": Side("ranx", {**k, "build": True}, PEERS),
            "ranx, objects given": Side("ranx", {**k, "build": False}, PEERS),
        },
        (
            Row("semcomp", "RecBole", note="its default batches"),
            Row("semcomp", "RecBole, large batches"),
            Row("semcomp, lists given", "ranx", note="ranx builds its objects from the lists"),
            Row("semcomp, lists given", "ranx, objects given"),
        ),
        min(sizes.rounds, LONG),
    )


def learning(sizes: Sizes, data: str) -> Piece:
    """Each row has a level of its own: the lower of its two sides' best."""
    job = {"data": data, "epochs": sizes.epochs}
    return Piece(
        f"learning-{data}",
        f"LightGCN on {data} to equal validation NDCG@20",
        Input("data_set", {"data": data, "dim": sizes.dim}),
        {
            "semcomp": Side("semcomp", {**job, "way": "book"}, TRAINING),
            "semcomp, BPR": Side("semcomp", {**job, "way": "bpr"}, TRAINING),
            "RecBole": Side("recbole", job, TRAINING),
        },
        (
            Row("semcomp", "RecBole", 10, "sampled softmax, with the settings of the book"),
            Row("semcomp, BPR", "RecBole", note="loss, rate, batches and penalty as RecBole's"),
        ),
        rounds=1,
    )


def mapping(sizes: Sizes) -> Piece:
    items, source, target = sizes.probed
    return Piece(
        "mapping",
        f"linear map of {items:,} items, {source} to {target} columns",
        Input("vectors", {"items": items, "source": source, "target": target}),
        {
            "semcomp": Side("ridge_path"),
            "400 epochs of Adam": Side("adam_epochs", {"epochs": sizes.adam, "of": 400}),
        },
        (Row("semcomp", "400 epochs of Adam", 100, "ten penalties on five folds against one map"),),
        sizes.rounds,
    )


def resampling(sizes: Sizes) -> Piece:
    return Piece(
        "resampling",
        f"{sizes.resamples:,} resamples of {sizes.users:,} users, {sizes.columns} columns",
        Input("users_table", {"users": sizes.users, "columns": sizes.columns}),
        {
            "semcomp": Side("resampled", {"resamples": sizes.resamples}),
            "loop of index draws": Side("index_draws", {"resamples": sizes.drawn, "of": sizes.resamples}),
        },
        (Row("semcomp", "loop of index draws", note=f"the loop: {sizes.drawn} resamples, scaled up"),),
        sizes.rounds,
    )


def growing(sizes: Sizes) -> Iterator[Piece]:
    """Ranking and diagnosing, as one of users, items and k grows and the others keep their middle value."""
    middle = {name: values[1] for name, values in sizes.growth.items()}
    points = [middle | {name: value} for name, values in sizes.growth.items() for value in values]
    for point in {tuple(one.values()): one for one in points}.values():
        given = {"users": point["users"], "items": point["items"], "dim": sizes.dim}
        yield Piece(
            "growth-" + "-".join(str(value) for value in point.values()),
            "ranking and diagnosing two views, as users, items and k grow",
            Input("random_shape", given),
            {"semcomp": Side("diagnosis", {"k": point["k"], "null": False, "resamples": 0})},
            rounds=sizes.rounds,
            point=point,
        )
