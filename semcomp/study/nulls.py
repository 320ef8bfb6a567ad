"""Pairs without the effect: what overlap and gains look like where the second view has nothing of its own.

Every null goes through the same pipeline as the pair of interest and differs from it in one thing only. What
may be claimed of a number is its excess over its nulls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from semcomp.core.inputs import Inputs, as_view
from semcomp.core.text_matrix import TextMatrix
from semcomp.core.topk import TopK
from semcomp.core.view import Scorer, View
from semcomp.data.popularity import item_counts
from semcomp.errors import unknown_name
from semcomp.evidence.complementarity.reference_lists import popularity_list, random_list, shuffled_items
from semcomp.storage import digest
from semcomp.study.study import Study
from semcomp.text import embed

MASK = "train+valid"
STRATA = 20  # bins of items of similar popularity, within which texts are shuffled
NEEDED = "a null needs a view"
Pair = tuple[View, Scorer | TopK]


@dataclass(frozen=True)
class Null:
    """One pair that lacks the effect.

    Attributes:
        kept: what both sides have in common, or what is unchanged.
        differs: the one thing that differs.
        make: (study, seed) -> (a, b); a is a view, b a view or, where no model is behind it, its test ranking
            of 2k places. What is trained comes from the study's cache.
        of: the model of which both sides are trainings, where they are: any two of them are such a pair.
    """

    kept: str
    differs: str
    make: Callable[[Study, int], Pair]
    of: str | None = None


def null_pair(name: str, study: Study, seed: int = 0) -> Pair:
    """The pair (a, b) of that name of `NULLS`.

    Raises:
        SemcompError: an unknown name, or a study whose text cannot be read by the second encoder.
    """
    if name not in NULLS:
        raise unknown_name("null", name, NULLS)
    return NULLS[name].make(study, seed)


def another_seed(study: Study, seed: int) -> int:
    """The budget's null seed, or its first seed where the null seed is the one given."""
    first, second = study.seeds[0], study.budget.null_seed
    return first if seed == second else second


def shuffled_text(study: Study, seed: int, strata: int | None = None) -> TextMatrix:
    """The study's text with its rows shuffled among the items, or within bins of like popularity.

    The rows are the same, as a set; a model fitted to it reads another item's text. See `shuffled_items`.

    Args:
        strata: bins of items by train count; None for one bin.
    """
    rows = study.text.rows_for(study.split.item_ids)
    counts = None if strata is None else item_counts(study.split.train)
    carrier = View("text", np.zeros((1, rows.shape[1]), np.float32), rows)
    matrix = shuffled_items(carrier, seed, strata=strata, counts=counts).items
    made = {
        **{key: value for key, value in study.text.provenance.items() if key not in ("ids", "texts")},
        "sha256": digest(matrix),
        "shuffled": {"seed": seed, "strata": strata, "of": study.text.provenance.get("sha256")},
    }
    return TextMatrix(study.split.item_ids, matrix, made)


def _two_seeds(name: str) -> Callable[[Study, int], Pair]:
    return lambda study, seed: (study.view(name, seed), study.view(name, another_seed(study, seed)))


def _two_models(name: str) -> Callable[[Study, int], Pair]:
    return lambda study, seed: (study.view("LightGCN", seed), study.view(name, seed))


def _two_widths(study: Study, seed: int) -> Pair:
    model = study.settings("LightGCN")[0]
    half = replace(model, dim=max(1, model.dim // 2))
    return study.view("LightGCN", seed), as_view(study.fit(half, seed), NEEDED)


def _two_encoders(study: Study, seed: int) -> Pair:
    """The study's encoder and TF-IDF, or MiniLM where the study's is TF-IDF itself."""
    other = "minilm" if study.text.provenance.get("encoder") == "tfidf" else "tfidf"
    model = study.settings("projection")[0]
    second = study.fit(model, seed, Inputs(study.split, embed(study.data, other)))
    return study.view("projection", seed), as_view(second, NEEDED)


def _shuffled_projection(strata: int | None) -> Callable[[Study, int], Pair]:
    def make(study: Study, seed: int) -> Pair:
        bins = None if strata is None else min(strata, study.split.n_items)
        model, text = study.settings("projection")[0], shuffled_text(study, seed, bins)
        return study.view("LightGCN", seed), as_view(
            study.fit(model, seed, Inputs(study.split, text)), NEEDED
        )

    return make


#: Cheap ones first: lists, then closed forms, then trained ones.
NULLS: dict[str, Null] = {
    "popular list": Null(
        "LightGCN",
        "the other list is the items with most train interactions, for everyone",
        lambda study, seed: (
            study.view("LightGCN", seed),
            popularity_list(study.split, 2 * study.k, MASK),
        ),
    ),
    "random list": Null(
        "LightGCN",
        "the other list is drawn at random from what the user has not seen",
        lambda study, seed: (
            study.view("LightGCN", seed),
            random_list(study.split, 2 * study.k, seed, MASK),
        ),
    ),
    "spectral": Null("interactions alone", "the model: spectral for LightGCN", _two_models("spectral")),
    "iALS": Null("interactions alone", "the model: iALS for LightGCN", _two_models("iALS")),
    "BPR-MF": Null("interactions alone", "the model: BPR-MF for LightGCN", _two_models("BPR-MF")),
    "two seeds": Null("LightGCN and all its options", "the seed", _two_seeds("LightGCN"), "LightGCN"),
    "two widths": Null("LightGCN, its seed and other options", "the width, halved", _two_widths),
    "two projection seeds": Null(
        "the projection of text and all its options", "the seed", _two_seeds("projection"), "projection"
    ),
    "two encoders": Null("the projection, its seed and options", "the encoder of the text", _two_encoders),
    "shuffled text": Null(
        "LightGCN and the projection, fitted as usual",
        "which item has which text",
        _shuffled_projection(None),
    ),
    "text shuffled within popularity": Null(
        "LightGCN and the projection, fitted as usual, and the popularity of the item that has a text",
        "which item of similar popularity has which text",
        _shuffled_projection(STRATA),
    ),
}
