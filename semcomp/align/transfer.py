"""Zero-shot transfer: a map of text that was trained on some data sets is used on one that it never saw."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sp
import torch
from torch import Tensor

from semcomp.checks import checked
from semcomp.core.inputs import Inputs
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.views.semantic.alpharec import AlphaRec, ConvolvedText
from semcomp.views.semantic.projection import MappedText
from semcomp.views.training import Encoder, train_view


class Transferred(Encoder):
    """The sources' encoder while training; to rank, the target's users too, and its items as unseen ones."""

    back: Tensor

    def __init__(
        self, sources: ConvolvedText | MappedText, target: ConvolvedText | MappedText, split: Split
    ) -> None:
        super().__init__()
        self.sources, self.target = sources, target
        target.mapping = sources.mapping  # one map, trained on the sources alone
        late = np.zeros(split.n_items) if split.known_from is None else split.known_from > 0
        back = np.argsort(np.argsort(late, kind="stable"))  # from known before unseen to the order of ids
        self.register_buffer("back", torch.from_numpy(back), persistent=False)

    def forward(self, users: Tensor | None = None, items: Tensor | None = None) -> tuple[Tensor, Tensor]:
        own, known = self.sources(users, items)
        return (own, known) if users is not None else (torch.cat([own, self.target()[0]]), known)

    def unseen(self) -> Tensor:
        """(I, d) of the target's items."""
        return torch.cat([self.target()[1], self.target.unseen()])[self.back]


@checked
def zero_shot(model: AlphaRec, sources: Sequence[Inputs], target: Inputs, seed: int = 0) -> View:
    """The view of a target that an AlphaRec gives which was trained on the sources alone.

    The sources are trained on at once, as blocks of one split; of the target, its text, its train graph and
    its users' means of text enter after training: e = mean_l Â^l f(X), f the map of the sources. No pair of
    the target is learnt from, no item of it is a negative, and the epoch is chosen on the sources' validation
    parts; so f is the same whatever the target. `linear=True` asks whether one matrix carries over.

    Differs from Sheng et al. (ICLR 2025): negatives are drawn from all sources' items together, there from
    the pair's own domain (the loss draws for a batch, which has pairs of several); candidates in validation
    are all sources' items, too. Their scripts for it are not public.

    Args:
        model: how it is mapped and trained. sources: at least one, with text. target: with text of the same
            encoder, none of the sources.
        seed: of everything random.

    Returns:
        the target's view; its provenance has "sources", with the fingerprint of each.

    Raises:
        SemcompError: no source, no text, the target among the sources, texts of different encoders or widths.

    >>> worlds = [sc.planted.World(users=60, items=40, dim=2, seed=seed).dataset() for seed in (0, 1)]
    >>> one, other = (sc.Inputs(sc.split(world), sc.embed(world)) for world in worlds)
    >>> sc.align.zero_shot(sc.views.AlphaRec(linear=True), [one], other).shape
    (60, 40)
    """
    pairs = [inputs.with_text(model) for inputs in sources]
    split, text = target.with_text(model)
    _check(pairs, split, text)
    known = [source.known for source, _ in pairs]
    rows = np.concatenate([one.rows_for(source.item_ids)[source.catalogue("train")] for source, one in pairs])
    stacked = _stacked(known)
    trained = model.encoder(stacked, TextMatrix(stacked.item_ids, rows), seed)
    used = model.encoder(split, text, seed)
    assert isinstance(trained, ConvolvedText | MappedText)
    assert isinstance(used, ConvolvedText | MappedText)
    name = "AlphaRec, linear" if model.linear else "AlphaRec"
    view = train_view(
        f"{name} (zero-shot)", model, Transferred(trained, used, split), _stacked(known, split), seed
    )
    made = dict(view.provenance) | {
        "split": split.fingerprint,
        "text": dict(text.provenance),
        "sources": [{"split": one.fingerprint, "text": dict(other.provenance)} for one, other in pairs],
    }
    users, items = view.users[-split.n_users :], view.items[-split.n_items :]
    return View(view.name, users.copy(), items.copy(), made, split.user_ids, split.item_ids)


def _stacked(sources: Sequence[Split], target: Split | None = None) -> Split:
    """The sources as blocks of one split; the target as users without pairs and items of the test part."""
    all_of = [*sources, *([] if target is None else [target])]
    ids = [
        np.concatenate([[f"{n}/{one}" for one in getattr(part, side)] for n, part in enumerate(all_of)])
        for side in ("user_ids", "item_ids")
    ]
    parts = {}
    for name in ("train", "valid"):
        blocks = [getattr(part, name) for part in sources]
        if target is not None:
            blocks.append(sp.csr_array(target.train.shape, dtype=target.train.dtype))
        parts[name] = sp.csr_array(sp.block_diag(blocks, format="csr"))
        parts[name].sort_indices()
    known_from = np.repeat([0] * len(sources) + [2] * (target is not None), [part.n_items for part in all_of])
    empty = sp.csr_array(parts["train"].shape, dtype=parts["train"].dtype)
    return Split(ids[0], ids[1], parts["train"], parts["valid"], empty, {}, known_from=known_from)


def _check(sources: Sequence[tuple[Split, TextMatrix]], split: Split, text: TextMatrix) -> None:
    """SemcompError unless the texts are of one encoder and the target is none of the sources."""
    if not sources:
        raise SemcompError(
            "zero_shot needs at least one source to train on; give sources=[Inputs(split, text)]"
        )
    encoders = {(one.matrix.shape[1], one.provenance.get("model")) for _, one in (*sources, (split, text))}
    if len(encoders) > 1:
        told = " and ".join(
            sorted(f"{width} columns of {name or 'no named model'}" for width, name in encoders)
        )
        raise SemcompError(
            f"sources and target have texts of different encoders, {told}; embed them all with the same model"
        )
    if any(source.fingerprint == split.fingerprint for source, _ in sources):
        raise SemcompError(
            "the target is one of the sources, so nothing is zero-shot; leave it out of sources"
        )
