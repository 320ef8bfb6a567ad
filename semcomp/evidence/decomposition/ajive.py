r"""Shared plus private by angles between row spaces: AJIVE for two blocks.

Angle-based joint and individual variation explained (Feng, Jiang, Hannig and Marron, Journal of Multivariate
Analysis 2018, arXiv 1704.02060). Each centred block is cut to its signal rank; U_s, U_c are orthonormal bases
of the items' coordinates in the two signals. The singular values of [U_s U_c] satisfy σ_k² = 1 + cos φ_k, φ_k
the principal angles. A direction is joint where σ² exceeds both

- the random-direction bound: the 95 % quantile of the top σ² of random subspaces of the same dimensions, and
- Wedin's bound: the 5 % quantile of 2 − sin²θ_s − sin²θ_c, where sin θ, how far the noise left behind by the
  cut can have turned a signal space, is measured by projecting that noise on random directions outside it.

Joint parts are the blocks projected on the joint directions; individual ones the rest of each block,
truncated again at the smallest singular value that the first truncation kept; the remainder is "rest".

Differs from inter-battery parts where the views disagree (σ² < 2): the disagreement stays in the individual
part. At full ranks nothing is cut, there is no noise to measure, and Wedin's bound is not applied: the joint
part then is exactly that of `inter_battery` at the same rank.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from semcomp.checks import checked
from semcomp.core.matrices import paired
from semcomp.errors import SemcompError
from semcomp.evidence.decomposition.inter_battery import check_rank
from semcomp.evidence.decomposition.parts import VIEWS, Floats, Parts
from semcomp.evidence.statistics.bootstrap import LEVEL

EPS = float(np.finfo(np.float64).eps)
SignalRanks = tuple[int | None, int | None]


@dataclass(frozen=True, eq=False)
class Angles:
    """What the joint rank is based on.

    Attributes:
        squares: (min rank,) σ_k² = 1 + cos φ_k, descending, in [1, 2].
        random_bound, wedin_bound: the two thresholds; Wedin's is 1, below all, where it is not applied.
        ranks: the two signal ranks.
        rank: the number of σ² above both.
    """

    squares: Floats
    random_bound: float
    wedin_bound: float
    ranks: tuple[int, int]
    rank: int


@checked
def ajive(
    semantic: ArrayLike,
    collaborative: ArrayLike,
    *,
    ranks: SignalRanks | None = None,
    rank: int | None = None,
    draws: int = 200,
    seed: int = 0,
) -> Parts:
    """The parts by AJIVE (see the module).

    Args:
        semantic: (n, p). collaborative: (n, q). Finite.
        ranks: signal ranks of the two blocks, None for all directions above rounding (`signal_rank` tells
            them by a second copy of a block).
        rank: of the joint part, 0 to the lesser signal rank; by default the number of angles within both
            bounds.
        draws: of random directions for each bound.

    Raises:
        SemcompError: not matrices, NaN, different lengths, fewer than 3 rows, ranks out of range,
            fewer than 20 draws.
    """
    s, c = paired(semantic, collaborative, names=VIEWS, min_rows=3)
    blocks = _blocks(s, c, ranks)
    if rank is None:
        rank = _angles(blocks, draws, seed).rank
    check_rank(rank, min(block.rank for block in blocks))
    basis = np.linalg.svd(np.hstack([block.basis for block in blocks]), full_matrices=False)[0][:, :rank]
    joint, private, rest = [], [], []
    for block in blocks:
        shared = basis @ (basis.T @ block.rows)
        own = block.rows - shared
        kept = _cut_at(own, block.threshold)
        joint.append(shared)
        private.append(kept)
        rest.append(own - kept)
    means = (s.mean(axis=0), c.mean(axis=0))
    parts = (joint[0], private[0], rest[0], joint[1], private[1], rest[1])
    return Parts(*means, *parts, scores=basis * np.sqrt(len(s)), method="ajive")


def angles(
    semantic: ArrayLike,
    collaborative: ArrayLike,
    *,
    ranks: SignalRanks | None = None,
    draws: int = 200,
    seed: int = 0,
) -> Angles:
    """The angles between the views' signals and the bounds that tell joint ones; arguments as `ajive`."""
    return _angles(_blocks(*paired(semantic, collaborative, names=VIEWS, min_rows=3), ranks), draws, seed)


@dataclass(frozen=True, eq=False)
class _Block:
    """A centred block cut to its signal.

    rows: (n, d). basis: (n, r) left singular vectors of the signal. axes: (d, r) right ones. rank: r.
    smallest: its least singular value. noise: (n, d) what the cut leaves. threshold: singular values up to it
    are cut.
    """

    rows: Floats
    basis: Floats
    axes: Floats
    rank: int
    smallest: float
    noise: Floats
    threshold: float


def _blocks(s: Floats, c: Floats, ranks: SignalRanks | None) -> tuple[_Block, _Block]:
    given = (None, None) if ranks is None else ranks
    return _block("semantic", s, given[0]), _block("collaborative", c, given[1])


def _block(label: str, matrix: Floats, rank: int | None) -> _Block:
    rows = matrix - matrix.mean(axis=0)
    left, singular, right = np.linalg.svd(rows, full_matrices=False)
    full = int(np.sum(singular > singular[0] * max(rows.shape) * EPS))
    rank = full if rank is None else rank
    if not 0 <= rank <= full:
        raise SemcompError(f"signal rank {rank} of the {label} block must lie between 0 and {full}, its rank")
    signal = (left[:, :rank] * singular[:rank]) @ right[:rank]
    noise = rows - signal if rank < full else np.zeros_like(rows)
    after = float(singular[rank]) if rank < full else 0.0
    least = float(singular[rank - 1]) if rank else 0.0
    # halfway between the last value kept and the first one cut, as in the authors' own code
    return _Block(
        rows, left[:, :rank], right[:rank].T, rank, least, noise, (least + after) / 2 if after else 0
    )


def _angles(blocks: tuple[_Block, _Block], draws: int, seed: int) -> Angles:
    if draws < 20:
        raise SemcompError(f"{draws} draws do not tell a 95 % quantile; give at least 20")
    one, other = blocks
    n, ranks = len(one.rows), (one.rank, other.rank)
    cosines = np.linalg.svd(one.basis.T @ other.basis, compute_uv=False)
    squares = 1 + np.clip(cosines, 0.0, 1.0)
    rng = np.random.default_rng(seed)
    random_bound = float(np.quantile(_random_squares(n - 1, *ranks, draws, rng), LEVEL))
    wedin_bound = 1.0
    if min(ranks) and any(block.noise.any() for block in blocks):
        turned = sum(_turns(block, draws, rng) for block in blocks)
        wedin_bound = float(np.quantile(2 - turned, 1 - LEVEL))
    rank = int(np.sum(squares > max(random_bound, wedin_bound)))
    return Angles(squares, random_bound, wedin_bound, ranks, rank)


def _random_squares(n: int, p: int, q: int, draws: int, rng: np.random.Generator) -> Floats:
    """(draws,) top 1 + cos φ between a fixed p- and a random q-dimensional subspace of n dimensions.

    cos² are the eigenvalues of A (A + B)⁻¹ with A, B Wishart of p and n − p degrees of freedom: nothing of
    n rows is drawn. 2 where the subspaces must meet.
    """
    if min(p, q) == 0:
        return np.ones(draws)
    if p + q > n:
        return np.full(draws, 2.0)
    top = np.empty(draws)
    for at in range(draws):
        head = rng.standard_normal((p, q))
        lower = np.tril(rng.standard_normal((q, q)), -1)  # Bartlett's factor of the Wishart matrix B
        lower[np.diag_indices(q)] = np.sqrt(rng.chisquare(n - p - np.arange(q)))
        ratio = np.linalg.svd(np.linalg.solve(lower, head.T), compute_uv=False)[0]
        top[at] = 1 + ratio / np.sqrt(1 + ratio**2)
    return top


def _turns(block: _Block, draws: int, rng: np.random.Generator) -> Floats:
    """(draws,) sin² of how far the noise can turn the signal space, at most 1 (Wedin, BIT 1972)."""
    if not block.noise.any():
        return np.zeros(draws)
    out = np.empty(draws)
    for at in range(draws):
        sides = []
        for known, noise in ((block.basis, block.noise.T), (block.axes, block.noise)):
            random = rng.standard_normal((len(known), block.rank))
            random = np.linalg.qr(random - known @ (known.T @ random))[0]
            sides.append(float(np.linalg.norm(noise @ random, ord=2)))
        out[at] = min(max(sides) / block.smallest, 1.0) ** 2
    return out


def _cut_at(rows: Floats, threshold: float) -> Floats:
    """The rows with singular values up to the threshold removed."""
    if threshold == 0:
        return rows
    left, singular, right = np.linalg.svd(rows, full_matrices=False)
    kept = singular > threshold
    return np.asarray((left[:, kept] * singular[kept]) @ right[kept])
