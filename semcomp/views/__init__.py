"""Models. Each ends in a View (vectors for users and items, scored by inner product) or in a Scorer.

The names are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
