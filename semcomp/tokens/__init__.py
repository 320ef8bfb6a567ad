"""Tokens: items as short sequences of codes, and what the codes of two views have in common.

The names are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
