"""What the pages hold: nothing that a browser loads from outside, docstrings as written."""

from __future__ import annotations

from pathlib import Path

import pytest
from outside_loads import outside_loads

from semcomp.study.docstrings import plain_to_rst
from semcomp.study.page_finish import finished


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


# --- what readers, screen readers and keyboards meet


@pytest.mark.parametrize(
    ("made", "mended"),
    [
        ("<tr><th></th><th>a</th></tr>", "<tr><td></td><th>a</th></tr>"),
        ('<th class="x" colspan="2">\n </th>', '<td class="x" colspan="2"></td>'),
        ("<thead></thead>", "<thead></thead>"),
        ('<div class="citation" role="doc-biblioentry">', '<div class="citation" role="listitem">'),
        (
            '<div class="cell_output docutils container">\n<figure class="align-default" id="a">',
            '<div class="cell_output docutils container">\n<figure class="align-default output" id="a">',
        ),
        ("<td>-0.1</td><td>0.3 (-0.1; -2)</td>", "<td>−0.1</td><td>0.3 (−0.1; −2)</td>"),
        ("<p>2-3, a-1, 1e-3 --k</p>", "<p>2-3, a-1, 1e-3 --k</p>"),
        ('<a href="x?-1">-1</a><code>-1</code>', '<a href="x?-1">−1</a><code>-1</code>'),
        ('<span class="math">\\(-1\\)</span> <pre>\n<b>-1</b></pre>',) * 2,
        ('<p>x</p><figure class="align-default">', '<p>x</p><figure class="align-default">'),
    ],
)
def test_a_page_says_what_its_parts_are(made: str, mended: str) -> None:
    assert finished(made) == mended


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
