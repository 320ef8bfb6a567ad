"""The advice as one page that needs no other file: its lines, three pictures, and all numbers in tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from semcomp.advice.asked import LEASTS, Asked, percent, signed
from semcomp.advice.pictures import Row, of_questions, of_weights
from semcomp.core.tables import number

if TYPE_CHECKING:
    from semcomp.advice.result import Advice

STYLE = """
:root { color-scheme: light dark; --ink: #1c1c1c; --ground: #ffffff; --rule: #d0d0d0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --ground: #16181b; --rule: #4a4d52; } }
body { margin: 0 auto; max-width: 44rem; padding: 1rem; color: var(--ink); background: var(--ground);
  font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
figure { margin: 1rem 0; } figure svg { width: 100%; max-width: 36rem; height: auto; }
figcaption { font-size: .9rem; }
.wide { overflow-x: auto; } .wide td:first-child { min-width: 8rem; }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
"""
HEAD = ("", "metric", "with text", "without, or null", "difference (95 %)", "percent", "more than the least?")


def page_of(advice: Advice) -> str:
    """The page, as text."""
    n, k = advice.gain.value.n, advice.k
    title = f"Do texts help the recommendations of {advice.dataset}?"
    head, *lines = advice.lines()
    points = "".join(f"<li>{escape(line)}</li>" for line in lines)
    least = LEASTS["ndcg"]
    by_ndcg = [(one.name, one.word, one.value) for one in advice.questions if one.metric == "ndcg"]
    label = f"difference in NDCG@{k}"
    gains = _figure(
        of_questions(by_ndcg, _alt("Gain in NDCG by text", by_ndcg), label, "gain"),
        f"What text adds to NDCG@{k} over each comparison, with 95 % intervals over {n:,} test users and the "
        f"draws. More than {least.amount:g} counts.",
    )
    rows = [(one.name, one.word, one.gain.value) for one in advice.groups]
    groups = _figure(
        of_questions(rows, _alt("Gain in NDCG by group", rows), label, "groups"),
        "The gain over the fusion without text for some items and some users; it holds where it is also more "
        f"than shuffled text has. Too few test users: {', '.join(advice.sparse) or 'none'}.",
    )
    alt = "; ".join(
        f"{name}: {', '.join(f'{one} {weight:.2f}' for one, weight in of.items())}"
        for name, of in advice.weights.items()
    )
    recipe = _figure(
        of_weights(advice.weights, f"Weights. {alt}", "weights"),
        f"Weights that validation picked, mean over the seeds. Recommended: {advice.recipe}.",
    )
    asked = [one for group in advice.groups for one in (group.gain, group.beyond)]
    asked = [*advice.questions, *asked, advice.recipe.worth]
    made = advice.provenance
    settings = {
        key: made[key] for key in ("dataset", "data", "split", "budget", "k", "seeds", "another_seed")
    }
    settings |= {key: made[key] for key in ("shuffles", "resamples", "seed")} | made["versions"]
    reservation = f"<p><strong>{escape(advice.reservation)}</strong></p>" if advice.reservation else ""
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{escape(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"<p><strong>{escape(head)}</strong></p>\n{reservation}<ul>{points}</ul>\n"
        f"<h2>What text adds</h2>\n{gains}<h2>For whom</h2>\n{groups}<h2>The recipe</h2>\n{recipe}"
        f"<h2>All numbers</h2>\n{_table(HEAD, [_row(one) for one in asked])}"
        "<p>Words are adjusted by Holm over what is asked together: the comparisons, and the groups.</p>\n"
        f"<h2>Settings</h2>\n{_table(('', ''), [(key, str(value)) for key, value in settings.items()])}"
        "</body>\n</html>\n"
    )


def _figure(svg: str, caption: str) -> str:
    return f"<figure>{svg}<figcaption>{escape(caption)}</figcaption></figure>\n"


def _alt(what: str, rows: Sequence[Row]) -> str:
    return f"{what}: " + "; ".join(
        f"{name} {signed(value.excess or 0.0)}, {word}" for name, word, value in rows
    )


def _row(one: Asked) -> tuple[str, ...]:
    share = "" if one.percent is None else f"{percent(one.percent.value)} %"
    value = one.value
    return one.name, one.called, number(value.value), number(value.null), one.difference, share, one.said


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of words that scrolls inside its box where it is wider than the page."""
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>\n'
