"""What the pages hold: nothing that a browser loads from outside, docstrings as written."""

from __future__ import annotations

from pathlib import Path

import pytest
from outside_loads import outside_loads

from semcomp.study.docstrings import plain_to_rst


@pytest.mark.parametrize(
    ("name", "text", "count"),
    [
        (
            "a.html",
            '<a href="https://example.org/">a link</a><link rel="canonical" href="https://e.org/">',
            0,
        ),
        ("a.html", '<script src="../_static/a.js"></script><img src="data:image/png;base64,AA==">', 0),
        ("a.html", '<script src="https://cdn.example.org/a.js"></script>', 1),
        ("a.html", '<link rel="stylesheet" href="//example.org/a.css">', 1),
        ("a.html", '<img srcset="a.png 1x, https://example.org/a.png 2x">', 1),
        ("a.html", '<p style="background: url(https://example.org/a.png)">', 1),
        ("a.html", '<style>@import "https://example.org/a.css";</style>', 1),
        ("a.html", '<script>fetch("https://example.org/a")</script>', 1),
        ("a.html", '<script>const URL = "https://example.org/lib/index.js";</script>', 1),
        ("a.html", "<pre>url(https://example.org/shown-only)</pre>", 0),
        ("a.css", "@font-face { src: url('https://example.org/a.woff2') }", 1),
        ("a.js", 'import x from "https://example.org/a"; // see https://example.org', 1),
    ],
)
def test_the_scanner_finds_what_a_browser_would_load(
    tmp_path: Path, name: str, text: str, count: int
) -> None:
    (tmp_path / name).write_text(text, encoding="utf8")
    assert len(outside_loads(tmp_path)) == count


# --- docstrings on the API page


@pytest.mark.parametrize(
    ("plain", "shown"),
    [
        ("|A∩B| / |A∪B|", r"\|A∩B\| / \|A∪B\|"),
        ("an array of str_, *args", r"an array of str\_, \*args"),
        ("snake_case stays, __init__ too", r"snake_case stays, __init_\_ too"),
        ("`k` and ``n``", "``k`` and ``n``"),
        ("two `k`s", r"two ``k``\ s"),
        (">>> f(a_, '|')\n'`x`'", ">>> f(a_, '|')\n'`x`'"),
        ("Text `a|b`.\n\nArgs:\n    k: |A|", "Text ``a|b``.\n\nArgs:\n    k: \\|A\\|"),
    ],
)
def test_docstrings_are_shown_as_written(plain: str, shown: str) -> None:
    assert plain_to_rst(plain) == shown
