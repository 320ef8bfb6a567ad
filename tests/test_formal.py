"""The page of definitions: every letter of the book's formulas is in its table, every named test exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "book" / "formal.md").read_text("utf8")
BEFORE, _, NOTATION = PAGE.partition("(notation)=")
#: All Greek letters that TeX has names for, but π, which is a number.
GREEK = (
    r"\\(?:(?:var)?(?:epsilon|theta|rho|sigma|phi|kappa)|alpha|beta|gamma|delta|zeta|eta|iota|lambda|mu|nu|xi|tau"
    r"|upsilon|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Upsilon|Phi|Psi|Omega|ell)(?![A-Za-z])"
)


def symbols() -> list[str]:
    """Of the notation table, in which `$a, b$` are two."""
    cells = re.findall(r"^\| \$(.+?)\$ \|.*\|.*\|.*\|$", NOTATION, re.MULTILINE)
    return [one.strip() for cell in cells for one in cell.split(",")]


def letters(formula: str) -> set[str]:
    """Latin letters and Greek ones; not words, names of functions, signs, and the field of real numbers."""
    formula = re.sub(r"\\(text|operatorname|mathrm)\{[^{}]*\}|\\mathbb\s*\{?R\}?", " ", formula)
    greek = set(re.findall(GREEK, formula))
    return greek | set(re.findall(r"[A-Za-z]", re.sub(r"\\[A-Za-z]+", " ", formula)))


def formulas(page: Path) -> list[str]:
    """All mathematics of a page; of its code only the captions of figures."""
    text = page.read_text("utf8")
    text = re.sub(r"(?s)```(\{code-cell\}.*?)?```", lambda cell: "\n".join(captions(cell[0])), text)
    text = re.sub(r"(?<!\})`[^`\n]+`", "", text)
    found = re.findall(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$]+?)\$|\{math\}`([^`]+)`", text, re.DOTALL)
    return ["".join(one) for one in found]


def captions(cell: str) -> list[str]:
    return re.findall(r"^      .*", cell.partition("\n---\n")[2].partition("\n---\n")[0], re.MULTILINE)


def test_every_symbol_has_one_row():
    found = symbols()
    assert len(found) > 60
    assert sorted(found) == sorted(set(found))


@pytest.mark.parametrize("page", sorted((ROOT / "book").glob("*.md")), ids=lambda page: page.stem)
def test_every_letter_of_a_formula_is_in_the_table(page: Path):
    """A letter that is missing wants a row under "Notation" in book/formal.md."""
    known = set().union(*map(letters, symbols()))
    used = set().union(*map(letters, formulas(page)))
    assert used <= known, sorted(used - known)


def test_formulas_are_found_where_they_are():
    world, page = r"\sqrt f\, z;\ \sqrt{1-f}\, p", ROOT / "book" / "01_alignment_hypothesis.md"
    assert any(world in one for one in formulas(page))
    caption = r"\lambda^* = \sigma^2/v"
    assert formulas(ROOT / "book" / "18_alignment_under_pressure.md").count(caption) == 2
    assert letters(r"\operatorname{tr}\hat\Sigma^{-1} c \in \mathbb R^d") == {r"\Sigma", "c", "d"}


TESTS = [
    (file, words)
    for file, names in re.findall(r"`(tests/[\w/]+\.py)`: ((?:\*[^*`]+\*(?:,\s)?)+)", BEFORE)
    for words in re.findall(r"\*([^*]+)\*", names)
]


@pytest.mark.parametrize(("file", "words"), TESTS)
def test_what_a_proposition_is_tested_by_is_there(file: str, words: str):
    """The page has a test's name in words."""
    name = "_".join(["test", *words.split()])
    assert re.search(rf"^def {name}\(", (ROOT / file).read_text("utf8"), re.MULTILINE), name


def test_every_proposition_has_a_proof_and_says_how_it_is_tested():
    propositions = re.split(r"^### Proposition \d+", BEFORE, flags=re.MULTILINE)[1:]
    assert len(propositions) == 6
    for one in propositions:
        assert re.search(r"\*Proof\.\*|\{doc\}`proof ", one)
        assert re.search(r"\*\*Tested by:\*\*.*`tests/", one, re.DOTALL)
    assert len(TESTS) == len(re.findall(r"`tests/", BEFORE)) + len(re.findall(r"\*, \*", BEFORE))


def test_numbers_count_up_and_each_has_a_label():
    for kind, label in (("Definition", "def"), ("Proposition", "prop")):
        found = re.findall(rf"^\({label}-[\w-]+\)=\n### {kind} (\d+): ", PAGE, re.MULTILINE)
        assert found == [str(n + 1) for n in range(len(re.findall(rf"^### {kind}", PAGE, re.MULTILINE)))]
