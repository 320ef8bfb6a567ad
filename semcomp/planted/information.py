r"""What perfect alignment must lose: Theorem 1 of DaRec, computed exactly in small discrete worlds.

Let D and D' be two sources and Y what is to be predicted, all with finitely many values. Aligned
representations f(D) = f'(D') are one variable Z that is a function of D and of D' alike. The best
cross-entropy from Z is H(Y | Z), that from both sources H(Y | D, D'), so what alignment loses is at least

    gap = I(D, D'; Y) − max over such Z of I(Z; Y).

The theorem says gap ≥ Δ = |I(D; Y) − I(D'; Y)|. The proof is one line, I(Z; Y) ≤ min(I(D; Y), I(D'; Y)) and
I(D, D'; Y) ≥ max, and its middle step is the sharper I(D, D'; Y) − min(I(D; Y), I(D'; Y)).

The maximum needs no search: each Z that is a function of both is a function of the common part of D and D'
(Gács and Körner 1973), which names the connected component, of the bipartite graph of values that occur
together, that a pair lies in.

DaRec: arXiv 2408.08231 (ICDE 2025). Information in nats.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components
from scipy.special import xlogy

from semcomp.checks import checked
from semcomp.errors import SemcompError

Doubles = NDArray[np.float64]
Labels = NDArray[np.int64]


@checked
@dataclass(frozen=True)
class AlignmentLoss:
    """Both sides of the theorem for one world, in nats.

    Attributes:
        first, second: I(D; Y) and I(D'; Y).
        both: I(D, D'; Y).
        aligned: I(Z; Y) of the best aligned representation.
        components: values that the common part takes; 1 where the sources have none.
        gap: both − aligned, what alignment loses: inf CE(Z) − inf CE(D, D').
        sharper: both − min(first, second).
        bound: |first − second|. gap ≥ sharper ≥ bound.
    """

    first: float
    second: float
    both: float
    aligned: float
    components: int
    gap: float
    sharper: float
    bound: float


@checked
def alignment_loss(joint: ArrayLike) -> AlignmentLoss:
    """What alignment loses in the world with these probabilities.

    Args:
        joint: (a, b, c) probabilities of D, D' and Y, not negative, summing to 1 (up to 1e-9).

    Raises:
        SemcompError: anything else.
    """
    p = _probabilities(joint)
    labels, _ = common_part(p.sum(axis=2))
    components = int(labels.max()) + 1
    of_common = np.zeros((components, p.shape[2]))
    np.add.at(of_common, np.maximum(labels, 0), p.sum(axis=1))  # a value without probability adds nothing
    first, second = mutual_information(p.sum(axis=1)), mutual_information(p.sum(axis=0))
    both = mutual_information(p.reshape(-1, p.shape[2]))
    aligned = mutual_information(of_common)
    return AlignmentLoss(
        first=first,
        second=second,
        both=both,
        aligned=aligned,
        components=components,
        gap=both - aligned,
        sharper=both - min(first, second),
        bound=abs(first - second),
    )


@checked
def common_part(joint: ArrayLike) -> tuple[Labels, Labels]:
    """The Gács-Körner common part: a label for each value of D and of D', equal wherever both occur together.

    Args:
        joint: (a, b) probabilities.

    Returns:
        (a,) and (b,) labels from 0 on in the order of D's values, -1 for a value that does not occur. No
        labelling with that property is finer.

    Raises:
        SemcompError: another number of axes.
    """
    table = _table(joint) > 0
    a, b = table.shape
    edges = np.zeros((a + b, a + b), dtype=bool)
    edges[:a, a:] = table
    _, found = connected_components(edges, directed=False)
    occurs = np.concatenate([table.any(axis=1), table.any(axis=0)])
    _, label = np.unique(found[occurs], return_inverse=True)
    labels = np.full(a + b, -1, np.int64)
    labels[occurs] = label
    return labels[:a], labels[a:]


@checked
def mutual_information(joint: ArrayLike) -> float:
    """I(X; Y) = Σ p ln(p / (p_x p_y)) of an (a, b) table of probabilities, in nats; 0 ln 0 = 0.

    Raises SemcompError for another number of axes.
    """
    p = _table(joint)
    # as entropies: H(X) + H(Y) − H(X, Y), at least 0 up to rounding
    x, y = p.sum(axis=1), p.sum(axis=0)
    return max(0.0, float(xlogy(p, p).sum() - xlogy(x, x).sum() - xlogy(y, y).sum()))


@checked
def random_joint(seed: int, *, most: int = 6) -> Doubles:
    """(a, b, c) probabilities of a random world, with up to `most` values each.

    Values of D and D' fall into random blocks, and only values of one block occur together, some of them
    never; so the common part has one value or several. How much Y depends on D, on D' and on the block varies
    from world to world.

    Raises:
        SemcompError: fewer than 2 values.
    """
    if most < 2:
        raise SemcompError(f"a random world of at most {most} values; use at least 2")
    rng = np.random.default_rng(seed)
    a, b, c = (int(n) for n in rng.integers(2, most + 1, size=3))
    blocks = int(rng.integers(1, min(a, b) + 1))
    of_a, of_b = (np.r_[np.arange(blocks), rng.integers(blocks, size=n - blocks)] for n in (a, b))
    together = rng.exponential(size=(a, b)) * (of_a[:, None] == of_b) * (rng.random((a, b)) < 0.8)
    if not together.any():
        together[0, 0] = 1.0
    of_block, of_first, of_second, of_pair = rng.exponential(2.0, size=4) * (rng.random(4) < 0.8)
    logits = (
        of_block * rng.standard_normal((blocks, c))[of_a][:, None]
        + of_first * rng.standard_normal((a, 1, c))
        + of_second * rng.standard_normal((1, b, c))
        + of_pair * rng.standard_normal((a, b, c))
    )
    given = np.exp(logits - logits.max(axis=2, keepdims=True))
    given /= given.sum(axis=2, keepdims=True)
    return np.asarray(together[:, :, None] / together.sum() * given)


@checked
def alignment_losses(worlds: int = 1000, *, seed: int = 0, most: int = 6) -> pd.DataFrame:
    """`alignment_loss` of random worlds, one row per world, indexed by the world's seed from `seed` on.

    Raises:
        SemcompError: no worlds, or fewer than 2 values.
    """
    if worlds < 1:
        raise SemcompError(f"{worlds} random worlds; ask for at least 1")
    seeds = range(seed, seed + worlds)
    rows = [asdict(alignment_loss(random_joint(one, most=most))) for one in seeds]
    return pd.DataFrame(rows, index=pd.Index(seeds, name="seed"))


def _probabilities(joint: ArrayLike) -> Doubles:
    p = np.asarray(joint, np.float64)
    if p.ndim != 3 or p.size == 0:
        raise SemcompError(f"probabilities have shape {p.shape}; give one axis each for D, D' and Y")
    if not (p >= 0).all() or abs(p.sum() - 1) > 1e-9:
        raise SemcompError("probabilities must be at least 0 and sum to 1; divide counts by their sum")
    return p


def _table(joint: ArrayLike) -> Doubles:
    p = np.asarray(joint, np.float64)
    if p.ndim != 2:
        raise SemcompError(f"joint probabilities of shape {p.shape}; give a table (a, b)")
    return p
