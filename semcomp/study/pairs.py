"""Two views as a pair of test rankings, with the ranking of their late fusion."""

from __future__ import annotations

from dataclasses import replace

from semcomp.core.inputs import Inputs
from semcomp.core.rank import rank
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.evidence import Pair
from semcomp.views.joint.late import CombSum


def fused_pair(a: View, b: View, split: Split, k: int) -> Pair:
    """Both views' lists of 2k places, as far as there are items, and the list of k of their CombSUM.

    The weight of the fusion is picked on the validation part; it is in the fused ranking's provenance under
    `weight`.
    """
    places = min(2 * k, split.n_items)
    both = CombSum().fit(Inputs(split, views=(a, b)))
    fused = rank(both, split, k)
    made = {**fused.provenance, "weight": both.provenance["weight"]}
    return Pair(rank(a, split, places), rank(b, split, places), replace(fused, provenance=made))
