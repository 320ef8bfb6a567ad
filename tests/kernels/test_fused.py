"""Nominees by maxima of groups: equal to brute force, in plain torch and in Triton's interpreter."""

from __future__ import annotations

import os
import platform

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from interpreted import interpreter
from torch.utils._python_dispatch import TorchDispatchMode

from semcomp.kernels import fused
from semcomp.kernels.rounding import error_bound
from semcomp.kernels.topk import exact_topk


@pytest.fixture(scope="module")
def kernels():
    """Functions by name, by the kernels in Triton's interpreter."""
    if platform.system() != "Linux":
        pytest.skip("Triton is made for Linux alone")
    with interpreter() as worker:
        yield worker


@pytest.fixture(scope="module", params=["plain", "kernels"])
def call(request):
    """Functions of `fused` by name: as they run on this CPU, and by the kernels."""
    if request.param == "plain":
        return lambda name, *args, **options: getattr(fused, name)(*args, **options)
    return request.getfixturevalue("kernels")


def integers(shape, rng, span=3):
    return torch.from_numpy(rng.integers(-span, span + 1, shape).astype(np.float32))


def scores_of(users, items):
    """The whole product in float64."""
    return users.double().numpy() @ items.double().numpy().T


def maxima_of(scores, group):
    """(B, I) -> (B, ceil(I / group)), by a loop."""
    starts = range(0, scores.shape[1], group)
    columns = [scores[:, first : first + group].max(axis=1) for first in starts]
    return np.stack(columns, axis=1) if columns else np.empty((len(scores), 0))


def history(n_users, n_items, density, rng, twice=False):
    """(position, item) pairs sorted by item, and the same as a mask."""
    mask = rng.random((n_users, n_items)) < density
    column, position = np.nonzero(mask.T)
    if twice:
        position, column = np.repeat(position, 2), np.repeat(column, 2)
    return (position, column), mask


def check_nominees(ids, cutoff, scores, m):
    """A top m of `scores` (-inf where masked), each item once; the ceiling is the best of the others."""
    ids, cutoff = ids.numpy(), cutoff.numpy()
    assert ids.shape == (len(scores), m)
    for mine, ceiling, row in zip(ids, cutoff, scores, strict=True):
        listed = mine[mine >= 0]
        assert len(set(listed)) == len(listed) == min(m, np.isfinite(row).sum())
        expected = np.sort(row[np.isfinite(row)])[::-1]
        np.testing.assert_array_equal(np.sort(row[listed])[::-1], expected[: len(listed)])
        assert ceiling == (expected[m] if len(expected) > m else -np.inf)


# users, items, group: tails of tiles and of groups, and none
SHAPES = [(1, 1, 1), (5, 63, 16), (37, 301, 64), (130, 129, 128), (3, 1100, 64), (2, 256, 128)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("dim", [1, 16, 64, 100])
def test_maxima_are_those_of_the_whole_product(call, dim, dtype):
    rng = np.random.default_rng(dim)
    for n_users, n_items, group in SHAPES:
        # all scores are below zero: a zero from behind the last item would be the largest
        users, items = integers((n_users, dim), rng) - 4, 4 - integers((n_items, dim), rng)
        got = call("group_maxima", users.to(dtype), items.to(dtype), group)
        assert got.dtype == torch.float32
        np.testing.assert_array_equal(got.numpy(), maxima_of(scores_of(users, items), group))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("dim", [1, 16, 64, 100])
def test_scores_of_pairs_are_those_of_the_whole_product(call, dim, dtype):
    rng = np.random.default_rng(dim)
    users, items = integers((37, dim), rng), integers((301, dim), rng)
    for group in (1, 16, 64, 128):
        n_groups = -(-301 // group)
        padded = np.full((37, n_groups * group), -np.inf)
        padded[:, :301] = scores_of(users, items)
        rows, groups = rng.integers(0, 37, 50), rng.integers(0, n_groups, 50)
        groups[0] = n_groups - 1
        chosen = torch.from_numpy(rows), torch.from_numpy(groups)
        got = call("group_scores", users.to(dtype), items.to(dtype), *chosen, group)
        np.testing.assert_array_equal(got.numpy(), padded.reshape(37, n_groups, group)[rows, groups])


@pytest.mark.parametrize("dim", [3, 70])
def test_what_lies_behind_the_matrices_in_memory_is_not_read(call, dim):
    """Infinite there: 0 · inf would be NaN."""
    users, items = (torch.full((n + 90, dim), torch.inf) for n in (5, 48))
    users[:5], items[:48] = 1, -1
    users, items = users[:5], items[:48]
    assert call("group_maxima", users, items, 1).unique().tolist() == [-dim]
    everyone = torch.arange(5)
    assert call("group_scores", users, items, everyone, everyone % 3, 16).unique().tolist() == [-dim]


def test_bfloat16_is_rounded_when_asked_for_and_summed_in_float32(call):
    """Each product is 1 + 2^-7 twice over: rounding a sum of 2 or more to 7 bits would lose it."""
    users = torch.full((2, 2), 1 + 2.0**-7 + 2.0**-12)  # the last bit goes
    items = torch.ones((3, 2))
    assert call("group_maxima", users, items, 1, "bfloat16").unique().tolist() == [2 + 2.0**-6]
    assert call("group_maxima", users, items, 1).unique().tolist() == [2 + 2.0**-6 + 2.0**-11]


@pytest.mark.parametrize("density", [0.0, 0.02, 0.6, 1.0])
@pytest.mark.parametrize("m", [1, 4, 90, 110])  # 90: every group; 110: more than there are items
def test_nominees_are_a_top_m_without_the_history(call, m, density):
    rng = np.random.default_rng(m)
    users, items = integers((9, 12), rng), integers((100, 12), rng)  # integers: ties abound
    seen, mask = history(9, 100, density, rng, twice=True)
    scores = np.where(mask, -np.inf, scores_of(users, items))
    for memory in (1, 2**20) if density == 0.6 else (2**20,):  # one user at a time; all
        ids, cutoff = call("nominate", users, items, m, seen, group=16, memory=memory)
        check_nominees(ids, cutoff, scores, m)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_users=st.integers(0, 12),
    n_items=st.integers(0, 150),
    dim=st.integers(1, 6),
    m=st.integers(1, 160),
    span=st.integers(0, 3),
    density=st.sampled_from([0.0, 0.05, 0.7, 1.0]),
    group=st.sampled_from([1, 2, 8, 32, 128]),
    memory=st.sampled_from([1, 3_000, 2**24]),
    precision=st.sampled_from(["ieee", "tf32", "bfloat16"]),
)
def test_nominees_are_a_top_m_whatever_the_shapes(
    seed, n_users, n_items, dim, m, span, density, group, memory, precision
):
    """Small integers are exact in every precision; span 0 makes all scores equal."""
    rng = np.random.default_rng(seed)
    users, items = integers((n_users, dim), rng, span), integers((n_items, dim), rng, span)
    seen, mask = history(n_users, n_items, density, rng, twice=bool(seed % 2))
    order = rng.permutation(len(seen[0]))  # pairs may come in any order
    scores = np.where(mask, -np.inf, scores_of(users, items))
    pairs = seen[0][order], seen[1][order]
    ids, cutoff = fused.nominate(users, items, m, pairs, group=group, precision=precision, memory=memory)
    check_nominees(ids, cutoff, scores, m)


@pytest.mark.parametrize("precision", ["ieee", "tf32", "bfloat16"])
def test_cutoff_and_bound_cover_all_that_is_left_out(call, precision):
    """Real numbers, close together: no item left out is above the ceiling in exact arithmetic."""
    rng = np.random.default_rng(4)
    users = torch.from_numpy(rng.standard_normal((8, 30)).astype(np.float32))
    items = torch.from_numpy((1 + 1e-3 * rng.standard_normal((300, 30))).astype(np.float32))
    seen, mask = history(8, 300, 0.05, rng)
    ids, cutoff = call("nominate", users, items, 10, seen, group=8, precision=precision, memory=2**16)
    left = np.where(mask, -np.inf, scores_of(users, items))
    nominated = np.take_along_axis(left, ids.numpy(), 1)
    np.put_along_axis(left, ids.numpy(), -np.inf, 1)
    bound = error_bound(users, items, precision)
    assert (left.max(axis=1) <= cutoff.numpy() + bound).all()
    assert (nominated.min(axis=1) >= cutoff.numpy() - bound).all()


def test_a_ceiling_covers_maxima_that_the_scores_made_again_do_not_reach(monkeypatch):
    """Two kernels may round differently: what the maxima of groups not chosen say must count as well."""
    users, items = torch.ones((1, 1)), torch.tensor([[4.0], [4.0], [4.0], [4.0]])
    exact = fused.group_scores
    monkeypatch.setattr(fused, "group_scores", lambda *args: exact(*args) - 0.5)
    none = np.empty(0, np.int64), np.empty(0, np.int64)
    _, cutoff = fused.nominate(users, items, 2, none, group=1, memory=2**10)
    assert cutoff.item() == 4


ROWS = {
    "normal": lambda rng, n, d: rng.standard_normal((n, d)),
    "heavy tails": lambda rng, n, d: rng.standard_t(1.2, (n, d)),
    "scales": lambda rng, n, d: rng.standard_normal((n, d)) * 10.0 ** rng.uniform(-15, 15, (n, 1)),
    "one scale": lambda rng, n, d: (
        1 + rng.random((n, d))
    ),  # no cancelling: the sums are as long as they can be
    "halfway": lambda rng, n, d: (1 + 2.0**-8) * 2.0 ** rng.integers(-3, 4, (n, d)),  # all rounded down
    "tiny": lambda rng, n, d: 1e-25 * rng.standard_normal((n, d)),  # products below the least float32
    "one large": lambda rng, n, d: np.c_[np.full((n, 1), 4096.0), rng.random((n, d - 1)) * 2.0**-12][:, :d],
}


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("precision", ["ieee", "tf32", "bfloat16"])
def test_the_bound_is_never_passed(call, precision, kind):
    rng = np.random.default_rng(9)
    for dim in (1, 3, 64, 100):
        users, items = (torch.from_numpy(ROWS[kind](rng, n, dim).astype(np.float32)) for n in (50, 400))
        approximate = call("group_maxima", users, items, 1, precision).double().numpy()
        error = np.abs(approximate - scores_of(users, items)).max(axis=1)
        bound = error_bound(users, items, precision)
        assert bound.shape == (50,)
        assert bound.dtype == np.float64
        assert (error <= bound).all()


def test_torch_allowing_less_precision_changes_no_bit_and_is_put_back(monkeypatch):
    rng = np.random.default_rng(1)
    users, items = (torch.from_numpy(rng.standard_normal((n, 64)).astype(np.float32)) for n in (30, 300))
    rows, groups = torch.arange(30), torch.arange(30) % 5
    expected = fused.group_maxima(users, items, 64), fused.group_scores(users, items, rows, groups, 64)
    during = []
    matmul = torch.Tensor.__matmul__

    def noting(a, b):
        during.append(torch.get_float32_matmul_precision())
        return matmul(a, b)

    monkeypatch.setattr(torch.Tensor, "__matmul__", noting)
    torch.set_float32_matmul_precision("medium")
    try:
        got = fused.group_maxima(users, items, 64), fused.group_scores(users, items, rows, groups, 64)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision("highest")
    assert set(during) == {"highest"}
    assert all(torch.equal(a, b) for a, b in zip(expected, got, strict=True))


def test_the_product_is_never_written_out(monkeypatch):
    """No tensor made on the way is larger than the budget, and the product would be ten times as large."""

    class Largest(TorchDispatchMode):
        size = 0

        def __torch_dispatch__(self, function, types, args=(), kwargs=None):
            made = function(*args, **(kwargs or {}))
            for tensor in made if isinstance(made, tuple | list) else (made,):
                if isinstance(tensor, torch.Tensor) and not tensor._is_view():
                    self.size = max(self.size, tensor.nbytes)
            return made

    rng = np.random.default_rng(0)
    users, items = integers((300, 4), rng), integers((20_000, 4), rng)
    seen, _ = history(300, 20_000, 0.0005, rng)
    budget = 2 * 2**20
    monkeypatch.setattr(fused, "CELLS", budget // 4)
    assert 4 * len(users) * len(items) > 10 * budget
    with Largest() as largest:
        fused.nominate(users, items, 20, seen, memory=budget)
    assert 0 < largest.size <= budget


def test_users_at_a_time_stay_under_the_budget():
    for memory in (1, 100_000, 2**20, 2**30):
        for n_items, m, group in ((1_000_000, 32, 64), (1_000_000, 112, 16), (50, 100, 64)):
            users = fused.users_at_once(n_items, m, group, memory)
            n_groups = -(-n_items // group)
            needed = 4 * (n_groups + min(m, n_groups) * group)  # maxima and candidates, without selection
            assert users == 1 or users * needed <= memory
            assert users >= 1


@pytest.mark.parametrize("group", [0, -64, 3, 96, 256])
def test_a_group_that_no_tile_holds_is_refused(group):
    one = torch.ones((1, 1))
    none = np.empty(0, np.int64), np.empty(0, np.int64)
    for work in (
        lambda: fused.group_maxima(one, one, group),
        lambda: fused.group_scores(one, one, torch.tensor([0]), torch.tensor([0]), group),
        lambda: fused.nominate(one, one, 1, none, group=group, memory=1),
    ):
        with pytest.raises(ValueError, match=f"power of two up to 128, not {group}"):
            work()


@pytest.mark.parametrize("coarse", [False, True])
def test_lists_by_the_kernels_are_those_of_plain_torch_to_the_byte(kernels, coarse):
    rng = np.random.default_rng(21)
    users = torch.from_numpy(rng.standard_normal((9, 20)).astype(np.float32))
    items = torch.from_numpy(rng.standard_normal((500, 20)).astype(np.float32))
    items[300:340] = items[:40]
    users[3] = 0.0  # all items are equal to it
    seen = sp.csr_array((rng.random((9, 500)) < 0.05).astype(np.float32))
    options = {"indptr": seen.indptr, "indices": seen.indices, "memory": 2**18, "coarse": coarse}
    plain = exact_topk(users, items, 7, **options)
    by_kernels = kernels("exact_topk", users, items, 7, **options)
    assert plain[0].tobytes() == by_kernels[0].tobytes()
    assert plain[1].tobytes() == by_kernels[1].tobytes()


def test_the_interpreter_stays_in_its_process(call):
    call("group_maxima", torch.ones((1, 1)), torch.ones((1, 1)), 1)
    assert "TRITON_INTERPRET" not in os.environ
    assert fused.triton_kernels(torch.device("cpu")) is None


def test_without_triton_plain_torch_answers(monkeypatch):
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    monkeypatch.setattr(fused.importlib.util, "find_spec", lambda name: None)
    assert fused.triton_kernels(torch.device("cpu")) is None
    assert fused.group_maxima(torch.ones((1, 2)), torch.ones((1, 2)), 1).item() == 2


# bytes of shared memory that a program may have, by compute capability (CUDA C++ programming guide); 8.0 is
# held to the 99 KiB of 8.6, for which the same code is made
SHARED = {80: 99 * 1024, 90: 227 * 1024}


@pytest.mark.skipif(platform.system() != "Linux", reason="Triton is made for Linux alone")
@pytest.mark.parametrize("capability", SHARED)
def test_kernels_compile_for_gpus_that_are_not_here(capability, tmp_path, monkeypatch):
    """The interpreter takes what a compiler would not; the compiler needs no GPU."""
    from triton import compile as compiled
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from semcomp.kernels import fused_triton as kernels

    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    target = GPUTarget("cuda", capability, 32)
    pointers = {"users", "items", "maxima", "scores"}

    def build(kernel, number, **constants):
        """For matrices of `number`, aligned, as torch makes them."""
        names = kernel.arg_names
        kinds = {name: f"*{number}" if name in ("users", "items") else "i32" for name in names}
        kinds |= dict.fromkeys(("maxima", "scores"), "*fp32")
        kinds |= dict.fromkeys(("rows", "groups", "order"), "*i64")
        kinds |= dict.fromkeys(constants, "constexpr")
        aligned = {(at,): [["tt.divisibility", 16]] for at, name in enumerate(names) if name in pointers}
        fixed = {(names.index(name),): value for name, value in constants.items()}
        source = ASTSource(kernel, {name: kinds[name] for name in names}, fixed, aligned)
        return lambda **options: compiled(source, target=target, options=options)

    for precision, tiles in kernels.TILES.items():
        number = "bf16" if precision == "bfloat16" else "fp32"
        shape = {name: size for name, size in tiles.items() if name.isupper()}
        stages = {name: size for name, size in tiles.items() if name.islower()}
        dot = "tf32" if precision == "tf32" else "ieee"
        for chunks in (1, 3):
            make = build(
                kernels._group_maxima, number, GROUP=64, CHUNKS=chunks, PRECISION=dot, WIDEN=False, **shape
            )
            assert 0 < make(**stages).metadata.shared <= SHARED[capability]
        scores = build(kernels._group_scores, number, GROUP=64, DIM=64)()
        assert scores.metadata.shared <= SHARED[capability]


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dim", [3, 64, 100, 256])
@pytest.mark.parametrize("precision", ["ieee", "tf32", "bfloat16"])
def test_cuda_agrees_with_the_fallback_within_the_bound(precision, dim):
    """On integers bit for bit; on real numbers each within its bound of the exact product."""
    rng = np.random.default_rng(dim)
    users, items = integers((300, dim), rng), integers((5001, dim), rng)
    seen, mask = history(300, 5001, 0.01, rng)
    assert fused.triton_kernels(torch.device("cuda")) is not None
    for group in (16, 64, 128):
        there = fused.group_maxima(users.cuda(), items.cuda(), group, precision).cpu()
        assert torch.equal(there, fused.group_maxima(users, items, group, precision))
        ids, cutoff = fused.nominate(
            users.cuda(), items.cuda(), 50, seen, group=group, precision=precision, memory=2**22
        )
        check_nominees(ids.cpu(), cutoff.cpu(), np.where(mask, -np.inf, scores_of(users, items)), 50)
    for kind in ROWS:
        users, items = (torch.from_numpy(ROWS[kind](rng, n, dim).astype(np.float32)) for n in (300, 5001))
        there = fused.group_maxima(users.cuda(), items.cuda(), 1, precision).double().cpu().numpy()
        error = np.abs(there - scores_of(users, items)).max(axis=1)
        assert (error <= error_bound(users, items, precision)).all()
