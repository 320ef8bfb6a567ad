"""How the networks of the neural decomposition are trained, step by step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from semcomp.errors import SemcompError, unknown_name
from semcomp.evidence.decomposition.encoders import (
    Network,
    agreement,
    dependence,
    descend,
    features,
    line,
    standardised,
)
from semcomp.evidence.decomposition.parts import Floats
from semcomp.evidence.geometry.cca import fit_cca
from semcomp.kernels.random import generator

CODES = ("other", "own", "both")
PENALTY = 1e-3  # of the canonical correlations that the shared encoders start from

Pair = tuple[Tensor, Tensor]  # of the semantic and of the collaborative view
Networks = tuple[Network, Network]


@dataclass(frozen=True)
class NeuralParts:
    """How the networks are built and trained.

    Attributes:
        code: from which code the joint parts are decoded, "other", "own" or "both" (see the module).
        shared, private: columns of the codes, at most as many as the views have.
        hidden: width of the two hidden layers.
        reconstruction, agreement, orthogonality: weights of the losses; 1 is the view's total variance, full
            agreement, and (about) full dependence.
        epochs: at most, of each of the three steps; 0 is the linear answer. patience: epochs without a better
            one on the held-out items.
        batch, rate, decay: of AdamW.
        held_out: share of the items that training is stopped on and pairs are judged by.
    """

    code: str = "other"
    shared: int = 32
    private: int = 64
    hidden: int = 64
    reconstruction: float = 1.0
    agreement: float = 1.0
    orthogonality: float = 1.0
    epochs: int = 100
    patience: int = 20
    batch: int = 500
    rate: float = 2e-3
    decay: float = 1.0
    held_out: float = 0.2

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise unknown_name("code of the joint parts", self.code, CODES)
        least = {"shared": 1, "private": 1, "hidden": 1, "epochs": 0, "patience": 1, "batch": 2}
        for name, low in least.items():
            if not getattr(self, name) >= low:
                raise SemcompError(
                    f"neural parts: {name} = {getattr(self, name)!r} must be a whole number from {low}"
                )
        for name in ("reconstruction", "agreement", "orthogonality", "rate", "decay"):
            if not 0 <= getattr(self, name) < np.inf:
                raise SemcompError(f"neural parts: {name} = {getattr(self, name)!r} must be a number from 0")
        if not 0.1 <= self.held_out <= 0.5:
            raise SemcompError(f"neural parts: held_out = {self.held_out!r} must lie between 0.1 and 0.5")


def shared_encoders(x: Pair, y: Pair, config: NeuralParts, seed: int) -> Networks:
    """Step 1, on views (n, p) and (n, q) of the fitted items x, stopped on those of the held-out items y."""
    start = fit_cca(*numbers(x), penalty=PENALTY)
    weights = [torch.tensor(side[:, : config.shared]) for side in (start.x_weights, start.y_weights)]
    means = torch.tensor(start.x_mean), torch.tensor(start.y_mean)
    shared = _networks(lambda k: (weights[k], -means[k] @ weights[k]), config, seed, "shared encoder")
    with torch.no_grad():
        codes = [standardised(code) for code in each(shared, x)]
    decoders = _networks(lambda k: line(codes[k], x[k]), config, seed, "decoder")
    with torch.no_grad():
        left = [side - rebuilt for side, rebuilt in zip(x, each(decoders, codes), strict=True)]
    private, private_decoders = _principal(x, left, config, seed, "help")

    def error(rows: Sequence[Tensor], codes: Sequence[Tensor], private_codes: Sequence[Tensor]) -> Tensor:
        rebuilt = zip(each(decoders, codes), each(private_decoders, private_codes), strict=True)
        return _error(rows, [joint + own for joint, own in rebuilt])

    def loss(part: Tensor, draws: torch.Generator) -> Tensor:
        rows = _rows(x, part)
        h, g = each(shared, rows), each(private, rows)
        agreed, c_by_s, s_by_c = agreement(*h)
        seen = [features(code, draws) for code in (*h, *g)]
        entangled = sum(dependence(seen[a], seen[b]) for a, b in ((0, 2), (1, 3), (2, 3)))
        rebuilt = error(rows, [standardised(code) for code in h], g) + error(rows, [s_by_c, c_by_s], g)
        return (
            config.reconstruction * rebuilt
            + config.agreement * (1 - agreed)
            + config.orthogonality * entangled
        )

    def held() -> Tensor:
        h = each(shared, y)
        rho = fit_cca(*numbers(each(shared, x))).heldout(*numbers(h))
        agreed = float(np.square(np.maximum(rho, 0.0)).sum()) / h[0].shape[1]
        rebuilt = error(y, [standardised(code) for code in h], each(private, y))
        return config.reconstruction * rebuilt + config.agreement * (1 - agreed)

    trained = (*shared, *decoders, *private, *private_decoders)
    _train(trained, loss, held, len(x[0]), config, seed, "shared codes", lines_decay=True)
    return shared


def decoders(x_codes: Pair, y_codes: Pair, x: Pair, y: Pair, config: NeuralParts, seed: int) -> Networks:
    """Step 2: the conditional mean of each view given its code; untrained where the codes have no columns."""
    nets = _networks(lambda k: line(x_codes[k], x[k]), config, seed, "joint decoder")

    def loss(part: Tensor, _: torch.Generator) -> Tensor:
        return _error(_rows(x, part), each(nets, _rows(x_codes, part)))

    if x_codes[0].shape[1] > 0:
        _train(nets, loss, lambda: _error(y, each(nets, y_codes)), len(x[0]), config, seed, "joint parts")
    return nets


def private_networks(
    x: Pair, y: Pair, x_codes: Pair, y_codes: Pair, x_left: Pair, y_left: Pair, config: NeuralParts, seed: int
) -> tuple[Networks, Networks]:
    """Step 3: encoders and decoders for what the own shared codes leave of the views, `x_left`, `y_left`."""
    private, decode = _principal(x, x_left, config, seed, "private")

    def cost(rows: Pair, codes: Pair, left: Pair, draws: torch.Generator) -> Tensor:
        g = each(private, rows)
        seen = [features(code, draws) for code in g]
        entangled = dependence(*seen)
        if codes[0].shape[1] > 0:
            for code, own in zip(codes, seen, strict=True):
                entangled = entangled + dependence(features(code, draws), own)
        return config.reconstruction * _error(left, each(decode, g)) + config.orthogonality * entangled

    def loss(part: Tensor, draws: torch.Generator) -> Tensor:
        return cost(_rows(x, part), _rows(x_codes, part), _rows(x_left, part), draws)

    def held() -> Tensor:  # the same cosines every time, so that epochs compare
        return cost(y, y_codes, y_left, generator(seed, "private parts, held out"))

    _train((*private, *decode), loss, held, len(x[0]), config, seed, "private parts")
    return private, decode


def each(networks: Networks, inputs: Sequence[Tensor]) -> Pair:
    """Both networks' outputs."""
    return networks[0](inputs[0]), networks[1](inputs[1])


def numbers(pair: Sequence[Tensor]) -> tuple[Floats, Floats]:
    """Both tensors as float64 arrays."""
    return pair[0].detach().double().numpy(), pair[1].detach().double().numpy()


def _rows(pair: Pair, part: Tensor) -> Pair:
    return pair[0][part], pair[1][part]


def _error(views: Sequence[Tensor], rebuilt: Sequence[Tensor]) -> Tensor:
    """Share of each view's variance that is not rebuilt, summed over both."""
    return (views[0] - rebuilt[0]).square().mean() + (views[1] - rebuilt[1]).square().mean()


def _networks(
    start: Callable[[int], tuple[Tensor, Tensor]], config: NeuralParts, seed: int, label: str
) -> Networks:
    """One a view, from its line's weights and bias."""
    s, c = (Network(*start(k), config.hidden, generator(seed, f"{label} {k}")) for k in (0, 1))
    return s, c


def _principal(
    x: Pair, left: Sequence[Tensor], config: NeuralParts, seed: int, label: str
) -> tuple[Networks, Networks]:
    """Private encoders and decoders that start at the leading principal directions of what is left."""
    axes = []
    for side in left:
        turned = torch.linalg.svd((side - side.mean(dim=0)).double(), full_matrices=False)[2]
        axes.append(turned[: config.private].T.float())  # (p, private)
    encode = _networks(lambda k: line(x[k], left[k] @ axes[k]), config, seed, f"{label} encoder")
    with torch.no_grad():
        codes = each(encode, x)
    return encode, _networks(lambda k: line(codes[k], left[k]), config, seed, f"{label} decoder")


def _train(
    networks: Sequence[Network],
    loss: Callable[[Tensor, torch.Generator], Tensor],
    held: Callable[[], Tensor],
    rows: int,
    config: NeuralParts,
    seed: int,
    label: str,
    *,
    lines_decay: bool = False,
) -> None:
    descend(
        networks,
        loss,
        held,
        rows,
        epochs=config.epochs,
        patience=config.patience,
        batch=config.batch,
        rate=config.rate,
        decay=config.decay,
        lines_decay=lines_decay,
        seed=seed,
        label=label,
    )
