r"""Shared plus private without straight lines: four encoders and additive decoders.

The shape is that of domain separation networks (Bousmalis et al., NeurIPS 2016, arXiv 1608.06019) and DaRec
(arXiv 2408.08231). Each view has a shared code h and a private code g, and each decoder speaks of one code
only, so that the parts add up in the view's own space: ŝ = D(h) + P(g). Training goes in three steps, each
stopped on held-out items:

1. The shared encoders, with all else as help: agreement of both shared codes (`agreement`: differentiable
   canonical correlations), reconstruction of each view from its private code and its shared one, and from
   its private code and the shared one predicted by the other view, and `dependence` between the shared and
   the private code of a view and between both private codes.
2. Canonical correlations of the two shared codes. Pairs whose correlation on the held-out items is above
   chance are kept (a_k of S and b_k of C, standardised); with them decoders are fitted anew, each for the
   conditional mean of a view.
3. Private encoders and decoders, for what a view's own kept code leaves, again with `dependence`.

The parts of a view are then

    joint    E[view | code]            with the code named by `NeuralParts.code`
    private  P(g)                      what the own shared code leaves, as far as the private code holds it
    rest     what remains              the own shared code's departure from the joint part, and fitting error

The untrained networks are the linear answer: each is a line plus a bent part that starts at zero, and the
lines are those of (slightly penalised) canonical correlations and least squares. So a linear world gets the
linear answer, and bends are kept only if they help on items not trained on.

**Which code.** With "other", the default, the joint part of C is a function of S alone: nothing private to
C can hide in it, and noise in S shrinks it to what S predicts. With "own" noise in S does no harm, but a
pair that agrees in part counts as a whole, and what is private leaks in. "both" decodes t_k = (a_k + b_k) /
sqrt(2 + 2 ρ_k), as in inter-battery factor analysis. Without noise and with enough items all three agree.
In `planted.World` the shares of "other" are f² / (f + σ²) in C and f / (1 + 2σ²), the true one, in S; those
of "own" are f, the true one, in C and (f + σ²) / (1 + 2σ²) in S: with noise in one view they bracket the
truth.

**Limits.** Bends need many items and epochs: training that stops early, or a thousand items, finds some of
the shared pairs and leaves the others in the private parts, so a share is a lower bound. A pair that is
found in part mixes private directions into `scores` and into the parts of "own" and "both" far more than
into those of "other". A shared part that C holds only in a form with mean zero given S, as z when S holds
z², is none of C's joint part, since parts add up. The private networks start at principal directions and
seldom move far: in a bent world the private part keeps a function of z. Parts of the items trained on are a
little too good; `transform` others to see by how much.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import stats
from torch import Tensor

from semcomp.core.paired import paired
from semcomp.errors import SemcompError
from semcomp.evidence.decomposition.encoders import Network
from semcomp.evidence.decomposition.neural_training import (
    Networks,
    NeuralParts,
    Pair,
    decoders,
    each,
    numbers,
    private_networks,
    shared_encoders,
)
from semcomp.evidence.decomposition.parts import VIEWS, Floats, Parts
from semcomp.evidence.geometry.cca import CCA, fit_cca
from semcomp.kernels.random import generator

LEAST = 50  # items: fewer cannot be parted into those to fit and those to judge by
LEVEL = 0.05  # chance that any pair is kept where nothing is shared


@dataclass(frozen=True, eq=False)
class Side:
    """The networks of one view, on vectors less `mean` over `scale`.

    Attributes:
        mean: (p,). scale: of the fitted items, so that the columns' mean variance is 1.
        shared: to the shared code. joint: from the code of the joint part to that part.
        private, private_decoder: to the private code and back.
    """

    mean: Floats
    scale: float
    shared: Network
    joint: Network
    private: Network
    private_decoder: Network

    def scaled(self, vectors: Floats) -> Tensor:
        return torch.tensor((vectors - self.mean) / self.scale, dtype=torch.float32)


@dataclass(frozen=True, eq=False)
class NeuralFit:
    """Fitted networks; `transform` takes any items apart.

    Attributes:
        sides: of the semantic and of the collaborative view.
        variates: canonical correlations of the shared codes, over the fitted items.
        correlations: (r,) the same on the held-out items, not sorted. kept: which of them are above chance.
        config: as given.
    """

    sides: tuple[Side, Side]
    variates: CCA
    correlations: Floats
    kept: NDArray[np.bool_]
    config: NeuralParts

    @torch.no_grad()
    def transform(self, semantic: ArrayLike, collaborative: ArrayLike) -> Parts:
        """(n, p), (n, q) -> their parts; the networks run in float32, the parts add up in float64.

        Raises:
            SemcompError: as `paired`, and for other widths than the fitted ones.
        """
        views = paired(semantic, collaborative, names=VIEWS, least=1)
        for view, side in zip(views, self.sides, strict=True):
            if view.shape[1] != len(side.mean):
                raise SemcompError(
                    f"vectors of {view.shape[1]} columns, but the networks were fitted to {len(side.mean)}; "
                    "give the same columns"
                )
        scaled = [side.scaled(view) for view, side in zip(views, self.sides, strict=True)]
        shared = self.sides[0].shared, self.sides[1].shared
        own = _kept_variates(shared, (scaled[0], scaled[1]), self.variates, self.kept)
        rho = self.correlations[self.kept]
        codes = _joint_codes(own, rho, self.config.code)
        parts: dict[str, Floats] = {}
        for name, view, x, code, side in zip("sc", views, scaled, codes, self.sides, strict=True):
            parts[f"{name}_mean"] = side.mean
            joint = side.joint(code) if self.kept.any() else torch.zeros_like(x)
            parts[f"joint_{name}"] = side.scale * joint.double().numpy()
            private = side.private_decoder(side.private(x)).double().numpy()
            parts[f"private_{name}"] = side.scale * private
            taken = parts[f"joint_{name}"] + parts[f"private_{name}"]
            parts[f"rest_{name}"] = view - side.mean - taken
        a, b = numbers(own)
        scores = (a + b) * np.sqrt(rho) / (1 + rho)  # posterior means, were all of it Gaussian
        return Parts(**parts, scores=scores, method=f"neural, code {self.config.code}")


def fit_neural_parts(
    semantic: ArrayLike, collaborative: ArrayLike, config: NeuralParts | None = None, *, seed: int = 0
) -> Parts:
    """The parts of the items that the networks were trained on: `train_neural_parts(…).transform(…)`."""
    return train_neural_parts(semantic, collaborative, config, seed=seed).transform(semantic, collaborative)


def train_neural_parts(
    semantic: ArrayLike, collaborative: ArrayLike, config: NeuralParts | None = None, *, seed: int = 0
) -> NeuralFit:
    """Train the networks of the module on paired items, on the CPU.

    Equal input, configuration, seed and number of threads give equal bytes on one machine.

    Args:
        semantic: (n, p). collaborative: (n, q). Finite; each is scaled to equal total variance, and columns
            keep their relative size, so a constant column is no harm and a small one is seen little of.
        seed: of the held-out items, the initial weights and the batches.

    Raises:
        SemcompError: matrices that are none, NaN, other lengths, fewer than 50 rows, a view that does not
            vary, a negative seed.
    """
    config = NeuralParts() if config is None else config
    if seed < 0:
        raise SemcompError(f"seed {seed} of the neural parts is negative; give a whole number from 0")
    views = paired(semantic, collaborative, names=VIEWS, least=LEAST)
    order = torch.randperm(len(views[0]), generator=generator(seed, "neural parts, held out"))
    held, fitted = order.tensor_split([round(config.held_out * len(order))])
    means = [view[fitted].mean(axis=0) for view in views]
    scales = [float(np.sqrt(view[fitted].var(axis=0).mean())) for view in views]
    for label, view, scale in zip(("semantic", "collaborative"), views, scales, strict=True):
        if scale <= 1e-12 * np.abs(view).max():
            raise SemcompError(f"the {label} vectors do not vary over the items; there is nothing to part")
    s, c = (
        torch.tensor((view - mean) / scale, dtype=torch.float32)
        for view, mean, scale in zip(views, means, scales, strict=True)
    )
    x, y = (s[fitted], c[fitted]), (s[held], c[held])

    shared = shared_encoders(x, y, config, seed)
    with torch.no_grad():
        variates = fit_cca(*numbers(each(shared, x)))
        correlations = variates.heldout(*numbers(each(shared, y)))
        kept = _above_chance(*variates.variates(*numbers(each(shared, y))))
        x_own, y_own = (_kept_variates(shared, rows, variates, kept) for rows in (x, y))
    own = decoders(x_own, y_own, x, y, config, seed)
    joint = own
    if config.code != "own":
        x_joint, y_joint = (_joint_codes(codes, correlations[kept], config.code) for codes in (x_own, y_own))
        joint = decoders(x_joint, y_joint, x, y, config, seed)
    with torch.no_grad():
        x_left, y_left = (_left(rows, own, codes) for rows, codes in ((x, x_own), (y, y_own)))
    private = private_networks(x, y, x_own, y_own, x_left, y_left, config, seed)
    of_s, of_c = (Side(*one) for one in zip(means, scales, shared, joint, *private, strict=True))
    return NeuralFit((of_s, of_c), variates, correlations, kept, config)


def _above_chance(a: Floats, b: Floats) -> NDArray[np.bool_]:
    """Which columns (n, r) of a and b are positively correlated, at LEVEL for all of them together.

    The standard error is that of the mean product, so that variates which depend on each other without being
    correlated, as z² and z, are not taken for a correlation more often than they should.
    """
    products = (a - a.mean(axis=0)) * (b - b.mean(axis=0))
    error = products.std(axis=0, ddof=1) / np.sqrt(len(products))
    return np.asarray(products.mean(axis=0) > stats.norm.isf(LEVEL / max(a.shape[1], 1)) * error)


def _kept_variates(shared: Networks, views: Pair, variates: CCA, kept: NDArray[np.bool_]) -> Pair:
    """(n, r) each: the kept canonical variates of both shared codes."""
    a, b = variates.variates(*numbers(each(shared, views)))
    return torch.tensor(a[:, kept], dtype=torch.float32), torch.tensor(b[:, kept], dtype=torch.float32)


def _joint_codes(own: Pair, rho: Floats, code: str) -> Pair:
    """What the joint part of each view is decoded from."""
    if code == "both":
        mean = (own[0] + own[1]) / torch.tensor(np.sqrt(2 + 2 * rho), dtype=torch.float32)
        return mean, mean
    return own if code == "own" else (own[1], own[0])


def _left(views: Pair, own: Networks, codes: Pair) -> Pair:
    """The views without what their own kept code says of them; whole where no pair was kept."""
    if codes[0].shape[1] == 0:
        return views
    s, c = each(own, codes)
    return views[0] - s, views[1] - c
