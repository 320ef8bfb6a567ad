"""The network against T5 of transformers with the same weights, and what it can see."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from semcomp.generative.network import CodeNetwork
from semcomp.sequential.network import chance

SIZES, LENGTH, DIM, HEADS, LAYERS = (5, 4, 3), 4, 16, 2, 2


def network(causal: bool, dropout: float = 0.0) -> CodeNetwork:
    with chance(3, "init"):
        return CodeNetwork(
            SIZES, LENGTH, dim=DIM, layers=LAYERS, heads=HEADS, dropout=dropout, causal=causal
        ).eval()


def items(*lists: list[tuple[int, int, int]]) -> torch.Tensor:
    return torch.tensor([[(-1, -1, -1)] * (LENGTH - len(one)) + one for one in lists])


READ = items([(0, 1, 2), (4, 0, 0), (2, 3, 1), (1, 1, 1)], [(3, 2, 0), (0, 0, 2)])
NEXT = torch.tensor([[[2, 2, 1]], [[4, 3, 2]]])


@pytest.fixture(scope="module")
def t5():
    """T5 of transformers with the weights of the network that reads both ways."""
    from transformers import T5Config, T5ForConditionalGeneration
    from transformers.models.t5.modeling_t5 import T5Attention

    ours = network(causal=False)
    config = T5Config(
        vocab_size=len(ours.table),
        d_model=DIM,
        d_kv=DIM // HEADS,
        d_ff=4 * DIM,
        num_layers=LAYERS,
        num_heads=HEADS,
        dropout_rate=0.0,
        decoder_start_token_id=0,
        tie_word_embeddings=True,
        scale_decoder_outputs=True,
    )
    theirs = T5ForConditionalGeneration(config).eval()
    with torch.no_grad():
        theirs.shared.weight.copy_(ours.table)
        for block, other in zip(ours.encoder, theirs.encoder.block, strict=True):
            copied(block.attention, other.layer[0].SelfAttention)
            other.layer[1].DenseReluDense.wi.weight.copy_(block.pointwise.up.weight)
            other.layer[1].DenseReluDense.wo.weight.copy_(block.pointwise.down.weight)
        for block, other in zip(ours.decoder, theirs.decoder.block, strict=True):
            copied(block.own, other.layer[0].SelfAttention)
            copied(block.other, other.layer[1].EncDecAttention)
            other.layer[2].DenseReluDense.wi.weight.copy_(block.pointwise.up.weight)
            other.layer[2].DenseReluDense.wo.weight.copy_(block.pointwise.down.weight)
        # a bias for each distance there, for each bucket of distances here: ours are those of the buckets
        for table, stack, both in ((ours.apart, theirs.encoder, True), (ours.ago, theirs.decoder, False)):
            weight = stack.block[0].layer[0].SelfAttention.relative_attention_bias.weight
            apart = torch.arange(table.shape[1])
            apart = apart - ours.span + 1 if both else -apart
            bucket = T5Attention._relative_position_bucket(apart, bidirectional=both)
            weight.normal_(generator=torch.Generator().manual_seed(0))
            table.copy_(weight[bucket].T)
    return ours, theirs


def copied(ours: torch.nn.Module, theirs: torch.nn.Module) -> None:
    for one, other in (("queries", "q"), ("keys", "k"), ("values", "v"), ("out", "o")):
        getattr(theirs, other).weight.copy_(getattr(ours, one).weight)


def test_it_is_t5_of_transformers(t5):
    """Logits of every token of every level, of a full and of a padded history."""
    ours, theirs = t5
    rows = ours.rows(READ).flatten(1)
    begun = torch.cat([torch.zeros(2, 1, dtype=torch.int64), ours.rows(NEXT)[:, 0, :-1]], dim=1)
    with torch.no_grad():
        expected = theirs(input_ids=rows, attention_mask=(rows > 0).long(), decoder_input_ids=begun).logits
        memory = ours.read(READ)
        states, _ = ours.states(begun[:, None], memory, memory.seen)
        for level in range(3):
            found = ours.logits(states[:, 0, level], level)
            of_level = slice(ours.offsets[level], ours.offsets[level + 1])
            torch.testing.assert_close(found, expected[:, level, of_level], rtol=1e-4, atol=1e-5)


def test_the_loss_is_its_formula_and_temperature_divides_logits(t5):
    ours, _ = t5
    with torch.no_grad():
        memory = ours.read(READ)
        begun = torch.cat([torch.zeros(2, 1, 1, dtype=torch.int64), ours.rows(NEXT)[..., :-1]], dim=-1)
        states, _ = ours.states(begun, memory, memory.seen)
        for heat in (1.0, 0.5):
            total = 0.0
            for user in range(2):
                for level in range(3):
                    logits = (ours.logits(states[user, 0, level], level) / heat).tolist()
                    right = logits[int(NEXT[user, 0, level])]
                    total -= math.log(math.exp(right) / sum(map(math.exp, logits))) / 6
            assert float(ours.loss(READ, NEXT, heat)) == pytest.approx(total, rel=1e-5)


def test_prefixes_go_on_from_the_keys_and_values_of_shorter_ones():
    ours = network(causal=True).requires_grad_(False)
    memory = ours.read(READ)
    look = memory.seen[:, -1:]
    rows = torch.tensor([[[0, 1, 7], [0, 3, 9]], [[0, 2, 6], [0, 5, 8]]])
    whole, _ = ours.states(rows, memory, look)
    before = None
    for at in range(3):
        states, before = ours.states(rows[..., at : at + 1], memory, look, before)
        torch.testing.assert_close(states[:, :, 0], whole[:, :, at], rtol=1e-5, atol=1e-5)


def test_all_places_at_once_are_the_prefixes_one_by_one():
    """What a causal network learns from a window is what it makes of each of its prefixes."""
    ours = network(causal=True).requires_grad_(False)
    asked = torch.randint(3, (2, LENGTH, 3), generator=torch.Generator().manual_seed(0))
    memory = ours.read(READ)
    begun = torch.cat([torch.zeros(2, LENGTH, 1, dtype=torch.int64), ours.rows(asked)[..., :-1]], dim=-1)
    together, _ = ours.states(begun, memory, memory.seen)
    for place in range(LENGTH):
        alone = ours.read(READ[:, : place + 1])
        states, _ = ours.states(begun[:, place : place + 1], alone, alone.seen[:, -1:])
        torch.testing.assert_close(states[:, 0], together[:, place], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("causal", [True, False])
def test_padding_does_not_matter(causal):
    ours = network(causal).requires_grad_(False)
    short = items([(3, 2, 0), (0, 0, 2)])
    begun = torch.zeros(1, 1, 1, dtype=torch.int64)
    found = []
    for read in (short, short[:, 2:]):
        memory = ours.read(read)
        found.append(ours.states(begun, memory, memory.seen[:, -1:])[0])
    torch.testing.assert_close(*found, rtol=1e-5, atol=1e-5)


def test_without_a_history_states_are_numbers_and_the_same_for_all():
    ours = network(causal=True).requires_grad_(False)
    none = ours.read(items([], []))
    states, _ = ours.states(torch.zeros(2, 1, 1, dtype=torch.int64), none, none.seen[:, -1:])
    one = ours.read(torch.full((1, 1, 3), -1))
    alone, _ = ours.states(torch.zeros(1, 1, 1, dtype=torch.int64), one, one.seen)
    assert torch.isfinite(states).all()
    torch.testing.assert_close(states[1:], alone, rtol=1e-5, atol=1e-5)


def test_tokens_of_levels_are_different_rows():
    ours = network(causal=True)
    rows = ours.rows(torch.tensor([[0, 0, 0], [4, 3, 2], [-1, -1, -1]]))
    assert rows.tolist() == [[1, 6, 10], [5, 9, 12], [0, 0, 0]]
    assert len(ours.table) == 13
    assert np.prod([ours.logits(torch.zeros(DIM), level).shape[0] for level in range(3)]) == 60
