"""In what form a target is to be predicted: as it is, as directions, or without its popularity."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from semcomp.core.view import directions
from semcomp.errors import unknown_name

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]


def _as_it_is(items: Floats, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    return items


def _normalised(items: Floats, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    return directions(items)


def _centred_normalised(items: Floats, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    return _normalised(items - items[fitted].mean(axis=0), fitted, counts)


def _without_popularity(items: Floats, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    popularity = np.log1p(counts.astype(np.float64))
    if np.ptp(popularity[fitted]) == 0:
        return items
    away = popularity - popularity[fitted].mean()
    slope = away[fitted] @ (items[fitted] - items[fitted].mean(axis=0)) / np.sum(away[fitted] ** 2)
    return np.asarray(items - away[:, None] * slope)


# name -> (items, fitted rows, train counts) -> items; whatever is estimated, is estimated on the fitted rows
TARGETS: dict[str, Callable[[Floats, Rows, NDArray[np.int64]], Floats]] = {
    "as is": _as_it_is,
    "normalised": _normalised,
    "centred-normalised": _centred_normalised,
    "popularity-residualised": _without_popularity,
}


def target_rows(items: Floats, form: str, fitted: Rows, counts: NDArray[np.int64]) -> Floats:
    """The target's item rows (I, q) in a form of `TARGETS`.

    - "as is";
    - "normalised": rows of unit length (zero rows stay zero), without lengths, which often carry popularity;
    - "centred-normalised": the same after the fitted items' mean is taken off;
    - "popularity-residualised": what a regression of each dimension on log(1 + train count), with an
      intercept, leaves over (the mean is kept). Where all fitted items have one count nothing is taken off.

    Raises SemcompError for an unknown form.
    """
    if form not in TARGETS:
        raise unknown_name("target form", form, TARGETS)
    return TARGETS[form](items, fitted, counts)
