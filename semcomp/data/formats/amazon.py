"""Amazon product data of 2014, 2018 and 2023: reviews or ratings, and the metadata of the products."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from semcomp.data.formats.delimited import Delimited
from semcomp.data.formats.html import JOIN, joined, plain_list, plain_text, plain_title
from semcomp.data.formats.objects import TEXT, TEXTS, JsonLines, LiteralLines
from semcomp.data.formats.place import Layout, Place, Sample
from semcomp.data.tables import FileKind, Table, Tables, standard_table
from semcomp.errors import SemcompError

PATHS = pl.List(TEXTS)
MILLISECONDS = 1e11  # stamps above are not seconds: as seconds they lie beyond the year 5000
SPLIT = (".train.csv", ".valid.csv", ".test.csv")

ASIN = re.compile(r"[A-Z0-9]{10}")
PRODUCT = re.compile(r"[B0-9][A-Z0-9]{9}")  # an ASIN that no reviewer's id looks like
REVIEWER = re.compile(r"A[A-Z0-9]{10,}")  # a reviewer's id that no ASIN looks like


@dataclass(frozen=True)
class Edition:
    """What the files of one year's release look like.

    Attributes:
        order: the columns of its ratings-only csv, which has no header (2014 and 2018 differ).
        reviews: keys of its reviews that are read, with their standard names.
        metadata: keys of its metadata that are read, with standard names and types.
        marks: keys that its reviews have and those of other editions do not.
        meta_marks: keys of its metadata; all must occur.
    """

    title: str
    order: tuple[str, ...]
    reviews: Mapping[str, str]
    metadata: Mapping[str, tuple[str, pl.DataType]]
    marks: frozenset[str]
    meta_marks: frozenset[str]


OLD_REVIEWS = {
    "reviewerID": "user_id",
    "asin": "item_id",
    "overall": "rating",
    "unixReviewTime": "timestamp",
    "reviewText": "review",
}
USER_FIRST = ("user_id", "item_id", "rating", "timestamp")
ITEM_FIRST = ("item_id", "user_id", "rating", "timestamp")

EDITIONS = {
    "amazon-2014": Edition(
        "Amazon product data 2014",
        USER_FIRST,
        OLD_REVIEWS,
        {
            "asin": ("item_id", TEXT),
            "title": ("title", TEXT),
            "brand": ("brand", TEXT),
            "categories": ("categories", TEXTS),
            "description": ("description", TEXT),
            "price": ("price", TEXT),
        },
        frozenset({"reviewerID", "asin", "helpful"}),
        frozenset({"asin", "categories"}),
    ),
    "amazon-2018": Edition(
        "Amazon review data 2018",
        ITEM_FIRST,
        OLD_REVIEWS,
        {
            "asin": ("item_id", TEXT),
            "title": ("title", TEXT),
            "brand": ("brand", TEXT),
            "category": ("categories", TEXTS),
            "description": ("description", TEXTS),
            "feature": ("features", TEXTS),
            "main_cat": ("main_category", TEXT),
            "price": ("price", TEXT),
        },
        frozenset({"reviewerID", "asin", "verified"}),
        frozenset({"asin", "category"}),
    ),
    "amazon-2023": Edition(
        "Amazon Reviews 2023",
        USER_FIRST,
        {
            "user_id": "user_id",
            "parent_asin": "item_id",
            "rating": "rating",
            "timestamp": "timestamp",
            "text": "review",
        },
        {
            "parent_asin": ("item_id", TEXT),
            "title": ("title", TEXT),
            "store": ("brand", TEXT),
            "categories": ("categories", TEXTS),
            "description": ("description", TEXTS),
            "features": ("features", TEXTS),
            "main_category": ("main_category", TEXT),
            "price": ("price", TEXT),
        },
        frozenset({"user_id", "parent_asin", "timestamp"}),
        frozenset({"parent_asin", "main_category"}),
    ),
}


def open_edition(name: str, place: Place, chosen: Mapping[str, str]) -> Tables | None:
    """Reviews (JSON lines) or ratings (csv), and the metadata if it is there; each also packed with gzip.

    Time stamps become seconds. Of the reviews only the columns with standard names are read, `review` is
    the text. Items: `title`, `brand` (2023: the store), `categories` and `features` (lists), `description`,
    `main_category`, `price`; entities, tags and pieces of script are removed from the texts. A product that
    the metadata lists twice (2018 does) counts as first listed. The item of 2023 is the `parent_asin`.

    The ratings-only csv of 2014 starts with the user, that of 2018 with the item; which it is is judged by
    what the ids look like. The official csv files of 2023 have a header; train, valid and test of a
    published split are joined.
    """
    edition = EDITIONS[name]
    interactions = _reviews(edition, place, chosen) or _ratings(name, place, chosen)
    if interactions is None:
        return None
    items = place.items_table(
        lambda sample: _is_metadata(edition, sample),
        lambda sample: _metadata(edition, sample, chosen),
        chosen,
    )
    return Tables(edition.title, interactions, items)


def _reviews(edition: Edition, place: Place, chosen: Mapping[str, str]) -> Table | None:
    def is_review(sample: Sample) -> bool:
        marks = edition.marks if not place.forced else edition.marks - {"helpful", "verified"}
        return sample.kind == "json" and marks <= sample.keys

    sample = place.one("reviews", is_review)
    if sample is None:
        return None
    wanted = [*edition.reviews, *(name for name in chosen.values() if name not in edition.reviews)]
    unseen = [key for key in dict.fromkeys(wanted) if key not in sample.keys]
    late = JsonLines.occurring(sample.path, [_as_key(key) for key in unseen])
    absent = {key for key, found in zip(unseen, late, strict=True) if not found}
    kind = JsonLines.of(sample.path, {key: TEXT for key in wanted if key not in absent})
    return standard_table(
        kind, (sample.path,), "interactions", chosen, also=edition.reviews, only=True, shape=_in_seconds
    )


def _as_key(name: str) -> str:
    """The pattern of a key and what follows it up to its value."""
    return rf'"{re.escape(name)}"\s*:\s*'


def _ratings(name: str, place: Place, chosen: Mapping[str, str]) -> Table | None:
    """The table of a ratings-only csv, or None where there is none of this edition."""
    if name == "amazon-2023" and (found := _benchmark(place)):
        kinds = [Delimited.of(sample.path, quotes=sample.quotes) for sample in found]
        files = [sample.path for sample in found]
        if any(kind != kinds[0] for kind in kinds):
            names = ", ".join(path.name for path in files)
            raise SemcompError(f"{place.given}: {names} differ in their headers; give all parts the same one")
        also = EDITIONS[name].reviews
        return standard_table(kinds[0], files, "interactions", chosen, also=also, shape=_in_seconds)
    sample = place.one("ratings", _is_bare_ratings)
    if sample is None:
        return None
    order, stamps = id_order(sample), [float(line.split(",")[3]) for line in sample.lines]
    late = sorted(stamps)[len(stamps) // 2] > MILLISECONDS
    if order is None and not place.forced:
        raise SemcompError(
            f"{sample.path} has no header, and its first {len(sample.lines)} lines do not tell whether users "
            "or items stand first; say format=amazon-2014 (user first) or format=amazon-2018 (item first)"
        )
    order = order or EDITIONS[name].order
    if order != EDITIONS[name].order or late != (name == "amazon-2023"):
        return None
    kind = Delimited(order, quotes="text", header=False)
    return standard_table(kind, (sample.path,), "interactions", chosen, shape=_in_seconds)


def id_order(sample: Sample) -> tuple[str, ...] | None:
    """USER_FIRST or ITEM_FIRST for a csv without a header, by the ids on its first lines; None if undecided.

    A line counts where one id is a product's for sure (10 characters, first B or a digit) and the other a
    reviewer's (A and more than 10 characters), and nine in ten of those must agree.
    """
    pairs = [line.split(",")[:2] for line in sample.lines]
    user_first = sum(bool(REVIEWER.fullmatch(a) and PRODUCT.fullmatch(b)) for a, b in pairs)
    item_first = sum(bool(PRODUCT.fullmatch(a) and REVIEWER.fullmatch(b)) for a, b in pairs)
    if max(user_first, item_first) < 0.9 * (user_first + item_first) or user_first == item_first:
        return None
    return USER_FIRST if user_first > item_first else ITEM_FIRST


def _is_bare_ratings(sample: Sample) -> bool:
    """Whether every line is two ids, at least one of which could be an ASIN, a rating and a time stamp."""
    if sample.kind != "text":
        return False
    rows = [line.split(",") for line in sample.lines]
    return all(
        len(row) == 4
        and (ASIN.fullmatch(row[0]) or ASIN.fullmatch(row[1]))
        and re.fullmatch(r"[0-5](\.\d)?", row[2])
        and row[3].isdigit()
        for row in rows
    )


def _benchmark(place: Place) -> tuple[Sample, ...]:
    """The official csv files with a header: one, or the three of a split."""

    def is_benchmark(sample: Sample) -> bool:
        return sample.kind == "text" and {"user_id", "parent_asin", "rating"} <= set(sample.first(","))

    found = [sample for sample in place.samples if is_benchmark(sample)]
    bare = [re.sub(r"\.gz$", "", sample.path.name) for sample in found]
    if len(found) > 1 and sorted(bare) != sorted(_stem(bare[0]) + part for part in SPLIT):
        place.one("ratings", is_benchmark)
    return tuple(found)


def _stem(name: str) -> str:
    return next((name.removesuffix(part) for part in SPLIT if name.endswith(part)), name)


def _is_metadata(edition: Edition, sample: Sample) -> bool:
    users = {"reviewerID", "user_id"}
    return (
        sample.kind in ("json", "literal") and edition.meta_marks <= sample.keys and not users & sample.keys
    )


def _metadata(edition: Edition, sample: Sample, chosen: Mapping[str, str]) -> Table:
    schema = {key: dtype for key, (_, dtype) in edition.metadata.items()}
    kind: FileKind
    if sample.kind == "literal":
        kind = LiteralLines(tuple(schema.items()))
    else:
        paths = [_as_key("categories") + r"\[\s*\["] if "categories" in schema else []
        schema |= {"categories": PATHS} if any(JsonLines.occurring(sample.path, paths)) else {}
        kind = JsonLines.of(sample.path, schema)
    also = {key: standard for key, (standard, _) in edition.metadata.items()}
    table = standard_table(kind, (sample.path,), "items", chosen, also=also, by_row=False)
    frame = table.frame.rename({k: also[k] for k in table.frame.collect_schema() if k in also})
    return replace(table, frame=_cleaned(frame).unique("item_id", keep="first", maintain_order=True))


def _cleaned(frame: pl.LazyFrame) -> pl.LazyFrame:
    schema = frame.collect_schema()
    for name in ("categories", "features"):
        if name in schema:
            flat = (
                frame.with_columns(pl.col(name).list.eval(pl.element().explode()))
                if schema[name] == PATHS
                else frame
            )
            frame = flat.with_columns(joined(name, JOIN)).with_columns(plain_list(name))
    if schema.get("description") == TEXTS:
        frame = frame.with_columns(joined("description", " "))
    texts = [plain_text(name) for name in ("brand", "description", "main_category") if name in schema]
    return frame.with_columns(*texts, *([plain_title("title")] if "title" in schema else []))


def _in_seconds(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Time stamps as Float64 seconds, from seconds or milliseconds."""
    if "timestamp" not in frame.collect_schema():
        return frame
    stamp = pl.col("timestamp").cast(pl.Float64)
    return frame.with_columns(
        pl.when(stamp > MILLISECONDS).then(stamp / 1000).otherwise(stamp).alias("timestamp")
    )


def _layout(name: str, wants: str) -> Layout:
    opened: Callable[[Place, Mapping[str, str]], Tables | None] = partial(open_edition, name)
    return Layout(EDITIONS[name].title, wants, opened)


LAYOUTS = {
    "amazon-2014": _layout(
        "amazon-2014", "reviews_X.json.gz or ratings_X.csv (user first) and meta_X.json.gz"
    ),
    "amazon-2018": _layout("amazon-2018", "X.json.gz or X.csv (item first) and meta_X.json.gz"),
    "amazon-2023": _layout("amazon-2023", "X.jsonl.gz or X.csv and meta_X.jsonl.gz"),
}
