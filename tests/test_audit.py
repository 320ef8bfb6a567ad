"""The leakage audit: a planted leak of each kind is caught, and a clean world raises none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
import scipy.sparse as sp
import torch

from semcomp.core.text_matrix import TextMatrix
from semcomp.core.view import View, unit_rows
from semcomp.data import STRATEGIES, Audit, Dataset, Split, audit, binary_csr, split
from semcomp.data.audits import CHECKS, Finding
from semcomp.data.item_text import text_digest
from semcomp.errors import SemcompError
from semcomp.kernels.propagation import normalized_adjacency
from semcomp.planted import World
from semcomp.storage import digest
from semcomp.views import LightGCN, Popularity, RawText, SampledSoftmax, SemanticProjection, Training

WORDS = np.array(
    [f"{a}{b}" for a in ("bo", "ka", "li", "mu", "re", "to", "zi", "sha") for b in ("n", "rd", "st", "x")]
)
ITEMS = 240


def observed(seed: int = 0) -> Dataset:
    """A planted world with what the strategies and checks read: times, genres, reviews, and texts of words.

    The genre of an item is its own topic; six of the words in its text come from the four words of the topic.
    """
    data = World(users=120, items=ITEMS, dim=4, seed=seed).dataset()
    rng = np.random.default_rng(seed)
    topic = rng.integers(0, 8, ITEMS)
    texts = tuple(
        f"{' '.join(rng.permutation(WORDS.reshape(8, 4)[t])[:3])} {' '.join(rng.choice(WORDS, 2))} no {i:04d}"
        for i, t in enumerate(topic)
    )
    n = data.n_interactions
    reviews = [
        f"I bought number {k} on a whim and it was {w} and {v}"
        for k, (w, v) in enumerate(rng.choice(WORDS, (n, 2)))
    ]
    return replace(
        data,
        texts=texts,
        items=pl.DataFrame(
            {"item_id": data.item_ids.tolist(), "genres": [f"g{t}-{i % 5}" for i, t in enumerate(topic)]}
        ),
        interactions=pl.DataFrame({"timestamp": rng.integers(0, 10**9, n).astype(float), "review": reviews}),
    )


def vectors(data: Dataset) -> np.ndarray:
    """What an encoder might make of the texts: the sum of one random direction a word, and some noise."""
    rng = np.random.default_rng(1)
    of_word = dict(zip(WORDS.tolist(), rng.standard_normal((len(WORDS), 16)), strict=True))
    rows = [
        sum((of_word.get(word, np.zeros(16)) for word in text.split()), np.zeros(16)) for text in data.texts
    ]
    return (np.array(rows) + 0.3 * rng.standard_normal((len(rows), 16)) + 1).astype(np.float32)


def embedded(data: Dataset, rows: np.ndarray | None = None) -> TextMatrix:
    """A text matrix with the digests that `embed` writes."""
    rows = vectors(data) if rows is None else rows
    made = {
        "sha256": digest(rows),
        "ids": digest(data.item_ids.tolist()),
        "texts": text_digest(data.item_ids.tolist(), data.texts),
    }
    return TextMatrix(data.item_ids, rows, made)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return observed()


@pytest.fixture(scope="module")
def made(data: Dataset) -> Split:
    return split(data, seed=3)


def state(found: Audit, check: str) -> str:
    assert check in CHECKS
    return next(outcome.state for outcome in found.outcomes if outcome.check == check)


def leak(found: Audit, check: str) -> Finding:
    """The one leak of an audit that has no other."""
    assert [finding.check for finding in found.leaks] == [check]
    return found.leaks[0]


def with_parts(s: Split, **parts: sp.csr_array) -> Split:
    """The same split with parts put in their place behind the constructor's back."""
    copy = replace(s)
    for name, matrix in parts.items():
        object.__setattr__(copy, name, matrix)
    return copy


def first_pairs(matrix: sp.csr_array, n: int) -> tuple[np.ndarray, np.ndarray]:
    user, item = matrix.nonzero()
    return user[:n].astype(np.int32), item[:n].astype(np.int32)


# --- clean worlds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("seed", range(3))
def test_clean_worlds_raise_nothing(strategy, seed):
    data = observed(seed)
    s = split(data, strategy, seed)
    text = embedded(data)
    found = audit(data, s, text=text, view=RawText().fit(s, text), graph=normalized_adjacency(s.train))
    assert found.leaks == ()
    found.raise_if_leaking()
    applied = {outcome.check for outcome in found.outcomes if outcome.state != "not applicable"}
    assert set(CHECKS) - applied <= {"near-duplicates of cold items"}  # where no item is cold
    assert (strategy == "cold-items") <= ("near-duplicates of cold items" in applied)


QUICK = Training(loss=SampledSoftmax(negatives=16), epochs=2, batch=512)


@pytest.mark.parametrize(
    "fit",
    [
        lambda s, t: LightGCN(8, training=QUICK).fit(s),
        lambda s, t: SemanticProjection(8, training=QUICK).fit(s, t),
        lambda s, t: RawText().fit(s, t).normalized(),
    ],
)
def test_trained_views_are_not_taken_for_leaks(data, made, fit):
    text = embedded(data)
    assert (
        state(audit(data, made, view=fit(made, text), text=text), "user vectors over held-out items")
        == "passed"
    )


def test_what_was_not_given_is_not_applicable(data, made):
    bare = replace(data, interactions=data.interactions.select("timestamp"))
    found = audit(bare, split(bare, seed=3))
    missing = {o.check: o.why for o in found.outcomes if o.state == "not applicable"}
    assert missing["held-out edges in the graph"] == "no graph given"
    assert missing["text rows joined by id"] == "no text matrix given"
    assert missing["user vectors over held-out items"] == "no view given"
    assert "pass reviews=" in missing["text carries a held-out review"]
    lines = str(found).splitlines()
    assert lines[0] == "audit of 'planted', split 'random': 0 leaks in 11 checks"
    assert [line.split("  ")[0] for line in lines[1:]] == list(CHECKS)


# --- the parts ------------------------------------------------------------------------------------------


def test_pairs_in_two_parts(data, made):
    user, item = first_pairs(made.train, 7)
    extra = binary_csr(user, item, made.test.shape)
    found = audit(data, with_parts(made, test=sp.csr_array(made.test + extra)))
    finding = leak(found, "pairs in two parts")
    assert finding.count == 7
    assert (
        finding.example
        == f"user '{data.user_ids[user[0]]}', item '{data.item_ids[item[0]]}' in train and test"
    )
    with pytest.raises(
        SemcompError, match=r"found 1 leak: pairs in two parts: 7 found, e\.g\. user 'u0001'"
    ) as error:
        found.raise_if_leaking()
    assert "\n" not in str(error.value)
    assert "LEAK" in str(found)


def test_parts_tampered_with_in_place(data, made):
    test = made.test.copy()
    first_user = int(np.flatnonzero(np.diff(made.train.indptr) & np.diff(test.indptr))[0])
    test.indices[test.indptr[first_user]] = made.train.indices[made.train.indptr[first_user]]
    found = audit(data, with_parts(made, test=test))
    assert leak(found, "pairs in two parts").count == 1
    assert state(found, "pairs of the data") == "report"  # the test pair that was overwritten is in no part


def test_explicit_zeros_are_no_pairs(data, made):
    both = sp.csr_array(made.train + made.test)
    both.data = np.where(made.train.toarray()[both.nonzero()] > 0, 1.0, 0.0).astype(np.float32)
    assert audit(data, with_parts(made, train=both)).leaks == ()


def test_pairs_that_nobody_observed(data, made):
    user, item = (
        side.astype(np.int32)[:4] for side in np.nonzero((made.train + made.valid + made.test).toarray() == 0)
    )
    more = sp.csr_array(made.train + binary_csr(user, item, made.train.shape))
    assert leak(audit(data, with_parts(made, train=more)), "pairs of the data").count == 4


def test_splits_of_other_data_are_refused(data, made):
    other = World(users=100, items=ITEMS, dim=4).dataset()
    with pytest.raises(SemcompError, match="the split has 120 users, the data set 'planted' 100"):
        audit(other, made)
    renamed = replace(data, item_ids=data.item_ids[::-1].copy())
    with pytest.raises(SemcompError, match="not the same in the same order"):
        audit(renamed, made)
    with pytest.raises(SemcompError, match=r"the train part is \(3, 3\)"):
        audit(data, with_parts(made, train=sp.csr_array((3, 3))))


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_broken_promises(strategy, data):
    """Each strategy's own split with two parts exchanged, or pairs moved, breaks its promise."""
    s = split(data, strategy, 1)
    if strategy in {"random", "popularity-shift"}:  # take a test user out of train
        gone = int(np.flatnonzero(np.diff(s.test.indptr))[0])
        keep = np.repeat(np.arange(s.n_users), np.diff(s.train.indptr)) != gone
        user, item = (side[keep].astype(np.int32) for side in s.train.nonzero())
        found = audit(data, with_parts(s, train=binary_csr(user, item, s.train.shape)))
    elif strategy in {"temporal", "leave-last-out"}:
        found = audit(data, with_parts(s, test=s.train, train=s.test))
    else:  # move half of the test pairs into train: their items or users are in both now
        user, item = (side.astype(np.int32) for side in s.test.nonzero())
        half = np.arange(len(user)) % 2 == 0
        moved, left = (binary_csr(user[h], item[h], s.test.shape) for h in (half, ~half))
        found = audit(data, with_parts(s, train=sp.csr_array(s.train + moved), test=left))
    finding = leak(found, "promises of the strategy")
    assert any(guard in finding.example for guard in STRATEGIES[strategy].guards)


def test_splits_without_a_strategy_promise_nothing(data, made):
    hand_made = replace(made, provenance={})
    assert state(audit(data, hand_made), "promises of the strategy") == "not applicable"


# --- the graph ------------------------------------------------------------------------------------------


def square(matrix: sp.csr_array) -> sp.csr_array:
    return sp.csr_array(sp.block_array([[None, matrix], [matrix.T, None]], format="csr"))


@pytest.mark.parametrize(
    "as_graph",
    [
        lambda m: m,
        lambda m: sp.coo_matrix(m),
        square,
        normalized_adjacency,
        lambda m: normalized_adjacency(m).to_sparse_coo(),
        lambda m: normalized_adjacency(m).to_dense(),
        lambda m: sp.csr_array(
            sp.block_array([[sp.eye_array(m.shape[0]), m], [None, sp.eye_array(m.shape[1])]])
        ),
        lambda m: sp.csr_array(
            sp.block_array([[sp.eye_array(m.shape[0]), None], [m.T, sp.eye_array(m.shape[1])]])
        ),
    ],
    ids=["rectangular", "coo", "square", "torch csr", "torch coo", "torch dense", "upper half", "lower half"],
)
def test_held_out_edges(data, made, as_graph):
    check = "held-out edges in the graph"
    assert state(audit(data, made, graph=as_graph(made.train)), check) == "passed"
    user, item = first_pairs(made.test, 5)
    finding = leak(
        audit(data, made, graph=as_graph(sp.csr_array(made.train + binary_csr(user, item, made.test.shape)))),
        check,
    )
    assert finding.count == 5
    assert finding.example == f"user '{data.user_ids[user[0]]}', item '{data.item_ids[item[0]]}' of test"
    assert leak(audit(data, made, graph=as_graph(made.history("train+valid"))), check).count == made.valid.nnz


def test_graphs_that_cannot_be_read(data, made):
    zeros = sp.csr_array(made.train + 0 * made.test)
    assert state(audit(data, made, graph=zeros), "held-out edges in the graph") == "passed"
    for graph, message in (
        (sp.csr_array((3, 4)), f"the graph is 3 × 4; give users × items \\(120 × {ITEMS}\\)"),
        ("edges.txt", "the graph is a str; give a scipy sparse matrix or a torch tensor"),
        (torch.zeros(3), "the graph has 1 dimensions; a matrix has two"),
    ):
        with pytest.raises(SemcompError, match=message):
            audit(data, made, graph=graph)


# --- the texts ------------------------------------------------------------------------------------------


def with_text(data: Dataset, row: int, text: str) -> Dataset:
    return replace(data, texts=(*data.texts[:row], text, *data.texts[row + 1 :]))


def renamed(data: Dataset, ids: list[str]) -> Dataset:
    """The same data with other names for the first users; ids stay ascending."""
    letters = "abcdefghijkl"
    others = [f"zz{a}{b}" for a in letters for b in letters][: data.n_users - len(ids)]
    names = sorted([*ids, *others])
    return replace(data, user_ids=np.array(names))


@pytest.mark.parametrize(
    "text",
    ["liked by {}", "by:{}!", "reviewer=({}),", "{}", "a\n{} b", "Review by <{}>"],
)
def test_text_that_names_its_user(data, text):
    user, item = int(data.user[0]), int(data.item[0])
    for name in ("A3SGXH7AUHU8GW", "740193852"):
        own = renamed(data, [name])
        told = with_text(own, item, text.format(name))
        assert own.user_ids[user] == name
        finding = leak(audit(told, split(told)), "text names its own user")
        assert finding.count == 1
        assert name in finding.example
        shouted = with_text(own, item, text.format(name.lower()))
        assert state(audit(shouted, split(shouted)), "text names its own user") == "leak"


def test_ids_with_punctuation_inside(data):
    own = renamed(data, ["Jo.hn_doe-9"])
    told = with_text(own, int(data.item[0]), "signed, jo.hn_doe-9.")
    assert state(audit(told, split(told)), "text names its own user") == "leak"


@pytest.mark.parametrize("name", ["5", "1999", "12345", "Shakespeare", "ps4"])
def test_ids_that_are_words_or_short_numbers_never_count(data, name):
    own = renamed(data, [name])
    told = with_text(own, int(data.item[0]), f"Toy Story {name}: the {name} edition")
    assert state(audit(told, split(told)), "text names its own user") == "not applicable"


def test_the_name_of_somebody_else_is_no_leak(data, made):
    item = 0
    strangers = np.setdiff1d(np.arange(data.n_users), data.user[data.item == item])
    told = with_text(data, item, f"like what {data.user_ids[strangers[0]]} bought")
    assert state(audit(told, split(told)), "text names its own user") == "passed"
    part = with_text(data, item, f"x{data.user_ids[data.user[data.item == item][0]]}x")  # inside another word
    assert state(audit(part, split(part)), "text names its own user") == "passed"


@pytest.mark.parametrize("part", ["valid", "test"])
@pytest.mark.parametrize("cut", [None, 80])
def test_text_that_carries_a_held_out_review(data, made, part, cut):
    user, item = (int(side[0]) for side in first_pairs(getattr(made, part), 1))
    row = int(np.flatnonzero((data.user == user) & (data.item == item))[0])
    review = data.interactions["review"][row]
    text = f"A fine thing. {review.upper().replace(' ', '  ')}"[:cut]
    told = with_text(data, item, text)
    finding = leak(audit(told, split(told, seed=3)), "text carries a held-out review")
    assert finding.count == 1
    assert finding.example == f"user '{data.user_ids[user]}', item '{data.item_ids[item]}'"


def test_reviews_that_may_stand_in_a_text(data, made):
    check = "text carries a held-out review"
    user, item = (int(side[0]) for side in first_pairs(made.train, 1))
    row = int(np.flatnonzero((data.user == user) & (data.item == item))[0])
    train_review = with_text(data, item, data.interactions["review"][row])
    assert state(audit(train_review, split(train_review, seed=3)), check) == "passed"
    user, item = (int(side[0]) for side in first_pairs(made.test, 1))
    row = int(np.flatnonzero((data.user == user) & (data.item == item))[0])
    elsewhere = with_text(data, (item + 1) % ITEMS, data.interactions["review"][row])
    assert state(audit(elsewhere, split(elsewhere, seed=3)), check) == "passed"


def test_reviews_are_joined_by_id(data, made):
    bare = replace(data, interactions=data.interactions.select("timestamp"))
    user, item = (int(side[0]) for side in first_pairs(made.test, 1))
    reviews = pl.DataFrame(
        {
            "user_id": ["nobody", str(data.user_ids[user]), str(data.user_ids[user])],
            "item_id": ["nothing", str(data.item_ids[item]), str(data.item_ids[item])],
            "review": ["unknown ids are passed over", None, "the best purchase of my whole life"],
        }
    )
    told = with_text(bare, item, "Customers say: The best  purchase of my whole life")
    found = audit(told, split(told, seed=3), reviews=reviews)
    assert leak(found, "text carries a held-out review").count == 1
    short = reviews.with_columns(review=pl.lit("great game"))
    told = with_text(bare, item, "a great game")
    assert (
        state(audit(told, split(told, seed=3), reviews=short), "text carries a held-out review")
        == "not applicable"
    )
    with pytest.raises(SemcompError, match="reviews have no column 'review'"):
        audit(bare, made, reviews=reviews.drop("review"))


# --- user vectors ---------------------------------------------------------------------------------------


POOLS = [
    ("test",),
    ("valid",),
    ("valid", "test"),
    ("train", "test"),
    ("train", "valid"),
    ("train", "valid", "test"),
]


@pytest.mark.parametrize("pool", POOLS, ids=" + ".join)
@pytest.mark.parametrize("rows", ["as they are", "unit"])
@pytest.mark.parametrize("scale", ["mean", "unit", "half precision"])
def test_user_vectors_pooled_over_held_out_items(data, made, pool, rows, scale):
    items = vectors(data)
    pooled = sum(getattr(made, part) for part in pool) @ (unit_rows(items) if rows == "unit" else items)
    users = pooled / np.maximum(1, np.asarray(sum(getattr(made, part) for part in pool).sum(axis=1))[:, None])
    users = users if scale == "mean" else unit_rows(users.astype(np.float32))
    users = users.astype(np.float16) if scale == "half precision" else users
    finding = leak(audit(data, made, view=View("pooled", users, items)), "user vectors over held-out items")
    held_out = sum(getattr(made, part) for part in pool if part != "train")
    assert finding.count == (np.diff(held_out.tocsr().indptr) > 0).sum()
    assert finding.example.endswith(f"pooled over {' + '.join(pool)}")


def test_pools_of_the_text_rows_are_seen_through_the_text(data, made):
    text = embedded(data)
    users = unit_rows(np.asarray((made.train + made.test) @ unit_rows(text.matrix)))
    other_items = np.random.default_rng(0).standard_normal(text.matrix.shape)
    view = View("mixed", users, other_items)
    assert state(audit(data, made, view=view), "user vectors over held-out items") == "passed"
    assert state(audit(data, made, view=view, text=text), "user vectors over held-out items") == "leak"


def test_single_users_count(data, made):
    items = vectors(data)
    users = np.asarray(made.train @ items)
    some = np.flatnonzero(np.diff(made.test.indptr))[:3]
    users[some] += (made.test @ items)[some]
    assert (
        leak(audit(data, made, view=View("v", users, items)), "user vectors over held-out items").count == 3
    )


def test_train_pools_that_held_out_items_hardly_move(data, made):
    """Item rows that all but agree, in half precision: other pools fit too, but none better than train."""
    items = vectors(data) + 1000
    users = unit_rows(np.asarray(made.train @ items)).astype(np.float16)
    near = unit_rows(np.asarray((made.train + made.test) @ items)) - users
    assert np.linalg.norm(near, axis=1).max() < 1e-3  # within what counts as a fit
    assert audit(data, made, view=View("half", users, items)).leaks == ()


def test_views_that_say_nothing_about_pools(data, made):
    check = "user vectors over held-out items"
    assert state(audit(data, made, view=Popularity().fit(made)), check) == "not applicable"
    same = np.ones((ITEMS, 8), np.float32)  # every pool has the same direction
    assert state(audit(data, made, view=View("same", np.ones((120, 8)), same)), check) == "passed"
    assert state(audit(data, made, view=View("none", np.zeros((120, 8)), same)), check) == "passed"
    with pytest.raises(SemcompError, match=f"the view has 7 user rows and {ITEMS} item rows"):
        audit(data, made, view=View("short", np.ones((7, 8)), same))


# --- the text matrix ------------------------------------------------------------------------------------


def test_rows_are_joined_by_id_not_by_place(data, made):
    order = np.random.default_rng(0).permutation(ITEMS)
    shuffled = TextMatrix(data.item_ids[order], vectors(data)[order])
    assert audit(data, made, text=shuffled).leaks == ()


def test_rows_of_other_items(data, made):
    ids = data.item_ids.copy()
    ids[3] = "stranger"
    finding = leak(audit(data, made, text=TextMatrix(ids, vectors(data))), "text rows joined by id")
    assert finding.count == 2
    assert finding.example == "item 'i0004', not in the text matrix"


def test_changed_rows_ids_or_texts_break_the_digests(data, made):
    whole = embedded(data)
    assert audit(data, made, text=whole).leaks == ()
    check = "text rows as embedded"
    two = np.arange(ITEMS)
    two[[5, 9]] = [9, 5]
    rows = TextMatrix(whole.item_ids, whole.matrix[two], whole.provenance)
    finding = leak(audit(data, made, text=rows), check)  # two rows exchanged: no statistic would notice
    assert finding.example == "the rows"
    ids = TextMatrix(whole.item_ids[two], whole.matrix, whole.provenance)
    assert leak(audit(data, made, text=ids), check).example == "the item ids or their order"
    other = with_text(data, 0, "quite another text")
    assert leak(audit(other, made, text=whole), check).example == "the item texts"
    without = TextMatrix(whole.item_ids, whole.matrix)
    assert state(audit(data, made, text=without), check) == "not applicable"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("slip", ["permuted", "one further", "one back"])
def test_rows_on_the_wrong_items_without_a_digest(seed, slip):
    data = observed(seed)
    s = split(data)
    rows = vectors(data)
    check = "text rows follow the texts"
    by = {"one further": 1, "one back": -1}
    wrong = (
        rows[np.random.default_rng(seed).permutation(ITEMS)]
        if slip == "permuted"
        else np.roll(rows, by[slip], axis=0)
    )
    assert leak(audit(data, s, text=TextMatrix(data.item_ids, wrong), seed=seed), check).count == ITEMS


def test_a_slip_among_similar_neighbours(made):
    """Neighbours are alike, so rows moved by one are still related to the texts, but less than in place."""
    data = observed()
    order = np.argsort([text.split()[0] for text in data.texts], kind="stable")
    data = replace(data, texts=tuple(data.texts[row] for row in order))
    moved = TextMatrix(data.item_ids, np.roll(vectors(data), 1, axis=0))
    found = audit(data, made, text=moved)
    assert "but rows moved by one place are" in next(o.why for o in found.outcomes if o.state == "leak")


def test_numeric_ids_slip_in_the_order_of_numbers(made):
    data = observed()
    numbers = np.arange(ITEMS)
    order = np.argsort(numbers.astype(str))  # rows go by the id as a string: 0, 1, 10, 100, …
    data = replace(data, item_ids=numbers.astype(str)[order])
    rows = vectors(data)
    wrong = np.empty_like(rows)
    wrong[np.argsort(order)] = np.roll(rows[np.argsort(order)], 1, axis=0)  # off by one in the numeric order
    s = split(data)
    assert audit(data, s, text=TextMatrix(data.item_ids, rows)).leaks == ()
    found = audit(data, s, text=TextMatrix(data.item_ids, wrong))
    assert "but rows moved by one place are" in next(o.why for o in found.outcomes if o.state == "leak")


def test_texts_that_tell_too_little_to_judge_rows(made):
    data = replace(observed(), texts=tuple(f"planted item {i}" for i in range(ITEMS)))
    rows = np.random.default_rng(0).standard_normal((ITEMS, 8))
    assert (
        state(audit(data, made, text=TextMatrix(data.item_ids, rows)), "text rows follow the texts")
        == "not applicable"
    )


def test_rows_that_are_all_alike(data, made):
    text = TextMatrix(data.item_ids, np.ones((ITEMS, 8)))
    assert state(audit(data, made, text=text), "text rows follow the texts") == "leak"


def test_equal_texts_with_different_rows_are_reported(data, made):
    twin = with_text(data, 7, data.texts[3])
    rows = vectors(twin)
    found = audit(twin, split(twin), text=TextMatrix(twin.item_ids, rows))
    finding = next(f for f in found.findings if f.check == "text rows follow the texts")
    assert (finding.severity, finding.count) == ("report", 1)
    rows[7] = 2 * rows[3]
    found = audit(twin, split(twin), text=TextMatrix(twin.item_ids, rows))
    assert state(found, "text rows follow the texts") == "passed"


# --- near-duplicates ------------------------------------------------------------------------------------


@pytest.mark.parametrize("memory", [256 << 20, 1])
def test_near_duplicates_of_cold_items(data, memory):
    s = split(data, "cold-items", 1)
    cold, other_cold = np.flatnonzero(np.asarray(s.test.sum(axis=0)))[:2]
    trained = np.flatnonzero(np.asarray(s.train.sum(axis=0)))[0]
    base = "The Complete Adventures of Sherlock Holmes and Doctor Watson, illustrated"
    texts = np.array(
        [f"{w} " * 3 for w in np.random.default_rng(0).permutation(10 * 10**6)[:ITEMS]], dtype=object
    )
    texts[trained], texts[cold], texts[other_cold] = (
        base,
        base.upper().replace(" ", "  "),
        base.replace("Doctor", "Dr"),
    )
    doubled = replace(data, texts=tuple(texts.tolist()))
    found = audit(doubled, split(doubled, "cold-items", 1), memory=memory)
    assert found.leaks == ()
    (finding,) = found.findings
    assert (finding.check, finding.severity, finding.count) == ("near-duplicates of cold items", "report", 2)
    assert f"'{data.item_ids[trained]}'" in finding.example
    assert "1 of them with an equal text" in str(found)


def test_no_near_duplicates(data):
    rng = np.random.default_rng(0)
    texts = tuple("".join(chr(97 + c) for c in rng.integers(0, 26, 40)) for _ in range(ITEMS))
    lonely = replace(data, texts=texts)
    found = audit(lonely, split(lonely, "cold-items", 1))
    assert state(found, "near-duplicates of cold items") == "passed"
    silent = replace(data, texts=("",) * ITEMS)
    assert (
        state(audit(silent, split(silent, "cold-items", 1)), "near-duplicates of cold items")
        == "not applicable"
    )


def test_a_small_memory_gives_the_same_answer(data, made):
    text = embedded(data)
    user, item = first_pairs(made.test, 5)
    told = with_text(data, int(item[0]), f"by {data.user_ids[user[0]]}")
    view = View("leaky", np.asarray(made.history("train+valid") @ text.matrix), text.matrix)
    one, other = (audit(told, split(told, seed=3), text=text, view=view, memory=m) for m in (1, 256 << 20))
    assert one == other
    assert len(one.leaks) == 3


def test_single_checks_can_be_asked_for():
    data = World(users=20, items=40, dim=2, activity=8.0).dataset()
    found = audit(data, split(data), checks=("pairs of the data", "pairs in two parts"))
    assert [outcome.check for outcome in found.outcomes] == ["pairs in two parts", "pairs of the data"]
    with pytest.raises(SemcompError, match="unknown check 'pears in two parts'; did you mean 'pairs in two"):
        audit(data, split(data), checks=("pears in two parts",))
