"""The one loop: what a step is, which epoch is kept, what a run costs and says of itself."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
import scipy.sparse as sp
import torch
from conformance import QUICK, bytes_of
from torch.nn import functional as F

from semcomp.core.inputs import Inputs
from semcomp.core.metrics import per_user
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.errors import SemcompError
from semcomp.kernels.random import generator, xavier
from semcomp.kernels.sampling import unseen_items
from semcomp.views.collaborative.lightgcn import LightGCN
from semcomp.views.collaborative.matrix_factorization import BPRMF
from semcomp.views.item_weights import ItemWeights
from semcomp.views.semantic.projection import SemanticProjection
from semcomp.views.training import (
    BPR,
    Batch,
    DirectAU,
    Encoder,
    FullSoftmax,
    Meter,
    SampledSoftmax,
    Term,
    Training,
    is_cut_off,
    loop,
    train_view,
    validation_ndcg,
)
from semcomp.views.training.loop import training_device

# what a step is


class Tables(Encoder):
    """Free rows, as plain as can be."""

    def __init__(self, split, dim=4):
        super().__init__()
        self.users = torch.nn.Parameter(xavier(split.n_users, dim, 0, "users"))
        self.items = torch.nn.Parameter(xavier(split.n_items, dim, 0, "items"))

    def forward(self, users=None, items=None):
        if users is None or items is None:
            return self.users, self.items
        return self.users[users], self.items[items]

    def free(self, users, items):
        return self.users[users], self.items[items]


@dataclass(frozen=True)
class Model:
    training: Training


@pytest.fixture
def blind(world):
    """The small world without a validation part: the last epoch is what is returned."""
    return replace(world[0], valid=world[0].history("none"))


@pytest.mark.parametrize("schedule", ["constant", "linear"])
def test_two_epochs_by_hand(blind, schedule):
    """BPR with penalty and weight decay: draws, order, gradient, rate and AdamW, written out once more."""
    size, lam = 1500, 0.3
    training = Training(loss=BPR(), epochs=2, batch=size, lr=0.05, schedule=schedule, weight_decay=0.1)
    view = train_view("by hand", Model(replace(training, penalty=lam)), Tables(blind), blind, seed=5)
    users, items = Tables(blind).parameters()
    optimizer = torch.optim.AdamW([users, items], lr=0.05, weight_decay=0.1)
    pairs = np.stack(blind.train.nonzero())
    steps = -(-pairs.shape[1] // size)
    losses = []
    for epoch in (1, 2):
        negatives, order = generator(5, "negatives", epoch), generator(5, "batches", epoch)
        for at in torch.randperm(pairs.shape[1], generator=order).split(size):
            u, i = (torch.from_numpy(side[at]).long() for side in pairs)
            j = unseen_items(blind.train, u.numpy(), negatives)
            loss = -F.logsigmoid((users[u] * (items[i] - items[j])).sum(1)).mean()
            squares = sum((side**2).sum() for side in (users[u], items[i], items[j]))
            if schedule == "linear":
                optimizer.param_groups[0]["lr"] = 0.05 * (2 * steps - len(losses)) / (2 * steps)
            optimizer.zero_grad()
            (loss + lam / 2 * squares / len(at)).backward()
            optimizer.step()
            losses.append((loss + lam / 2 * squares / len(at)).item())
    assert steps > 1
    # AdamW divides by a gradient's size: where a sum nearly cancels, its rounding is that much larger. What
    # is compared with is the way that an entry can go, lr in each step.
    for made, hand in ((view.users, users), (view.items, items)):
        np.testing.assert_allclose(made, hand.detach(), rtol=0, atol=1e-3 * 0.05 * 2 * steps)
    (point,) = view.provenance["training"]["curve"]  # every=3, but the last epoch counts
    assert point["loss"] == pytest.approx(np.mean(losses[steps:]), rel=1e-5)


def test_rates_by_hand():
    linear = Training(lr=0.08, epochs=4, schedule="linear")
    assert [linear.rate(step, per_epoch=2) for step in range(8)] == pytest.approx(
        [0.08, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01]
    )
    assert replace(linear, planned=8).rate(7, per_epoch=2) == pytest.approx(0.045)
    assert {Training(lr=0.08, epochs=4).rate(step, per_epoch=2) for step in range(8)} == {0.08}


def test_a_run_stopped_after_some_epochs_takes_the_steps_of_the_whole_one(blind):
    """At a falling rate, too; and stopped once more it still does."""
    for schedule in ("constant", "linear"):
        whole = replace(QUICK, schedule=schedule)
        part = whole.stopped_after(4)
        assert part.stopped_after(2) == whole.stopped_after(2)
        assert part.patience * part.every >= part.epochs == 4
        assert [part.rate(n, 3) for n in range(12)] == [whole.rate(n, 3) for n in range(12)]
    assert QUICK.stopped_after(0).epochs == 1


def test_every_pair_comes_once_an_epoch_with_its_vectors(blind):
    """A term sees the batches; their vectors have unit rows where the loss compares by cosine."""
    seen = []

    class Watching(Term):
        def begin(self, seed, epoch):
            seen.append((seed, epoch))

        def forward(self, batch: Batch):
            seen.append(batch)
            return batch.anchors.sum() * 0

    for loss in (SampledSoftmax(negatives=8), BPR()):
        encoder = Tables(blind)
        training = Training(loss=loss, epochs=1, batch=700, lr=1e-30)
        train_view("v", Model(training), encoder, blind, 3, terms=[Watching()])
        begun, *batches = seen
        assert begun == (3, 1)
        users, items = (torch.cat([getattr(b, side) for b in batches]) for side in ("users", "items"))
        found = sp.csr_array((np.ones(len(users)), (users, items)), shape=blind.train.shape)
        assert (found != blind.train).nnz == 0
        for batch in batches:
            for rows, table, vectors in (
                (batch.users, encoder.users, batch.anchors),
                (batch.items, encoder.items, batch.positives),
            ):
                expected = F.normalize(table[rows]) if loss.cosine else table[rows]
                torch.testing.assert_close(vectors, expected, rtol=1e-4, atol=1e-6)
        seen.clear()


def test_terms_are_added_and_their_parameters_trained(blind):
    class Pull(Term):
        def __init__(self):
            super().__init__()
            self.target = torch.nn.Parameter(torch.zeros(4))

        def forward(self, batch: Batch):
            return 50 * (batch.anchors - self.target).square().mean()

    training, pull = Training(loss=BPR(), epochs=5, batch=512, lr=0.05), Pull()
    pulled = train_view("v", Model(training), Tables(blind), blind, 0, terms=[pull])
    free = train_view("v", Model(training), Tables(blind), blind, 0)
    assert pulled.users.std(axis=0).max() < 0.5 * free.users.std(axis=0).min()
    assert pull.target.detach().abs().max() > 0


def test_perturbed_while_training_but_not_to_rank(blind):
    """The encoder is in training mode for steps and in evaluation mode for what is returned."""
    modes = []

    class Noisy(Tables):
        def forward(self, users=None, items=None):
            modes.append((self.training, users is None))
            return super().forward(users, items)

    train_view("v", Model(Training(loss=BPR(), epochs=2, every=1, batch=4096)), Noisy(blind), blind, 0)
    assert set(modes) == {(True, False), (False, True)}
    assert modes.count((False, True)) == 3  # untrained, and after each epoch


def test_a_loss_without_drawn_items_and_one_with_all_of_them(world):
    for loss in (DirectAU(), FullSoftmax()):
        view = LightGCN(8, training=replace(QUICK, loss=loss)).fit(world[0])
        recall = per_user(rank(view, world[0], 20), world[0].test, 20)["recall"].mean()
        assert recall > 3 * 20 / 240


# which epoch is kept


def test_selection_is_by_ndcg_on_validation_with_the_train_items_masked(make_split):
    """User 0 finds item 2 behind item 3, after its train items 0 and 1; user 1 finds item 3 first."""
    split = make_split((2, 5), [(0, 0), (0, 1), (1, 0)], [(0, 2), (1, 3)], [(0, 3), (1, 4)])
    view = View("v", [[1, 0], [0, 1]], [[9, 9], [8, 0], [6, 0], [7, 5], [0, 4]])
    assert validation_ndcg(view, split) == pytest.approx((1 / np.log2(3) + 1) / 2)


@pytest.mark.parametrize("share", [1.0, 0.3, 0.01])
def test_ranking_only_who_is_validated_gives_the_same_number(share, world):
    """To the last bit, with ties, for vectors and for weights between items."""
    split, draw = world[0], np.random.default_rng(0)
    chosen = draw.permutation(np.flatnonzero(np.diff(split.valid.indptr)))
    some = sp.csr_array(split.valid * np.isin(np.arange(200), chosen[: int(200 * share)])[:, None])
    some.eliminate_zeros()
    part = replace(split, valid=some)
    rough = [draw.integers(-2, 3, (n, 5)) for n in (200, 240)]
    weights = draw.integers(-2, 3, (240, 240)).astype(np.float32)
    for scorer in (View("v", *rough), ItemWeights("w", split.train, weights)):
        everybody = per_user(rank(scorer, part, 20, mask="train"), part.valid, 20)["ndcg"].mean()
        assert validation_ndcg(scorer, part) == everybody
        assert everybody > 0 or share < 0.1  # of two users, it may be that neither finds anything


def test_validation_of_users_without_a_train_pair(make_split):
    split = make_split((3, 4), [(0, 0), (0, 1)], [(1, 2)], [(0, 2)])
    view = View("v", np.ones((3, 1)), [[3], [2], [1], [0]])
    assert validation_ndcg(view, split) == pytest.approx(1 / np.log2(4))
    with pytest.raises(SemcompError, match="both must come from the same data"):
        validation_ndcg(View("v", np.ones((1, 1)), view.items), split)


def test_early_stopping_keeps_vectors_that_later_epochs_spoilt(world, monkeypatch):
    """By a validation that is given: up, down, and level with the best, which is not a gain."""

    def fit(epochs):
        values = iter([0.1, 0.2, 0.3, 0.25, 0.3, 0.1, 0.9])  # the untrained vectors first
        monkeypatch.setattr(loop, "validation_ndcg", lambda view, split: next(values))
        training = replace(QUICK, epochs=epochs, every=1, patience=3)
        return SemanticProjection(4, training=training).fit(Inputs(*world), seed=0)

    view = fit(epochs=60)
    history = view.provenance["training"]
    assert (history["best_epoch"], history["valid_ndcg"]) == (2, 0.3)
    assert [(point["epoch"], point["valid_ndcg"]) for point in history["curve"]] == [
        (1, 0.2),
        (2, 0.3),
        (3, 0.25),
        (4, 0.3),
        (5, 0.1),  # patience × every epochs without gain, then stop
    ]
    assert bytes_of(fit(epochs=2)) == bytes_of(view)


def test_validations_come_every_so_many_epochs_and_after_the_last(world):
    for epochs, every, expected in ((7, 3, [3, 6, 7]), (4, 2, [2, 4]), (2, 5, [2])):
        training = replace(QUICK, epochs=epochs, every=every, patience=9)
        history = LightGCN(4, training=training).fit(world[0]).provenance["training"]
        assert [point["epoch"] for point in history["curve"]] == expected


def test_untrained_vectors_compete(world):
    """A step this small changes no ranking: no epoch is better than none, and patience counts from there."""
    split, text = world
    training = replace(QUICK, lr=1e-30, every=1, patience=2)
    view = SemanticProjection(8, training=training).fit(Inputs(split, text))
    history = view.provenance["training"]
    assert history["best_epoch"] == 0
    assert [point["epoch"] for point in history["curve"]] == [1, 2]
    assert history["valid_ndcg"] == validation_ndcg(view, split) == history["curve"][0]["valid_ndcg"]


def test_without_a_validation_part_the_last_epoch_counts(blind):
    view = LightGCN(8, training=QUICK).fit(blind, seed=0)
    assert view.provenance["training"]["best_epoch"] == QUICK.epochs
    fewer = LightGCN(8, training=replace(QUICK, epochs=5)).fit(blind, seed=0)
    assert fewer.provenance["training"]["best_epoch"] == 5
    assert bytes_of(fewer) != bytes_of(view)


# precision, device, cost, progress


def test_bfloat16_trains_nearly_as_float32_does(world):
    """Other bytes, a ranking nearly as good, and validation by float32 vectors."""
    split, text = world
    views = {
        precision: SemanticProjection(8, training=replace(QUICK, precision=precision)).fit(
            Inputs(split, text)
        )
        for precision in ("float32", "bfloat16")
    }
    exact, rounded = views.values()
    assert rounded.users.dtype == np.float32
    assert bytes_of(exact) != bytes_of(rounded)
    assert np.abs(exact.items - rounded.items).mean() < 0.05
    reached = [view.provenance["training"]["valid_ndcg"] for view in views.values()]
    assert reached[1] == pytest.approx(reached[0], rel=0.15)
    assert validation_ndcg(rounded, split) == reached[1]
    assert rounded.provenance["config"]["training"]["precision"] == "bfloat16"


@pytest.mark.parametrize("loss", [BPR(), DirectAU(), FullSoftmax(), SampledSoftmax(negatives=16)], ids=str)
def test_every_loss_takes_bfloat16(loss, world):
    model = LightGCN(8, training=replace(QUICK, loss=loss, precision="bfloat16", epochs=2))
    curve = model.fit(world[0]).provenance["training"]["curve"]
    exact = replace(model, training=replace(model.training, precision="float32")).fit(world[0])
    assert curve[0]["loss"] == pytest.approx(exact.provenance["training"]["curve"][0]["loss"], rel=0.02)


def test_a_device_that_is_not_there_is_named(world):
    with pytest.raises(SemcompError, match="training option device = 'cuda:77', which is not there"):
        LightGCN(4, training=replace(QUICK, device="cuda:77")).fit(world[0])
    for name in ("gpu", ""):
        with pytest.raises(SemcompError, match=f"training option device = '{name}'; it must be 'auto'"):
            Training(device=name)
    assert training_device("cpu").type == "cpu"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_gpu_learns_what_the_cpu_learns(precision, world):
    split, text = world
    for fit in (
        lambda training: LightGCN(8, training=training).fit(split),
        lambda training: SemanticProjection(8, training=training).fit(Inputs(split, text)),
    ):
        here = fit(replace(QUICK, device="cpu"))
        there = fit(replace(QUICK, device="cuda", precision=precision))
        assert there.provenance["device"] == "cuda"
        assert there.provenance["cost"]["peak_bytes"] > 0
        reached = [view.provenance["training"]["valid_ndcg"] for view in (here, there)]
        assert reached[1] == pytest.approx(reached[0], rel=0.2)


def test_rankings_know_nothing_of_the_cost(world):
    view = LightGCN(4, training=QUICK).fit(world[0])
    assert set(view.provenance["cost"]) == {"seconds", "peak_bytes"}
    told = dict(rank(view, world[0], 5).provenance["view"])
    assert "cost" not in told
    assert told["device"] == "cpu"
    assert {**told, "cost": view.provenance["cost"]} == dict(view.provenance)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the peak is that of the process's life")
def test_the_peak_is_that_of_the_run():
    """A run of 50 MiB after one of 300 MiB is told its own."""

    def peak(mebibytes):
        meter = Meter(torch.device("cpu"))
        held = torch.ones(mebibytes * 2**18)
        del held
        return meter.peak_bytes / 2**20

    large, small = peak(300), peak(50)
    assert 50 < small < large - 200


def test_the_cost_of_an_interrupted_run_goes_on():
    meter = Meter(torch.device("cpu"))
    meter.before = 5.0, 2**50
    assert meter.seconds >= 5
    assert meter.peak_bytes == 2**50


def test_seconds_are_those_of_the_clock(monkeypatch):
    now = iter([10.0, 12.5])
    monkeypatch.setattr("semcomp.views.training.cost.time.perf_counter", lambda: next(now))
    assert Meter(torch.device("cpu")).seconds == 2.5


def test_progress_tells_loss_and_validation(world, monkeypatch):
    told = []

    class Bar:
        def __init__(self, **options):
            told.append(options)

        def __enter__(self):
            return self

        def __exit__(self, *_):
            told.append("closed")

        def set_postfix(self, **values):
            told.append(values)

        def update(self):
            told.append("epoch")

    monkeypatch.setattr(loop, "tqdm", Bar)
    view = LightGCN(4, training=QUICK).fit(world[0])
    curve = view.provenance["training"]["curve"]
    assert told[0]["desc"] == "LightGCN"
    assert (told[0]["initial"], told[0]["total"]) == (0, 6)
    assert told.count("epoch") == 6
    assert told[-1] == "closed"
    last = [one for one in told if isinstance(one, dict)][-1]
    assert last["loss"] == f"{curve[-1]['loss']:.3f}"
    assert last["valid"] == f"{curve[-1]['valid_ndcg']:.4f}"


# what is refused


def test_a_run_that_diverges_says_so(world, blind):
    message = r"^LightGCN diverged.*lower the learning rate, now 1e\+39$"
    for split in (world[0], blind):
        with pytest.raises(SemcompError, match=message):
            LightGCN(4, training=replace(QUICK, lr=1e39)).fit(split)


def test_vectors_too_long_to_be_ranked_are_not_chosen(world):
    """Inner products that overflow: such an epoch reaches 0, and the untrained vectors stay the best."""
    training = Training(loss=BPR(), epochs=1, batch=10**6, lr=1e30)
    history = BPRMF(4, training=training).fit(world[0]).provenance["training"]
    assert history["best_epoch"] == 0
    assert history["curve"][0]["valid_ndcg"] == 0


def test_an_empty_train_part_is_refused(make_split):
    with pytest.raises(SemcompError, match="the train part is empty; nothing can be learned from it"):
        make_split((2, 3), [], [(0, 1)])


@pytest.mark.parametrize("option", list(vars(Training())))
@pytest.mark.parametrize("value", [-1, float("nan"), "3", None, True])
def test_training_options_are_checked(option, value):
    if (option, value) == ("planned", None):
        pytest.skip("None is its default")
    with pytest.raises(SemcompError, match=rf"^[Tt]raining option {option} = '?{value}'?; it must (not )?be"):
        Training(**{option: value})


def test_no_plan_is_shorter_than_the_run():
    with pytest.raises(SemcompError, match=r"training option planned = 3; .* at least epochs = 4"):
        Training(epochs=4, planned=3)


def test_training_must_be_one(world):
    with pytest.raises(SemcompError, match=r"LightGCN option training = \{'lr': 1\}; it must be a Training"):
        LightGCN(4, training={"lr": 1}).fit(world[0])


@pytest.mark.parametrize(
    ("best", "last", "allowed", "cut_off"),
    [(9, 9, 9, True), (6, 12, 12, True), (3, 12, 12, False), (3, 12, 90, False), (0, 9, 9, False)],
)
def test_a_training_is_cut_off_where_its_end_came_before_its_patience(best, last, allowed, cut_off):
    """Looks at epochs 3, 6, 9, 12; a patience of 3 of them ends a run 9 epochs after its best one."""
    options = {"epochs": allowed, "patience": 3, "every": 3}
    curve = [{"epoch": epoch, "valid_ndcg": 0.1} for epoch in range(3, last + 1, 3)]
    made = {
        "config": {"training": options},
        "training": {"best_epoch": best, "valid_ndcg": 0.1, "curve": curve},
    }
    assert is_cut_off(View("v", np.ones((2, 1)), np.ones((3, 1)), made)) == cut_off


def test_what_is_not_trained_or_not_validated_is_not_cut_off(blind):
    assert not is_cut_off(View("v", np.ones((2, 1)), np.ones((3, 1))))
    assert not is_cut_off(BPRMF(4, replace(QUICK, epochs=1)).fit(blind))
