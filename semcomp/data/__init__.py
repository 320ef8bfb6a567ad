"""What was observed: ids, interactions, item texts, splits, and named sources.

The names are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
