"""Two CSV files to try things on: MovieLens-100K as somebody might have exported it from their own shop."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from semcomp.api import load_dataset
from semcomp.data import Recipe
from semcomp.storage import atomic_write, cache_folder

COLUMNS = "user=userId item=movieId rating=stars time=when title=name"


def example_files() -> tuple[tuple[Path, Path], str]:
    """The files of interactions (userId, movieId, stars, when) and of items (movieId, name, year, genres).

    All ratings of MovieLens-100K, written to the cache, under column names that are not the standard ones;
    the second value says which is which.
    """
    data = load_dataset("ml-100k", recipe=Recipe())
    pairs = data.interactions.select(
        pl.Series("userId", data.user_ids[data.user]),
        pl.Series("movieId", data.item_ids[data.item]),
        pl.col("rating").alias("stars"),
        pl.col("timestamp").cast(pl.Int64).alias("when"),
    )
    films = data.items.rename({"item_id": "movieId", "title": "name"})
    folder = cache_folder("example")
    written = []
    for name, table in (
        ("ratings.csv", pairs),
        ("movies.csv", films.select("movieId", "name", "year", "genres")),
    ):
        with atomic_write(folder / name) as part:
            table.write_csv(part)
        written.append(folder / name)
    return (written[0], written[1]), COLUMNS
