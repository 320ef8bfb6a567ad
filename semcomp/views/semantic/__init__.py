"""Views of item text; a user is represented by the items they had."""

from semcomp.views.semantic.alpharec import AlphaRec
from semcomp.views.semantic.mlp import MLPProjection
from semcomp.views.semantic.projection import SemanticProjection
from semcomp.views.semantic.raw_text import RawText
from semcomp.views.semantic.semantic_knn import SemanticKNN
from semcomp.views.semantic.text_ease import TextEASE
from semcomp.views.semantic.whitening import ACE, Whitened

__all__ = [
    "ACE",
    "AlphaRec",
    "MLPProjection",
    "RawText",
    "SemanticKNN",
    "SemanticProjection",
    "TextEASE",
    "Whitened",
]
