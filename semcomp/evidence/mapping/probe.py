"""Can one view's items be mapped onto the other's? A probe fitted on some items and read on the rest."""

from __future__ import annotations

import scipy.sparse as sp
from numpy.typing import ArrayLike

from semcomp.core.evidence import Evidence
from semcomp.core.view import View
from semcomp.data import Split
from semcomp.evidence.mapping.item_cuts import ItemCut
from semcomp.evidence.mapping.maps import Kind, kind_of
from semcomp.evidence.mapping.measuring import check_lists, given_of, measure, task_of
from semcomp.evidence.mapping.sources import Source

# what the published scripts call their numbers -> what they are called here
PUBLISHED = {
    "r2": "r2_test",
    "cosine": "cosine",
    "geojac": "neighbour_jaccard",
    "spearman": "spearman",
    "rec_cf": "recall_true",
    "rec_ps": "recall_mapped",
    "drop_percent": "drop_percent",
    "list_jaccard": "list_jaccard",
}


def probe(
    source: Source,
    target: View,
    split: Split,
    *,
    kind: str | Kind = "ridge",
    shift: str | ItemCut = "random",
    target_as: str = "as is",
    k: int = 20,
    mask: str = "train+valid",
    seed: int = 2024,
    ceiling: Source | None = None,
    epochs: int = 400,
    resamples: int = 1000,
    max_users: int | None = None,
    first_seen: ArrayLike | None = None,
    categories: ArrayLike | sp.sparray | None = None,
) -> Evidence:
    """Fit a map from the source's item vectors to the target's on some of the items; measure it on others.

    On the held-out items, with predictions ĉ and targets c of d dimensions:

    - `r2_test`: mean over dimensions of 1 − SSE / SST, SST around the held-out mean (the uniform average of
      sklearn's r2_score; a dimension that does not vary over the items is left out of the mean, and the value
      is left out if none varies); `r2_test_weighted`: 1 − ΣSSE / ΣSST; `r2_train`, `r2_train_weighted`: the
      same of the fitted items, without interval;
    - `cosine` of ĉ and c, and `cosine_centred` after taking the fitted items' mean target from both;
    - `neighbour_jaccard`: Jaccard of the k cosine neighbours, within the held-out items, by ĉ and by c;
      `neighbour_jaccard_chance`: its expectation for random neighbours;
    - `spearman`: rank correlation of an item's cosines to held-out items (1,000 of them at random where there
      are more), by ĉ and by c;
    - `recall_true`, `recall_mapped`: Recall@k of the target's user vectors against true and against mapped
      item vectors (all items mapped, the fitted ones included), all items ranked, the held-out items of the
      test part to be found, over users with any; `drop_percent` = 100 (true − mapped) / true;
      `recall_mapped_heldout`: only held-out items mapped, so that they compete with true vectors;
    - `…_rescaled` of these three: predictions given the lengths of the true vectors, so that directions alone
      are on trial. A map that is unsure predicts short vectors, which lose to true ones;
    - `list_jaccard`: Jaccard of a user's k best items by true and by mapped vectors, nothing masked, over the
      users with test items (1,000 of them at random where there are more).

    The null of each is the floor: the same probe fitted on the same items with the pairs shuffled, once, so
    that on a few hundred items it scatters by some hundredths. (For
    neighbourhoods it lies above chance: any linear map keeps some of the source's own geometry.) With
    `ceiling` each is also measured for the map from that view's items, as `ceiling.r2_test` and so on, and
    `r2_of_ceiling` is `r2_test` over the ceiling's. Definitions: methods of arXiv 2604.22195, with the
    controls added. A zero row has cosine 0 to all; values over no user are left out.

    Which items are held out (`shift`):

    - "random": a fifth; "popularity": the fifth with fewest train interactions; "popularity-reversed": with
      most; "temporal": the fifth seen last; "category", "cluster": whole categories, or k-means clusters of
      the source's vectors, about a fifth of the items;
    - "strict-cold": the items without train interactions. The target was never trained on them, so what
      compares with its vectors (R², cosines, neighbours, lists, true recall, drop, ceiling, rescaling) is
      left out: `recall_mapped`, `recall_mapped_heldout` and `r2_train` remain. (In other cuts such items
      count with whatever vectors the target has.)

    Args:
        source: a view of the split's items, a `TextMatrix` (joined by id) or an array (I, D). Used as it is,
            so normalise it before if so wanted.
        target: a view; another layer of a model is another view.
        kind: a name of `KINDS`, or a configuration of its own. In closed form: "ridge" (penalty by 5 folds of
            the fitted items), "linear" (least squares), "reduced-rank" (rank and penalty by folds),
            "procrustes" (turn, scale and shift), "kernel-ridge" (RBF on 500 landmarks). Trained:
            "linear-adam", "mlp-1", "mlp-2", "mlp-3" as published; "mlp-1-stopped" … with early stopping
            on fitted items and weight decay; "contrastive" (InfoNCE, then one scale).
        target_as: a name of `TARGETS`: "as is", "normalised", "centred-normalised" or
            "popularity-residualised". True vectors are then these, in rankings too.
        mask: the history left out of rankings, as in `rank`.
        seed: of the cut (2024: the published permutation), the folds, the shuffle, the anchors and the maps.
        ceiling: the target's model under another seed: what a map could reach if the source held it all.
        epochs: of the trained maps named; at most, with early stopping.
        resamples: bootstrap resamples, of held-out items or of users; 0 for no intervals.
        max_users: users that rankings are made for, drawn where more have test items; None for all.
        first_seen: (I,) time of each item's first interaction, for "temporal".
        categories: (I,) labels or a sparse (I, categories) matrix, for "category".

    Returns:
        Evidence whose table has one row a held-out item.

    Raises:
        SemcompError: sides that do not fit the split, an unknown kind, shift, form or mask, fewer than 10
            items on a side, k not between 1 and the number of held-out items less 1, a shift without the
            data it needs.
    """
    name, config = kind_of(kind, epochs)
    given = given_of(source, target, split, ceiling, target_as, seed)
    (cut,) = given.cuts([shift], first_seen, categories)
    check_lists(cut, split, k, mask, max_users)
    return measure(task_of(given, cut, k, mask, resamples, max_users), name, config)


def published_probe(
    source: Source,
    target: View,
    split: Split,
    *,
    kind: str = "linear-adam",
    ceiling: Source | None = None,
    resamples: int = 1000,
) -> Evidence:
    """The probe of arXiv 2604.22195 as its scripts have it; `PUBLISHED` says which number is which.

    A random fifth of the items by numpy's seed 2024, train history masked, k = 20, uncentred cosines, and
    maps of 400 epochs of Adam: "linear-adam", "mlp-1", "mlp-2" or "mlp-3". Known of this recipe: on few items
    the linear map has not converged after 400 epochs; the networks memorise; `recall_mapped` and
    `list_jaccard` map the fitted items too and reward that; a target with a mean direction gives a constant
    prediction a cosine above 0. Floor, ceiling and intervals are ours.

    Raises:
        SemcompError: as `probe`.
    """
    return probe(
        source,
        target,
        split,
        kind=kind,
        shift="random",
        k=20,
        mask="train",
        seed=2024,
        ceiling=ceiling,
        epochs=400,
        resamples=resamples,
    )
