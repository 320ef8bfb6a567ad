"""What a network can see: the past, never what comes after; and what each is made of, against loops."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from ordered_worlds import cycle

from semcomp.errors import SemcompError
from semcomp.sequential import SEQUENTIAL, BERT4Rec, BSARec, GRU4Rec, SASRec
from semcomp.sequential.bsarec import Filter, low_pass
from semcomp.sequential.layers import Attention, allowed
from semcomp.sequential.network import Network, chance, trimmed

ITEMS, LENGTH = 9, 6
SPLIT = cycle(4, ITEMS, 4)
CAUSAL = ["GRU4Rec", "SASRec", "BSARec"]


def network(name: str, dim: int = 8, std: float = 0.5) -> Network:
    """Untrained, with weights large enough that everything matters; no dropout."""
    options = {"hidden": 12} if name == "GRU4Rec" else {}
    with chance(3, "init"):
        made = replace(SEQUENTIAL[name], dim=dim, length=LENGTH, **options).network(SPLIT)
        with torch.no_grad():
            for weights in made.parameters():
                weights.add_(std * torch.randn(weights.shape))
    return made.eval()


def rows(*lists: list[int]) -> torch.Tensor:
    return torch.tensor([[0] * (LENGTH - len(one)) + one for one in lists])


@pytest.mark.parametrize("name", CAUSAL)
def test_a_later_event_changes_no_earlier_state(name):
    made, one = network(name), rows([1, 2, 3, 4, 5, 6])
    before = made(one)
    for at in range(LENGTH):
        other = one.clone()
        other[0, at] = 9
        after = made(other)
        torch.testing.assert_close(after[:, :at], before[:, :at], rtol=0, atol=1e-6)
        assert ((after - before)[0, at:].abs().amax(dim=1) > 1e-4).all()


@pytest.mark.parametrize("name", CAUSAL)
def test_no_gradient_comes_from_the_future(name):
    made = network(name)
    made.table.requires_grad_()
    states = made(rows([1, 2, 3, 4, 5, 6]))
    for at in range(LENGTH):
        (gradient,) = torch.autograd.grad(states[0, at].square().sum(), made.table, retain_graph=True)
        assert (gradient[at + 2 :] == 0).all()
        assert (gradient[1 : at + 2] != 0).any(dim=1).all()


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_padding_does_not_matter(name):
    """Columns of padding may be cut off, and row 0 of the table is never read."""
    made, one = network(name), rows([1, 2], [3, 4, 5])
    whole = made.last(one)
    torch.testing.assert_close(made.last(trimmed(one)), whole, rtol=1e-5, atol=1e-5)
    with torch.no_grad():
        made.table[0] = 100.0
    torch.testing.assert_close(made.last(one), whole, rtol=0, atol=0)


@pytest.mark.parametrize("name", SEQUENTIAL)
def test_without_a_history_a_state_is_the_same_for_all(name):
    """Zeros where nothing was read; that of a mask alone where there is one."""
    made = network(name)
    none = made.last(rows([], []))
    assert torch.isfinite(none).all()
    assert torch.equal(none[0], none[1])
    assert (none == 0).all() == (name in CAUSAL)


@pytest.mark.parametrize("name", CAUSAL)
def test_each_place_is_asked_for_the_next_item(name):
    read, targets = network(name).examples(torch.tensor([[0, 0, 0, 0, 3, 1, 2]]), torch.Generator())
    assert read.tolist() == [[0, 0, 0, 0, 3, 1]]
    assert targets.tolist() == [[0, 0, 0, 0, 1, 2]]  # the first item follows nothing


def masks(history: list[int], **options: float) -> tuple[torch.Tensor, torch.Tensor]:
    """500 draws for one history."""
    made = replace(SEQUENTIAL["BERT4Rec"], dim=8, length=LENGTH, **options).network(SPLIT)
    return made.examples(rows(*[history] * 500), torch.Generator().manual_seed(0))


def test_what_is_masked_is_what_is_asked_for():
    read, targets = masks([4, 5, 6, 7])
    hidden = read == ITEMS + 1
    assert torch.equal(hidden, targets > 0)
    original = rows(*[[4, 5, 6, 7]] * 500)
    assert torch.equal(torch.where(hidden, targets, read), original)
    assert hidden.any(dim=1).all()
    assert not hidden[:, :2].any()  # no padding


def test_the_last_item_alone_is_masked_in_the_share_that_is_asked_for():
    """With masks of a fifth elsewhere, and the last one where no other was drawn."""
    for share in (0.0, 0.5, 1.0):
        read, _ = masks([1, 2, 3, 4, 5, 6], masked=0.2, only_last=share)
        hidden = read == ITEMS + 1
        only = (hidden.sum(dim=1) == 1) & hidden[:, -1]
        by_chance = 0.8**5 * (0.2 + 0.8)  # none of the first five, and the last drawn or put in
        expected = share + (1 - share) * by_chance
        assert float(only.float().mean()) == pytest.approx(expected, abs=4 * math.sqrt(0.25 / 500) + 1e-9)
    first = masks([1, 2, 3, 4, 5, 6], masked=0.2, only_last=0.0)[0][:, 0] == ITEMS + 1
    assert float(first.float().mean()) == pytest.approx(0.2, abs=0.08)


def test_a_single_event_can_be_masked():
    read, targets = masks([8])
    assert (read[:, -1] == ITEMS + 1).all()
    assert (targets[:, -1] == 8).all()


def test_a_mask_follows_the_history_and_pushes_out_its_first_item():
    made = network("BERT4Rec")
    full = made.last(rows([1, 2, 3, 4, 5, 6]))
    torch.testing.assert_close(full, made(torch.tensor([[2, 3, 4, 5, 6, ITEMS + 1]]))[:, -1])
    torch.testing.assert_close(made.last(rows([7, 2, 3, 4, 5, 6])), full, rtol=0, atol=0)
    assert (made.last(rows([1, 7, 3, 4, 5, 6])) - full).abs().max() > 1e-4
    cut = made.last(torch.tensor([[3, 4]]))  # as trimmed: nothing is pushed out
    torch.testing.assert_close(cut, made.last(rows([3, 4])), rtol=1e-5, atol=1e-5)


def test_the_bias_of_an_item_is_added_to_its_score():
    made = network("BERT4Rec")
    states, items = made.last(rows([1, 2])), made.items()
    expected = states[:, :-1] @ made.table[1 : ITEMS + 1].T + made.bias
    torch.testing.assert_close(states @ items.T, expected)


def test_attention_is_its_formula():
    torch.manual_seed(0)
    made, x = Attention(4, 2, 0.0), torch.randn(1, 3, 4)
    may = allowed(torch.tensor([[0, 2, 5]]), causal=True)
    assert may[0].int().tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]
    q, k, v = (layer(x)[0].detach().numpy() for layer in (made.queries, made.keys, made.values))
    mixed = np.zeros((3, 4))
    for head in range(2):
        own = slice(2 * head, 2 * head + 2)
        for i in range(3):
            seen = [j for j in range(3) if may[0, i, j]]
            weights = np.exp([q[i, own] @ k[j, own] / math.sqrt(2) for j in seen])
            mixed[i, own] = sum(w * v[j, own] for w, j in zip(weights / weights.sum(), seen, strict=True))
    expected = made.out(torch.tensor(mixed, dtype=torch.float32))
    torch.testing.assert_close(made(x, may)[0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("length", [1, 6, 7])
@pytest.mark.parametrize("frequencies", [1, 2, 4, 30])
def test_the_filter_is_at_the_last_place_what_a_fourier_transform_leaves(length, frequencies):
    """The authors' low pass, over the whole window; above the last place it would see what came after."""
    x = np.random.default_rng(0).standard_normal((length, 3))
    spectrum = np.fft.rfft(x, axis=0, norm="ortho")
    spectrum[frequencies:] = 0
    theirs = np.fft.irfft(spectrum, n=length, axis=0, norm="ortho")
    ours = low_pass(length, frequencies).numpy() @ x
    np.testing.assert_allclose(ours[-1], theirs[-1], atol=1e-6)
    shorter = low_pass(length, frequencies)[:3, :3].numpy()
    np.testing.assert_allclose(shorter, low_pass(length, frequencies)[-3:, -3:].numpy())


def test_a_filter_of_slope_1_changes_nothing():
    made, x = Filter(4, LENGTH, 2), torch.randn(2, LENGTH, 4)
    with torch.no_grad():
        made.beta.fill_(-1.0)
    torch.testing.assert_close(made(x), x)


def test_recurrent_units_stay_at_zero_over_padding():
    made = network("GRU4Rec")
    states, _ = made.units(made.embedded(rows([1, 2])))
    assert (states[0, : LENGTH - 2] == 0).all()
    assert (states[0, LENGTH - 2 :] != 0).any()


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (SASRec, {"heads": 3}, "heads = 3 does not divide dim = 64"),
        (BERT4Rec, {"dim": 7}, "heads = 2 does not divide dim = 7"),
        (BSARec, {"filtered": 1.5}, "filtered = 1.5; it must be between 0 and 1"),
        (GRU4Rec, {"dropout": 1.0}, "dropout = 1 leaves nothing"),
        (GRU4Rec, {"length": 0}, "length = 0"),
        (SASRec, {"training": "quick"}, "training"),
    ],
)
def test_wrong_options_are_refused(model, options, message):
    with pytest.raises(SemcompError, match=message):
        model(**options)
