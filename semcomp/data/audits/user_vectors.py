"""Check of what user vectors were pooled over."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from semcomp.data.audits.findings import Case, Floats, Keys, Outcome, found, not_applicable, passed
from semcomp.data.audits.text_rows import in_data_order, unit, unmatched
from semcomp.errors import SemcompError

WIDTH = 4  # in fewer dimensions two directions agree by chance too often
FITS = 1e-3  # distance of unit vectors that are the same up to rounding, half precision included
ROUNDING = 1e-5  # below this a distance is rounding of float32 and says nothing
BETTER = 4  # how many times closer the pool with held-out items must be than the pool of train items
POOLS = (
    ("test",),
    ("valid",),
    ("valid", "test"),
    ("train", "test"),
    ("train", "valid"),
    ("train", "valid", "test"),
)


def pooled_over_held_out(case: Case) -> Outcome:
    """No user vector is the mean, up to scale, of item rows that include held-out ones.

    A user counts where the mean over train and held-out items (in any combination of parts) gives the
    direction of the vector to 0.001 and at least four times more closely than the mean over the train items
    does. Item rows are those of the view, and of the text where it has the same width, both as they are and
    with unit norm. A pool that goes through a further map is not recognised; audit its input.
    """
    if case.view is None:
        return not_applicable("no view given")
    users, rows = np.asarray(case.view.users), np.asarray(case.view.items)
    shape = (case.data.n_users, case.data.n_items)
    if (len(users), len(rows)) != shape:
        raise SemcompError(
            f"the view has {len(users)} user rows and {len(rows)} item rows, but the data {shape[0]} users "
            f"and {shape[1]} items; both must come from the same data"
        )
    if users.shape[1] < WIDTH:
        return not_applicable(f"vectors of fewer than {WIDTH} columns agree by chance")
    leaking: dict[int, str] = {}
    tested = 0
    for source in _sources(case, users.shape[1], rows):
        for label, hit, looked in _pooled(case, users, source):
            tested = max(tested, looked)
            leaking = dict.fromkeys(hit.tolist(), label) | leaking  # the smallest pool that fits is told
    if not leaking:
        return passed(f"{tested:,} user vectors with held-out items, none pooled over them")
    user, label = min(leaking.items())
    return found(
        "leak",
        len(leaking),
        f"user {str(case.data.user_ids[user])!r}, pooled over {label}",
        "pool user vectors over train items only",
        f"{len(leaking):,} user vectors are the mean of item rows that include held-out ones",
    )


def _sources(case: Case, width: int, rows: Floats) -> Iterator[Floats]:
    yield rows
    yield unit(rows)
    if case.text is not None and case.text.matrix.shape[1] == width and not unmatched(case.text, case):
        own = in_data_order(case.text, case)
        yield own
        yield unit(own)


def _pooled(case: Case, users: Floats, rows: Floats) -> Iterator[tuple[str, Keys, int]]:
    """By pool and block of users: which vectors it explains, and how many were looked at."""
    parts = {part: _matrix(keys, case) for part, keys in case.keys.items()}
    with_held_out = np.flatnonzero(np.diff(parts["valid"].indptr) + np.diff(parts["test"].indptr))
    with_held_out = with_held_out[np.linalg.norm(users[with_held_out], axis=1) > 0]
    step = max(1, case.memory // (8 * 4 * users.shape[1]))
    for start in range(0, len(with_held_out), step):
        block = with_held_out[start : start + step]
        target = unit(users[block])
        sums = {part: matrix[block] @ rows for part, matrix in parts.items()}
        has = {part: np.diff(matrix.indptr)[block] > 0 for part, matrix in parts.items()}
        plain = _distance(target, sums["train"])
        for pool in POOLS:
            adds = np.logical_or.reduce([has[part] for part in pool if part != "train"])
            away = _distance(target, np.sum([sums[part] for part in pool], axis=0))
            hit = adds & (away <= FITS) & (plain > ROUNDING) & (plain > BETTER * away)
            yield " + ".join(pool), block[hit], len(with_held_out)


def _distance(target: Floats, pool: Floats) -> NDArray[np.float64]:
    """Euclidean distance of unit rows; 1 for a pool of nothing."""
    return np.asarray(np.linalg.norm(target - unit(pool), axis=1), dtype=np.float64)


def _matrix(keys: Keys, case: Case) -> sp.csr_array:
    user, item = np.divmod(keys, case.data.n_items)
    ones = np.ones(len(keys), dtype=np.float32)
    return sp.csr_array((ones, (user, item)), shape=(case.data.n_users, case.data.n_items))
