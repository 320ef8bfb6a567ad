"""A language model that writes codes, on a tiny one with words of its own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from coded_items import counted
from ordered_worlds import cycle
from torch.nn import functional as F

from semcomp.core.rank import rank
from semcomp.errors import SemcompError
from semcomp.generative import CodeTraining, LCRec, lcrec
from semcomp.generative.language import LanguageWriter, LowRank
from semcomp.generative.tasks import TASKS, Example, examples
from semcomp.sequential.network import chance

SPLIT = cycle(30, 12, 6)
CODES = counted(SPLIT.item_ids, (3, 4))
TEXTS = tuple(f"thing {'abcdefghijkl'[i]} of kind {i % 3}" for i in range(12))
WORDS = 40


class Tokenizer:
    """Each word is a number, from 1."""

    eos_token_id = 0

    def __call__(self, text: str) -> dict[str, list[int]]:
        return {"input_ids": [1 + sum(map(ord, word)) % (WORDS - 1) for word in text.split()]}


def tiny():
    """Weights large enough that everything matters."""
    from transformers import LlamaConfig, LlamaModel

    config = LlamaConfig(
        vocab_size=WORDS,
        hidden_size=16,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
    )
    with chance(5, "tiny"):
        body = LlamaModel(config).eval()
        with torch.no_grad():
            for weights in body.parameters():
                weights.add_(0.3 * torch.randn(weights.shape))
    return Tokenizer(), body


@pytest.fixture
def writer() -> LanguageWriter:
    with chance(1, "init"):
        made = LanguageWriter(CODES.sizes, 4, *tiny(), layers=2, rank=2).eval()
    with torch.no_grad():
        for name, weights in made.named_parameters():
            if "up" in name and weights.requires_grad:
                weights.normal_(generator=torch.Generator().manual_seed(2))
    return made


def table() -> torch.Tensor:
    return torch.from_numpy(np.vstack([[[-1, -1]], CODES.codes]))


def test_adapters_change_nothing_at_the_start_and_are_all_that_is_trained_with_the_new_tokens():
    base = torch.nn.Linear(5, 7)
    x = torch.randn(3, 5)
    assert torch.equal(LowRank(base, 2)(x), base(x))
    made = LanguageWriter(CODES.sizes, 4, *tiny(), layers=2, rank=2)
    free = {name.split(".")[-2] for name, one in made.named_parameters() if one.requires_grad and "." in name}
    assert free == {"up", "down"}
    assert made.table.requires_grad
    assert len(made.body.layers) == 2


def test_prompts_fill_in_history_item_and_text(writer):
    words, codes = writer.words, table()
    code = [(writer.rows(row) + WORDS).tolist() for row in codes[1:]]
    found = writer.prompt(Example("intention", (3, 0), 5, "kind 1"), codes)
    expected = [*words("The user has had"), *code[3], *code[0], *words("and wants:"), *words("kind 1")]
    assert found == [*expected, *words(". Next comes")]
    asked = writer.prompt(Example("item to text", (), 5, "thing f"), codes)
    assert asked == [*words("What is the item"), *code[5], *words("? It is")]
    assert writer.answer(Example("item to text", (), 5, "thing f"), codes) == [*words("thing f"), 0]
    assert writer.answer(Example("sequence", (1,), 5), codes) == [WORDS, *code[5]]
    assert writer.words("nothing")[0] in writer.prompt(Example("sequence", (), 1), codes)


def by_hand(writer: LanguageWriter, prompt: list[int], answer: list[int]) -> torch.Tensor:
    """States from which the answer's tokens are predicted: one sequence, nothing padded or kept."""
    tokens = torch.tensor([[*prompt, *answer[:-1]]])
    with torch.no_grad():
        return writer.body(inputs_embeds=writer.embedded(tokens), use_cache=False).last_hidden_state[0]


def test_the_loss_is_that_of_every_example_alone(writer):
    codes, total = table(), []
    some = [
        Example("sequence", (1, 2, 3), 4),
        Example("item to text", (), 7, TEXTS[7]),
        Example("text to item", (), 2, TEXTS[2]),
    ]
    for one in some:
        answer = writer.answer(one, codes)
        states = by_hand(writer, writer.prompt(one, codes), answer)
        if one.task == "item to text":
            logits = states[-len(answer) :] @ writer.body.embed_tokens.weight.T
            total.append(F.cross_entropy(logits, torch.tensor(answer)))
        else:
            wanted = codes[one.item + 1]
            of_levels = [
                F.cross_entropy(writer.logits(states[level - 2], level)[None], wanted[None, level])
                for level in range(2)
            ]
            total.append(torch.stack(of_levels).mean())
    with torch.no_grad():
        torch.testing.assert_close(writer.loss(some, codes, 1.0), torch.stack(total).mean())


def test_beams_go_on_from_what_is_kept_as_the_whole_sequence_would(writer):
    """Of a history of three, of one, and of none."""
    codes = table()
    read = torch.full((3, 4, 2), -1)
    read[0, 1:], read[1, 3] = codes[[2, 3, 4]], codes[9]
    rows = torch.tensor([[[0, 2], [0, 1]]] * 3)
    with torch.no_grad():
        memory = writer.read(read)
        first, before = writer.states(rows[..., :1], memory, memory.seen)
        second, _ = writer.states(rows[..., 1:], memory, memory.seen, before)
        together, _ = writer.states(rows, memory, memory.seen)
    for user, history in enumerate([(1, 2, 3), (8,), ()]):
        prompt = writer.prompt(Example("sequence", history, -1), codes)
        for beam in range(2):
            states = by_hand(writer, prompt, [*(rows[user, beam] + WORDS).tolist(), 0])
            found = torch.stack([first[user, beam, 0], second[user, beam, 0]])
            torch.testing.assert_close(found, states[-2:], rtol=1e-4, atol=1e-4)
            torch.testing.assert_close(together[user, beam], states[-2:], rtol=1e-4, atol=1e-4)


def model(**options) -> LCRec:
    few = CodeTraining(epochs=2, batch=8, lr=0.01, warmup=1, every=1)
    return LCRec(
        CODES, TEXTS, **{"layers": 2, "rank": 2, "length": 4, "each": 20, "training": few, **options}
    )


def test_it_is_a_scorer_whose_beams_agree_with_all_scores(monkeypatch):
    monkeypatch.setattr(lcrec, "read_weights", tiny)
    made = model().fit(SPLIT, seed=0)
    exact, beams = rank(made, SPLIT, 5), made.topk(SPLIT, 5, beams=12)
    np.testing.assert_array_equal(exact.ids, beams.ids)
    again = model().fit(SPLIT, seed=0)
    assert again.scores(np.arange(30)).tobytes() == made.scores(np.arange(30)).tobytes()
    other = model(tasks=("sequence",)).fit(SPLIT, seed=0)
    assert (other.scores(np.arange(30)) != made.scores(np.arange(30))).any()
    assert made.provenance["config"]["tasks"] == list(TASKS)


def test_examples_are_of_every_task_and_of_what_came_before():
    lists = SPLIT.sequences("train")
    found = examples(tuple(TASKS), lists, TEXTS, length=3, each=10, seed=0, epoch=1)
    assert {task: sum(one.task == task for one in found) for task in TASKS} == dict.fromkeys(TASKS, 10)
    after = {}
    for user in range(30):
        items = lists.items[lists.indptr[user] : lists.indptr[user + 1]].tolist()
        after.update(pairwise(items))  # a cycle: the same for everybody
    for one in found:
        if one.task in ("sequence", "intention"):
            assert 1 <= len(one.history) <= 3
            assert after[one.history[-1]] == one.item
        if one.task == "intention":
            assert set(one.text.split()) <= set(TEXTS[one.item].split())
    again = examples(tuple(TASKS), lists, TEXTS, length=3, each=10, seed=0, epoch=1)
    assert again == found
    assert examples(tuple(TASKS), lists, TEXTS, length=3, each=10, seed=0, epoch=2) != found


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tasks": ("sequence", "chess")}, "unknown task 'chess'"),
        ({"tasks": ()}, "tasks is empty"),
        ({"layers": 31}, "layers = 31"),
        ({"texts": TEXTS[1:]}, "11 texts for 12 items"),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(SemcompError, match=message):
        replace(model(), **options)


def test_an_item_without_a_code_is_refused_before_a_model_is_read(monkeypatch):
    monkeypatch.setattr(lcrec, "read_weights", lambda: pytest.fail("it is read"))
    holes = CODES.codes.copy()
    holes[2] = -1
    with pytest.raises(SemcompError, match="1 items have no code"):
        replace(model(), codes=replace(CODES, codes=holes)).fit(SPLIT)
