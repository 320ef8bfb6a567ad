"""Views of item text, read by way of what users had."""

from semcomp.views.semantic.alpharec import AlphaRec
from semcomp.views.semantic.mlp import MLPProjection
from semcomp.views.semantic.projection import SemanticProjection
from semcomp.views.semantic.raw_text import RawText

__all__ = ["AlphaRec", "MLPProjection", "RawText", "SemanticProjection"]
