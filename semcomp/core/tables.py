"""How results are written for readers: numbers, names and tables as plain text, Markdown and LaTeX.

The one place where numbers are formatted: a value looks the same on the screen and in a paper.
"""

from __future__ import annotations

from collections.abc import Sequence

Row = Sequence[str]

MARKDOWN = {character: f"\\{character}" for character in r"\`*_[]<>|~$&#"}
LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "–": "--",
    "−": "$-$",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def number(value: float | None) -> str:
    """Four decimals; from 100 on, and for whole numbers from 2 on, none; "" for None, never "-0"."""
    if value is None:
        return ""
    whole = abs(value) >= 100 or (abs(value) >= 2 and value % 1 == 0)
    text = f"{value:,.0f}" if whole else f"{value:.4f}"
    return text.removeprefix("-") if not text.strip("-0.") else text


def p_value(p: float | None) -> str:
    """Three decimals, "<0.001" below them, "" for None."""
    if p is None:
        return ""
    return "<0.001" if p < 0.001 else f"{p:.3f}"


def span(low: float | None, high: float | None) -> str:
    """An interval, "low – high"; "" where there is none."""
    return "" if low is None or high is None else f"{number(low)} – {number(high)}"


def count(n: int) -> str:
    """A number of units; "" for 0, which means that it is not known."""
    return f"{n:,}" if n else ""


def escape_markdown(text: str) -> str:
    """The text as it is, in a cell of a Markdown table: specials escaped, line breaks as blanks."""
    return "".join(MARKDOWN.get(character, character) for character in " ".join(text.split()))


def escape_latex(text: str) -> str:
    """The text as it is, in a cell of a LaTeX table: specials escaped, line breaks as blanks."""
    return "".join(LATEX.get(character, character) for character in " ".join(text.split()))


def text_table(head: Row, rows: Sequence[Row]) -> str:
    """Aligned columns, the first to the left, the others to the right; no blanks at the ends of lines."""
    everything = [head, *rows]
    widths = [max(len(row[c]) for row in everything) for c in range(len(head))]
    lines = [
        row[0].ljust(widths[0])
        + "".join("  " + cell.rjust(w) for cell, w in zip(row[1:], widths[1:], strict=True))
        for row in everything
    ]
    return "\n".join(line.rstrip() for line in lines)


def markdown_table(head: Row, rows: Sequence[Row], note: str = "") -> str:
    """A pipe table, first column to the left; cells and note are Markdown already. Ends with a newline."""
    lines = [head, [":---", *["---:"] * (len(head) - 1)], *rows]
    table = "".join("| " + " | ".join(line) + " |\n" for line in lines)
    return table + (f"\n{note}\n" if note else "")


def latex_table(head: Row, rows: Sequence[Row], note: str = "") -> str:
    """A `tabular` with the rules of booktabs; cells and note are LaTeX already. Ends with a newline."""
    lines = [
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        r"\toprule",
        " & ".join(head) + r" \\",
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        *([rf"\multicolumn{{{len(head)}}}{{l}}{{\footnotesize {note}}} \\"] if note else []),
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def latex_number(text: str) -> str:
    """A formatted number or interval in LaTeX: minus signs and relations in maths, dashes as dashes."""
    words = [f"${word[0]}${word[1:]}" if word[:1] in ("-", "<") else word for word in text.split(" ")]
    return " ".join(words).replace("–", "--")
