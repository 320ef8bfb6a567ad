"""Every view by the name it has in tables: how it is built, and a configuration file made a model again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

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
from semcomp.views.semantic.alpharec import AlphaRec
from semcomp.views.semantic.mlp import MLPProjection
from semcomp.views.semantic.projection import SemanticProjection
from semcomp.views.semantic.raw_text import RawText
from semcomp.views.semantic.semantic_knn import SemanticKNN
from semcomp.views.semantic.whitening import ACE, Whitened
from semcomp.views.training import Training
from semcomp.views.training.losses import BPR, DirectAU, FullSoftmax, SampledSoftmax

FAMILIES = ("collaborative", "semantic", "joint")
LOSSES = (SampledSoftmax(), FullSoftmax(), BPR(), DirectAU())


@dataclass(frozen=True)
class Entry:
    """Attributes:
    model: the default configuration. family: one of `FAMILIES`.
    reads_text: its `fit` takes (split, text), else (split) alone.
    """

    model: Any
    family: str
    reads_text: bool


#: In the order of tables: cheap ones before trained ones within a family.
ZOO: dict[str, Entry] = {
    "popularity": Entry(Popularity(), "collaborative", False),
    "item-kNN": Entry(ItemKNN(), "collaborative", False),
    "iALS": Entry(IALS(), "collaborative", False),
    "EASE": Entry(EASE(), "collaborative", False),
    "spectral": Entry(Spectral(), "collaborative", False),
    "BPR-MF": Entry(BPRMF(), "collaborative", False),
    "LightGCN": Entry(LightGCN(), "collaborative", False),
    "LR-GCCF": Entry(LRGCCF(), "collaborative", False),
    "SGL": Entry(SGL(), "collaborative", False),
    "SimGCL": Entry(SimGCL(), "collaborative", False),
    "XSimGCL": Entry(XSimGCL(), "collaborative", False),
    "NCL": Entry(NCL(), "collaborative", False),
    "DCCF": Entry(DCCF(), "collaborative", False),
    "AutoCF": Entry(AutoCF(), "collaborative", False),
    "raw text": Entry(RawText(), "semantic", True),
    "whitened text": Entry(Whitened(), "semantic", True),
    "ACE": Entry(ACE(), "semantic", True),
    "semantic kNN": Entry(SemanticKNN(), "semantic", True),
    "projection": Entry(SemanticProjection(), "semantic", True),
    "projection, positive left out": Entry(SemanticProjection(leave_out=True), "semantic", True),
    "MLP projection": Entry(MLPProjection(), "semantic", True),
    "AlphaRec": Entry(AlphaRec(), "semantic", True),
    "aligned": Entry(AlignedLightGCN(), "joint", True),
    "fusion": Entry(NormConcatNorm(), "joint", True),
    "fusion's control": Entry(FusionControl(), "joint", False),
}


def entry(view: str) -> Entry:
    """The entry of that name; SemcompError with near names where there is none."""
    if view not in ZOO:
        raise unknown_name("view", view, ZOO)
    return ZOO[view]


def build(view: str, settings: Mapping[str, Any] | None = None) -> Any:
    """The model of that name at its defaults, with options changed by dotted name.

    >>> build("LightGCN", {"layers": 3, "training.lr": 0.001}).layers
    3

    Raises:
        SemcompError: an unknown view or option, or a value that the model refuses.
    """
    model = entry(view).model
    for option, value in (settings or {}).items():
        model = _changed(model, option.split("."), value, f"{view}: option {option!r}")
    return model


def option(model: Any, name: str) -> Any:
    """The value of an option by dotted name, as in `build`."""
    for part in name.split("."):
        if part not in _names(model):
            raise unknown_name("option", part, _names(model))
        model = getattr(model, part)
    return model


def budgeted(model: Any, epochs: int, patience: int, schedule: str = "constant", rate: float = 1.0) -> Any:
    """The model with at most so many epochs, this patience and schedule, and `rate` times its step size.

    One that is not trained is left as it is.
    """
    if "training" not in _names(model):
        return model
    given = {"epochs": epochs, "patience": patience, "schedule": schedule, "lr": model.training.lr * rate}
    return replace(model, training=replace(model.training, **given))


def from_described(config: Any) -> Any:
    """What `described` wrote, as an object again: dicts with a "class" are built, lists become tuples.

    An option that the file does not have, because it is younger than the file, takes its default, or what
    the class says it meant (`unwritten`): a `Training` without a schedule is one at a constant rate.

    Raises:
        SemcompError: a class that no view of `ZOO` is made of, an unknown option, a value that is refused.
    """
    if isinstance(config, list):
        return tuple(from_described(one) for one in config)
    if not isinstance(config, Mapping) or "class" not in config:
        return config
    name = config["class"]
    if name not in CLASSES:
        raise unknown_name("class of a configuration", name, CLASSES)
    made = CLASSES[name]
    known = [one.name for one in fields(made)]
    values = {key: from_described(value) for key, value in config.items() if key != "class"}
    values = {**getattr(made, "unwritten", {}), **values}  # older than an option: what it meant then
    for key in values:
        if key not in known:
            raise unknown_name(f"option of {name}", key, known)
    return made(**values)


def _changed(model: Any, path: list[str], value: Any, label: str) -> Any:
    head, *rest = path
    if head not in _names(model):
        raise unknown_name(f"option in {label}:", head, _names(model))
    inner = _changed(getattr(model, head), rest, value, label) if rest else value
    return replace(model, **{head: inner})


def _names(model: Any) -> list[str]:
    return [one.name for one in fields(model)] if is_dataclass(model) else []


def _classes(model: Any) -> dict[str, Any]:
    """The dataclasses that a configuration is made of, by name."""
    if not is_dataclass(model):
        return {}
    parts = [_classes(getattr(model, name)) for name in _names(model)]
    return {name: made for part in parts for name, made in part.items()} | {type(model).__name__: type(model)}


#: What configuration files may name: the classes of the models, and every loss they can be given.
CLASSES: dict[str, Any] = {
    name: made
    for one in (*(each.model for each in ZOO.values()), Training(), *LOSSES)
    for name, made in _classes(one).items()
}
