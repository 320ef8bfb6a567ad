r"""How much of each principal axis of a view is signal, by a second copy of the view, and the signal rank.

Let the two copies be signal plus noise of equal size, t + e_1 and t + e_2. Along an axis where the signal has
the share ρ of the variance (its reliability), the copies have the correlation ρ: a linear map from the second
explains R² = ρ² of the first, so ρ = √R² (attenuation: Spearman 1904).

An axis is signal where ρ > 1/2. Keeping an axis of variance λ leaves the noise λ (1 − ρ) in what is kept,
cutting it loses the signal λ ρ: this is the cut with the least expected squared distance from the signal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from sklearn.model_selection import KFold

from semcomp.checks import checked
from semcomp.core.matrices import Floats, paired
from semcomp.evidence.mapping.regression import fit_ridge

FOLDS = 5
SIGNAL = 0.5


def predicted(source: Floats, target: Floats, seed: int) -> Floats:
    """(n, q) each row of the target by ridge from the source, fitted on the other folds of the rows."""
    found = np.empty_like(target)
    for kept, held in KFold(FOLDS, shuffle=True, random_state=seed).split(source):
        found[held] = fit_ridge(source[kept], target[kept], seed=seed).predict(source[held])
    return found


def axis_reliability(view: ArrayLike, second: ArrayLike, *, seed: int = 0) -> Floats:
    """(r,) √R² of the view's principal axes, largest variance first, by ridge from the second, cross-fitted.

    0 where R² is negative. Axes without variance are omitted; arguments and errors as `signal_rank`.
    """
    rows, again = paired(view, second, names=("view", "second"), min_rows=4 * FOLDS)
    centred = rows - rows.mean(axis=0)
    left, singular, _ = np.linalg.svd(centred, full_matrices=False)
    moving = singular > singular[0] * max(centred.shape) * np.finfo(np.float64).eps
    scores = left[:, moving] * singular[moving]
    missed = np.sum((scores - predicted(again, scores, seed)) ** 2, axis=0)
    return np.asarray(np.sqrt(np.maximum(1.0 - missed / singular[moving] ** 2, 0.0)))


@checked
def signal_rank(view: ArrayLike, second: ArrayLike, *, seed: int = 0) -> int:
    """How many principal axes of a view are more signal than noise, by a second copy of it.

    With two copies t + e_1 and t + e_2, noise of one size, and ρ the share of t in the variance of an axis, a
    linear map from the second explains R² = ρ² of that axis. Counted are those with √R² > 1/2: to keep an
    axis of variance λ keeps the noise λ (1 − ρ), to cut it loses the signal λ ρ. R² is of ridge maps,
    cross-fitted over 5 folds of the rows; few rows make it too low.

    Args:
        view: (n, p). second: (n, q), the same rows of another seed, in any rotation. Finite.
        seed: of the folds.

    Raises:
        SemcompError: not matrices, NaN, different lengths, fewer than 20 rows.
    """
    return int(np.sum(axis_reliability(view, second, seed=seed) > SIGNAL))
