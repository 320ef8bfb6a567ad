"""A pull that falls with what is known: against plain loops, and equal to the even pull where counts are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from semcomp.align.regression import TextRegression
from semcomp.align.regression_by_count import TextRegressionByCount, mean_over
from semcomp.data import item_counts
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import Batch


@pytest.fixture(scope="module")
def given(world):
    split, text = world
    inputs = text_inputs(split, text)
    torch.manual_seed(0)
    mapping = nn.Linear(text.matrix.shape[1], 4)
    users, items = (torch.from_numpy(part.astype(np.int64)) for part in split.train.tocoo().coords)
    batch = Batch(users, items, torch.randn(len(users), 4), torch.randn(len(users), 4))
    counts = np.diff(split.train.indptr), item_counts(split.train)
    return inputs, mapping, batch, tuple(torch.from_numpy(of.astype(np.float32)) for of in counts)


def test_against_plain_loops(given):
    inputs, mapping, batch, (of_users, of_items) = given
    texts = [mapping(text).detach().numpy() for text in inputs(batch.users, batch.items)]
    total = 0.0
    for rows, vectors, text, counts in (
        (batch.users, batch.anchors, texts[0], of_users),
        (batch.items, batch.positives, texts[1], of_items),
    ):
        mean = float(np.mean([n for n in counts.tolist() if n > 0]))
        for row, vector, onto in zip(rows.tolist(), vectors.numpy(), text, strict=True):
            gap = vector / np.linalg.norm(vector) - onto / np.linalg.norm(onto)
            total += mean / float(counts[row]) * float(gap @ gap) / len(rows)
    found = TextRegressionByCount(inputs, mapping, 0.3, of_users, of_items)(batch).detach()
    assert float(found) == pytest.approx(0.3 * total / 2, rel=1e-5)


def test_equal_counts_are_the_even_pull(given):
    inputs, mapping, batch, (of_users, of_items) = given
    same = torch.full_like(of_users, 7.0), torch.full_like(of_items, 7.0)
    ours = TextRegressionByCount(inputs, mapping, 0.3, *same)(batch)
    assert torch.equal(ours, TextRegression(inputs, mapping, 0.3)(batch))


def test_every_item_is_pulled_alike_over_all_train_pairs(world):
    """Summed over its own pairs, each item's share is n̄, and the mean over all pairs is 1."""
    counts = torch.from_numpy(item_counts(world[0].train).astype(np.float32))
    share = mean_over(counts)
    there = counts > 0
    assert torch.allclose((share * counts)[there], counts[there].mean())
    assert float((share * counts).sum() / counts.sum()) == pytest.approx(1.0)
    assert (share[~there] == 0).all()
