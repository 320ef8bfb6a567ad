"""What a model is fitted to, and the one way to fit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from semcomp.checks import checked
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import Scorer, View, of_split
from semcomp.data import Split
from semcomp.errors import SemcompError


@checked
@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that a model may be fitted to; each model takes what it needs and ignores the rest.

    Attributes:
        split: train and validation pairs, with the order of events where it is known. Where a model needs no
            more than this, `fit` also takes the split itself.
        text: the text of the split's items, joined by id.
        views: what is fused, aligned with or started from, in the order that the model names them.

    >>> import numpy as np
    >>> import semcomp as sc
    >>> split = sc.split(sc.load_dataset("planted"))
    >>> text = sc.TextMatrix(split.item_ids, np.ones((split.n_items, 3)))
    >>> sc.views.RawText().fit(sc.Inputs(split, text)).shape == (split.n_users, split.n_items)
    True

    Raises:
        SemcompError: the split, the text or the views are of another type.
    """

    split: Split
    text: TextMatrix | None = None
    views: Sequence[Scorer] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "views", tuple(self.views))

    @classmethod
    def of(cls, given: Inputs | Split) -> Inputs:
        """The inputs; of a split alone, the inputs that hold nothing else.

        >>> sc.Inputs.of(split).text is None
        True
        """
        return given if isinstance(given, Inputs) else cls(given)

    def with_text(self, model: object) -> tuple[Split, TextMatrix]:
        """Split and text; SemcompError where `model` was given no text.

        >>> sc.Inputs(split, text).with_text(sc.views.RawText())[1] is text
        True
        """
        if self.text is None:
            raise SemcompError(
                f"{type(model).__name__} reads text and was given none; "
                "fit it to Inputs(split, text), with text = embed(data)"
            )
        return self.split, self.text

    def with_order(self, model: object) -> Split:
        """The split; SemcompError where `model` reads histories in order and the split does not know it.

        >>> sc.Inputs(split).with_order(sc.views.LightGCN())
        Traceback (most recent call last):
        semcomp.errors.SemcompError: LightGCN reads events in order, which the split does not know ...
        """
        if not self.split.ordered:
            raise SemcompError(
                f"{type(model).__name__} reads events in order, which the split does not know "
                f"({self.split.order_told}); load "
                "data with a column timestamp or position that is filled in for every interaction"
            )
        return self.split

    def with_views(self, model: object, count: int | None = None) -> tuple[Split, Sequence[Scorer]]:
        """Split and views, whose rows are joined to the split's by id where they have ids.

        SemcompError where `model` was given none, not `count`, or some of other data.

        >>> [view.name for view in sc.Inputs(split, views=[cf, sem]).with_views(sc.views.CombSum(), 2)[1]]
        ['LightGCN', 'projection']
        """
        given = len(self.views)
        if not given or given != (count or given):
            raise SemcompError(
                f"{type(model).__name__} needs {count or 'some'} views and was given {given}; "
                "fit it to Inputs(split, views=[one, other])"
            )
        return self.split, [of_split(view, self.split) for view in self.views]


def as_view(scorer: Scorer, remedy: str) -> View:
    """The scorer, where it is a View; SemcompError with the remedy for one that scores without vectors."""
    if not isinstance(scorer, View):
        raise SemcompError(f"{scorer.name} scores without vectors; {remedy}")
    return scorer


class Model(Protocol):
    """A frozen configuration that can be fitted: all that other packages need to know about a model."""

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> Scorer:
        """The view, or the scorer, of these inputs.

        Args:
            seed: of everything random; the same seed gives the same bytes.
            checkpoint: a file for the state of a long fit, resumed from if it exists. Closed-form models
                ignore it.

        Raises:
            SemcompError: text, views or an order of events that the model needs are missing.
        """
        ...
