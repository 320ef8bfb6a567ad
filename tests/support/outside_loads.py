"""What a built page would make a browser load from elsewhere; links that a reader may follow do not count."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

_ADDRESS = r"(?:https?:)?//[^\s\"'`)<>]+"
_CSS = re.compile(rf"(?:url\(\s*[\"']?|@import\s+[\"'])({_ADDRESS})", re.IGNORECASE)
# In scripts: imports, fetches, assigned sources, and any address of something to run, style or draw with.
_JS = re.compile(
    rf"(?:\bimport\s*\(?\s*|\bfrom\s*|\bfetch\(\s*|\.src\s*=\s*|\.href\s*=\s*)[\"'`]({_ADDRESS})"
    r"|[\"'`]((?:https?:)?//[^\s\"'`]+\.(?:m?js|css|wasm|woff2?))(?:\?[^\"'`]*)?[\"'`]"
)
_LOADED = {
    "script": ("src",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "embed": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "track": ("src",),
    "object": ("data",),
    "input": ("src",),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
}
#: Kinds of <link> that only say something about the page.
_SPOKEN = {"canonical", "license", "author", "search", "index", "next", "prev", "help", "alternate", "me"}


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        for name in _LOADED.get(tag, ()):
            self.found += re.findall(rf"(?:^|[\s,])({_ADDRESS})", values.get(name, ""))
        if tag == "link" and not set(values.get("rel", "").split()) & _SPOKEN:
            self.found += re.findall(rf"^\s*({_ADDRESS})", values.get("href", ""))
        if tag == "meta" and values.get("http-equiv", "").lower() == "refresh":
            self.found += re.findall(rf"url=({_ADDRESS})", values.get("content", ""))
        self.found += _CSS.findall(values.get("style", ""))
        self._inside = tag if tag in ("script", "style") else ""

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.found += _in_script(data)
        elif self._inside == "style":
            self.found += _CSS.findall(data)


def _in_script(text: str) -> list[str]:
    return [first or second for first, second in _JS.findall(text)]


def outside_loads(html: Path) -> list[str]:
    """`file: address` for everything under `html` that a browser would load from another host.

    Scripts of `_static/mathjax` are left out: they name addresses of parts (the menu's "latest version",
    speech) that are fetched when a reader asks for them only.
    """
    found = []
    for file in sorted(html.rglob("*")):
        if not file.is_file() or "mathjax" in file.relative_to(html).parts:
            continue
        text = (
            file.read_text("utf8", errors="replace")
            if file.suffix in (".html", ".css", ".js", ".svg")
            else ""
        )
        if file.suffix == ".html":
            page = _Page()
            page.feed(text)
            addresses = page.found
        else:
            addresses = _CSS.findall(text) if file.suffix in (".css", ".svg") else _in_script(text)
        found += [f"{file.relative_to(html)}: {address}" for address in addresses]
    return found
