"""Views of item text, read by way of what users had."""

from semcomp.views.semantic.projection import SemanticProjection
from semcomp.views.semantic.raw_text import RawText

__all__ = ["RawText", "SemanticProjection"]
