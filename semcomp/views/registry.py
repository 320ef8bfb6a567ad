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
from semcomp.errors import unknown_name
from semcomp.views.collaborative.autocf import AutoCF
from semcomp.views.collaborative.dccf import DCCF
from semcomp.views.collaborative.ease import EASE
from semcomp.views.collaborative.ials import IALS
from semcomp.views.collaborative.item_knn import ItemKNN
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.collaborative.lr_gccf import LRGCCF
from semcomp.views.collaborative.matrix_factorization import BPRMF
from semcomp.views.collaborative.ncl import NCL
from semcomp.views.collaborative.popularity import Popularity
from semcomp.views.collaborative.sgl import SGL
from semcomp.views.collaborative.simgcl import SimGCL, XSimGCL
from semcomp.views.collaborative.spectral import Spectral
from semcomp.views.joint.aligned import AlignedLightGCN
from semcomp.views.joint.fusion import FusionControl, NormConcatNorm
from semcomp.views.joint.late import CombSum
from semcomp.views.joint.rank_fusion import RRF
from semcomp.views.semantic.alpharec import AlphaRec
from semcomp.views.semantic.mlp import MLPProjection
from semcomp.views.semantic.projection import SemanticProjection
from semcomp.views.semantic.raw_text import RawText
from semcomp.views.semantic.semantic_knn import SemanticKNN
from semcomp.views.semantic.whitening import ACE, Whitened
from semcomp.views.space import Range, Space, Whole, log_range, one_of

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
        for kind, known, names in (("family", FAMILIES, [self.family]), ("need", NEEDS, self.needs)):
            for name in names:
                if name not in known:
                    raise unknown_name(kind, name, known)

    @property
    def reads_text(self) -> bool:
        return "text" in self.needs


LOOP: Space = {"training.lr": log_range(5e-4, 2e-2)}
SOFTMAX: Space = {
    "training.loss.temperature": log_range(0.05, 0.5),
    "training.loss.negatives": one_of(128, 256, 512, 1024),
}
DEPTH: Space = {"layers": Whole(1, 3)}
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
    "hops": Whole(1, 2),
}
FLAT: Space = {"dim": WIDTHS, "centred": one_of(False, True)}
TEXT_MAP: Space = {**LOOP, **SOFTMAX, **DECAY}
ALPHAREC: Space = {**GRAPH, **DECAY, **HIDDEN, "training.batch": one_of(2048, 8192)}

TEXT = ("text",)
PAIR = ("projection", "LightGCN")  # what late fusion joins

#: In the order of tables: cheap ones before trained ones within a family, late fusion at the end.
REGISTRY: dict[str, Entry] = {
    "popularity": Entry(Popularity(), "collaborative"),
    "item-kNN": Entry(ItemKNN(), "collaborative", space=ITEM_KNN),
    "iALS": Entry(IALS(), "collaborative", space=IALS_SPACE),
    "EASE": Entry(EASE(), "collaborative", space={"regularization": log_range(10.0, 5000.0)}),
    "spectral": Entry(Spectral(), "collaborative", space=SPECTRAL),
    "BPR-MF": Entry(BPRMF(), "collaborative", space=BPR_MF),
    "LightGCN": Entry(LightGCN(), "collaborative", space={**GRAPH, **DECAY}),
    "LR-GCCF": Entry(LRGCCF(), "collaborative", space={**GRAPH, **DECAY}),
    "SGL": Entry(SGL(), "collaborative", space={**GRAPH, **CONTRAST, "drop": log_range(0.05, 0.5)}),
    "SimGCL": Entry(SimGCL(), "collaborative", space={**GRAPH, **NOISE}),
    "XSimGCL": Entry(XSimGCL(), "collaborative", space={**GRAPH, **NOISE}),
    "NCL": Entry(NCL(), "collaborative", space=NCL_SPACE),
    "DCCF": Entry(DCCF(), "collaborative", space=DCCF_SPACE),
    "AutoCF": Entry(AutoCF(), "collaborative", space=AUTOCF),
    "raw text": Entry(RawText(), "semantic", TEXT),
    "whitened text": Entry(Whitened(), "semantic", TEXT, space=FLAT),
    "ACE": Entry(ACE(), "semantic", TEXT, space={**FLAT, "strength": log_range(1e-2, 1e2)}),
    "semantic kNN": Entry(SemanticKNN(), "semantic", TEXT, space={"neighbours": one_of(5, 10, 20, 50, 100)}),
    "projection": Entry(SemanticProjection(), "semantic", TEXT, space=TEXT_MAP),
    "projection (leave-one-out)": Entry(SemanticProjection(leave_out=True), "semantic", TEXT, space=TEXT_MAP),
    "MLP projection": Entry(MLPProjection(), "semantic", TEXT, space={**TEXT_MAP, **HIDDEN}),
    "AlphaRec": Entry(AlphaRec(), "semantic", TEXT, space=ALPHAREC),
    "aligned": Entry(AlignedLightGCN(), "joint", TEXT, space={**GRAPH, **CONTRAST}, strength="weight"),
    "fusion": Entry(NormConcatNorm(), "joint", TEXT, space={**GRAPH, **DECAY}),
    "wide LightGCN": Entry(FusionControl(), "joint", space={**GRAPH, **DECAY}),
    "CombSUM": Entry(CombSum(), "joint", views=PAIR),
    "RRF": Entry(RRF(), "joint", views=PAIR),
}


def entry(view: str) -> Entry:
    """The entry of that name; SemcompError with near names where there is none."""
    if view not in REGISTRY:
        raise unknown_name("view", view, REGISTRY)
    return REGISTRY[view]


def from_data() -> dict[str, Entry]:
    """The entries that are fitted to data alone, not to other views: those that are tuned and tabled."""
    return {name: known for name, known in REGISTRY.items() if not known.views}
