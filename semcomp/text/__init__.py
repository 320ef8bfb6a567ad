"""Item text to embedding matrix, cached by content."""

from __future__ import annotations

from semcomp.text.encoders import ENCODERS, embed

__all__ = ["ENCODERS", "embed"]
