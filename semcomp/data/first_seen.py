"""When each item was first interacted with."""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.dataset import Dataset
from semcomp.errors import SemcompError


def first_seen(data: Dataset) -> NDArray[np.float64]:
    """(I,) the earliest time stamp of each item's interactions, in seconds; NaN for an item without any.

    Raises SemcompError for a data set without time stamps.
    """
    if "timestamp" not in data.interactions.columns:
        raise SemcompError(f"data set {data.name!r} has no time stamps, so no item was seen before another")
    seen = pl.DataFrame({"item": data.item, "time": data.interactions["timestamp"].cast(pl.Float64)})
    first = seen.drop_nulls("time").group_by("item").agg(pl.col("time").min())
    times = np.full(data.n_items, np.nan)
    times[first["item"].to_numpy()] = first["time"].to_numpy()
    return times
