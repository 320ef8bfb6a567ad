"""Every built page as a browser shows it; `make test` names this file and sets SEMCOMP_BOOK.

Without a browser the pages are skipped, which SEMCOMP_BROWSER=required makes a failure.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_faults import browser, chromium, faults, pages

HTML = Path(os.environ["SEMCOMP_BOOK"]) / "_build" / "html"


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    if chromium() is None:
        missing = "no browser: install chromium, or name one in CHROMIUM, to see the pages as readers do"
        (pytest.fail if os.environ.get("SEMCOMP_BROWSER") == "required" else pytest.skip)(missing)
    with browser() as it:
        yield it


def test_there_are_pages() -> None:
    assert len(pages(HTML)) > 20


@pytest.mark.parametrize("page", pages(HTML))
def test_a_reader_finds_no_fault(running: Any, page: str) -> None:
    found = faults(running, HTML, page)
    if found:
        pytest.fail("\n".join(f"{page}: {fault}" for fault in found), pytrace=False)
