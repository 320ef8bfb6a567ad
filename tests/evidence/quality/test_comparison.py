"""Methods side by side: the numbers of `evaluate` and `sign_flip`, adjusted, marked and exported."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from scipy.stats import binom

from semcomp.core.topk import TopK
from semcomp.data import Split
from semcomp.errors import SemcompError
from semcomp.evidence import evaluate, holm, sign_flip
from semcomp.evidence.quality.compared import Comparison
from semcomp.evidence.quality.comparison import compare

ITEMS = 12


def split_of(users: int) -> Split:
    """Item 0 is to be found by everyone; all have trained on the last item."""

    def part(item: int) -> sp.csr_array:
        ones = np.ones(users, np.float32)
        return sp.csr_array((ones, (np.arange(users), np.full(users, item))), (users, ITEMS))

    names = np.array([f"{n:04d}" for n in range(max(users, ITEMS))])
    empty = sp.csr_array((users, ITEMS), dtype=np.float32)
    known = {"dataset": "made up", "data": "1234"}
    return Split(names[:users], names[:ITEMS], part(ITEMS - 1), empty, part(0), known)


def ranking(hits: np.ndarray, name: str = "hand") -> TopK:
    """Lists of two places that hold item 0 at the first where `hits`, else not at all."""
    ids = np.where(hits[:, None], [[0, 1]], [[2, 1]]).astype(np.int32)
    return TopK(name, ids, np.tile([2.0, 1.0], (len(hits), 1)), ITEMS)


def hits(users: int, share: float, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).random(users) < share


USERS = 300
SPLIT = split_of(USERS)
SPEND = {"k": 2, "resamples": 300, "permutations": 999, "least": 0.0}
METHODS = {
    "strong": [ranking(hits(USERS, 0.7, seed), "strong") for seed in (1, 2, 3)],
    "weak": [ranking(hits(USERS, 0.3, seed), "weak") for seed in (4, 5, 6)],
    "weak too": [ranking(hits(USERS, 0.31, seed), "weak too") for seed in (7, 8, 9)],
}


@pytest.fixture(scope="module")
def compared() -> Comparison:
    return compare(METHODS, SPLIT, **SPEND)


@pytest.mark.parametrize("seeds", [1, 3])
def test_a_pair_is_what_evaluate_says_of_it(seeds: int) -> None:
    lists = {name: of[:seeds] for name, of in METHODS.items()}
    found = compare(lists, SPLIT, **SPEND).find("strong", "weak", "ndcg")
    alone = evaluate(lists["strong"], SPLIT, 2, null=lists["weak"], resamples=300)["ndcg"]
    for name in ("value", "low", "high", "null", "excess_low", "excess_high", "n", "p", "excess_p"):
        assert getattr(found.value, name) == pytest.approx(getattr(alone, name), rel=1e-9), name
    assert found.difference == pytest.approx(alone.excess)


def test_p_is_that_of_sign_flips_of_each_users_difference() -> None:
    a, b = hits(USERS, 0.5, 1), hits(USERS, 0.42, 2)
    lists = {"a": ranking(a), "b": ranking(b)}
    found = compare(lists, SPLIT, k=2, metrics=["recall"], permutations=20_000, least=0.0)
    (one,) = found.differences
    assert one.p == one.adjusted == one.p_users
    assert one.p == pytest.approx(sign_flip(a.astype(float) - b, permutations=20_000).p, abs=0.01)
    lost, won = int((b & ~a).sum()), int((a & ~b).sum())  # of the discordant users a coin is thrown for each
    more = max(lost, won)
    exact = min(1.0, 2 * binom.sf(more - 1, lost + won, 0.5))
    assert one.p == pytest.approx(exact, abs=0.01)


def test_few_users_are_tested_exactly() -> None:
    all_of, none = np.ones(6, bool), np.zeros(6, bool)
    found = compare({"all": ranking(all_of), "none": ranking(none)}, split_of(6), k=2, metrics=["recall"])
    assert found.differences[0].p == 2 / 2**6


def test_several_seeds_take_the_larger_p() -> None:
    """Seeds that differ as much as the methods do: users alone are sure, users and seeds are not."""
    shares = [(0.2, 0.1), (0.5, 0.2), (0.9, 0.3)]
    lists = {
        name: [ranking(hits(USERS, pair[place], 10 + 2 * n + place)) for n, pair in enumerate(shares)]
        for place, name in enumerate(("a", "b"))
    }
    found = compare(lists, SPLIT, **SPEND).find("a", "b", "recall")
    assert found.p_users == 1 / 1000
    assert found.p == found.value.excess_p > 0.1
    assert found.better is None


def test_a_least_difference_is_asked_both_ways() -> None:
    """Recalls of 0.7 and 0.4 differ by more than 0.2, by less than 0.37, and never the other way round."""
    a, b = np.arange(USERS) < 210, np.arange(USERS) < 120
    lists = {"a": ranking(a), "b": ranking(b)}
    spend = SPEND | {"metrics": ["recall"], "resamples": 1000}
    words = {}
    for least in (0.1, 0.2, 0.3, 0.37):
        for pair in (("a", "b"), ("b", "a")):
            (one,) = compare(lists, SPLIT, against=[pair], **spend | {"least": least}).differences
            words[least, pair[0]] = (one.verdict.word, one.better)
    assert [words[least, "a"] for least in (0.1, 0.2, 0.3, 0.37)] == [
        ("holds", "a"),
        ("holds", "a"),
        ("undecided", None),
        ("does not hold", None),
    ]
    assert [words[least, "b"][1] for least in (0.1, 0.2, 0.3, 0.37)] == ["a", "a", None, None]
    assert {words[least, "b"][0] for least in (0.1, 0.2, 0.3, 0.37)} == {"does not hold"}


def test_methods_that_are_the_same_are_shown_to_differ_by_less_than_the_least() -> None:
    same = {"a": METHODS["weak"][:1], "b": METHODS["weak"][:1]}
    (one, _) = compare(same, SPLIT, **SPEND | {"least": 0.001}).differences
    assert (one.verdict.word, one.better, one.least) == ("does not hold", None, 0.001)
    with pytest.raises(SemcompError, match="give the smallest difference that counts"):
        compare(same, SPLIT, **SPEND | {"least": -1.0})


def test_the_family_is_all_pairs_and_metrics_of_the_call(compared: Comparison) -> None:
    asked = [(d.one, d.other, d.metric) for d in compared.differences]
    pairs = [("strong", "weak"), ("strong", "weak too"), ("weak", "weak too")]
    assert asked == [(*pair, metric) for pair in pairs for metric in ("recall", "ndcg")]
    expected = holm({str(key): d.p for key, d in zip(asked, compared.differences, strict=True)})
    assert [d.adjusted for d in compared.differences] == list(expected.values())
    alone = compare(METHODS, SPLIT, against=[("strong", "weak")], metrics=["ndcg"], **SPEND)
    (only,) = alone.differences
    assert only.adjusted == only.p
    assert only.p == pytest.approx(compared.find("strong", "weak", "ndcg").p, abs=0.003)
    milder = compare(METHODS, SPLIT, correction="bh", **SPEND)
    for d, b in zip(compared.differences, milder.differences, strict=True):
        assert b.p == d.p
        assert b.adjusted <= d.adjusted


def test_it_shows_whom_the_best_beats_first(compared: Comparison) -> None:
    assert compared.headline == "strong beats weak, weak too by ndcg"
    assert repr(compared) == f"<Comparison of 3 methods, {USERS:,} users; {compared.headline}>"
    html = compared._repr_html_()
    assert html.index(compared.headline) < html.index("strong − weak, ndcg")
    same = compare({"a": METHODS["weak"], "b": METHODS["weak"]}, SPLIT, **SPEND)
    assert same.headline == "no method is found to beat another by ndcg"


def test_letters_stand_where_a_method_is_better(compared: Comparison) -> None:
    assert compared.letters == {"strong": "a", "weak": "b", "weak too": "c"}
    assert compared.beaten("strong", "recall") == ["weak", "weak too"]
    assert compared.beaten("weak", "recall") == []
    lines = str(compared).splitlines()
    assert lines[0].split() == ["recall", "ndcg"]
    assert lines[1].split()[:2] == ["a", "strong"]
    assert lines[1].endswith("b,c")
    assert not lines[2].endswith("c")
    assert "after the correction of Holm for 6 comparisons." in str(compared)
    turned = compare(METHODS, SPLIT, against=[("weak", "strong")], metrics=["recall"], **SPEND)
    (only,) = turned.differences
    assert (only.verdict.word, only.better) == ("does not hold", "strong")
    assert turned.beaten("strong", "recall") == ["weak"]


def test_a_better_method_whose_adjusted_p_is_too_large_has_no_letter() -> None:
    """p of 21 against 8 discordant users is 0.024: enough alone, not in a family of 3 with two like it."""
    a = np.arange(USERS) < 121
    b = (np.arange(USERS) >= 21) & (np.arange(USERS) < 129)
    c = np.roll(b, 1)
    lists = {"a": ranking(a), "b": ranking(b), "c": ranking(c)}
    alone = compare(lists, SPLIT, against=[("a", "b")], metrics=["recall"], k=2)
    assert alone.find("a", "b", "recall").better == "a"
    all_three = compare(lists, SPLIT, metrics=["recall"], k=2)
    assert all_three.find("a", "b", "recall").verdict.word == "undecided"
    assert all_three.beaten("a", "recall") == []


def test_against_one_baseline() -> None:
    found = compare(METHODS, SPLIT, against="weak", metrics=["recall"], **SPEND)
    assert [(d.one, d.other) for d in found.differences] == [("strong", "weak"), ("weak too", "weak")]


def test_a_method_without_seeds_stands_beside_every_seed() -> None:
    once = METHODS["weak"][0]
    found = compare({"a": METHODS["strong"], "b": once}, SPLIT, **SPEND).find("a", "b", "recall")
    same = compare({"a": METHODS["strong"], "b": [once] * 3}, SPLIT, **SPEND).find("a", "b", "recall")
    assert found == same


def test_equal_methods_differ_by_nothing() -> None:
    found = compare({"a": METHODS["weak"], "b": METHODS["weak"]}, SPLIT, **SPEND)
    for d in found.differences:
        assert (d.difference, d.p, d.better, d.detectable) == (0.0, 1.0, None, 0.0)


def test_the_detectable_difference_is_the_textbooks() -> None:
    """Half of the users differ by ±1 evenly: sd sqrt(0.5 n/(n − 1)), times (1.96 + 0.84) / sqrt(n)."""
    a, b = np.arange(USERS) % 4 == 0, np.arange(USERS) % 4 == 1
    found = compare({"a": ranking(a), "b": ranking(b)}, SPLIT, metrics=["recall"], **SPEND)
    expected = (1.959964 + 0.841621) * np.sqrt(0.5 / (USERS - 1))
    assert found.differences[0].detectable == pytest.approx(expected, rel=1e-6)


def test_the_frame_and_the_evidence_of_a_pair(compared: Comparison) -> None:
    frame = compared.frame()
    assert len(frame) == 6
    assert frame["n"].dtype == np.int64
    numbers = ["value", "null", "difference", "low", "high", "p_users", "p", "adjusted", "detectable"]
    assert (frame.dtypes[numbers] == np.float64).all()
    np.testing.assert_allclose(frame["value"] - frame["null"], frame["difference"])
    evidence = compared.evidence("strong", "weak")
    assert list(evidence.values) == ["recall", "ndcg"]
    table = evidence.table
    np.testing.assert_allclose(
        (table["recall.strong"] - table["recall.weak"]).mean(), evidence["recall"].excess
    )
    with pytest.raises(SemcompError, match="unknown pair 'weak against strong'"):
        compared.evidence("weak", "strong")
    with pytest.raises(SemcompError, match="unknown difference 'strong against weak, mrr'"):
        compared.find("strong", "weak", "mrr")


def test_it_survives_json_with_its_table(compared: Comparison) -> None:
    text = compared.to_json()
    back = Comparison.from_json(text)
    assert back.to_json() == text
    assert back.differences == compared.differences
    assert back.means == compared.means
    pd.testing.assert_frame_equal(back.table, compared.table)
    assert str(back) == str(compared)
    short = Comparison.from_json(compared.to_json(table=False))
    assert short.table.empty
    with pytest.raises(SemcompError, match="not a record of a comparison: correction, means missing"):
        Comparison.from_dict({"differences": [], "provenance": {}})
    assert json.loads(text)["provenance"]["data"] == "1234"


def test_two_runs_write_the_same(compared: Comparison) -> None:
    assert compare(METHODS, SPLIT, **SPEND).to_json() == compared.to_json()


def test_markdown_and_latex() -> None:
    lists = {"a_b & 100%": METHODS["strong"], "w|k": METHODS["weak"]}
    found = compare(lists, SPLIT, metrics=["recall"], **SPEND)
    mean, other = (f"{found.means['recall'][name].value:.4f}" for name in lists)
    rows = found.to_markdown().splitlines()
    assert rows[2] == rf"| a a\_b \& 100% | {mean}<sup>b</sup> |"
    assert rows[3] == rf"| b w\|k | {other} |"
    latex = found.to_latex()
    assert rf"a a\_b \& 100\% & {mean}\textsuperscript{{b}} \\" in latex
    assert rf"b w\textbar{{}}k & {other} \\" in latex
    assert latex.count("rule\n") == 3


def test_beyond_26_methods_letters_are_doubled() -> None:
    names = [f"m{n}" for n in range(30)]
    found = Comparison({"recall": dict.fromkeys(names, METHODS_VALUE)}, (), "holm", pd.DataFrame())
    assert [found.letters[name] for name in ("m0", "m25", "m26", "m29")] == ["a", "z", "aa", "dd"]
    assert len(set(found.letters.values())) == 30


METHODS_VALUE = evaluate(METHODS["weak"], SPLIT, 2, resamples=0)["recall"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"methods": {"a": METHODS["weak"]}}, "1 methods to compare; give at least two"),
        ({"metrics": []}, "no metric to compare by; name some of recall, ndcg, mrr"),
        ({"metrics": ["ndgc"]}, "unknown metric 'ndgc'; did you mean 'ndcg'"),
        ({"against": "week"}, "unknown method 'week'; did you mean 'weak'"),
        ({"against": [("strong", "week")]}, "unknown method 'week'"),
        ({"against": []}, "no pair to compare; name some"),
        ({"against": [("weak", "weak")]}, "'weak' is compared with itself"),
        ({"against": [("weak", "strong"), ("strong", "weak")]}, "'strong' and 'weak' are compared twice"),
        ({"correction": "bonferroni"}, "unknown correction 'bonferroni'"),
        ({"resamples": 0}, "0 resamples, but a verdict takes an interval"),
        ({"permutations": 0}, "0 permutations asked for"),
        (
            {"methods": METHODS | {"weak": METHODS["weak"][:2]}},
            "3 rankings of 'weak too', but 2 of 'weak'; give as many seeds of each, or one",
        ),
        ({"k": 3}, "k = 3 is above the 2 places"),
    ],
)
def test_refusals(change: dict, message: str) -> None:
    with pytest.raises(SemcompError, match=message) as raised:
        compare(**({"methods": METHODS, "split": SPLIT} | SPEND | change))
    assert "\n" not in str(raised.value)


def test_the_level_of_a_family_of_equal_methods_holds() -> None:
    """Four methods that hit by one coin: in at most 5 % of trials has any a letter (3 errors allowed)."""
    trials, split, found = 120, split_of(80), 0
    for trial in range(trials):
        lists = {name: ranking(hits(80, 0.5, 1000 * trial + n)) for n, name in enumerate("abcd")}
        one = compare(lists, split, k=2, metrics=["recall"], resamples=100, permutations=399, seed=trial)
        found += any(d.better for d in one.differences)
    assert found <= trials * 0.05 + 3 * np.sqrt(trials * 0.05 * 0.95)


def test_adjusted_p_never_falls_as_the_raw_one_rises(compared: Comparison) -> None:
    ordered = sorted(compared.differences, key=lambda d: d.p)
    assert all(one.adjusted <= other.adjusted for one, other in pairwise(ordered))
