"""Users on whom two views disagree: worked examples, the beta quantiles, what must always hold."""

from __future__ import annotations

from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import strategies as st
from scipy.stats import beta

from semcomp.core.evidence import Evidence
from semcomp.errors import SemcompError
from semcomp.evidence import discordance, mcnemar

# Benjamini and Hochberg 1995, sec. 4.1: fifteen p-values of a trial of thrombolysis, of which four are
# rejected at a false discovery rate of 0.05 and three by the family-wise procedures
THROMBOLYSIS = [
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
    0.7590, 1.0000,
]  # fmt: skip

families = st.lists(st.floats(0, 1), min_size=1, max_size=12).map(
    lambda p: {f"claim {i}": x for i, x in enumerate(p)}
)


def hits(both: int, a_only: int, b_only: int, none: int) -> tuple[np.ndarray, np.ndarray]:
    counts = [both, a_only, b_only, none]
    return np.repeat([1, 1, 0, 0], counts).astype(bool), np.repeat([1, 0, 1, 0], counts).astype(bool)


def test_mcnemar_is_the_binomial_on_discordant_users() -> None:
    found = mcnemar(*hits(30, 9, 2, 100))
    assert (found.both, found.a_only, found.b_only, found.none) == (30, 9, 2, 100)
    upper = sum(comb(11, k) for k in range(9, 12)) / 2**11  # 67 / 2048
    assert found.p == pytest.approx(2 * upper)
    assert mcnemar(*hits(30, 9, 2, 100), alternative="greater").p == pytest.approx(upper)
    assert mcnemar(*hits(30, 9, 2, 100), alternative="less").p == pytest.approx(
        sum(comb(11, k) for k in range(10)) / 2**11
    )
    assert found.share == pytest.approx(9 / 11)


def test_interval_of_the_share_is_clopper_and_pearsons() -> None:
    found = mcnemar(*hits(3, 9, 2, 1))
    low, high = beta.ppf(0.025, 9, 3), beta.ppf(0.975, 10, 2)  # the beta quantiles that define it
    assert (found.share_low, found.share_high) == pytest.approx((low, high))
    narrow = mcnemar(*hits(3, 9, 2, 1), level=0.5, alternative="greater")
    assert (narrow.share_low, narrow.share_high) == pytest.approx(
        (beta.ppf(0.25, 9, 3), beta.ppf(0.75, 10, 2))
    )


def test_what_agreement_leaves_open() -> None:
    nobody = mcnemar(*hits(5, 0, 0, 7))
    assert (nobody.p, nobody.share, nobody.share_low, nobody.share_high) == (1.0, None, 0.0, 1.0)
    one_sided = mcnemar(*hits(0, 4, 0, 0))
    assert one_sided.p == 2 / 16
    assert one_sided.share == one_sided.share_high == 1


def test_mcnemar_ignores_order_and_agreement_and_mirrors() -> None:
    a, b = hits(10, 7, 3, 10)
    found, mirrored = mcnemar(a, b), mcnemar(b, a)
    order = np.random.default_rng(0).permutation(len(a))
    assert mcnemar(a[order], b[order].astype(float)) == found
    assert mcnemar(*hits(0, 7, 3, 0)).p == found.p == mirrored.p
    assert mirrored.share == pytest.approx(0.3)
    assert (mirrored.share_low, mirrored.share_high) == pytest.approx(
        (1 - found.share_high, 1 - found.share_low)
    )


def test_from_a_diagnosis() -> None:
    groups = ["both"] * 3 + ["a_only"] * 5 + ["b_only"] + ["none"] * 2
    evidence = Evidence("diagnose(a, b)", {}, pd.DataFrame({"group": groups}))
    assert discordance(evidence) == mcnemar(*hits(3, 5, 1, 2))
    assert discordance(evidence, alternative="greater").p == 7 / 64
    with pytest.raises(SemcompError, match="no column 'group'"):
        discordance(Evidence("evaluate(a)", {}, pd.DataFrame({"recall": [1.0]})))


def test_mcnemar_refusals() -> None:
    with pytest.raises(SemcompError, match="at least one user"):
        mcnemar([], [])
    with pytest.raises(SemcompError, match="2 users for a, 3 for b"):
        mcnemar([1, 0], [1, 0, 1])
    with pytest.raises(SemcompError, match="hits of b are not all 0 or 1"):
        mcnemar([1, 0], [2, 0])
    with pytest.raises(SemcompError, match="hits of a are not all 0 or 1"):
        mcnemar([1, np.nan], [1, 0])
    with pytest.raises(SemcompError, match="level 95 is not between"):
        mcnemar([1, 0], [0, 1], level=95)
    with pytest.raises(SemcompError, match="unknown alternative 'both'"):
        mcnemar([1, 0], [0, 1], alternative="both")  # type: ignore[arg-type]
