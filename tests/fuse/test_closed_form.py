"""The closed-form fusion: what it is made of, and a planted world in which its text is worth something."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp

from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.data import split as split_of
from semcomp.errors import SemcompError
from semcomp.evidence import evaluate
from semcomp.fuse import ClosedFormFusion, WeightedSum
from semcomp.fuse.closed_form import WITH_TEXT, WITHOUT_TEXT
from semcomp.planted import World
from semcomp.text import embed
from semcomp.views.collaborative.popularity import Popularity
from semcomp.views.collaborative.spectral import Spectral


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    """A sparse world, and its own text, half of whose variance is about what users like."""
    data = World(users=400, items=300, dim=4, activity=10.0, sharpness=4.0).dataset()
    return Inputs(split_of(data), embed(data, "own"))


def ndcg(inputs: Inputs, model: ClosedFormFusion) -> float:
    ranking = rank(model.fit(inputs), inputs.split, 20)
    return evaluate(ranking, inputs.split)["ndcg"].value


def test_text_that_knows_the_tastes_pays_and_the_text_of_others_does_not(inputs):
    """Against the same number of members without text; wrong text gets little weight by validation."""
    other = np.random.default_rng(0).permutation(inputs.text.matrix)
    wrong = replace(inputs, text=TextMatrix(inputs.split.item_ids, other))
    with_text, without = ndcg(inputs, ClosedFormFusion()), ndcg(inputs, ClosedFormFusion(text=False))
    assert with_text > 1.2 * without
    assert abs(ndcg(wrong, ClosedFormFusion()) - without) < 0.2 * without


def test_it_is_the_weighted_sum_of_its_members(inputs):
    for text, models in ((True, WITH_TEXT), (False, WITHOUT_TEXT)):
        views = [model.fit(inputs, 3) for model in models]
        summed = WeightedSum().fit(replace(inputs, views=views), 3)
        fused = ClosedFormFusion(text).fit(inputs, 3)
        assert fused.weights.tolist() == summed.weights.tolist() == fused.provenance["weights"]
        everybody = np.arange(inputs.split.n_users)
        np.testing.assert_array_equal(fused.scores(everybody), summed.scores(everybody))


def test_the_control_reads_no_text(inputs):
    control = ClosedFormFusion(text=False)
    blind = replace(inputs, text=None)
    np.testing.assert_array_equal(
        control.fit(inputs).scores(np.arange(9)), control.fit(blind).scores(np.arange(9))
    )
    with pytest.raises(SemcompError, match="reads text and was given none"):
        ClosedFormFusion().fit(blind)


def test_members_may_be_others(inputs):
    fused = ClosedFormFusion(members=[Popularity(), Spectral(8)]).fit(inputs.split)
    assert [member.name for member in fused.members] == ["popularity", "spectral"]
    with pytest.raises(SemcompError, match="two members or more"):
        ClosedFormFusion(members=[Popularity()])
    with pytest.raises(SemcompError, match="leave one of them out"):
        ClosedFormFusion(text=False, members=[Popularity(), Spectral(8)])


def test_what_is_in_test_changes_nothing(inputs):
    split = inputs.split
    everything = replace(split, test=sp.csr_array(split.test.shape, dtype=split.test.dtype), order=None)
    blind = ClosedFormFusion().fit(replace(inputs, split=everything))
    np.testing.assert_array_equal(blind.weights, ClosedFormFusion().fit(inputs).weights)
