"""Each loss against its definition written out, and what follows from it."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from torch.nn import functional as F

from semcomp.errors import SemcompError
from semcomp.kernels.random import generator
from semcomp.views.training import BPR, DirectAU, Drawn, FullSoftmax, Loss, SampledSoftmax, Training

USERS, ITEMS, DIM = 30, 40, 6
LOSSES = [
    SampledSoftmax(negatives=15),
    SampledSoftmax(negatives=8, hard_pool=2),
    SampledSoftmax(negatives=15, popularity=0.75),
    FullSoftmax(),
    BPR(),
    DirectAU(uniformity=0.5),
]
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=str)


@pytest.fixture(scope="module")
def train() -> sp.csr_array:
    """30 users × 40 items; popular items first, user 0 has had one item, item 39 nobody."""
    chance = np.linspace(0.6, 0.0, ITEMS)
    dense = np.random.default_rng(0).random((USERS, ITEMS)) < chance
    dense[0] = False
    dense[0, 3] = True
    found = sp.csr_array(dense.astype(np.float32))
    found.sort_indices()
    return found


@pytest.fixture(scope="module")
def tables() -> tuple[torch.Tensor, torch.Tensor]:
    """Unit rows of users and items."""
    draw = generator(0, "tables")
    return tuple(F.normalize(torch.randn(n, DIM, generator=draw)) for n in (USERS, ITEMS))


def batch(train: sp.csr_array, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(users, their items), pairs of train drawn at random."""
    users, items = train.nonzero()
    at = np.random.default_rng(seed).choice(len(users), size)
    return users[at].astype(np.int64), items[at].astype(np.int64)


def value(loss: Loss, train, tables, pairs, drawn: Drawn) -> torch.Tensor:
    users, items = tables
    return loss(users[pairs[0]], items[pairs[1]], items[drawn.items], drawn)


@every_loss
def test_it_is_a_loss_that_draws_from_its_generator_alone(loss, train, tables):
    assert isinstance(loss, Loss)
    pairs = batch(train, 12)
    torch.manual_seed(0)
    one = value(loss, train, tables, pairs, loss.draw(train, pairs[0], generator(0, "negatives")))
    torch.manual_seed(1)
    other = value(loss, train, tables, pairs, loss.draw(train, pairs[0], generator(0, "negatives")))
    assert torch.equal(one, other)
    assert one.shape == ()
    assert torch.isfinite(one)


@every_loss
def test_descending_it_finds_the_positives(loss, train):
    """Free tables: after 150 steps the train items stand above the others, for every loss."""
    free = [torch.randn(n, 16, generator=generator(n, "start")).mul_(0.1).requires_grad_() for n in (30, 40)]
    optimizer = torch.optim.Adam(free, lr=0.05)
    draw = generator(0, "negatives")
    users, items = (side.astype(np.int64) for side in train.nonzero())
    for _ in range(150):
        drawn = loss.draw(train, users, draw)
        unit = [F.normalize(side) if loss.cosine else side for side in free]
        found = loss(unit[0][users], unit[1][items], unit[1][drawn.items], drawn)
        optimizer.zero_grad()
        found.backward()
        optimizer.step()
    scores = (unit[0] @ unit[1].T).detach().numpy()
    had = train.toarray() > 0
    above = np.mean([(scores[u][had[u]][:, None] > scores[u][~had[u]]).mean() for u in range(USERS)])
    assert above > 0.85


@every_loss
def test_the_order_of_the_batch_is_of_no_account(loss, train, tables):
    pairs = batch(train, 12)
    drawn = loss.draw(train, pairs[0], generator(0, "negatives"))
    turn = np.random.default_rng(1).permutation(12)
    place = torch.from_numpy(np.argsort(turn))
    turned = Drawn(
        drawn.items[turn] if isinstance(loss, BPR) else drawn.items,  # one negative a row
        drawn.excluded and (place[drawn.excluded[0]], drawn.excluded[1]),
        drawn.offsets,
    )
    expected = value(loss, train, tables, pairs, drawn)
    torch.testing.assert_close(
        value(loss, train, tables, tuple(side[turn] for side in pairs), turned), expected
    )


def test_sampled_softmax_by_definition(train, tables):
    """A row's own train items are excluded, its positive occurs once, whether it was drawn or not."""
    loss, (users, items) = SampledSoftmax(temperature=0.3, negatives=15), tables
    pairs = batch(train, 12)
    drawn = loss.draw(train, pairs[0], generator(0, "negatives"))
    assert len(drawn.items.unique()) == len(drawn.items) == 15
    each = []
    for user, positive in zip(*pairs, strict=True):
        others = [j for j in drawn.items.tolist() if train[user, j] == 0]
        assert len(others) < 15 or user == 0
        logits = users[user] @ items[[positive, *others]].T / 0.3
        each.append(logits.logsumexp(0) - logits[0])
    torch.testing.assert_close(value(loss, train, tables, pairs, drawn), torch.stack(each).mean())


def test_more_negatives_than_items_are_all_items(train):
    for loss in (SampledSoftmax(negatives=100), SampledSoftmax(negatives=30, hard_pool=7)):
        drawn = loss.draw(train, np.array([0]), generator(0, "negatives"))
        assert sorted(drawn.items.tolist()) == list(range(ITEMS))


def test_hard_negatives_are_those_of_highest_score(train, tables):
    loss, (users, items) = SampledSoftmax(temperature=0.3, negatives=8, hard_pool=3), tables
    pairs = batch(train, 12)
    drawn = loss.draw(train, pairs[0], generator(0, "negatives"))
    assert len(drawn.items) == 24
    each = []
    for user, positive in zip(*pairs, strict=True):
        scores = sorted(float(users[user] @ items[j]) for j in drawn.items if train[user, j] == 0)[-8:]
        logits = torch.tensor([float(users[user] @ items[positive]), *scores]) / 0.3
        each.append(logits.logsumexp(0) - logits[0])
    torch.testing.assert_close(value(loss, train, tables, pairs, drawn), torch.stack(each).mean())


def partition(loss, train, tables, user, positive) -> tuple[float, float]:
    """Mean of e^{loss} · e^{s⁺}, the partition function, over 800 draws for one pair, and its error."""
    users, items = tables
    score = float((users[user] @ items[positive]) / loss.temperature)
    pairs, draw = (np.array([user]), np.array([positive])), generator(0, "negatives")
    found = np.exp(
        [
            score + float(value(loss, train, tables, pairs, loss.draw(train, pairs[0], draw)))
            for _ in range(800)
        ]
    )
    return float(found.mean()), float(found.std(ddof=1) / np.sqrt(len(found)))


@pytest.mark.parametrize("popularity", [0.0, 0.75, 1.0])
def test_the_corrected_partition_function_is_unbiased(popularity, train, tables):
    """Over all items but the row's own, with the positive, though popular ones are drawn far more often."""
    loss, (users, items) = SampledSoftmax(temperature=0.5, negatives=20, popularity=popularity), tables
    user = int(np.diff(train.indptr).argmax())
    positive = int(train.indices[train.indptr[user]])
    wanted = np.append(np.flatnonzero(train.toarray()[user] == 0), positive)
    full = float(((users[user] @ items[wanted].T) / 0.5).exp().sum())
    mean, error = partition(loss, train, tables, user, positive)
    assert abs(mean - full) < 4 * error
    assert error < 0.05 * full


def test_the_uncorrected_sum_is_not(train, tables):
    """20 of 40 items, uniform and without correction, make half of the sum over the others."""
    loss, (users, items) = SampledSoftmax(temperature=0.5, negatives=20), tables
    terms = ((users[0] @ items.T) / 0.5).exp()
    expected = float(terms[3] + (terms.sum() - terms[3]) / 2)
    mean, error = partition(loss, train, tables, 0, 3)
    assert abs(mean - expected) < 4 * error
    assert error < 0.02 * expected


def test_full_softmax_is_the_likelihood_of_the_item(train, tables):
    loss, (users, items) = FullSoftmax(temperature=0.2), tables
    pairs = batch(train, 12)
    drawn = loss.draw(train, pairs[0], generator(0, "negatives"))
    assert drawn.items.tolist() == list(range(ITEMS))
    expected = F.cross_entropy(users[pairs[0]] @ items.T / 0.2, torch.from_numpy(pairs[1]))
    torch.testing.assert_close(value(loss, train, tables, pairs, drawn), expected)


def test_all_items_sampled_are_the_full_softmax_but_for_the_users_own(train, tables):
    """Equal for user 0, who has had one item; for all others the sampled one has fewer rivals."""
    full, sampled = FullSoftmax(temperature=0.2), SampledSoftmax(temperature=0.2, negatives=ITEMS)
    rest = np.flatnonzero(np.diff(train.indptr) > 1)
    for users, equal in ((np.array([0]), True), (rest, False)):
        pairs = users, train.indices[train.indptr[users]].astype(np.int64)
        one, other = (
            value(loss, train, tables, pairs, loss.draw(train, users, generator(0, "negatives")))
            for loss in (full, sampled)
        )
        if equal:
            torch.testing.assert_close(one, other)
        else:
            assert other < one - 0.01


def test_bpr_by_definition(train, tables):
    loss, (users, items) = BPR(), tables
    pairs = batch(train, 12)
    drawn = loss.draw(train, pairs[0], generator(0, "negatives"))
    assert drawn.items.shape == (12,)
    assert not train.toarray()[pairs[0], drawn.items.numpy()].any()
    margins = (users[pairs[0]] * (items[pairs[1]] - items[drawn.items])).sum(1)
    expected = -torch.sigmoid(margins).log().mean()
    torch.testing.assert_close(value(loss, train, tables, pairs, drawn), expected)


def test_bpr_knows_differences_alone(train, tables):
    """One vector added to all items moves every score of a user alike, and the loss not at all."""
    loss, (users, items) = BPR(), tables
    pairs = batch(train, 12)
    drawn = loss.draw(train, pairs[0], generator(0, "negatives"))
    moved = items + torch.linspace(-2, 2, DIM)
    torch.testing.assert_close(
        value(loss, train, (users, moved), pairs, drawn), value(loss, train, tables, pairs, drawn)
    )
    assert value(loss, train, (users * 0, items), pairs, drawn).item() == pytest.approx(np.log(2))


def test_bpr_stays_a_number_where_the_sigmoid_does_not():
    one, drawn = torch.tensor([[1.0]]), Drawn(torch.tensor([0]))
    assert BPR()(one, -200 * one, 200 * one, drawn).item() == pytest.approx(400)
    assert BPR()(one, 200 * one, -200 * one, drawn).item() == 0


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_direct_au_as_its_authors_wrote_it(gamma, train, tables):
    """Places of the batch make the pairs: users and items that occur twice are not put together."""
    loss, (users, items) = DirectAU(uniformity=gamma), tables
    pairs = batch(train, 60)
    assert len(np.unique(pairs[0])) < 60
    drawn = loss.draw(train, pairs[0], generator(0, "negatives"))
    assert len(drawn.items) == 0
    u, i = users[pairs[0]], items[pairs[1]]
    alignment = (u - i).norm(p=2, dim=1).pow(2).mean()
    spread = [torch.pdist(side, p=2).pow(2).mul(-2).exp().mean().log() for side in (u, i)]
    torch.testing.assert_close(
        value(loss, train, tables, pairs, drawn), alignment + gamma * (spread[0] + spread[1]) / 2
    )


def test_a_batch_of_one_pair_is_aligned_alone(tables):
    users, items = tables
    expected = (users[0] - items[0]).square().sum()
    drawn = Drawn(torch.empty(0, dtype=torch.int64))
    torch.testing.assert_close(DirectAU()(users[:1], items[:1], items[:0], drawn), expected)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SampledSoftmax(temperature=0), "SampledSoftmax option temperature = 0; it must be above"),
        (lambda: SampledSoftmax(negatives=1.5), "SampledSoftmax option negatives = 1.5; it must be a whole"),
        (lambda: SampledSoftmax(popularity=-1), "SampledSoftmax option popularity = -1; it must not be neg"),
        (lambda: SampledSoftmax(popularity=float("nan")), "popularity = nan; it must be a number, or None"),
        (lambda: SampledSoftmax(hard_pool=2, popularity=1.0), "a selection undoes the correction"),
        (lambda: FullSoftmax(temperature=float("nan")), "FullSoftmax option temperature = nan"),
        (lambda: DirectAU(uniformity=-0.1), "DirectAU option uniformity = -0.1; it must not be negative"),
        (lambda: DirectAU(uniformity="1"), "DirectAU option uniformity = '1'; it must be a number"),
        (lambda: Training(loss=BPR), "Training option loss = the class BPR; it must be a Loss"),
    ],
)
def test_options_are_checked(make, message):
    with pytest.raises(SemcompError, match=message):
        make()
