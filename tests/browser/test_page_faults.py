"""The look at pages finds every fault that is planted into one, where it is, and none in a sound one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_faults import WEIGHT, browser, chromium, faults, pages

needs_browser = pytest.mark.skipif(
    chromium() is None, reason="no browser: install chromium, or name one in CHROMIUM"
)
PAGE = """<!DOCTYPE html><html lang="en"><head><title>A page</title><style>
html {{ background: #fff; color: #222 }}
html[data-theme="dark"] {{ background: #111; color: #eee }}
html[data-theme="dark"] a {{ color: #9cf }}
{style}</style></head><body><main><h1 id="top">A page</h1>
<p>Text with <a href="#top">a link</a> and <a href="other.html#there">another</a>.</p>
{body}</main></body></html>"""
OTHER = '<!DOCTYPE html><html lang="en"><title>Other</title><main><h1 id="there">Other</h1></main></html>'
PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA="
TABLE = f"<table><tr>{''.join('<td>number</td>' for _ in range(12))}</tr></table>"

#: What is planted, as style and body, and how the fault begins that is found. The lowest contrast is told.
PLANTED = [
    ("html[data-theme=light] p { color: #888 }", "", "contrast (1400, light): 3.54"),
    (
        "@media (width < 500px) { html[data-theme=light] p { color: #999 } }",
        "",
        "contrast (390, light): 2.85",
    ),
    (
        "[data-theme=dark] .s { color: rgb(0 0 0 / 0.3); background: #fff }",
        '<p class="s">x</p>',
        "contrast (768, dark): 2.1",
    ),
    (
        "p.l a { text-decoration: none }",
        '<p class="l">Now go <a href="#top">up</a> there</p>',
        'link without a line (768, dark): "up"',
    ),
    (".w { width: 700px }", '<div class="w">x</div>', "wider than the window (390, light): by "),
    (".hid { overflow: hidden }", f'<div class="hid">{TABLE}</div>', "table cut (390, light): div.hid"),
    (
        ".bar { overflow: auto; scrollbar-width: none }",
        f'<div class="bar" tabindex="0">{TABLE}</div>',
        "table cut (390, dark): div.bar",
    ),
    (".box { overflow: auto }", f'<div class="box">{TABLE}</div>', "axe (390): scrollable-region-focusable"),
    ("", f'<img src="{PIXEL}" alt="">', "image without text (1400, light)"),
    ("", '<img src="no.png" alt="a plot">', "image without content (768, light): no.png"),
    ("", '<a href="#nowhere">there</a>', "dead link: /page.html#nowhere"),
    ("", '<a href="other.html#gone">there</a>', "dead link: /other.html#gone"),
    ("", '<a href="gone.html">there</a>', "dead link: /gone.html"),
    ("", "<script>throw Error('broken')</script>", "script error: broken"),
    ("", "<script>console.error('told')</script>", "console: told"),
    ("", '<script src="http://localhost:9/a.js"></script>', "loads from outside: http://localhost:9/a.js"),
    ("", "<h2></h2>", "axe (1400): empty-heading"),
    ("", f"<!--{'x' * WEIGHT}-->", "heavy: 2,00"),
]


def _faults(running: Any, folder: Path, style: str, body: str) -> list[str]:
    (folder / "page.html").write_text(PAGE.format(style=style, body=body), "utf8")
    (folder / "other.html").write_text(OTHER, "utf8")
    return faults(running, folder, "page.html")


@pytest.fixture(scope="module")
def running() -> Iterator[Any]:
    with browser() as it:
        yield it


@pytest.fixture(scope="module")
def found(running: Any, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    style, body = ("\n".join(plant[part] for plant in PLANTED) for part in (0, 1))
    return _faults(running, tmp_path_factory.mktemp("pages"), style, body)


@needs_browser
@pytest.mark.parametrize("fault", [fault for *_, fault in PLANTED])
def test_a_planted_fault_is_found(found: list[str], fault: str) -> None:
    assert any(line.startswith(fault) for line in found), found


@needs_browser
def test_a_sound_page_has_no_fault(running: Any, tmp_path: Path) -> None:
    box = f'<div class="box" tabindex="0">{TABLE}</div><img src="{PIXEL}" alt="a pixel">'
    assert _faults(running, tmp_path, ".box { overflow: auto } table { width: 700px }", box) == []


def test_pages_are_those_of_people(tmp_path: Path) -> None:
    for place in ("index.html", "book/a.html", "_modules/b.html", "_static/c.html", "genindex.html"):
        (tmp_path / place).parent.mkdir(exist_ok=True)
        (tmp_path / place).touch()
    (tmp_path / "on.html").write_text('<meta http-equiv="Refresh" content="0; url=book/a.html" />')
    assert pages(tmp_path) == ["book/a.html", "index.html"]
