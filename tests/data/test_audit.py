"""The leakage audit: a clean world raises nothing, and leaks in the parts and the graph are caught."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from audited_world import ITEMS, embedded, first_pairs, leak, observed, state, with_parts, with_text

from semcomp.core.inputs import Inputs
from semcomp.core.view import View
from semcomp.data import STRATEGIES, Dataset, Split, audit, binary_csr, split
from semcomp.data.audits import CHECKS
from semcomp.errors import SemcompError
from semcomp.kernels.propagation import normalized_adjacency
from semcomp.planted import World
from semcomp.views import LightGCN, RawText, SampledSoftmax, SemanticProjection, Training


@pytest.fixture(scope="module")
def data() -> Dataset:
    return observed()


@pytest.fixture(scope="module")
def made(data: Dataset) -> Split:
    return split(data, seed=3)


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(3))
def test_clean_worlds_raise_nothing(strategy, seed):
    data = observed(seed)
    s = split(data, strategy, seed)
    text = embedded(data)
    found = audit(
        data, s, text=text, view=RawText().fit(Inputs(s, text)), graph=normalized_adjacency(s.train)
    )
    assert found.leaks == ()
    found.raise_if_leaking()
    applied = {outcome.check for outcome in found.outcomes if outcome.state != "not applicable"}
    assert set(CHECKS) - applied <= {"near-duplicates of cold items"}  # where no item is cold
    assert (strategy == "cold-items") <= ("near-duplicates of cold items" in applied)


QUICK = Training(loss=SampledSoftmax(negatives=16), epochs=2, batch=512)


@pytest.mark.parametrize(
    "fit",
    [
        lambda s, t: LightGCN(8, training=QUICK).fit(s),
        lambda s, t: SemanticProjection(8, training=QUICK).fit(Inputs(s, t)),
        lambda s, t: RawText().fit(Inputs(s, t)).normalized(),
    ],
)
def test_trained_views_are_not_taken_for_leaks(data, made, fit):
    text = embedded(data)
    assert (
        state(audit(data, made, view=fit(made, text), text=text), "user vectors over held-out items")
        == "passed"
    )


def test_what_was_not_given_is_not_applicable(data, made):
    bare = replace(data, interactions=data.interactions.select("timestamp"))
    found = audit(bare, split(bare, seed=3))
    missing = {o.check: o.why for o in found.outcomes if o.state == "not applicable"}
    assert missing["held-out edges in the graph"] == "no graph given"
    assert missing["text rows joined by id"] == "no text matrix given"
    assert missing["user vectors over held-out items"] == "no view given"
    assert "pass reviews=" in missing["text carries a held-out review"]
    lines = str(found).splitlines()
    assert lines[0] == "audit of 'planted', split 'random': 0 leaks in 11 checks"
    assert [line.split("  ")[0] for line in lines[1:]] == list(CHECKS)


# --- the parts ------------------------------------------------------------------------------------------


def test_pairs_in_two_parts(data, made):
    user, item = first_pairs(made.train, 7)
    extra = binary_csr(user, item, made.test.shape)
    found = audit(data, with_parts(made, test=sp.csr_array(made.test + extra)))
    finding = leak(found, "pairs in two parts")
    assert finding.count == 7
    assert (
        finding.example
        == f"user '{data.user_ids[user[0]]}', item '{data.item_ids[item[0]]}' in train and test"
    )
    with pytest.raises(
        SemcompError, match=r"found 1 leak: pairs in two parts: 7 found, e\.g\. user 'u0001'"
    ) as error:
        found.raise_if_leaking()
    assert "\n" not in str(error.value)
    assert "LEAK" in str(found)


def test_parts_tampered_with_in_place(data, made):
    test = made.test.copy()
    first_user = int(np.flatnonzero(np.diff(made.train.indptr) & np.diff(test.indptr))[0])
    test.indices[test.indptr[first_user]] = made.train.indices[made.train.indptr[first_user]]
    found = audit(data, with_parts(made, test=test))
    assert leak(found, "pairs in two parts").count == 1
    assert state(found, "pairs of the data") == "report"  # the test pair that was overwritten is in no part


def test_explicit_zeros_are_no_pairs(data, made):
    both = sp.csr_array(made.train + made.test)
    both.data = np.where(made.train.toarray()[both.nonzero()] > 0, 1.0, 0.0).astype(np.float32)
    assert audit(data, with_parts(made, train=both)).leaks == ()


def test_pairs_that_nobody_observed(data, made):
    user, item = (
        side.astype(np.int32)[:4] for side in np.nonzero((made.train + made.valid + made.test).toarray() == 0)
    )
    more = sp.csr_array(made.train + binary_csr(user, item, made.train.shape))
    assert leak(audit(data, with_parts(made, train=more)), "pairs of the data").count == 4


def test_splits_of_other_data_are_refused(data, made):
    other = World(users=100, items=ITEMS, dim=4).dataset()
    with pytest.raises(SemcompError, match="the split has 120 users, the data set 'planted' 100"):
        audit(other, made)
    renamed = replace(data, item_ids=data.item_ids[::-1].copy())
    with pytest.raises(SemcompError, match="not the same in the same order"):
        audit(renamed, made)
    with pytest.raises(SemcompError, match=r"the train part is \(3, 3\)"):
        audit(data, with_parts(made, train=sp.csr_array((3, 3))))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_broken_promises(strategy, data):
    """Each strategy's own split with two parts exchanged, or pairs moved, breaks its promise."""
    s = split(data, strategy, 1)
    if strategy in {"random", "popularity-shift"}:  # take a test user out of train
        gone = int(np.flatnonzero(np.diff(s.test.indptr))[0])
        keep = np.repeat(np.arange(s.n_users), np.diff(s.train.indptr)) != gone
        user, item = (side[keep].astype(np.int32) for side in s.train.nonzero())
        found = audit(data, with_parts(s, train=binary_csr(user, item, s.train.shape)))
    elif strategy in {"temporal", "leave-last-out"}:
        found = audit(data, with_parts(s, test=s.train, train=s.test))
    else:  # move half of the test pairs into train: their items or users are in both now
        user, item = (side.astype(np.int32) for side in s.test.nonzero())
        half = np.arange(len(user)) % 2 == 0
        moved, left = (binary_csr(user[h], item[h], s.test.shape) for h in (half, ~half))
        found = audit(data, with_parts(s, train=sp.csr_array(s.train + moved), test=left))
    finding = leak(found, "promises of the strategy")
    assert any(guard in finding.example for guard in STRATEGIES[strategy].guards)


def test_splits_without_a_strategy_promise_nothing(data, made):
    hand_made = replace(made, provenance={})
    assert state(audit(data, hand_made), "promises of the strategy") == "not applicable"


# --- the graph ------------------------------------------------------------------------------------------


def square(matrix: sp.csr_array) -> sp.csr_array:
    return sp.csr_array(sp.block_array([[None, matrix], [matrix.T, None]], format="csr"))


@pytest.mark.parametrize(
    "as_graph",
    [
        lambda m: m,
        lambda m: sp.coo_matrix(m),
        square,
        normalized_adjacency,
        lambda m: normalized_adjacency(m).to_sparse_coo(),
        lambda m: normalized_adjacency(m).to_dense(),
        lambda m: sp.csr_array(
            sp.block_array([[sp.eye_array(m.shape[0]), m], [None, sp.eye_array(m.shape[1])]])
        ),
        lambda m: sp.csr_array(
            sp.block_array([[sp.eye_array(m.shape[0]), None], [m.T, sp.eye_array(m.shape[1])]])
        ),
    ],
    ids=["rectangular", "coo", "square", "torch csr", "torch coo", "torch dense", "upper half", "lower half"],
)
def test_held_out_edges(data, made, as_graph):
    check = "held-out edges in the graph"
    assert state(audit(data, made, graph=as_graph(made.train)), check) == "passed"
    user, item = first_pairs(made.test, 5)
    finding = leak(
        audit(data, made, graph=as_graph(sp.csr_array(made.train + binary_csr(user, item, made.test.shape)))),
        check,
    )
    assert finding.count == 5
    assert finding.example == f"user '{data.user_ids[user[0]]}', item '{data.item_ids[item[0]]}' of test"
    assert leak(audit(data, made, graph=as_graph(made.history("train+valid"))), check).count == made.valid.nnz


def test_graphs_that_cannot_be_read(data, made):
    zeros = sp.csr_array(made.train + 0 * made.test)
    assert state(audit(data, made, graph=zeros), "held-out edges in the graph") == "passed"
    for graph, message in (
        (sp.csr_array((3, 4)), f"the graph is 3 × 4; give users × items \\(120 × {ITEMS}\\)"),
        ("edges.txt", "the graph is a str; give a scipy sparse matrix or a torch tensor"),
        (torch.zeros(3), "the graph has 1 dimensions; a matrix has two"),
    ):
        with pytest.raises(SemcompError, match=message):
            audit(data, made, graph=graph)


# --- memory, single checks -------------------------------------------------------------------------------


def test_a_small_memory_gives_the_same_answer(data, made):
    text = embedded(data)
    user, item = first_pairs(made.test, 5)
    told = with_text(data, int(item[0]), f"by {data.user_ids[user[0]]}")
    view = View("leaky", np.asarray(made.history("train+valid") @ text.matrix), text.matrix)
    one, other = (audit(told, split(told, seed=3), text=text, view=view, memory=m) for m in (1, 256 << 20))
    assert one == other
    assert len(one.leaks) == 3


def test_single_checks_can_be_asked_for():
    data = World(users=20, items=40, dim=2, activity=8.0).dataset()
    found = audit(data, split(data), checks=("pairs of the data", "pairs in two parts"))
    assert [outcome.check for outcome in found.outcomes] == ["pairs in two parts", "pairs of the data"]
    with pytest.raises(SemcompError, match="unknown check 'pears in two parts'; did you mean 'pairs in two"):
        audit(data, split(data), checks=("pears in two parts",))
