"""What an encoder reads about an item: one string, made from columns of the item table by a template."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from semcomp.data.tables import named_type
from semcomp.errors import SemcompError, unknown_name
from semcomp.storage import digest

DEFAULT_COLUMNS = ("title", "year", "genres", "categories")
SEPARATORS = " \t\n.,;:|/·•–—-"  # what may stand between two fields and is out of place before the first
_TOKEN = re.compile(r"\{\{|\}\}|\[\[|\]\]|\{([^{}]*)\}|[\[\]{}]|[^\[\]{}]+")


def default_template(columns: Sequence[str]) -> str:
    """Title, year, genres and categories, those of them that are among `columns`; "" where none is.

    Further columns (brand, description …) count only where a template names them.

    >>> default_template(["item_id", "genres", "title", "year"])
    '{title}[ ({year})][. {genres}]'
    """
    out = ""
    for column in (column for column in DEFAULT_COLUMNS if column in columns):
        field = f"({{{column}}})" if column == "year" else f"{{{column}}}"
        glue = "" if not out else " " if column == "year" else ". "
        out += f"[{glue}{field}]" if out or column == "year" else field
    return out


@dataclass(frozen=True)
class Part:
    """A literal, or the name of the column whose value goes here."""

    text: str
    is_field: bool


@dataclass(frozen=True)
class Group:
    """Parts that stand or fall together if `optional`; what is outside square brackets is not optional."""

    parts: tuple[Part, ...]
    optional: bool

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(part.text for part in self.parts if part.is_field)


@dataclass(frozen=True)
class Template:
    """How an item's text is put together, e.g. `{title}[ ({year})][. {genres}]`.

    - `{title}` is the value of a column: stripped, "" where it is missing, a list joined by ", ", a whole
      number without decimals. A `year` that is not a positive whole number counts as missing.
    - `[…]` is omitted, punctuation included, where a field in it is empty. Groups do not nest. While no
      field has a value yet, a group loses the separators it begins with: `[. {genres}]` then gives "Drama".
    - Everything else stays as it is, but white space never doubles where two parts meet. White space inside
      a value is not touched. `{{`, `}}`, `[[`, `]]` are the characters themselves.
    - Where every field is empty the text is "", whatever literals there are.
    """

    text: str
    groups: tuple[Group, ...]

    @staticmethod
    def parse(text: str) -> Template:
        """The template written as `text`.

        Raises SemcompError for a bracket or brace that is not closed or not opened, groups inside groups, a
        group without a field, a field without a name, and a template without any field.
        """
        return Template(text, tuple(_groups(text)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns it reads, each once, in the order of first use."""
        return tuple(dict.fromkeys(name for group in self.groups for name in group.fields))

    def check(self, columns: Sequence[str], label: str) -> None:
        """Raise SemcompError unless the table called `label` has all columns of the template."""
        for name in self.columns:
            if name not in columns:
                raise unknown_name(f"text column of the template {self.text!r} in {label}:", name, columns)

    def render(self, items: pl.DataFrame) -> pl.Series:
        """One string per row of the table; "" where all fields are empty. No rows give no strings.

        Raises SemcompError for a missing column and for a column whose values cannot be written as text.

        >>> table = pl.DataFrame({"title": ["Heat", None], "year": [1995.0, None], "genres": [None, "Drama"]})
        >>> Template.parse("{title}[ ({year})][. {genres}]").render(table).to_list()
        ['Heat (1995)', 'Drama']
        """
        self.check(items.columns, "the item table")
        name = {column: f"field {i}" for i, column in enumerate(self.columns)}
        frame = pl.DataFrame([as_strings(items, column).alias(name[column]) for column in self.columns])
        frame = frame.with_columns(pl.lit("").alias("text"), pl.lit(False).alias("filled"))
        for group in self.groups:
            present = [pl.col(name[column]) != "" for column in group.fields]
            wanted = pl.all_horizontal(present) if group.optional else pl.lit(True)
            for at, part in enumerate(group.parts):
                if part.is_field:
                    piece = pl.col(name[part.text])
                elif group.optional and at == 0:
                    first = _without_separators(part.text)
                    piece = pl.when("filled").then(_glue(part.text)).otherwise(_glue(first))
                else:
                    piece = _glue(part.text)
                frame = frame.with_columns(pl.when(wanted).then(pl.col("text") + piece).otherwise("text"))
            if present:
                frame = frame.with_columns(filled=pl.col("filled") | wanted & pl.any_horizontal(present))
        return frame.select(
            pl.when("filled").then(pl.col("text").str.strip_chars()).otherwise(pl.lit("")).alias("text")
        )["text"]

    def __str__(self) -> str:
        return self.text


def text_digest(item_ids: Sequence[str], texts: Sequence[str]) -> str:
    """sha256 of which text belongs to which item: of the pairs (id, text), ascending by id."""
    return digest(sorted([str(item), text] for item, text in zip(item_ids, texts, strict=True)))


def as_strings(items: pl.DataFrame, column: str) -> pl.Series:
    """A column as stripped strings, "" for a missing value (null, NaN).

    Lists, nested ones too, are joined by ", " without their empty elements. Whole numbers have no decimals.
    In a column `year`, what is not a positive whole number is missing.

    Raises SemcompError for values that are neither text, numbers, dates nor lists of these.
    """
    series = items[column]
    if isinstance(series.dtype, pl.Array):
        series = series.arr.to_list()
    while isinstance(series.dtype, pl.List) and isinstance(series.dtype.inner, pl.List):
        series = series.list.eval(pl.element().explode())
    inner = series.dtype.inner if isinstance(series.dtype, pl.List) else None
    wrong = SemcompError(
        f"column {column!r} of the items is {named_type(items[column].dtype)}; "
        "a template reads text, numbers, dates and lists of these"
    )
    if isinstance(inner or series.dtype, pl.Struct):  # polars would write the values without their names
        raise wrong
    try:
        if inner is not None:
            parts = series.list.eval(_plain(pl.element(), inner).replace("", None))
            out = parts.cast(pl.List(pl.String)).list.join(", ", ignore_nulls=True)
        else:
            out = pl.DataFrame({"value": series}).select(_plain(pl.col("value"), series.dtype))["value"]
    except pl.exceptions.PolarsError as error:
        raise wrong from error
    if column == "year":
        number = pl.col("value").cast(pl.Float64, strict=False)
        year = pl.when((number > 0) & (number % 1 == 0)).then(number.cast(pl.Int64, strict=False))
        out = pl.DataFrame({"value": out}).select(year.cast(pl.String))["value"]
    return out.fill_null("")


def _plain(value: pl.Expr, dtype: pl.DataType | pl.datatypes.DataTypeClass) -> pl.Expr:
    """Values as stripped strings, NaN as null, whole floats without decimals."""
    text = value.cast(pl.String).str.strip_chars()
    if not dtype.is_float():
        return text
    whole = pl.when(value % 1 == 0).then(value.cast(pl.Int64, strict=False)).cast(pl.String)
    return pl.when(value.is_not_nan()).then(pl.coalesce(whole, text))


def _glue(literal: str) -> pl.Expr:
    """The literal, without the white space it begins with where the text so far ends in some or is empty."""
    open_end = (pl.col("text") == "") | pl.col("text").str.contains(r"\s$")
    return pl.when(open_end).then(pl.lit(literal.lstrip())).otherwise(pl.lit(literal))


def _without_separators(literal: str) -> str:
    """The literal without the separators it begins with; one blank stays if there was white space."""
    bare = literal.lstrip(SEPARATORS)
    gone = literal[: len(literal) - len(bare)]
    return (" " if any(character.isspace() for character in gone) else "") + bare


def _groups(text: str) -> Iterator[Group]:
    """The groups of a template from left to right; every complaint names the place, counted from 1."""

    def wrong(what: str, at: int) -> SemcompError:
        return SemcompError(
            f"template {text!r}: {what} at character {at + 1}; write fields as {{column}}, groups that may "
            "be left out as [...], and double the characters that are meant themselves"
        )

    parts: list[Part] = []
    opened: int | None = None
    any_field = False
    for token in _TOKEN.finditer(text):
        at, piece, field = token.start(), token.group(), token.group(1)
        if field is not None:
            if not field.strip():
                raise wrong("a field without a name", at)
            parts.append(Part(field.strip(), is_field=True))
            any_field = True
        elif piece in ("{", "}"):
            raise wrong(f"{piece!r} without its partner", at)
        elif piece == "[":
            if opened is not None:
                raise wrong("a group inside a group", at)
            if parts:
                yield Group(tuple(parts), optional=False)
            parts, opened = [], at
        elif piece == "]":
            if opened is None:
                raise wrong("']' without its partner", at)
            group = Group(tuple(parts), optional=True)
            if not group.fields:
                raise wrong("a group without a field, which would never be left out,", opened)
            yield group
            parts, opened = [], None
        else:
            literal = piece[0] if piece in ("{{", "}}", "[[", "]]") else piece
            if parts and not parts[-1].is_field:
                literal = parts.pop().text + literal
            parts.append(Part(literal, is_field=False))
    if opened is not None:
        raise wrong("'[' without its partner", opened)
    if not any_field:
        raise SemcompError(f"template {text!r} has no field; name at least one column, e.g. {{title}}")
    if parts:
        yield Group(tuple(parts), optional=False)
