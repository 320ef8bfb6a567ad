"""Checks on a whole book that has just been built; `make test` names this file and sets SEMCOMP_BOOK."""

from __future__ import annotations

import os
import re
from pathlib import Path

from outside_loads import outside_loads

BOOK = Path(os.environ["SEMCOMP_BOOK"])
HTML = BOOK / "_build" / "html"


def test_every_executed_notebook_is_a_page() -> None:
    notebooks = sorted((BOOK / "book" / "executed").rglob("*.ipynb"))
    assert notebooks
    missing = [n for n in notebooks if not (HTML / n.relative_to(BOOK)).with_suffix(".html").is_file()]
    assert missing == []


def test_pages_load_nothing_from_outside() -> None:
    assert outside_loads(HTML) == []


def test_every_picture_has_a_text_alternative() -> None:
    bare = []
    for page in (HTML / "book").rglob("*.html"):
        for image in re.findall(r"<img[^>]*_images/[^>]*>", page.read_text("utf8")):
            alt = re.search(r'alt="([^"]*)"', image)
            if alt is None or len(alt.group(1)) < 15 or "_images/" in alt.group(1):
                bare.append(f"{page.name}: {image}")
    assert bare == []


def test_glued_values_are_all_there() -> None:
    pages = (HTML / "book").rglob("*.html")
    assert [p.name for p in pages if re.search(r"\{glue|>nan<|No key", p.read_text("utf8"))] == []
