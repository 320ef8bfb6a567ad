"""Item text to embedding matrix: encoders by name or by settings, cached by content; and texts in numbers.

The names are in `__init__.pyi`; each is imported on first use.
"""

from semcomp.lazy import face

__getattr__, __dir__, __all__ = face(__name__, __file__)
