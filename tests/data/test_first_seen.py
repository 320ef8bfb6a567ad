"""First interactions of items, counted by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from semcomp.data import Dataset
from semcomp.data.first_seen import first_seen
from semcomp.errors import SemcompError


def data(times: list[float | None] | None) -> Dataset:
    """Users 0 and 1; item 0 by both, item 1 by the second, item 2 by nobody."""
    ids = np.array(["a", "b", "c"])
    return Dataset(
        "tiny",
        np.array(["u", "v"]),
        ids,
        user=np.array([0, 1, 1], np.int32),
        item=np.array([0, 0, 1], np.int32),
        items=pl.DataFrame({"item_id": ids.tolist()}),
        texts=("", "", ""),
        interactions=pl.DataFrame() if times is None else pl.DataFrame({"timestamp": times}),
    )


def test_earliest_of_each_item() -> None:
    np.testing.assert_array_equal(first_seen(data([30.0, 10.0, 20.0])), [10.0, 20.0, np.nan])


def test_unknown_times_do_not_count() -> None:
    np.testing.assert_array_equal(first_seen(data([30.0, None, None])), [30.0, np.nan, np.nan])


def test_without_time_stamps() -> None:
    with pytest.raises(SemcompError, match="'tiny' has no time stamps"):
        first_seen(data(None))
