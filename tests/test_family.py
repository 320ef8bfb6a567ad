"""The page of related methods: what it says is built is there, and what it cites is in the bibliography."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import semcomp as sc

BOOK = Path(__file__).resolve().parents[1] / "book"
PAGE = (BOOK / "family.md").read_text("utf8")
ROWS = re.findall(r"^\| (.+?) \| (.+?) \| (.*?) \| ?(.*?) ?\|$", PAGE, re.MULTILINE)
METHODS = [
    row for row in ROWS if set(row[1].split(", ")) <= {"align", "fuse", "initialise", "tokenise", "tune"}
]
KEYS = re.findall(r"^@\w+\{(\w+),", (BOOK / "references.bib").read_text("utf8"), re.MULTILINE)


def test_the_table_has_every_method_once_and_one_is_built_or_is_not():
    names = [name.partition(" {cite")[0] for name, *_ in METHODS]
    assert len(names) == len(set(names)) > 30
    for name, _, built, page in METHODS:
        assert ("sc." in built) != (built == "no"), name
        assert bool(page) == ("sc." in built), name


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(sc\.[\w.]+) <", PAGE))))
def test_what_is_built_here_resolves(name: str):
    found = sc
    for part in name.split(".")[1:]:
        found = getattr(found, part)
    assert callable(found)
    assert f"`{name} <{name.replace('sc.', 'semcomp.', 1)}>`" in PAGE


def test_a_method_without_code_here_has_a_paragraph():
    for name, _, built, _ in METHODS:
        if built == "no" or built.startswith("only"):
            assert re.search(rf"^\*\*{re.escape(name.split(' {')[0].split(',')[0])}", PAGE, re.MULTILINE), (
                name
            )


def test_every_citation_of_the_book_is_in_the_bibliography():
    assert len(KEYS) == len(set(KEYS))
    for page in BOOK.glob("*.md"):
        cited = re.findall(r"\{cite:\w+\}`([^`]+)`", page.read_text("utf8"))
        assert {key.strip() for keys in cited for key in keys.split(",")} <= set(KEYS), page.name


def test_every_entry_has_authors_a_title_and_a_year():
    entries = re.split(r"\n(?=@)", (BOOK / "references.bib").read_text("utf8"))
    for entry in entries:
        for field in ("author", "title", "year"):
            assert re.search(rf"^\s*{field}\s*=\s*\{{.+\}},?$", entry, re.MULTILINE), (field, entry[:60])
