"""How data sets and splits show themselves: one line as text, a table with real ids in a notebook."""

from __future__ import annotations

from dataclasses import replace

from observed_pairs import observed

from semcomp.data import audit, split

DATA = replace(
    observed([(u, i) for u in range(9) for i in range(u % 3, 8)], timestamp=range(63)),
    notes=("dropped <b>nothing</b>",),
)


def test_a_data_set_shows_ids_columns_and_notes():
    assert repr(DATA) == "<Dataset 'd': 9 users × 8 items, 63 interactions (density 87.50 %)>"
    html = DATA._repr_html_()
    for part in (
        "d: 9 users",
        "item_id",
        "<th>i04</th>",
        "timestamp",
        "<th>u00</th>",
        "and 58 more rows",
        "licence",
    ):
        assert part in html
    assert "&lt;b&gt;nothing" in html
    assert "<b>" not in html
    bare = observed([(0, 0), (0, 1)])
    assert "<th>u00</th><td>i01</td></tr></tbody>" in bare._repr_html_()


def test_a_split_shows_its_parts_and_its_order():
    made = split(DATA, "random", 3)
    assert repr(made).startswith("<Split 'random' of 'd', seed 3: 9 users × 8 items; train ")
    assert len(repr(made).splitlines()) == 1
    html = made._repr_html_()
    for part in ("<th>train</th>", "cold items", "ordered by timestamp"):
        assert part in html
    plain = replace(made, provenance={}, order=None)
    assert repr(plain).startswith("<Split: 9 users")


def test_an_audit_shows_its_checks():
    done = audit(DATA, split(DATA, "random", 3))
    assert repr(done) == "<Audit of 'd', split 'random': 0 leaks in 11 checks>"
    html = done._repr_html_()
    assert "<th>pairs in two parts</th><td>passed</td>" in html
    assert html.count("<tr>") == 12
