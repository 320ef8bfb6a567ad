"""The ranking kernel: equal to a brute-force reference, for every block size."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from semcomp.kernels.record import pair_scores
from semcomp.kernels.topk import Blocks, exact_topk, plan_blocks, topk_of_scores


def history_of(n_users: int, n_items: int, density: float, rng: np.random.Generator) -> sp.csr_array:
    matrix = sp.csr_array((rng.random((n_users, n_items)) < density).astype(np.float32))
    matrix.sort_indices()
    return matrix


def reference(users, items, k, history):
    """Whole score matrix in float64, sorted by (score descending, id ascending)."""
    scores = users.astype(np.float64) @ items.astype(np.float64).T
    scores[history.toarray() > 0] = -np.inf
    order = np.lexsort((np.broadcast_to(np.arange(len(items)), scores.shape), -scores), axis=1)[:, :k]
    best = np.take_along_axis(scores, order, 1)
    return np.where(np.isneginf(best), -1, order), best


def run(users, items, k, history, blocks=None, memory=2**20, device="cpu", coarse=None):
    to = lambda m: torch.from_numpy(m.copy()).to(device)  # noqa: E731
    history = {"indptr": history.indptr, "indices": history.indices}
    return exact_topk(to(users), to(items), k, **history, memory=memory, blocks=blocks, coarse=coarse)


BLOCKS = [None, Blocks(1, 10_000), Blocks(1, 17), Blocks(7, 17), Blocks(64, 1), Blocks(64, 5)]


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_users=st.integers(1, 20),
    n_items=st.integers(1, 90),
    d=st.integers(1, 9),
    k=st.integers(1, 90),
    span=st.integers(1, 3),
    density=st.sampled_from([0.0, 0.1, 0.7, 1.0]),
    blocks=st.sampled_from(BLOCKS),
    coarse=st.sampled_from([None, False, True]),
)
def test_equals_the_reference_on_integers_where_float_sums_are_exact(
    seed, n_users, n_items, d, k, span, density, blocks, coarse
):
    rng = np.random.default_rng(seed)
    k = min(k, n_items)
    users = rng.integers(-span, span + 1, (n_users, d)).astype(np.float32)
    items = rng.integers(-span, span + 1, (n_items, d)).astype(np.float32)
    history = history_of(n_users, n_items, density, rng)
    ids, scores = run(users, items, k, history, blocks, coarse=coarse)
    expected_ids, expected_scores = reference(users, items, k, history)
    np.testing.assert_array_equal(ids, expected_ids)
    np.testing.assert_array_equal(scores, expected_scores)


@pytest.mark.parametrize("dim", [3, 64, 100])
def test_bits_do_not_depend_on_block_size_with_duplicated_items(dim):
    """Duplicates sit far apart, so they meet in different blocks; near-ties differ in their last bits."""
    rng = np.random.default_rng(dim)
    base = rng.standard_normal((150, dim)).astype(np.float32)
    nudged = np.nextafter(base, np.float32(np.inf))
    items = np.concatenate([base, nudged, base])  # row i and row 300 + i are one vector
    users = rng.standard_normal((40, dim)).astype(np.float32)
    history = history_of(40, 450, 0.05, rng)
    first = run(users, items, 60, history)
    for blocks in BLOCKS[1:]:
        again = run(users, items, 60, history, blocks)
        assert first[0].tobytes() == again[0].tobytes()
        assert first[1].tobytes() == again[1].tobytes()
    ids = first[0]
    for row in ids:  # whenever both copies are listed they are neighbours, the lower row first
        places = {int(item): place for place, item in enumerate(row)}
        for item, place in places.items():
            if item + 300 in places:
                assert places[item + 300] == place + 1


def test_the_score_of_record_does_not_depend_on_its_neighbours():
    rng = np.random.default_rng(0)
    users = torch.from_numpy(rng.standard_normal((64, 100)).astype(np.float32))
    items = torch.from_numpy(rng.standard_normal((200, 100)).astype(np.float32))
    together = pair_scores(users[:, None], items[None])
    alone = torch.stack([torch.stack([pair_scores(u, i) for i in items[:20]]) for u in users])
    assert torch.equal(together[:, :20], alone)
    torch.testing.assert_close(together, users.double() @ items.double().T, rtol=0, atol=1e-12)


def test_all_scores_equal_returns_the_lowest_rows_first():
    users, items = np.zeros((5, 4), np.float32), np.ones((1000, 4), np.float32)
    empty = sp.csr_array((5, 1000), dtype=np.float32)
    ids, _ = run(users, items, 10, empty, memory=1)  # a budget of one byte still works, slowly
    np.testing.assert_array_equal(ids, np.tile(np.arange(10), (5, 1)))


def test_equal_scores_beyond_the_room_for_them_are_split_up():
    """Each of 300 users has 900 candidates; a block has room for a few hundred pairs."""
    rng = np.random.default_rng(2)
    users, items = np.ones((300, 2), np.float32), np.ones((900, 2), np.float32)
    history = history_of(300, 900, 0.3, rng)
    for coarse in (False, True):
        ids, scores = run(users, items, 7, history, memory=2**15, coarse=coarse)
        expected = reference(users, items, 7, history)
        np.testing.assert_array_equal(ids, expected[0])
        np.testing.assert_array_equal(scores, expected[1])


def test_vectors_too_long_for_bfloat16_are_ranked_all_the_same():
    users = np.full((3, 2), 3.4e38, np.float32)
    items = np.linspace(1e-39, 2e-38, 60, dtype=np.float32)[:, None] * np.ones(2, np.float32)
    empty = sp.csr_array((3, 60), dtype=np.float32)
    ids, _ = run(users, items, 5, empty, coarse=True)
    np.testing.assert_array_equal(ids, np.tile(np.arange(59, 54, -1), (3, 1)))


def test_the_coarse_product_changes_no_byte():
    rng = np.random.default_rng(11)
    users = rng.standard_normal((90, 48)).astype(np.float32)
    items = (rng.standard_normal((3000, 48)) * np.exp(rng.normal(0, 1, (3000, 1)))).astype(np.float32)
    items[1500:1600] = items[:100]
    history = history_of(90, 3000, 0.02, rng)
    plain, coarse = (run(users, items, 30, history, coarse=coarse) for coarse in (False, True))
    assert plain[0].tobytes() == coarse[0].tobytes()
    assert plain[1].tobytes() == coarse[1].tobytes()


def test_vectors_in_bfloat16_are_ranked_by_their_own_inner_products():
    rng = np.random.default_rng(12)
    low = [torch.from_numpy(rng.standard_normal((n, 24)).astype(np.float32)).bfloat16() for n in (20, 800)]
    wide = [side.float().numpy() for side in low]
    history = history_of(20, 800, 0.05, rng)
    ids, scores = exact_topk(*low, 10, indptr=history.indptr, indices=history.indices, memory=2**20)
    expected_ids, expected = run(*wide, 10, history)
    np.testing.assert_array_equal(ids, expected_ids)
    np.testing.assert_array_equal(scores, expected)


def test_a_user_with_fewer_candidates_than_k_is_padded():
    users, items = np.ones((2, 2), np.float32), np.arange(10, dtype=np.float32).reshape(5, 2)
    history = sp.csr_array(np.array([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]], np.float32))
    ids, scores = run(users, items, 3, history)
    np.testing.assert_array_equal(ids, [[4, -1, -1], [-1, -1, -1]])
    assert np.isneginf(scores[ids < 0]).all()


def test_reduced_matmul_precision_changes_nothing():
    rng = np.random.default_rng(5)
    users = rng.standard_normal((30, 64)).astype(np.float32)
    items = rng.standard_normal((700, 64)).astype(np.float32)
    history = history_of(30, 700, 0.02, rng)
    expected = run(users, items, 20, history)
    torch.set_float32_matmul_precision("medium")
    try:
        got = run(users, items, 20, history)
    finally:
        torch.set_float32_matmul_precision("highest")
    assert expected[0].tobytes() == got[0].tobytes()


def test_blocks_respect_the_budget():
    for memory in (1, 1_000, 2**20, 2**30):
        plan = plan_blocks(50_000, 1_000_000, memory)
        assert plan.users * plan.items * 16 <= max(memory, 16)


def test_scores_of_other_scorers_are_ranked_the_same_way():
    rng = np.random.default_rng(3)
    table = rng.integers(0, 4, (9, 40)).astype(np.float32)
    history = history_of(9, 40, 0.3, rng)
    ids, scores = topk_of_scores(
        lambda rows: table[rows],
        (9, 40),
        12,
        indptr=history.indptr,
        indices=history.indices,
        memory=32 * 40 * 2,
    )
    expected = reference(table, np.eye(40, dtype=np.float32), 12, history)
    np.testing.assert_array_equal(ids, expected[0])
    np.testing.assert_array_equal(scores, expected[1])


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_cuda_gives_the_bytes_of_the_cpu():
    rng = np.random.default_rng(8)
    users = rng.standard_normal((500, 64)).astype(np.float32)
    items = rng.standard_normal((3000, 64)).astype(np.float32)
    items[2000:2100] = items[:100]
    history = history_of(500, 3000, 0.01, rng)
    cpu, gpu = run(users, items, 50, history), run(users, items, 50, history, device="cuda")
    assert cpu[0].tobytes() == gpu[0].tobytes()
    assert cpu[1].tobytes() == gpu[1].tobytes()
