"""What every alignment method promises, over every backbone: nothing at weight 0, no more than its name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from conformance import QUICK, bytes_of

from semcomp.align import BACKBONES, METHODS, Contrastive
from semcomp.align.method import Method
from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.views import AlignedLightGCN, FusionControl, LightGCN

SMALL = {"dim": 8, "intents": 8, "clusters": 10, "warm_up": 2}
FEW = replace(QUICK, epochs=2, every=1)


def small(name: str) -> Any:
    """The backbone of that name, small and quick."""
    model = BACKBONES[name][0]
    options = {one: value for one, value in SMALL.items() if hasattr(model, one)}
    return replace(model, **options, training=FEW)


@pytest.fixture(scope="module")
def backbones(world):
    return {name: small(name).fit(world[0], 3) for name in BACKBONES}


@pytest.mark.parametrize("name", BACKBONES)
def test_a_backbone_is_taken_apart_into_what_its_own_fit_trains(name, world, backbones):
    """Weight 0 is the backbone, to the byte; the term of any other weight moves it."""
    none = Contrastive(small(name), weight=0.0).fit(Inputs(*world), 3)
    assert bytes_of(none) == bytes_of(backbones[name])
    some = Contrastive(small(name), weight=0.5, negatives=32).fit(Inputs(*world), 3)
    assert bytes_of(some) != bytes_of(backbones[name])
    assert some.shape == backbones[name].shape


@pytest.mark.parametrize("name", METHODS)
def test_weight_0_is_the_backbone_to_the_byte(name, world, backbones):
    none = replace(METHODS[name], backbone=small("LightGCN"), weight=0.0).fit(Inputs(*world), 3)
    assert bytes_of(none) == bytes_of(backbones["LightGCN"])


def test_contrastive_alignment_of_a_lightgcn_is_the_aligned_view(world):
    wide = FusionControl(dim=8, training=FEW)
    ours = Contrastive(wide, weight=0.2, negatives=32).fit(Inputs(*world), 1)
    theirs = AlignedLightGCN(dim=8, weight=0.2, negatives=32, training=FEW).fit(Inputs(*world), 1)
    assert bytes_of(ours) == bytes_of(theirs)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"backbone": LightGCN}, r"backbone = the class LightGCN; it must be a LightGCN, or a FusionControl"),
        ({"backbone": "LightGNC"}, r"backbone = 'LightGNC'; it must be a LightGCN, or a FusionControl"),
        ({"weight": -0.1}, r"option weight = -0.1; it must not be negative"),
    ],
)
@pytest.mark.parametrize("name", METHODS)
def test_wrong_options_are_refused_before_any_training(name, wrong, message):
    with pytest.raises(SemcompError, match=message):
        replace(METHODS[name], **wrong)


@pytest.mark.parametrize("name", METHODS)
def test_text_is_asked_for(name, world):
    with pytest.raises(SemcompError, match="text"):
        METHODS[name].fit(world[0])


@pytest.mark.parametrize("name", METHODS)
def test_a_method_is_trained_and_says_how(name, world):
    model: Method = replace(METHODS[name], backbone=small("LightGCN"))
    view = model.fit(Inputs(*world), np.int64(3))
    assert isinstance(view, View)
    assert view.name == model.label == name
    assert view.provenance["config"]["backbone"]["class"] == "LightGCN"
    assert bytes_of(view) == bytes_of(model.fit(Inputs(*world), 3))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", BACKBONES)
def test_every_method_over_every_backbone(name, method, world, backbones):
    """It trains, its vectors are numbers as wide as the backbone's, and they are not the backbone's."""
    view = replace(METHODS[method], backbone=small(name), weight=0.5).fit(Inputs(*world), 3)
    assert np.isfinite(view.users).all()
    assert np.isfinite(view.items).all()
    assert view.items.shape == backbones[name].items.shape
    assert bytes_of(view) != bytes_of(backbones[name])
