"""Every view by the name it has in tables: its model, what it needs, and what of it is tuned.

A new model is a class with `fit(inputs, seed)` in a file of its own and one line in `REGISTRY`. Studies,
`semcomp tune`, the table of views and the tests that every view has to pass read it here.

One tuning budget for all: every trained view is given the same options of the shared loop, between the same
bounds (`LOOP` and, where its loss compares cosines, `SOFTMAX`; `DEPTH` where it has layers), plus at most
four of its own. Widths stay at their defaults; an option that is not named here stays at its default too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from semcomp.core.inputs import Model
from semcomp.errors import SemcompError, unknown_name
from semcomp.views import collaborative as cf
from semcomp.views import joint, semantic
from semcomp.views.space import Range, Space, log_range, one_of

FAMILIES = ("collaborative", "semantic", "joint")
NEEDS = ("text", "order")


@dataclass(frozen=True)
class Entry:
    """What is known of a view by its name.

    Attributes:
        model: the default configuration.
        family: one of `FAMILIES`.
        needs: of `NEEDS`, what its inputs must have besides pairs: the items' text, the order of events.
        views: names of the views it is made of, in the order of its inputs. What is made of others is neither
            tuned nor tabled with those that come from the data alone.
        space: what is tuned, by dotted name, between which bounds; empty for one trial.
        strength: an option that a study sets to the best on validation among its budget's `align_weights`.
    """

    model: Model
    family: str
    needs: Sequence[str] = ()
    views: Sequence[str] = ()
    space: Space = field(default_factory=dict)
    strength: str | None = None

    def __post_init__(self) -> None:
        if isinstance(self.model, type):
            called = self.model.__name__
            raise SemcompError(f"an entry got the class {called}; it needs a configuration, e.g. {called}()")
        for name in ("needs", "views"):  # one name alone stands for a list of it
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        for kind, names, known in (("family", [self.family], FAMILIES), ("need", self.needs, NEEDS)):
            for name in set(names) - set(known):
                raise unknown_name(kind, name, known)

    @property
    def reads_text(self) -> bool:
        return "text" in self.needs


LOOP: Space = {"training.lr": log_range(5e-4, 2e-2)}
SOFTMAX: Space = {
    "training.loss.temperature": log_range(0.05, 0.5),
    "training.loss.negatives": one_of(128, 256, 512, 1024),
}
DEPTH: Space = {"layers": Range(1, 3)}
DECAY: Space = {"training.weight_decay": one_of(0.0, 1e-4, 1e-3, 1e-2)}

#: Weight and temperature of a contrastive term that is added to the loss. Weights reach far below the
#: published ones, which accompany BPR: a sampled softmax is a contrast already and a second swamps it.
CONTRAST: Space = {"weight": log_range(1e-3, 0.3), "temperature": log_range(0.05, 0.5)}
GRAPH: Space = {**LOOP, **SOFTMAX, **DEPTH}
NOISE: Space = {**CONTRAST, "epsilon": log_range(0.01, 0.3), "input_layer": one_of(False, True)}
WIDTHS = one_of(None, 64, 128, 256)  # columns of a text that are kept; None: all
HIDDEN: Space = {"hidden": one_of(128, 256, 512)}

ITEM_KNN: Space = {
    "neighbours": one_of(20, 50, 100, 200, 400),
    "shrinkage": log_range(1.0, 500.0),
    "similarity": one_of("cosine", "jaccard"),
}
IALS_SPACE: Space = {
    "regularization": log_range(0.1, 100.0),
    "unobserved": log_range(0.003, 0.3),
    "frequency": one_of(0.5, 1.0),
}
EDLAE_SPACE: Space = {"regularization": log_range(10.0, 5000.0), "dropout": Range(0.0, 1.0)}
CEASE_SPACE: Space = {**EDLAE_SPACE, "weight": log_range(1.0, 300.0)}
SPECTRAL: Space = {
    "damping": Range(0.0, 0.6),
    "response": Range(0.0, 2.0),
    "popularity": Range(0.0, 0.6),
}
BPR_MF: Space = {
    **LOOP,
    "training.penalty": log_range(1e-6, 1e-1),
    "training.batch": one_of(512, 1024, 2048, 4096),
}
SGL_SPACE: Space = {**GRAPH, **CONTRAST, "drop": log_range(0.05, 0.5)}
NCL_SPACE: Space = {
    **GRAPH,
    "structure_weight": log_range(1e-3, 0.3),
    "prototype_weight": log_range(1e-3, 0.3),
    "temperature": log_range(0.05, 0.5),
}
DCCF_SPACE: Space = {
    **GRAPH,
    "weight": log_range(1e-5, 1e-2),
    "temperature": log_range(0.05, 0.5),
    "intents": one_of(32, 64, 128),
}
AUTOCF: Space = {
    **GRAPH,
    "weight": log_range(1e-2, 1.0),
    "temperature": log_range(0.1, 2.0),
    "seeds": one_of(5e-4, 0.001, 0.003, 0.01, 0.02),
    "hops": Range(1, 2),
}
FLAT: Space = {"dim": WIDTHS, "centred": one_of(False, True)}
TEXT_KNN: Space = {"neighbours": one_of(5, 10, 20, 50, 100)}
L3AE_SPACE: Space = {
    "regularization": log_range(1.0, 500.0),
    "text_regularization": log_range(0.1, 100.0),
    "weight": log_range(10.0, 1000.0),
}
TEXT_EASE: Space = {"regularization": log_range(0.1, 100.0)}
TEXT_MAP: Space = {**LOOP, **SOFTMAX, **DECAY}
ALPHAREC: Space = {**GRAPH, **DECAY, **HIDDEN, "training.batch": one_of(2048, 8192)}

TEXT = ("text",)
LEAVE_ONE_OUT = semantic.SemanticProjection(leave_out=True)
PAIR = ("projection", "LightGCN")  # what late fusion joins

#: In the order of tables: cheap ones before trained ones within a family, late fusion at the end.
REGISTRY: dict[str, Entry] = {
    "popularity": Entry(cf.Popularity(), "collaborative"),
    "item-kNN": Entry(cf.ItemKNN(), "collaborative", space=ITEM_KNN),
    "iALS": Entry(cf.IALS(), "collaborative", space=IALS_SPACE),
    "EASE": Entry(cf.EASE(), "collaborative", space={"regularization": log_range(10.0, 5000.0)}),
    "EDLAE": Entry(cf.EDLAE(), "collaborative", space=EDLAE_SPACE),
    "spectral": Entry(cf.Spectral(), "collaborative", space=SPECTRAL),
    "BPR-MF": Entry(cf.BPRMF(), "collaborative", space=BPR_MF),
    "LightGCN": Entry(cf.LightGCN(), "collaborative", space={**GRAPH, **DECAY}),
    "LR-GCCF": Entry(cf.LRGCCF(), "collaborative", space={**GRAPH, **DECAY}),
    "SGL": Entry(cf.SGL(), "collaborative", space=SGL_SPACE),
    "SimGCL": Entry(cf.SimGCL(), "collaborative", space={**GRAPH, **NOISE}),
    "XSimGCL": Entry(cf.XSimGCL(), "collaborative", space={**GRAPH, **NOISE}),
    "NCL": Entry(cf.NCL(), "collaborative", space=NCL_SPACE),
    "DCCF": Entry(cf.DCCF(), "collaborative", space=DCCF_SPACE),
    "AutoCF": Entry(cf.AutoCF(), "collaborative", space=AUTOCF),
    "raw text": Entry(semantic.RawText(), "semantic", TEXT),
    "whitened text": Entry(semantic.Whitened(), "semantic", TEXT, space=FLAT),
    "ACE": Entry(semantic.ACE(), "semantic", TEXT, space={**FLAT, "strength": log_range(1e-2, 1e2)}),
    "semantic kNN": Entry(semantic.SemanticKNN(), "semantic", TEXT, space=TEXT_KNN),
    "EASE-text": Entry(
        semantic.TextEASE(), "semantic", TEXT, space={"regularization": log_range(0.1, 100.0)}
    ),
    "projection": Entry(semantic.SemanticProjection(), "semantic", TEXT, space=TEXT_MAP),
    "projection (leave-one-out)": Entry(LEAVE_ONE_OUT, "semantic", TEXT, space=TEXT_MAP),
    "MLP projection": Entry(semantic.MLPProjection(), "semantic", TEXT, space={**TEXT_MAP, **HIDDEN}),
    "AlphaRec": Entry(semantic.AlphaRec(), "semantic", TEXT, space=ALPHAREC),
    "Add-EASE": Entry(joint.AddEASE(), "joint", TEXT, space={**EDLAE_SPACE, "weight": log_range(0.1, 10.0)}),
    "CEASE": Entry(joint.CEASE(), "joint", TEXT, space=CEASE_SPACE),
    "L3AE": Entry(joint.L3AE(), "joint", TEXT, space=L3AE_SPACE),
    "low-rank EASE": Entry(joint.LowRankEASE(), "joint", TEXT, space=CEASE_SPACE),
    "iALS with text": Entry(
        joint.TextIALS(), "joint", TEXT, space={**IALS_SPACE, "weight": log_range(0.1, 100.0)}
    ),
    "aligned": Entry(
        joint.AlignedLightGCN(), "joint", TEXT, space={**GRAPH, **DECAY, **CONTRAST}, strength="weight"
    ),
    "fusion": Entry(joint.NormConcatNorm(), "joint", TEXT, space={**GRAPH, **DECAY}),
    "wide LightGCN": Entry(joint.FusionControl(), "joint", space={**GRAPH, **DECAY}),
    "twin LightGCN": Entry(joint.TwinLightGCN(), "joint", space={**GRAPH, **DECAY}),
    "CombSUM": Entry(joint.CombSum(), "joint", views=PAIR),
    "RRF": Entry(joint.RRF(), "joint", views=PAIR),
}

#: Names that views had in earlier settings files and tables.
RENAMED = {
    "fusion's control": "wide LightGCN",
    "projection, positive left out": "projection (leave-one-out)",
}


def entry(view: str) -> Entry:
    """The entry of that name; SemcompError with near names where there is none."""
    if view not in REGISTRY:
        raise unknown_name("view", view, REGISTRY)
    return REGISTRY[view]


def reads_order(model: object) -> bool:
    """Whether a fit may depend on the order of events: of a model in no entry nothing is known."""
    lines = [known for known in REGISTRY.values() if type(known.model) is type(model)]
    return not lines or any("order" in known.needs for known in lines)


def from_data() -> dict[str, Entry]:
    """The entries that are fitted to data alone, not to other views: those that are tuned and tabled."""
    return {name: known for name, known in REGISTRY.items() if not known.views}
