"""RQ-VAE: which gradients there are, what its terms do, and runs that are stopped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import semcomp as sc
from semcomp.errors import SemcompError
from semcomp.kernels.random import generator
from semcomp.tokens import RQVAE, Letter, TokenSpace, loop
from semcomp.tokens.quantiser import Quantiser, evenly
from semcomp.views.training import checkpoint as checkpoints

SMALL = {"levels": 2, "size": 16, "dim": 4, "hidden": (16,), "batch": 128, "lr": 0.01}


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def grouped(n=600, d=12, groups=12):
    """Rows about a few centres, with what is smaller inside."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(groups, d))[rng.integers(0, groups, n)] + 0.2 * rng.normal(size=(n, d))).astype(
        "f4"
    )


def network(every_level=True, levels=3):
    torch.manual_seed(0)
    made = Quantiser([6, 8, 4], (5,) * levels, every_level, epsilon=0.0)
    for book in made.books:
        torch.nn.init.normal_(book)
    return made


def gradient(loss, of):
    if not loss.requires_grad:
        return 0.0
    found = torch.autograd.grad(loss, of, retain_graph=True, allow_unused=True)[0]
    return 0.0 if found is None else float(found.abs().sum())


@pytest.mark.parametrize(
    ("every_level", "moved"), [(True, [True, True, True]), (False, [True, False, False])]
)
def test_the_commitment_of_every_level_moves_the_encoder_unless_as_published(every_level, moved):
    made = network(every_level)
    seen = made(torch.randn(20, 6))
    encoder = made.encoder[0].weight
    assert [gradient(loss, encoder) > 0 for loss in seen.commitment] == moved


@pytest.mark.parametrize("every_level", [True, False])
def test_codebooks_are_moved_by_their_own_term_alone_and_the_encoder_by_what_is_restored(every_level):
    made = network(every_level)
    x = torch.randn(20, 6)
    seen = made(x)
    restored = (seen.restored - x).square().mean()
    for level, book in enumerate(made.books):
        assert [gradient(loss, book) > 0 for loss in seen.codebook] == [at == level for at in range(3)]
        assert gradient(restored, book) == gradient(seen.commitment[level], book) == 0
    assert gradient(restored, made.encoder[0].weight) > 0
    assert gradient(seen.codebook[0], made.encoder[0].weight) == 0


def test_levels_take_the_entry_nearest_to_what_is_left():
    made, x = network(), torch.randn(20, 6)
    seen, left = made(x), made.encoder(x)
    for level, book in enumerate(made.books):
        nearest = torch.cdist(left, book).argmin(dim=1)
        assert torch.equal(seen.codes[:, level], nearest)
        left = left - book[nearest]
    assert seen.q.detach() == pytest.approx((made.encoder(x) - left).detach(), abs=1e-5)


def test_an_even_assignment_gives_every_entry_its_share():
    x = torch.randn(96, 3, generator=generator(0, "x")) * torch.tensor([1.0, 0.1, 0.1])
    book = torch.randn(8, 3, generator=generator(0, "book"))
    near = torch.bincount(torch.cdist(x, book).argmin(dim=1), minlength=8)
    even = torch.bincount(evenly(x, book, 0.003), minlength=8)
    assert even.max() < near.max()
    assert even.min() >= 6


def test_training_restores_what_can_be_restored_and_uses_its_codes():
    made = RQVAE(**SMALL, epochs=40).fit(grouped())
    assert made.r2[-1] > 0.8
    assert made.r2[0] < made.r2[1]
    assert (made.codes.used() >= 12).all()
    assert (made.encode(grouped()).codes == made.codes.codes).all()
    rows = grouped() / np.linalg.norm(grouped(), axis=1, keepdims=True)
    left = ((rows - made.vectors(made.codes)) ** 2).sum()
    assert made.r2[-1] == pytest.approx(1 - left / ((rows - rows.mean(axis=0)) ** 2).sum(), abs=1e-4)


def test_a_code_that_nothing_has_is_revived(monkeypatch):
    """Entries far from everything would never be moved: the nearest one is what training moves."""
    start = loop._start

    def far(made, *rest):
        start(made, *rest)
        with torch.no_grad():
            for book in made.books:
                book[4:] += 1000

    monkeypatch.setattr(loop, "_start", far)
    made = RQVAE(**SMALL, epochs=6).fit(normal(600, 6))
    assert (made.codes.used() > 10).all()


@pytest.mark.parametrize("options", [{}, {"gradient": "first level"}, {"sinkhorn": 0.003}, {"hidden": ()}])
def test_the_same_seed_gives_the_same_bytes(options):
    one, two = (RQVAE(**{**SMALL, **options}, epochs=3).fit(normal(200, 6), 3) for _ in range(2))
    assert one.codes.codes.tobytes() == two.codes.codes.tobytes()
    assert one.books[1].tobytes() == two.books[1].tobytes()


@pytest.mark.parametrize("extra", ["letter", "tokens"])
def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(extra, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    x, other = normal(200, 6), normal(200, 4, seed=1)
    given = {"collaborative": other} if extra == "letter" else {"table": normal(300, 4, seed=2)}
    options = {"letter": Letter(beta=0.1)} if extra == "letter" else {"tokens": TokenSpace(free=0.5)}
    model = RQVAE(**SMALL, epochs=14, **options)
    whole = model.fit(x, **given)
    file = tmp_path / "run.checkpoint"
    for stop in (3, 9, 12):
        saves = []
        real = checkpoints.Checkpoint._write

        def stopping(self, path, state, saves=saves, real=real, stop=stop):
            real(self, path, state)
            saves.append(state.epoch)
            if state.epoch == stop:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(checkpoints.Checkpoint, "_write", stopping)
            with pytest.raises(KeyboardInterrupt):
                model.fit(x, **given, checkpoint=file)
        assert saves[-1] == stop
    resumed = model.fit(x, **given, checkpoint=file)
    assert not file.exists()
    assert resumed.codes.codes.tobytes() == whole.codes.codes.tobytes()
    assert resumed.books[0].tobytes() == whole.books[0].tobytes()


def test_a_checkpoint_of_other_vectors_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoints, "EVERY", 0.0)
    file, model = tmp_path / "run.checkpoint", RQVAE(**SMALL, epochs=2)
    monkeypatch.setattr(checkpoints.Checkpoint, "remove", lambda self: None)
    model.fit(normal(100, 6), checkpoint=file)
    with pytest.raises(SemcompError, match="belongs to another run"):
        model.fit(normal(100, 6, seed=1), checkpoint=file)


# LETTER


def test_the_collaborative_term_is_the_cross_entropy_of_directions_or_of_raw_products():
    q, h = torch.randn(7, 3), torch.randn(7, 3)
    for normalised in (True, False):
        one = torch.nn.functional.normalize(q) / 0.1 if normalised else q
        other = torch.nn.functional.normalize(h) if normalised else h
        scores = one @ other.T
        wanted = (scores.logsumexp(dim=1) - scores.diagonal()).mean()
        found = Letter(normalised=normalised).collaborative(q, h)
        assert float(found) == pytest.approx(float(wanted), rel=1e-5)
    long = Letter().collaborative(5 * q, 3 * h)
    assert float(long) == pytest.approx(float(Letter().collaborative(q, h)), rel=1e-5)


def test_items_without_a_collaborative_vector_have_no_say_in_it():
    q, h = torch.randn(7, 3), torch.randn(7, 3)
    h[2] = 0
    rest = [0, 1, 3, 4, 5, 6]
    assert torch.equal(Letter().collaborative(q, h), Letter().collaborative(q[rest], h[rest]))
    assert Letter().collaborative(q, torch.zeros(7, 3)) == 0


def test_the_diversity_term_moves_codebooks_alone_and_draws_from_the_same_cluster():
    made = network(levels=1)
    made.labels[0, :5] = torch.tensor([0, 0, 1, 1, 2])
    seen = made(torch.randn(40, 6))
    loss = Letter().diversity(seen, made, generator(0, "test"))
    assert gradient(loss, made.books[0]) > 0
    assert gradient(loss, made.encoder[0].weight) == 0
    own, book = seen.codes[:, 0], made.books[0]
    terms = []
    for k in own[own < 4].tolist():  # the last is alone in its cluster, each other has one companion
        others = [j for j in range(5) if j != k]
        terms.append((book[others] @ book[k]).logsumexp(0) - book[k ^ 1] @ book[k])
    assert loss.item() == pytest.approx(torch.stack(terms).mean().item(), rel=1e-5)


def test_more_weight_moves_codes_from_what_is_large_in_the_text_to_what_behaviour_knows():
    behaviour = grouped(400, 4, groups=8)
    text = np.hstack([4 * grouped(400, 4, groups=9)[::-1], 0.5 * behaviour]).astype(np.float32)
    other = sc.tokens.ResidualKMeans(1, 8).fit(behaviour).codes
    model = RQVAE(**{**SMALL, "levels": 1}, epochs=30, unit=False)
    made = [model.fit(text)]
    for alpha in (0.0, 3.0):
        letter = replace(model, letter=Letter(alpha=alpha))
        made.append(letter.fit(text, collaborative=behaviour))
    _, none, much = (sc.tokens.overlap(one.codes, other, shuffles=0)["1"]["ami"] for one in made)
    assert much > none + 0.2
    assert made[1].r2[-1] > made[2].r2[-1]


# A language model's tokens


def test_every_entry_is_the_direction_of_a_token_of_its_own():
    table = normal(200, 4, seed=1)
    made = RQVAE(**SMALL, epochs=20, tokens=TokenSpace()).fit(grouped(), table=table)
    rows = np.concatenate(made.tied)
    assert len(set(rows)) == 32
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    for book, tied in zip(made.books, made.tied, strict=True):
        lengths = np.linalg.norm(book, axis=1)
        assert lengths == pytest.approx(np.full(16, lengths[0]), rel=1e-4)
        assert book / lengths[:, None] == pytest.approx(unit[tied], abs=1e-4)
    assert made.r2[-1] > 0.5


def test_as_many_tokens_as_entries_are_all_taken():
    made = RQVAE(**SMALL, epochs=4, tokens=TokenSpace(free=0.0)).fit(grouped(), table=normal(32, 4))
    assert sorted(np.concatenate(made.tied)) == list(range(32))


@pytest.mark.parametrize(
    ("options", "given", "message"),
    [
        ({"letter": Letter()}, {}, "LETTER needs collaborative vectors"),
        ({}, {"collaborative": normal(100, 4)}, r"needs the option letter=Letter\(\)"),
        (
            {"letter": Letter()},
            {"collaborative": normal(100, 5)},
            r"5 columns, but dim = 4; use RQVAE\(dim=5\)",
        ),
        ({"letter": Letter()}, {"collaborative": normal(99, 4)}, "99 items and vectors has 100"),
        ({"tokens": TokenSpace()}, {}, "needs a table"),
        ({}, {"table": normal(100, 4)}, r"needs the option tokens=TokenSpace\(\)"),
        ({"tokens": TokenSpace()}, {"table": normal(31, 4)}, "31 rows for 2 levels of 16 codes"),
        ({"tokens": TokenSpace()}, {"table": np.full((99, 4), np.nan)}, "table of tokens has NaN"),
        ({"lr": 1e30}, {}, "diverged"),
    ],
)
def test_what_does_not_go_together_is_told_before_any_work(options, given, message):
    with pytest.raises(SemcompError, match=message):
        RQVAE(**{**SMALL, **options}, epochs=3).fit(normal(100, 6), **given)


@pytest.mark.parametrize("options", [{"gradient": "all"}, {"hidden": (0,)}, {"dim": 0}, {"device": "abacus"}])
def test_options_out_of_range_are_named(options):
    with pytest.raises(SemcompError, match=next(iter(options))):
        RQVAE(**options)
