"""Checks of what item texts give away: names of users, held-out reviews, cold items that train knows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from semcomp.data.audits.findings import Case, Floats, Keys, Outcome, found, not_applicable, passed
from semcomp.progress import progress_bar

CHARACTERS = 300  # of a text that are compared: titles come first, and the vectors stay small
NEAR = 0.9  # cosine of character trigrams from which two texts count as nearly the same
BYTES_PER_ENTRY = 12  # of a sparse product: a float, an index and room for the sum
SHORTEST, PREFIX = 30, 60  # characters of a review: fewer are too common to tell, more are not compared
BYTES_PER_CHARACTER = 32  # what a character costs while a text is cut into words, lists and offsets included


def names_its_user(case: Case) -> Outcome:
    """No item text contains the id of one of the item's own users as a word.

    Only ids that cannot pass for an ordinary word or number are looked for: five characters or more with both
    letters and digits, or six digits or more. Ids of letters alone and short numbers never count, so a user
    "5" is not found in "Toy Story 5", and neither is "shakespeare". What remains is the chance that a product
    code in a text equals the id of somebody who bought it. Case does not matter.
    """
    ids = pl.DataFrame(
        {"user": np.arange(case.data.n_users), "word": case.data.user_ids.tolist()}
    ).with_columns(pl.col("word").str.to_lowercase())
    word = pl.col("word")
    letters, digits = word.str.contains(r"\p{L}"), word.str.contains(r"\p{N}")
    distinct = ids.filter(
        (letters & digits & (word.str.len_chars() >= 5)) | word.str.contains(r"^\p{N}{6,}$")
    )
    if distinct.height == 0:
        return not_applicable("all user ids look like ordinary words or short numbers")
    observed, hits = case.observed, []
    for words in _words(case):
        named = words.join(distinct, on="word")
        keys = (named["user"].cast(pl.Int64) * case.data.n_items + named["item"].cast(pl.Int64)).to_numpy()
        hits.append(np.intersect1d(keys, observed))
    own: Keys = np.unique(np.concatenate(hits))
    looked = f"{distinct.height:,} of {case.data.n_users:,} user ids can be told from words"
    if not len(own):
        return passed(f"{looked}; none is in a text of its own items")
    held_out = int(np.isin(own, case.held_out).sum())
    return found(
        "leak",
        len(own),
        case.data.named_pair(own[0]),
        "take user ids out of the item texts",
        f"{len(own):,} texts name a user of their item, {held_out:,} of them a held-out one; {looked}",
    )


def _words(case: Case) -> Iterator[pl.DataFrame]:
    """Distinct (item, word) of the texts, block by block.

    A word is a run of letters and digits, or all that stands between white space without the punctuation
    around it, since ids may have some inside.
    """
    lengths = np.array([len(text) for text in case.data.texts], dtype=np.int64)
    block = np.cumsum(lengths) // max(1, case.memory // BYTES_PER_CHARACTER)
    frame = pl.DataFrame({"item": np.arange(case.data.n_items), "text": case.data.texts, "block": block})
    for _, part in frame.group_by("block", maintain_order=True):
        text = pl.col("text").str.to_lowercase()
        for words in (text.str.extract_all(r"[\p{L}\p{N}]+"), text.str.extract_all(r"\S+")):
            cut = part.select("item", words.alias("word")).explode("word")
            yield cut.with_columns(
                pl.col("word").str.replace(r"^[^\p{L}\p{N}]+", "").str.replace(r"[^\p{L}\p{N}]+$", "")
            ).unique()


def carries_held_out_review(case: Case) -> Outcome:
    """No item text contains the review of a validation or test pair of that item.

    Compared is the beginning of a review, 60 characters of it, with case and white space evened out: a text
    that was truncated still shows it. Reviews shorter than 30 characters ("great game") are too common to
    tell anything and are not looked at; a text that quotes only the middle of a review is not caught.
    """
    if case.reviews is None:
        return not_applicable("no reviews given; keep the column 'review' at loading, or pass reviews=")
    data = case.data
    users = pl.DataFrame({"user_id": data.user_ids.tolist(), "user": np.arange(data.n_users)})
    items = pl.DataFrame({"item_id": data.item_ids.tolist(), "item": np.arange(data.n_items)})
    reviews = (
        case.reviews.select(pl.col("user_id", "item_id", "review").cast(pl.String))
        .with_columns(evened(pl.col("review").fill_null("")))
        .filter(pl.col("review").str.len_chars() >= SHORTEST)
        .join(users, on="user_id")
        .join(items, on="item_id")
        .select(
            key=pl.col("user").cast(pl.Int64) * data.n_items + pl.col("item"),
            item="item",
            review=pl.col("review").str.head(PREFIX).str.strip_chars(),
        )
    )
    reviews = reviews.filter(np.isin(reviews["key"].to_numpy(), case.held_out))
    if reviews.height == 0:
        return not_applicable(f"no held-out pair has a review of {SHORTEST} characters or more")
    texts = pl.DataFrame({"item": np.arange(data.n_items), "text": data.texts}).select(
        "item", evened(pl.col("text"))
    )
    mean = max(1.0, float(np.mean([len(text) for text in data.texts])))
    step = max(1, int(case.memory // (4 * mean)))
    carried: list[int] = []
    for start in range(0, reviews.height, step):
        block = reviews.slice(start, step).join(texts, on="item")
        carried += block.filter(pl.col("text").str.contains(pl.col("review"), literal=True))["key"].to_list()
    keys = np.unique(np.array(carried, dtype=np.int64))
    if not len(keys):
        return passed(f"{reviews.height:,} held-out reviews, none in the text of its item")
    return found(
        "leak",
        len(keys),
        case.data.named_pair(keys[0]),
        "make item texts without reviews, or from the reviews of train pairs only",
        f"the reviews of {len(keys):,} held-out pairs are in the texts of their items",
    )


def evened(text: pl.Expr) -> pl.Expr:
    """Lower case, runs of white space as one space, none at the ends."""
    return text.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars()


def near_duplicates_of_cold_items(case: Case) -> Outcome:
    """How many held-out items without a train pair have a near-duplicate among the train items. A report.

    Texts are compared with case and white space evened out, 300 characters of them: equal, or with a TF-IDF
    cosine of character trigrams of at least 0.9. Duplicates are not a fault of the split, but a score on them
    says nothing about new items.
    """
    data = case.data
    trained = np.unique(case.keys["train"] % data.n_items)
    cold = np.setdiff1d(case.held_out % data.n_items, trained)
    if len(cold) == 0:
        return not_applicable("every held-out item is in train too")
    texts = pl.DataFrame({"text": data.texts}).select(evened(pl.col("text").str.head(CHARACTERS)))["text"]
    filled = (texts != "").to_numpy()
    cold, trained = cold[filled[cold]], trained[filled[trained]]
    if len(cold) == 0 or len(trained) == 0:
        return not_applicable("the items to compare have no text")
    equal = texts.gather(cold).is_in(texts.gather(trained).implode()).to_numpy()
    closest, twin = _closest(texts.gather(cold).to_list(), texts.gather(trained).to_list(), case)
    near = equal | (closest >= NEAR)
    if not near.any():
        return passed(f"{len(cold):,} cold items, none nearly equal in text to a train item")
    best = int(np.argmax(np.where(near, closest, -1)))
    return found(
        "report",
        int(near.sum()),
        f"{case.item(int(cold[best]))} and, in train, {case.item(int(trained[twin[best]]))}",
        "drop or merge duplicates before splitting, or report scores without them",
        f"{int(near.sum()):,} of {len(cold):,} cold items have a near-duplicate in train, "
        f"{int(equal.sum()):,} of them with an equal text",
    )


def _closest(cold: list[str], trained: list[str], case: Case) -> tuple[Floats, Keys]:
    """(C,) the highest cosine of each cold text with a train text, and which one that is."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # slow to import, and only needed here

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32).fit_transform(
        cold + trained
    )
    one, other = vectors[: len(cold)], vectors[len(cold) :].T.tocsr()
    step = max(1, case.memory // (BYTES_PER_ENTRY * len(trained)))
    closest, twin = np.zeros(len(cold), np.float32), np.zeros(len(cold), np.int64)
    with progress_bar(len(cold), "near-duplicates", "item", wanted=case.progress) as bar:
        for start in range(0, len(cold), step):
            product = (one[start : start + step] @ other).tocsr()
            rows = slice(start, start + product.shape[0])
            closest[rows] = product.max(axis=1).toarray().ravel()
            twin[rows] = np.asarray(product.argmax(axis=1)).ravel()
            bar.update(product.shape[0])
    return closest, twin
