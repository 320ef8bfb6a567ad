"""Collaborative models taken apart: what is trained, and the terms that belong to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch

from semcomp.data import Split
from semcomp.views.collaborative.autocf import AutoCF, MaskedAutoencoder, Relatedness, Spread
from semcomp.views.collaborative.dccf import DCCF, ChannelContrast, IntentGraph
from semcomp.views.collaborative.lightgcn import GraphTables, LightGCN
from semcomp.views.collaborative.lr_gccf import LRGCCF, ConcatenatedLayers
from semcomp.views.collaborative.ncl import NCL, PrototypeContrast, StructureContrast
from semcomp.views.collaborative.sgl import SGL, GraphContrast
from semcomp.views.collaborative.simgcl import NoiseContrast, SimGCL, SkippingTables
from semcomp.views.joint.fusion import FusionControl
from semcomp.views.training import Encoder, Term

#: A collaborative model that can be taken apart.
Backbone: TypeAlias = LightGCN | FusionControl | LRGCCF | SGL | SimGCL | NCL | DCCF | AutoCF


@dataclass(frozen=True, eq=False)
class Parts:
    """What a model trains.

    Attributes:
        encoder: makes the vectors; `tables` are its free tables, the same object where nothing is around it.
        terms: added to the loss.
    """

    encoder: Encoder
    tables: GraphTables
    terms: tuple[Term, ...] = ()

    def plus(self, *terms: Term) -> Parts:
        """The same with further terms."""
        return replace(self, terms=(*self.terms, *terms))

    def within(self, encoder: Encoder) -> Parts:
        """The same inside another encoder."""
        return replace(self, encoder=encoder)

    @property
    def width(self) -> int:
        """Of the vectors that are ranked by: LR-GCCF's are wider than its tables."""
        was = self.encoder.training
        self.encoder.eval()
        with torch.no_grad():
            width = int(self.encoder()[0].shape[1])
        self.encoder.train(was)
        return width


def _graph(model: LightGCN | FusionControl, split: Split, seed: int) -> Parts:
    return _bare(GraphTables(split, model.dim, model.layers, seed))


def _gccf(model: LRGCCF, split: Split, seed: int) -> Parts:
    return _bare(ConcatenatedLayers(split, model.dim, model.layers, seed))


def _sgl(model: SGL, split: Split, seed: int) -> Parts:
    parts = _bare(GraphTables(split, model.dim, model.layers, seed))
    return parts.plus(GraphContrast(parts.tables, split, model)) if model.weight > 0 else parts


def _simgcl(model: SimGCL, split: Split, seed: int) -> Parts:
    encoder = SkippingTables(split, model, seed)
    return _bare(encoder, NoiseContrast(encoder)) if model.weight > 0 else _bare(encoder)


def _ncl(model: NCL, split: Split, seed: int) -> Parts:
    parts = _bare(GraphTables(split, model.dim, model.layers, seed))
    if model.structure_weight > 0:
        parts = parts.plus(StructureContrast(parts.tables, split, model))
    if model.prototype_weight > 0:
        parts = parts.plus(PrototypeContrast(parts.tables, split, model))
    return parts


def _dccf(model: DCCF, split: Split, seed: int) -> Parts:
    encoder = IntentGraph(split, model.dim, model.layers, model.intents, seed)
    contrasted = model.weight > 0 and model.layers > 0
    return _bare(encoder, ChannelContrast(encoder, model)) if contrasted else _bare(encoder)


def _autocf(model: AutoCF, split: Split, seed: int) -> Parts:
    encoder = MaskedAutoencoder(split, model, seed)
    parts = _bare(encoder, Relatedness(encoder))
    return parts.plus(Spread(encoder, model)) if model.weight > 0 else parts


def _bare(encoder: GraphTables, *terms: Term) -> Parts:
    return Parts(encoder, encoder, terms)


#: By the name of the view: the default configuration, and how it is taken apart.
BACKBONES: dict[str, tuple[Backbone, Callable[[Any, Split, int], Parts]]] = {
    "LightGCN": (LightGCN(), _graph),
    "wide LightGCN": (FusionControl(), _graph),
    "LR-GCCF": (LRGCCF(), _gccf),
    "SGL": (SGL(), _sgl),
    "SimGCL": (SimGCL(), _simgcl),
    "NCL": (NCL(), _ncl),
    "DCCF": (DCCF(), _dccf),
    "AutoCF": (AutoCF(), _autocf),
}


def parts_of(model: Backbone, split: Split, seed: int) -> Parts:
    """What `model.fit(split, seed)` would train, not trained yet."""
    known = {type(one): take_apart for one, take_apart in BACKBONES.values()}
    return known[type(model)](model, split, seed)
