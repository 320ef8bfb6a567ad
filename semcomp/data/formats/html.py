"""Plain text from what a shop's page held: entities, tags, scripts, runs of blanks."""

from __future__ import annotations

import html
import re
from collections.abc import Collection

import polars as pl

TAG = r"</?[A-Za-z][^<>]*>"
SCRIPT = "getTime"  # titles that are a piece of the page's script hold this call (2018 metadata)
JOIN = "\x1f"
ENTITY = r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});"


def plain_text(column: str) -> pl.Expr:
    """A column of strings with entities resolved, tags removed, blanks collapsed; null for nothing left."""
    text = pl.col(column).map_batches(_unescape, return_dtype=pl.String, is_elementwise=True)
    text = text.str.replace_all(TAG, " ").str.replace_all(r"[\s\u00a0]+", " ").str.strip_chars()
    return pl.when(text != "").then(text).alias(column)


def plain_title(column: str) -> pl.Expr:
    """As `plain_text`; a title that is script counts as none."""
    return pl.when(~pl.col(column).str.contains(SCRIPT, literal=True)).then(plain_text(column)).alias(column)


def joined(column: str, separator: str) -> pl.Expr:
    """A column of lists of strings as strings; null for an empty list."""
    text = pl.col(column).list.join(separator, ignore_nulls=True)
    return pl.when(pl.col(column).list.len() > 0).then(text).alias(column)


def plain_list(column: str) -> pl.Expr:
    """A column of texts joined by `JOIN` as a list of plain texts, without the empty and the repeated."""
    text = pl.col(column).map_batches(_unescape, return_dtype=pl.String, is_elementwise=True)
    text = text.str.replace_all(TAG, " ").str.replace_all(r"[^\S\x1f]+", " ")
    parts = text.str.split(JOIN).list.eval(pl.element().str.strip_chars())
    return parts.list.eval(pl.element().filter(pl.element() != "").unique(maintain_order=True)).alias(column)


def _unescape(texts: pl.Series) -> pl.Series:
    """html.unescape on the cells that have an ampersand; only the standard library knows all entities."""
    with_entity = texts.str.contains("&", literal=True).fill_null(False)
    if not with_entity.any():
        return texts
    resolved = [html.unescape(text) for text in texts.filter(with_entity)]
    return texts.scatter(with_entity.arg_true(), pl.Series(resolved, dtype=pl.String))


def without_entities(frame: pl.DataFrame, columns: Collection[str]) -> pl.DataFrame:
    """The frame with complete entities (`&amp;`, `&#39;`) as the characters they stand for.

    Only these columns are looked at, and of them those of strings. Words behind an ampersand that are not the
    name of an entity, or that lack the semicolon, stay as they are.

    >>> without_entities(pl.DataFrame({"title": ["Q &amp; A", "R&D; AT&T"]}), ["title"])["title"].to_list()
    ['Q & A', 'R&D; AT&T']
    """
    texts = [name for name in columns if name in frame.columns and frame[name].dtype == pl.String]
    return frame.with_columns(_resolved(frame[name]) for name in texts)


def _resolved(texts: pl.Series) -> pl.Series:
    at = texts.str.contains(ENTITY).fill_null(False)
    if not at.any():
        return texts
    found = [re.sub(ENTITY, lambda entity: html.unescape(entity.group()), text) for text in texts.filter(at)]
    return texts.scatter(at.arg_true(), pl.Series(found, dtype=pl.String))
