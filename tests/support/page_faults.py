"""What a reader with a browser would find wrong with built pages: every width, light and dark.

One browser, one load a page. Debian's chromium is driven (`CHROMIUM` names another), and axe-core comes in a
package: nothing is fetched.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

WIDTHS = (1400, 768, 390)
MODES = ("light", "dark")
WEIGHT = 2_000_000  # bytes of a page with its own pictures
#: Pages that Sphinx writes without our words: listings of code, and the index of names.
_GENERATED = re.compile(r"_static/|_modules/|genindex|search\.html|py-modindex")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--allow-file-access-from-files",
]
_LAYOUT = Path(__file__).with_name("page_faults.js").read_text("utf8")
_STILL = "*, ::before, ::after { transition: none !important; animation: none !important; }"
#: The page as it stays: formulas set, lazy pictures there, two frames painted.
_SETTLED = """async () => {
  if (window.MathJax?.startup) await MathJax.startup.promise;
  await document.fonts.ready;
  for (const image of document.images) image.loading = 'eager';
  await Promise.all([...document.images].map((image) => image.decode().catch(() => 0)));
}"""
_DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
#: The theme looks 300 ms after a change of size which boxes scroll, and lets the keyboard reach those.
_RESIZED = "() => new Promise((done) => setTimeout(done, 350))"
_MODE = "m => Object.assign(document.documentElement.dataset, {mode: m, theme: m})"
#: What the script above asks in another way is not asked of axe: on long pages it would take minutes.
_AXE = """async () => {
  const rules = {'color-contrast': {enabled: false}, 'link-in-text-block': {enabled: false}};
  const {violations} = await axe.run(document, {resultTypes: ['violations'], preload: false, rules});
  return violations.map((v) => [v.id, v.nodes.length, v.nodes[0].target.join(' ')]);
}"""
#: How the page at the root begins, which only leads on to the first one.
_FORWARDED = '<meta http-equiv="Refresh"'
_LINKS = (
    "() => [...document.querySelectorAll('a[href]')].map((a) => a.href).filter((h) => h.startsWith('file:'))"
)


def chromium() -> str | None:
    """The browser to drive, or None where there is none."""
    return shutil.which(os.environ.get("CHROMIUM", "/usr/bin/chromium"))


@contextmanager
def browser() -> Iterator[Any]:
    """A running headless browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        running = driver.chromium.launch(
            executable_path=chromium(), args=_FLAGS, ignore_default_args=["--hide-scrollbars"]
        )
        try:
            yield running
        finally:
            running.close()


def pages(html: Path) -> list[str]:
    """Pages below a folder, by their places, that are written by people or chapters, and shown."""
    shown = (file for file in html.rglob("*.html") if not file.read_text("utf8").startswith(_FORWARDED))
    places = (file.relative_to(html).as_posix() for file in shown)
    return sorted(place for place in places if not _GENERATED.search(place))


def faults(running: Any, html: Path, place: str) -> list[str]:
    """What is wrong with one page: `kind (where): what`, each once, an empty list where nothing is."""
    file = (html / place).resolve()
    found: dict[str, None] = {}

    def say(kind: str, text: object) -> None:
        found[f"{kind}: {text}"] = None

    asked: set[str] = set()
    tab = running.new_page(viewport={"width": WIDTHS[0], "height": 900})
    try:
        tab.on("pageerror", lambda error: say("script error", str(error)[:160]))
        tab.on("console", lambda line: line.type == "error" and say("console", line.text[:160]))
        tab.on("request", lambda request: asked.add(request.url))
        tab.goto(file.as_uri(), wait_until="load")
        tab.add_style_tag(content=_STILL)
        tab.evaluate(_SETTLED)
        tab.evaluate(_axe_source())
        for width in WIDTHS:
            tab.set_viewport_size({"width": width, "height": 900})
            tab.evaluate(_RESIZED)
            for mode in MODES:
                tab.evaluate(_MODE, mode)
                tab.evaluate(_DRAWN)
                for kind, text in tab.evaluate(_LAYOUT):
                    say(f"{kind} ({width}, {mode})", text)
            for rule, number, target in tab.evaluate(_AXE):
                say(f"axe ({width})", f"{rule} × {number}, such as {target}")
        links = tab.evaluate(_LINKS)
    finally:
        tab.close()
    for address in sorted(asked):
        if address.startswith(("http:", "https:", "ws:")):
            say("loads from outside", address[:160])
    for address in dict.fromkeys(links):
        if not _leads_somewhere(address):
            say("dead link", address.removeprefix(html.resolve().as_uri()))
    own = [file, *(p for p in map(_path, asked) if p is not None and "_images" in p.parts and p.is_file())]
    weight = sum(part.stat().st_size for part in own)
    if weight > WEIGHT:
        say("heavy", f"{weight:,} bytes with its pictures")
    return list(found)


@cache
def _axe_source() -> str:
    from axe_playwright_python.base import AXE_SCRIPT

    return str(AXE_SCRIPT)


def _path(address: str) -> Path | None:
    parts = urlsplit(address)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _leads_somewhere(address: str) -> bool:
    """Whether the file is there and has the anchor."""
    path, anchor = _path(address), unquote(urlsplit(address).fragment)
    if path is None or not path.is_file():
        return False
    return not anchor or path.suffix != ".html" or anchor in _anchors(path)


@cache
def _anchors(page: Path) -> frozenset[str]:
    return frozenset(re.findall(r"\b(?:id|name)=[\"']([^\"']+)[\"']", page.read_text("utf8")))
