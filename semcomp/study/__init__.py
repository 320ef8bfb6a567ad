"""A run: configuration -> artifacts, computed once -> evidence records, and the book made of them.

The names are in `__init__.pyi`; each is imported on first use, so that a notebook checks its
parameters, and the book's runner starts, without what trains.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
