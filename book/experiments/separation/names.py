"""What the statistics and partners of page 10 are called, and where its results lie."""

from __future__ import annotations

from pathlib import Path

RESULTS = Path(__file__).parent / "results"

#: Statistics of `separating_statistics`, in words, in the order of the page.
NAMES = {
    "jaccard": "Jaccard of the lists (less)",
    "unique_hit_ratio": "unique hit ratio",
    "union_gain": "gain of the union oracle",
    "union_minus_2k": "union less a list of 2k",
    "fusion.gain": "gain of CombSUM",
    "fusion.synergy": "synergy of CombSUM",
    "fusion.cold_recall": "cold recall of CombSUM",
    "information.gain": "log-likelihood gain over one seed",
    "information.gain_beyond_popularity": "the same beyond popularity",
    "ensemble.fusion.gain": "gain of CombSUM over the seed ensemble",
    "ensemble.fusion.synergy": "synergy of CombSUM over the seed ensemble",
    "ensemble.information.gain": "log-likelihood gain over the seed ensemble",
    "ensemble.information.gain_beyond_popularity": "that gain beyond popularity",
    "retained.gain": "share of the gain kept",
}
#: Partners that are not the text with a private part, in words.
RIVALS = {
    "shuffled text": "shuffled text",
    "seed": "another seed",
    "width": "half the width",
    "iALS": "another model",
    "popularity": "popularity",
    "redundant text": "text without\nprivate part",
}
