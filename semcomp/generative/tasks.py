"""What a language model is asked to learn of items: examples of a prompt and its answer, by task.

The tasks are those of LC-Rec (Zheng et al., "Adapting large language models by integrating collaborative
semantics for recommendation", ICDE 2024), which Semantic Convergence's behavioural tasks resemble.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from semcomp.data.splits.order import Sequences
from semcomp.kernels.random import generator

#: Every task: what is asked, in the words of the prompt; {history}, {item} and {text} are filled in.
TASKS = {
    "sequence": "The user has had {history}. Next comes",
    "text to item": "Which item is this? {text} It is",
    "item to text": "What is the item {item}? It is",
    "intention": "The user has had {history} and wants: {text}. Next comes",
}
#: Tasks whose answer is a text; that of the others is an item.
WRITES_TEXT = ("item to text",)
WORDS = 3  # of the next item's text that an intention names


@dataclass(frozen=True)
class Example:
    """What is filled in: a history, oldest first; the item that is answered or asked about; a text."""

    task: str
    history: tuple[int, ...]
    item: int
    text: str = ""


def examples(
    tasks: Sequence[str],
    lists: Sequences,
    texts: Sequence[str],
    *,
    length: int,
    each: int,
    seed: int,
    epoch: int,
) -> list[Example]:
    """`each` examples of every task, drawn anew for the epoch, in random order.

    Histories are of train events, each followed by the item that came next. An intention is some words of
    that item's text, drawn at random in their order; LC-Rec has them written by a language model, from
    reviews. Fewer than `each` where there are fewer events.
    """
    draw = np.random.default_rng(generator(seed, "examples", epoch).initial_seed())
    starts, made = lists.indptr, []
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    next_ones = np.flatnonzero(np.arange(len(owner)) > starts[:-1][owner])
    for task in tasks:
        if "{history}" in TASKS[task]:
            for at in drawn(next_ones, each, draw):
                first = max(int(starts[owner[at]]), at - length)
                item = int(lists.items[at])
                wanted = some_words(texts[item], draw) if "{text}" in TASKS[task] else ""
                made.append(Example(task, tuple(lists.items[first:at].tolist()), item, wanted))
        else:
            named = np.flatnonzero([bool(text) for text in texts])
            made += [Example(task, (), item, texts[item]) for item in drawn(named, each, draw)]
    return [
        made[at] for at in torch.randperm(len(made), generator=generator(seed, "batches", epoch)).tolist()
    ]


def drawn(rows: NDArray[np.int64], n: int, draw: np.random.Generator) -> list[int]:
    found: list[int] = draw.permutation(rows)[:n].tolist()
    return found


def some_words(text: str, draw: np.random.Generator) -> str:
    words = text.split()
    chosen = np.sort(draw.permutation(len(words))[:WORDS])
    return " ".join(words[at] for at in chosen)
