"""Two CSV files to try things on: MovieLens-100K as somebody might have exported it from their own shop."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from semcomp.api import load_dataset
from semcomp.data import Recipe
from semcomp.storage import atomic_write, cache_folder


def example_files() -> tuple[Path, Path]:
    """Interactions (userId, movieId, stars, when) and items (movieId, name, year, genres), in the cache.

    All ratings of MovieLens-100K; column names that are not the standard ones, on purpose.
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
    return written[0], written[1]
