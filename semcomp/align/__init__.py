"""Alignment methods: a term, or another start, over any collaborative backbone.

The names are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
