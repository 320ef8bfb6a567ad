"""A name stands for the same data set in Python, in every command, and in a chapter that runs elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

import semcomp as sc
from semcomp.data import from_anywhere
from semcomp.planted import WORLDS
from semcomp.study.notebooks import kernel_environment

FOLDERS = ["mine/shop", "mine/games", "here/my_shop", "here/games", "here/planted", "here/ml-1m"]


@pytest.fixture
def here(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder next to the folder of data sets, which SEMCOMP_DATA names by a relative path."""
    for number, name in enumerate(FOLDERS):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        pairs = "".join(f"u{user},{item},5\n" for user in range(6) for item in range(6))
        folder.joinpath("interactions.csv").write_text(f"user_id,item_id,rating\n{pairs}")
        titles = "".join(f"{item},Thing {number} {item}\n" for item in range(6))
        folder.joinpath("items.csv").write_text(f"item_id,title\n{titles}")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("SEMCOMP_DATA", "../mine")
    return tmp_path / "here"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("my_shop", "Thing 2"),
        ("./my_shop", "Thing 2"),
        (" my_shop ", "Thing 2"),
        ("{here}/my_shop", "Thing 2"),
        ("my_shop/interactions.csv", None),
        ("shop", "Thing 0"),
        ("games", "Thing 1"),
        ("./games", "Thing 3"),
        ("planted", "planted item"),
        ("./planted", "Thing 4"),
        ("ml-1m", "Thing 5"),
    ],
)
def test_every_face_finds_the_same(here, tmp_path, shell, monkeypatch, name, says):
    name = name.format(here=here)
    files = {"items": "my_shop/items.csv"} if says is None else {}
    words = [f"--{key}={value}" for key, value in files.items()]
    data = sc.load_dataset(name, **files)
    assert says is None or data.texts[0].startswith(says)

    described = shell("data", "describe", name, *words)
    assert (described.status, described.err) == (0, "")
    assert described.out.startswith(f"{data}\n")
    assert f"content: sha256 {data.fingerprint}\n" in described.out
    assert f"licence: {data.source.licence}\n" in described.out

    prepared = shell("data", "prepare", name, "out", *words)
    assert (prepared.status, prepared.err) == (0, "")
    assert sc.load_dataset("out").fingerprint == data.fingerprint
    if says != "planted item":
        recipe = sc.usual_recipe(name)
        assert sc.load_dataset(name, recipe=recipe, **files).fingerprint == data.fingerprint

    if not files:
        assert sc.Study(name, k=2).data.fingerprint == data.fingerprint
        passed_on = from_anywhere(name, also=WORLDS)
        with kernel_environment():
            monkeypatch.chdir(tmp_path)
            assert sc.load_dataset(passed_on).fingerprint == data.fingerprint


def test_what_goes_before_what_is_told(here):
    for name in ("games", "planted"):
        assert f"'{name}' is the known data set of that name; the folder of that name here is ./{name}" in (
            sc.load_dataset(name).notes
        )
    note = "'ml-1m' is the folder of that name here; the known data set of that name is not at hand"
    assert note in sc.load_dataset("ml-1m").notes
    assert sc.load_dataset("my_shop").notes == sc.load_dataset("./my_shop").notes
    assert sc.load_dataset(Path("planted")).texts[0].startswith("Thing 4")  # a path, not a name


def test_what_is_not_at_hand_is_described_and_refused_alike(here, shell):
    assert "here: no\n" in shell("data", "describe", "ml-20m").out
    with pytest.raises(sc.SemcompError, match="known but not fetched yet; run: semcomp data fetch") as error:
        sc.load_dataset("ml-20m")
    for command in (["prepare", "ml-20m", "out"], ["audit", "ml-20m"]):
        done = shell("data", *command)
        assert (done.status, done.err) == (1, f"semcomp: error: {error.value}\n")


def test_options_add_to_what_a_prepared_folder_is(here, shell):
    """Its texts and kept columns stay, whichever option is given next."""
    words = ("my_shop", "out", "--template", "No. {item_id}: {title}", "--keep", "rating2")
    interactions = here / "my_shop" / "interactions.csv"
    interactions.write_text(interactions.read_text().replace(",rating\n", ",rating2\n"))
    assert shell("data", "prepare", *words).status == 0
    data = sc.load_dataset("out")
    assert data.texts[0] == "No. 0: Thing 2 0"
    described = shell("data", "describe", "out", "--core", 2).out
    assert "texts by No. {item_id}: {title}: 6 items" in described
    assert f"content: sha256 {data.fingerprint}\n" in described
    assert sc.load_dataset("out", recipe=sc.Recipe(core=2)).texts == data.texts
    assert "texts by {title}: 6 items" in shell("data", "describe", "out", "--template", "{title}").out
    assert sc.load_dataset("out", recipe=sc.usual_recipe("out")).fingerprint == data.fingerprint
    assert shell("data", "prepare", "planted", "world").status == 0
    world = sc.load_dataset("planted")
    assert sc.load_dataset("world", recipe=sc.usual_recipe("world")).texts == world.texts
