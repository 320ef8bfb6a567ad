"""The guide's promise: from two CSV files to diagnostics by parameters alone."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import semcomp as sc
from semcomp.study.notebooks import Page, run_chapter

CHAPTER = Path(__file__).parents[2] / "book" / "08_own_data.md"
THEMES = ("pirates", "robots", "gardens", "trains", "ghosts", "recipes")


def write_shop(folder: Path) -> dict[str, object]:
    """A shop with taste in it: users of a planted world, items whose titles name their theme."""
    world = sc.planted.World(users=220, items=160, dim=3, sharpness=3.0, activity=18.0)
    data, rng = world.dataset(), np.random.default_rng(0)
    theme = np.abs(world.truth().z @ rng.standard_normal((3, len(THEMES)))).argmax(axis=1)
    pl.DataFrame(
        {
            "buyer": data.user_ids[data.user],
            "sku": data.item_ids[data.item],
            "stars": rng.integers(3, 6, data.n_interactions),
        }
    ).write_csv(folder / "sales.csv")
    pl.DataFrame(
        {
            "sku": data.item_ids,
            "name": [f"Tale {n} of {THEMES[t]}" for n, t in enumerate(theme)],
            "shelf": [THEMES[t] for t in theme],
        }
    ).write_csv(folder / "stock.csv")
    return {
        "interactions": str(folder / "sales.csv"),
        "items": str(folder / "stock.csv"),
        "columns": "user=buyer item=sku rating=stars title=name genres=shelf",
        "min_rating": 4.0,
        "core": 2,
        "template": "{title}[. {genres}]",
        "encoder": "tfidf",
        "k": 10,
        "budget": "smoke",
    }


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    folder = tmp_path_factory.mktemp("shop")
    return folder, write_shop(folder)


@pytest.mark.slow
def test_two_files_become_diagnostics(shop, tmp_path):
    _, parameters = shop
    run_chapter(Page(CHAPTER, tmp_path / "mine.ipynb", {**parameters, "records": "."}))
    record = json.loads((tmp_path / "08_own_data.json").read_text("utf8"))
    found = record["evidence"]["diagnose"]["values"]
    assert 0 < found["jaccard"]["value"] < 1
    assert found["unique_hit_ratio"]["null"] is not None
    data = sc.load_dataset(
        parameters["interactions"],
        items=parameters["items"],
        columns=sc.parse_columns(parameters["columns"]),
        recipe=sc.Recipe(min_rating=4.0, core=2, template="{title}[. {genres}]"),
    )
    split = sc.split(data, seed=2020)
    views = record["evidence"]["views"]["provenance"]
    assert found["jaccard"]["n"] == np.count_nonzero(np.diff(split.test.indptr))
    assert split.fingerprint in json.dumps(views)
    notebook = (tmp_path / "mine.ipynb").read_text("utf8")
    assert "Tale 0 of" in notebook  # the text that the encoder read is on the page
    assert "of all hits were found by one view only" in notebook  # the answer, without the book's help
    assert "{glue" not in notebook


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"columns": "user=nobody item=sku"}, "nobody"),
        ({"items": "gone.csv"}, "gone.csv"),
        ({"strategy": "ramdom"}, "did you mean 'random'"),
        ({"template": "{plot}"}, "plot"),
        ({"interactoins": "x"}, "interactoins"),
        ({"min_rating": "4"}, "min_rating"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_mistake_ends_in_one_line_and_leaves_no_record(shop, tmp_path, in_this_process, change, message):
    _, parameters = shop
    with pytest.raises(sc.SemcompError, match=message) as caught:
        in_this_process(CHAPTER, {**parameters, **change})
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
