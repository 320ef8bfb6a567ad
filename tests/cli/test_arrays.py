"""What commands on arrays read: files of real numbers, and categories whatever their numbers are."""

from __future__ import annotations

import numpy as np
import pytest

from semcomp.cli.arrays import read_array, read_categories
from semcomp.errors import SemcompError


def test_categories_are_as_many_as_occur(tmp_path):
    """A category's number is a name: 900,000,000 is not a width."""
    path = tmp_path / "groups"
    path.write_text("item\tcategory\n0\t900000000\n2\t7\n1\t900000000\n0\t7\n")
    assert read_categories(path, 4).toarray().tolist() == [[1, 1], [0, 1], [1, 0], [0, 0]]


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.ones((2, 2)) * 1j, r"a.npy holds complex128 of shape \(2, 2\); real numbers are needed"),
        (np.zeros((2, 2), "datetime64[D]"), r"a.npy holds datetime64\[D\]"),
        (np.zeros((2, 2), "timedelta64[s]"), r"a.npy holds timedelta64\[s\]"),
        (np.zeros(2, [("x", float)]), r"a.npy holds \[\('x', '<f8'\)\]"),
        (np.array([["a"]]), "a.npy holds <U1"),
        (np.array([[b"a"]]), r"a.npy holds \|S1"),
        (np.array([[True]]), r"a.npy holds bool .* take .astype\(float\) where True means 1"),
        (np.array([[None]]), "a.npy holds pickled Python objects"),
    ],
)
def test_arrays_that_are_no_vectors_are_named_by_their_file(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array, allow_pickle=True)
    with pytest.raises(SemcompError, match=message):
        read_array(tmp_path / "a.npy")


def test_the_remedy_for_truth_values(tmp_path):
    np.save(tmp_path / "a.npy", np.array([[True, False]]).astype(float))
    assert read_array(tmp_path / "a.npy").tolist() == [[1, 0]]
