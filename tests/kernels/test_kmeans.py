"""k-means: planted clusters, scikit-learn's iterations from the same start, limits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from semcomp.kernels.kmeans import assign, kmeans


def stream(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_nearest_by_hand_ties_to_the_lower_one():
    x = torch.tensor([[0.0], [1.0], [2.0], [9.0]])
    assert assign(x, torch.tensor([[0.0], [2.0], [10.0]])).tolist() == [0, 0, 1, 2]


def test_a_large_centroid_does_not_win_by_its_length():
    assert assign(torch.tensor([[1.0, 0.0]]), torch.tensor([[50.0, 0.0], [0.9, 0.1]])).tolist() == [1]


def test_two_heaps_are_found_with_their_means():
    x = torch.randn(60, 3, generator=stream()) + torch.arange(60)[:, None] % 2 * 30
    for seed in range(5):
        centroids, nearest = kmeans(x, 2, stream(seed))
        assert len({tuple(nearest[parity::2].tolist()) for parity in (0, 1)}) == 2
        assert all(nearest[parity::2].unique().numel() == 1 for parity in (0, 1))
        torch.testing.assert_close(centroids[nearest[0]], x[::2].mean(dim=0))


def test_the_iterations_are_those_of_scikit_learn():
    x = torch.randn(300, 5, generator=stream(), dtype=torch.float64)
    start = x[torch.randperm(300, generator=stream(1))[:8]]
    theirs = KMeans(8, init=start.numpy(), n_init=1, max_iter=300, tol=0, algorithm="lloyd").fit(x.numpy())
    assert theirs.n_iter_ <= 25
    centroids, nearest = kmeans(x, 8, stream(1))
    np.testing.assert_allclose(centroids.numpy(), theirs.cluster_centers_)
    np.testing.assert_array_equal(nearest.numpy(), theirs.labels_)


@pytest.mark.parametrize("clusters", [5, 6, 1000])
def test_as_many_clusters_as_rows_at_most_each_row_its_own(clusters):
    x = torch.arange(5.0)[:, None]
    centroids, nearest = kmeans(x, clusters, stream())
    assert torch.equal(centroids[nearest], x)


def test_equal_rows_leave_centroids_that_nothing_is_nearest_to():
    centroids, nearest = kmeans(torch.ones(4, 2), 3, stream())
    assert torch.equal(centroids, torch.ones(3, 2))
    assert nearest.tolist() == [0, 0, 0, 0]


def test_the_stream_alone_decides():
    x = torch.randn(200, 4, generator=stream())
    first, again, other = (kmeans(x, 20, stream(seed))[0] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
