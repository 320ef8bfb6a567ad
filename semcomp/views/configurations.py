"""Configurations: a model by its view's name with options changed, and one from a file made a model again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from semcomp.errors import unknown_name
from semcomp.views.registry import REGISTRY, entry
from semcomp.views.training import Training
from semcomp.views.training.losses import BPR, DirectAU, FullSoftmax, SampledSoftmax

LOSSES = (SampledSoftmax(), FullSoftmax(), BPR(), DirectAU())


def build(view: str, options: Mapping[str, Any] | None = None) -> Any:
    """The model of that name at its defaults, with options changed by dotted name.

    >>> build("LightGCN", {"layers": 3, "training.lr": 0.001}).layers
    3

    Raises:
        SemcompError: an unknown view or option, or a value that the model refuses.
    """
    return changed(entry(view).model, options or {}, view)


def changed(model: Any, options: Mapping[str, Any], label: str) -> Any:
    """The model with options changed by dotted name; `label` is how an error calls it."""
    for name, value in options.items():
        model = _changed(model, name.split("."), value, label)
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

    An option that the file does not have, because it is younger than the file, takes its default, or what the
    class says that its absence means (`unwritten`): a `Training` without a schedule has a constant rate.

    Raises:
        SemcompError: a class that no view of `REGISTRY` is made of, an unknown option, a value that is
            refused.
    """
    if isinstance(config, list):
        return tuple(from_described(one) for one in config)
    if not isinstance(config, Mapping) or "class" not in config:
        return config
    name, classes = config["class"], known_classes()
    if name not in classes:
        raise unknown_name("class of a configuration", name, classes)
    made = classes[name]
    known = [one.name for one in fields(made)]
    values = {key: from_described(value) for key, value in config.items() if key != "class"}
    values = {**getattr(made, "unwritten", {}), **values}  # older than an option: what it meant then
    for key in values:
        if key not in known:
            raise unknown_name(f"option of {name}", key, known)
    return made(**values)


def known_classes() -> dict[str, Any]:
    """What configuration files may name: the classes of the models, and every loss they can be given."""
    models = (known.model for known in REGISTRY.values())
    return {name: made for one in (*models, Training(), *LOSSES) for name, made in _classes(one).items()}


def _changed(model: Any, path: list[str], value: Any, label: str) -> Any:
    head, *rest = path
    if head not in _names(model):
        raise unknown_name(f"option of {label}", head, _names(model))
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
