"""What is tuned of each view, and between which bounds.

One budget for all: every trained view is given the same options of the shared loop, between the same bounds
(`LOOP` and, where its loss compares cosines, `SOFTMAX`; `DEPTH` where it has layers), plus at most four of
its own. Widths stay at their defaults; an option that is not named here stays at its default too.
"""

from __future__ import annotations

from typing import TypeAlias

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

Space: TypeAlias = dict[str, BaseDistribution]


def real(low: float, high: float) -> FloatDistribution:
    """Numbers between two bounds above zero, even on the scale of logarithms."""
    return FloatDistribution(low, high, log=True)


def even(low: float, high: float) -> FloatDistribution:
    """Numbers between two bounds, even as they are."""
    return FloatDistribution(low, high)


def one_of(*choices: float | str | None) -> CategoricalDistribution:
    return CategoricalDistribution(choices)


LOOP: Space = {"training.lr": real(5e-4, 2e-2)}
SOFTMAX: Space = {
    "training.loss.temperature": real(0.05, 0.5),
    "training.loss.negatives": one_of(128, 256, 512, 1024),
}
DEPTH: Space = {"layers": IntDistribution(1, 3)}
DECAY: Space = {"training.weight_decay": one_of(0.0, 1e-4, 1e-3, 1e-2)}

#: Weight and temperature of a contrastive term that is added to the loss. Weights reach far below the
#: published ones, which stand beside BPR: a sampled softmax is a contrast already and a second swamps it.
CONTRAST: Space = {"weight": real(1e-3, 0.3), "temperature": real(0.05, 0.5)}
GRAPH: Space = {**LOOP, **SOFTMAX, **DEPTH}
NOISE: Space = {**CONTRAST, "epsilon": real(0.01, 0.3), "input_layer": one_of(False, True)}
WIDTHS = one_of(None, 64, 128, 256)  # columns of a text that are kept; None: all
HIDDEN: Space = {"hidden": one_of(128, 256, 512)}

#: By view name; what has no options has an empty space, and one trial.
SPACES: dict[str, Space] = {
    "popularity": {},
    "item-kNN": {
        "neighbours": one_of(20, 50, 100, 200, 400),
        "shrinkage": real(1.0, 500.0),
        "similarity": one_of("cosine", "jaccard"),
    },
    "iALS": {
        "regularization": real(0.1, 100.0),
        "unobserved": real(0.003, 0.3),
        "frequency": one_of(0.5, 1.0),
    },
    "EASE": {"regularization": real(10.0, 5000.0)},
    "spectral": {"damping": even(0.0, 0.6), "response": even(0.0, 2.0), "popularity": even(0.0, 0.6)},
    "BPR-MF": {**LOOP, "training.penalty": real(1e-6, 1e-1), "training.batch": one_of(512, 1024, 2048, 4096)},
    "LightGCN": {**GRAPH, **DECAY},
    "LR-GCCF": {**GRAPH, **DECAY},
    "SGL": {**GRAPH, **CONTRAST, "drop": real(0.05, 0.5)},
    "SimGCL": {**GRAPH, **NOISE},
    "XSimGCL": {**GRAPH, **NOISE},
    "NCL": {
        **GRAPH,
        "structure_weight": real(1e-3, 0.3),
        "prototype_weight": real(1e-3, 0.3),
        "temperature": real(0.05, 0.5),
    },
    "DCCF": {
        **GRAPH,
        "weight": real(1e-5, 1e-2),
        "temperature": real(0.05, 0.5),
        "intents": one_of(32, 64, 128),
    },
    "AutoCF": {
        **GRAPH,
        "weight": real(1e-2, 1.0),
        "temperature": real(0.1, 2.0),
        "seeds": one_of(5e-4, 0.001, 0.003, 0.01, 0.02),
        "hops": IntDistribution(1, 2),
    },
    "raw text": {},
    "whitened text": {"dim": WIDTHS, "centred": one_of(False, True)},
    "ACE": {"dim": WIDTHS, "centred": one_of(False, True), "strength": real(1e-2, 1e2)},
    "semantic kNN": {"neighbours": one_of(5, 10, 20, 50, 100)},
    "projection": {**LOOP, **SOFTMAX, **DECAY},
    "projection, positive left out": {**LOOP, **SOFTMAX, **DECAY},
    "MLP projection": {**LOOP, **SOFTMAX, **DECAY, **HIDDEN},
    "AlphaRec": {**GRAPH, **DECAY, **HIDDEN, "training.batch": one_of(2048, 8192)},
    "aligned": {**GRAPH, **CONTRAST},
    "fusion": {**GRAPH, **DECAY},
    "fusion's control": {**GRAPH, **DECAY},
}


def written(space: Space) -> dict[str, str]:
    """The space in words, for the settings file and to tell whether two studies searched the same.

    >>> written({"layers": IntDistribution(1, 3), "training.lr": real(1e-3, 1e-2)})
    {'layers': '1 to 3', 'training.lr': '0.001 to 0.01, log'}
    """
    return {name: _words(one) for name, one in space.items()}


def _words(one: BaseDistribution) -> str:
    if isinstance(one, CategoricalDistribution):
        return "one of " + ", ".join(map(str, one.choices))
    assert isinstance(one, FloatDistribution | IntDistribution)
    return f"{one.low} to {one.high}" + (", log" if one.log else "")
