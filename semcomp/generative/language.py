"""A language model that also writes codes: new tokens in its vocabulary, and adapters of low rank inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from semcomp.generative.network import CodeWriter, Memory, Pair
from semcomp.generative.tasks import TASKS, WRITES_TEXT, Example

ADAPTED = ("q_proj", "k_proj", "v_proj", "o_proj")
WORDS = 64  # tokens of a text that are read or written


class LowRank(nn.Module):
    """base(x) + (2 / r) · up(down(x)), the base as it is and up zero at the start (Hu et al., ICLR 2022).

    Written here: of the package peft no more than this would be used.
    """

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        self.base = base
        self.down = nn.Linear(base.in_features, rank, bias=False)
        self.up = nn.Linear(rank, base.out_features, bias=False)
        nn.init.zeros_(self.up.weight)
        self.scale = 2 / rank

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.base(x) + self.scale * self.up(self.down(x))
        return out


class LanguageWriter(CodeWriter):
    """A decoder of transformers, frozen, whose vocabulary goes on with the tokens of codes.

    Row r of the table is token V + r, V the words of the model. New tokens start near the mean of the words,
    with a tenth of their scatter, so that all are about as likely; they and the adapters are all that is
    trained.
    """

    def __init__(
        self, sizes: Sequence[int], length: int, tokenizer: Any, body: Any, *, layers: int, rank: int
    ) -> None:
        super().__init__(sizes, length)
        self.tokenizer = tokenizer
        body.layers = body.layers[:layers]
        body.config.num_hidden_layers = len(body.layers)
        self.body = body.requires_grad_(False)
        words = body.embed_tokens.weight
        self.n_words = len(words)
        new = words.mean(dim=0) + 0.1 * words.std(dim=0) * torch.randn(self.offsets[-1], words.shape[1])
        self.table = nn.Parameter(new)
        for layer in body.layers:
            for name in ADAPTED:
                setattr(layer.self_attn, name, LowRank(getattr(layer.self_attn, name), rank))

    @property
    def held(self) -> int:
        config = self.body.config
        width = config.num_key_value_heads * (config.hidden_size // config.num_attention_heads)
        return int(8 * width * len(self.body.layers) * (self.levels * (self.length + 1) + WORDS))

    def logits(self, states: Tensor, level: int) -> Tensor:
        found: Tensor = states @ self.table[self.offsets[level] : self.offsets[level + 1]].T
        return found

    def prompt(self, example: Example, codes: Tensor) -> list[int]:
        """Tokens of what is asked. `codes` are (1 + K, L), behind a row for no item."""
        items = codes[torch.tensor(example.history, dtype=torch.int64) + 1]
        parts = {
            "{history}": (self.rows(items) + self.n_words).flatten().tolist() or self.words("nothing"),
            "{item}": (self.rows(codes[example.item + 1]) + self.n_words).tolist(),
            "{text}": self.words(example.text),
        }
        asked, found = TASKS[example.task], []
        while asked:
            at, slot = min(
                ((asked.find(one), one) for one in parts if one in asked), default=(len(asked), "")
            )
            found += self.words(asked[:at].strip()) if asked[:at].strip() else []
            found += parts[slot] if slot else []
            asked = asked[at + len(slot) :]
        return found

    def words(self, text: str) -> list[int]:
        found: list[int] = self.tokenizer(text)["input_ids"]
        return found[:WORDS]

    def embedded(self, tokens: Tensor) -> Tensor:
        """Vectors of words and of codes."""
        words = F.embedding(tokens.clamp(max=self.n_words - 1), self.body.embed_tokens.weight)
        new = F.embedding((tokens - self.n_words).clamp(min=0), self.table)
        return torch.where((tokens >= self.n_words)[..., None], new, words)

    def loss(self, examples: Sequence[Example], codes: Tensor, temperature: float) -> Tensor:
        """Mean over examples of the mean -log p of an answer's tokens; those of the prompt are given.

        Codes are predicted among the tokens of their level, words among words.
        """
        place = self.table.device
        asked = [self.prompt(one, codes) for one in examples]
        answers = [self.answer(one, codes) for one in examples]
        lists = [[*one, *answer[:-1]] for one, answer in zip(asked, answers, strict=True)]
        tokens, there = padded(lists, place)
        positions = (there.cumsum(dim=1) - 1).clamp(min=0)
        states = self.body(
            inputs_embeds=self.embedded(tokens), attention_mask=there, position_ids=positions, use_cache=False
        ).last_hidden_state
        losses = []
        for row, (one, answer) in enumerate(zip(examples, answers, strict=True)):
            if one.task in WRITES_TEXT:
                logits = states[row, -len(answer) :] @ self.body.embed_tokens.weight.T
                losses.append(F.cross_entropy(logits.float(), torch.tensor(answer, device=place)))
            else:
                own = states[None, row, -self.levels :]
                losses.append(self.token_loss(own, codes[None, one.item + 1], temperature))
        return torch.stack(losses).mean()

    def answer(self, example: Example, codes: Tensor) -> list[int]:
        """Tokens of what is to be written; before a code comes the row that begins every prefix."""
        if example.task in WRITES_TEXT:
            return [*self.words(example.text), self.tokenizer.eos_token_id]
        code = (self.rows(codes[example.item + 1]) + self.n_words).tolist()
        return [self.n_words, *code]

    def read(self, codes: Tensor) -> Memory:
        known = torch.cat([torch.full_like(codes[:1, 0], -1), codes.flatten(0, 1)])
        window = codes.shape[1]
        prompts = []
        for user, there in enumerate((codes[..., 0] >= 0).tolist()):
            rows = tuple(user * window + place for place, item in enumerate(there) if item)
            prompts.append(self.prompt(Example("sequence", rows, -1), known))
        tokens, there = padded(prompts, codes.device)
        positions = (there.cumsum(dim=1) - 1).clamp(min=0)
        read = self.body(
            inputs_embeds=self.embedded(tokens), attention_mask=there, position_ids=positions, use_cache=True
        ).past_key_values
        return Memory([(layer.keys, layer.values) for layer in read.layers], there[:, None] > 0)

    def states(
        self, rows: Tensor, memory: Memory, seen: Tensor, before: Sequence[Pair] | None = None
    ) -> tuple[Tensor, list[Pair]]:
        from transformers import DynamicCache

        batch, n, length = rows.shape
        read = seen.shape[2]
        cache = DynamicCache()
        for number, pair in enumerate(memory.layers):
            sides = [side.repeat_interleave(n, 0) for side in pair]
            if before:
                sides = [torch.cat([a, b], dim=2) for a, b in zip(sides, before[number], strict=True)]
            cache.update(sides[0], sides[1], number)
        new = cache.get_seq_length() - read + length
        there = F.pad(seen[:, 0].long(), (0, new), value=1).repeat_interleave(n, 0)
        found = self.body(
            inputs_embeds=self.embedded(rows + self.n_words).flatten(0, 1),
            attention_mask=there,
            position_ids=(there.cumsum(dim=1) - 1)[:, -length:],
            past_key_values=cache,
            use_cache=True,
        )
        layers = found.past_key_values.layers
        kept = [(layer.keys[:, :, read:], layer.values[:, :, read:]) for layer in layers]
        return found.last_hidden_state.unflatten(0, (batch, n)), kept


def padded(lists: Sequence[Sequence[int]], device: torch.device) -> tuple[Tensor, Tensor]:
    """(B, T) tokens, zeros on the left; and (B, T) 1 where there is one."""
    longest = max(map(len, lists))
    tokens = torch.tensor([[0] * (longest - len(one)) + list(one) for one in lists], device=device)
    there = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in lists], device=device)
    return tokens, there
