"""Check of how new cold items really are: texts that stand in train under another id."""

from __future__ import annotations

import numpy as np
import polars as pl

from semcomp.data.audits.findings import Case, Result, found, not_applicable, passed
from semcomp.data.audits.texts import evened
from semcomp.progress import progress_bar

CHARACTERS = 300  # of a text that are compared: titles come first, and the vectors stay small
NEAR = 0.9  # cosine of character trigrams from which two texts count as nearly the same
BYTES_AN_ENTRY = 12  # of a sparse product: a float, an index and room for the sum


def near_duplicates_of_cold_items(case: Case) -> Result:
    """How many held-out items without a train pair have a near-duplicate among the train items. A report.

    Texts are compared with case and white space evened out, 300 characters of them: equal, or with a TF-IDF
    cosine of character trigrams of at least 0.9. Duplicates are no fault of the split, but a score on them
    says nothing about new items.
    """
    data = case.data
    trained = np.unique(case.keys["train"] % data.n_items)
    cold = np.setdiff1d(case.held_out % data.n_items, trained)
    if len(cold) == 0:
        return not_applicable("every held-out item stands in train too")
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


def _closest(cold: list[str], trained: list[str], case: Case) -> tuple[np.ndarray, np.ndarray]:
    """(C,) the highest cosine of each cold text with a train text, and which one that is."""
    from sklearn.feature_extraction.text import TfidfVectorizer  # slow to import, and only needed here

    vectors = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), dtype=np.float32).fit_transform(
        cold + trained
    )
    one, other = vectors[: len(cold)], vectors[len(cold) :].T.tocsr()
    step = max(1, case.memory // (BYTES_AN_ENTRY * len(trained)))
    closest, twin = np.zeros(len(cold), np.float32), np.zeros(len(cold), np.int64)
    with progress_bar(len(cold), "near-duplicates", "item", wanted=case.progress) as bar:
        for start in range(0, len(cold), step):
            product = (one[start : start + step] @ other).tocsr()
            rows = slice(start, start + product.shape[0])
            closest[rows] = product.max(axis=1).toarray().ravel()
            twin[rows] = np.asarray(product.argmax(axis=1)).ravel()
            bar.update(product.shape[0])
    return closest, twin
