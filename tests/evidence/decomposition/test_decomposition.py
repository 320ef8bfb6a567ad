"""`decompose`: planted shares and dimensions, reliability, recalls of parts, readings, and their edges."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from flat_settings import flat

from semcomp.core.evidence import Evidence
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import split
from semcomp.errors import SemcompError
from semcomp.evidence.decomposition import report
from semcomp.evidence.decomposition.inter_battery import inter_battery
from semcomp.evidence.decomposition.parts import VIEWS
from semcomp.evidence.decomposition.ranking import _random_parts
from semcomp.evidence.decomposition.readings import STATEMENTS, read_decomposition
from semcomp.evidence.decomposition.settings import DecompositionSettings
from semcomp.evidence.decomposition.signal import axis_reliability, signal_rank
from semcomp.evidence.quality.metrics import evaluate
from semcomp.planted import World

decompose = flat(report.decompose, DecompositionSettings)

WORLD = World(users=300, items=400, dim=4, sharpness=3.0, popularity=0.3, seed=4)


@pytest.fixture(scope="module")
def planted() -> tuple:
    """A world without noise: split, truth, views, and a second seed of C with as much noise as signal."""
    truth = WORLD.truth()
    rng = np.random.default_rng(0)
    other = truth.collaborative_vectors + rng.standard_normal((400, 8)) * np.sqrt(0.5)
    return split(WORLD.dataset(), seed=1), truth, truth.views(), other


@pytest.fixture(scope="module")
def found(planted) -> Evidence:
    parts, _, views, other = planted
    return decompose(
        views["semantic"],
        views["collaborative"],
        parts,
        second=other,
        resamples=200,
        groups=10,
        permutations=39,
    )


def test_the_order_of_rows_does_not_matter_where_views_have_ids(planted) -> None:
    parts, truth, views, other = planted
    ids = parts.user_ids, parts.item_ids
    pi = np.random.default_rng(5).permutation(len(parts.item_ids))

    def turned(view: View) -> View:
        return replace(view, items=view.items[pi], item_ids=view.item_ids[pi])

    sem, cf = (View(role, views[role].users, views[role].items, {}, *ids) for role in VIEWS)
    again = View("again", truth.collaborative_users, other, {}, *ids)
    quick = {"rank": 4, "resamples": 20, "groups": 5, "permutations": 19}
    for known in (parts, None):
        expected = decompose(sem, cf, known, second=again, second_semantic=cf, **quick).values
        assert expected["reliable.collaborative.full"].value > 0.4
        seconds = {"second": turned(again), "second_semantic": turned(cf)}
        assert decompose(sem, turned(cf), known, **seconds, **quick).values == expected
        found = decompose(turned(sem), cf, known, second=again, second_semantic=cf, **quick).values
        if known is not None:
            assert found == expected
            continue
        for name in expected:  # folds are of other items then, which moves a value a little
            if name.startswith(("share", "reliable")):
                assert found[name].value == pytest.approx(expected[name].value, abs=0.02), name


def test_planted_dimension_and_shares(found) -> None:
    assert found["dimension"].value == 4
    assert found["dimension"].null <= 1
    for view in ("semantic", "collaborative"):
        for part, share in (("joint", 0.5), ("private", 0.5), ("shared_least", 0.5), ("shared_most", 0.5)):
            value = found[f"share.{view}.{part}"]
            assert value.low - 0.01 < share < value.high + 0.01
            assert value.high - value.low < 0.12
        assert found[f"share.{view}.rest"].value == pytest.approx(0, abs=1e-9)
        assert found[f"share.{view}.shared_least"].null < 0.05
    assert found["correlation.top"].value == pytest.approx(1)
    assert "information" not in found.values  # infinite


def test_intervals_hold_the_planted_shares() -> None:
    """16 worlds with noise in S. C: f (1 + ρ) / 2 joint, 1 − f private, f ρ² at least; ρ² = f / (f + σ²)."""
    f, noise = 0.5, 0.3
    rho = np.sqrt(f / (f + noise**2))
    truth = {
        "share.collaborative.joint": f * (1 + rho) / 2,
        "share.collaborative.private": 1 - f,
        "share.collaborative.shared_least": f * rho**2,
        "share.semantic.private": (1 - f + noise**2) / (1 + 2 * noise**2),
    }
    inside = dict.fromkeys(truth, 0)
    for seed in range(16):
        one = World(users=5, items=250, dim=2, shared=f, noise=noise, seed=seed).truth()
        values = decompose(
            one.semantic_vectors, one.collaborative_vectors, rank=2, permutations=19, groups=10, seed=seed
        )
        for name, share in truth.items():
            inside[name] += values[name].low <= share <= values[name].high
    # at a coverage of 95 % fewer than 12 of 16 have probability 0.001
    assert min(inside.values()) >= 12


def test_information_is_that_of_the_planted_correlations() -> None:
    """dim directions with ρ² = f / (f + σ²): −½ dim ln(1 − ρ²) nats, and none where items are shuffled."""
    truth = World(users=5, items=3000, dim=3, shared=0.5, noise=0.5, seed=1).truth()
    value = decompose(truth.semantic_vectors, truth.collaborative_vectors, permutations=19)["information"]
    assert value.value == pytest.approx(-1.5 * np.log(1 - 0.5 / 0.75), abs=0.1)
    assert value.null < 0.02


def test_reliability_tells_noise_from_signal(found) -> None:
    """The second seed is C plus noise of the same variance, so it predicts half of each part of C."""
    for part in ("full", "joint", "private"):
        value = found[f"reliable.collaborative.{part}"]
        assert value.value == pytest.approx(0.5, abs=0.06)
        assert value.null == pytest.approx(0, abs=0.05)
    private = found["share.collaborative.private"].value
    reliable, noise = (found[f"share.collaborative.private_{kind}"].value for kind in ("reliable", "noise"))
    assert reliable + noise == pytest.approx(private)
    assert reliable == pytest.approx(private * found["reliable.collaborative.private"].value)
    assert not any("semantic" in name and "reliable" in name for name in found.values)


def test_reliability_of_noise_and_of_a_copy(planted) -> None:
    _, truth, _, _ = planted
    noise = np.random.default_rng(0).standard_normal((400, 8))
    values = decompose(
        truth.semantic_vectors,
        truth.collaborative_vectors,
        second=noise,
        second_semantic=truth.semantic_vectors,
        permutations=19,
        groups=0,
        resamples=50,
    ).values
    assert values["reliable.collaborative.private"].value == pytest.approx(0, abs=0.05)
    assert values["reliable.semantic.private"].value == pytest.approx(1, abs=1e-3)


def test_recalls_are_those_of_the_true_parts(planted, found) -> None:
    """Without noise the parts are the true ones, so each ranks as z and q by themselves."""
    parts, truth, _, _ = planted

    def recall(users, items) -> float:
        return evaluate(rank(View("true", users, items), parts, 20), parts, 20, resamples=0)["recall"].value

    assert found["recall.collaborative.full"].value == pytest.approx(recall(*truth.collaborative), abs=1e-6)
    assert found["recall.collaborative.joint"].value == pytest.approx(recall(*truth.shared), abs=0.03)
    assert found["recall.collaborative.private"].value == pytest.approx(
        recall(truth.user_q, truth.q), abs=0.03
    )
    assert found["recall.semantic.private"].value == pytest.approx(recall(truth.user_p, truth.p), abs=0.03)
    both = found["recall.semantic.joint_with_both_privates"].value
    assert both == pytest.approx(recall(*truth.joint), abs=0.03)
    assert both > found["recall.semantic.full"].value + 0.05
    # the rest is rounding: without joint is private, without private is joint
    for view in ("semantic", "collaborative"):
        assert f"recall.{view}.rest" not in found.values
        without = found[f"recall.{view}.without_joint"].value
        assert without == pytest.approx(found[f"recall.{view}.private"].value, abs=1e-3)
        assert found[f"recall.{view}.without_private"].value == pytest.approx(
            found[f"recall.{view}.joint"].value, abs=1e-3
        )


def test_additions_are_paired_differences(found) -> None:
    table = found.table
    for name, base in (
        ("collaborative.joint_with_private", "collaborative.joint"),
        ("collaborative.with_semantic_private", "collaborative.full"),
        ("semantic.with_collaborative_private", "semantic.full"),
        ("semantic.joint_with_both_privates", "semantic.joint"),
    ):
        gain, whole, without = (
            found[key] for key in (f"marginal_recall.{name}", f"recall.{name}", f"recall.{base}")
        )
        assert gain.value == pytest.approx(whole.value - without.value)
        assert gain.null == pytest.approx(whole.null - without.value)
        np.testing.assert_allclose(
            table[f"marginal_recall.{name}"], table[f"recall.{name}"] - table[f"recall.{base}"]
        )
        assert -0.02 < gain.null <= 0.02
        assert gain.low > 0


def test_shuffled_rows_are_chance(planted, found) -> None:
    """20 of the about 380 items that a user has not seen."""
    parts = planted[0]
    unseen = parts.n_items - (parts.train + parts.valid).sum(axis=1).mean()
    for name in ("recall.collaborative.private", "recall.semantic.joint", "recall.semantic.private_personal"):
        assert found[name].null == pytest.approx(20 / unseen, abs=0.04)
        assert found[name].excludes_zero


def test_one_average_user_is_one_ranking(planted) -> None:
    """By the mean user all users have one order of the items, up to what each has seen."""
    parts, truth, views, _ = planted
    mean = np.broadcast_to(truth.collaborative_users.mean(axis=0), truth.collaborative_users.shape)
    expected = evaluate(
        rank(View("mean", mean, truth.collaborative_vectors), parts, 20), parts, 20, resamples=0
    )["recall"].value
    values = decompose(
        views["semantic"], views["collaborative"], parts, groups=0, resamples=0, permutations=19
    ).values
    tested = np.diff(parts.test.indptr) > 0
    assert tested.all()  # so the mean over tested users is the mean over all
    assert values["recall.collaborative.average_user"].value == pytest.approx(expected, abs=5e-3)


def test_lengths_of_users_do_not_matter_but_what_all_users_share_does(planted) -> None:
    """Views are added up in units of their scores; "personal" takes out a vector that all users have."""
    parts, _, views, _ = planted
    s, c = views["semantic"], views["collaborative"]
    options = {"groups": 0, "resamples": 0, "permutations": 19}
    base = decompose(s, c, parts, **options)
    longer = decompose(View("semantic", 50 * s.users, s.items), c, parts, **options)
    for name in ("semantic.full", "collaborative.with_semantic_private", "semantic.joint_with_both_privates"):
        assert longer[f"recall.{name}"].value == pytest.approx(base[f"recall.{name}"].value, abs=2e-3)
    moved = decompose(View("semantic", s.users + 3.0, s.items), c, parts, **options)
    key = "recall.semantic.private"
    assert moved[f"{key}_personal"].value == pytest.approx(base[f"{key}_personal"].value, abs=2e-3)
    assert moved[key].value < base[key].value - 0.05


def test_readings(found) -> None:
    said = {one.says: str(verdict) for one, verdict in read_decomposition(found).items()}
    assert said["the semantic private part adds to the collaborative view"] == "holds"
    assert said["the collaborative private part ranks better than chance"] == "holds"
    assert said["both private parts add to the shared part"] == "holds"
    assert said["some direction of the views correlates more than in shuffled items"] == "holds"
    assert len(said) == len(STATEMENTS)
    units = {one.key: verdict.unit for one, verdict in read_decomposition(found).items()}
    assert units["correlation.top"] == units["reliable.collaborative.private"] == "items"
    assert units["recall.collaborative.private"] == "users"
    without = replace(found, values={k: v for k, v in found.values.items() if not k.startswith("reliable")})
    assert len(read_decomposition(without)) == len(STATEMENTS) - 1


def test_a_private_part_that_users_do_not_follow_is_not_predictive() -> None:
    world = replace(WORLD, semantic_private=0.0)
    views, truth = world.truth().views(), world.truth()
    rng = np.random.default_rng(1)
    users = truth.semantic_users + 0.5 * rng.standard_normal(truth.semantic_users.shape).astype(np.float32)
    evidence = decompose(
        View("semantic", users, truth.semantic_vectors),
        views["collaborative"],
        split(world.dataset(), seed=1),
        resamples=200,
        groups=5,
        permutations=19,
    )
    said = {one.says: verdict.word for one, verdict in read_decomposition(evidence).items()}
    assert said["the semantic private part ranks better than chance"] != "holds"
    assert said["the semantic private part adds to the collaborative view"] != "holds"
    assert said["the collaborative private part ranks better than chance"] == "holds"


@pytest.mark.parametrize(("shared", "gone"), [(0.0, "joint"), (1.0, "private")])
def test_nothing_or_all_shared(shared: float, gone: str) -> None:
    world = replace(WORLD, shared=shared, users=60, items=200)
    views = world.truth().views()
    evidence = decompose(
        views["semantic"],
        views["collaborative"],
        split(world.dataset(), seed=1),
        resamples=20,
        groups=5,
        permutations=39,
        seed=2,
    )
    assert evidence["dimension"].value == (0 if gone == "joint" else 4)
    for view in ("semantic", "collaborative"):
        assert evidence[f"share.{view}.{gone}"].value == pytest.approx(0, abs=1e-9)
        assert f"recall.{view}.{gone}" not in evidence.values
        kept = {"joint": "private", "private": "joint"}[gone]
        assert evidence[f"share.{view}.{kept}"].value == pytest.approx(1)
        assert evidence[f"recall.{view}.{kept}"].value == evidence[f"recall.{view}.full"].value
    assert read_decomposition(evidence)
    assert Evidence.from_json(evidence.to_json()).values == evidence.values


def test_items_alone(planted) -> None:
    _, truth, _, _ = planted
    s, c = truth.semantic_vectors, truth.collaborative_vectors
    evidence = decompose(s, c, permutations=19, groups=5)
    assert not any(name.startswith("recall") for name in evidence.values)
    table = evidence.table
    assert (table.index.name, len(table)) == ("item", 400)
    share = table["collaborative.joint"].sum() / ((c - c.mean(axis=0)) ** 2).sum()
    assert share == pytest.approx(evidence["share.collaborative.joint"].value, abs=1e-5)
    assert evidence.provenance["rank"] == 4
    assert len(evidence.provenance["heldout_correlations"]) == 8


def test_parts_that_are_given(planted) -> None:
    """They are measured as they are: the shares of inter-battery parts, without a null."""
    _, truth, _, _ = planted
    s, c = truth.semantic_vectors, truth.collaborative_vectors
    given = decompose(s, c, method=inter_battery(s, c, 4), permutations=19, groups=5)
    own = decompose(s, c, permutations=19, groups=5)
    for name in ("share.semantic.joint", "share.collaborative.private"):
        assert given[name].value == pytest.approx(own[name].value)
        assert given[name].null is None
        assert given[name].low is not None
    assert given["share.semantic.cross"].value == pytest.approx(0, abs=1e-9)
    assert given.provenance["method"] == "inter-battery"


def low_rank(seed: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Three joint and two individual directions in each view; two copies of both, with noise of their own."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((400, 3))
    copies: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for width in (40, 30):
        signal = np.hstack([z, rng.standard_normal((400, 2))]) @ rng.standard_normal((5, width))
        for copy in copies:
            copy.append(signal + rng.standard_normal(signal.shape))
    return copies


def test_ajive_cuts_to_the_signal_and_finds_the_joint_rank() -> None:
    """At full ranks it would be inter-battery, whose joint part also holds noise of all 30 and 40 columns."""
    (s, c), (s_again, c_again) = low_rank(0)
    options = {"second": c_again, "second_semantic": s_again, "permutations": 19, "groups": 0, "resamples": 0}
    found = decompose(s, c, method="ajive", **options)
    assert found.provenance["signal_ranks"] == [5, 5]
    assert found.provenance["rank"] == 3
    other = decompose(s, c, method="inter-battery", rank=3, **options)
    gap = found["share.collaborative.joint"].value - other["share.collaborative.joint"].value
    assert abs(gap) > 1e-4
    assert found["share.collaborative.rest"].value == pytest.approx(
        other["share.collaborative.private"].value - found["share.collaborative.private"].value, abs=0.05
    )
    one_sided = decompose(s, c, method="ajive", second=c_again, permutations=19, groups=0, resamples=0)
    assert one_sided.provenance["signal_ranks"] == [None, 5]


def test_reliability_of_axes_is_the_share_of_signal() -> None:
    """Axes of variance 9, 4, 1 and noise of 1 in all directions, either copy turned: ρ = 0.9, 0.8, 0.5, 0."""
    rng = np.random.default_rng(0)
    signal = np.hstack([rng.standard_normal((20_000, 3)) * [3.0, 2.0, 1.0], np.zeros((20_000, 2))])
    turn = np.linalg.qr(rng.standard_normal((5, 5)))[0]
    one, other = (signal + rng.standard_normal(signal.shape) for _ in range(2))
    found = axis_reliability(one, other @ turn + 3.0)
    np.testing.assert_allclose(found[:3], [0.9, 0.8, 0.5], atol=0.02)
    assert (found[3:] < 0.05).all()
    assert signal_rank(one[:, [0, 1, 3, 4]], other[:, [0, 1, 3, 4]]) == 2


def test_ajive_without_a_second_seed_is_refused(planted) -> None:
    _, truth, _, _ = planted
    with pytest.raises(SemcompError, match="give one of either view"):
        decompose(truth.semantic_vectors, truth.collaborative_vectors, method="ajive")


def test_strong_dimensions_are_those_of_size() -> None:
    """Two directions with ρ = 0.8 and three with 0.2 among 8 of unit variance: above chance, all of them."""
    rng = np.random.default_rng(0)
    rho = np.array([0.8, 0.8, 0.2, 0.2, 0.2, 0.0, 0.0, 0.0])
    z, u, v = rng.standard_normal((3, 4000, 8))
    s, c = (np.sqrt(rho) * z + np.sqrt(1 - rho) * own for own in (u, v))
    found = decompose(s, c, permutations=19, groups=8)
    assert found["dimension"].value == 5
    assert found["dimension.strong"].value == found.provenance["rank"] == 2
    assert found["dimension.strong"].null == 0
    # of 8 dimensions 2 are shared, with ρ² = 0.64 of their variance at least, and the others are private
    for name, share in {"private": 6 / 8, "shared_most": 2 / 8, "shared": 0.2, "shared_least": 0.16}.items():
        assert found[f"share.collaborative.{name}"].value == pytest.approx(share, abs=0.01)
    all_of_them = decompose(s, c, permutations=19, groups=0, min_correlation=0.0)
    assert all_of_them.provenance["rank"] == 5
    assert all_of_them["share.collaborative.private"].value == pytest.approx(3 / 8, abs=0.01)


def test_a_random_subspace_of_the_same_size() -> None:
    """It has the joint part's rank and share of variance; with what it leaves it adds up to the view."""
    rng = np.random.default_rng(0)
    full = rng.standard_normal((500, 8)) * np.logspace(-1, 1, 8)
    full -= full.mean(axis=0)
    for share in (0.2, 0.6):
        joint = np.zeros_like(full)
        joint[:, 0] = np.sqrt(share * np.sum(full**2) / 500)
        drawn = _random_parts(full, 3, {"joint": joint}, seed=1)
        assert np.linalg.matrix_rank(drawn["joint"]) == 3
        assert np.linalg.matrix_rank(drawn["private"], tol=1e-8) == 5
        np.testing.assert_allclose(drawn["joint"] + drawn["private"], full)
        np.testing.assert_allclose(drawn["joint"].T @ drawn["private"], 0, atol=1e-8)
        assert np.sum(drawn["joint"] ** 2) / np.sum(full**2) == pytest.approx(share, abs=1e-3)
    assert _random_parts(full, 8, {"joint": full}, seed=1) == {}
    assert _random_parts(full, 3, {}, seed=1) == {}


def test_users_are_drawn_and_seeds_decide(planted) -> None:
    parts, _, views, _ = planted
    options = {"groups": 0, "resamples": 0, "permutations": 19, "max_users": 50}
    one, same = (decompose(views["semantic"], views["collaborative"], parts, **options) for _ in range(2))
    assert len(one.table) == 50
    assert one.values == same.values
    assert one["recall.semantic.full"].n == 50


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "pca"}, "unknown decomposition 'pca'"),
        ({"rank": 9}, "shared rank 9"),
        ({"k": 0}, "k = 0"),
        ({"mask": "all"}, "unknown mask"),
        ({"second": np.ones((3, 2))}, "collaborative has 400 rows and second has 3"),
        ({"max_users": 0}, "max_users = 0"),
        ({"groups": 1}, "1 groups"),
        ({"min_correlation": 1.0}, "min_correlation = 1.0"),
        ({"shuffles": 401}, "shuffles = 401; use at most 400"),
        ({"weights": ()}, "must be one or more"),
        ({"weights": (-1.0, 0.0)}, "at least 0"),
        ({"weights": (0.0, 1.0, 0.5)}, "must ascend"),
    ],
)
def test_bad_options(planted, options, says: str) -> None:
    parts, _, views, _ = planted
    with pytest.raises(SemcompError, match=says):
        decompose(views["semantic"], views["collaborative"], parts, **options)


def test_bad_sides(planted) -> None:
    parts, truth, views, _ = planted
    s, c = truth.semantic_vectors, truth.collaborative_vectors
    with pytest.raises(SemcompError, match="the semantic side has no users"):
        decompose(s, views["collaborative"], parts)
    with pytest.raises(SemcompError, match="19 rows are too few"):
        decompose(s[:19], c[:19])
    with pytest.raises(SemcompError, match="user rows"):
        decompose(View("few", truth.semantic_users[:5], s), views["collaborative"], parts)
    with pytest.raises(SemcompError, match="do not add up"):
        decompose(s + 1, c, method=inter_battery(s, c, 2))
    with pytest.raises(SemcompError, match="rank 3, but the parts have 2"):
        decompose(s, c, method=inter_battery(s, c, 2), rank=3)
