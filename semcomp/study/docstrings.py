"""A Sphinx extension: docstrings are plain text with `code`, and are shown as such on the API page.

Sphinx reads docstrings as reStructuredText, in which |a|, x_ and * have meanings that a formula or a name in
plain text does not intend, and one backtick means a title. Examples (`>>>`) are left as they are.
"""

from __future__ import annotations

import re
from typing import Any

_CODE = re.compile(r"``.+?``|`[^`]+`", re.DOTALL)


def plain_to_rst(text: str) -> str:
    """reStructuredText that shows `text` as it was written, with `code` as code.

    >>> plain_to_rst("the share |A| / n_ of `hits`")
    'the share \\\\|A\\\\| / n\\\\_ of ``hits``'
    """
    return re.sub(r"\S(?:.|\n(?!\s*\n))*", lambda paragraph: _paragraph(paragraph.group()), text)


def _paragraph(text: str) -> str:
    if text.startswith(">>>"):
        return text
    shown, end = "", 0
    for code in _CODE.finditer(text):
        shown += _escaped(text[end : code.start()])
        # Markup is only markup between blanks or punctuation; an escaped blank is neither seen nor needed.
        before = "\\ " if shown[-1:].isalnum() else ""
        end = code.end()
        after = "\\ " if text[end : end + 1].isalnum() else ""
        shown += f"{before}``{code.group().strip('`')}``{after}"
    return shown + _escaped(text[end:])


def _escaped(text: str) -> str:
    return re.sub(r"[\\|*`]|_(?!\w)", r"\\\g<0>", text)


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx; comes before napoleon, which looks for `Args:` and the like in what this leaves."""

    def process(app: Any, kind: str, name: str, found: Any, options: Any, lines: list[str]) -> None:
        lines[:] = plain_to_rst("\n".join(lines)).split("\n")

    app.connect("autodoc-process-docstring", process, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
