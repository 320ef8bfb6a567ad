"""The fusion that needs no gradients: four members in closed form, or counted, added by validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from semcomp.checks import checked
from semcomp.core.inputs import Inputs, Model
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.fuse.mixture import Mixture
from semcomp.fuse.sums import WeightedSum
from semcomp.views.collaborative.edlae import EDLAE
from semcomp.views.collaborative.ials import IALS
from semcomp.views.collaborative.item_knn import ItemKNN
from semcomp.views.collaborative.spectral import GFCF
from semcomp.views.joint.text_autoencoders import CEASE
from semcomp.views.origin import origin
from semcomp.views.semantic.text_ease import TextEASE

WITH_TEXT: tuple[Model, ...] = (CEASE(), TextEASE(), IALS(), GFCF())
WITHOUT_TEXT: tuple[Model, ...] = (EDLAE(), ItemKNN(), IALS(), GFCF())


@checked
@dataclass(frozen=True)
class ClosedFormFusion:
    """`Σ_v w_v z_v(u, i)` of CEASE, EASE-text, iALS and GF-CF, with the weights of `WeightedSum`.

    Text and interactions share one set of item-to-item weights in CEASE, where an item with few users is
    explained by its text and one with many by its users; EASE-text keeps what the text alone says, iALS and
    GF-CF what interactions alone say, of low rank and as a filter of the graph. No member is trained by
    gradients: the whole takes seconds to minutes on one core. The seed is of iALS and of the candidates that
    weights are chosen on.

    Without `text` it is the control: the same number and kind of members, none of which reads text. EDLAE
    takes the place of CEASE (which it is at α = 0), item-kNN that of EASE-text (weights from item to item);
    iALS and GF-CF stay. What the fusion is better by is due to the text.

    Attributes:
        text: which of the two. members: other models to fit and add, in this order, whatever they read; None:
            those above, at their defaults.

    >>> fused = sc.fuse.ClosedFormFusion(text=False).fit(split)
    >>> [member.name for member in fused.members]
    ['EDLAE', 'item-kNN', 'iALS', 'GF-CF']
    >>> sc.rank(fused, split, k=20)
    <TopK 'closed-form fusion without text': the 20 best of 200 items for each of 300 users>

    Raises:
        SemcompError: members that are fewer than two, or together with `text=False`.
    """

    text: bool = True
    members: Sequence[Model] | None = None

    def __post_init__(self) -> None:
        if self.members is not None:
            object.__setattr__(self, "members", tuple(self.members))
            if len(self.members) < 2:
                raise SemcompError("ClosedFormFusion needs two members or more; give another, or None")
            if not self.text:
                raise SemcompError("ClosedFormFusion was given members and text=False; leave one of them out")

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> Mixture:
        """The mixture of the fitted members; its weights are chosen on the validation part.

        Raises:
            SemcompError: no text where it is read; more items than a member's memory has room for.
        """
        given = Inputs.of(inputs)
        if self.text and self.members is None:
            given.with_text(self)
        models = self.members or (WITH_TEXT if self.text else WITHOUT_TEXT)
        views = [model.fit(given, seed) for model in models]
        summed = WeightedSum().fit(replace(given, views=views), seed)
        name = "closed-form fusion" if self.text else "closed-form fusion without text"
        chosen = {key: summed.provenance[key] for key in ("weights", "valid_ndcg", "members", "of")}
        text = given.text if self.text else None
        return replace(summed, name=name, provenance=origin(self, given.split, seed, text, **chosen))
