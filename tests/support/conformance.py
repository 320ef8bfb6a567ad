"""What every view promises. A view of the registry joins by itself, see `test_conformance.py`."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from semcomp.core.inputs import Inputs
from semcomp.core.metrics import per_user
from semcomp.core.provenance import without_cost
from semcomp.core.rank import among, rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.kernels.record import pair_scores
from semcomp.storage import digest
from semcomp.views.training import SampledSoftmax, Training, checkpoint

QUICK = Training(loss=SampledSoftmax(negatives=64), epochs=6, batch=512, lr=0.02, every=2, patience=3)
Data = tuple[Split, TextMatrix]


@dataclass(frozen=True)
class Case:
    """A view to be tested, small and quick.

    Attributes:
        name: as in tables. make: the model, its `fit` still to be called.
        text: it reads text. views: what it is made of, fitted first.
        seeded: another seed gives another view; if None, one that is trained, or made of such.
        unit: rows of users and items have unit norm, or none.
        width: of the vectors, if it is known.
        learns: finds more than twice what chance finds, and more than the list of popular items.
        places: an item that is not known in train is placed by its text.
        signed: options that may be below zero.
    """

    name: str
    make: Callable[[], Any]
    text: bool = False
    views: Sequence[Case] = ()
    seeded: bool | None = None
    unit: bool = False
    width: int | None = None
    learns: bool = True
    places: bool = False
    signed: Sequence[str] = ()

    def fit(self, split: Split, text: TextMatrix, seed: int = 0, **more: Any) -> Any:
        """Every model is given all there is, and takes what it needs."""
        views = [view.fit(split, text, seed) for view in self.views]
        return self.make().fit(Inputs(split, text, views), seed=seed, **more)

    @property
    def trained(self) -> bool:
        """It goes through the one loop, and resumes from a checkpoint."""
        return hasattr(self.make(), "training")

    @property
    def differs(self) -> bool:
        return (self.trained or bool(self.views)) if self.seeded is None else self.seeded


class Again(NamedTuple):
    """The same view made once more, and the global states before and after."""

    view: Any
    before: tuple[str, str, int]
    after: tuple[str, str, int]


class Interrupted(Exception):
    """In place of a killed process."""


class Fits:
    """Views of one case on the small world, each made once."""

    def __init__(self, case: Case, inputs: Data) -> None:
        self.case, self.inputs = case, inputs
        self.made: dict[str, Any] = {}

    def get(self, name: str, make: Callable[[], Any]) -> Any:
        if name not in self.made:
            self.made[name] = make()
        return self.made[name]

    @property
    def first(self) -> Any:
        return self.get("first", lambda: self.case.fit(*self.inputs))

    @property
    def again(self) -> Again:
        def make() -> Again:
            torch.manual_seed(99)
            np.random.seed(99)  # noqa: NPY002
            before = global_state()
            return Again(self.case.fit(*self.inputs), before, global_state())

        return self.get("again", make)


def global_state() -> tuple[str, str, int]:
    state = np.random.get_state()[1]  # noqa: NPY002
    return digest(torch.get_rng_state().numpy()), digest(state), torch.get_num_threads()


def bytes_of(view: Any) -> bytes:
    """All that a ranking depends on."""
    if isinstance(view, View):
        return view.users.tobytes() + view.items.tobytes()
    return view.scores(np.arange(view.shape[0])).tobytes()


def told(view: Any) -> dict[str, Any]:
    """The provenance but for what differs from run to run."""
    return dict(without_cost(view.provenance))


def learnt(view: Any, split: Split, items: np.ndarray) -> list[np.ndarray]:
    """Vectors of the users and of these items; or the scores, (U, items), no other item being a candidate."""
    if isinstance(view, View):
        return [view.users, view.items[items]]
    closed = np.ones((split.n_users, split.n_items), np.float32)
    closed[:, items] = 0
    return [among(view, sp.csr_array(closed)).scores(np.arange(split.n_users))[:, items]]


def assert_alike(one: list[np.ndarray], other: list[np.ndarray], *, to_the_byte: bool) -> None:
    """The same, else up to the rounding of products and iterations of another size."""
    for a, b in zip(one, other, strict=True):
        if to_the_byte:
            assert a.tobytes() == b.tobytes()
        scale = np.abs(a[np.isfinite(a)]).max(initial=0)  # -inf: not ranked
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4 * scale)


def only(applies: Callable[[Case], bool]) -> Callable[[Any], Any]:
    """A test for some of the cases."""

    def mark(test: Any) -> Any:
        test.applies = applies
        return test

    return mark


class Conformance:
    """The tests, for a class that has `case` as a parameter of its module."""

    @pytest.fixture(scope="module")
    @classmethod
    def fits(cls, case: Case, world: Data) -> Fits:
        return Fits(case, world)

    def test_one_finite_float32_row_for_each_user_and_item(self, case, fits, world):
        split, view = world[0], fits.first
        assert view.name == case.name
        assert view.shape == (split.n_users, split.n_items) == (200, 240)
        scores = view.scores(np.arange(200))
        assert scores.shape == (200, 240)
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()
        if isinstance(view, View):
            assert case.width in (None, view.dim)
            for side in (view.users, view.items):
                assert side.dtype == np.float32
                assert np.isfinite(side).all()
                norms = np.linalg.norm(side, axis=1)
                assert not case.unit or np.all((np.abs(norms - 1) < 1e-5) | (norms == 0))

    def test_scores_of_a_user_do_not_depend_on_the_others(self, fits):
        view, rows = fits.first, np.array([5, 0, 199])
        whole = view.scores(np.arange(200))
        np.testing.assert_allclose(view.scores(rows), whole[rows], rtol=1e-5, atol=1e-6 * np.abs(whole).max())
        assert view.scores(rows[:0]).shape == (0, 240)

    def test_rank_agrees_with_all_scores_sorted(self, fits, world):
        """By inner products of record for vectors, by `scores` for what has none; ties to the lower row."""
        view, split = fits.first, world[0]
        users = np.array([0, 3, 77, 199])
        if isinstance(view, View):
            sides = torch.tensor(view.users[users, None]), torch.tensor(view.items)
            scores = pair_scores(*sides).numpy()
            np.testing.assert_allclose(
                view.scores(users), scores, rtol=1e-4, atol=1e-5 * np.abs(scores).max()
            )
        else:
            scores = among(view, split.history("train")).scores(users).astype(np.float64)
        scores[split.history("train").toarray()[users] > 0] = -np.inf
        expected = np.argsort(-scores, axis=1, kind="stable")[:, :30]
        np.testing.assert_array_equal(rank(view, split, 30, mask="train").ids[users], expected)

    def test_the_same_seed_gives_the_same_bytes(self, fits):
        assert bytes_of(fits.again.view) == bytes_of(fits.first)
        assert told(fits.again.view) == told(fits.first)

    def test_nothing_global_is_seeded_or_drawn_from(self, fits):
        assert fits.again.before == fits.again.after

    def test_another_seed_gives_another_view_if_chance_has_a_part(self, case, fits, world):
        """Else the same one, but for the rounding of an iteration that starts elsewhere."""
        other, everybody = case.fit(*world, 1), np.arange(200)
        if case.differs:
            assert bytes_of(other) != bytes_of(fits.first)
        else:
            np.testing.assert_allclose(other.scores(everybody), fits.first.scores(everybody), atol=1e-4)

    def test_what_must_not_matter_does_not(self, case, fits, world):
        """The test part, the order of the text's rows, their number format; and inputs stay as they are."""
        split, text = world
        order = np.random.default_rng(4).permutation(len(text.item_ids))
        wide = text.matrix[order].astype(np.float64)
        turned = TextMatrix(text.item_ids[order], wide, text.provenance)
        other = split.without("test")
        before = inputs_digest(other, turned)
        assert bytes_of(case.fit(other, turned)) == bytes_of(fits.first)
        assert inputs_digest(other, turned) == before

    def test_provenance_is_plain_and_names_what_was_done(self, case, fits, world):
        made, model = dict(fits.first.provenance), case.make()
        assert json.loads(json.dumps(made, allow_nan=False)) == made
        assert made["model"] == type(model).__name__
        assert {one.name for one in fields(model)} <= set(made["config"])
        assert made["seed"] == 0
        assert made["split"] == world[0].fingerprint
        assert made.get("text") == (dict(world[1].provenance) if case.text else None)

    @only(lambda case: case.trained)
    def test_training_is_told_with_its_cost(self, case, fits):
        made = fits.first.provenance
        history, curve = made["training"], made["training"]["curve"]
        config = made["config"].get("backbone", made["config"])  # of an alignment method that of its backbone
        assert config["training"]["epochs"] == case.make().training.epochs
        assert made["device"] == "cpu"
        assert all(np.isfinite(point["loss"]) for point in curve)
        best = max([history["valid_ndcg"], *(point["valid_ndcg"] for point in curve)])
        assert history["valid_ndcg"] == best
        assert made["cost"]["seconds"] >= 0
        assert made["cost"]["peak_bytes"] > 2**20

    @only(lambda case: case.trained)
    def test_a_resumed_run_ends_with_the_same_bytes(self, case, fits, world, tmp_path, monkeypatch):
        monkeypatch.setattr(checkpoint, "EVERY", 0.0)
        save, file = checkpoint.Checkpoint.save, tmp_path / "run.pt"

        def killed(self: Any, state: Any) -> None:
            save(self, state)
            if state.epoch == 3:
                raise Interrupted

        monkeypatch.setattr(checkpoint.Checkpoint, "save", killed)
        with pytest.raises(Interrupted):
            case.fit(*world, checkpoint=file)
        assert file.exists()
        monkeypatch.setattr(checkpoint.Checkpoint, "save", save)
        resumed = case.fit(*world, checkpoint=file)
        assert bytes_of(resumed) == bytes_of(fits.first)
        assert told(resumed) == told(fits.first)
        assert not list(tmp_path.iterdir())

    def test_test_items_that_train_does_not_know_change_nothing(self, case, cold_world):
        """Of a split of cold items: with them and without them, early stopping and all."""
        split, text = cold_world
        there = split.catalogue("valid")
        texts = text, TextMatrix(text.item_ids[there], text.matrix[there])
        given = zip((split, split.of_items(there)), texts, strict=True)
        fits = [(case.fit(parts, rows), parts) for parts, rows in given]
        for part, exact in (("train", case.trained), ("valid", False)):
            found = [learnt(view, parts, parts.catalogue(part)) for view, parts in fits]
            assert_alike(*found, to_the_byte=exact)

    def test_what_train_does_not_know_is_placed_by_its_own_text_alone(self, case, cold_world):
        """Half of the texts held out are replaced: those items move, if text places them, and no others."""
        split, text = cold_world[0].without("valid"), cold_world[1]
        other = np.flatnonzero(split.known_from)[::2]
        rows = text.rows_for(split.item_ids).copy()
        rows[other] = np.random.default_rng(5).standard_normal((len(other), rows.shape[1]))
        views = case.fit(split, text), case.fit(split, TextMatrix(split.item_ids, rows))
        same = np.setdiff1d(np.arange(split.n_items), other)
        for items, exact in ((split.catalogue("train"), case.trained), (same, False)):
            assert_alike(*(learnt(view, split, items) for view in views), to_the_byte=exact)
        one, two = (learnt(view, split, other)[-1] for view in views)
        moved = (one != two).any(axis=1 if isinstance(views[0], View) else 0)
        assert moved.all() if case.places else not moved.any()

    @only(lambda case: case.learns)
    def test_it_finds_more_than_chance_and_the_popular_list(self, fits, world):
        split = world[0]
        counts = np.asarray(split.train.sum(axis=0), np.float32)
        popular = View("popular", np.ones((200, 1)), counts[:, None])
        found = [
            per_user(rank(view, split, 20), split.test, 20)["recall"].mean() for view in (fits.first, popular)
        ]
        assert found[0] > max(2 * 20 / split.n_items, 1.2 * found[1])

    def test_users_and_items_without_a_train_pair_keep_finite_scores(self, case, make_split):
        """User 2 and item 3 are in no train pair, item 4 is in no part at all, and item 1 has no text."""
        split = make_split((3, 5), [(0, 0), (0, 1), (1, 1), (1, 2)], [(0, 2)], [(1, 0), (2, 3)])
        rows = np.random.default_rng(0).standard_normal((5, 6)).astype(np.float32)
        rows[1] = 0
        view = case.fit(split, TextMatrix(split.item_ids, rows))
        assert view.shape == (3, 5)
        assert np.isfinite(view.scores(np.arange(3))).all()
        ids = rank(view, split, 5).ids
        assert sorted(ids[2].tolist()) == [0, 1, 2, 3, 4]  # nothing seen: everything is a candidate

    @pytest.mark.parametrize("shape", [(1, 1), (1, 3), (3, 1)], ids=str)
    def test_tiny_data_works(self, case, shape, make_split):
        split = make_split(shape, [(user, 0) for user in range(shape[0])])
        text = TextMatrix(split.item_ids, np.eye(shape[1], 4, dtype=np.float32) + 1)
        view = case.fit(split, text)
        assert view.shape == shape
        assert np.isfinite(view.scores(np.arange(shape[0]))).all()

    @only(lambda case: case.text)
    def test_a_text_is_asked_for_by_name(self, case, world):
        """Neither the split alone, nor a text in the place of the seed, as `fit` once took it."""
        model, (split, text) = case.make(), world
        for given in ((split,), (split, text), (Inputs(split),)):
            with pytest.raises(SemcompError) as caught:
                model.fit(*given)
            assert type(model).__name__ in str(caught.value)
            assert "Inputs(split, text)" in str(caught.value)

    @only(lambda case: case.views)
    def test_views_are_asked_for_by_name(self, case, world):
        with pytest.raises(SemcompError) as caught:
            case.make().fit(world[0])
        assert type(case.make()).__name__ in str(caught.value)
        assert "Inputs(split, views=" in str(caught.value)

    @only(lambda case: not case.text and not case.views)
    def test_a_split_is_enough_for_what_needs_no_more(self, case, fits, world):
        assert bytes_of(case.make().fit(world[0], 0)) == bytes_of(fits.first)

    def test_what_is_no_split_is_refused(self, case):
        with pytest.raises(SemcompError, match=r"'ml-100k'; it must be an Inputs, or a Split"):
            case.make().fit("ml-100k", seed=0)

    def test_the_signature_is_that_of_every_model(self, case):
        """More options may follow by keyword, memory for one."""
        given = inspect.signature(type(case.make()).fit).parameters
        assert list(given)[:4] == ["self", "inputs", "seed", "checkpoint"]
        assert given["seed"].default == 0
        assert given["checkpoint"].default is None
        assert all(one.kind is one.KEYWORD_ONLY for one in list(given.values())[3:])

    @only(lambda case: case.text)
    def test_a_text_that_lacks_an_item_is_refused(self, case, world):
        split, text = world
        short = TextMatrix(text.item_ids[1:], text.matrix[1:], text.provenance)
        with pytest.raises(SemcompError, match=f"lacks 1 items, e.g. '{text.item_ids[0]}'"):
            case.fit(split, short)

    def test_options_are_checked(self, case):
        """NaN, a text and a number below zero for each number; a text for each flag; nonsense for a name."""
        model = case.make()
        for one in fields(model):
            value = getattr(model, one.name)
            if isinstance(value, bool):
                wrong: list[Any] = ["yes", None]
            elif isinstance(value, int | float):
                wrong = [float("nan"), "3", *([] if one.name in case.signed else [-1])]
            elif isinstance(value, str):
                wrong = ["nonsense", 3]
            else:
                continue
            for bad in wrong:
                with pytest.raises(SemcompError) as caught:
                    replace(model, **{one.name: bad})
                assert str(bad) in str(caught.value)
                assert one.name in str(caught.value)
                assert "\n" not in str(caught.value)


def inputs_digest(split: Split, text: TextMatrix) -> str:
    parts = [array for m in (split.train, split.valid) for array in (m.data, m.indices, m.indptr)]
    return digest(*parts, text.matrix)
