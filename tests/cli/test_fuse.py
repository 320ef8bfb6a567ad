"""`semcomp fuse`: what it writes can be served, and one line where it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import semcomp as sc
from semcomp.serve import load_vectors
from semcomp.storage import digest, file_digest
from semcomp.views.training.selection import validation_ndcg

PAIRS = ("--train", "train.inter", "--valid", "valid.inter", "--test", "test.inter")
VIEWS = ("--view", "cf", "cf_users.npy", "cf_items.npy", "--view", "text", "text_users.npy", "text_items.npy")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pairs and two views of a small world in files, and the world as tables."""
    folder = tmp_path_factory.mktemp("shop")
    data = sc.planted.World(users=120, items=80, dim=3, sharpness=3.0).dataset()
    split = sc.split(data)
    rated = [f"{data.user_ids[u]},{data.item_ids[i]}" for u, i in zip(data.user, data.item, strict=True)]
    (folder / "orders.csv").write_text("\n".join(["who,what", *rated]))
    named = [f"{item},{title}" for item, title in zip(data.item_ids, data.texts, strict=True)]
    (folder / "goods.csv").write_text("\n".join(["what,title", *named]))
    for part in ("train", "valid", "test"):
        pairs = zip(*getattr(split, part).nonzero(), strict=True)
        (folder / f"{part}.inter").write_text("\n".join(["user\titem", *(f"{u}\t{i}" for u, i in pairs)]))
    inputs = sc.Inputs(split, sc.embed(data))
    for name, view in (("cf", sc.views.Spectral(dim=8)), ("text", sc.views.RawText())):
        fitted = view.fit(inputs)
        np.save(folder / f"{name}_users.npy", fitted.users)
        np.save(folder / f"{name}_items.npy", fitted.items)
    np.save(folder / "short.npy", fitted.items[1:])
    (folder / "full").mkdir()
    (folder / "full" / "file").touch()
    return folder


@pytest.fixture
def here(shop: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(shop)
    monkeypatch.setenv("SEMCOMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("SEMCOMP_DATA", raising=False)
    return tmp_path / "out"


def arrays() -> tuple[sc.data.Split, list[sc.View]]:
    split = sc.data.split_from_pairs("train.inter", "valid.inter", "test.inter", 120, 80)
    return split, [sc.View(n, np.load(f"{n}_users.npy"), np.load(f"{n}_items.npy")) for n in ("cf", "text")]


def test_two_views_as_arrays(here, shell):
    status, out, error = shell("fuse", *PAIRS, *VIEWS, "--out", here)
    assert (status, error) == (0, "")
    view = load_vectors(here)
    split, views = arrays()
    mixture = sc.fuse.WeightedSum().fit(sc.Inputs(split, views=views))
    wanted = sc.serve.view_of(mixture, split)
    assert view.users.tobytes() == wanted.users.tobytes()
    assert view.items.tobytes() == wanted.items.tobytes()
    assert sc.View.load(here / "view.safetensors").items.tobytes() == view.items.tobytes()
    card = json.loads((here / "card.json").read_text())
    assert (card["name"], card["how"]) == ("weighted sum", "weighted sum")
    assert card["valid_ndcg"] == validation_ndcg(wanted, split)
    assert card["valid_ndcg"] >= max(one["valid_ndcg"] for one in card["members"]) - 1e-9
    assert [one["name"] for one in card["members"]] == ["cf", "text"]
    assert card["weights"] == mixture.weights.tolist()
    assert card["ids"] == digest(split.user_ids.tolist(), split.item_ids.tolist())
    assert card["files"] == {name: file_digest(here / name) for name in card["files"]}
    assert {file.name for file in here.iterdir()} == {"card.json", *card["files"]}
    assert out.splitlines()[-1] == str(here)
    assert out.splitlines()[2] == f"weighted sum  {card['valid_ndcg']:.4f}"
    assert out.splitlines()[0].endswith(f"weight {mixture.weights[0]:g}")


def test_weights_that_are_given_are_used(here, shell):
    assert shell("fuse", *PAIRS, *VIEWS, "--weight", "1", "--weight", "3", "--out", here).status == 0
    assert json.loads((here / "card.json").read_text())["weights"] == [0.25, 0.75]


def test_what_has_no_vectors_is_served_as_lists(here, shell):
    assert shell("fuse", *PAIRS, *VIEWS, "--how", "RRF", "--k", "3", "--out", here).status == 0
    assert sorted(file.name for file in here.iterdir()) == ["card.json", "lists.parquet"]
    split, views = arrays()
    wanted = sc.rank(sc.views.RRF().fit(sc.Inputs(split, views=views)), split, 3).ids[5]
    assert sc.serve.lists_for(here / "lists.parquet", "5")["item"].tolist() == [str(one) for one in wanted]


@pytest.mark.parametrize("how", sc.fuse.FUSIONS)
def test_every_fusion_can_be_served(here, shell, how):
    status, out, error = shell("fuse", *PAIRS, *VIEWS, "--how", how, "--out", here)
    assert (status, error) == (0, "")
    card = json.loads((here / "card.json").read_text())
    assert (
        out.splitlines()[2]
        == f"{card['name']}{' ' * max(0, 4 - len(card['name']))}  {card['valid_ndcg']:.4f}"
    )
    assert set(card["files"]) in ({"lists.parquet"}, {"view.safetensors", "users.parquet", "items.parquet"})


def test_three_models_one_without_vectors(here, shell):
    words = ("--model", "spectral", "--model", "EASE", "--model", "popularity")
    status, out, error = shell("fuse", "--dataset", "orders.csv", *READ, *words, "--out", here)
    assert (status, error) == (0, "")
    assert [line.split("  ")[0].strip() for line in out.splitlines()[:3]] == [
        "spectral",
        "EASE",
        "popularity",
    ]
    assert (here / "lists.parquet").is_file()


def test_two_views_of_a_data_set(here, shell):
    words = ("--interactions", "orders.csv", "--items", "goods.csv", "--columns", "user=who", "item=what")
    status, out, error = shell(
        "fuse", *words, "--encoder", "tfidf", "--model", "spectral", "--model", "ACE", "--out", here
    )
    assert (status, error) == (0, "")
    view = load_vectors(here)
    assert view.user_ids[0] == "u0001"
    assert out.startswith("spectral")
    data = sc.load_dataset("orders.csv", items="goods.csv", columns={"user": "who", "item": "what"})
    assert sc.View.load(here / "view.safetensors", sc.split(data)).name == "weighted sum"


READ = ("--items", "goods.csv", "--columns", "user=who", "item=what")
WRONG = [
    ((), "there is nothing to fuse"),
    ((*PAIRS,), "0 views given"),
    ((*PAIRS, *VIEWS[:4]), "1 views given, and a fusion takes two or more; give --view for each"),
    ((*PAIRS, *VIEWS[:4], *VIEWS[:4]), "two views are named 'cf'"),
    ((*PAIRS[2:], *VIEWS), "--train is missing"),
    ((*PAIRS, *VIEWS[:-1], "short.npy"), "item"),
    ((*PAIRS, *VIEWS[:-1], "no.npy"), "there is no file no.npy"),
    ((*PAIRS, *VIEWS, "--items", "goods.csv"), "--items is for a data set"),
    ((*PAIRS, *VIEWS, "--seed", "1"), "--seed is for a data set"),
    (("--dataset", "orders.csv", *PAIRS), "--train and --dataset exclude each other"),
    (("--dataset", "orders.csv", *VIEWS), "--view and --dataset exclude each other"),
    (("--dataset", "orders.csv", "--model", "EASE", "--model", "iALS", "--how", "EnsRec"), "'EASE' has none"),
    (
        ("--dataset", "orders.csv", "--model", "CombSUM", "--model", "iALS"),
        "'CombSUM' is made of other views",
    ),
    (("--dataset", "orders.csv", "--model", "iALS"), "give --model for each"),
    (("--dataset", "nothing"), "nothing"),
    ((*PAIRS, *VIEWS, "--weight", "-1"), "--weight"),
    ((*PAIRS, *VIEWS, "--weight", "1"), "1 weights given for 2 views"),
    ((*PAIRS, *VIEWS, "--weight", "0", "--weight", "0"), "not all of them 0"),
    ((*PAIRS, *VIEWS, "--weight", "1", "--how", "RRF"), "--weight is for the weighted sum"),
    ((*PAIRS, *VIEWS, "--how", "sum"), "weighted sum"),
    ((*PAIRS, *VIEWS, "--k", "81"), "k = 81"),
    (("--dataset", "orders.csv", *READ, "--k", "81"), "k = 81"),
    ((*PAIRS, *VIEWS, "--view", "more", *VIEWS[2:4], "--how", "selective sharing"), "takes two"),
]


@pytest.mark.parametrize(("words", "says"), WRONG, ids=[says for _, says in WRONG])
def test_what_is_wrong_is_one_line_and_leaves_nothing(here, shell, words, says):
    status, out, error = shell("fuse", *words, "--out", here)
    assert status > 0
    assert (out, error.count("\n")) == ("", 1)
    assert says in error
    assert not here.exists()


def test_a_folder_that_is_not_empty_is_refused_before_anything_is_read(here, shell):
    status, _, error = shell("fuse", *PAIRS, *VIEWS, "--train", "no.inter", "--out", "full")
    assert status > 0
    assert "full exists and is not empty" in error
    assert [file.name for file in Path("full").iterdir()] == ["file"]


def test_interrupted_writing_leaves_nothing(here, shell, monkeypatch):
    def fails(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("semcomp.serve.served.write_sides", fails)
    status, _, error = shell("fuse", *PAIRS, *VIEWS, "--out", here)
    assert status > 0
    assert "No space left on device" in error
    assert not here.exists()
    assert not list(here.parent.glob(".part*"))
