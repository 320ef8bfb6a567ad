"""Results on paper: digits, escapes, the shape of tables; and where a measurement says it comes from."""

from __future__ import annotations

import json
import re

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from hypothesis import given
from hypothesis import strategies as st

from semcomp.core import provenance
from semcomp.core.evidence import Evidence, Value
from semcomp.core.provenance import measured, origins
from semcomp.core.tables import (
    escape_latex,
    escape_markdown,
    latex_number,
    latex_table,
    markdown_table,
    number,
    p_value,
    span,
    text_table,
)
from semcomp.core.topk import TopK
from semcomp.data import Split

EVIDENCE = Evidence(
    "evaluate(a_b)",
    {
        "recall@20_%": Value(0.3, 0.1, 0.5, null=0.2, excess_low=0.05, excess_high=0.15, n=1200),
        "hits": Value(12.0),
        "loss": Value(-0.25, -0.3, -0.2, null=0.2, excess_low=-0.5, excess_high=0.1, n=3),
    },
    pd.DataFrame(),
)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (None, ""),
        (0.0, "0.0000"),
        (-0.0, "0.0000"),
        (-0.00004, "0.0000"),
        (-0.00006, "-0.0001"),
        (1.0, "1.0000"),
        (2.0, "2"),
        (2.5, "2.5000"),
        (99.99, "99.9900"),
        (100.4, "100"),
        (-1234567.0, "-1,234,567"),
    ],
)
def test_numbers(value: float | None, written: str) -> None:
    assert number(value) == written


def test_p_values_and_intervals() -> None:
    assert [p_value(p) for p in (None, 0.0, 0.00099, 0.001, 0.0456, 1.0)] == [
        "",
        "<0.001",
        "<0.001",
        "0.001",
        "0.046",
        "1.000",
    ]
    assert span(0.1, 2.0) == "0.1000 – 2"
    assert span(None, 0.5) == span(0.5, None) == ""


def test_specials_are_escaped() -> None:
    assert escape_markdown("a|b*c_d\n<e> `f` [g] $h$ \\") == r"a\|b\*c\_d \<e\> \`f\` \[g\] \$h\$ \\"
    assert escape_latex("50% of a_b & {c} #1 $x") == r"50\% of a\_b \& \{c\} \#1 \$x"
    assert escape_latex("\\~^") == r"\textbackslash{}\textasciitilde{}\textasciicircum{}"
    assert escape_latex("a − b\nc–d") == "a $-$ b c--d"
    assert latex_number("-0.0100 – 0.2000") == "$-$0.0100 -- 0.2000"
    assert latex_number("<0.001") == "$<$0.001"


@given(st.text(st.characters(codec="utf8", exclude_categories=["Cc", "Cs"])))
def test_what_is_escaped_can_be_read_back(text: str) -> None:
    escaped = escape_markdown(text)
    assert re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", escaped) == " ".join(text.split())
    assert not re.search(r"(?<!\\)(\\\\)*[|]", escaped)  # no bare pipe: a cell is one cell
    for special in "%&#_$":
        assert not re.search(rf"(?<!\\){re.escape(special)}", escape_latex(text).replace("$-$", ""))


def test_the_shapes_of_tables() -> None:
    assert text_table(("", "n"), [("a", "1"), ("long", "1,000")]).splitlines() == [
        "          n",
        "a         1",
        "long  1,000",
    ]
    assert markdown_table(("", "n"), [("a", "1")], "Note.") == (
        "|  | n |\n| :--- | ---: |\n| a | 1 |\n\nNote.\n"
    )
    assert latex_table(("", "n"), [("a", "1")], "Note.").splitlines() == [
        r"\begin{tabular}{lr}",
        r"\toprule",
        r" & n \\",
        r"\midrule",
        r"a & 1 \\",
        r"\bottomrule",
        r"\multicolumn{2}{l}{\footnotesize Note.} \\",
        r"\end{tabular}",
    ]


def test_evidence_in_markdown() -> None:
    assert EVIDENCE.to_markdown() == (
        "|  | value | 95 % interval | null | value − null | n |\n"
        "| :--- | ---: | ---: | ---: | ---: | ---: |\n"
        "| recall@20\\_% | 0.3000 | 0.1000 – 0.5000 | 0.2000 | 0.1000 (0.0500 – 0.1500)\\* | 1,200 |\n"
        "| hits | 12 |  |  |  |  |\n"
        "| loss | -0.2500 | -0.3000 – -0.2000 | 0.2000 | -0.4500 (-0.5000 – 0.1000) | 3 |\n"
        "\n"
        "\\* The 95 % interval of value − null excludes zero.\n"
    )


def test_evidence_in_latex() -> None:
    lines = EVIDENCE.to_latex().splitlines()
    assert lines[0] == r"\begin{tabular}{lrrrrr}"
    assert (
        lines[4]
        == r"recall@20\_\% & 0.3000 & 0.1000 -- 0.5000 & 0.2000 & 0.1000 (0.0500 -- 0.1500)* & 1,200 \\"
    )
    assert lines[5] == r"hits & 12 &  &  &  &  \\"
    assert "$-$0.4500 ($-$0.5000 -- 0.1000) & 3" in lines[6]
    assert all(line.count(" & ") == 5 for line in lines if line.startswith(("recall", "hits", "loss")))
    assert "excludes zero" in lines[8]


def test_the_note_stands_only_where_a_star_does() -> None:
    plain = Evidence("e", {"x": Value(0.1, null=0.1, excess_low=-0.1, excess_high=0.0)}, pd.DataFrame())
    assert "*" not in plain.to_markdown() + plain.to_latex()
    below = Evidence("e", {"x": Value(0.1, null=0.2, excess_low=-0.2, excess_high=-0.01)}, pd.DataFrame())
    assert below.to_markdown().count(r"\*") == 2
    assert Evidence("e", {}, pd.DataFrame()).to_markdown().count("\n") == 2


def test_the_frame_has_numbers_in_all_columns() -> None:
    frame = EVIDENCE.frame()
    assert frame["n"].dtype == frame["seeds"].dtype == np.int64
    assert (frame.drop(columns=["n", "seeds"]).dtypes == np.float64).all()
    assert frame.loc["hits"].isna().sum() == 9
    assert frame.loc["hits", "n"] == 0
    empty = Evidence("e", {}, pd.DataFrame()).frame()
    assert (empty.dtypes == frame.dtypes).all()
    assert len(empty) == 0


def test_records_written_before_there_were_p_values_are_read() -> None:
    record = json.loads(EVIDENCE.to_json())
    for value in record["values"].values():
        del value["p"], value["excess_p"]
    assert Evidence.from_dict(record).values == EVIDENCE.values
    with_p = Evidence("e", {"x": Value(0.1, n=3, p=0.04, excess_p=1e-300)}, pd.DataFrame())
    assert Evidence.from_json(with_p.to_json()).values == with_p.values


# provenance


def split_of(made: dict[str, str]) -> Split:
    one, none = sp.csr_array(np.eye(2, dtype=np.float32)), sp.csr_array((2, 2), dtype=np.float32)
    return Split(np.array(["u", "v"]), np.array(["a", "b"]), one, none, none, made)


def test_a_measurement_says_its_data_configuration_and_versions() -> None:
    split = split_of({"dataset": "shop", "data": "12ab", "strategy": "random"})
    told = measured(split, k=20, seed=3)
    assert list(told) == ["split", "dataset", "data", "k", "seed", "versions"]
    assert told["split"] == split.fingerprint
    assert (told["dataset"], told["data"], told["k"]) == ("shop", "12ab", 20)
    assert list(told["versions"]) == ["python", "semcomp", "numpy", "scipy", "torch"]
    assert told["versions"]["numpy"] == np.__version__
    assert json.dumps(told) == json.dumps(measured(split, k=20, seed=3))
    assert "data" not in measured(split_of({}), k=1)


def test_a_package_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provenance, "PACKAGES", ("no-such-package-here",))
    assert provenance.versions()["no-such-package-here"] == "unknown"


def test_origins_are_names_and_provenances() -> None:
    topk = TopK("v", np.zeros((1, 1), np.int32), np.zeros((1, 1)), 1, {"mask": "train"})
    assert origins([topk]) == [{"name": "v", "mask": "train"}]
