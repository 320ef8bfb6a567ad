"""Residual k-means: what is restored by level, and codes of items that come later."""

from __future__ import annotations

import numpy as np
import pytest

import semcomp as sc
from semcomp.core.view import unit_rows
from semcomp.errors import SemcompError
from semcomp.tokens import Codes, ResidualKMeans


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d)).astype(np.float32)


def test_sums_of_two_codebooks_are_found_again():
    """x = a of four + b of four, b much smaller: the levels are a and b, and nothing is left."""
    a, b = np.arange(160) % 4, np.arange(160) // 4 % 4
    x = (10 * np.eye(8)[a] + np.eye(8)[4 + b]).astype(np.float32)
    made = ResidualKMeans(levels=2, size=4, unit=False).fit(x)
    assert sc.tokens.overlap(
        made.codes, Codes("truth", np.column_stack([a, b]), (4, 4), made.codes.item_ids)
    )["1"]["ami"] == pytest.approx(1)
    assert made.r2[-1] == pytest.approx(1, abs=1e-6)
    assert made.vectors(made.codes) == pytest.approx(x, abs=1e-4)


def test_every_level_restores_more_and_r2_is_that_of_the_vectors():
    x = normal(500, 16)
    made = ResidualKMeans(levels=4, size=16).fit(x)
    assert (np.diff(made.r2) > 0).all()
    rows = unit_rows(x)
    for levels in range(1, 5):
        left = ((rows - made.vectors(made.codes, levels)) ** 2).sum()
        assert made.r2[levels - 1] == pytest.approx(
            1 - left / ((rows - rows.mean(axis=0)) ** 2).sum(), abs=1e-5
        )


def test_codes_of_fitted_items_are_those_of_the_fit_and_new_ones_need_none():
    x = normal(300, 16)
    made = ResidualKMeans(levels=3, size=16).fit(x)
    assert (made.encode(x).codes == made.codes.codes).all()
    new = made.encode(normal(5, 16, seed=1), np.array(list("abcde")))
    assert new.item_ids.tolist() == list("abcde")
    assert new.known.all()


def test_a_zero_vector_has_no_code_and_no_say():
    x = normal(300, 16)
    x[7] = 0
    made = ResidualKMeans(levels=2, size=8).fit(x)
    assert made.codes.codes[7].tolist() == [-1, -1]
    assert made.provenance["without vector"] == 1
    rest = ResidualKMeans(levels=2, size=8).fit(np.delete(x, 7, axis=0))
    assert (np.delete(made.codes.codes, 7, axis=0) == rest.codes.codes).all()
    assert made.encode(x).codes[7].tolist() == [-1, -1]
    assert not made.vectors(made.codes)[7].any()


def test_directions_are_read_unless_lengths_count():
    x, lengths = normal(200, 8), np.linspace(0.1, 10, 200)[:, None].astype(np.float32)
    one, two = (ResidualKMeans(2, 8).fit(rows).codes.codes for rows in (x, x * lengths))
    assert (one == two).mean() > 0.99
    assert (ResidualKMeans(2, 8, unit=False).fit(x * lengths).codes.codes != one).any()


def test_few_items_have_small_codebooks():
    assert ResidualKMeans(levels=2).fit(normal(100, 4)).codes.sizes == (12, 12)
    assert ResidualKMeans(levels=2).fit(normal(16, 4)).codes.sizes == (2, 2)


def test_the_same_seed_gives_the_same_bytes():
    x = normal(200, 8)
    one, two, other = (ResidualKMeans(2, 16).fit(x, seed) for seed in (0, 0, 1))
    assert one.books[1].tobytes() == two.books[1].tobytes()
    assert one.books[1].tobytes() != other.books[1].tobytes()


def test_ids_of_a_view_go_with_its_codes():
    view = sc.View(
        "v", normal(3, 4), normal(20, 4), {}, np.array(list("xyz")), np.array(list("abcdefghijklmnopqrst"))
    )
    assert ResidualKMeans(1, 2).fit(view).codes.item_ids.tolist() == list("abcdefghijklmnopqrst")


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.full((20, 3), np.nan), "NaN or infinite values in 20 rows"),
        (
            np.zeros((20, 3)),
            "0 items with a vector that is not zero, too few for codebooks; give at least 16",
        ),
        (normal(15, 3), "15 items with a vector"),
        (np.ones((20, 3)), "all items of vectors have the same vector"),
    ],
)
def test_what_cannot_be_tokenised_is_told_in_one_line(vectors, message):
    with pytest.raises(SemcompError, match=message):
        ResidualKMeans().fit(vectors)


def test_ids_are_one_for_each_row_and_none_where_there_are_some_already():
    with pytest.raises(SemcompError, match="100 rows for 2 item ids"):
        ResidualKMeans(2, 8).fit(normal(100, 8), item_ids=np.array(["a", "b"]))
    ids = np.arange(20).astype(str)
    view = sc.View("v", normal(1, 4), normal(20, 4), {}, np.array(["u"]), ids)
    assert (ResidualKMeans(1, 2).fit(view, item_ids=ids).codes.item_ids == ids).all()
    with pytest.raises(SemcompError, match="item ids of its own, and others were given"):
        ResidualKMeans(1, 2).fit(view, item_ids=ids[::-1])


def test_other_vectors_and_codes_are_refused():
    made = ResidualKMeans(2, 8).fit(normal(100, 8))
    with pytest.raises(SemcompError, match="9 columns, but 'residual k-means' was fitted to 8"):
        made.encode(normal(3, 9))
    with pytest.raises(SemcompError, match="give codes that it made"):
        made.vectors(ResidualKMeans(2, 9).fit(normal(100, 8)).codes)
    with pytest.raises(SemcompError, match="levels = 3; 'residual k-means' has 1 to 2"):
        made.vectors(made.codes, 3)


@pytest.mark.parametrize("options", [{"levels": 0}, {"levels": 17}, {"size": 1}])
def test_options_out_of_range_are_named(options):
    with pytest.raises(SemcompError, match=f"ResidualKMeans option {next(iter(options))} = "):
        ResidualKMeans(**options)


def test_the_leading_axes_are_read_and_the_way_back_is_theirs():
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(400, 3)) @ rng.normal(size=(3, 40))).astype(np.float32)
    narrow, wide = (ResidualKMeans(2, 16, dim=dim, unit=False).fit(x) for dim in (3, 40))
    assert narrow.books[0].shape == (16, 3)
    assert narrow.r2 == pytest.approx(wide.r2, abs=0.05)
    assert (narrow.encode(x).codes == narrow.codes.codes).all()


def test_many_axes_of_noise_do_not_empty_the_codes_below_the_first():
    x = normal(1500, 384)
    x[:, :8] *= 6
    even = [ResidualKMeans(2, 128, dim=dim).fit(x).codes.perplexity()[1] for dim in (32, 384)]
    assert even[0] > 2 * even[1]
