"""Item text to embedding matrix: encoders by name or by settings, cached by content; and texts in numbers."""

from __future__ import annotations

from semcomp.text.bge import BgeM3, BgeOutputs
from semcomp.text.encoder import Encoder, Rows, Run
from semcomp.text.encoders import ENCODERS, embed, resolve
from semcomp.text.precomputed import OwnVectors, Precomputed
from semcomp.text.sentence import SentenceModel, minilm
from semcomp.text.statistics import TextStatistics, text_statistics
from semcomp.text.tfidf import TfidfSvd

__all__ = [
    "ENCODERS",
    "BgeM3",
    "BgeOutputs",
    "Encoder",
    "OwnVectors",
    "Precomputed",
    "Rows",
    "Run",
    "SentenceModel",
    "TextStatistics",
    "TfidfSvd",
    "embed",
    "minilm",
    "resolve",
    "text_statistics",
]
