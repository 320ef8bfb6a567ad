"""What a model is fitted to, and the one way to fit it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import Scorer, check_fits
from semcomp.data import Split
from semcomp.errors import SemcompError


@dataclass(frozen=True, eq=False)
class Inputs:
    """Everything that a model may be fitted to; each model takes what it needs and leaves the rest alone.

    Attributes:
        split: train and validation pairs, with the order of events where it is known. Where a model needs no
            more than this, `fit` takes the split as it is.
        text: the text of the split's items, joined by id.
        views: what is fused, aligned with or started from, in the order that the model names them.

    >>> import numpy as np
    >>> import semcomp as sc
    >>> split = sc.split(sc.load_dataset("planted"))
    >>> text = sc.TextMatrix(split.item_ids, np.ones((split.n_items, 3)))
    >>> sc.views.RawText().fit(sc.Inputs(split, text)).shape == (split.n_users, split.n_items)
    True

    Raises:
        SemcompError: something else in the place of the split, the text or the views.
    """

    split: Split
    text: TextMatrix | None = None
    views: Sequence[Scorer] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.split, Split):
            raise SemcompError(
                f"a model was given {type(self.split).__name__} to fit to; it needs a Split, e.g. "
                "split(data), or Inputs(split, text, views)"
            )
        if not isinstance(self.text, TextMatrix | None):
            raise SemcompError(
                f"Inputs got {type(self.text).__name__} as text; it needs a TextMatrix, e.g. embed(data)"
            )
        object.__setattr__(self, "views", tuple(self.views))

    @classmethod
    def of(cls, given: Inputs | Split) -> Inputs:
        """The inputs; of a split alone, the inputs that hold nothing else."""
        return given if isinstance(given, cls) else cls(given)  # type: ignore[arg-type]  # checked there

    def with_text(self, model: object) -> tuple[Split, TextMatrix]:
        """Split and text; SemcompError where `model` was given no text."""
        if self.text is None:
            raise SemcompError(
                f"{type(model).__name__} reads text and was given none; "
                "fit it to Inputs(split, text), with text = embed(data)"
            )
        return self.split, self.text

    def with_views(self, model: object, at_least: int = 1) -> tuple[Split, tuple[Scorer, ...]]:
        """Split and views; SemcompError where `model` was given too few, or some of other data."""
        views = tuple(self.views)
        if len(views) < at_least:
            raise SemcompError(
                f"{type(model).__name__} needs {at_least} views and was given {len(views)}; "
                "fit it to Inputs(split, views=[one, other])"
            )
        for view in views:
            check_fits(view, (self.split.n_users, self.split.n_items))
        return self.split, views


class Model(Protocol):
    """A frozen configuration that can be fitted: all there is to know of a model of any room."""

    def fit(self, inputs: Inputs | Split, seed: int = 0, *, checkpoint: Path | None = None) -> Scorer:
        """The view, or the scorer, of these inputs.

        Args:
            seed: of everything random; the same seed gives the same bytes.
            checkpoint: a file for the state of a long fit, resumed from if it is there. What is computed in
                closed form has no use for it.

        Raises:
            SemcompError: text, views or an order of events that the model needs are missing.
        """
        ...
