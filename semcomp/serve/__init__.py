"""What a shop serves of a view: vectors, item tables, an index, finished lists, and rows for who is new.

The names are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
