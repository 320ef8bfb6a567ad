"""A study computes each view once, chooses on validation, and keeps records that can be read again."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import semcomp as sc
from semcomp import views
from semcomp.core.evidence import Evidence, Value
from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import Scorer, View
from semcomp.data.splits import EventOrder
from semcomp.errors import SemcompError
from semcomp.study import BUDGETS, Study, artifacts
from semcomp.study import study as study_module
from semcomp.study.artifacts import cached_view
from semcomp.study.records import Record, keep, read
from semcomp.views.joint import rrf
from semcomp.views.origin import origin
from semcomp.views.registry import REGISTRY, Entry

MODULE = "semcomp.views.collaborative.popularity"  # of a model; only its code counts


@pytest.fixture
def study(study_cache: Path) -> Study:
    """A new one each time: it shares no more than the cache."""
    return Study("planted", "tiny")


@pytest.fixture
def no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_, **__):
        raise AssertionError("trained although it is in the cache")

    for name in ("LightGCN", "SemanticProjection", "AlignedLightGCN", "NormConcatNorm", "FusionControl"):
        monkeypatch.setattr(getattr(views, name), "fit", never)


def bytes_of(view: Scorer) -> tuple[bytes, ...]:
    if isinstance(view, View):
        return view.users.tobytes(), view.items.tobytes()
    return (view.scores(np.arange(view.shape[0])).tobytes(),)


def stored(study_cache: Path) -> set[str]:
    return {path.name for path in (study_cache / "views").glob("*")}


@pytest.mark.parametrize("name", REGISTRY)
def test_each_view_is_trained_at_most_once(name, study, study_cache, request):
    first = study.scorer(name, 3)
    assert first.shape == (150, 120)
    before = stored(study_cache)
    request.getfixturevalue("no_training")
    again = Study("planted", "tiny").scorer(name, 3)
    assert bytes_of(again) == bytes_of(first)
    assert (again.name, again.provenance) == (first.name, first.provenance)
    assert stored(study_cache) == before


def test_views_are_what_their_names_say(study):
    made = {name: study.scorer(name, 3).provenance for name in REGISTRY}
    assert {name: one["model"] for name, one in made.items()} == {
        name: type(entry.model).__name__ for name, entry in REGISTRY.items()
    }
    free = {name for name, entry in REGISTRY.items() if not entry.reads_text}
    assert {name for name, one in made.items() if "text" not in one} == free
    assert [part["model"] for part in made["CombSUM"]["of"]] == ["SemanticProjection", "LightGCN"]
    configured = [one["config"] for one in made.values() if "training" in one.get("config", {})]
    assert len(configured) >= 5
    assert {one["training"]["epochs"] for one in configured} == {2}
    assert {one["training"]["patience"] for one in configured} == {1}


@pytest.mark.parametrize("name", ["LightGCN", "projection"])
@pytest.mark.parametrize(
    "other",
    [
        lambda name: Study("planted", "tiny").view(name, 4),
        lambda name: Study("planted", "tiny", split_seed=1).view(name, 3),
        lambda name: Study("planted", "longer").view(name, 3),
    ],
    ids=["seed", "split", "budget"],
)
def test_another_recipe_is_another_view(other, name, study, monkeypatch):
    monkeypatch.setitem(BUDGETS, "longer", replace(BUDGETS["tiny"], name="longer", epochs=3))
    assert bytes_of(other(name)) != bytes_of(study.view(name, 3))


def test_a_view_without_text_does_not_depend_on_the_text(study, no_training_but_the_first):
    first, fits = no_training_but_the_first
    text = replace(study.text, matrix=2 * study.text.matrix)
    other = Study("planted", "tiny")
    other.__dict__["text"] = text
    assert bytes_of(other.view("LightGCN", 3)) == bytes_of(first)
    assert fits == []
    other.view("raw text")
    assert fits == ["RawText"]


@pytest.fixture
def no_training_but_the_first(study, monkeypatch):
    """The study's LightGCN and raw text, in the cache; from here on each fit is written down."""
    first, fits = study.view("LightGCN", 3), []
    study.view("raw text")

    def watch(model):
        original = model.fit

        def fit(self, inputs, seed=0, *, checkpoint=None):
            fits.append(type(self).__name__)
            return original(self, inputs, seed, checkpoint=checkpoint)

        monkeypatch.setattr(model, "fit", fit)

    for model in (views.LightGCN, views.RawText):
        watch(model)
    return first, fits


def view_of(number: float) -> View:
    return View("named's", np.full((2, 3), number), np.ones((4, 3)), {"model": "m", "of": [1, None, "é"]})


@pytest.mark.parametrize(
    "damage",
    [
        lambda body: body[:-40],
        lambda body: body[:100],
        lambda body: b"",
        lambda body: b"not an archive",
        lambda body: body.replace(b"\x00\x00\x80\x3f", b"\x00\x00\xc0\x7f"),  # ones become NaN
    ],
    ids=["cut off", "head only", "empty", "other bytes", "other numbers"],
)
def test_a_damaged_file_is_made_again(damage, cache):
    made = []

    def make(checkpoint: Path) -> View:
        made.append(1)
        return view_of(1)

    first = cached_view({"recipe": 1}, make, modules=[MODULE])
    (file,) = (cache / "views").iterdir()
    body = file.read_bytes()
    file.write_bytes(damage(body))
    again = cached_view({"recipe": 1}, make, modules=[MODULE])
    assert len(made) == 2
    assert bytes_of(again) == bytes_of(first)
    assert (
        cached_view({"recipe": 1}, make, modules=[MODULE]).provenance
        == first.provenance
        == view_of(1).provenance
    )
    assert len(made) == 2


def test_two_that_want_a_view_at_the_same_time_make_it_once(cache):
    made = []

    def make(checkpoint: Path) -> View:
        time.sleep(0.2)  # long enough for the others to ask
        made.append(1)
        return view_of(1)

    got: list[View] = []
    threads = [
        threading.Thread(target=lambda: got.append(cached_view({"recipe": 1}, make, modules=[MODULE])))
        for _ in range(3)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join(20)
    assert (len(made), len(got)) == (1, 3)
    assert {bytes_of(one) for one in got} == {bytes_of(view_of(1))}


def test_a_fit_that_fails_leaves_nothing_in_the_cache(cache):
    def fail(checkpoint: Path) -> View:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cached_view({"recipe": 1}, fail, modules=[MODULE])
    assert list((cache / "views").iterdir()) == []


def test_other_code_or_threads_make_another_key(cache, monkeypatch):
    views_made = [cached_view({"recipe": 1}, lambda _: view_of(1), modules=[MODULE])]
    monkeypatch.setattr(artifacts.torch, "get_num_threads", lambda: 77)
    views_made.append(cached_view({"recipe": 1}, lambda _: view_of(2), modules=[MODULE]))
    monkeypatch.setattr(artifacts, "code_digest", lambda *modules: "other code")
    views_made.append(cached_view({"recipe": 1}, lambda _: view_of(3), modules=[MODULE]))
    views_made.append(cached_view({"recipe": 2}, lambda _: view_of(4), modules=[MODULE]))
    assert [view.users[0, 0] for view in views_made] == [1, 2, 3, 4]
    assert cached_view({"recipe": 2}, lambda _: view_of(5), modules=[MODULE]).users[0, 0] == 4


# choosing and ranking


@pytest.mark.parametrize("best", [0.0, 2.0])
def test_the_alignment_weight_is_the_best_on_validation(best, study, monkeypatch):
    asked = []

    def judge(view: View, split) -> float:
        asked.append((view.provenance["config"]["weight"], view.provenance["seed"]))
        return 0.3 if view.provenance["config"]["weight"] == best else 0.1

    monkeypatch.setattr(study_module, "validation_ndcg", judge)
    assert study.strength("aligned") == best
    assert asked == [(0.0, 3), (2.0, 3)]  # the budget's weights, at its first seed
    assert study.view("aligned", 5).provenance["config"]["weight"] == best
    assert study.view("aligned", 5).provenance["seed"] == 5
    assert len(asked) == 2


def test_the_test_part_plays_no_part_in_a_study_until_it_is_ranked(study):
    blind = Study("planted", "tiny")
    blind.__dict__["split"] = replace(study.split, test=study.split.history("none"))
    assert blind.strength("aligned") == study.strength("aligned")
    for name in ("LightGCN", "aligned", "fusion", "CombSUM"):
        assert bytes_of(blind.view(name, 3)) == bytes_of(study.view(name, 3))


def test_rankings_have_2k_places_at_each_seed(study):
    ranks = study.ranks("LightGCN")
    assert [one.k for one in ranks] == [40, 40]
    assert [one.provenance["view"]["seed"] for one in ranks] == [3, 5]
    assert {one.provenance["mask"] for one in ranks} == {"train+valid"}
    assert study.seed_null.provenance["view"]["seed"] == 8
    assert study.seed_null.name == "LightGCN"
    assert Study("planted", "tiny", k=5).rank("popularity").k == 10


def test_rank_fusion_reads_as_deep_as_there_are_items(study):
    scorer, fused = study.scorer("RRF", 3), study.rank("RRF", 3)
    assert (fused.name, fused.k, scorer.depth) == ("RRF", 40, 120)
    assert scorer.provenance["lists"] == ["projection", "LightGCN"]
    pair = [rank(study.view(name, 3), study.split, 120) for name in ("projection", "LightGCN")]
    np.testing.assert_array_equal(fused.ids, rrf(pair, 40).ids)


def test_a_line_in_the_registry_is_a_view_of_every_study(study, monkeypatch):
    """A class of no room of the package, with text, other views and a strength to choose: one line."""

    @dataclass(frozen=True)
    class Pulled:
        weight: float = 0.5

        def fit(self, inputs, seed=0, *, checkpoint=None):
            split, text = Inputs.of(inputs).with_text(self)
            _, (base,) = inputs.with_views(self)
            pulled = base.items + self.weight * text.rows_for(split.item_ids).mean(axis=1, keepdims=True)
            return View("pulled", base.users, pulled, origin(self, split, seed, text))

    line = Entry(Pulled(), "joint", ("text",), views=("LightGCN",), strength="weight")
    monkeypatch.setitem(REGISTRY, "pulled", line)
    made = study.view("pulled", 3)
    assert made.provenance["config"] == {"weight": study.strength("pulled")}
    assert study.view("pulled", 3, weight=0.0).items.tobytes() == study.view("LightGCN", 3).items.tobytes()
    assert study.rank("pulled", 5).provenance["view"]["seed"] == 5
    with pytest.raises(SemcompError, match="unknown view 'puled'; did you mean 'pulled'"):
        study.view("puled")
    with pytest.raises(SemcompError, match="did you mean 'weight'"):
        study.view("pulled", 3, wieght=0.1)
    with pytest.raises(SemcompError, match="LightGCN has no strength"):
        study.strength("LightGCN")


def test_the_order_of_events_counts_for_those_who_need_it(study, monkeypatch):
    """Other places of the same pairs: another view of a model that reads them, the same LightGCN."""

    @dataclass(frozen=True)
    class Latest:
        def fit(self, inputs, seed=0, *, checkpoint=None):
            split = Inputs.of(inputs).with_order(self)
            indptr, items = split.sequences("train")
            last = np.zeros(split.n_items)
            np.add.at(last, items[indptr[1:][np.diff(indptr) > 0] - 1], 1.0)
            return View("latest", np.ones((split.n_users, 1)), last[:, None])

    def ordered(backwards: bool) -> Study:
        """The study with every user's events in the order of item rows, or against it."""
        split, places = study.split, {}
        events = split.train + split.valid + split.test
        for part in ("train", "valid", "test"):
            pairs = getattr(split, part)
            users = np.repeat(np.arange(split.n_users), np.diff(pairs.indptr))
            at = [np.searchsorted(events[[u]].indices, i) for u, i in zip(users, pairs.indices, strict=True)]
            whole = np.diff(events.indptr)[users] - 1
            places[part] = (whole - at if backwards else np.array(at)).astype(np.int32)
        other = Study("planted", "tiny")
        other.__dict__["split"] = replace(split, order=EventOrder(("position",), 0, places))
        return other

    with pytest.raises(SemcompError, match=r"Latest reads events in order.*column timestamp or position"):
        Latest().fit(study.split)
    first, second = ordered(False), ordered(True)
    plain = study.view("LightGCN", 3)
    monkeypatch.setattr(views.LightGCN, "fit", None)
    for needs in (("order",), ()):  # and one that says nothing of itself is not trusted to need nothing
        if needs:
            monkeypatch.setitem(REGISTRY, "latest", Entry(Latest(), "collaborative", needs))
            one, two = (other.view("latest", 3) for other in (first, second))
        else:
            monkeypatch.delitem(REGISTRY, "latest")
            one, two = (other.fit(Latest(), 4) for other in (first, second))
        assert one.items.tobytes() != two.items.tobytes()
    assert first.view("LightGCN", 3).users.tobytes() == plain.users.tobytes()


def test_what_has_no_digest_is_fitted_each_time(study, study_cache, monkeypatch):
    """A fusion of a scorer without vectors, and a model whose class is in no file."""
    fits = []
    monkeypatch.setattr(
        views.RRF, "fit", lambda self, given, seed=0, **_: fits.append(seed) or given.views[0]
    )
    bare, view = study.scorer("EASE", 3), study.view("LightGCN", 3)
    before = stored(study_cache)
    for _ in range(2):
        study.fit(views.RRF(), 7, Inputs(study.split, views=[bare]))
    assert fits == [7, 7]
    monkeypatch.setattr(views.RRF, "__module__", "__nowhere__")
    for _ in range(2):
        study.fit(views.RRF(), 8, Inputs(study.split, views=[view]))
    assert fits == [7, 7, 8, 8]
    assert stored(study_cache) == before


def test_an_option_that_is_an_array_is_no_key(study, study_cache):
    @dataclass(frozen=True)
    class Weighted:
        weights: np.ndarray

        def fit(self, inputs, seed=0, *, checkpoint=None):
            split = Inputs.of(inputs).split
            return View("weighted", np.ones((split.n_users, 1)), np.full((split.n_items, 1), self.weights[0]))

    before = stored(study_cache)
    assert [study.fit(Weighted(np.array([x]))).items[0, 0] for x in (1, 2)] == [1, 2]
    assert stored(study_cache) == before


def test_rows_of_other_ids_are_other_inputs(study):
    """The same numbers under other ids, of a text and of a view."""
    split, text, view = study.split, study.text, study.view("LightGCN", 3)
    moved = TextMatrix(text.item_ids[::-1], text.matrix, text.provenance)
    first, second = (study.fit(views.RawText(), 0, Inputs(split, one)) for one in (text, moved))
    assert first.items.tobytes() == second.items[::-1].tobytes() != second.items.tobytes()
    pair = [view, replace(view, item_ids=view.item_ids[::-1])]
    first, second = (study.fit(views.CombSum(0.5), 0, Inputs(split, views=[one, view])) for one in pair)
    assert first.items.tobytes() != second.items.tobytes()


def test_studies_refuse_bad_input(study):
    with pytest.raises(SemcompError, match="unknown budget 'smoek'; did you mean 'smoke'"):
        Study("planted", "smoek")
    with pytest.raises(SemcompError, match="k = 0, but a list has at least 1 place"):
        Study("planted", k=0)
    with pytest.raises(SemcompError, match="unknown view 'LightGCM'; did you mean 'LightGCN'"):
        study.view("LightGCM")
    with pytest.raises(SemcompError, match="unknown data set 'plantd'"):
        _ = Study("plantd", "tiny").split
    with pytest.raises(SemcompError, match="has 120 items; it takes 122 items, or a k of at most 60"):
        _ = Study("planted", "tiny", k=61).split
    with pytest.raises(SemcompError, match=r"'LightGCN'; it must be a Model .*study.scorer takes"):
        study.fit("LightGCN")
    with pytest.raises(SemcompError, match=r"class LightGCN; it must be a Model .*a configured one"):
        study.fit(views.LightGCN)
    with pytest.raises(SemcompError, match=r"inputs = a TextMatrix .* it must be an Inputs, or a Split"):
        study.fit(views.Popularity(), 0, study.text)
    assert study.fit(views.Popularity(), 0, study.split).name == "popularity"


def test_a_budget_says_how_views_are_trained(study, monkeypatch):
    falling = replace(BUDGETS["tiny"], name="falling", epochs=7, patience=3, schedule="linear", rate=4.0)
    monkeypatch.setitem(BUDGETS, "falling", falling)
    here, there = (one.settings("LightGCN")[0] for one in (study, Study("planted", "falling")))
    given = {"epochs": 7, "patience": 3, "schedule": "linear", "lr": 4 * here.training.lr}
    assert there == replace(here, training=replace(here.training, **given))


def test_budgets_grow_and_have_a_null_that_differs():
    smoke, standard, full = (BUDGETS[name] for name in ("smoke", "standard", "full"))
    for small, large in ((smoke, standard), (standard, full)):
        assert small.epochs < large.epochs
        assert small.resamples < large.resamples
        assert len(small.seeds) < len(large.seeds)
        assert len(small.align_weights) < len(large.align_weights)
    for name, budget in BUDGETS.items():
        assert budget.name == name
        assert budget.null_seed != budget.seeds[0]


# reservations


def test_where_only_popularity_counts_no_verdict_is_given(study_cache, tmp_path):
    """Everybody draws from one list of popular items, so nothing about single users can be learned."""
    rng, weight = np.random.default_rng(0), 1 / np.arange(1, 81) ** 1.2
    drawn = [rng.choice(80, 12, replace=False, p=weight / weight.sum()) for _ in range(120)]
    rows = [f"u{user},i{item:02d}" for user, items in enumerate(drawn) for item in items]
    (tmp_path / "sales.csv").write_text("\n".join(["user,item", *rows]))
    (tmp_path / "stock.csv").write_text("\n".join(["item,title", *(f"i{n:02d},No. {n}" for n in range(80))]))
    shop = Study(sc.load_dataset(tmp_path / "sales.csv", items=tmp_path / "stock.csv"), "tiny")
    assert "LightGCN" in shop.reservation
    assert "no better than a list of popular items" in shop.reservation
    assert shop.says("holds") == "not judged"


def test_a_view_above_popularity_is_judged(study):
    above = sc.evaluate(study.rank("LightGCN", 3), study.split)["recall"].value
    popular = sc.evaluate(study.rank("popularity"), study.split)["recall"].value
    late = study.cut_off("LightGCN", "projection")
    assert (study.reservation == "") == (above > popular and not late)
    assert study.says("holds") == ("not judged" if study.reservation else "holds")


def test_a_view_whose_training_was_cut_off_is_not_judged(study_cache, monkeypatch):
    """One epoch is the last allowed and the best so far; with a patience of one look after many it is not."""
    tiny = BUDGETS["tiny"]
    for name, changes in {"hasty": {"epochs": 1}, "patient": {"epochs": 200, "patience": 1}}.items():
        monkeypatch.setitem(BUDGETS, name, replace(tiny, name=name, **changes))
    hasty, patient = Study("planted", "hasty"), Study("planted", "patient")
    assert hasty.cut_off("popularity", "LightGCN", "projection") == ("LightGCN", "projection")
    assert "the training of LightGCN and projection ended with the last epoch allowed" in hasty.reservation
    assert hasty.says("holds") == "not judged"
    assert patient.cut_off("LightGCN", "wide LightGCN") == ()
    assert patient.says("holds") == ("not judged" if patient.reservation else "holds")


# records


def record(dataset: str, chapter: str, value: float = 0.25) -> Record:
    table = pd.DataFrame({"recall": [value]}, index=pd.Index([0], name="user"))
    found = Evidence("evaluate(x)", {"recall": Value(value, 0.1, 1 / 3, n=1)}, table, {"seed": 0})
    return Record(dataset, "smoke", chapter, {"LightGCN": found})


def test_records_are_read_as_they_were_kept(tmp_path):
    folder = tmp_path / "executed"
    kept = [
        record("planted", "04_diagnostics"),
        record("books", "04_diagnostics", 0.5),
        record("books", "03_data"),
    ]
    paths = [keep(folder / one.dataset, one) for one in kept]
    assert paths[0] == folder / "planted" / "04_diagnostics.json"
    (folder / "books" / "04_diagnostics.stamp.json").write_text("{}")
    (folder / "books" / "notes.json").write_text("{}")
    found = read(folder)
    assert [(one.dataset, one.chapter) for one in found] == [
        ("books", "03_data"),
        ("books", "04_diagnostics"),
        ("planted", "04_diagnostics"),
    ]
    assert {one.budget for one in found} == {"smoke"}
    assert found[1].evidence["LightGCN"].values == kept[1].evidence["LightGCN"].values
    assert found[1].evidence["LightGCN"].provenance == {"seed": 0}
    assert found[1].evidence["LightGCN"].table.empty


def test_a_record_kept_again_replaces_the_first(tmp_path):
    keep(tmp_path / "d", record("d", "04_x", 0.1))
    first = (tmp_path / "d" / "04_x.json").read_bytes()
    keep(tmp_path / "d", record("d", "04_x", 0.2))
    assert [one.evidence["LightGCN"]["recall"].value for one in read(tmp_path)] == [0.2]
    keep(tmp_path / "d", record("d", "04_x", 0.1))
    assert (tmp_path / "d" / "04_x.json").read_bytes() == first
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["04_x.json"]


def test_no_records_are_no_error(tmp_path):
    assert read(tmp_path) == []
    assert read(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        '"text"',
        "{}",
        '{"evidence": []}',
        '{"evidence": {"a": 3}}',
        '{"evidence": {"a": {"name": "n", "values": {}}}}',
        '{"evidence": {"a": {"name": "n", "values": [], "provenance": {}}}}',
        '{"evidence": {"a": {"name": "n", "values": {"v": {"worth": 1}}, "provenance": {}}}}',
    ],
)
def test_what_is_no_record_is_named(tmp_path, body):
    (tmp_path / "d").mkdir()
    file = tmp_path / "d" / "04_x.json"
    file.write_text(body)
    with pytest.raises(SemcompError) as error:
        read(tmp_path)
    assert str(error.value).startswith(f"{file} is not an evidence record (")
    assert str(error.value).endswith("); run its chapter again")
    assert "\n" not in str(error.value)
