"""Traps of published code: the tests that the book's table names exist, some of them here."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from conformance import QUICK, bytes_of
from ordered_worlds import cycle

from semcomp.align import METHODS
from semcomp.core.inputs import Inputs
from semcomp.data.item_text import default_template
from semcomp.sequential import SEQUENTIAL, SequenceTraining
from semcomp.sequential.loop import untrained
from semcomp.views import AlphaRec, LightGCN

ROOT = Path(__file__).resolve().parents[1]
TABLE = (ROOT / "book" / "protocol.md").read_text("utf8").partition("(traps)=")[2].partition("\n(")[0]
FEW = replace(QUICK, epochs=2, every=1)
SELECTED = {
    "AlphaRec": AlphaRec(dim=8, training=FEW),
    **{name: replace(METHODS[name], backbone=LightGCN(dim=8, training=FEW)) for name in ("KAR", "CARec")},
}


def test_every_trap_has_a_test_that_is_there():
    """The table has a test's name in words."""
    rows = [line for line in TABLE.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= 10
    for row in rows:
        found = re.findall(r"`(tests/[\w/]+\.py)`: \*([^*]+)\*", row)
        assert found, row
        for file, words in found:
            name = "_".join(["test", *words.split()])
            assert re.search(rf"^def {name}\(", (ROOT / file).read_text("utf8"), re.MULTILINE), name


@pytest.mark.parametrize("name", SELECTED)
def test_what_test_holds_changes_no_fit(name, world):
    """AlphaRec's and KAR's code stop and select on test; here half of it can go, and no byte changes."""
    split, text = world
    half = split.test.copy()
    half.data[::2] = 0
    half.eliminate_zeros()
    less = replace(split, test=half)
    assert less.test.nnz < split.test.nnz
    one, other = (SELECTED[name].fit(Inputs(parts, text), 1) for parts in (split, less))
    assert bytes_of(one) == bytes_of(other)


@pytest.mark.parametrize("name", ["GRU4Rec", "SASRec"])
def test_an_item_that_is_only_a_candidate_is_pushed_away(name):
    """LLM2Rec's baselines read the table of candidates without a gradient, which ties its hands."""
    split = cycle(3, 20, 4)
    model = replace(SEQUENTIAL[name], dim=8, length=4, training=SequenceTraining(epochs=1))
    before = untrained(model, split, 0).table.detach().numpy()
    after = model.fit(split, 0).network.table.detach().numpy()
    never = 1 + np.setdiff1d(np.arange(20), split.train.indices)
    assert len(never) > 5
    assert (before[never] != after[never]).any(axis=1).all()


def test_how_an_item_sells_is_no_part_of_its_text():
    """ACE's text has all columns of an item, its sales rank among them."""
    columns = ["title", "categories", "sales_rank", "price", "rating_number"]
    assert default_template(columns) == "{title}[. {categories}]"
