"""A Sphinx extension: the last touch to the HTML of every page, for those who read, hear or key through it.

pandas writes an empty heading over the names of rows, and a hyphen for a minus; docutils gives entries of a
bibliography a role that has gone out of use; the theme lets the keyboard reach boxes that scroll among
outputs only, not among their figures. All this is mended here, and need not be thought of where a table is
made.
"""

from __future__ import annotations

import re
from typing import Any

_FIGURE = re.compile(r"""(<div class="cell_output[^"]*">\s*<figure class="[^"]*)""")
_EMPTY_HEADING = re.compile(r"<th(?P<attributes>\s[^>]*)?>\s*</th>")
_UNTOUCHED = r"<(pre|code|script|style)\b.*?</\1>|<(span|div) class=\"math\b.*?</\2>|<[^>]*>"
#: A minus before a number, in what is neither a tag nor code nor a formula.
_MINUS = re.compile(rf"{_UNTOUCHED}|(?P<minus>(?<![\w.–-])-(?=\d))", re.DOTALL)


def finished(body: str) -> str:
    """The body of a page, with minus signs, headings, figures and bibliography entries as what they are.

    >>> finished('<tr><th></th><th class="a">-0.3</th></tr>')
    '<tr><td></td><th class="a">−0.3</th></tr>'
    """
    body = _EMPTY_HEADING.sub(lambda found: f"<td{found['attributes'] or ''}></td>", body)
    body = _FIGURE.sub(r"\1 output", body)
    body = _MINUS.sub(lambda found: "−" if found["minus"] else found[0], body)
    return body.replace('role="doc-biblioentry"', 'role="listitem"')


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""

    def finish(app: Any, name: str, template: str, context: dict[str, Any], doctree: Any) -> None:
        if "body" in context:
            context["body"] = finished(context["body"])

    app.connect("html-page-context", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
