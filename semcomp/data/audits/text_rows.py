"""Checks of whether the rows of a text matrix belong to the items whose text they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from semcomp.data.audits.findings import Case, Floats, Outcome, TextRows, found, not_applicable, passed
from semcomp.data.item_text import text_digest
from semcomp.storage import digest

ITEMS = 800  # sampled for the relation of rows and texts; their similarities fit in a few megabytes
ENOUGH = 100  # items that share words with others: with fewer, true rows may stay below Z by chance
CHARACTERS = 300  # of a text that are compared
PERMUTATIONS = 200
Z = 3.0  # standard deviations: a permuted matrix passes once in 700, a true one lies far above
SAME = 0.05  # distance of unit rows that an encoder's rounding may put between equal texts


def rows_joined_by_id(case: Case) -> Outcome:
    """The text matrix has a row for every item of the data and for no other, and each id once."""
    if case.text is None:
        return not_applicable("no text matrix given")
    wrong = unmatched(case.text, case)
    if not wrong:
        return passed(f"{case.data.n_items:,} rows, one per item, joined by id")
    return found(
        "leak",
        len(wrong),
        wrong[0],
        "embed the data set that is audited",
        f"{len(wrong):,} item ids do not match between text matrix and data",
    )


def unmatched(text: TextRows, case: Case) -> list[str]:
    """Ids that one side has and the other lacks, or that the matrix has twice, in words."""
    ids, times = np.unique(text.item_ids, return_counts=True)
    wrong = [f"item {str(name)!r}, twice in the text matrix" for name in ids[times > 1]]
    wrong += [f"item {str(n)!r}, not in the text matrix" for n in np.setdiff1d(case.data.item_ids, ids)]
    wrong += [f"item {str(n)!r}, not in the data" for n in np.setdiff1d(ids, case.data.item_ids)]
    if len(text.matrix) != len(text.item_ids):
        wrong.append(f"{len(text.matrix)} rows for {len(text.item_ids)} ids")
    return wrong


def rows_as_embedded(case: Case) -> Outcome:
    """Rows, ids and texts are those that the matrix was made of: its digests, computed again, agree.

    The provenance of an embedding carries "sha256" of the rows, "ids" of the item ids in their order and
    "texts" of the sorted (id, text) pairs. Rows or ids that were permuted afterwards, or other texts, change
    one of them.
    """
    if case.text is None:
        return not_applicable("no text matrix given")
    text, data = case.text, case.data
    now: dict[str, tuple[str, Callable[[], str]]] = {
        "the rows": ("sha256", lambda: digest(np.asarray(text.matrix))),
        "the item ids or their order": ("ids", lambda: digest(text.item_ids.tolist())),
        "the item texts": ("texts", lambda: text_digest(data.item_ids.tolist(), data.texts)),
    }
    kept = {label: key for label, (key, _) in now.items() if key in text.provenance}
    if not kept:
        return not_applicable("the text matrix carries no digests")
    changed = [label for label, key in kept.items() if now[label][1]() != text.provenance[key]]
    if not changed:
        return passed(f"digests agree: {', '.join(kept)}")
    return found(
        "leak",
        len(changed),
        changed[0],
        "embed the data set again",
        f"{' and '.join(changed)} are not those that were embedded",
    )


def rows_follow_texts(case: Case) -> Outcome:
    """Items whose texts share words have similar rows: more than chance, and more than one row further on.

    For a matrix that came with an id column the digests prove nothing about how it was made. So the cosine
    of the rows is correlated with the TF-IDF cosine of the words, over all pairs of at most 800 sampled
    items, and compared with 200 random permutations of the rows (a Mantel test, Mantel 1967). A leak is found
    where the correlation is less than 3 standard deviations above that of the permutations, or where moving
    every row by one place (in the order of the matrix, or of numeric ids) fits better by that much. Sentence
    encoders reach tens of standard deviations on a few hundred titles, a permuted matrix exceeds 3 once in
    700. Vectors that owe nothing to the words, of pictures say, fail as well: they are not item text. Not
    caught: a few rows exchanged.

    Equal texts with different rows are reported: either the rows were made of more than the text, or they are
    misplaced.
    """
    if case.text is None:
        return not_applicable("no text matrix given")
    if unmatched(case.text, case):
        return not_applicable("the ids do not match, see above")
    rows = in_data_order(case.text, case)
    relation = _mantel(case, case.text, rows)
    return relation if relation.count else _equal_texts_differ(case, rows) or relation


def _mantel(case: Case, text: TextRows, rows: Floats) -> Outcome:
    rng = np.random.default_rng(case.seed)
    sample, words = _sample(case, rng)
    if len(sample) < ENOUGH:
        return not_applicable(f"{len(sample)} sampled items share words with others; {ENOUGH} are needed")
    texts, similar = _centred(words), _centred(_cosines(rows[sample]))
    if not similar.any():
        return found(
            "leak",
            case.data.n_items,
            f"item {case.item(0)}",
            "embed the texts again",
            "all rows point in the same direction, whatever the text",
        )
    if not texts.any():
        return not_applicable("the sampled texts are all equally similar to each other")
    here = np.vdot(texts, similar)
    orders = (rng.permutation(len(sample)) for _ in range(PERMUTATIONS))
    shuffled = np.array([np.vdot(texts, similar[np.ix_(order, order)]) for order in orders])
    spread = float(shuffled.std())
    z = (float(here) - float(shuffled.mean())) / spread
    moved = (rows[to[sample]] for order in _orders(case, text) for to in _neighbours(order))
    best = max(np.vdot(texts, _centred(_cosines(near))) for near in moved)
    slipped = bool(best - here > Z * spread)
    if z < Z or slipped:
        return found(
            "leak",
            case.data.n_items,
            f"item {case.item(int(sample[0]))}",
            "join the matrix by id again, or embed the texts again",
            f"rows and words of {len(sample)} items are hardly related (z = {z:.1f})"
            + (", but rows moved by one place are" if slipped else ""),
        )
    return passed(f"rows and words of {len(sample)} items are related, z = {z:.0f}")


def _sample(case: Case, rng: np.random.Generator) -> tuple[NDArray[np.int64], Floats]:
    """Item rows whose text shares a word with another sampled one, and the TF-IDF cosines of their words.

    Words in more than half of the sample say nothing and are omitted.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # slow to import, and only needed here

    chosen = np.sort(rng.permutation(case.data.n_items)[:ITEMS])
    texts = [case.data.texts[row][:CHARACTERS] for row in chosen]
    try:
        vectors = TfidfVectorizer(min_df=2, max_df=0.5, dtype=np.float32).fit_transform(texts)
    except ValueError:  # no word is in at least two texts and at most half of them
        return chosen[:0], np.zeros((0, 0), dtype=np.float32)
    some = np.diff(vectors.indptr) > 0
    kept = vectors[np.flatnonzero(some)]
    return chosen[some], np.asarray((kept @ kept.T).toarray(), dtype=np.float32)


def _cosines(rows: Floats) -> Floats:
    directions = unit(rows)
    return np.asarray(directions @ directions.T)


def _centred(similar: Floats) -> Floats:
    """Mean 0 and norm 1 off the diagonal, 0 on it; all 0 where the entries are constant up to rounding.

    The inner product of two such matrices is the correlation of their entries off the diagonal.
    """
    off = ~np.eye(len(similar), dtype=bool)
    centred = np.where(off, similar - similar[off].mean(dtype=np.float64), 0)
    norm = float(np.linalg.norm(centred))
    return np.asarray(centred / norm if norm > SAME**2 else 0 * centred, dtype=np.float32)


def _orders(case: Case, text: TextRows) -> list[NDArray[np.int64]]:
    """Item rows in the order of the matrix, and in the order of ids as numbers where all are numbers."""
    orders = [np.argsort(_places(text, case), kind="stable")]
    ids = case.data.item_ids
    if bool(np.char.isdecimal(ids).all()):
        orders.append(np.lexsort((ids, np.char.str_len(ids))))
    return orders


def _neighbours(order: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """For each item row, the next one in the order, and the one before (cyclically)."""
    for by in (-1, 1):
        to = np.empty_like(order)
        to[order] = np.roll(order, by)
        yield to


def _places(text: TextRows, case: Case) -> NDArray[np.int64]:
    """The row of the matrix for each item of the data; the ids match."""
    order = np.argsort(text.item_ids, kind="stable")
    return np.asarray(order[np.searchsorted(text.item_ids[order], case.data.item_ids)])


def in_data_order(text: TextRows, case: Case) -> Floats:
    """The rows of the matrix in the order of the items of the data; the ids match."""
    return np.asarray(text.matrix)[_places(text, case)]


def _equal_texts_differ(case: Case, rows: Floats) -> Outcome | None:
    """A report where items have equal texts and different rows."""
    frame = pl.DataFrame({"item": np.arange(case.data.n_items), "text": case.data.texts})
    first = pl.col("item").min().over("text")
    same = frame.with_columns(first=first).filter(pl.col("item") != pl.col("first"), pl.col("text") != "")
    item, twin = same["item"].to_numpy(), same["first"].to_numpy()
    differ = np.linalg.norm(unit(rows[item]) - unit(rows[twin]), axis=1) > SAME
    if not differ.any():
        return None
    at = int(differ.argmax())
    return found(
        "report",
        int(differ.sum()),
        f"items {case.item(int(twin[at]))} and {case.item(int(item[at]))}",
        "make sure that the rows were made of more than these texts",
        f"{int(differ.sum()):,} of {len(item):,} items have the text of another one and a different row",
    )


def unit(rows: Floats) -> Floats:
    """Rows divided by their norm; zero rows stay zero."""
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)
