"""Names in prose lead to their entries."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from docutils import nodes

from semcomp.study import api_links


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("sc.rank", "semcomp.rank"),
        ("semcomp.evidence.judge", "semcomp.evidence.judge"),
        ("sc.views.CombSum(weight=1)", "semcomp.views.CombSum"),
        ("sc", None),
        ("scipy.stats", None),
        ("import semcomp as sc", None),
        ("", None),
    ],
)
def test_a_name_is_that_of_an_entry(code: str, name: str | None) -> None:
    assert api_links.entry_of(code) == name


def test_only_what_has_an_entry_becomes_a_link() -> None:
    heard: dict[str, Any] = {}
    objects = {"semcomp.rank": SimpleNamespace(docname="api", node_id="semcomp.rank")}
    app = SimpleNamespace(
        connect=heard.__setitem__,
        env=SimpleNamespace(get_domain=lambda name: SimpleNamespace(objects=objects)),
        builder=SimpleNamespace(get_relative_uri=lambda start, end: f"../{end}.html"),
    )
    api_links.setup(app)
    codes = [nodes.literal(text=text) for text in ("sc.rank", "sc.unheard", "rank")]
    already = nodes.reference("", "", nodes.literal(text="sc.rank"), refuri="elsewhere")
    tree = nodes.paragraph("", "", *codes, already)
    heard["doctree-resolved"](app, tree, "page")
    assert [one.get("refuri") for one in tree.findall(nodes.reference)] == [
        "../api.html#semcomp.rank",
        "elsewhere",
    ]
    assert tree.astext() == "sc.ranksc.unheardranksc.rank"
