"""Runs that no verdict should be taken from, and why, in words.

Lists that complement each other say something about views only if there are views: a model that was hardly
trained, or that ranks no better than a list of popular items, differs from everything else by its noise.
"""

from __future__ import annotations

from collections.abc import Sequence

from semcomp.core.evidence import Evidence

#: What is said in place of a verdict.
NOT_JUDGED = "not judged"


def reservation(
    budget: str,
    ours: Evidence | None = None,
    popular: Evidence | None = None,
    cut_off: Sequence[str] = (),
) -> str:
    """Why no verdict should be taken from a run; empty where nothing is against it.

    Args:
        budget: "smoke" only checks that everything runs.
        ours, popular: `evaluate` of LightGCN and of popularity on the run's data; None where it has neither.
        cut_off: the views whose training ended with the budget's epochs while validation still improved.

    >>> reservation("standard")
    ''
    """
    smoke = budget == "smoke"
    reasons = []
    if smoke:
        reasons.append(
            "the budget “smoke” only checks that everything runs, and its few epochs leave trained views far "
            "from what they can reach; run it with “standard”"
        )
    if ours and popular and ours["recall"].value <= popular["recall"].value:
        reasons.append(
            f"LightGCN, with a recall of {ours['recall'].value:.3f}, is no better than a list of popular "
            f"items ({popular['recall'].value:.3f}), so it knows nothing of single users that a text could "
            "complement" + ("" if smoke else "; it takes more interactions, longer training or tuning")
        )
    if cut_off and not smoke:
        remedy = "it takes longer training" if budget == "full" else "run it with “full”"
        reasons.append(f"{told(cut_off)}; {remedy}")
    return f"No verdicts are given: {', and '.join(reasons)}." if reasons else ""


def told(cut_off: Sequence[str]) -> str:
    """That the training of these views ended too early, in words.

    >>> told(["fusion", "aligned"])
    'the training of fusion and aligned ended with the last epoch allowed while validation still improved'
    """
    names = " and ".join(cut_off)
    return f"the training of {names} ended with the last epoch allowed while validation still improved"
