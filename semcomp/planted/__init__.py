"""Worlds whose shared and private parts are known, and what is true in them.

The names are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
