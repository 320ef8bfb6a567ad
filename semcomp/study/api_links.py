"""A Sphinx extension: a function or class that a page names, like `sc.rank`, leads to its entry.

Only names that have an entry become links; all other code stays as it is. A name is looked up as it is
written, with `sc` for `semcomp`, and without what is called: `sc.rank(view, split, k)` leads to `rank`.
"""

from __future__ import annotations

import re
from typing import Any

_NAME = re.compile(r"(?:sc|semcomp)((?:\.[A-Za-z_]\w*)+)")


def entry_of(code: str) -> str | None:
    """The full name that a piece of code begins with, if it is one of the package's.

    >>> entry_of("sc.rank(view, split, k)")
    'semcomp.rank'
    >>> entry_of("view.users") is None
    True
    """
    found = _NAME.match(code)
    return f"semcomp{found[1]}" if found else None


def setup(app: Any) -> dict[str, Any]:
    """Called by Sphinx."""
    from docutils import nodes

    def link(app: Any, tree: Any, page: str) -> None:
        entries = app.env.get_domain("py").objects
        for code in list(tree.findall(nodes.literal)):
            if isinstance(code.parent, nodes.reference):
                continue
            entry = entries.get(entry_of(code.astext()))
            if entry is None:
                continue
            place = app.builder.get_relative_uri(page, entry.docname)
            reference = nodes.reference(refuri=f"{place}#{entry.node_id}", internal=True, classes=["entry"])
            code.replace_self(reference)
            reference += code

    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
