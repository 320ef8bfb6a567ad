"""DaRec's four losses against plain loops, where they vanish, and the matching of centres."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import torch
from conformance import QUICK, bytes_of
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from semcomp.align import DaRec
from semcomp.align.darec import Disentangled
from semcomp.align.darec_losses import (
    centres,
    global_structure,
    local_structure,
    matched,
    orthogonality,
    spread,
)
from semcomp.core.inputs import Inputs
from semcomp.errors import SemcompError
from semcomp.views import LightGCN
from semcomp.views.semantic.text_inputs import text_inputs
from semcomp.views.training import Batch

FEW = replace(QUICK, epochs=2, every=1)


class Largest(TorchDispatchMode):
    """How many numbers the largest tensor had that was made meanwhile."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        for one in made if isinstance(made, tuple | list) else [made]:
            if isinstance(one, torch.Tensor):
                self.numbers = max(self.numbers, one.numel())
        return made


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(shape))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_orthogonality_is_the_mean_squared_cosine_of_a_rows_parts():
    a, b = drawn(7, 4), drawn(7, 4, seed=1)
    slow = np.mean([cosine(x, y) ** 2 for x, y in zip(a.numpy(), b.numpy(), strict=True)])
    assert float(orthogonality(a, b)) == pytest.approx(slow)
    assert float(orthogonality(a, 3 * a)) == pytest.approx(1)
    assert float(orthogonality(torch.eye(4)[:2], torch.eye(4)[2:])) == 0


def test_spread_is_over_pairs_of_different_rows():
    x = drawn(6, 3)
    unit = F.normalize(x).numpy()
    slow = [np.exp(-2 * np.sum((unit[i] - unit[j]) ** 2)) for i in range(6) for j in range(6) if i != j]
    assert float(spread(x)) == pytest.approx(np.log(np.mean(slow)), rel=1e-5)
    assert float(spread(torch.ones(5, 3))) == pytest.approx(0, abs=1e-6)  # all in one place: the worst


def test_global_structure_is_the_mean_squared_difference_of_cosines():
    a, b = drawn(8, 4), drawn(8, 6, seed=1)
    slow = np.mean(
        [
            (cosine(a[i].numpy(), a[j].numpy()) - cosine(b[i].numpy(), b[j].numpy())) ** 2
            for i in range(8)
            for j in range(8)
        ]
    )
    assert float(global_structure(a, b)) == pytest.approx(slow)


def test_global_structure_knows_neither_rotation_nor_scale_nor_how_many_rows_there_are():
    a, b = drawn(60, 5), drawn(60, 5, seed=1)
    turn = torch.linalg.qr(drawn(5, 5, seed=2))[0]
    assert float(global_structure(a, 3 * a @ turn)) == pytest.approx(0, abs=1e-12)
    whole = float(global_structure(a, b))
    assert float(global_structure(a.repeat(3, 1), b.repeat(3, 1))) == pytest.approx(whole)


def test_local_structure_wants_matched_centres_alike_and_others_at_right_angles():
    a, b = drawn(4, 6), drawn(4, 6, seed=1)
    own = np.mean([(cosine(a[i].numpy(), b[i].numpy()) - 1) ** 2 for i in range(4)])
    others = [cosine(a[i].numpy(), b[j].numpy()) ** 2 for i in range(4) for j in range(4) if i != j]
    assert float(local_structure(a, b)) == pytest.approx(own + np.sum(others) / 12)
    assert float(local_structure(torch.eye(5)[:3], torch.eye(5)[:3])) == 0
    assert float(local_structure(a[:1], a[:1])) == pytest.approx(0)


def test_local_structure_of_no_centres_is_0_and_pulls_nowhere():
    none = torch.zeros(0, 6, requires_grad=True)
    loss = local_structure(none, none)
    loss.backward()
    assert loss.item() == 0
    assert none.grad is not None


def test_centres_are_means_and_say_which_are_empty():
    rows, cluster = drawn(5, 2), torch.tensor([0, 2, 0, 2, 2])
    found, there = centres(rows, cluster, 3)
    assert there.tolist() == [True, False, True]
    np.testing.assert_allclose(found[0], rows[[0, 2]].mean(0))
    np.testing.assert_allclose(found[2], rows[[1, 3, 4]].mean(0))


def test_greedy_takes_the_nearest_pair_first_and_hungarian_the_least_sum():
    """On a line: 0 and 1 here, 0.9 and 2.2 there. Greedy joins 1 with 0.9 and pays 2.2 for the rest."""
    one, other = torch.tensor([[0.0], [1.0]]), torch.tensor([[0.9], [2.2]])
    assert matched(one, other, greedy=True).tolist() == [1, 0]
    assert matched(one, other, greedy=False).tolist() == [0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_no_matching_is_cheaper_than_the_hungarian_one(seed):
    one, other = drawn(5, 3, seed=seed), drawn(5, 3, seed=seed + 100)
    cost = torch.cdist(one, other).numpy()
    best = min(sum(cost[i, j] for i, j in enumerate(order)) for order in permutations(range(5)))
    found = matched(one, other, greedy=False).numpy()
    assert cost[np.arange(5), found].sum() == pytest.approx(best)
    assert sorted(matched(one, other, greedy=True).tolist()) == list(range(5))


@pytest.mark.parametrize("loss", [global_structure, local_structure, orthogonality])
def test_gradients(loss):
    a, b = drawn(5, 3).requires_grad_(), drawn(5, 3, seed=1).requires_grad_()
    assert torch.autograd.gradcheck(loss, (a, b))


def test_gradients_go_through_the_means_of_clusters():
    rows, cluster = drawn(6, 3).requires_grad_(), torch.tensor([0, 1, 0, 1, 1, 0])
    assert torch.autograd.gradcheck(lambda x: centres(x, cluster, 2)[0], (rows,))


def test_an_unknown_matching_is_refused_with_near_names():
    with pytest.raises(SemcompError, match="unknown matching 'greed'; did you mean 'greedy'"):
        replace(DaRec(), matching="greed")


def test_an_epoch_may_end_with_a_single_pair(world):
    """One user and one item have few centres that both views have rows of, often none."""
    pairs = world[0].train.nnz
    backbone = LightGCN(dim=8, training=replace(FEW, batch=pairs - 1))
    view = DaRec(backbone).fit(Inputs(*world), 0)
    assert all(np.isfinite(point["loss"]) for point in view.provenance["training"]["curve"])


def test_the_two_matchings_train_two_views(world):
    greedy, hungarian = (
        DaRec(LightGCN(dim=8, training=FEW), weight=1.0, matching=one).fit(Inputs(*world), 0)
        for one in ("greedy", "hungarian")
    )
    assert bytes_of(greedy) != bytes_of(hungarian)
    assert np.isfinite(hungarian.items).all()


def test_a_step_sees_distinct_nodes_of_its_batch_with_their_own_text(world):
    split, text = world
    inputs = text_inputs(split, text)
    wide = text.matrix.shape[1]
    term = Disentangled(inputs, DaRec(rows=5), wide, 2, 0)
    users, items = torch.tensor([3, 1, 3, 1, 3, 9]), torch.tensor([4, 0, 2, 7, 8, 6])
    mark = [
        torch.stack([names.float(), torch.full((6,), side)], 1) for side, names in enumerate((users, items))
    ]
    vectors, texts = term.drawn(Batch(users, items, *mark))
    of_users, of_items = (vectors[vectors[:, 1] == side, 0].long() for side in (0, 1))
    assert sorted(of_users.tolist()) == [1, 3, 9]
    assert len(set(of_items.tolist())) == 5
    torch.testing.assert_close(texts, torch.cat([inputs.users[of_users], inputs.items[of_items]]))


def test_no_square_of_all_rows_is_held():
    rows = 3000
    one, other = drawn(rows, 4).requires_grad_(), drawn(rows, 4, seed=1)
    with Largest() as largest:
        (global_structure(one, other) + spread(one) + orthogonality(one, other)).backward()
    assert largest.numbers < rows**2 / 4
