"""What is fitted to sequences, in the order in which it is measured, and what is compared with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from semcomp.sequential import (
    BCE,
    GBCE,
    SEQUENTIAL,
    DeltaStart,
    FullCE,
    NullSpaceStart,
    RandomStart,
    SampledCE,
    SequenceTraining,
    TextStart,
    WhitenedStart,
)

LOSSES: Mapping[str, Any] = {
    "CE": FullCE(),
    "sampled CE": SampledCE(256),
    "BCE": BCE(),
    "gBCE": GBCE(256, 0.75),
}
SCALES = (0.02, 0.05, 0.1, 0.2)
OWN = 0.02  # of attention models: the scale that their random tables have without being asked
USED = 0.1  # the scale at which starts are compared under several seeds, that of ACE's code
ENCODERS = ("minilm", "tfidf")
RANDOM, RAW, PCA, WHITE = "random", "raw text", "PCA", "whitened"
#: λ of ACE in units of the mean σ².
STRENGTHS = (1.0, 10.0)
ACES = tuple(f"ACE {strength:g}" for strength in STRENGTHS)
SHAPES = (RANDOM, RAW, PCA, WHITE, *ACES)
#: Starts that have a scale of their own, or keep the text.
OTHERS: Mapping[str, str] = {
    "LLM2X": "PCA on its natural scale, everything trained",
    "null space": "standardised axes frozen, trained ids added to the last half (AlphaFuse)",
    "head": "no ids: a shared head over whitened text and its groups (WhitenRec+)",
    "content and delta": "PCA frozen, a difference of at most half its length trained",
}
#: The same size and training for all: what differs is what a row names.
SIZE: Mapping[str, Any] = {"dim": 32, "layers": 1, "length": 50}
TRAINING = SequenceTraining(epochs=60, batch=32, lr=5e-3, every=2, patience=3)
#: Members of other families, and sums of two models; each is ranked from train alone.
GRAPH, TEXT, AUTO = "LightGCN", "projection", "EASE"
SEQUENCE = "SASRec"
FAMILIES: Mapping[str, str] = {
    GRAPH: "graph",
    SEQUENCE: "sequence",
    TEXT: "text",
    AUTO: "item weights",
}
AGAIN = ", another seed"
FITTED_ONCE = ("popularity", "popular of late", "Markov", AUTO)
SUMS = (
    (SEQUENCE, TEXT),
    (SEQUENCE, GRAPH),
    (SEQUENCE, AUTO),
    (GRAPH, TEXT),
    (SEQUENCE, SEQUENCE),
    (GRAPH, GRAPH),
)
LEAVE, TEMPORAL = "leave-last-out", "temporal"


@dataclass(frozen=True, order=True)
class Row:
    """A backbone with a loss and a start.

    Attributes:
        model: by its name in `SEQUENTIAL`. loss: of `LOSSES`. start: of `SHAPES` or `OTHERS`.
        scale: of the table; None: as the model, or the start, has it. encoder: of the text.
    """

    model: str = SEQUENCE
    loss: str = "CE"
    start: str = RANDOM
    scale: float | None = None
    encoder: str = ENCODERS[0]

    @property
    def name(self) -> str:
        parts = [self.model, self.loss, self.start]
        parts += [] if self.scale is None else [f"{self.scale:g}"]
        parts += [] if self.encoder == ENCODERS[0] else [self.encoder]
        return ", ".join(parts)

    @property
    def reads_text(self) -> bool:
        return self.start != RANDOM


def configuration(row: Row) -> Any:
    """The model of a row."""
    training = replace(TRAINING, loss=LOSSES[row.loss])
    return replace(SEQUENTIAL[row.model], **SIZE, training=training, start=start_of(row))


def start_of(row: Row) -> Any:
    made: dict[str, Any] = {
        RANDOM: None if row.scale is None else RandomStart(row.scale),
        RAW: TextStart("random axes", row.scale),
        PCA: TextStart("pca", row.scale),
        WHITE: TextStart("whitened", row.scale),
        "LLM2X": TextStart("pca", None),
        "null space": NullSpaceStart(),
        "head": WhitenedStart(),
        "content and delta": DeltaStart(),
    }
    made |= {
        name: TextStart("ace", row.scale, strength) for name, strength in zip(ACES, STRENGTHS, strict=True)
    }
    return made[row.start]


def scaled(start: str, scale: float) -> Row:
    """A start of SASRec on a scale; at random on its own scale it is the plain model."""
    return Row(start=start, scale=None if start == RANDOM and scale == OWN else scale)


BACKBONES = [Row(model, loss) for model in (SEQUENCE, "GRU4Rec", "BSARec", "BERT4Rec") for loss in LOSSES]
GRID = [scaled(start, scale) for scale in (USED, *(one for one in SCALES if one != USED)) for start in SHAPES]
REST = [Row(start=start) for start in OTHERS]
RECURRENT = [Row("GRU4Rec", start=start, scale=USED) for start in SHAPES]
ENCODED = [Row(start=start, scale=USED, encoder=ENCODERS[1]) for start in (PCA, WHITE, ACES[0])]
COMPARED = (RANDOM, PCA, WHITE, ACES[0])
#: What several seeds are wanted of first, and the same on the least and the largest scale.
KEY = [Row(), *(scaled(start, USED) for start in COMPARED)]
ENDS = [scaled(start, scale) for scale in (SCALES[0], SCALES[-1]) for start in COMPARED]


def queue(seeds: int) -> list[tuple[str, Row | None, int]]:
    """(split, row, seed) in the order of measuring, row None: families. What is cut short has whole parts."""
    others = range(1, seeds)
    wanted: list[tuple[str, Row | None, int]]
    wanted = [(LEAVE, row, 0) for row in (*KEY, Row("GRU4Rec"), Row("BSARec"))]
    wanted += [(LEAVE, row, seed) for seed in others for row in KEY]
    wanted += [(LEAVE, row, 0) for row in (None, *ENDS)]
    wanted += [(TEMPORAL, row, 0) for row in (KEY[0], KEY[-1])]
    wanted += [(LEAVE, row, 0) for row in BACKBONES[: len(LOSSES)]]
    wanted += [(TEMPORAL, row, 0) for row in KEY]
    wanted += [(LEAVE, row, 0) for row in (*GRID, *BACKBONES, *REST, *RECURRENT, *ENCODED)]
    wanted += [(TEMPORAL, None, 0), *((LEAVE, None, seed) for seed in others)]
    wanted += [(TEMPORAL, row, seed) for seed in others for row in KEY]
    wanted += [(LEAVE, row, seed) for seed in others for row in (*BACKBONES, *GRID, *REST)]
    return list(dict.fromkeys(wanted))


PLAIN, LARGER = Row().name, scaled(RANDOM, USED).name
#: (one, other, what "one is better" would say), by row or member; written down before any result was there.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    (LARGER, PLAIN, f"scale: random rows help as {USED:g} more than as {OWN:g}"),
    (scaled(PCA, USED).name, LARGER, "text: PCA is better than random rows on the same scale"),
    (scaled(WHITE, USED).name, LARGER, "text: whitened is better than random rows on the same scale"),
    (scaled(ACES[0], USED).name, LARGER, "text: ACE is better than random rows on the same scale"),
    (scaled(ACES[0], USED).name, PLAIN, "text and scale: ACE is better than the plain model"),
    (scaled(WHITE, USED).name, scaled(PCA, USED).name, "isotropy: whitened is better than PCA"),
    (scaled(ACES[0], USED).name, scaled(PCA, USED).name, "isotropy: ACE is better than PCA"),
    (
        scaled(ACES[0], USED).name,
        scaled(WHITE, USED).name,
        "a little less isotropy: ACE beats whitened",
    ),
    (Row("BSARec").name, PLAIN, "a stronger model of ids: BSARec is better than SASRec"),
    (PLAIN, Row("GRU4Rec").name, "SASRec is better than GRU4Rec"),
    (f"{SEQUENCE} + {TEXT}", f"{SEQUENCE} + {SEQUENCE}", "sequence and text beat two seeds of the sequence"),
    (
        f"{SEQUENCE} + {GRAPH}",
        f"{SEQUENCE} + {SEQUENCE}",
        "sequence and graph beat two seeds of the sequence",
    ),
    (f"{SEQUENCE} + {AUTO}", f"{SEQUENCE} + {SEQUENCE}", "sequence and EASE beat two seeds of the sequence"),
    (f"{GRAPH} + {TEXT}", f"{GRAPH} + {GRAPH}", "graph and text beat two seeds of the graph"),
)

#: Beauty, 22,363 × 12,101, leave-one-out, full ranking: model, reads, Recall@10, Recall@20, NDCG@10.
PUBLISHED: tuple[tuple[str, ...], ...] = (
    ("LightGCN (RecBoard)", "ids", ".0480", ".0752", ".0242"),
    ("GRU4Rec, BCE (RecBoard)", "ids", ".0402", ".0630", ".0204"),
    ("SASRec, BCE (RecBoard)", "ids", ".0668 ± .0013", ".0999 ± .0019", ".0354"),
    ("BERT4Rec, CE (RecBoard)", "ids", ".0730", ".1038", ".0406"),
    ("SASRec, CE (a user of RecBole)", "ids", ".083", "", ".0416"),
    ("SASRec, 256 negatives, seen removed", "ids", ".0921", "", ".0531"),
    ("HSTU (RecBoard)", "ids", ".0945", ".1325", ".0543"),
    ("BSARec, CE (RecBoard)", "ids", ".1002 ± .0009", ".1354 ± .0005", ".0610"),
    ("AlphaFuse on SASRec (as ACE reports it)", "ids and text", "", ".1263", ""),
    ("ACE on SASRec", "ids and text", "", ".1288", ""),
    ("EnsRec's sum", "ids and text", ".0980", "", ".0565"),
)
