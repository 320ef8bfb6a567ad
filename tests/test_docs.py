"""The example in the README runs as it stands there, and pages that state settings state the right ones."""

from __future__ import annotations

import re

import pytest
from readme_example import README, code

import semcomp


def test_the_example_is_about_fifteen_lines():
    assert len([line for line in code().splitlines() if line.strip()]) <= 15


@pytest.mark.slow
def test_the_example_runs_and_prints_what_it_says(readme):
    assert readme.printed.startswith("diagnose(LightGCN, projection)")
    assert "\nconditional_information(projection | LightGCN)\n" in readme.printed
    assert re.search(r"the text adds more than another seed: (holds|does not hold|undecided)", readme.printed)


def test_the_budgets_of_the_protocol_are_those_of_the_package():
    rows = {}
    for line in (README.parent / "book" / "protocol.md").read_text("utf8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if cells[0] in semcomp.BUDGETS:
            rows[cells[0]] = [int(re.match(r"[\d,]+", cell).group().replace(",", "")) for cell in cells[1:4]]
    assert rows == {name: [len(b.seeds), b.epochs, b.resamples] for name, b in semcomp.BUDGETS.items()}
